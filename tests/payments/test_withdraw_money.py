"""Withdrawals: held at once, decided by other eyes, sent once, settled at the provider's word."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine

from backoffice.core.clock import now
from backoffice.core.errors import (
    FourEyes,
    IdempotencyConflict,
    InvalidInput,
    NotPermitted,
    StateConflict,
)
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.approvals import pending_for
from backoffice.workflow.models import ApprovalBand
from clients.errors import ActionStopped
from payments import release_checks
from payments.errors import ChecksFail, NotEnoughMoney, PaymentHeld
from payments.methods.fees import FeeTerms
from payments.models import Destination, PaymentHold, Withdrawal
from payments.rules import Check
from payments.services.destinations import (
    destination_add,
    destination_approve,
    destination_change,
    destination_suspend,
)
from payments.services.holds import payment_hold, payment_release
from payments.services.payouts import (
    payout_confirmed_by_statement,
    payout_returned_by_statement,
    withdrawal_resolve,
)
from payments.services.withdrawals import (
    withdrawal_approve,
    withdrawal_cancel,
    withdrawal_edit,
    withdrawal_reject,
)
from tests.payments.money import Brokerage, eur


@pytest.fixture
def rich(shop: Brokerage) -> Brokerage:
    """The client has 1,000.00 EUR from a card, which is an approved destination."""
    shop.funded("1000.00")
    shop.approved_card()
    return shop


def _approve(shop: Brokerage, row: Withdrawal, name: str = "petra") -> Withdrawal:
    with shop.scope():
        return withdrawal_approve(actor=shop.world.actor(name), withdrawal=row)


def test_asked_held_approved_sent_and_paid(rich: Brokerage) -> None:
    row = rich.withdraw("400.00")
    assert (row.state, rich.wallet(), rich.available()) == ("review", 1000, 600)
    assert rich.queue("withdrawals") == [row.pk]
    _approve(rich, row)
    assert rich.outgoing(row).state == "approved"
    assert rich.queue("withdrawals") == []
    rich.work()
    assert rich.outgoing(row).state == "submitted"
    assert (rich.wallet(), rich.available()) == (1000, 600)
    rich.gateway_pays(row)
    paid = rich.outgoing(row)
    assert (paid.state, paid.paid_amount) == ("paid", Decimal(400))
    assert (rich.wallet(), rich.available(), rich.clearing()) == (600, 600, 600)
    assert rich.journals(row.reference) == ["withdrawal"]
    assert rich.sound()


def test_the_fee_comes_out_of_what_is_sent(rich: Brokerage) -> None:
    rich.change_terms(fee=FeeTerms(fixed=Decimal(5)))
    row = rich.withdraw("100.00")
    _approve(rich, row)
    rich.work()
    assert rich.cashier.payout("aurora", row.reference).amount == Decimal(95)
    rich.gateway_pays(row)
    assert (rich.wallet(), rich.balance("fee:withdrawal")) == (900, 5)
    assert rich.sound()


def test_more_than_the_wallet_holds_is_refused_and_holds_nothing(rich: Brokerage) -> None:
    rich.withdraw("700.00")
    with pytest.raises(NotEnoughMoney, match=r"300\.00 EUR available"):
        rich.withdraw("300.01")
    assert rich.available() == 300
    with rich.scope():
        assert Withdrawal.objects.count() == 1


@pytest.mark.parametrize("amount", ["0", "-5", "9.99"])
def test_an_amount_that_is_none_is_refused(rich: Brokerage, amount: str) -> None:
    with pytest.raises(InvalidInput):
        rich.withdraw(amount)
    assert rich.available() == 1000


def test_the_same_key_asks_once(rich: Brokerage) -> None:
    one = rich.withdraw("100.00", idempotency_key="k1")
    assert rich.withdraw("100.00", idempotency_key="k1").pk == one.pk
    assert rich.available() == 900
    with pytest.raises(IdempotencyConflict):
        rich.withdraw("101.00", idempotency_key="k1")


def test_a_client_who_may_not_withdraw_is_refused(rich: Brokerage) -> None:
    rich.restrict("withdraw", "passport expired")
    with pytest.raises(ActionStopped, match="passport expired"):
        rich.withdraw()


def test_a_restriction_after_the_request_stops_the_approval(rich: Brokerage) -> None:
    row = rich.withdraw()
    rich.restrict("withdraw", "passport expired")
    with pytest.raises(ChecksFail, match="passport expired"):
        _approve(rich, row)
    assert rich.outgoing(row).state == "review"


def test_who_asked_does_not_approve_and_neither_does_who_added_the_destination(
    rich: Brokerage,
) -> None:
    row = rich.withdraw()
    with pytest.raises(FourEyes):
        _approve(rich, row, "pavel")  # asked for it
    with pytest.raises(FourEyes):
        _approve(rich, row, "olivia")  # added the destination
    with pytest.raises(NotPermitted):
        _approve(rich, row, "sam")
    assert rich.outgoing(row).state == "review"


def test_a_large_amount_needs_a_second_person_with_another_right(rich: Brokerage) -> None:
    one, two = "payments.approve_withdrawal", "payments.approve_large_withdrawal"
    with rich.scope():
        ApprovalBand.objects.create(
            kind="payments.withdrawal", amount_max=Decimal(500), steps=[one]
        )
        ApprovalBand.objects.create(kind="payments.withdrawal", steps=[one, two])
    small, large = rich.withdraw("400.00"), rich.withdraw("600.00")
    assert _approve(rich, small, "adam").state == "approved"
    assert _approve(rich, large, "adam").state == "review"


def test_two_votes_of_two_people_approve_what_one_does_not(rich: Brokerage) -> None:
    one, two = "payments.approve_withdrawal", "payments.approve_large_withdrawal"
    with rich.scope():
        ApprovalBand.objects.create(kind="payments.withdrawal", steps=[one, two])
    row = rich.withdraw("400.00")
    assert _approve(rich, row, "adam").state == "review"
    with pytest.raises(NotPermitted):
        _approve(rich, row, "adam")
    assert _approve(rich, row, "petra").state == "approved"


def test_rejected_the_money_is_free_again(rich: Brokerage) -> None:
    row = rich.withdraw("400.00")
    with rich.scope():
        withdrawal_reject(actor=rich.world.actor("petra"), withdrawal=row, reason_code="details")
        again = withdrawal_reject(
            actor=rich.world.actor("petra"), withdrawal=row, reason_code="details"
        )
        with pytest.raises(StateConflict):
            withdrawal_approve(actor=rich.world.actor("petra"), withdrawal=row)
        assert pending_for(rich.system, row.pk) is None
    assert (again.state, rich.available()) == ("rejected", 1000)
    assert rich.queue("withdrawals") == []
    assert rich.sound()


def test_who_rejects_what_a_colleague_has_just_approved_undoes_nothing(rich: Brokerage) -> None:
    row = rich.withdraw("400.00")
    with rich.scope():
        withdrawal_approve(actor=rich.world.actor("petra"), withdrawal=row)
        with pytest.raises(StateConflict, match="is approved already. Nothing was done"):
            withdrawal_reject(actor=rich.world.actor("adam"), withdrawal=row, reason_code="details")
    assert (rich.outgoing(row).state, rich.available()) == ("approved", 600)
    assert rich.sound()


def test_cancelled_by_the_client_until_it_is_approved(rich: Brokerage) -> None:
    row, other = rich.withdraw("400.00"), rich.withdraw("100.00")
    _approve(rich, other)
    with rich.scope():
        withdrawal_cancel(actor=rich.actor, withdrawal=row, reason="changed my mind")
        with pytest.raises(StateConflict):
            withdrawal_cancel(actor=rich.actor, withdrawal=other, reason="too late")
    assert (rich.outgoing(row).state, rich.available()) == ("cancelled", 900)


def test_an_edit_asks_anew_and_bars_who_edited(rich: Brokerage) -> None:
    one, two = "payments.approve_withdrawal", "payments.approve_large_withdrawal"
    with rich.scope():
        ApprovalBand.objects.create(kind="payments.withdrawal", steps=[one, two])
    row = rich.withdraw("400.00")
    with rich.scope():
        seen = str(pending_for(rich.system, row.pk).pk)  # type: ignore[union-attr]
    _approve(rich, row, "adam")
    with rich.scope():
        withdrawal_edit(
            actor=rich.world.actor("petra"),
            withdrawal=row,
            money=eur("300.00"),
            destination=row.destination,
        )
    edited = rich.outgoing(row)
    assert (edited.state, edited.amount, rich.available()) == ("review", 300, 700)
    assert edited.decision["changed"] == {
        "Amount": ["400.00 EUR", "300.00 EUR"],
        "Goes to": ["400.00 EUR to Card •• 4242", "300.00 EUR to Card •• 4242"],
    }
    with rich.scope():
        approval = pending_for(rich.system, row.pk)
        assert approval is not None
        assert approval.votes.count() == 0
        with pytest.raises(StateConflict, match="changed since you opened it"):
            withdrawal_approve(actor=rich.world.actor("adam"), withdrawal=row, approval_id=seen)
    with pytest.raises(FourEyes):
        _approve(rich, row, "petra")
    assert rich.sound()


def test_a_destination_needs_another_person_and_its_cool_down(shop: Brokerage) -> None:
    shop.funded("100.00")
    olivia, petra = shop.world.actor("olivia"), shop.world.actor("petra")
    with shop.scope():
        card = destination_add(
            actor=olivia,
            client=shop.client,
            kind="card",
            number="tok_1234567",
            holder="Anna Eriksson",
        )
        with pytest.raises(FourEyes):
            destination_approve(actor=olivia, destination=card)
    row = shop.withdraw("50.00", destination=card)
    with pytest.raises(ChecksFail, match="to be approved"):
        _approve(shop, row)
    with shop.scope():
        destination_approve(actor=petra, destination=card)
    with pytest.raises(ChecksFail, match="usable from"):
        _approve(shop, row)
    with time_machine.travel(now() + timedelta(hours=25)):
        assert _approve(shop, row).state == "approved"


def test_another_name_on_the_account_stops_the_approval(rich: Brokerage) -> None:
    target = rich.approved_card(number="tok_7654321", holder="Boris Petrov")
    row = rich.withdraw("50.00", destination=target)
    with pytest.raises(ChecksFail, match="Boris Petrov"):
        _approve(rich, row)


def test_a_destination_changed_after_the_approval_was_asked_makes_it_stale(
    rich: Brokerage,
) -> None:
    row = rich.withdraw("50.00")
    with rich.scope():
        destination_change(
            actor=rich.world.actor("mary"),
            destination=row.destination,
            holder="Anna B. Eriksson",
            label="",
        )
        destination_approve(
            actor=rich.world.actor("petra"), destination=row.destination, cool_down=timedelta(0)
        )
    assert _approve(rich, row, "adam").state == "review"
    with rich.scope():
        asked = pending_for(rich.system, row.pk)
        assert asked is not None
        assert rich.world.actor("mary").ref in asked.barred_refs
    assert _approve(rich, row, "adam").state == "approved"


def test_a_suspended_destination_takes_no_request(rich: Brokerage) -> None:
    with rich.scope():
        destination_suspend(
            actor=rich.world.actor("petra"), destination=rich.target, reason="stolen card"
        )
    with pytest.raises(InvalidInput):
        rich.withdraw()


# Compliance


def test_held_by_compliance_nobody_pays_it_until_it_is_released(rich: Brokerage) -> None:
    row = rich.withdraw()
    carla = rich.world.actor("carla")
    with rich.scope():
        hold = payment_hold(actor=carla, payment=row, reason="pattern FX08")
    assert rich.queue("withdrawals") == []
    with pytest.raises(PaymentHeld):
        _approve(rich, row)
    with rich.scope():
        with pytest.raises(NotPermitted):
            payment_release(actor=rich.actor, hold=hold, reason="please")
        payment_release(actor=carla, hold=hold, reason="explained")
    assert rich.queue("withdrawals") == [row.pk]
    assert _approve(rich, row).state == "approved"


def test_a_hold_between_the_approval_and_the_sending_still_stops_it(rich: Brokerage) -> None:
    row = rich.withdraw()
    _approve(rich, row)
    carla = rich.world.actor("carla")
    with rich.scope():
        hold = payment_hold(actor=carla, payment=row, reason="late news")
    rich.work()
    assert (rich.outgoing(row).state, rich.cashier.payouts) == ("compliance", {})
    with rich.scope():
        payment_release(actor=carla, hold=hold, reason="fine")
    assert rich.outgoing(row).state == "review"
    assert _approve(rich, row).state == "approved"


@pytest.fixture
def alert() -> Iterator[None]:
    """Compliance has registered a check that stops everything."""
    release_checks.register(
        "alerts", lambda actor, payment: Check("alerts", "held", "Open alert", "FX01")
    )
    yield
    release_checks.unregister("alerts")


def test_a_release_check_holds_by_itself(rich: Brokerage, alert: None) -> None:
    row = rich.withdraw()
    assert (row.state, rich.queue("withdrawals")) == ("compliance", [])
    with rich.scope():
        assert PaymentHold.objects.get().reason == "Open alert: FX01"


# What the gateway does


def _sent(shop: Brokerage, amount: str = "400.00", fault: str = "") -> Withdrawal:
    row = shop.withdraw(amount)
    if fault:
        shop.cashier.faults.arm(fault, row.reference)
    _approve(shop, row)
    shop.work()
    return shop.outgoing(row)


def test_refused_by_the_gateway_the_money_is_free_again(rich: Brokerage) -> None:
    row = _sent(rich, fault="refused")
    assert (row.state, rich.available()) == ("failed", 1000)
    assert "does not take payouts" in row.error
    assert rich.sound()


@pytest.mark.parametrize("fault", ["dropped_after", "error_500_after"])
def test_an_outcome_that_is_unknown_keeps_the_hold_and_is_found_by_asking(
    rich: Brokerage, fault: str
) -> None:
    row = _sent(rich, fault=fault)
    assert (row.state, rich.available()) == ("unknown", 600)
    assert "Error" not in row.error  # words for people, not a program's
    assert len(rich.cashier.payouts) == 1
    with time_machine.travel(now() + timedelta(minutes=6)):
        rich.work()
    assert rich.outgoing(row).state == "submitted"
    assert len(rich.cashier.payouts) == 1
    rich.gateway_pays(row)
    assert (rich.outgoing(row).state, rich.wallet()) == ("paid", 600)


def test_what_the_gateway_never_got_is_sent_again_under_the_same_reference(
    rich: Brokerage,
) -> None:
    row = _sent(rich, fault="error_500")
    assert (row.state, rich.cashier.payouts) == ("unknown", {})
    with time_machine.travel(now() + timedelta(minutes=6)):
        rich.work()
    assert rich.outgoing(row).state == "submitted"
    assert list(rich.cashier.payouts) == [f"aurora/{row.reference}"]


def test_after_the_last_look_a_person_with_proof_settles_it(rich: Brokerage) -> None:
    start = now()
    with time_machine.travel(start, tick=False) as clock:
        row = _sent(rich, fault="dropped_after")
        rich.server_away()
        for wait in (timedelta(minutes=6), timedelta(hours=2), *(timedelta(days=2),) * 5):
            clock.shift(wait)
            rich.work()
        rich.server_back()
        assert rich.queue("withdrawals") == [row.pk]
        petra = rich.world.actor("petra")
        with rich.scope():
            with pytest.raises(NotPermitted):
                withdrawal_resolve(actor=rich.actor, withdrawal=row, paid=True, proof="x" * 20)
            with pytest.raises(InvalidInput):
                withdrawal_resolve(actor=petra, withdrawal=row, paid=True, proof="ok")
            withdrawal_resolve(
                actor=petra, withdrawal=row, paid=True, proof="Call with the gateway, case 4711."
            )
            with pytest.raises(StateConflict):
                withdrawal_resolve(
                    actor=petra, withdrawal=row, paid=False, proof="Second thoughts on it."
                )
    assert (rich.outgoing(row).state, rich.wallet()) == ("paid", 600)
    assert rich.queue("withdrawals") == []
    assert rich.sound()


def test_failed_later_the_hold_is_released(rich: Brokerage) -> None:
    row = _sent(rich)
    rich.gateway_pays(row, "failed")
    assert (rich.outgoing(row).state, rich.available()) == ("failed", 1000)


def test_a_word_against_what_is_booked_goes_before_a_person(rich: Brokerage) -> None:
    row = _sent(rich)
    rich.gateway_pays(row, "failed")
    rich.gateway_pays(row, "paid")
    assert (rich.outgoing(row).state, rich.available()) == ("failed", 1000)
    assert len(rich.queue("notices")) == 1


def test_a_bank_transfer_is_paid_by_the_statement_and_may_come_back(
    bank_shop: Brokerage,
) -> None:
    shop = bank_shop
    row = shop.withdraw("400.00", method=shop.wire, destination=shop.iban)
    _approve(shop, row)
    shop.work()
    sent = shop.outgoing(row)
    assert (sent.state, shop.available(), shop.wallet()) == ("submitted", 600, 1000)
    with shop.scope():
        for _ in range(2):
            payout_confirmed_by_statement(
                actor=shop.system,
                withdrawal=sent,
                money=eur("400.00"),
                booked_at=now(),
                statement_ref="S1/4",
            )
        with pytest.raises(StateConflict):
            payout_confirmed_by_statement(
                actor=shop.system,
                withdrawal=sent,
                money=eur("1.00"),
                booked_at=now(),
                statement_ref="S1/5",
            )
    assert (shop.wallet(), shop.balance(f"bank:client:{shop.our_iban}")) == (600, -400)
    with shop.scope():
        payout_returned_by_statement(
            actor=shop.system,
            withdrawal=sent,
            money=eur("400.00"),
            reason="AC04",
            statement_ref="S2/1",
        )
    assert (shop.outgoing(row).state, shop.wallet()) == ("returned_after_paid", 1000)
    assert shop.sound()


def test_another_brokerages_client_destination_or_withdrawal_is_not_there(
    rich: Brokerage,
) -> None:
    row = rich.withdraw()
    stranger = rich.world.actor("zoe")
    with tenant_scope(rich.world.borealis.pk, stranger):
        assert not Withdrawal.objects.filter(pk=row.pk).exists()
        assert not Destination.objects.exists()
        with pytest.raises(Withdrawal.DoesNotExist):
            withdrawal_approve(actor=stranger, withdrawal=row)
    assert rich.outgoing(row).state == "review"


def test_what_was_changed_can_still_be_refused_or_taken_back(rich: Brokerage) -> None:
    """Each hold is released under a key of its own; one key for two holds stopped the second."""
    olivia, petra = rich.world.actor("olivia"), rich.world.actor("petra")
    for amount in ("300.00", "200.00"):
        row = rich.withdraw("100.00")
        with rich.scope():
            withdrawal_edit(
                actor=olivia, withdrawal=row, money=eur(amount), destination=rich.target
            )
            assert rich.available() == 1000 - Decimal(amount)
            if amount == "300.00":
                withdrawal_reject(actor=petra, withdrawal=row, reason_code="other")
            else:
                withdrawal_cancel(actor=rich.actor, withdrawal=row, reason="Not wanted")
        assert (rich.wallet(), rich.available()) == (1000, 1000)
    assert rich.sound()
