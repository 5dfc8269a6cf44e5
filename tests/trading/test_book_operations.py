"""Balance operations: money reaches a trading account once, whatever the line does."""

from decimal import Decimal
from unittest.mock import Mock

import pytest
from django.db import IntegrityError, transaction

from backoffice.core.clock import now
from backoffice.core.errors import IdempotencyConflict, InvalidInput, StateConflict
from backoffice.core.money import Money
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import moves, outbox
from backoffice.workflow.models import OutboxItem, Transition
from sandbox.mt5.faults import FaultKind
from tests.trading.house import BALANCE, House
from trading import money, services
from trading.errors import AccountNotReady, CurrencyDiffers
from trading.models import Account, BalanceOperation, OnMissing
from trading.states import OPERATION

APPLIED_ANYWAY = [
    FaultKind.TIMEOUT_AFTER,
    FaultKind.DROP_AFTER,
    FaultKind.GARBAGE,
    FaultKind.RETCODE_AFTER,
]
NEVER_APPLIED = [
    FaultKind.TIMEOUT_BEFORE,
    FaultKind.DROP_BEFORE,
    FaultKind.FORBIDDEN,
    FaultKind.RETCODE,
]


def _settle(house: House, *, minutes: int = 6) -> None:
    """Let the searches come round: once soon, once when a slow server can't book any more."""
    with house.later(seconds=10):
        house.drain()
    with house.later(minutes=minutes):
        house.drain()


def _states(house: House, operation: BalanceOperation) -> list[str]:
    with house.scope():
        rows = Transition.objects.filter(subject_id=operation.pk).order_by("id")
        return [row.target for row in rows]


def test_a_deposit_is_booked_once_with_its_token_first(house: House) -> None:
    account = house.open()
    operation = house.ask(account, "1250.50")
    [deal] = house.deals(account.login)
    assert (operation.state, operation.deal_ticket) == ("applied", deal.ticket)
    assert (deal.profit, deal.comment) == (125_050, operation.token)
    assert len(operation.token) <= 31
    assert _states(house, operation) == ["queued", "sending", "applied"]


def test_nothing_is_sent_before_the_commit(house: House) -> None:
    account = house.open()
    with house.scope() as actor:
        operation = services.operation_request(
            actor=actor, account=account, amount=Money(Decimal(5), "EUR"), business_ref="deposit:1"
        )
    assert (operation.state, house.calls(BALANCE)) == ("queued", 0)


def test_a_withdrawal_beyond_the_balance_is_refused_with_the_servers_words(house: House) -> None:
    account = house.open()
    operation = house.ask(account, "-10.00", "withdrawal:1")
    assert (operation.state, operation.error) == ("refused", "10019 No money")
    assert house.user(account.login).balance == 0


@pytest.mark.parametrize("kind", APPLIED_ANYWAY)
def test_a_lost_answer_is_found_by_its_token(house: House, kind: FaultKind) -> None:
    account = house.open()
    house.fail(BALANCE, kind)
    operation = house.ask(account, "100.00")
    assert operation.state == "unknown"
    with house.later(seconds=10):
        house.drain()
    operation = house.operation(operation)
    [deal] = house.deals(account.login)
    assert (operation.state, operation.deal_ticket) == ("applied", deal.ticket)
    assert (house.calls(BALANCE), house.user(account.login).balance) == (1, 10_000)


@pytest.mark.parametrize("kind", NEVER_APPLIED)
def test_money_put_on_that_never_arrived_is_sent_once_more(house: House, kind: FaultKind) -> None:
    account = house.open()
    house.fail(BALANCE, kind)
    operation = house.ask(account, "100.00")
    assert operation.state == "unknown"
    _settle(house)
    operation = house.operation(operation)
    assert (operation.state, operation.sends, house.calls(BALANCE)) == ("applied", 2, 2)
    assert [deal.comment for deal in house.deals(account.login)] == [operation.token]


@pytest.mark.parametrize("kind", NEVER_APPLIED)
def test_money_taken_off_that_never_left_is_given_up(house: House, kind: FaultKind) -> None:
    account = house.open()
    house.ask(account, "100.00")
    house.fail(BALANCE, kind)
    operation = house.ask(account, "-40.00", "withdrawal:1")
    _settle(house)
    operation = house.operation(operation)
    assert (operation.state, operation.deal_ticket) == ("voided", None)
    assert operation.error == "Not on the server after 2 looks in 6 minutes."
    assert (house.calls(BALANCE), house.user(account.login).balance) == (2, 10_000)


def test_a_second_loss_of_a_resent_operation_ends_it(house: House) -> None:
    account = house.open()
    house.fail(BALANCE, FaultKind.DROP_BEFORE, times=2)
    operation = house.ask(account, "100.00")
    _settle(house)
    assert house.operation(operation).state == "unknown"
    with house.later(minutes=7):
        house.drain()
    with house.later(minutes=13):
        house.drain()
    assert (house.operation(operation).state, house.calls(BALANCE)) == ("voided", 2)


