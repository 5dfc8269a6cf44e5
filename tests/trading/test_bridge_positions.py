"""Open positions, margin and prices through the bridge."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from sandbox.mt5.records import Action
from tests.trading.mt5_brokerage import ANNA, Brokerage, brokerage


@pytest.fixture
def mt5() -> Iterator[Brokerage]:
    with brokerage() as running:
        yield running


def test_a_trading_account_has_margin_and_an_open_position(mt5: Brokerage) -> None:
    core = mt5.server.core
    mt5.deposit("10000.00")
    symbol = core.book.symbols["EURUSD"]
    mt5.server.run(core.engine.open, mt5.user(ANNA), symbol, Action.SELL, 3_000_000)
    state = mt5.platform.account_state(ANNA)
    assert not state.flat
    assert state.currency_digits == 2
    assert state.balance == Decimal("10000.00")
    assert state.margin > 0
    assert state.equity == state.balance + state.profit
    assert state.margin_free == state.equity - state.margin
    [position] = mt5.platform.positions_of(ANNA)
    [[same]] = mt5.platform.positions(logins=[ANNA])
    assert (position.symbol, position.action, position.lots) == ("EURUSD", 1, Decimal("0.03"))
    assert (same.position, same.lots, same.opened_utc) == (
        position.position,
        position.lots,
        position.opened_utc,
    )
    states = [s for batch in mt5.platform.account_states(logins=[ANNA]) for s in batch]
    assert [found.login for found in states] == [ANNA]


def test_more_positions_than_a_page_are_all_read(mt5: Brokerage) -> None:
    core = mt5.server.core
    mt5.deposit("1000000.00")
    symbol = core.book.symbols["EURUSD"]
    for _ in range(130):
        mt5.server.run(core.engine.open, mt5.user(ANNA), symbol, Action.BUY, 1_000_000)
    assert len(mt5.platform.positions_of(ANNA)) == 130
    assert mt5.calls("position/get_page") == 2
    assert sum(len(batch) for batch in mt5.platform.positions(group="real\\*")) == 130


def test_ticks_come_with_a_cursor(mt5: Brokerage) -> None:
    first = mt5.platform.ticks(["EURUSD", "GBPUSD"])
    assert sorted(tick.symbol for tick in first.ticks) == ["EURUSD", "GBPUSD"]
    assert all(0 < tick.bid < tick.ask for tick in first.ticks)
    assert mt5.platform.ticks(["EURUSD", "GBPUSD"], first.cursor).ticks == ()
