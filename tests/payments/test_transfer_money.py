"""Transfers against a running trading server: never in two places, given back when refused."""

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from django.test import Client as Browser
from django.urls import reverse

from backoffice.core.errors import FourEyes, IdempotencyConflict, InvalidInput
from backoffice.core.money import Money
from clients.errors import ActionStopped
from payments.chargebacks.people import chargeback_enter
from payments.errors import NotEnoughMoney
from payments.models import Deposit, Transfer, Withdrawal
from payments.services.withdrawals import withdrawal_approve
from payments.tasks import payments_watch
from sandbox.gateway.server import CashierServer
from sandbox.mt5.faults import FaultKind
from tests.payments.both import Both
from tests.payments.money import eur
from tests.trading.house import BALANCE, STD_USD, house_of
from tests.world import World

Browse = Callable[[str], Browser]


@pytest.fixture
def both(world: World, cashier: CashierServer) -> Iterator[Both]:
    with house_of(world) as house:
        house.setup()
        found = Both(world, cashier)
        found.house = house
        found.account = found.open()
        found.funded("1000.00")
        yield found


def test_from_the_wallet_to_the_account(both: Both) -> None:
    row = both.move("300.00", None, both.account)
    assert row.state == "done"
    assert (both.wallet(), both.bridge(), both.mirror(both.account)) == (700, 0, 300)
    assert both.there(both.account) == 300
    assert both.journals(row.reference) == ["transfer_out", "transfer_in"]
    assert both.sound()


def test_back_from_the_account_to_the_wallet(both: Both) -> None:
    both.move("300.00", None, both.account)
    row = both.move("120.00", both.account, None)
    assert row.state == "done"
    assert (both.wallet(), both.bridge(), both.mirror(both.account)) == (820, 0, 180)
    assert both.there(both.account) == 180
    assert both.sound()


def test_refused_by_the_server_the_wallet_has_it_again(both: Both) -> None:
    both.house.fail(BALANCE, FaultKind.RETCODE, retcode=3)
    row = both.move("300.00", None, both.account)
    assert row.state == "returned"
    assert (both.wallet(), both.bridge(), both.there(both.account)) == (1000, 0, 0)
    assert both.journals(row.reference) == ["transfer_out", "transfer_back"]
    assert both.sound()


def test_more_than_the_account_holds_is_refused_and_nothing_moves(both: Both) -> None:
    row = both.move("50.00", both.account, None)
    assert (row.state, row.reason) == ("refused", "10019 No money")
    assert (both.wallet(), both.bridge()) == (1000, 0)
    assert both.journals(row.reference) == []
    assert both.sound()


def test_while_the_answer_is_lost_it_is_on_the_bridge_and_arrives_once(
    both: Both, browse: Browse
) -> None:
    both.house.fail(BALANCE, FaultKind.DROP_AFTER)
    row = both.move("300.00", None, both.account)
    assert (row.state, both.bridge(), both.wallet()) == ("crediting", 300, 700)
    assert both.mirror(both.account) == 0
    page = reverse("payments:transfer", args=[row.pk])
    said = "The trading server has not answered. It is asked again by itself"
    leg = row.credit_operation_id
    told = browse("pavel").get(page).content.decode()
    assert said in told
    assert f"subject={leg}&amp;state=unknown" in told  # the page follows the leg too
    with both.house.later(minutes=6):
        both.work()
    with both.house.later(minutes=12):
        both.work()
    assert both.moved(row).state == "done"
    assert said not in browse("pavel").get(page).content.decode()
    assert (both.bridge(), both.mirror(both.account), both.there(both.account)) == (0, 300, 300)
    assert both.sound()


def test_between_two_accounts(both: Both) -> None:
    other = both.open()
    both.move("300.00", None, both.account)
    row = both.move("100.00", both.account, other)
    assert row.state == "done"
    assert (both.there(both.account), both.there(other), both.bridge()) == (200, 100, 0)
    assert both.sound()