def test_one_look_or_an_early_one_settles_nothing(house: House) -> None:
    account = house.open()
    house.fail(BALANCE, FaultKind.DROP_BEFORE)
    operation = house.ask(account, "-1.00", "withdrawal:1", on_missing=OnMissing.VOID)
    for seconds in (10, 60, 180, 290):
        with house.later(seconds=seconds):
            house.drain()
    operation = house.operation(operation)
    assert (operation.state, operation.looks) == ("unknown", 4)


def test_a_slow_server_that_books_after_the_first_look_is_not_asked_twice(house: House) -> None:
    account = house.open()
    house.fail(BALANCE, FaultKind.DROP_BEFORE)
    operation = house.ask(account, "100.00")
    with house.later(seconds=10):
        house.drain()
    house.book(account.login, 10_000, operation.token)
    with house.later(minutes=6):
        house.drain()
    assert house.operation(operation).state == "applied"
    assert (house.calls(BALANCE), house.user(account.login).balance) == (1, 10_000)


def test_a_login_that_we_may_not_see_any_more_proves_nothing(house: House) -> None:
    account = house.open()
    house.fail(BALANCE, FaultKind.DROP_BEFORE)
    operation = house.ask(account, "-1.00", "withdrawal:1")
    house.fail("user/get", FaultKind.RETCODE, times=20, retcode=13)
    _settle(house)
    with house.later(minutes=20):
        house.drain()
    operation = house.operation(operation)
    assert (operation.state, operation.looks) == ("unknown", 0)


def test_a_worker_that_died_while_sending_leaves_a_question_and_never_a_double(
    house: House,
) -> None:
    account = house.open()
    with house.scope() as actor:
        operation = services.operation_request(
            actor=actor, account=account, amount=Money(Decimal(7), "EUR"), business_ref="deposit:1"
        )
    item = _item(house, operation)
    house.fail(BALANCE, FaultKind.DROP_AFTER)
    _die_after_sending(house, item)
    assert house.operation(operation).state == "sending"
    money.operation_send(house.system, item)  # its item comes back to another worker
    assert (house.operation(operation).state, house.calls(BALANCE)) == ("sending", 1)
    with house.later(minutes=3):
        assert money.janitor(house.system) >= 1
    with house.later(minutes=4):
        house.drain()
    assert house.operation(operation).state == "applied"
    assert (house.calls(BALANCE), house.user(account.login).balance) == (1, 700)


def _item(house: House, operation: BalanceOperation) -> OutboxItem:
    with house.scope():
        return OutboxItem.objects.get(subject_id=operation.pk, topic=money.SEND)


def _die_after_sending(house: House, item: OutboxItem) -> None:
    """The process ends between the server's answer and our transaction."""

    class Killed(BaseException):
        pass

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(money, "_settle", Mock(side_effect=Killed))
        with pytest.raises(Killed):
            money.operation_send(house.system, item)


def test_a_server_that_is_away_keeps_the_operation_in_the_queue(house: House) -> None:
    account = house.open()
    with house.scope("adam") as adam:
        services.server_change(actor=adam, server=house.server, url="https://127.0.0.1:9")
    operation = house.ask(account, "10.00")
    assert (operation.state, operation.sends, house.calls(BALANCE)) == ("queued", 0, 0)
    assert operation.error
    with house.scope("adam") as adam:
        services.server_change(actor=adam, server=house.server, url=house.mt5.url)
    with house.later(minutes=6):
        house.drain()
    assert house.operation(operation).state == "applied"


def test_operations_of_one_login_go_one_after_the_other(house: House) -> None:
    account = house.open()
    house.fail(BALANCE, FaultKind.DROP_AFTER)
    first = house.ask(account, "100.00", "deposit:1")
    second = house.ask(account, "-30.00", "withdrawal:2")
    third = house.ask(account, "5.00", "deposit:3")
    assert (first.state, second.state, third.state) == ("unknown", "queued", "queued")
    assert house.calls(BALANCE) == 1
    with house.later(seconds=10):
        while house.drain():  # each as soon as the one before it ended
            pass
    assert [deal.profit for deal in house.deals(account.login)] == [10_000, -3_000, 500]


def test_another_login_does_not_wait(house: House) -> None:
    anna, ben = house.open(), house.open(first_name="Ben", email="ben@mail.example")
    house.fail(BALANCE, FaultKind.DROP_BEFORE)
    assert house.ask(anna, "1.00", "deposit:1").state == "unknown"
    assert house.ask(ben, "2.00", "deposit:2").state == "applied"


