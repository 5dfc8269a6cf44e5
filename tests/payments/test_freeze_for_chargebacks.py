"""What a chargeback stops, whom it tells, and what the proof of the books finds of it."""

from typing import Any

import pytest

from backoffice.core.errors import StateConflict
from clients.errors import ActionStopped
from ledger import selectors as ledger
from operations.models import Notification
from payments.chargebacks.people import chargeback_enter
from payments.errors import PaymentHeld
from payments.models import Chargeback, Deposit, PaymentHold, Withdrawal, WithdrawalPart
from payments.services.holds import payment_release
from payments.services.payouts import payout_take
from payments.services.withdrawals import withdrawal_approve
from payments.sources import plan_of
from tests.payments.money import Brokerage, eur


def _taken(shop: Brokerage, deposit: Deposit, amount: str, **facts: Any) -> Chargeback:
    with shop.scope():
        return chargeback_enter(
            actor=shop.actor,
            deposit=deposit,
            money=eur(amount),
            reason_code="fraudulent",
            note="Letter of the 3rd, page 2",
            **facts,
        )


def _again(shop: Brokerage) -> Withdrawal:
    with shop.scope():
        return Withdrawal.objects.select_related("client", "destination").latest("id")


def _faults(shop: Brokerage) -> set[str]:
    with shop.scope():
        return {fault.rule for fault in ledger.verify(shop.world.aurora.pk).faults}


def test_nothing_new_is_asked_out(shop: Brokerage) -> None:
    deposit = shop.funded("100.00")
    shop.approved_card()
    _taken(shop, deposit, "40.00")
    with pytest.raises(ActionStopped, match="CB-"):
        shop.withdraw("20.00")
    assert shop.available() == 60


def test_a_hold_that_compliance_lifts_does_not_let_it_out_while_it_is_open(
    shop: Brokerage,
) -> None:
    deposit = shop.funded("100.00")
    shop.approved_card()
    row = shop.withdraw("20.00")
    _taken(shop, deposit, "40.00")
    with shop.scope():
        hold = PaymentHold.objects.get(released_at=None)
        payment_release(actor=shop.world.actor("carla"), hold=hold, reason="Nothing of ours.")
    assert _again(shop).state == "review"
    with shop.scope(), pytest.raises(StateConflict, match="CB-"):
        withdrawal_approve(actor=shop.world.actor("petra"), withdrawal=row)
    # Even one that was approved somehow meets the freeze at the moment of sending.
    with shop.scope():
        Withdrawal.objects.filter(pk=row.pk).update(state="approved")
        assert payout_take(actor=shop.system, withdrawal_id=row.pk) is None
    assert _again(shop).state == "compliance"
    with shop.scope(), pytest.raises(PaymentHeld):
        withdrawal_approve(actor=shop.world.actor("petra"), withdrawal=row)
    assert shop.cashier.payouts == {}


def test_a_part_that_was_laid_down_is_not_sent(shop: Brokerage) -> None:
    deposit = shop.funded("100.00")
    shop.approved_card(number=f"fp_{shop.client.reference}_9010")
    row = shop.withdraw("60.00")
    with shop.scope():
        withdrawal_approve(actor=shop.world.actor("petra"), withdrawal=row)
        payout_take(actor=shop.system, withdrawal_id=row.pk)  # its parts wait to be sent
    _taken(shop, deposit, "100.00")
    shop.work()
    with shop.scope():
        part = WithdrawalPart.objects.get()
    assert (part.state, shop.cashier.refunds) == ("failed", {})
    assert part.error.startswith("It was not sent: the chargeback CB-")
    assert _again(shop).state == "part_failed"
    assert (shop.wallet(), shop.available()) == (60, 0)
    assert shop.sound()


def test_what_was_taken_back_is_not_given_back_as_well(shop: Brokerage) -> None:
    first = shop.funded("100.00")
    shop.funded("50.00", card="9010")
    shop.approved_card()
    row = shop.withdraw("30.00")
    with shop.scope():
        before = {source.label: source.left.amount for source in plan_of(row).sources}
    _taken(shop, first, "100.00", is_inquiry=True)
    with shop.scope():
        after = {source.label: source.left.amount for source in plan_of(row).sources}
    assert sorted(before.values()) == [50, 100]
    assert sorted(after.values()) == [0, 50]


def test_compliance_is_told_once(shop: Brokerage) -> None:
    row = _taken(shop, shop.funded("100.00"), "40.00")
    shop.work()
    with shop.scope():
        told = Notification.objects.filter(code="payments.chargeback_opened")
        people = sorted(told.values_list("user__name", flat=True))
        [title] = set(told.values_list("title", flat=True))
    assert "Carla" in people
    assert "Pavel" not in people
    assert title == f"Chargeback {row.reference} of 40.00 EUR: {shop.client.reference}"


def test_the_cashiers_word_of_a_dispute_is_a_chargeback(shop: Brokerage) -> None:
    deposit = shop.funded("100.00")
    payment = shop.at_the_cashier(deposit)
    facts = {"reason": "duplicate", "due": "2099-01-05T12:00:00+00:00", "fee": "20.00"}
    for status in ("dispute_inquiry", "disputed", "dispute_won", "disputed"):
        shop.cashier.payment_dispute(payment, status, amount="40.00", **facts)
        shop.cashier.pump()
        shop.work()
        with shop.scope():
            row = Chargeback.objects.get()
        expected = {"dispute_inquiry": 100, "disputed": 60, "dispute_won": 100}
        if status != "disputed" or row.state == "open":
            assert shop.wallet() == expected[status], status
    assert (row.state, row.reason_code, row.amount, row.fee_amount) == ("won", "duplicate", 40, 20)
    assert row.due_at is not None
    assert row.due_at.year == 2099
    assert [state for state, _ in shop.messages()] == ["processed"] * 4 + ["stale"]
    assert (shop.wallet(), shop.clearing()) == (100, 80)
    assert shop.sound()


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"state": "won"}, "a chargeback has exactly its journals"),
        ({"fee_amount": 5}, "a chargeback has exactly its journals"),
        ({"amount": 99}, "a chargeback is booked with its amounts"),
        ({"written_off_amount": 10}, "a chargeback is booked with its amounts"),
        ({"repaid_amount": 10}, "a client owes what chargebacks left"),
    ],
)
def test_the_proof_finds_a_chargeback_that_says_otherwise_than_the_books(
    shop: Brokerage, changed: dict[str, Any], rule: str
) -> None:
    deposit = shop.funded("100.00")
    shop.approved_card()
    shop.withdraw("50.00")
    row = _taken(shop, deposit, "100.00")
    assert _faults(shop) == set()
    with shop.scope():
        Chargeback.objects.filter(pk=row.pk).update(**changed)
    assert rule in _faults(shop)