def test_a_deposit_goes_on_to_the_account_that_was_chosen(both: Both) -> None:
    deposit = both.deposit("80.00", account=both.account)
    both.pays(deposit)
    assert both.again(deposit).state == "done"
    assert (both.wallet(), both.there(both.account)) == (1000, 80)
    assert both.sound()


def test_a_deposit_that_the_account_refuses_stays_in_the_wallet(both: Both) -> None:
    deposit = both.deposit("80.00", account=both.account)
    both.house.fail(BALANCE, FaultKind.RETCODE, retcode=3)
    both.pays(deposit)
    done = both.again(deposit)
    assert (done.state, both.wallet(), both.there(both.account)) == ("done", 1080, 0)
    assert done.reason.startswith("It stays in the wallet")
    assert both.sound()


def test_more_than_the_wallet_holds_is_not_moved(both: Both) -> None:
    with pytest.raises(NotEnoughMoney):
        both.move("1000.01", None, both.account)
    with both.scope():
        assert Transfer.objects.count() == 0


@pytest.mark.parametrize("amount", ["0", "-5.00"])
def test_an_amount_that_is_none_is_not_moved(both: Both, amount: str) -> None:
    with pytest.raises(InvalidInput):
        both.move(amount, None, both.account)


def test_another_currency_or_the_same_place_is_refused(both: Both) -> None:
    usd = both.open(name=STD_USD)
    with pytest.raises(InvalidInput):
        both.move("10.00", None, usd)
    with pytest.raises(InvalidInput):
        both.move("10.00", both.account, both.account)
    with pytest.raises(InvalidInput):
        both.move("5.00", None, both.account, money=Money(Decimal(5), "USD"))


def test_another_clients_account_is_refused(both: Both) -> None:
    stranger = both.house.open(email="other@mail.example", last_name="Other")
    with pytest.raises(InvalidInput):
        both.move("10.00", None, stranger)


def test_the_same_key_moves_once(both: Both) -> None:
    one = both.move("10.00", None, both.account, idempotency_key="k")
    assert both.move("10.00", None, both.account, idempotency_key="k").pk == one.pk
    with pytest.raises(IdempotencyConflict):
        both.move("11.00", None, both.account, idempotency_key="k")
    assert both.wallet() == 990


def test_who_may_not_trade_puts_no_money_there(both: Both) -> None:
    both.restrict("trade", "appropriateness test is missing")
    with pytest.raises(ActionStopped):
        both.move("10.00", None, both.account)
    assert both.wallet() == 1000


# What stands still


def _stranded(both: Both) -> Transfer:
    """Between two accounts: the target refuses it, and then the source does."""
    other = both.open()
    both.move("300.00", None, both.account)
    both.house.fail(BALANCE, FaultKind.RETCODE, retcode=3, after=1, times=2)
    return both.move("100.00", both.account, other)


def test_what_neither_account_takes_waits_for_a_person_who_books_it_to_the_wallet(
    both: Both, browse: Browse
) -> None:
    row = _stranded(both)
    assert (row.state, both.bridge(), both.mirror(both.account)) == ("stranded", 100, 200)
    assert both.queue("transfers") == [row.pk]
    assert both.sound()
    petra, pavel = browse("petra"), browse("pavel")
    page = petra.get(reverse("payments:transfer-decide", args=[row.pk])).content.decode()
    assert "Neither the target nor the source took it." in page
    url = reverse("payments:transfer-wallet", args=[row.pk])
    assert pavel.post(url, {"reason": "why not"}).status_code == 403
    assert petra.post(url, {"reason": ""}).status_code == 422
    assert petra.post(url, {"reason": "Both accounts are closed."}).status_code == 302
    assert both.moved(row).state == "returned"
    assert (both.bridge(), both.wallet()) == (0, 800)
    assert both.queue("transfers") == []
    assert petra.post(url, {"reason": "Once more."}).status_code == 422
    assert both.wallet() == 800
    assert both.sound()


def test_what_neither_account_takes_is_offered_to_its_source_again(
    both: Both, browse: Browse
) -> None:
    row = _stranded(both)
    answer = browse("petra").post(reverse("payments:transfer-again", args=[row.pk]))
    assert answer.status_code == 302
    both.work()
    assert both.moved(row).state == "returned"
    assert (both.bridge(), both.there(both.account)) == (0, 300)
    assert both.queue("transfers") == []
    assert both.sound()


