"""Money through the bridge into a real server: booked once, or known to be in doubt."""

import random
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from backoffice.core.clock import now
from sandbox.mt5.faults import FaultKind
from sandbox.mt5.records import Action
from tests.trading.mt5_brokerage import ANNA, BEN, SILENT, Brokerage, brokerage
from trading.bridge import port
from trading.bridge.errors import BalanceConflict, BridgeError

BALANCE = "trade/balance"


@pytest.fixture
def mt5() -> Iterator[Brokerage]:
    with brokerage() as running:
        yield running


def test_a_deposit_is_booked_with_its_token(mt5: Brokerage) -> None:
    outcome = mt5.deposit("1250.50")
    [deal] = mt5.deals(ANNA)
    assert outcome == port.Applied(deal.ticket)
    assert (deal.profit, deal.comment, deal.action) == (125_050, "D-2026-000123", Action.BALANCE)
    assert mt5.user(ANNA).balance == 125_050


def test_a_withdrawal_beyond_the_balance_is_refused_and_books_nothing(mt5: Brokerage) -> None:
    mt5.deposit("10.00")
    outcome = mt5.deposit("-10.01", token="W-2026-000001")
    assert outcome == port.Refused(10019, "No money", permanent=True)
    assert mt5.user(ANNA).balance == 1000


def test_credit_goes_to_credit(mt5: Brokerage) -> None:
    mt5.platform.balance_operation(
        login=ANNA,
        kind=port.BalanceKind.CREDIT,
        amount=Decimal(50),
        currency_digits=2,
        token="C-2026-000001",
        note="Welcome",
    )
    assert (mt5.user(ANNA).balance, mt5.user(ANNA).credit) == (0, 5000)


def test_an_unknown_login_is_refused(mt5: Brokerage) -> None:
    outcome = mt5.deposit(login=999_999)
    assert isinstance(outcome, port.Refused)
    assert (outcome.retcode, outcome.permanent) == (13, True)


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


@pytest.mark.parametrize("kind", APPLIED_ANYWAY)
def test_a_lost_answer_is_unknown_and_the_search_finds_the_one_deal(
    mt5: Brokerage, kind: FaultKind
) -> None:
    mt5.fail(BALANCE, kind)
    outcome = mt5.deposit_in_silence() if kind in SILENT else mt5.deposit()
    assert isinstance(outcome, port.Unknown)
    found = mt5.find()
    [deal] = mt5.deals(ANNA)
    assert found is not None
    assert (found.deal, found.profit, found.login) == (deal.ticket, Decimal("100.00"), ANNA)
    assert mt5.calls(BALANCE) == 1
    assert mt5.user(ANNA).balance == 10_000


@pytest.mark.parametrize("kind", NEVER_APPLIED)
def test_a_request_that_did_nothing_is_unknown_too_and_the_search_finds_none(
    mt5: Brokerage, kind: FaultKind
) -> None:
    mt5.fail(BALANCE, kind)
    outcome = mt5.deposit_in_silence() if kind in SILENT else mt5.deposit()
    assert isinstance(outcome, port.Unknown)
    assert mt5.find() is None
    assert mt5.calls(BALANCE) == 1
    assert mt5.user(ANNA).balance == 0


def test_a_slow_server_books_after_our_time_out_and_the_second_look_finds_it(
    mt5: Brokerage,
) -> None:
    mt5.fail(BALANCE, FaultKind.SLOW, seconds=4.0)
    assert isinstance(mt5.deposit_in_silence(), port.Unknown)
    assert mt5.find() is None  # too early: why one look is not enough
    assert mt5.until(lambda: mt5.user(ANNA).balance == 10_000)
    assert mt5.find() is not None
    assert mt5.calls(BALANCE) == 1


def test_a_line_that_broke_a_moment_ago_leaves_doubt_and_books_nothing(mt5: Brokerage) -> None:
    mt5.platform.time()
    mt5.server.drop_connections()
    assert isinstance(mt5.deposit(), port.Unknown)
    assert mt5.find() is None
    assert (mt5.calls(BALANCE), mt5.user(ANNA).balance) == (0, 0)


