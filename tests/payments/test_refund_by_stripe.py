"""Money back to the card through Stripe: once, whatever the line between us does."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from backoffice.core.clock import now
from backoffice.workflow.models import OutboxItem
from payments.accounts import adapter_for
from payments.handlers import submit
from payments.models import Deposit, Withdrawal, WithdrawalPart
from payments.services.deposits import deposit_return
from payments.services.parts import part_retry, part_take
from payments.services.withdrawals import withdrawal_approve
from sandbox.stripe.controls import refund_of
from sandbox.stripe.records import Object
from tests.payments.card import CardShop
from tests.payments.money import Brokerage


@pytest.fixture
def stocked(card_shop: CardShop, bank_shop: Brokerage) -> CardShop:
    """1,000 that came through the cashier, then 300 by Stripe; a bank to ask it out to."""
    card_shop.funded("300.00")
    bank_shop.rules(source_first=True)
    return card_shop


def _ask(shop: CardShop, amount: str = "1200.00") -> Withdrawal:
    """Approved, its parts laid down and not sent."""
    here = shop.shop
    row = here.withdraw(amount, method=here.wire, destination=here.iban)
    with here.scope():
        return withdrawal_approve(actor=here.world.actor("petra"), withdrawal=row)


def _part(shop: CardShop) -> WithdrawalPart:
    with shop.shop.scope():
        return WithdrawalPart.objects.filter(gateway=shop.gateway).latest("id")


def _states(shop: CardShop, row: Withdrawal) -> list[tuple[str, Any]]:
    with shop.shop.scope():
        rows = WithdrawalPart.objects.filter(withdrawal=row, gateway=shop.gateway)
        return list(rows.order_by("id").values_list("state", "amount"))


def _later(shop: CardShop, **span: int) -> None:
    with time_machine.travel(now() + timedelta(**span)):
        shop.shop.work()


def _refunds(shop: CardShop) -> list[Object]:
    return shop.objects("refund")


def test_a_part_goes_back_to_the_card(stocked: CardShop) -> None:
    row = _ask(stocked)
    stocked.shop.work()
    part = _part(stocked)
    [refund] = _refunds(stocked)
    assert (refund["amount"], refund["metadata"]["reference"]) == (20000, part.reference)
    assert (part.state, part.provider_ref, part.amount) == ("paid", refund["id"], 200)
    assert stocked.shop.outgoing(row).state == "paid"
    assert (stocked.shop.wallet(), stocked.clearing()) == (100, 100)
    stocked.hear()
    told = stocked.shop.messages()[-2:]
    assert told == [
        ("stale", "It was paid already."),
        ("stale", "200.00 EUR was given back from here."),
    ]
    assert stocked.shop.queue("notices") == []
    assert stocked.shop.sound()


@pytest.mark.parametrize("fault", ["dropped_after", "error_500_after", "error_500", "rate_limited"])
def test_an_unknown_outcome_is_resolved_by_asking_and_never_paid_twice(
    stocked: CardShop, fault: str
) -> None:
    row = _ask(stocked)
    stocked.box.faults.arm(fault, _part(stocked).reference)
    stocked.shop.work()
    assert _states(stocked, row) == [("unknown", 200)]
    assert (stocked.shop.wallet(), stocked.shop.available()) == (300, 100)
    _later(stocked, minutes=6)
    assert _states(stocked, row) == [("paid", 200)]
    assert [refund["amount"] for refund in _refunds(stocked)] == [20000]
    assert stocked.shop.outgoing(row).state == "paid"
    assert (stocked.shop.wallet(), stocked.clearing()) == (100, 100)
    assert stocked.shop.sound()


def test_it_is_found_after_stripe_forgot_the_key(stocked: CardShop) -> None:
    row = _ask(stocked)
    stocked.box.faults.arm("dropped_after", _part(stocked).reference)
    stocked.shop.work()
    stocked.box.kept.clear()
    _later(stocked, hours=30)
    assert _states(stocked, row) == [("paid", 200)]
    assert len(_refunds(stocked)) == 1


def test_it_is_found_behind_a_page_of_other_refunds(stocked: CardShop) -> None:
    row = _ask(stocked)
    stocked.box.faults.arm("dropped_after", _part(stocked).reference)
    stocked.shop.work()
    [ours] = _refunds(stocked)
    owner = stocked.box.owners["acct_aurora"]
    for _ in range(101):
        form = {"payment_intent": ours["payment_intent"], "amount": "1"}
        stocked.box.refund_create(owner, form)
    stocked.box.kept.clear()
    _later(stocked, minutes=6)
    assert _states(stocked, row) == [("paid", 200)]
    assert len(_refunds(stocked)) == 102


def test_a_webhook_may_be_faster_than_the_next_look(stocked: CardShop) -> None:
    row = _ask(stocked)
    reference = _part(stocked).reference
    stocked.box.faults.arm("dropped_after", reference)
    stocked.shop.work()
    stocked.hear()
    assert _states(stocked, row) == [("paid", 200)]
    _later(stocked, minutes=6)
    assert len(_refunds(stocked)) == 1
    assert stocked.shop.sound()


@pytest.mark.parametrize("sent", [False, True])
def test_a_worker_that_died_with_a_part_in_hand_is_taken_over(
    stocked: CardShop, sent: bool
) -> None:
    row = _ask(stocked)
    shop = stocked.shop
    with shop.scope():
        item = OutboxItem.objects.get(topic="payments.submit", subject_id=row.pk)
    submit(shop.system, item)
    with shop.scope():
        found = part_take(actor=shop.system, part_id=_part(stocked).pk)
    assert found is not None
    assert (found.fresh, found.payment is not None) == (True, True)
    if sent and found.payment is not None:
        adapter_for(stocked.gateway).refund(
            stocked.account, found.order.reference, found.payment, found.order.money
        )
    assert _states(stocked, row) == [("submitting", 200)]
    shop.work()
    assert _states(stocked, row) == [("paid", 200)]
    assert len(_refunds(stocked)) == 1


def test_a_refusal_waits_for_a_person_and_goes_out_anew(stocked: CardShop) -> None:
    row = _ask(stocked)
    part = _part(stocked)
    stocked.box.faults.arm("refused", part.reference)
    stocked.shop.work()
    part = _part(stocked)
    assert (part.state, part.error) == ("failed", "The card is closed.")
    assert stocked.shop.outgoing(row).state == "part_failed"
    with stocked.shop.scope():
        fresh = part_retry(actor=stocked.shop.world.actor("petra"), part=part)
    stocked.shop.work()
    [refund] = _refunds(stocked)
    assert refund["metadata"]["reference"] == fresh.reference
    assert stocked.shop.outgoing(row).state == "paid"
    assert stocked.shop.sound()


def test_a_refund_that_waits_is_paid_when_stripe_says_so(stocked: CardShop) -> None:
    row = _ask(stocked)
    reference = _part(stocked).reference
    stocked.box.faults.arm("refund_pends", reference)
    stocked.shop.work()
    assert _states(stocked, row) == [("submitted", 200)]
    stocked.box.refund_decide(refund_of(stocked.box, {"reference": reference}), "succeeded")
    stocked.hear()
    assert _states(stocked, row) == [("paid", 200)]
    assert len(_refunds(stocked)) == 1


@pytest.mark.parametrize("heard", [True, False])
def test_a_refund_that_fails_later_frees_nothing_until_a_person_decides(
    stocked: CardShop, heard: bool
) -> None:
    row = _ask(stocked)
    reference = _part(stocked).reference
    stocked.box.faults.arm("refund_pends", reference)
    stocked.shop.work()
    stocked.box.refund_decide(refund_of(stocked.box, {"reference": reference}), "failed")
    if heard:
        stocked.hear()
    _later(stocked, minutes=6)
    part = _part(stocked)
    assert (part.state, stocked.shop.outgoing(row).state) == ("failed", "part_failed")
    assert "expired or canceled card" in part.error
    assert (stocked.shop.wallet(), stocked.shop.available()) == (300, 100)


def test_a_refund_that_fails_after_it_was_paid_goes_before_a_person(stocked: CardShop) -> None:
    row = _ask(stocked)
    stocked.shop.work()
    stocked.hear()
    reference = _part(stocked).reference
    stocked.box.refund_decide(refund_of(stocked.box, {"reference": reference}), "failed")
    stocked.hear()
    state, note = stocked.shop.messages()[-1]
    assert (state, note) == ("refused", "It says failed of 200.00 EUR; it is paid.")
    assert len(stocked.shop.queue("notices")) == 1
    assert stocked.shop.outgoing(row).state == "paid"


def _set_aside(shop: CardShop) -> Deposit:
    row = shop.deposit("100.00")
    shop.decide(row, amount="15000")
    with shop.shop.scope():
        row = Deposit.objects.get(pk=row.pk)
        assert row.state == "amount_mismatch"
        return deposit_return(actor=shop.shop.actor, deposit=row, reason="Not what was asked")


def test_a_deposit_is_given_back_once(card_shop: CardShop) -> None:
    row = _set_aside(card_shop)
    card_shop.box.faults.arm("dropped_after", f"{row.reference}-R")
    card_shop.shop.work()
    assert card_shop.shop.again(row).state == "returning"
    _later(card_shop, seconds=5)
    assert card_shop.shop.again(row).state == "returned"
    assert [refund["amount"] for refund in _refunds(card_shop)] == [15000]
    assert (card_shop.shop.set_aside(), card_shop.clearing()) == (0, 0)
    card_shop.hear()
    assert card_shop.shop.queue("notices") == []
    assert card_shop.shop.sound()


def test_a_deposit_that_waits_to_be_given_back_is_returned_by_the_event(
    card_shop: CardShop,
) -> None:
    row = _set_aside(card_shop)
    name = f"{row.reference}-R"
    card_shop.box.faults.arm("refund_pends", name)
    card_shop.shop.work()
    assert card_shop.shop.again(row).state == "returning"
    card_shop.box.refund_decide(refund_of(card_shop.box, {"reference": name}), "succeeded")
    card_shop.hear()
    assert card_shop.shop.again(row).state == "returned"


def test_a_deposit_that_the_card_does_not_take_back_is_decided_anew(card_shop: CardShop) -> None:
    row = _set_aside(card_shop)
    card_shop.box.faults.arm("refund_fails", f"{row.reference}-R")
    card_shop.shop.work()
    row = card_shop.shop.again(row)
    assert row.state == "review"
    assert "expired or canceled card" in row.reason
    assert card_shop.shop.set_aside() == 150


def test_a_refund_by_the_dashboard_goes_before_a_person(card_shop: CardShop) -> None:
    row = card_shop.funded("80.00")
    form = {"payment_intent": row.provider_ref, "amount": "3000"}
    with card_shop.box.lock:
        card_shop.box.refund_create(card_shop.box.owners["acct_aurora"], form)
    card_shop.hear()
    told = card_shop.shop.messages()[-2:]
    assert told == [
        ("stale", "A refund that was not asked for here; its charge tells of it."),
        ("refused", "30.00 EUR of it was given back; from here nothing was."),
    ]
    assert len(card_shop.shop.queue("notices")) == 1
    assert card_shop.shop.wallet() == 80
