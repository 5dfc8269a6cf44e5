"""What a test does to a server behind the back of the protocol.

`Controls` acts on the trade server in its own thread; `Mt5Server` offers the same calls from
any thread, and `wire_control` over HTTP.
"""

from dataclasses import fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.mt5.core import TradeServer
from sandbox.mt5.faults import Fault, FaultKind
from sandbox.mt5.records import (
    CANCELED_ACTIONS,
    CREDIT_ACTIONS,
    TRADE_ACTIONS,
    Action,
    Deal,
    Entry,
    User,
)
from sandbox.mt5.trading import Ticket
from sandbox.mt5.wire_values import VOLUME_EXT_PER_LOT, money_minor

STEP_S = 1.0
_MONEY = ("profit", "storage", "commission", "fee")
Record = dict[str, object]


class Controls:
    """Prices, time, trades, deals and faults of one server, by hand."""

    def __init__(self, server: TradeServer) -> None:
        self._server = server

    # Faults and calls

    def fail_next(self, command: str, kind: FaultKind | str, **details: Any) -> None:
        """Let the next call of a command fail; details are the fields of `Fault`."""
        self._server.faults.add(Fault(command, FaultKind(kind), **details))

    def clear_faults(self) -> None:
        self._server.faults.clear()

    def calls(self, command: str = "*") -> list[dict[str, str]]:
        """Parameters of the calls of a command so far, secrets masked."""
        return [record.params for record in self._server.calls if command in {"*", record.command}]

    # Prices and time

    def set_price(
        self, symbol: str, bid: float, ask: float | None = None, *, pin: bool = True
    ) -> None:
        """Quote a symbol and trigger what the price triggers; pinned prices stop moving."""
        self._server.market.set_price(symbol, bid, ask)
        if pin:
            self._server.market.pinned.add(symbol)
        self._server.after_prices()

    def run_market(
        self, seconds: float, *, step_s: float = STEP_S, is_trading: bool = True
    ) -> None:
        """Let market time pass at once; a frozen clock goes along. Same seed, same result."""
        passed = 0.0
        while passed < seconds:
            length = min(step_s, seconds - passed)
            self._server.step(length, is_trading=is_trading)
            passed += length
        self._server.save()

    def shift_clock(self, seconds: float) -> None:
        """Set the server's clock wrong by so many seconds."""
        self._server.clock.shift_s = seconds

    def set_time(self, instant: datetime) -> None:
        """Stop the clock at an instant (aware UTC)."""
        self._server.clock.frozen = instant

    # Accounts and trades

    def add_account(self, group: str, *, login: int = 0, leverage: int = 100, **values: Any) -> int:
        """Add an account without going through the protocol; `values` are fields of `User`."""
        book = self._server.book
        user = User(
            self._server.allocate_login(login),
            group,
            book.groups[group].currency_digits,
            leverage=leverage,
            registration=self._server.clock.now_s(),
            **values,
        )
        book.add_user(user)
        self._server.save()
        return user.login

    def balance(
        self, login: int, amount: Decimal | int | str, *, action: Action = Action.BALANCE,
        comment: str = "", time: datetime | None = None,
    ) -> Record:  # fmt: skip
        """Book a balance operation unchecked, back-dated to `time` (aware UTC) when given."""
        user = self._server.book.users[login]
        minor = money_minor(Decimal(amount), user.currency_digits)
        deal = self._server.engine.apply_balance(
            user, action, minor, comment=comment, time_msc=self._wall(time)
        )
        self._server.save()
        return deal.wire()

    def _wall(self, time: datetime | None) -> int | None:
        return None if time is None else self._server.clock.wall_msc(time)

    def open_position(
        self, login: int, symbol: str, side: str, lots: Decimal | str, *, price_sl: float = 0.0,
        price_tp: float = 0.0, comment: str = "",
    ) -> Record:  # fmt: skip
        """Buy or sell at the market for an account; the deal. Raises Rejected."""
        server = self._server
        action = {"buy": Action.BUY, "sell": Action.SELL}[side]
        deal = server.engine.open(
            server.book.users[login],
            server.book.symbols[symbol],
            action,
            int(Decimal(lots) * VOLUME_EXT_PER_LOT),
            Ticket(price_sl, price_tp, comment),
        )
        server.save()
        return deal.wire()

    def close_position(self, position: int, lots: Decimal | str | None = None) -> Record:
        """Close a position, or a part of it, at the market; the deal. Raises Rejected."""
        volume = None if lots is None else int(Decimal(lots) * VOLUME_EXT_PER_LOT)
        deal = self._server.engine.close(self._server.book.positions[position], volume)
        self._server.save()
        return deal.wire()

    # Deals behind everybody's back

    def insert_deal(
        self, login: int, time: datetime, *, moves_balance: bool = True, **values: Any
    ) -> Record:
        """Insert a deal dated `time` (aware UTC) under a new ticket.

        `values` are fields of `Deal`; money in decimal text or Decimal, volume in 1e-8 lots. A
        trade that opens a position names it by its own ticket.
        """
        server = self._server
        user = server.book.users[login]
        values = self._minor_units(values, user.currency_digits)
        ticket = server.book.new_ticket("deal")
        trades = values.get("action") in (Action.BUY, Action.SELL)
        if trades and values.get("entry", Entry.IN) == Entry.IN:
            values.setdefault("position_id", ticket)
        deal = Deal(
            **{
                "ticket": ticket,
                "login": login,
                "time_msc": server.clock.wall_msc(time),
                "action": int(Action.BALANCE),
                "digits_currency": user.currency_digits,
                **values,
            }
        )
        server.book.add_deal(deal)
        if moves_balance:
            self._move_balance(user, deal, 1)
        server.save()
        return deal.wire()

    def edit_deal(self, ticket: int, *, moves_balance: bool = True, **values: Any) -> Record:
        """Change fields of a deal, `time` (aware UTC) among them."""
        server = self._server
        deal = server.book.deals.get(ticket)
        if deal is None:
            raise KeyError(ticket)
        if "time" in values:
            values["time_msc"] = server.clock.wall_msc(values.pop("time"))
        changed = replace(deal, **self._minor_units(values, deal.digits_currency))
        server.book.replace_deal(changed, server.clock.now_s())
        user = server.book.users.get(deal.login)
        if moves_balance and user is not None:
            self._move_balance(user, deal, -1)
            self._move_balance(user, changed, 1)
        server.save()
        return changed.wire()

    def delete_deal(self, ticket: int, *, moves_balance: bool = True) -> None:
        server = self._server
        deal = server.book.delete_deal(ticket, server.clock.now_s())
        if deal is None:
            raise KeyError(ticket)
        user = server.book.users.get(deal.login)
        if moves_balance and user is not None:
            self._move_balance(user, deal, -1)
        server.save()

    @staticmethod
    def _minor_units(values: dict[str, Any], digits: int) -> dict[str, Any]:
        known = {one.name for one in fields(Deal)}
        unknown = set(values) - known
        if unknown:
            raise TypeError(f"not fields of a deal: {', '.join(sorted(unknown))}")
        return {
            name: money_minor(Decimal(value), digits) if name in _MONEY else value
            for name, value in values.items()
        }

    def _move_balance(self, user: User, deal: Deal, sign: int) -> None:
        """Add a deal to its account's balance or credit, or take it out again."""
        if deal.action in CREDIT_ACTIONS:
            user.credit += sign * deal.profit
        elif deal.action in TRADE_ACTIONS:
            total = deal.profit + deal.storage + deal.commission + deal.fee
            user.balance += sign * total
        elif deal.action not in CANCELED_ACTIONS:
            user.balance += sign * deal.profit
        self._server.book.touch(user)

    # What is there

    def account(self, login: int) -> Record:
        """The trade state of an account as the engine sees it."""
        return self._server.engine.math.state(self._server.book.users[login]).wire()

    def positions(self, login: int) -> list[Record]:
        return [one.wire() for one in self._server.book.positions_of(login)]

    def deals(self, login: int) -> list[Record]:
        return [one.wire() for one in self._server.book.deals_of(login)]
