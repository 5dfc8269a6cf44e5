"""Deals through the bridge: none missed, none twice, gaps told."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from sandbox.mt5.core import Settings
from sandbox.mt5.faults import FaultKind
from sandbox.mt5.records import Action
from tests.trading.mt5_brokerage import ANNA, BEN, CARLA, Brokerage, brokerage
from trading.bridge import port
from trading.bridge.errors import PartialAnswer

NOON = datetime(2025, 7, 1, 12, tzinfo=UTC)


@pytest.fixture
def mt5() -> Iterator[Brokerage]:
    with brokerage(Settings(frozen_at=NOON)) as running:
        yield running


def fill(mt5: Brokerage, login: int, count: int, *, hours_back: int = 0) -> list[int]:
    """``count`` deposits, a second apart; returns their tickets."""
    start = mt5.server.core.clock.now_msc() - hours_back * 3_600_000 - count * 1000
    return [
        mt5.book(login, 100 + number, f"D-{number:06d}", msc=start + number * 1000).ticket
        for number in range(count)
    ]


def last(mt5: Brokerage, hours: int = 1) -> port.DealWindow:
    return mt5.platform.deal_window(NOON - timedelta(hours=hours))


def tickets(batches: Iterator[port.DealBatch]) -> list[int]:
    return [deal.deal for batch in batches for deal in batch.deals]


def test_a_trade_is_read_with_lots_prices_and_both_times(mt5: Brokerage) -> None:
    core = mt5.server.core
    mt5.deposit("10000.00")
    symbol = core.book.symbols["EURUSD"]
    mt5.server.run(core.engine.open, mt5.user(ANNA), symbol, Action.BUY, 25_000_000)
    [money, trade] = mt5.platform.deals_of(ANNA, last(mt5)).deals
    assert money.is_balance_operation
    assert (trade.symbol, trade.lots, trade.entry) == ("EURUSD", Decimal("0.25"), 0)
    assert trade.is_trade
    assert trade.price > 1
    assert trade.time_utc == NOON
    assert trade.time_server_msc == int(NOON.timestamp() + 10_800) * 1000


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_every_page_is_read_once(mt5: Brokerage, count: int) -> None:
    expected = fill(mt5, ANNA, count)
    sweep = mt5.platform.deals_of(ANNA, last(mt5))
    assert [deal.deal for deal in sweep.deals] == expected
    assert (sweep.duplicates, sweep.gap) == (0, None)


def test_a_page_with_a_row_twice_is_read_again_until_the_count_fits(mt5: Brokerage) -> None:
    expected = fill(mt5, ANNA, 250)
    mt5.fail("deal/get_page", FaultKind.DUPLICATE_ROWS)
    sweep = mt5.platform.deals_of(ANNA, last(mt5))
    assert [deal.deal for deal in sweep.deals] == expected
    assert sweep.gap is None


def test_a_gap_that_stays_is_told(mt5: Brokerage) -> None:
    fill(mt5, ANNA, 250)
    mt5.fail("deal/get_page", FaultKind.DUPLICATE_ROWS, times=100)
    sweep = mt5.platform.deals_of(ANNA, last(mt5))
    assert sweep.gap is not None
    assert (sweep.gap.seen, sweep.gap.counted) == (len(sweep.deals), 250)
    assert len(sweep.deals) + sweep.duplicates == 250


def test_a_frozen_window_does_not_see_what_comes_later(mt5: Brokerage) -> None:
    expected = fill(mt5, ANNA, 3)
    window = last(mt5)
    mt5.server.run(mt5.server.core.clock.advance, 60)
    mt5.book(ANNA, 1, "later")
    assert [deal.deal for deal in mt5.platform.deals_of(ANNA, window).deals] == expected


def test_an_open_window_ends_at_the_servers_present_second(mt5: Brokerage) -> None:
    window = mt5.platform.deal_window(NOON - timedelta(minutes=10))
    server_noon = int(NOON.timestamp()) + 10_800
    assert window == port.DealWindow(server_noon - 600, server_noon)


def test_an_edited_deal_is_seen_by_the_next_sweep(mt5: Brokerage) -> None:
    fill(mt5, ANNA, 1)
    core = mt5.server.core
    before = mt5.platform.deals_of(ANNA, last(mt5)).deals
    [deal] = mt5.deals(ANNA)
    edited = replace(deal, profit=777)
    mt5.server.run(core.book.replace_deal, edited, core.clock.now_s())
    after = mt5.platform.deals_of(ANNA, last(mt5)).deals
    assert [deal.profit for deal in before + after] == [Decimal("1.00"), Decimal("7.77")]


def test_a_deleted_deal_shows_as_a_gap_to_what_we_hold(mt5: Brokerage) -> None:
    held = fill(mt5, ANNA, 5)
    mt5.server.run(mt5.server.core.book.delete_deal, held[2], mt5.server.core.clock.now_s())
    gaps = mt5.platform.deal_gaps({ANNA: 5, BEN: 0}, last(mt5))
    assert gaps == (port.DealGap(ANNA, seen=5, counted=4),)


def test_many_logins_are_read_in_batches_each_deal_once(mt5: Brokerage) -> None:
    expected = [*fill(mt5, ANNA, 150), *fill(mt5, BEN, 20), *fill(mt5, CARLA, 1)]
    found = tickets(mt5.platform.deals(last(mt5), logins=[ANNA, BEN, CARLA]))
    assert sorted(found) == expected
    assert mt5.calls("deal/get_batch") == 1


def test_a_group_is_read_like_its_logins(mt5: Brokerage) -> None:
    expected = [*fill(mt5, ANNA, 5), *fill(mt5, BEN, 5)]
    assert sorted(tickets(mt5.platform.deals(last(mt5), group="real\\*"))) == expected
    assert tickets(mt5.platform.deals(last(mt5), group="demo\\*")) == []


def test_a_batch_with_a_row_twice_gives_it_once(mt5: Brokerage) -> None:
    fill(mt5, ANNA, 5)
    mt5.fail("deal/get_batch", FaultKind.DUPLICATE_ROWS)
    [batch] = mt5.platform.deals(last(mt5), logins=[ANNA])
    assert (len(batch.deals), batch.duplicates) == (4, 1)


def test_a_year_is_read_in_growing_slices_with_no_deal_on_a_border_lost_or_twice(
    mt5: Brokerage,
) -> None:
    start = NOON - timedelta(days=365)
    window = mt5.platform.deal_window(start)
    borders = [window.start_server_s + day * 86_400 for day in range(366)]
    expected = [
        mt5.book(ANNA, 100, f"D-{border}", msc=min(border, window.end_server_s) * 1000 + 500).ticket
        for border in borders
    ]
    found = tickets(mt5.platform.deals(window, logins=[ANNA]))
    assert sorted(found) == expected
    assert mt5.calls("deal/get_batch") < 25


def test_a_read_that_lost_its_session_in_the_middle_goes_on(mt5: Brokerage) -> None:
    expected = fill(mt5, ANNA, 350)
    mt5.fail("deal/get_page", FaultKind.FORBIDDEN)
    sweep = mt5.platform.deals_of(ANNA, last(mt5))
    assert [deal.deal for deal in sweep.deals] == expected


@pytest.mark.parametrize(
    "change",
    [datetime(2025, 3, 30, 1, tzinfo=UTC), datetime(2025, 10, 26, 1, tzinfo=UTC)],
    ids=["spring", "autumn"],
)
def test_deals_around_the_change_of_summer_time_are_all_in_the_window(change: datetime) -> None:
    """One deal every five minutes for three hours each way, read in windows of forty minutes with
    ten minutes of overlap, as the sync does."""
    with brokerage(Settings(frozen_at=change - timedelta(hours=3))) as mt5:
        booked: dict[int, datetime] = {}
        found: dict[int, port.Deal] = {}
        watermark = change - timedelta(hours=4)
        for step in range(72):
            moment = change - timedelta(hours=3) + timedelta(minutes=5 * step)
            booked[mt5.book(ANNA, 100, f"D-{step:06d}").ticket] = moment
            if step % 6 == 5:
                window = mt5.platform.deal_window(watermark - timedelta(minutes=10))
                for batch in mt5.platform.deals(window, logins=[ANNA]):
                    found |= {deal.deal: deal for deal in batch.deals}
                watermark = moment
            mt5.server.run(mt5.server.core.clock.advance, 300)
        assert set(found) == set(booked)
        shifted = [ticket for ticket, deal in found.items() if deal.time_utc != booked[ticket]]
        repeated = [t for t, m in booked.items() if change <= m < change + timedelta(hours=1)]
        assert shifted == ([] if change.month == 3 else repeated)


def test_a_slice_that_the_server_cuts_is_asked_for_in_halves(mt5: Brokerage) -> None:
    expected = fill(mt5, ANNA, 50, hours_back=2)
    mt5.fail("deal/get_batch", FaultKind.RETCODE_AFTER, retcode=14, times=3)
    window = mt5.platform.deal_window(NOON - timedelta(days=1))
    assert sorted(tickets(mt5.platform.deals(window, group="real\\*"))) == expected
    assert mt5.calls("deal/get_batch") > 4


def test_a_search_that_the_server_cuts_does_not_say_none(mt5: Brokerage) -> None:
    mt5.fail("deal/get_batch", FaultKind.RETCODE_AFTER, retcode=14)
    with pytest.raises(PartialAnswer):
        mt5.find()
