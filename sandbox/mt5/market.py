"""Moving prices: one seeded random walk per symbol, and conversion between currencies."""

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.mt5.clock import ServerClock
from sandbox.mt5.configs import Group, Symbol
from sandbox.mt5.retcodes import Rejected, Retcode

SECONDS_PER_YEAR = 365 * 86_400
# A pull towards the reference price keeps the walk of a long-running demo in a sane range.
PULL_PER_STEP = 0.00002


@dataclass(slots=True)
class Tick:
    """The last quote of a symbol with the day's range; `trans_id` grows with every change."""

    symbol: str
    digits: int
    bid: float
    ask: float
    time_msc: int
    trans_id: int
    bid_low: float
    bid_high: float
    ask_low: float
    ask_high: float
    open: float
    direction: int = 0

    def wire(self) -> dict[str, object]:
        digits = self.digits
        return {
            "Symbol": self.symbol,
            "Digits": str(digits),
            "Datetime": str(self.time_msc // 1000),
            "DatetimeMsc": str(self.time_msc),
            "Bid": f"{self.bid:.{digits}f}",
            "Ask": f"{self.ask:.{digits}f}",
            "Last": f"{0:.{digits}f}",
            "Volume": "0",
            "VolumeReal": "0.00",
        }


class NoRate(Rejected):
    """No chain of quotes leads from one currency to the other."""

    def __init__(self) -> None:
        super().__init__(Retcode.NO_PRICES)


class Market:
    """Quotes of all symbols. `step` moves them; the same seed gives the same prices."""

    def __init__(self, symbols: dict[str, Symbol], clock: ServerClock, *, seed: int) -> None:
        self._symbols = symbols
        self._clock = clock
        self._random = random.Random(f"market-{seed}")
        self._trans_id = 0
        self.ticks: dict[str, Tick] = {}
        self.pinned: set[str] = set()
        for symbol in symbols.values():
            self.set_price(symbol.name, symbol.price)

    def set_price(self, name: str, bid: float, ask: float | None = None) -> Tick:
        """Quote a symbol; without an ask the symbol's usual spread is added."""
        symbol = self._symbols[name]
        bid = round(bid, symbol.digits)
        if ask is None:
            ask = bid + symbol.spread_points * symbol.point
        ask = round(ask, symbol.digits)
        self._trans_id += 1
        now, old = self._clock.now_msc(), self.ticks.get(name)
        is_same_day = old is not None and old.time_msc // 86_400_000 == now // 86_400_000
        low, high, ask_low, ask_high, opening = bid, bid, ask, ask, bid
        if old is not None and is_same_day:
            low, high = min(old.bid_low, bid), max(old.bid_high, bid)
            ask_low, ask_high = min(old.ask_low, ask), max(old.ask_high, ask)
            opening = old.open
        direction = 0 if old is None else 1 if bid > old.bid else 2 if bid < old.bid else 0
        tick = Tick(
            name, symbol.digits, bid, ask, now, self._trans_id, low, high, ask_low, ask_high,
            opening, direction,
        )  # fmt: skip
        self.ticks[name] = tick
        return tick

    def is_open(self, symbol: Symbol) -> bool:
        """Forex, metals and indices rest from Friday night to Sunday night, server time."""
        if symbol.is_weekend_traded:
            return True
        wall = datetime.fromtimestamp(self._clock.now_s(), UTC)
        return wall.weekday() < 5

    def step(self, seconds: float) -> list[str]:
        """Move every open symbol by what it would move in `seconds`; the names that moved."""
        scale = math.sqrt(max(seconds, 0.0) / SECONDS_PER_YEAR)
        moved = []
        for name, symbol in self._symbols.items():
            # The draw happens for resting symbols too: prices then don't depend on weekdays.
            draw = self._random.gauss(0.0, 1.0)
            if name in self.pinned or not self.is_open(symbol):
                continue
            bid = self.ticks[name].bid
            pull = math.log(symbol.price / bid) * PULL_PER_STEP * seconds
            self.set_price(name, bid * math.exp(symbol.volatility * scale * draw + pull))
            moved.append(name)
        return moved

    @property
    def trans_id(self) -> int:
        return self._trans_id

    def bid(self, name: str, group: Group | None = None) -> float:
        """The price at which an account of the group sells."""
        return self._marked_up(name, group)[0]

    def ask(self, name: str, group: Group | None = None) -> float:
        """The price at which an account of the group buys."""
        return self._marked_up(name, group)[1]

    def _marked_up(self, name: str, group: Group | None) -> tuple[float, float]:
        tick, symbol = self.ticks[name], self._symbols[name]
        points = group.spread_markup_points if group else 0
        down = points // 2
        up = points - down
        bid = round(tick.bid - down * symbol.point, symbol.digits)
        return bid, round(tick.ask + up * symbol.point, symbol.digits)

    # Conversion

    def rate(self, source: str, target: str, *, is_buying: bool) -> float:
        """Units of `target` for one unit of `source`.

        Buying the source costs the ask, selling it brings the bid. Without a pair of the two
        currencies the way goes through the dollar. Raises NoRate.
        """
        if source == target:
            return 1.0
        direct = self._pair_rate(source, target, is_buying=is_buying)
        if direct is not None:
            return direct
        first = self._pair_rate(source, "USD", is_buying=is_buying)
        second = self._pair_rate("USD", target, is_buying=is_buying)
        if first is None or second is None:
            raise NoRate
        return first * second

    def _pair_rate(self, source: str, target: str, *, is_buying: bool) -> float | None:
        if source == target:
            return 1.0
        tick = self.ticks.get(source + target)
        if tick is not None:
            return tick.ask if is_buying else tick.bid
        tick = self.ticks.get(target + source)
        if tick is not None:
            return 1.0 / (tick.bid if is_buying else tick.ask)
        return None

    def profit_rate(self, source: str, target: str, profit: float) -> float:
        """The rate that turns a profit or loss of the symbol's currency into the account's."""
        # A profit is sold for the deposit currency, a loss has to be bought with it.
        return self.rate(source, target, is_buying=profit < 0)
