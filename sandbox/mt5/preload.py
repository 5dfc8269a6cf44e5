"""Accounts and deals in bulk, for benchmarks and for a demo that doesn't start empty."""

import gc
import random
from dataclasses import dataclass

from sandbox.mt5.book import Book
from sandbox.mt5.configs import HOUSE_GROUPS, MANAGER_GROUP, Group, Symbol
from sandbox.mt5.core import TradeServer
from sandbox.mt5.crypto import password_digest
from sandbox.mt5.records import Action, Deal, Entry, Order, OrderState, Position, User
from sandbox.mt5.rollover import DAY_S
from sandbox.mt5.wire_values import VOLUME_EXT_PER_LOT, money_minor

DAYS_BACK = 180
CHUNK = 20_000
HOUSE_DEALS = 20
# The password of every account made up here.
PASSWORD = "Client-1x"  # noqa: S105
FIRST_NAMES = ("Ada", "Bo", "Chen", "Dilan", "Eva", "Femi", "Grace", "Hugo", "Ines", "Jun")
LAST_NAMES = ("Almeida", "Berg", "Costa", "Dube", "Eriksen", "Fischer", "Gupta", "Haas", "Ito")
COUNTRIES = ("Germany", "Spain", "United Kingdom", "Poland", "Portugal", "South Africa")


@dataclass(slots=True)
class _Open:
    """The position an account has open while its past is being made up."""

    deal: Deal
    direction: int