def test_the_database_keeps_a_second_operation_off_the_wire(house: House) -> None:
    account = house.open()
    house.fail(BALANCE, FaultKind.DROP_BEFORE)
    house.ask(account, "1.00", "deposit:1")
    second = house.ask(account, "2.00", "deposit:2")
    with house.scope(), pytest.raises(IntegrityError), transaction.atomic():
        BalanceOperation.objects.filter(pk=second.pk).update(state="sending", sent_at=now())


def test_the_same_business_asks_twice_and_books_once(house: House) -> None:
    account = house.open()
    first = house.ask(account, "10.00")
    again = house.ask(account, "10.00")
    assert (again.pk, house.calls(BALANCE)) == (first.pk, 1)
    with pytest.raises(IdempotencyConflict):
        house.ask(account, "11.00")
    assert house.user(account.login).balance == 1_000


@pytest.mark.parametrize(
    ("amount", "currency", "error"),
    [
        ("10.00", "USD", CurrencyDiffers),
        ("0", "EUR", InvalidInput),
        ("1000000000.01", "EUR", InvalidInput),
        ("-1000000000.01", "EUR", InvalidInput),
    ],
)
def test_amounts_that_cant_be_booked_are_refused_here(
    house: House, amount: str, currency: str, error: type[Exception]
) -> None:
    account = house.open()
    with pytest.raises(error):
        house.ask(account, amount, currency=currency)
    assert house.calls(BALANCE) == 0
    with house.scope():
        assert not BalanceOperation.objects.exists()


def test_no_money_for_an_account_that_is_not_open_yet(house: House) -> None:
    account = house.open()
    with house.scope():
        Account.objects.filter(pk=account.pk).update(login=None, state="opening")
    with pytest.raises(AccountNotReady):
        house.ask(house.account(account), "1.00")


def test_another_brokerages_account_is_not_found(house: House) -> None:
    account = house.open()
    zoe = house.world.actor("zoe")
    with tenant_scope(zoe.tenant_id, zoe), pytest.raises(Account.DoesNotExist):
        services.operation_request(
            actor=zoe, account=account, amount=Money(Decimal(1), "EUR"), business_ref="deposit:1"
        )


def test_a_queued_operation_can_be_given_up_and_a_sent_one_can_not(house: House) -> None:
    account = house.open()
    house.fail(BALANCE, FaultKind.DROP_BEFORE)
    unknown = house.ask(account, "1.00", "deposit:1")
    waiting = house.ask(account, "2.00", "deposit:2")
    with house.scope() as actor:
        services.operation_cancel(actor=actor, operation=waiting, reason="asked by mistake")
        with pytest.raises(StateConflict):
            services.operation_cancel(actor=actor, operation=unknown, reason="impatient")
    with house.later(seconds=10):
        house.drain()
    assert house.operation(waiting).state == "voided"
    assert house.calls(BALANCE) == 1


def test_a_person_may_have_it_looked_for_now(house: House) -> None:
    account = house.open()
    house.fail(BALANCE, FaultKind.DROP_AFTER)
    operation = house.ask(account, "1.00")
    with house.scope() as actor:
        services.operation_look(actor=actor, operation=operation)
    house.drain()
    assert house.operation(operation).state == "applied"


def test_another_amount_under_our_token_waits_for_a_person(house: House) -> None:
    account = house.open()
    house.fail(BALANCE, FaultKind.DROP_BEFORE)
    operation = house.ask(account, "100.00")
    house.book(account.login, 9_999, operation.token)
    _settle(house)
    with house.later(hours=3):
        house.drain()
    operation = house.operation(operation)
    assert operation.state == "unknown"
    assert "99.99, not 100.00" in operation.error
    assert house.calls(BALANCE) == 1


def test_whoever_asked_hears_of_the_end(house: House) -> None:
    heard: list[tuple[str, str]] = []

    @outbox.handles("tests.operation_ended")
    def ended(actor: object, item: OutboxItem) -> None:
        heard.append((str(item.subject_id), item.payload["to"]))

    followers = dict.fromkeys(OPERATION.final, ["tests.operation_ended"])
    moves.register(OPERATION, followers)
    try:
        account = house.open()
        booked = house.ask(account, "10.00", "deposit:1")
        refused = house.ask(account, "-99.00", "withdrawal:1")
        house.drain()
    finally:
        for state in OPERATION.final:
            moves._followers[OPERATION.name, state].remove("tests.operation_ended")
    assert heard == [(str(booked.pk), "applied"), (str(refused.pk), "refused")]


def test_the_janitor_takes_up_what_the_outbox_lost(house: House) -> None:
    account = house.open()
    with house.scope() as actor:
        operation = services.operation_request(
            actor=actor, account=account, amount=Money(Decimal(3), "EUR"), business_ref="deposit:1"
        )
        OutboxItem.objects.filter(subject_id=operation.pk).delete()
    assert money.janitor(house.system) == 0
    with house.later(minutes=3):
        assert money.janitor(house.system) == 1
        house.drain()
    assert house.operation(operation).state == "applied"
