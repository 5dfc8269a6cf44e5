"""Two connections at one moment: one wins, the other is told, the money moves once."""

import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from backoffice.core.errors import DomainError
from backoffice.portal.batches import batch_ask, batch_work
from backoffice.portal.models import Batch
from backoffice.workflow import outbox
from backoffice.workflow.approvals import pending_for
from backoffice.workflow.models import ApprovalVote, OutboxItem
from clients.models import Client
from payments.automatic.rules import Rule
from payments.models import WebhookMessage, Withdrawal
from payments.services.notices import message_process
from payments.services.withdrawals import (
    withdrawal_approve,
    withdrawal_cancel,
    withdrawal_reject,
    withdrawal_request,
)
from sandbox.gateway.server import CashierServer
from tests.clients.factories import make_active
from tests.payments.factories import rules_in_force
from tests.payments.money import Brokerage, eur
from tests.world import load_world


@pytest.fixture
def shop(committed: None, cashier: CashierServer) -> Iterator[Brokerage]:
    """Rows really committed, so that another connection sees them."""
    brokerage = Brokerage(load_world(), cashier)
    brokerage.funded("1000.00")
    brokerage.approved_card()
    yield brokerage


def _at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run each work on a connection of its own, all at one moment; answers or refusals."""
    gate = threading.Barrier(len(works))
    found: list[Any] = [None] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        try:
            gate.wait()
            found[place] = work()
        except DomainError as error:
            found[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _scoped(shop: Brokerage, work: Callable[..., Any], **facts: Any) -> Callable[[], Any]:
    def run() -> Any:
        with shop.scope():
            return work(**facts)

    return run


def test_approve_and_cancel_at_one_moment(shop: Brokerage) -> None:
    row = shop.withdraw("400.00")
    petra = shop.world.actor("petra")
    found = _at_once(
        _scoped(shop, withdrawal_approve, actor=petra, withdrawal=row),
        _scoped(shop, withdrawal_cancel, actor=shop.actor, withdrawal=row, reason="no more"),
    )
    refusals = [each for each in found if isinstance(each, DomainError)]
    assert len(refusals) == 1
    state = shop.outgoing(row).state
    assert state in ("approved", "cancelled")
    assert shop.available() == (600 if state == "approved" else 1000)
    assert shop.sound()


def test_two_people_decide_otherwise_at_one_moment(shop: Brokerage) -> None:
    row = shop.withdraw("400.00")
    petra, adam = shop.world.actor("petra"), shop.world.actor("adam")
    found = _at_once(
        _scoped(shop, withdrawal_approve, actor=petra, withdrawal=row),
        _scoped(shop, withdrawal_reject, actor=adam, withdrawal=row, reason_code="details"),
    )
    state = shop.outgoing(row).state
    assert state in ("approved", "rejected")
    # Whoever came second is told so, and undid nothing.
    assert sum(isinstance(each, DomainError) for each in found) == 1
    assert shop.available() == (600 if state == "approved" else 1000)
    assert shop.sound()


def test_two_withdrawals_never_hold_more_than_there_is(shop: Brokerage) -> None:
    facts = {
        "actor": shop.actor,
        "client": shop.client,
        "method": shop.card,
        "destination": shop.target,
        "money": eur("700.00"),
    }
    found = _at_once(*[_scoped(shop, withdrawal_request, **facts)] * 2)
    assert sum(isinstance(each, DomainError) for each in found) == 1
    assert (shop.available(), shop.wallet()) == (300, 1000)
    with shop.scope():
        assert Withdrawal.objects.count() == 1


def test_one_key_on_two_connections_is_one_withdrawal(shop: Brokerage) -> None:
    facts = {
        "actor": shop.actor,
        "client": shop.client,
        "method": shop.card,
        "destination": shop.target,
        "money": eur("100.00"),
        "idempotency_key": "one",
    }
    found = _at_once(*[_scoped(shop, withdrawal_request, **facts)] * 3)
    assert len({each.pk for each in found}) == 1
    assert shop.available() == 900


def test_one_message_worked_by_two_workers_credits_once(shop: Brokerage) -> None:
    deposit = shop.deposit("50.00")
    shop.cashier.payment_decide(shop.at_the_cashier(deposit), "paid", holder="Anna Eriksson")
    shop.cashier.pump()
    with shop.scope():
        message = WebhookMessage.objects.order_by("-id")[0]
    work = _scoped(shop, message_process, actor=shop.system, message_id=message.pk)
    _at_once(work, work, lambda: outbox.drain(shop.system))
    shop.work()
    assert (shop.wallet(), shop.again(deposit).state) == (1050, "done")
    assert shop.sound()


def test_the_same_message_delivered_twice_at_one_moment_is_kept_once(shop: Brokerage) -> None:
    deposit = shop.deposit("50.00")
    shop.cashier.faults.arm("twice", deposit.reference)
    shop.cashier.payment_decide(shop.at_the_cashier(deposit), "paid", holder="Anna Eriksson")
    before = len(shop.messages())
    _at_once(*[lambda m=m: shop.cashier.send(m) for m in shop.cashier.messages[-2:]])
    shop.work()
    assert len(shop.messages()) == before + 1
    assert shop.wallet() == 1050


def test_rules_do_not_pass_the_limit_of_all_at_one_moment(shop: Brokerage) -> None:
    """Two clients, so that nothing but the policy's lock stands between them."""
    first = {"client": shop.client, "destination": shop.target, "method": shop.card}
    shop.client = _another(shop)
    shop.funded("1000.00", card="9010")
    shop.approved_card(f"fp_{shop.client.reference}_9010")
    second = {"client": shop.client, "destination": shop.target, "method": shop.card}
    with shop.scope():
        one = Rule("One a day", Decimal(100), paid_before_min=0, tenant_count_max=1)
        rules_in_force(shop.world, one)
    asked = {"actor": shop.actor, "money": eur("20.00")}
    found = _at_once(
        _scoped(shop, withdrawal_request, **first, **asked),
        _scoped(shop, withdrawal_request, **second, **asked),
    )
    assert sorted(row.state for row in found) == ["approved", "review"]
    assert shop.sound()