class Preloader:
    """Makes up accounts and their past. The balance of each is the sum of its deals."""

    def __init__(self, server: TradeServer, *, seed: int) -> None:
        self._server = server
        self._book: Book = server.book
        self._random = random.Random(f"preload-{seed}")
        self._symbols = list(self._book.symbols.values())
        self._rates: dict[tuple[str, str], float] = {}

    def accounts(self, count: int, groups: list[Group]) -> list[int]:
        """Add accounts round the groups; their logins."""
        now = self._server.clock.now_s()
        passwords = dict.fromkeys(("main", "investor"), password_digest(PASSWORD).hex())
        logins = []
        for number in range(count):
            group = groups[number % len(groups)]
            first = FIRST_NAMES[number % len(FIRST_NAMES)]
            last = LAST_NAMES[number // len(FIRST_NAMES) % len(LAST_NAMES)]
            login = self._server.allocate_login(0)
            user = User(
                login=login,
                group=group.name,
                currency_digits=group.currency_digits,
                registration=now - DAYS_BACK * DAY_S,
                name=f"{first} {last}",
                first_name=first,
                last_name=last,
                country=COUNTRIES[number % len(COUNTRIES)],
                email=f"{first.lower()}.{last.lower()}.{login}@example.com",
                leverage=group.leverage,
                passwords=dict(passwords),
            )
            self._book.add_user(user)
            logins.append(login)
        return logins

    def deals(self, logins: list[int], count: int) -> None:
        """Spread deals over the last half year: a deposit each, then positions in and out."""
        times = self._times(count)
        open_by_login: dict[int, _Open] = {}
        deals: list[Deal] = []
        ticket = self._book.new_ticket("deal")
        order = self._book.new_ticket("order")
        for number, time_msc in enumerate(times):
            is_deposit = number < len(logins)
            login = logins[number] if is_deposit else self._random.choice(logins)
            user = self._book.users[login]
            if is_deposit:
                deal = self._deposit(user, ticket, time_msc)
            elif login in open_by_login:
                deal = self._closing(user, open_by_login.pop(login), ticket, order, time_msc)
                order += 1
            else:
                deal = self._opening(user, ticket, order, time_msc)
                open_by_login[login] = _Open(deal, 1 if deal.action == Action.BUY else -1)
                order += 1
            user.balance += deal.profit + deal.storage + deal.commission
            deals.append(deal)
            ticket += 1
            if len(deals) == CHUNK:
                self._write(deals)
                deals.clear()
        self._write(deals)
        for still_open in open_by_login.values():
            self._book.add_position(_position(still_open.deal))

    def _times(self, count: int) -> list[int]:
        """Rising times on the weekdays of the last half year, in milliseconds."""
        now = self._server.clock.now_s()
        monday = (now // DAY_S - 4) // 7 * 7 + 4 - DAYS_BACK // 7 * 7
        weekdays = DAYS_BACK // 7 * 5
        step = weekdays * DAY_S * 1000 / max(count, 1)
        times = []
        for number in range(count):
            worked = int((number + self._random.random()) * step)
            day, rest = divmod(worked, DAY_S * 1000)
            times.append((monday + day // 5 * 7 + day % 5) * DAY_S * 1000 + rest)
        return times

    def _deposit(self, user: User, ticket: int, time_msc: int) -> Deal:
        amount = self._random.randrange(5, 500) * 100 * 10**user.currency_digits
        return Deal(
            ticket, user.login, time_msc, int(Action.BALANCE), digits_currency=user.currency_digits,
            profit=amount, comment="Deposit", reason=2,
        )  # fmt: skip

    def _opening(self, user: User, ticket: int, order: int, time_msc: int) -> Deal:
        symbol: Symbol = self._random.choice(self._symbols)
        group = self._book.group_of(user)
        lots = self._random.randrange(1, 30)
        price = round(symbol.price * self._random.uniform(0.97, 1.03), symbol.digits)
        return Deal(
            ticket, user.login, time_msc, self._random.randrange(2), order,
            symbol=symbol.name,
            digits=symbol.digits,
            digits_currency=user.currency_digits,
            contract_size=symbol.contract_size,
            price=price,
            volume_ext=lots * VOLUME_EXT_PER_LOT // 100,
            commission=self._commission(group, lots / 100),
            rate_profit=self._rate(symbol.currency_profit, group.currency),
            rate_margin=self._rate(symbol.currency_margin, group.currency),
            position_id=order,
        )  # fmt: skip

    def _closing(self, user: User, opened: _Open, ticket: int, order: int, time_msc: int) -> Deal:
        entry = opened.deal
        price = round(entry.price * self._random.uniform(0.997, 1.003), entry.digits)
        lots = entry.volume_ext / VOLUME_EXT_PER_LOT
        raw = opened.direction * (price - entry.price) * lots * entry.contract_size
        profit = money_minor(round(raw * entry.rate_profit, 4), user.currency_digits)
        return Deal(
            ticket, user.login, time_msc, 1 - entry.action, order, int(Entry.OUT),
            symbol=entry.symbol,
            digits=entry.digits,
            digits_currency=entry.digits_currency,
            contract_size=entry.contract_size,
            price=price,
            price_position=entry.price,
            volume_ext=entry.volume_ext,
            volume_closed_ext=entry.volume_ext,
            profit=profit,
            profit_raw=raw,
            storage=-int(self._random.random() * 200),
            commission=entry.commission,
            rate_profit=entry.rate_profit,
            rate_margin=entry.rate_margin,
            position_id=entry.position_id,
        )  # fmt: skip

    @staticmethod
    def _commission(group: Group, lots: float) -> int:
        return -money_minor(round(lots * group.commission_per_lot, 4), group.currency_digits)

    def _rate(self, source: str, target: str) -> float:
        known = self._rates.get((source, target))
        if known is None:
            known = self._server.market.rate(source, target, is_buying=False)
            self._rates[source, target] = known
        return known

    def _write(self, deals: list[Deal]) -> None:
        """Put the deals and the orders behind them into the tables, column by column."""
        self._book.deals.extend(deals)
        self._book.history.extend([_order(deal) for deal in deals if deal.order])
        self._book.reserve_tickets("deal", self._book.deals.last_ticket())
        self._book.reserve_tickets("order", self._book.history.last_ticket())
        for deal in deals:
            self._book.mark("deal", deal.ticket)
            if deal.order:
                self._book.mark("history", deal.order)


def _order(deal: Deal) -> Order:
    """The market order that a deal filled."""
    return Order(
        deal.order, deal.login, deal.time_msc, deal.symbol, deal.action, deal.time_msc,
        state=int(OrderState.FILLED),
        digits=deal.digits,
        digits_currency=deal.digits_currency,
        contract_size=deal.contract_size,
        price_order=deal.price,
        price_current=deal.price,
        volume_initial_ext=deal.volume_ext,
        position_id=deal.position_id,
    )  # fmt: skip


def _position(deal: Deal) -> Position:
    """The position an opening deal left open."""
    return Position(
        ticket=deal.position_id,
        login=deal.login,
        symbol=deal.symbol,
        action=deal.action,
        time_create_msc=deal.time_msc,
        time_update_msc=deal.time_msc,
        price_open=deal.price,
        volume_ext=deal.volume_ext,
        digits=deal.digits,
        digits_currency=deal.digits_currency,
        contract_size=deal.contract_size,
    )


def preload(server: TradeServer, *, accounts: int, deals: int, seed: int) -> list[int]:
    """Add accounts with a made-up past round the brokerage's groups. Returns their logins."""
    others = {MANAGER_GROUP, *HOUSE_GROUPS}
    groups = [group for name, group in server.book.groups.items() if name not in others]
    return _make_up(server, groups, accounts=accounts, deals=deals, seed=seed)


def add_house_clients(server: TradeServer, count: int, *, seed: int) -> list[int]:
    """Add clients in groups of their own who trade all day. Returns their logins."""
    for name, currency in HOUSE_GROUPS.items():
        server.add_group(Group(name, currency, demo_deposit=10_000.0))
    groups = [server.book.groups[name] for name in HOUSE_GROUPS]
    deals = count * HOUSE_DEALS
    return _make_up(server, groups, accounts=count, deals=deals, seed=seed)


def _make_up(
    server: TradeServer, groups: list[Group], *, accounts: int, deals: int, seed: int
) -> list[int]:
    loader = Preloader(server, seed=seed)
    # Nothing made here is garbage: looking for it would take most of the time.
    gc.disable()
    try:
        logins = loader.accounts(accounts, groups)
        if logins and deals:
            loader.deals(logins, deals)
    finally:
        gc.enable()
    # Made up, not lived: these accounts count as idle.
    server.book.active.difference_update(logins)
    server.save()
    return logins
