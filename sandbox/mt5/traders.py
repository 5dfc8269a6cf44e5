"""Clients that trade by themselves: who trades what, how often and how big, by seed."""

import random
from dataclasses import dataclass, field

from sandbox.mt5.configs import HOUSE_GROUPS, MANAGER_GROUP, Symbol
from sandbox.mt5.pending import PendingOrders, PendingTerms
from sandbox.mt5.records import Action, OrderType, Position, Reason, User, UserRights
from sandbox.mt5.retcodes import Rejected
from sandbox.mt5.trading import Engine, Ticket
from sandbox.mt5.wire_values import VOLUME_EXT_PER_LOT, money_minor

# An average client does something every four minutes of market time.
ACTIONS_PER_SECOND = 1 / 240
HOUSE_ACTIONS_PER_SECOND = 1 / 20
# A new client looks around first.
QUIET_S = 120
POSITIONS_MAX = 6
RISK_OF_EQUITY = 0.04
TRADERS_MAX = 2_000
STEPS_BETWEEN_LOOKUPS = 15


@dataclass(frozen=True, slots=True)
class Habits:
    """How one client trades."""

    activity: float
    symbols: tuple[str, ...]
    boldness: float
    uses_stops: bool
    uses_orders: bool


@dataclass(slots=True)
class Crowd:
    """Clients who share a pace; `due` carries a broken action over to the next step."""

    actions_per_s: float
    logins: list[int] = field(default_factory=list)
    due: float = 0.0