def _another(shop: Brokerage) -> Client:
    with shop.scope():
        return make_active(shop.world.actor("olivia"), email="second@mail.example")


def test_two_workers_on_one_batch_vote_once_on_each(shop: Brokerage) -> None:
    rows = [shop.withdraw(f"{amount}.00") for amount in range(40, 45)]
    with shop.scope():
        seen = [pending_for(shop.system, row.pk) for row in rows]
        chosen = [each.pk for each in seen if each is not None]
        batch = batch_ask(actor=shop.world.actor("petra"), chosen=chosen)
    item = OutboxItem(tenant_id=shop.world.aurora.pk, subject_id=batch.pk)
    _at_once(*[lambda: batch_work(shop.system, item)] * 2)
    with shop.scope():
        assert ApprovalVote.objects.count() == len(rows)
        assert set(batch.items.values_list("state", flat=True)) == {"done"}
        assert Batch.objects.get().state == "done"
    assert shop.sound()


def test_two_at_once_over_the_day_limit_of_a_method_are_one(shop: Brokerage) -> None:
    shop.change_terms(day_max=Decimal(1150))  # of which 1,000.00 are used

    def pay_in() -> Any:
        return shop.deposit("100.00")

    found = _at_once(pay_in, pay_in)
    assert sorted(type(each).__name__ for each in found) == ["Deposit", "MethodUnusable"]
    shop.change_terms(day_max=Decimal(150))

    def take_out() -> Any:
        return shop.withdraw("100.00")

    found = _at_once(take_out, take_out, take_out)
    assert sorted(type(each).__name__ for each in found) == [
        "MethodUnusable", "MethodUnusable", "Withdrawal",
    ]  # fmt: skip
    assert (shop.wallet(), shop.available()) == (1000, 900)
