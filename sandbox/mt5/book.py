"""Everything the trade server knows: accounts, groups, symbols, deals, orders, positions.

The book only stores and finds; what may happen to it is decided in `trading` and `commands`.
Each write marks the record so that the state file can follow.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from sandbox.mt5.configs import Group, Symbol, default_groups, default_symbols
from sandbox.mt5.masks import mask_matcher
from sandbox.mt5.records import (
    CANCELED_ACTIONS,
    CREDIT_ACTIONS,
    TRADE_ACTIONS,
    Deal,
    Order,
    Position,
    User,
)
from sandbox.mt5.table import TicketTable

FIRST_TICKET = 100_001


@dataclass(slots=True)
class Version:
    """What a record was before it was changed or deleted, for backups."""

    changed_s: int
    record: Deal | Order | Position | User


class Book:
    """The state of one trade server, indexed for look-up by login, ticket, group and time."""

    def __init__(
        self, groups: Iterable[Group] | None = None, symbols: Iterable[Symbol] | None = None
    ) -> None:
        self.groups = {one.name: one for one in (groups or default_groups())}
        self.symbols = {one.name: one for one in (symbols or default_symbols())}
        self.users: dict[int, User] = {}
        self.archive: dict[int, User] = {}
        self.deals = TicketTable(Deal)
        self.history = TicketTable(Order)
        self.orders: dict[int, Order] = {}
        self.positions: dict[int, Position] = {}
        self.positions_by_login: dict[int, dict[int, Position]] = defaultdict(dict)
        self.orders_by_login: dict[int, dict[int, Order]] = defaultdict(dict)
        self.versions: dict[str, list[Version]] = defaultdict(list)
        self._logins_by_group: dict[str, dict[int, None]] = defaultdict(dict)
        self._next_ticket = {"deal": FIRST_TICKET, "order": FIRST_TICKET, "login": 1}
        # Logins with activity since the start: the only ones with a trade state.
        self.active: set[int] = set()
        self.mark: Callable[[str, int], None] = _ignore

    # Accounts

    def add_user(self, user: User) -> None:
        self.users[user.login] = user
        self._logins_by_group[user.group][user.login] = None
        self.touch(user)

    def touch(self, user: User) -> None:
        """The account changed: it counts as active, and the state file has to follow."""
        self.active.add(user.login)
        self.mark("user", user.login)

    def move_user(self, user: User, group: str) -> None:
        del self._logins_by_group[user.group][user.login]
        user.group = group
        self._logins_by_group[group][user.login] = None
        self.touch(user)

    def remove_user(self, login: int) -> User:
        user = self.users.pop(login)
        del self._logins_by_group[user.group][login]
        self.mark("user", login)
        return user

    def logins_in(self, masks: str) -> list[int]:
        """Logins of the groups that match a mask list, ascending."""
        is_match = mask_matcher(masks)
        groups = [name for name in self._logins_by_group if is_match(name)]
        return sorted(chain.from_iterable(self._logins_by_group[name] for name in groups))

    def group_of(self, user: User) -> Group:
        return self.groups[user.group]

    def has_known(self, login: int) -> bool:
        """Whether a login is somebody's, or has a past: deals outlive a deleted account."""
        if login in self.users or login in self.archive:
            return True
        return any(table.count(login, 0, 2**62) for table in (self.deals, self.history))

    def has_trades(self, login: int) -> bool:
        """Whether an account has open positions or orders."""
        return bool(self.positions_by_login.get(login) or self.orders_by_login.get(login))

    # Tickets

    def new_ticket(self, kind: str) -> int:
        """The next deal or order ticket or login; positions take the ticket of their order."""
        ticket = self._next_ticket[kind]
        self._next_ticket[kind] = ticket + 1
        return ticket

    def reserve_tickets(self, kind: str, last: int) -> None:
        self._next_ticket[kind] = max(self._next_ticket[kind], last + 1)

    def next_tickets(self) -> dict[str, int]:
        return dict(self._next_ticket)

    # Deals

    def add_deal(self, deal: Deal) -> None:
        self.deals.add(deal)
        self.reserve_tickets("deal", deal.ticket)
        self.active.add(deal.login)
        self.mark("deal", deal.ticket)

    def replace_deal(self, deal: Deal, now_s: int) -> None:
        before = self.deals.get(deal.ticket)
        if before is not None:
            self.versions["deal"].append(Version(now_s, before))
        self.deals.replace(deal)
        self.mark("deal", deal.ticket)

    def delete_deal(self, ticket: int, now_s: int) -> Deal | None:
        deal = self.deals.delete(ticket)
        if deal is not None:
            self.versions["deal"].append(Version(now_s, deal))
            self.mark("deal", ticket)
        return deal

    # Orders and positions

    def add_order(self, order: Order) -> None:
        self.orders[order.ticket] = order
        self.orders_by_login[order.login][order.ticket] = order
        self.active.add(order.login)
        self.mark("order", order.ticket)

    def close_order(self, order: Order) -> None:
        """Move an order (open or never placed) to the history."""
        self.orders.pop(order.ticket, None)
        self.orders_by_login[order.login].pop(order.ticket, None)
        self.history.add(order)
        self.mark("order", order.ticket)
        self.mark("history", order.ticket)

    def remove_order(self, order: Order) -> None:
        """Drop an open order without a trace."""
        self.orders.pop(order.ticket, None)
        self.orders_by_login[order.login].pop(order.ticket, None)
        self.mark("order", order.ticket)

    def replace_history(self, order: Order) -> None:
        self.history.replace(order)
        self.mark("history", order.ticket)

    def delete_history(self, ticket: int) -> Order | None:
        order = self.history.delete(ticket)
        if order is not None:
            self.mark("history", ticket)
        return order

    def add_position(self, position: Position) -> None:
        self.positions[position.ticket] = position
        self.positions_by_login[position.login][position.ticket] = position
        self.mark("position", position.ticket)

    def remove_position(self, position: Position) -> None:
        self.positions.pop(position.ticket, None)
        self.positions_by_login[position.login].pop(position.ticket, None)
        self.mark("position", position.ticket)

    def positions_of(self, login: int) -> list[Position]:
        return list(self.positions_by_login.get(login, {}).values())

    def orders_of(self, login: int) -> list[Order]:
        return list(self.orders_by_login.get(login, {}).values())

    # Sums

    def history_sums(self, login: int) -> tuple[int, int]:
        """Balance and credit of an account as its deals say, in minor units."""
        balance = credit = 0
        for deal in self.deals_of(login):
            if deal.action in CREDIT_ACTIONS:
                credit += deal.profit
            elif deal.action in TRADE_ACTIONS:
                balance += deal.profit + deal.storage + deal.commission + deal.fee
            elif deal.action not in CANCELED_ACTIONS:
                balance += deal.profit
        return balance, credit

    def deals_of(self, login: int) -> Iterator[Deal]:
        return iter(self.deals.page(login, 0, 2**62))


def _ignore(_kind: str, _key: int) -> None:
    """No state file: nothing to note."""