def test_the_search_does_not_take_another_clients_or_another_kind_of_deal(mt5: Brokerage) -> None:
    mt5.book(BEN, 10_000, "D-2026-000123")
    mt5.book(ANNA, 10_000, "D-2026-0001234")
    mt5.book(ANNA, 10_000, "see D-2026-000123")
    assert mt5.find() is None


def test_the_search_takes_a_note_behind_the_token(mt5: Brokerage) -> None:
    deal = mt5.book(ANNA, 10_000, "D-2026-000123 by hand")
    found = mt5.find()
    assert found is not None
    assert found.deal == deal.ticket


def test_the_search_survives_a_server_clock_that_is_wrong_by_hours(mt5: Brokerage) -> None:
    hours = 5 * 3600 * 1000
    mt5.book(ANNA, 10_000, "D-2026-000123", msc=mt5.server.core.clock.now_msc() + hours)
    assert mt5.find() is not None


def test_a_row_sent_twice_is_one_deal(mt5: Brokerage) -> None:
    mt5.deposit()
    mt5.fail("deal/get_batch", FaultKind.DUPLICATE_ROWS)
    assert mt5.find() is not None


def test_another_amount_under_our_token_is_a_conflict(mt5: Brokerage) -> None:
    deal = mt5.book(ANNA, 9_999, "D-2026-000123")
    with pytest.raises(BalanceConflict, match="99.99, not 100.00") as raised:
        mt5.find()
    assert (raised.value.deals, raised.value.permanent) == ((deal.ticket,), True)


def test_two_deals_under_our_token_are_a_conflict(mt5: Brokerage) -> None:
    tickets = tuple(mt5.book(ANNA, 10_000, "D-2026-000123").ticket for _ in range(2))
    with pytest.raises(BalanceConflict) as raised:
        mt5.find()
    assert raised.value.deals == tickets


def test_the_balance_check_shows_a_deal_that_was_edited(mt5: Brokerage) -> None:
    mt5.deposit("100.00")
    assert mt5.platform.check_balance(ANNA).agrees
    mt5.user(ANNA).balance += 1
    check = mt5.platform.check_balance(ANNA)
    assert (check.balance, check.balance_from_deals) == (Decimal("100.01"), Decimal("100.00"))
    assert not check.agrees


@pytest.mark.parametrize("seed", range(4))
def test_in_a_storm_of_faults_every_operation_is_booked_once_or_not_at_all(
    mt5: Brokerage, seed: int
) -> None:
    """Thirty operations through random faults; what is in doubt is looked for, never repeated."""
    chance = random.Random(seed)
    kinds = [*APPLIED_ANYWAY, *NEVER_APPLIED]
    booked = sent = 0
    for number in range(30):
        token = f"D-2026-{number:06d}"
        mt5.server.run(mt5.server.core.faults.clear)  # those that no call has met
        calls_before = mt5.calls(BALANCE)
        platform = mt5.platform
        if chance.random() < 0.5:
            kind = chance.choice(kinds)
            platform = mt5.hurried if kind in SILENT else mt5.platform
            mt5.fail(BALANCE, kind)
        if chance.random() < 0.2:
            mt5.fail("time/server", FaultKind.FORBIDDEN)
        if chance.random() < 0.1:
            mt5.server.drop_connections()
        try:
            outcome = mt5.deposit("1.00", token=token, platform=platform)
        except BridgeError:
            assert mt5.calls(BALANCE) == calls_before
            continue
        sent += 1
        applied = isinstance(outcome, port.Applied) or mt5.find("1.00", token=token) is not None
        booked += applied
        assert mt5.calls(BALANCE) <= calls_before + 1
    tokens = [deal.comment for deal in mt5.deals(ANNA)]
    assert len(tokens) == len(set(tokens)) == booked
    assert mt5.user(ANNA).balance == 100 * booked
    assert mt5.calls(BALANCE) <= sent


def test_a_window_of_the_search_may_cross_the_change_of_summer_time(mt5: Brokerage) -> None:
    mt5.deposit()
    moment = now()
    found = mt5.platform.find_balance_deal(
        login=ANNA,
        token="D-2026-000123",
        amount=Decimal(100),
        start=moment - timedelta(days=200),
        end=moment,
    )
    assert found is not None