@pytest.mark.parametrize("booked", [True, False])
def test_a_leg_that_nobody_knows_of_is_settled_with_proof(
    both: Both, browse: Browse, booked: bool
) -> None:
    both.house.fail(BALANCE, FaultKind.DROP_AFTER)
    row = both.move("300.00", None, both.account)
    with both.house.later(minutes=45):
        payments_watch()
    assert both.queue("transfers") == [row.pk]
    petra = browse("petra")
    page = petra.get(reverse("payments:transfer-decide", args=[row.pk])).content.decode()
    assert "nobody knows yet whether it arrived" in page
    url = reverse("payments:transfer-settle", args=[row.pk])
    form = {"outcome": "booked" if booked else "not", "proof": "Seen on the server by the desk."}
    assert petra.post(url, {**form, "proof": "yes"}).status_code == 422
    if booked:
        assert petra.post(url, form).status_code == 422  # without the deal's number
        form["ticket"] = "777001"
    assert petra.post(url, form).status_code == 302
    both.work()
    assert both.moved(row).state == ("done" if booked else "returned")
    assert (both.bridge(), both.wallet()) == (0, 700 if booked else 1000)
    payments_watch()
    assert both.queue("transfers") == []
    assert both.sound()


# Withdrawals from an account


def _from_account(both: Both, amount: str) -> Withdrawal:
    both.approved_card()
    row = both.withdraw(amount, account=both.account)
    both.work()
    return both.outgoing(row)


def test_a_withdrawal_from_an_account_takes_it_off_first_then_holds_it(both: Both) -> None:
    both.move("300.00", None, both.account)
    row = _from_account(both, "120.00")
    assert (row.state, both.there(both.account), both.mirror(both.account)) == ("review", 180, 180)
    assert (both.wallet(), both.available(), both.bridge()) == (820, 700, 0)
    assert both.queue("withdrawals") == [row.pk]
    with both.scope():
        with pytest.raises(FourEyes):
            withdrawal_approve(actor=both.actor, withdrawal=row)
        withdrawal_approve(actor=both.world.actor("petra"), withdrawal=row)
    both.work()
    both.gateway_pays(row)
    assert both.outgoing(row).state == "paid"
    assert both.sound()


def test_without_free_margin_the_server_refuses_and_the_withdrawal_is_rejected(
    both: Both,
) -> None:
    both.move("50.00", None, both.account)
    row = _from_account(both, "60.00")
    assert (row.state, row.reason_code) == ("rejected", "open_positions")
    assert "No money" in row.reason
    assert (both.wallet(), both.available(), both.there(both.account)) == (950, 950, 50)
    assert both.queue("withdrawals") == []
    assert both.sound()


def test_while_the_server_does_not_answer_the_withdrawal_waits_for_its_money(both: Both) -> None:
    both.move("300.00", None, both.account)
    both.house.fail(BALANCE, FaultKind.DROP_AFTER)
    row = _from_account(both, "100.00")
    assert (row.state, row.hold_id, both.wallet()) == ("requested", None, 700)
    with both.house.later(minutes=6):
        both.work()
    with both.house.later(minutes=12):
        both.work()
    assert (both.outgoing(row).state, both.available()) == ("review", 700)
    assert both.sound()


def test_what_a_client_owes_is_taken_as_money_comes_off_the_account(both: Both) -> None:
    both.move("900.00", None, both.account)
    with both.scope():
        row = chargeback_enter(
            actor=both.actor,
            deposit=Deposit.objects.get(),
            money=eur("300.00"),
            reason_code="general",
            note="Letter of the 3rd, page 2",
        )
    debt = f"client:{both.client.pk}:receivable"
    assert (both.wallet(), both.balance(debt)) == (0, 200)
    both.move("250.00", both.account, None)
    assert (both.wallet(), both.balance(debt)) == (50, 0)
    assert both.journals(row.reference)[-1] == "chargeback_repaid"
    assert both.sound()