class Traders:
    """Lets funded accounts open and close positions. The same seed makes the same trades."""

    def __init__(self, engine: Engine, pending: PendingOrders, *, seed: int) -> None:
        self._engine = engine
        self._pending = pending
        self._book = engine.book
        self._seed = seed
        self._random = random.Random(f"traders-{seed}")
        self._habits: dict[int, Habits] = {}
        self._steps = 0
        self._users_seen = 0
        self._clients = Crowd(ACTIONS_PER_SECOND)
        self._house = Crowd(HOUSE_ACTIONS_PER_SECOND)

    def habits(self, login: int) -> Habits:
        known = self._habits.get(login)
        if known is None:
            dice = random.Random(f"habits-{self._seed}-{login}")
            names = list(self._book.symbols)
            known = self._habits[login] = Habits(
                activity=dice.choice((0.0, 0.3, 0.6, 1.0, 1.0, 1.5, 2.0)),
                symbols=tuple(dice.sample(names, min(len(names), dice.randint(1, 5)))),
                boldness=dice.uniform(0.3, 2.5),
                uses_stops=dice.random() < 0.4,
                uses_orders=dice.random() < 0.25,
            )
        return known

    def step(self, seconds: float) -> None:
        """What the clients do in so many seconds of market time."""
        self._look_up()
        for crowd in (self._clients, self._house):
            crowd.due += len(crowd.logins) * crowd.actions_per_s * seconds
            actions = int(crowd.due)
            crowd.due -= actions
            for _ in range(actions):
                user = self._book.users.get(self._random.choice(crowd.logins))
                if user is None or not self._may_trade(user):
                    continue
                if self._random.random() < self.habits(user.login).activity / 2:
                    self._act(user)

    def _look_up(self) -> None:
        """Note who could trade, now and then."""
        if self._steps % STEPS_BETWEEN_LOOKUPS == 0 or self._users_seen != len(self._book.users):
            self._users_seen = len(self._book.users)
            able = [user for user in self._book.users.values() if self._may_trade(user)]
            for crowd, is_house in ((self._clients, False), (self._house, True)):
                logins = [one.login for one in able if (one.group in HOUSE_GROUPS) is is_house]
                crowd.logins = sorted(logins)[:TRADERS_MAX]
        self._steps += 1

    def _may_trade(self, user: User) -> bool:
        """Whether an account is enabled, funded, no manager, and not brand new."""
        is_enabled = bool(user.rights & UserRights.ENABLED)
        is_barred = bool(user.rights & UserRights.TRADE_DISABLED)
        is_new = self._engine.clock.now_s() - user.registration < QUIET_S
        is_client = user.group != MANAGER_GROUP
        return is_enabled and not is_barred and not is_new and user.balance > 0 and is_client

    def _act(self, user: User) -> None:
        positions = self._book.positions_of(user.login)
        is_closing = self._random.random() < len(positions) / POSITIONS_MAX
        try:
            if positions and is_closing:
                self._close(self._random.choice(positions))
            else:
                self._open(user)
        except Rejected:
            # A closed market or missing money: the client shrugs and goes on.
            return

    def _close(self, position: Position) -> None:
        symbol = self._book.symbols[position.symbol]
        volume = position.volume_ext
        if volume >= 2 * symbol.volume_min_ext and self._random.random() < 0.15:
            half = volume // 2
            volume = half - half % symbol.volume_step_ext
        self._engine.close(position, volume, Ticket(reason=self._reason()))

    def _open(self, user: User) -> None:
        habits = self.habits(user.login)
        names = [name for name in habits.symbols if name in self._book.symbols]
        if not names:
            return
        symbol = self._book.symbols[self._random.choice(names)]
        action = self._random.choice((Action.BUY, Action.SELL))
        volume = self._volume(user, symbol, habits)
        if volume < symbol.volume_min_ext:
            return
        if habits.uses_orders and self._random.random() < 0.3:
            self._place(user, symbol, action, volume)
            return
        ticket = Ticket(reason=self._reason())
        if habits.uses_stops:
            ticket = self._with_stops(symbol, action, ticket)
        self._engine.open(user, symbol, action, volume, ticket)

    def _volume(self, user: User, symbol: Symbol, habits: Habits) -> int:
        """A volume whose margin is a small part of the equity."""
        state = self._engine.math.state(user)
        margin_of_lot = self._margin_of_lot(user, symbol)
        risk = RISK_OF_EQUITY * habits.boldness * self._random.uniform(0.5, 1.5)
        volume = int(state.equity * risk / margin_of_lot * VOLUME_EXT_PER_LOT)
        volume = min(volume, symbol.volume_max_ext)
        return volume - volume % symbol.volume_step_ext

    def _margin_of_lot(self, user: User, symbol: Symbol) -> float:
        group = self._book.group_of(user)
        nominal = symbol.contract_size
        if symbol.currency_margin == symbol.currency_profit:
            nominal *= self._engine.market.ticks[symbol.name].bid
        rate = self._engine.math.margin_rate(symbol, group.currency)
        return max(money_minor(nominal * rate / user.leverage, group.currency_digits), 1)

    def _distance(self, symbol: Symbol) -> float:
        """How far away stops and orders lie: a part of the symbol's daily range."""
        daily = self._engine.market.ticks[symbol.name].bid * symbol.volatility / 16
        return daily * self._random.uniform(0.15, 0.8)

    def _with_stops(self, symbol: Symbol, action: Action, ticket: Ticket) -> Ticket:
        tick, distance = self._engine.market.ticks[symbol.name], self._distance(symbol)
        side = 1 if action is Action.BUY else -1
        stop = round(tick.bid - side * distance, symbol.digits)
        target = round(tick.ask + side * 1.5 * distance, symbol.digits)
        return Ticket(price_sl=stop, price_tp=target, reason=ticket.reason)

    def _place(self, user: User, symbol: Symbol, action: Action, volume: int) -> None:
        tick, distance = self._engine.market.ticks[symbol.name], self._distance(symbol)
        is_buy = action is Action.BUY
        kind = OrderType.BUY_LIMIT if is_buy else OrderType.SELL_LIMIT
        price = tick.ask - distance if is_buy else tick.bid + distance
        terms = PendingTerms(
            round(price, symbol.digits),
            expiration=self._engine.clock.now_s() + 86_400,
            type_time=2,
        )
        self._pending.place(user, symbol.name, kind, volume, terms, Ticket(reason=self._reason()))

    def _reason(self) -> Reason:
        return Reason.EXPERT if self._random.random() < 0.3 else Reason.CLIENT
