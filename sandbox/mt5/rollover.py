"""The end of the server's day: swaps, yesterday's figures, daily reports."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.mt5.records import Action, Deal, Position, User
from sandbox.mt5.trading import Engine
from sandbox.mt5.wire_values import VOLUME_EXT_PER_LOT, money_minor, money_text

DAY_S = 86_400
_DAILY_SUMS = {
    Action.BALANCE: "DailyBalance",
    Action.CREDIT: "DailyCredit",
    Action.CHARGE: "DailyCharge",
    Action.CORRECTION: "DailyCorrection",
    Action.BONUS: "DailyBonus",
}


@dataclass(slots=True)
class Daily:
    """A daily report of an account, ready to be sent; `time_s` is the end of its day."""

    login: int
    time_s: int
    record: dict[str, object]


class Rollover:
    """Runs once for each day that ends; nothing happens on the first call."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.day = engine.clock.now_s() // DAY_S
        self.dailies: dict[int, list[Daily]] = defaultdict(list)

    def check(self) -> None:
        """Close the days that have ended since the last call (a long pause counts as one)."""
        day = self._engine.clock.now_s() // DAY_S
        if day > self.day:
            self._end_day(day * DAY_S)
            self.day = day

    def _end_day(self, midnight_s: int) -> None:
        book = self._engine.book
        weekday = (datetime.fromtimestamp(midnight_s - 1, UTC).weekday() + 1) % 7
        for position in list(book.positions.values()):
            self._charge_swap(position, weekday)
        for login, user in sorted(book.users.items()):
            if login in book.active or book.has_trades(login):
                self._close_books(user, midnight_s)

    def _charge_swap(self, position: Position, weekday: int) -> None:
        """Add a night's swap, three on the symbol's triple day; weekday 0 is Sunday."""
        book = self._engine.book
        symbol = book.symbols[position.symbol]
        if weekday in {0, 6} and not symbol.is_weekend_traded:
            return
        points = symbol.swap_long if position.action == Action.BUY else symbol.swap_short
        nights = 3 if weekday == symbol.swap_3day else 1
        lots = position.volume_ext / VOLUME_EXT_PER_LOT
        raw = points * symbol.point * symbol.contract_size * lots * nights
        group = book.group_of(book.users[position.login])
        rate = self._engine.market.profit_rate(symbol.currency_profit, group.currency, raw)
        position.storage += money_minor(raw * rate, group.currency_digits)
        book.add_position(position)

    def _close_books(self, user: User, midnight_s: int) -> None:
        state = self._engine.math.state(user)
        daily = Daily(user.login, midnight_s - 1, self._report(user, midnight_s))
        self.dailies[user.login].append(daily)
        self._engine.book.mark("daily", daily_key(daily))
        user.balance_prev_day, user.equity_prev_day = user.balance, state.equity
        if datetime.fromtimestamp(midnight_s, UTC).day == 1:
            user.balance_prev_month, user.equity_prev_month = user.balance, state.equity
        self._engine.book.mark("user", user.login)

    def _report(self, user: User, midnight_s: int) -> dict[str, object]:
        book, money = self._engine.book, user.currency_digits
        group = book.group_of(user)
        deals = book.deals.page(user.login, (midnight_s - DAY_S) * 1000, midnight_s * 1000 - 1)
        state = self._engine.math.state(user)
        record: dict[str, object] = {
            "Timestamp": str(midnight_s - 1),
            "Datetime": str(midnight_s - 1),
            "DatetimePrev": str(midnight_s - DAY_S - 1),
            "Login": str(user.login),
            "Name": user.name,
            "Group": user.group,
            "Currency": group.currency,
            "CurrencyDigits": str(money),
            "Company": group.company,
            "EMail": user.email,
        }
        amounts = {
            "Balance": user.balance,
            "Credit": user.credit,
            "InterestRate": 0,
            "CommissionDaily": 0,
            "CommissionMonthly": 0,
            "AgentDaily": 0,
            "AgentMonthly": 0,
            "BalancePrevDay": user.balance_prev_day,
            "BalancePrevMonth": user.balance_prev_month,
            "EquityPrevDay": user.equity_prev_day,
            "EquityPrevMonth": user.equity_prev_month,
            "Margin": state.margin,
            "MarginFree": state.free,
            "Profit": state.profit,
            "ProfitStorage": state.storage,
            "ProfitEquity": state.equity,
            **_day_sums(deals),
        }
        record.update({name: money_text(value, money) for name, value in amounts.items()})
        record["MarginLevel"] = f"{state.level:.2f}"
        record["MarginLeverage"] = str(user.leverage)
        record["Positions"] = [one.wire() for one in book.positions_of(user.login)]
        record["Orders"] = [one.wire() for one in book.orders_of(user.login)]
        return record


def _day_sums(deals: list[Deal]) -> dict[str, int]:
    sums = dict.fromkeys(("DailyProfit", "DailyStorage", "DailyCommInstant"), 0)
    sums |= dict.fromkeys(_DAILY_SUMS.values(), 0)
    for deal in deals:
        if deal.action in {Action.BUY, Action.SELL}:
            sums["DailyProfit"] += deal.profit
            sums["DailyStorage"] += deal.storage
            sums["DailyCommInstant"] += deal.commission
        elif deal.action in _DAILY_SUMS:
            sums[_DAILY_SUMS[Action(deal.action)]] += deal.profit
    return sums


def daily_key(daily: Daily) -> int:
    """One number for a report: its login and its day."""
    return daily.login * 100_000 + daily.time_s // DAY_S
