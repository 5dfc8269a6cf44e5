"""Pending orders, stops of positions, and everything else that prices set off."""

from dataclasses import dataclass

from sandbox.mt5.records import Action, Order, OrderState, OrderType, Position, Reason, User
from sandbox.mt5.retcodes import Rejected, Retcode
from sandbox.mt5.trading import COMMENT_CHARS, Engine, Ticket, pending_action

PENDING_TYPES = frozenset(range(OrderType.BUY_LIMIT, OrderType.SELL_STOP_LIMIT + 1))
MARGIN_CHECKS_MAX = 2_000
_STOP_LIMIT_BECOMES = {
    OrderType.BUY_STOP_LIMIT: OrderType.BUY_LIMIT,
    OrderType.SELL_STOP_LIMIT: OrderType.SELL_LIMIT,
}


@dataclass(frozen=True, slots=True)
class PendingTerms:
    """Prices and life of a pending order; `expiration` in server seconds, 0 for none."""

    price: float
    trigger: float = 0.0
    expiration: int = 0
    type_time: int = 0


class PendingOrders:
    """Places, changes and triggers pending orders; watches stops and margin."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._book = engine.book
        self._market = engine.market
        self._open: set[str] = set()
        self._checked = 0

    def place(
        self, user: User, symbol_name: str, kind: int, volume_ext: int, terms: PendingTerms,
        ticket: Ticket,
    ) -> Order:  # fmt: skip
        """Put a pending order into the book. Raises Rejected."""
        symbol = self._book.symbols[symbol_name]
        action = pending_action(kind)
        self._engine.check_trade(user, symbol, action, volume_ext)
        limit = user.limit_orders or self._book.group_of(user).limit_orders
        if limit and len(self._book.orders_of(user.login)) >= limit:
            raise Rejected(Retcode.ORDER_LIMIT)
        self._check_price(user, symbol_name, kind, terms)
        self._engine.check_stops(action, terms.price, ticket)
        order = Order(
            ticket=self._book.new_ticket("order"),
            login=user.login,
            time_setup_msc=self._engine.clock.now_msc(),
            symbol=symbol_name,
            type=kind,
            time_expiration=terms.expiration,
            reason=int(ticket.reason),
            dealer=ticket.dealer,
            digits=symbol.digits,
            digits_currency=user.currency_digits,
            contract_size=symbol.contract_size,
            type_fill=ticket.type_fill,
            type_time=terms.type_time,
            price_order=terms.price,
            price_trigger=terms.trigger,
            price_current=self._quote(user, symbol_name, action),
            price_sl=ticket.price_sl,
            price_tp=ticket.price_tp,
            volume_initial_ext=volume_ext,
            volume_current_ext=volume_ext,
            expert_id=ticket.expert_id,
            external_id=ticket.external_id,
            comment=ticket.comment[:COMMENT_CHARS],
        )
        self._book.add_order(order)
        return order

    def _quote(self, user: User, symbol_name: str, action: int) -> float:
        """The price at which an order of this side would be filled now."""
        quote = self._market.ask if action == Action.BUY else self._market.bid
        return quote(symbol_name, self._book.group_of(user))

    def _check_price(self, user: User, name: str, kind: int, terms: PendingTerms) -> None:
        """Limits lie on the better side of the market, stops on the worse one."""
        quote = self._quote(user, name, pending_action(kind))
        is_below = {
            OrderType.BUY_LIMIT: True,
            OrderType.SELL_LIMIT: False,
            OrderType.BUY_STOP: False,
            OrderType.SELL_STOP: True,
            OrderType.BUY_STOP_LIMIT: False,
            OrderType.SELL_STOP_LIMIT: True,
        }.get(OrderType(kind))
        if is_below is None:
            raise Rejected(Retcode.INVALID_REQUEST)
        price = terms.trigger if kind in _STOP_LIMIT_BECOMES else terms.price
        if terms.price <= 0 or price <= 0 or (price < quote) != is_below:
            raise Rejected(Retcode.INVALID_PRICE)

    def modify(self, order: Order, terms: PendingTerms, ticket: Ticket) -> None:
        """Change prices, stops and expiration of a pending order. Raises Rejected."""
        user = self._book.users[order.login]
        self._check_price(user, order.symbol, order.type, terms)
        self._engine.check_stops(pending_action(order.type), terms.price, ticket)
        order.price_order, order.price_trigger = terms.price, terms.trigger
        order.price_sl, order.price_tp = ticket.price_sl, ticket.price_tp
        order.time_expiration, order.type_time = terms.expiration, terms.type_time
        self._book.add_order(order)

    def modify_position(self, position: Position, ticket: Ticket) -> None:
        """Change the stops of an open position. Raises Rejected."""
        user = self._book.users[position.login]
        self._engine.math.revalue(position, user)
        self._engine.check_stops(position.action, position.price_current, ticket)
        position.price_sl, position.price_tp = ticket.price_sl, ticket.price_tp
        position.time_update_msc = self._engine.clock.now_msc()
        self._book.add_position(position)

    def cancel(self, order: Order, state: OrderState = OrderState.CANCELED) -> None:
        """Move a pending order to the history."""
        order.state = int(state)
        order.time_done_msc = self._engine.clock.now_msc()
        self._book.close_order(order)

    def activate(self, order: Order) -> None:
        """Fill a pending order at its own price, whatever the market says. Raises Rejected."""
        user = self._book.users[order.login]
        self._engine.fill_pending(user, order, order.price_order)

    # What prices set off

    def check(self) -> None:
        """Trigger and expire orders, run into stops, stop out; after every move of prices."""
        is_open = self._market.is_open
        self._open = {one.name for one in self._book.symbols.values() if is_open(one)}
        for order in list(self._book.orders.values()):
            self._check_order(order)
        for position in list(self._book.positions.values()):
            if position.symbol in self._open and (position.price_sl or position.price_tp):
                self._check_stops(position)
        self._check_margins()

    def _check_margins(self) -> None:
        """Stop out whoever has to be; of very many accounts a part at each move, in turn."""
        logins = [login for login, held in self._book.positions_by_login.items() if held]
        if len(logins) > MARGIN_CHECKS_MAX:
            start = self._checked % len(logins)
            self._checked = start + MARGIN_CHECKS_MAX
            logins = (logins + logins)[start : start + MARGIN_CHECKS_MAX]
        for login in logins:
            user = self._book.users.get(login)
            if user is not None:
                self._engine.stop_out(user)

    def _check_order(self, order: Order) -> None:
        if order.time_expiration and order.time_expiration <= self._engine.clock.now_s():
            self.cancel(order, OrderState.EXPIRED)
            return
        if order.symbol not in self._open:
            return
        user = self._book.users[order.login]
        price = self._quote(user, order.symbol, pending_action(order.type))
        order.price_current = price
        if not _is_triggered(order, price):
            return
        if order.type in _STOP_LIMIT_BECOMES:
            order.type = int(_STOP_LIMIT_BECOMES[OrderType(order.type)])
            self._book.add_order(order)
            return
        try:
            self._engine.fill_pending(user, order, price)
        except Rejected:
            self.cancel(order, OrderState.REJECTED)

    def _check_stops(self, position: Position) -> None:
        user = self._book.users[position.login]
        self._engine.math.revalue(position, user)
        side = 1 if position.action == Action.BUY else -1
        price = position.price_current
        if position.price_sl and side * (price - position.price_sl) <= 0:
            self._close(position, Reason.STOP_LOSS, f"[sl {position.price_sl}]")
        elif position.price_tp and side * (price - position.price_tp) >= 0:
            self._close(position, Reason.TAKE_PROFIT, f"[tp {position.price_tp}]")

    def _close(self, position: Position, reason: Reason, comment: str) -> None:
        self._engine.close(position, None, Ticket(comment=comment, reason=reason))


def _is_triggered(order: Order, price: float) -> bool:
    """Whether the price an order would be filled at has reached it."""
    kind = OrderType(order.type)
    if kind in {OrderType.BUY_LIMIT, OrderType.SELL_STOP}:
        return price <= order.price_order
    if kind in {OrderType.SELL_LIMIT, OrderType.BUY_STOP}:
        return price >= order.price_order
    if kind is OrderType.BUY_STOP_LIMIT:
        return price >= order.price_trigger
    return kind is OrderType.SELL_STOP_LIMIT and price <= order.price_trigger
