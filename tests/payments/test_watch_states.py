"""Every state that is not an end has somebody who sees it: the tables are held to it here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser
from django.urls import reverse

from backoffice.celery import app as celery
from backoffice.core.clock import now
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox, queues
from backoffice.workflow.moves import machines
from payments import watch
from payments.models import (
    Chargeback,
    ChargebackAnswer,
    Deposit,
    Transfer,
    Withdrawal,
    WithdrawalPart,
)
from payments.tasks import payments_watch
from payments.watch import WATCHED, Watch, Watched
from tests.payments import factories
from tests.payments.money import Brokerage
from tests.trading import rows as trading_rows
from tests.world import World

Browse = Callable[[str], Browser]
EVERY = [(each, state) for each in WATCHED for state in each.states]
NAMES = [f"{each.machine.name}:{state}" for each, state in EVERY]


# No money waits in their states.
RULES = {"payments.ruleversion", "payments.dryrun"}


def test_every_machine_of_payments_is_watched() -> None:
    known = {name for name in machines if name.startswith("payments.")}
    assert {each.machine.name for each in WATCHED} == known - RULES


@pytest.mark.parametrize("watched", WATCHED, ids=lambda each: each.machine.name)
def test_a_state_is_an_end_or_rests_for_a_reason_or_is_watched(watched: Watched) -> None:
    known = set(watched.machine.transitions)
    stands = set(watched.states) | set(watched.resting)
    assert known - watched.machine.final == stands
    assert not set(watched.states) & set(watched.resting)
    assert not watched.machine.final & stands
    assert all(len(why) > 20 for why in watched.resting.values())


@pytest.mark.parametrize(("watched", "state"), EVERY, ids=NAMES)
def test_who_moves_it_on_exists_and_so_does_the_queue(watched: Watched, state: str) -> None:
    entry = watched.states[state]
    assert entry.queue in queues.queues
    assert entry.after > timedelta(0)
    for word in entry.by.replace(",", " ").split():
        if word.startswith(("payments.", "trading.")):
            assert word in outbox._topics, word


def test_the_sweep_is_in_the_beat_table() -> None:
    tasks = {entry["task"] for entry in celery.conf.beat_schedule.values()}
    assert {"payments.tasks.payments_watch", "trading.tasks.operations_sweep"} <= tasks


# One row in each state, made old: it appears in its queue, and its page opens.


def _aged(row: Any, state: str, **more: Any) -> Any:
    """A row as it stands in ``state`` since long ago; only its place in the tables matters."""
    values = {"state": state, "created_at": now() - timedelta(days=150), **more}
    type(row).objects.filter(pk=row.pk).update(**values)
    row.refresh_from_db()
    return row


def _deposit(world: World, state: str) -> Any:
    return _aged(factories.make_deposit(world), state, expires_at=now() - timedelta(days=59))


def _withdrawal(world: World, state: str) -> Any:
    return _aged(factories.make_withdrawal(world), state)


def _part(world: World, state: str) -> Any:
    part = factories.make_part(world)
    Withdrawal.objects.filter(pk=part.withdrawal_id).update(state="paying")
    return _aged(part, state, hold_id=part.withdrawal.hold_id)


def _transfer(world: World, state: str) -> Any:
    account = trading_rows.make_account(world.actor("adam"))
    assert account.client is not None
    row = Transfer.objects.create(
        reference="T-2026-900001",
        client=account.client,
        target=account,
        amount=10,
        currency=account.currency,
    )
    return _aged(row, state)


def _chargeback(world: World, state: str) -> Any:
    row = factories.make_chargeback(world)
    if state in ("noted", "inquiry"):
        type(row).objects.filter(pk=row.pk).update(taken_at=None, owed_amount=0, fee_amount=0)
    return _aged(row, state)


def _answer(world: World, state: str) -> Any:
    row = factories.make_chargeback(world)
    return _aged(ChargebackAnswer.objects.create(chargeback=row, kind="evidence"), state)


MAKE: dict[Any, Callable[[World, str], Any]] = {
    Chargeback: _chargeback,
    ChargebackAnswer: _answer,
    Deposit: _deposit,
    Withdrawal: _withdrawal,
    WithdrawalPart: _part,
    Transfer: _transfer,
}


@contextmanager
def _much_later() -> Iterator[None]:
    with time_machine.travel(now() + timedelta(days=30), tick=False):
        yield


@pytest.mark.parametrize(("watched", "state"), EVERY, ids=NAMES)
def test_what_stands_still_is_put_before_a_person_whose_page_opens(
    world: World, browse: Browse, watched: Watched, state: str
) -> None:
    entry: Watch = watched.states[state]
    system = world.system()
    with tenant_scope(world.aurora.pk, system):
        row = MAKE[watched.model](world, state)
        owner = watch.OWNERS.get(watched.model)
        subject = getattr(row, f"{owner}_id") if owner else row.pk
        queues.item_close(actor=system, queue=entry.queue, subject_id=subject)
    with _much_later():
        assert payments_watch() >= 1
        assert payments_watch() == 0  # it is there already
        with tenant_scope(world.aurora.pk, system):
            waiting = [item.subject_id for item in queues.open_items(system, entry.queue)]
        assert waiting == [subject]
        person = browse("carla" if entry.queue == "held" else "petra")
        answer = person.get(queues.queues[entry.queue].url(subject), follow=True)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "data-why" in page or 'method="post"' in page


def test_what_came_to_its_end_leaves_the_queue(world: World) -> None:
    system = world.system()
    with tenant_scope(world.aurora.pk, system):
        row = _transfer(world, "crediting")
        watch.sweep(system)
        assert queues.open_items(system, "transfers").count() == 1
        Transfer.objects.filter(pk=row.pk).update(state="done")
        watch.sweep(system)
        assert queues.open_items(system, "transfers").count() == 0


def test_what_moves_is_left_alone(shop: Brokerage) -> None:
    shop.deposit("100.00")
    with shop.scope():
        assert watch.sweep(shop.system) == 0


def test_a_refund_that_nobody_tells_of_is_settled_with_proof(
    shop: Brokerage, browse: Browse
) -> None:
    deposit = shop.deposit("100.00")
    shop.pays(deposit, amount="70.00")
    shop.server_away()
    pavel, petra = browse("pavel"), browse("petra")
    pavel.post(reverse("payments:deposit-return", args=[deposit.pk]), {"reason": "not theirs"})
    shop.work()
    with time_machine.travel(now() + timedelta(hours=2)):
        payments_watch()
    assert shop.queue("deposits") == [deposit.pk]
    settle = reverse("payments:deposit-settle", args=[deposit.pk])
    form = {"outcome": "returned", "proof": "Their list of refunds, line 4."}
    assert pavel.post(settle, form).status_code == 403
    assert petra.post(settle, {**form, "proof": "yes"}).status_code == 422
    assert petra.post(settle, form).status_code == 302
    assert (shop.again(deposit).state, shop.set_aside(), shop.clearing()) == ("returned", 0, 0)
    assert shop.queue("deposits") == []
    assert petra.post(settle, form).status_code == 422
    assert shop.sound()
