"""A bonus is credit on a trading account, given by two people; only trading makes it money."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse

from backoffice.core.errors import DomainError, FourEyes, InvalidInput, NotPermitted, StateConflict
from backoffice.core.money import Money
from backoffice.tenancy.models import LegalEntity
from backoffice.workflow.approvals import approval_vote, pending_for
from clients.models import Category
from ledger import selectors as ledger
from payments.bonus_states import OnWithdrawal
from payments.bonuses.policies import BonusBarred, policy_set
from payments.bonuses.rules import taken_by
from payments.bonuses.services import KIND, bonus_ask, bonus_cancel
from payments.models import Bonus
from payments.services.withdrawals import withdrawal_approve
from payments.tasks import bonuses_look
from sandbox.gateway.server import CashierServer
from sandbox.mt5.faults import FaultKind
from tests.payments.both import Both
from tests.payments.money import eur
from tests.trading.house import BALANCE, house_of
from tests.trading.rows import make_deal
from tests.world import World
from trading.models import Deal

Browse = Callable[[str], Browser]


@pytest.fixture
def both(world: World, cashier: CashierServer) -> Iterator[Both]:
    """A house of the Seychelles whose client, of South Africa, has EUR 500.00 on an account."""
    with house_of(world) as house:
        house.setup()
        found = Both(world, cashier)
        found.house = house
        found.account = found.open()
        found.funded("1000.00")
        found.move("500.00", None, found.account)
        with found.scope():
            LegalEntity.objects.all().delete()
            LegalEntity.objects.create(name="Aurora Ltd", regulator="FSA", country="SC")
            type(found.client).objects.filter(pk=found.client.pk).update(residence="ZA")
            found.client.refresh_from_db()
            policy_set(actor=world.actor("adam"), active=True, barred_regulators=[])
        yield found


def ask(both: Both, amount: str = "100.00", **more: Any) -> Bonus:
    facts: dict[str, Any] = {
        "actor": both.actor,
        "money": eur(amount),
        "lots": Decimal("2.00"),
        "days": 30,
        "on_withdrawal": OnWithdrawal.WHOLE,
        "base": None,
        "reason": "welcome",
    } | more
    with both.scope():
        return bonus_ask(client=both.client, account=both.account, **facts)


def vote(both: Both, row: Bonus, name: str = "petra", *, yes: bool = True) -> Bonus:
    with both.scope(), transaction.atomic():
        approval = pending_for(both.system, row.pk, KIND)
        assert approval is not None
        actor = both.world.actor(name)
        approval_vote(actor=actor, approval=approval, approves=yes, reason="looked at")
    both.work()
    return again(both, row)


def given(both: Both, amount: str = "100.00", **more: Any) -> Bonus:
    row = vote(both, ask(both, amount, **more))
    assert (row.state, row.left_amount) == ("active", Decimal(amount))
    return row


def again(both: Both, row: Bonus) -> Bonus:
    with both.scope():
        return Bonus.objects.select_related("transfer", "operation").get(pk=row.pk)


def credit(both: Both) -> Any:
    """What the trading server itself says, in major units."""
    return Decimal(both.house.user(both.account.login).credit) / 100


def looked(both: Both, row: Bonus) -> Bonus:
    bonuses_look()
    both.work()
    return again(both, row)


def take_out(both: Both, amount: str) -> None:
    """The client asks for money, and a colleague approves."""
    if not hasattr(both, "target"):
        both.approved_card()
    row = both.withdraw(amount)
    with both.scope():
        row.refresh_from_db()
        if row.state != "approved":
            withdrawal_approve(actor=both.world.actor("petra"), withdrawal=row)
    both.work()


def test_it_is_credit_once_two_people_agree_and_no_money_anywhere(both: Both) -> None:
    row = ask(both)
    assert (row.state, credit(both)) == ("asked", 0)
    with pytest.raises(FourEyes):
        vote(both, row, "pavel")
    done = vote(both, row)
    assert (done.state, credit(both), both.there(both.account)) == ("active", 100, 500)
    assert done.operation is not None
    assert (done.operation.kind, done.operation.state) == ("credit", "applied")
    assert done.expires_at is not None
    assert done.granted_at is not None
    assert (done.expires_at - done.granted_at).days == 30
    assert (both.wallet(), both.journals(row.reference)) == (500, [])
    assert both.balance("bonus:expense") == 0
    assert both.sound()


def test_it_is_released_by_lots_credit_off_first_then_money_of_the_house(both: Both) -> None:
    row = given(both)
    assert looked(both, row).state == "active"
    traded(both, "1.99")
    assert looked(both, row).state == "active"
    traded(both, "0.01")
    done = looked(both, row)
    assert (done.state, done.left_amount, credit(both)) == ("released", 0, 0)
    assert done.transfer is not None
    assert (both.there(both.account), both.wallet()) == (600, 500)
    assert both.balance("bonus:expense") == 100
    assert both.journals(row.reference) == ["bonus"]
    assert both.journals(done.transfer.reference) == ["transfer_out", "transfer_in"]
    assert looked(both, row).state == "released"
    assert (both.there(both.account), both.balance("bonus:expense")) == (600, 100)
    assert both.sound()


def traded(both: Both, lots: str) -> None:
    with both.scope():
        ticket = 900_000 + Deal.objects.count()
        make_deal(both.account, ticket, lots=Decimal(lots), action=0, entry=0)


def test_it_ends_after_its_days_and_leaves_no_money(both: Both) -> None:
    row = given(both)
    with both.house.later(days=29):
        assert looked(both, row).state == "active"
    with both.house.later(days=31):
        done = looked(both, row)
    assert (done.state, done.note, credit(both)) == ("removed", "It expired.", 0)
    assert (both.there(both.account), both.balance("bonus:expense")) == (500, 0)
    assert both.sound()


def test_a_withdrawal_takes_all_of_it_or_its_part_of_the_deposit(both: Both) -> None:
    whole = given(both)
    take_out(both, "50.00")
    assert (again(both, whole).state, credit(both)) == ("removed", 0)
    terms: dict[str, Any] = {"on_withdrawal": OnWithdrawal.PROPORTION, "base": Decimal(500)}
    part = given(both, **terms)
    take_out(both, "125.00")
    done = again(both, part)
    assert (done.state, done.left_amount, credit(both)) == ("active", 75, 75)
    assert both.work() == 0
    take_out(both, "300.00")
    done = again(both, part)
    assert (done.state, done.left_amount, len(done.counted)) == ("active", 15, 2)
    with both.scope():
        bonus_cancel(actor=both.actor, bonus=part, reason="asked to")
    both.work()
    assert (again(both, part).state, credit(both)) == ("removed", 0)
    assert both.there(both.account) == 500
    assert both.sound()


@pytest.mark.parametrize(
    ("withdrawn", "base", "how", "taken"),
    [
        (eur("10"), None, OnWithdrawal.WHOLE, "80.00"),
        (eur("10"), Decimal(200), OnWithdrawal.PROPORTION, "5.00"),
        (eur("0.01"), Decimal(200), OnWithdrawal.PROPORTION, "0.00"),
        (eur("199"), Decimal(200), OnWithdrawal.PROPORTION, "80.00"),
        (eur("900"), Decimal(200), OnWithdrawal.PROPORTION, "80.00"),
        (Money(Decimal(10), "USD"), Decimal(200), OnWithdrawal.PROPORTION, "80.00"),
    ],
)
def test_what_a_withdrawal_takes(
    withdrawn: Money, base: Decimal | None, how: OnWithdrawal, taken: str
) -> None:
    """Of 80.00 that are left of 100.00."""
    found = taken_by(withdrawn, left=eur("80"), given=eur("100"), base=base, how=how)
    assert found == eur(taken)


def test_what_the_account_does_not_take_is_failed_and_another_may_be_asked_for(
    both: Both,
) -> None:
    both.house.fail(BALANCE, FaultKind.RETCODE, retcode=3)
    row = vote(both, ask(both))
    assert (row.state, row.left_amount, credit(both)) == ("failed", 0, 0)
    assert given(both).state == "active"
    assert both.sound()


def test_while_the_answer_is_lost_it_is_on_its_way_and_arrives_once(both: Both) -> None:
    both.house.fail(BALANCE, FaultKind.DROP_AFTER)
    row = vote(both, ask(both))
    assert row.state == "granting"
    for minutes in (6, 12):
        with both.house.later(minutes=minutes):
            both.work()
    assert (again(both, row).state, credit(both)) == ("active", 100)


def test_credit_that_the_account_keeps_is_taken_off_later(both: Both) -> None:
    row = given(both)
    both.house.fail(BALANCE, FaultKind.RETCODE, retcode=3)
    with both.scope():
        bonus_cancel(actor=both.actor, bonus=row, reason="given by mistake")
    both.work()
    kept = again(both, row)
    assert (kept.state, kept.left_amount, kept.removing_amount, credit(both)) == (
        "active",
        100,
        100,
        100,
    )
    assert looked(both, row).tries == kept.tries  # not asked again and again
    with both.house.later(minutes=61):
        assert looked(both, row).state == "removed"
    assert credit(both) == 0


def test_a_client_has_one_open_bonus(both: Both) -> None:
    row = ask(both)
    with pytest.raises(StateConflict, match=f"{row.reference} is open"):
        ask(both)
    with both.scope():
        bonus_cancel(actor=both.actor, bonus=row, reason="another amount")
    assert (again(both, row).state, ask(both).state) == ("cancelled", "asked")


def test_what_makes_no_sense_is_said_beside_its_field(both: Both) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"money": Money.zero("EUR")}, "amount"),
        ({"money": Money(Decimal(5), "USD")}, "account"),
        ({"lots": Decimal(0)}, "lots"),
        ({"days": 0}, "days"),
        ({"on_withdrawal": OnWithdrawal.PROPORTION}, "base"),
        ({"reason": " "}, "reason"),
    ]
    for facts, field in wrong:
        with pytest.raises(InvalidInput) as caught:
            ask(both, **facts)
        assert [*caught.value.fields] == [field]
    with pytest.raises(NotPermitted):
        ask(both, actor=both.world.actor("sam"))


def test_retail_clients_under_cysec_get_none_and_what_stands_is_not_released(
    both: Both, browse: Browse
) -> None:
    row, client = given(both), type(both.client)
    with both.scope():
        LegalEntity.objects.update(regulator="CySEC", country="CY")
    traded(both, "5")
    kept = looked(both, row)
    assert (kept.state, credit(both), both.balance("bonus:expense")) == ("active", 100, 0)
    assert "Decision 2018/796" in kept.note
    with both.scope():
        bonus_cancel(actor=both.actor, bonus=row, reason="barred")
    both.work()
    with pytest.raises(BonusBarred, match=r"CySEC.*Decision 2018/796.*Nothing was done"):
        ask(both)
    tab = reverse("clients:tab", args=[both.client.pk, "money"])
    assert "Decision 2018/796" in browse("pavel").get(tab).content.decode()
    with both.scope():
        client.objects.filter(pk=both.client.pk).update(category=Category.PROFESSIONAL)
    asked = ask(both)
    with both.scope():
        client.objects.filter(pk=both.client.pk).update(category=Category.RETAIL)
    with pytest.raises(BonusBarred):
        vote(both, asked)  # barred since it was asked for
    assert (again(both, asked).state, credit(both)) == ("asked", 0)


def test_none_is_given_while_they_are_switched_off_or_the_client_may_not_trade(
    both: Both,
) -> None:
    with both.scope():
        adam = both.world.actor("adam")
        policy_set(actor=adam, active=False, barred_regulators=[])
    with pytest.raises(BonusBarred, match="switched off"):
        ask(both)
    with both.scope():
        policy_set(actor=adam, active=True, barred_regulators=["FSA"])
    with pytest.raises(BonusBarred, match="the settings say that FSA forbids it"):
        ask(both)
    with both.scope():
        policy_set(actor=adam, active=True, barred_regulators=[])
        with pytest.raises(NotPermitted):
            policy_set(actor=both.actor, active=True, barred_regulators=[])
    both.restrict("trade", "an order of a court")
    with pytest.raises(DomainError, match="an order of a court"):
        ask(both)


def test_the_check_of_the_books_finds_a_release_that_was_not_paid_so(both: Both) -> None:
    row = given(both)
    traded(both, "2")
    assert looked(both, row).state == "released"
    tenant = both.world.aurora.pk
    with both.scope():
        assert ledger.verify(tenant).sound
        operation = again(both, row).operation
        assert operation is not None
        type(operation).objects.filter(pk=operation.pk).update(amount=Decimal("-90"))
        found = [(fault.subject, fault.rule) for fault in ledger.verify(tenant).faults]
    assert found == [(row.reference, "a bonus is paid once its credit is off the account")]


def test_one_is_asked_for_approved_and_taken_off_on_the_pages(both: Both, browse: Browse) -> None:
    pavel, url = browse("pavel"), reverse("payments:bonus-new", args=[both.client.pk])
    form = {
        "account": str(both.account.pk), "amount": "100.00", "lots": "2", "days": "30",
        "on_withdrawal": "whole", "base": "", "reason": "welcome", "form_key": "k",
    }  # fmt: skip
    assert pavel.post(url, form | {"amount": "0"}).status_code == 422
    [page] = {pavel.post(url, form).headers["Location"] for _ in range(2)}
    with both.scope():
        row = Bonus.objects.get()
        approval = pending_for(both.system, row.pk, KIND)
    assert approval is not None
    decide = reverse("portal:approval-decide", args=[approval.pk])
    assert browse("petra").post(decide, {"decision": "approve"}).status_code == 302
    both.work()
    assert "0.00 of 2.00 lots" in pavel.get(page).content.decode()
    assert row.reference in pavel.get(reverse("payments:bonus-list")).content.decode()
    cancel = reverse("payments:bonus-cancel", args=[row.pk])
    assert "Take 100.00 EUR off" in pavel.get(cancel).content.decode()
    assert pavel.post(cancel, {"reason": "asked to"}).status_code == 302
    both.work()
    assert "Taken off" in pavel.get(page).content.decode()
    assert browse("zoe").get(page).status_code == 404
    assert browse("sam").get(url).status_code == 403
    adam, setup = browse("adam"), reverse("payments:bonus-setup")
    assert adam.post(setup, {"active": "on", "barred_regulators": "FSA"}).status_code == 302
    assert "the settings say that FSA forbids it" in adam.get(setup).content.decode()
    assert pavel.get(setup).status_code == 403
