"""Profit, margin and trade state of accounts: pure arithmetic over book and market."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.mt5.book import Book
from sandbox.mt5.configs import CalcMode, Group, Symbol
from sandbox.mt5.market import Market
from sandbox.mt5.records import Action, Position, User
from sandbox.mt5.wire_values import VOLUME_EXT_PER_LOT, money_minor, money_text


@dataclass(frozen=True, slots=True)
class Profit:
    """Result of a price difference: in the symbol's currency, and in minor deposit units."""

    raw: float
    rate: float
    money: int


@dataclass(frozen=True, slots=True)
class TradeState:
    """The trade state of an account; money in minor units, `level` in percent."""

    login: int
    digits: int
    leverage: int
    balance: int
    credit: int
    profit: int
    storage: int
    margin: int

    @property
    def equity(self) -> int:
        return self.balance + self.credit + self.profit + self.storage

    @property
    def free(self) -> int:
        return self.equity - self.margin

    @property
    def level(self) -> float:
        return 100.0 * self.equity / self.margin if self.margin else 0.0

    def wire(self) -> dict[str, object]:
        money = self.digits
        return {
            "Login": str(self.login),
            "CurrencyDigits": str(money),
            "Balance": money_text(self.balance, money),
            "Credit": money_text(self.credit, money),
            "Margin": money_text(self.margin, money),
            "MarginFree": money_text(self.free, money),
            "MarginLevel": f"{self.level:.2f}",
            "MarginLeverage": str(self.leverage),
            "MarginInitial": money_text(0, money),
            "MarginMaintenance": money_text(0, money),
            "Profit": money_text(self.profit, money),
            "Storage": money_text(self.storage, money),
            "Commission": money_text(0, money),
            "Floating": money_text(self.profit + self.storage, money),
            "Equity": money_text(self.equity, money),
            "SOActivation": "0",
            "SOTime": "0",
            "SOLevel": "0.00",
            "SOEquity": money_text(0, money),
            "SOMargin": money_text(0, money),
            "BlockedCommission": money_text(0, money),
            "BlockedProfit": money_text(0, money),
            "Assets": money_text(0, money),
            "Liabilities": money_text(0, money),
        }


@dataclass(frozen=True, slots=True)
class Exposure:
    """One leg for the margin calculation."""

    symbol: str
    action: int
    volume_ext: int
    price: float


class AccountMath:
    """Calculations for the accounts of one book at the prices of one market."""

    def __init__(self, book: Book, market: Market) -> None:
        self._book = book
        self._market = market

    def profit(
        self, symbol: Symbol, currency: str, digits: int, action: int, volume_ext: int,
        price_open: float, price_close: float,
    ) -> Profit:  # fmt: skip
        """Profit of a position of `action` between two prices, converted at today's rates."""
        direction = 1 if action == Action.BUY else -1
        lots = volume_ext / VOLUME_EXT_PER_LOT
        raw = direction * (price_close - price_open) * lots * symbol.contract_size
        rate = self._market.profit_rate(symbol.currency_profit, currency, raw)
        return Profit(raw, rate, money_minor(raw * rate, digits))

    def margin_rate(self, symbol: Symbol, currency: str) -> float:
        return self._market.rate(symbol.currency_margin, currency, is_buying=True)

    def margin(self, user: User, legs: Iterable[Exposure]) -> int:
        """Margin of open legs in minor units; the hedged part of a symbol is charged once."""
        group = self._book.group_of(user)
        by_symbol: dict[str, list[Exposure]] = defaultdict(list)
        for leg in legs:
            by_symbol[leg.symbol].append(leg)
        total = sum(
            self._symbol_margin(user, group, self._book.symbols[name], symbol_legs)
            for name, symbol_legs in by_symbol.items()
        )
        return money_minor(total, group.currency_digits)

    def _symbol_margin(
        self, user: User, group: Group, symbol: Symbol, legs: list[Exposure]
    ) -> float:
        volumes = {Action.BUY: 0, Action.SELL: 0}
        values = {Action.BUY: 0.0, Action.SELL: 0.0}
        for leg in legs:
            side = Action.BUY if leg.action == Action.BUY else Action.SELL
            volumes[side] += leg.volume_ext
            values[side] += leg.volume_ext * leg.price
        larger = max(Action.BUY, Action.SELL, key=lambda side: volumes[side])
        if not volumes[larger]:
            return 0.0
        lots = volumes[larger] / VOLUME_EXT_PER_LOT
        price = values[larger] / volumes[larger]
        nominal = lots * symbol.contract_size
        if symbol.calc_mode in {CalcMode.CFD, CalcMode.CFD_INDEX, CalcMode.CFD_LEVERAGE}:
            nominal *= price
        if symbol.calc_mode in {CalcMode.FOREX, CalcMode.CFD_LEVERAGE}:
            nominal /= user.leverage
        return nominal * self.margin_rate(symbol, group.currency)

    @staticmethod
    def legs(positions: Iterable[Position]) -> list[Exposure]:
        return [
            Exposure(one.symbol, one.action, one.volume_ext, one.price_open) for one in positions
        ]

    def revalue(self, position: Position, user: User) -> None:
        """Bring current price, profit and rates of an open position up to date."""
        group = self._book.group_of(user)
        symbol = self._book.symbols[position.symbol]
        is_buy = position.action == Action.BUY
        quote = self._market.bid if is_buy else self._market.ask
        position.price_current = quote(symbol.name, group)
        result = self.profit(
            symbol, group.currency, group.currency_digits, position.action,
            position.volume_ext, position.price_open, position.price_current,
        )  # fmt: skip
        position.profit = result.money
        position.rate_profit = result.rate

    def state(self, user: User, extra: Exposure | None = None) -> TradeState:
        """The account's trade state now; with `extra` as if that leg were open too."""
        positions = self._book.positions_of(user.login)
        for position in positions:
            self.revalue(position, user)
        legs = self.legs(positions)
        if extra is not None:
            legs.append(extra)
        return TradeState(
            login=user.login,
            digits=user.currency_digits,
            leverage=user.leverage,
            balance=user.balance,
            credit=user.credit,
            profit=sum(one.profit for one in positions),
            storage=sum(one.storage for one in positions),
            margin=self.margin(user, legs) if legs else 0,
        )
