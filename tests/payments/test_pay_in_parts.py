"""A withdrawal that goes back to its sources: several parts, each with a state and a way on."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser
from django.urls import reverse

from backoffice.core.clock import now
from backoffice.core.errors import FourEyes, InvalidInput, NotPermitted, StateConflict
from payments.methods.fees import FeeTerms
from payments.models import Deposit, Destination, Withdrawal, WithdrawalPart
from payments.services.holds import payment_hold
from payments.services.parts import part_give_up, part_resolve, part_retry
from payments.services.statements import bank_movements, booked_by_bank
from payments.services.withdrawals import withdrawal_approve, withdrawal_edit
from tests.payments.money import Brokerage, eur

Browse = Callable[[str], Browser]


@pytest.fixture
def two_cards(bank_shop: Brokerage) -> Brokerage:
    """1,000 from card 4242, then 200 from card 9010; the client asks for it by wire."""
    bank_shop.rules(source_first=True)
    bank_shop.funded("200.00", card="9010")
    return bank_shop


def _approve(shop: Brokerage, row: Withdrawal, name: str = "petra") -> Withdrawal:
    with shop.scope():
        return withdrawal_approve(actor=shop.world.actor(name), withdrawal=row)


def _by_wire(shop: Brokerage, amount: str) -> Withdrawal:
    return shop.withdraw(amount, method=shop.wire, destination=shop.iban)


def _parts(shop: Brokerage, row: Withdrawal) -> list[tuple[str, str, Any]]:
    with shop.scope():
        rows = WithdrawalPart.objects.filter(withdrawal=row).order_by("id")
        return [(part.label, part.state, part.amount) for part in rows]


def _part(shop: Brokerage, state: str) -> WithdrawalPart:
    with shop.scope():
        return WithdrawalPart.objects.select_related("withdrawal").get(state=state)


def test_cards_get_back_what_they_gave_and_the_bank_the_profit(two_cards: Brokerage) -> None:
    two_cards.funded("100.00", card="9010")
    row = _by_wire(two_cards, "1300.00")
    assert row.why == "first payment to it: added today"
    _approve(two_cards, row)
    assert _parts(two_cards, row) == [
        ("Card •• 4242", "planned", 1000),
        ("Card •• 9010", "planned", 200),
        ("Card •• 9010", "planned", 100),
    ]
    two_cards.work()
    assert two_cards.outgoing(row).state == "paid"
    assert len(two_cards.cashier.refunds) == 3
    assert (two_cards.wallet(), two_cards.available(), two_cards.clearing()) == (0, 0, 0)
    assert two_cards.sound()


def test_it_is_paid_when_every_part_is(two_cards: Brokerage) -> None:
    row = _by_wire(two_cards, "1150.00")
    again = _by_wire(two_cards, "50.00")  # what is left of the second card
    _approve(two_cards, row)
    two_cards.work()
    assert two_cards.outgoing(row).state == "paid"
    assert _approve(two_cards, again).state == "review"  # the plan is another one by now
    _approve(two_cards, again)
    two_cards.work()
    assert [state for _, state, _ in _parts(two_cards, again)] == ["paid"]
    assert two_cards.wallet() == 0
    assert two_cards.sound()


def _gained(shop: Brokerage, amount: str) -> None:
    """Money in the wallet that no card and no account is known to have given."""
    deposit = shop.funded(amount)
    with shop.scope():
        Deposit.objects.filter(pk=deposit.pk).update(instrument_hash="")


def test_what_no_card_gave_goes_by_wire_and_waits_for_the_statement(two_cards: Brokerage) -> None:
    _gained(two_cards, "300.00")
    row = _by_wire(two_cards, "1250.00")
    _approve(two_cards, row)
    two_cards.work()
    assert _parts(two_cards, row) == [
        ("Card •• 4242", "paid", 1000),
        ("Card •• 9010", "paid", 200),
        (two_cards.iban.label, "submitted", 50),
    ]
    assert (two_cards.outgoing(row).state, two_cards.available()) == ("paying", 250)
    part = _part(two_cards, "submitted")
    with two_cards.scope():
        [movement] = bank_movements(two_cards.system, [part.reference])
    assert (movement.money, movement.expected) == (eur("-50.00"), True)
    for _ in range(2):
        with two_cards.scope():
            booked_by_bank(
                actor=two_cards.system, reference=part.reference, money=eur("50.00"), at=now()
            )
    done = two_cards.outgoing(row)
    assert (done.state, done.paid_amount, two_cards.wallet()) == ("paid", 1250, 250)
    assert two_cards.balance(f"bank:client:{two_cards.our_iban}") == -50
    assert two_cards.sound()


def test_the_fee_is_taken_once_when_the_parts_are_done(two_cards: Brokerage) -> None:
    two_cards.change_terms(two_cards.wire, fee=FeeTerms(fixed=Decimal(5)))
    row = _by_wire(two_cards, "1105.00")
    _approve(two_cards, row)
    two_cards.work()
    assert [amount for _, _, amount in _parts(two_cards, row)] == [1000, 100]
    assert (two_cards.wallet(), two_cards.balance("fee:withdrawal")) == (95, 5)
    assert two_cards.sound()


def test_one_part_is_refused_the_other_goes_on_and_a_person_decides(two_cards: Brokerage) -> None:
    row = _by_wire(two_cards, "1200.00")
    two_cards.cashier.faults.arm("refused")
    _approve(two_cards, row)
    two_cards.work()
    stands = two_cards.outgoing(row)
    assert stands.state == "part_failed"
    assert "The card is closed." in stands.error
    assert two_cards.queue("withdrawals") == [row.pk]
    assert (two_cards.wallet(), two_cards.available()) == (1000, 0)
    assert two_cards.sound()
    petra = two_cards.world.actor("petra")
    failed = _part(two_cards, "failed")
    with two_cards.scope():
        with pytest.raises(NotPermitted):
            part_retry(actor=two_cards.world.actor("sam"), part=failed)
        with pytest.raises(FourEyes):
            part_retry(actor=two_cards.actor, part=failed)
        part_retry(actor=petra, part=failed)
        with pytest.raises(StateConflict):
            part_retry(actor=petra, part=failed)
    assert two_cards.outgoing(row).state == "paying"
    assert two_cards.queue("withdrawals") == []
    two_cards.work()
    assert two_cards.outgoing(row).state == "paid"
    assert (two_cards.wallet(), two_cards.available()) == (0, 0)
    assert two_cards.sound()


def test_a_part_given_up_is_free_in_the_wallet_and_its_source_is_passed_over_after(
    two_cards: Brokerage,
) -> None:
    row = _by_wire(two_cards, "1200.00")
    two_cards.cashier.faults.arm("refused")
    _approve(two_cards, row)
    two_cards.work()
    petra, failed = two_cards.world.actor("petra"), _part(two_cards, "failed")
    with two_cards.scope():
        with pytest.raises(InvalidInput):
            part_give_up(actor=petra, part=failed, reason=" ")
        part_give_up(actor=petra, part=failed, reason="The card is closed for good.")
    done = two_cards.outgoing(row)
    assert (done.state, done.paid_amount) == ("paid", 200)
    assert (two_cards.wallet(), two_cards.available()) == (1000, 1000)
    assert two_cards.sound()
    again = _by_wire(two_cards, "1000.00")
    _approve(two_cards, again)
    two_cards.work()
    assert _parts(two_cards, again) == []
    assert two_cards.outgoing(again).state == "submitted"


def test_given_up_whole_it_failed_and_nothing_was_taken(two_cards: Brokerage) -> None:
    row = _by_wire(two_cards, "100.00")
    two_cards.cashier.faults.arm("refused")
    _approve(two_cards, row)
    two_cards.work()
    with two_cards.scope():
        part_give_up(
            actor=two_cards.world.actor("petra"), part=_part(two_cards, "failed"), reason="no"
        )
    assert (two_cards.outgoing(row).state, two_cards.available()) == ("failed", 1200)
    assert two_cards.sound()


@pytest.mark.parametrize("fault", ["error_500", "error_500_after", "dropped_after"])
def test_a_part_of_unknown_outcome_is_asked_for_again_and_given_back_once(
    two_cards: Brokerage, fault: str
) -> None:
    row = _by_wire(two_cards, "100.00")
    two_cards.cashier.faults.arm(fault)
    _approve(two_cards, row)
    two_cards.work()
    assert [state for _, state, _ in _parts(two_cards, row)] == ["unknown"]
    assert (two_cards.outgoing(row).state, two_cards.available()) == ("paying", 1100)
    with time_machine.travel(now() + timedelta(minutes=6)):
        two_cards.work()
    assert two_cards.outgoing(row).state == "paid"
    assert len(two_cards.cashier.refunds) == 1
    assert (two_cards.wallet(), two_cards.clearing()) == (1100, 1100)
    assert two_cards.sound()


def test_after_the_last_look_a_person_with_proof_settles_the_part(two_cards: Brokerage) -> None:
    start = now()
    with time_machine.travel(start, tick=False) as clock:
        row = _by_wire(two_cards, "100.00")
        _approve(two_cards, row)
        two_cards.server_away()
        two_cards.work()
        for wait in (timedelta(minutes=6), timedelta(hours=2), *(timedelta(days=2),) * 5):
            clock.shift(wait)
            two_cards.work()
        assert two_cards.queue("withdrawals") == [row.pk]
        petra, part = two_cards.world.actor("petra"), _part(two_cards, "unknown")
        with two_cards.scope():
            with pytest.raises(NotPermitted):
                part_resolve(actor=two_cards.actor, part=part, paid=True, proof="x" * 20)
            with pytest.raises(InvalidInput):
                part_resolve(actor=petra, part=part, paid=True, proof="ok")
            part_resolve(actor=petra, part=part, paid=True, proof="Their list of refunds, line 4.")
    assert two_cards.outgoing(row).state == "paid"
    assert two_cards.queue("withdrawals") == []
    assert two_cards.sound()


def test_compliance_stops_it_before_a_part_goes_out_and_it_is_planned_anew(
    two_cards: Brokerage,
) -> None:
    row = _by_wire(two_cards, "1100.00")
    _approve(two_cards, row)
    with two_cards.scope():
        payment_hold(actor=two_cards.world.actor("carla"), payment=row, reason="late news")
    two_cards.work()
    assert {state for _, state, _ in _parts(two_cards, row)} == {"cancelled"}
    assert (two_cards.outgoing(row).state, two_cards.cashier.refunds) == ("compliance", {})
    assert two_cards.available() == 100
    assert two_cards.sound()


def test_a_plan_that_changed_since_it_was_asked_is_asked_anew(two_cards: Brokerage) -> None:
    one, two = _by_wire(two_cards, "1000.00"), _by_wire(two_cards, "200.00")
    _approve(two_cards, one)
    # The first card is used up by the other withdrawal: what was asked for is no longer true.
    assert _approve(two_cards, two).state == "review"
    assert _approve(two_cards, two).state == "approved"
    assert _parts(two_cards, two) == [("Card •• 9010", "planned", 200)]


def test_passing_the_sources_over_takes_a_reason_and_other_eyes(two_cards: Brokerage) -> None:
    row = _by_wire(two_cards, "1100.00")
    mary = two_cards.world.actor("mary")
    with two_cards.scope():
        withdrawal_edit(
            actor=mary, withdrawal=row, money=eur("1100.00"), destination=row.destination,
            waived="both cards are closed",
        )  # fmt: skip
        with pytest.raises((FourEyes, NotPermitted)):
            withdrawal_approve(actor=mary, withdrawal=row)
    _approve(two_cards, row)
    two_cards.work()
    assert _parts(two_cards, row) == []
    assert two_cards.outgoing(row).state == "submitted"


def test_a_destination_changed_after_the_approval_brings_it_back_to_people(
    two_cards: Brokerage,
) -> None:
    row = _by_wire(two_cards, "1100.00")
    _approve(two_cards, row)
    with two_cards.scope():
        Destination.objects.filter(pk=row.destination_id).update(state="new")
    two_cards.work()
    stands = two_cards.outgoing(row)
    assert (stands.state, stands.why) == (
        "review", "its destination is to be approved since it was approved",
    )  # fmt: skip
    assert two_cards.queue("withdrawals") == [row.pk]
    assert {state for _, state, _ in _parts(two_cards, row)} == {"cancelled"}
    assert two_cards.available() == 100


def test_trading_is_asked_for_where_the_brokerage_asks(two_cards: Brokerage) -> None:
    two_cards.rules(lots="2.00")
    row = _by_wire(two_cards, "100.00")
    with two_cards.scope():
        checks = {code: note for code, _, _, note in row.decision["checks"]}
    assert checks["traded"] == "0.00 of 2.40 lots"
    assert "traded" not in {code for code, *_ in _by_wire_without(two_cards).decision["checks"]}


def _by_wire_without(shop: Brokerage) -> Withdrawal:
    shop.rules(lots="0")
    return _by_wire(shop, "50.00")


def test_the_page_shows_the_plan_then_the_parts_with_their_ways_on(
    two_cards: Brokerage, browse: Browse
) -> None:
    row = _by_wire(two_cards, "1200.00")
    url = reverse("payments:withdrawal-decide", args=[row.pk])
    page = browse("petra").get(url).content.decode()
    for words in ("Where it goes", "Card •• 4242", "Card •• 9010", "came from it", "Sources first"):
        assert words in page, words
    two_cards.cashier.faults.arm("refused")
    _approve(two_cards, row)
    two_cards.work()
    failed = _part(two_cards, "failed")
    page = browse("petra").get(url).content.decode()
    for words in ("Paid in parts", failed.reference, "The card is closed.", "Send anew", "Give up"):
        assert words in page, words
    give_up = reverse("payments:part-give-up", args=[failed.pk])
    petra = browse("petra")
    assert petra.post(give_up, {"reason": ""}).status_code == 422
    assert browse("pavel").post(give_up, {"reason": "no"}).status_code == 422
    assert browse("zoe").post(give_up, {"reason": "no"}).status_code == 404
    retry = reverse("payments:part-retry", args=[failed.pk])
    assert petra.post(retry).status_code == 302
    two_cards.work()
    assert two_cards.outgoing(row).state == "paid"
    assert browse("petra").get(reverse("payments:withdrawal", args=[row.pk])).status_code == 200
