"""Deposits: what arrives is credited once, at the gateway's signed word and no other."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine

from backoffice.core.errors import IdempotencyConflict, InvalidInput, StateConflict
from backoffice.core.money import Money
from clients.errors import ActionStopped
from payments.errors import MethodUnusable
from payments.methods.fees import FeeTerms
from payments.models import Deposit
from payments.services.deposits import deposit_credit, deposit_expired, deposit_return
from tests.payments.money import Brokerage


def test_a_paid_deposit_is_credited_and_the_books_say_where_it_stands(shop: Brokerage) -> None:
    deposit = shop.deposit("250.00")
    assert deposit.state == "redirected"
    shop.pays(deposit)
    done = shop.again(deposit)
    assert (done.state, done.paid_amount) == ("done", Decimal(250))
    assert (shop.wallet(), shop.clearing(), shop.set_aside()) == (250, 250, 0)
    assert shop.journals(deposit.reference) == ["deposit"]
    assert shop.sound()


def test_the_fee_is_a_line_of_its_own(shop: Brokerage) -> None:
    shop.change_terms(fee=FeeTerms(percent=Decimal("1.5"), fixed=Decimal("0.25")))
    deposit = shop.funded("100.00")
    assert deposit.fee_amount == Decimal("1.75")
    assert (shop.wallet(), shop.clearing()) == (Decimal("98.25"), 100)
    assert shop.balance("fee:deposit") == Decimal("1.75")


def test_the_same_key_is_the_same_deposit_and_another_amount_is_refused(shop: Brokerage) -> None:
    one = shop.deposit("50.00", idempotency_key="order 7")
    assert shop.deposit("50.00", idempotency_key="order 7").pk == one.pk
    with pytest.raises(IdempotencyConflict):
        shop.deposit("60.00", idempotency_key="order 7")
    with shop.scope():
        assert Deposit.objects.count() == 1


@pytest.mark.parametrize("amount", ["0", "-5.00", "9.99", "50000.01"])
def test_an_amount_out_of_bounds_makes_no_deposit(shop: Brokerage, amount: str) -> None:
    with pytest.raises(InvalidInput):
        shop.deposit(amount)
    with shop.scope():
        assert Deposit.objects.count() == 0


def test_a_currency_that_the_method_does_not_take_makes_no_deposit(shop: Brokerage) -> None:
    with pytest.raises(MethodUnusable):
        shop.deposit(money=Money(Decimal(100), "GBP"))


def test_a_client_who_may_not_deposit_is_refused_with_the_reason(shop: Brokerage) -> None:
    shop.restrict("deposit", "passport expired")
    with pytest.raises(ActionStopped, match="passport expired"):
        shop.deposit()


def test_another_amount_is_credited_only_after_a_person_said_so(shop: Brokerage) -> None:
    deposit = shop.deposit("100.00")
    shop.pays(deposit, amount="70.00")
    waiting = shop.again(deposit)
    assert (waiting.state, waiting.reason) == (
        "amount_mismatch",
        "70.00 EUR arrived instead of 100.00 EUR.",
    )
    assert (shop.wallet(), shop.clearing(), shop.set_aside()) == (0, 70, 70)
    assert shop.queue("deposits") == [deposit.pk]
    with shop.scope():
        deposit_credit(actor=shop.actor, deposit=waiting, reason="client confirmed by phone")
    shop.work()
    assert shop.again(deposit).state == "done"
    assert (shop.wallet(), shop.clearing(), shop.set_aside()) == (70, 70, 0)
    assert shop.queue("deposits") == []
    assert shop.sound()


def test_another_currency_waits_for_a_person_in_the_currency_that_came(shop: Brokerage) -> None:
    deposit = shop.deposit("100.00")
    shop.pays(deposit, currency="USD")
    assert shop.again(deposit).state == "amount_mismatch"
    assert (shop.wallet(), shop.set_aside("USD"), shop.clearing("USD")) == (0, 100, 100)


def test_a_deposit_paid_by_someone_else_waits_for_a_person(shop: Brokerage) -> None:
    deposit = shop.deposit("100.00")
    shop.cashier.payment_decide(shop.at_the_cashier(deposit), "paid", holder="Boris Petrov")
    shop.cashier.pump()
    shop.work()
    waiting = shop.again(deposit)
    assert (waiting.state, shop.wallet()) == ("review", 0)
    assert "Boris Petrov" in waiting.reason


@pytest.mark.parametrize(("amount", "state"), [("500.00", "done"), ("500.01", "review")])
def test_up_to_the_threshold_no_person_is_needed(shop: Brokerage, amount: str, state: str) -> None:
    shop.change_terms(credit_max=Decimal(500))
    shop.change_card(deposit_policy="under_threshold")
    assert shop.funded(amount).state == state


def test_given_back_it_leaves_the_books_when_the_gateway_took_it(shop: Brokerage) -> None:
    shop.change_card(deposit_policy="manual")
    deposit = shop.funded("80.00")
    with shop.scope():
        deposit_return(actor=shop.actor, deposit=deposit, reason="third party")
    assert (shop.again(deposit).state, shop.set_aside()) == ("returning", 80)
    shop.work()
    assert shop.again(deposit).state == "returned"
    assert (shop.wallet(), shop.set_aside(), shop.clearing()) == (0, 0, 0)
    assert len(shop.cashier.refunds) == 1
    with shop.scope(), pytest.raises(StateConflict):
        deposit_credit(actor=shop.actor, deposit=deposit, reason="too late")


def test_a_decision_on_a_stale_page_does_nothing(shop: Brokerage) -> None:
    shop.change_card(deposit_policy="manual")
    deposit = shop.funded("80.00")
    with shop.scope():
        deposit_credit(actor=shop.actor, deposit=deposit, reason="fine")
        again = deposit_credit(actor=shop.world.actor("petra"), deposit=deposit, reason="fine")
        with pytest.raises(StateConflict):
            deposit_return(actor=shop.world.actor("petra"), deposit=deposit, reason="no")
    assert again.state == "credited"
    assert shop.wallet() == 80


def test_unpaid_it_expires_after_the_gateway_was_asked(shop: Brokerage) -> None:
    deposit = shop.deposit("100.00")
    with time_machine.travel(deposit.expires_at + timedelta(minutes=3)):
        shop.work()
    assert (shop.again(deposit).state, shop.wallet()) == ("expired", 0)


def test_a_lost_message_is_made_good_by_asking(shop: Brokerage) -> None:
    deposit = shop.deposit("100.00")
    shop.cashier.faults.arm("lost", deposit.reference)
    shop.pays(deposit)
    assert shop.again(deposit).state == "redirected"
    with time_machine.travel(deposit.expires_at + timedelta(minutes=3)):
        shop.work()
    assert (shop.again(deposit).state, shop.wallet()) == ("done", 100)


def test_money_that_comes_after_the_expiry_is_credited(shop: Brokerage) -> None:
    deposit = shop.deposit("100.00")
    payment = shop.at_the_cashier(deposit)
    with shop.scope():
        deposit_expired(actor=shop.system, deposit_id=deposit.pk)
    shop.cashier.payment_decide(payment, "paid")
    shop.cashier.pump()
    shop.work()
    assert (shop.again(deposit).state, shop.wallet()) == ("done", 100)


def test_declined_and_pending_move_no_money(shop: Brokerage) -> None:
    deposit = shop.deposit("100.00")
    payment = shop.at_the_cashier(deposit)
    for status, state in (("pending", "pending"), ("declined", "declined")):
        shop.cashier.payment_decide(payment, status)
        shop.cashier.pump()
        shop.work()
        assert shop.again(deposit).state == state
    assert (shop.wallet(), shop.clearing()) == (0, 0)
