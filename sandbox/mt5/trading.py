"""What changes money: balance operations, opening and closing positions, stop-out."""

from dataclasses import dataclass
from typing import NoReturn

from sandbox.mt5.account_math import AccountMath, Exposure
from sandbox.mt5.book import Book
from sandbox.mt5.clock import ServerClock
from sandbox.mt5.configs import CalcMode, Group, MarginMode, Symbol, TradeMode
from sandbox.mt5.market import Market
from sandbox.mt5.records import (
    CREDIT_ACTIONS,
    Action,
    Deal,
    Entry,
    Order,
    OrderState,
    OrderType,
    Position,
    Reason,
    User,
    UserRights,
)
from sandbox.mt5.retcodes import Rejected, Retcode
from sandbox.mt5.wire_values import VOLUME_EXT_PER_LOT, money_minor

COMMENT_CHARS = 31
OPERATION_MAX = 1_000_000_000
BALANCE_ACTIONS = frozenset(
    {Action.BALANCE, Action.CREDIT, Action.CHARGE, Action.CORRECTION, Action.BONUS}
)
STOP_OUT_ROUNDS = 1_000


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a trade request says besides account, symbol, side and volume."""

    price_sl: float = 0.0
    price_tp: float = 0.0
    comment: str = ""
    reason: Reason = Reason.CLIENT
    dealer: int = 0
    expert_id: int = 0
    external_id: str = ""
    type_fill: int = 0


PLAIN = Ticket()


class Engine:
    """Executes operations on one book at one market's prices."""

    def __init__(self, book: Book, market: Market, clock: ServerClock) -> None:
        self.book = book
        self.market = market
        self.clock = clock
        self.math = AccountMath(book, market)

    # Balance operations

    def balance(
        self, user: User, action: int, amount: int, *, comment: str = "",
        check_margin: bool = True, dealer: int = 0,
    ) -> Deal:  # fmt: skip
        """Add `amount` minor units (negative: take) to balance or credit. Raises Rejected."""
        if action not in BALANCE_ACTIONS or amount == 0:
            _reject(Retcode.PARAMETERS)
        if abs(amount) > OPERATION_MAX * 10**user.currency_digits:
            _reject(Retcode.MONEY_LIMIT)
        if amount < 0:
            self._check_withdrawal(user, action, amount, check_margin=check_margin)
        deal = self.apply_balance(user, action, amount, comment=comment, dealer=dealer)
        if amount < 0 and not check_margin:
            self.stop_out(user)
        return deal

    def _check_withdrawal(
        self, user: User, action: int, amount: int, *, check_margin: bool
    ) -> None:
        available = user.credit if action in CREDIT_ACTIONS else user.balance
        if available + amount < 0:
            _reject(Retcode.NO_MONEY)
        if check_margin and action != Action.CORRECTION:
            state = self.math.state(user)
            if state.free + amount < 0:
                _reject(Retcode.NO_MONEY)

    def apply_balance(
        self, user: User, action: int, amount: int, *, comment: str = "", dealer: int = 0,
        time_msc: int | None = None,
    ) -> Deal:  # fmt: skip
        """Book a balance operation without any check (also for back-dated corrections)."""
        deal = Deal(
            ticket=self.book.new_ticket("deal"),
            login=user.login,
            time_msc=self.clock.now_msc() if time_msc is None else time_msc,
            action=int(action),
            reason=int(Reason.DEALER),
            dealer=dealer,
            digits_currency=user.currency_digits,
            profit=amount,
            comment=comment[:COMMENT_CHARS],
        )
        self._book_deal(user, deal)
        return deal

    def _book_deal(self, user: User, deal: Deal) -> None:
        if deal.action in CREDIT_ACTIONS:
            user.credit += deal.profit
        else:
            user.balance += deal.profit + deal.storage + deal.commission + deal.fee
        self.book.add_deal(deal)
        self.book.touch(user)

    # Checks before a trade

    def check_trade(self, user: User, symbol: Symbol, action: int, volume_ext: int) -> None:
        """Everything but money and prices of stops. Raises Rejected."""
        if not user.rights & UserRights.ENABLED or user.rights & UserRights.TRADE_DISABLED:
            _reject(Retcode.TRADE_DISABLED)
        if symbol.trade_mode is TradeMode.DISABLED:
            _reject(Retcode.TRADE_DISABLED)
        if symbol.trade_mode is TradeMode.LONG_ONLY and action == Action.SELL:
            _reject(Retcode.LONG_ONLY)
        if symbol.trade_mode is TradeMode.SHORT_ONLY and action == Action.BUY:
            _reject(Retcode.SHORT_ONLY)
        if symbol.trade_mode is TradeMode.CLOSE_ONLY:
            _reject(Retcode.CLOSE_ONLY)
        if not self.market.is_open(symbol):
            _reject(Retcode.MARKET_CLOSED)
        self.check_volume(symbol, volume_ext)
        limit = user.limit_positions or self.book.group_of(user).limit_positions
        if limit and len(self.book.positions_of(user.login)) >= limit:
            _reject(Retcode.POSITION_LIMIT)

    @staticmethod
    def check_volume(symbol: Symbol, volume_ext: int) -> None:
        in_range = symbol.volume_min_ext <= volume_ext <= symbol.volume_max_ext
        if not in_range or (volume_ext - symbol.volume_min_ext) % symbol.volume_step_ext:
            _reject(Retcode.INVALID_VOLUME)

    @staticmethod
    def check_stops(action: int, price: float, ticket: Ticket) -> None:
        """Stops have to lie on their side of the price."""
        side = 1 if action == Action.BUY else -1
        if ticket.price_sl and side * (price - ticket.price_sl) <= 0:
            _reject(Retcode.INVALID_STOPS)
        if ticket.price_tp and side * (ticket.price_tp - price) <= 0:
            _reject(Retcode.INVALID_STOPS)

    def _check_money(self, user: User, exposure: Exposure) -> None:
        if self.math.state(user, exposure).free < 0:
            _reject(Retcode.NO_MONEY)

    # Opening

    def open(
        self, user: User, symbol: Symbol, action: int, volume_ext: int, ticket: Ticket = PLAIN,
        price: float | None = None,
    ) -> Deal:  # fmt: skip
        """Buy or sell at the market (or a dealer's price). Raises Rejected; returns the deal."""
        self.check_trade(user, symbol, action, volume_ext)
        group = self.book.group_of(user)
        if price is None:
            quote = self.market.ask if action == Action.BUY else self.market.bid
            price = quote(symbol.name, group)
        self.check_stops(action, price, ticket)
        opposite = self._netted(user, group, symbol)
        if opposite is not None:
            return self._net(user, opposite, action, volume_ext, price, ticket)
        self._check_money(user, Exposure(symbol.name, action, volume_ext, price))
        order = self._filled_order(user, symbol, action, volume_ext, price, ticket)
        return self._fill(user, group, symbol, order, price, ticket)

    def fill_pending(self, user: User, order: Order, price: float) -> Deal:
        """Turn a triggered pending order into a position at `price`. Raises Rejected."""
        symbol, group = self.book.symbols[order.symbol], self.book.group_of(user)
        ticket = Ticket(order.price_sl, order.price_tp, order.comment, Reason(order.reason))
        action = pending_action(order.type)
        self._check_money(user, Exposure(symbol.name, action, order.volume_current_ext, price))
        self._finish(order, price, OrderState.FILLED)
        order.volume_current_ext = 0
        order.position_id = order.ticket
        self.book.close_order(order)
        return self._fill(user, group, symbol, order, price, ticket)

    def _filled_order(
        self, user: User, symbol: Symbol, action: int, volume_ext: int, price: float,
        ticket: Ticket, position_id: int = 0,
    ) -> Order:  # fmt: skip
        """The market order behind a deal, already in the history."""
        now = self.clock.now_msc()
        number = self.book.new_ticket("order")
        order = Order(
            ticket=number,
            login=user.login,
            time_setup_msc=now,
            symbol=symbol.name,
            type=int(OrderType.BUY if action == Action.BUY else OrderType.SELL),
            reason=int(ticket.reason),
            dealer=ticket.dealer,
            digits=symbol.digits,
            digits_currency=user.currency_digits,
            contract_size=symbol.contract_size,
            type_fill=ticket.type_fill,
            price_order=price,
            price_sl=ticket.price_sl,
            price_tp=ticket.price_tp,
            volume_initial_ext=volume_ext,
            expert_id=ticket.expert_id,
            position_id=position_id or number,
            external_id=ticket.external_id,
            comment=ticket.comment[:COMMENT_CHARS],
        )
        self._finish(order, price, OrderState.FILLED)
        self.book.close_order(order)
        return order

    def _finish(self, order: Order, price: float, state: OrderState) -> None:
        order.state = int(state)
        order.time_done_msc = self.clock.now_msc()
        order.price_current = price

    def _fill(
        self, user: User, group: Group, symbol: Symbol, order: Order, price: float, ticket: Ticket
    ) -> Deal:
        now = self.clock.now_msc()
        action = pending_action(order.type)
        position = Position(
            ticket=order.ticket,
            login=user.login,
            symbol=symbol.name,
            action=action,
            time_create_msc=now,
            time_update_msc=now,
            price_open=price,
            volume_ext=order.volume_initial_ext,
            reason=int(ticket.reason),
            dealer=ticket.dealer,
            digits=symbol.digits,
            digits_currency=user.currency_digits,
            contract_size=symbol.contract_size,
            price_sl=ticket.price_sl,
            price_tp=ticket.price_tp,
            rate_margin=self.math.margin_rate(symbol, group.currency),
            expert_id=ticket.expert_id,
            comment=ticket.comment[:COMMENT_CHARS],
        )
        self.math.revalue(position, user)
        deal = self._trade_deal(user, group, symbol, order, price, ticket)
        deal.entry = int(Entry.IN)
        self.book.add_position(position)
        self._book_deal(user, deal)
        return deal

    def _trade_deal(
        self, user: User, group: Group, symbol: Symbol, order: Order, price: float, ticket: Ticket
    ) -> Deal:
        """The deal of a filled order, with commission but no profit yet."""
        lots = order.volume_initial_ext / VOLUME_EXT_PER_LOT
        rate = self.math.margin_rate(symbol, group.currency)
        nominal = lots * symbol.contract_size * rate
        if symbol.calc_mode is not CalcMode.FOREX:
            nominal *= price
        return Deal(
            ticket=self.book.new_ticket("deal"),
            login=user.login,
            time_msc=self.clock.now_msc(),
            action=pending_action(order.type),
            order=order.ticket,
            reason=int(ticket.reason),
            dealer=ticket.dealer,
            symbol=symbol.name,
            digits=symbol.digits,
            digits_currency=user.currency_digits,
            contract_size=symbol.contract_size,
            price=price,
            price_sl=ticket.price_sl,
            price_tp=ticket.price_tp,
            volume_ext=order.volume_initial_ext,
            commission=-money_minor(lots * group.commission_per_lot, group.currency_digits),
            value=nominal,
            rate_profit=self.market.profit_rate(symbol.currency_profit, group.currency, 0.0),
            rate_margin=rate,
            expert_id=ticket.expert_id,
            position_id=order.position_id,
            external_id=ticket.external_id,
            comment=ticket.comment[:COMMENT_CHARS],
        )

    # Netting

    def _netted(self, user: User, group: Group, symbol: Symbol) -> Position | None:
        """The account's one position in the symbol, when accounts of the group net."""
        if group.margin_mode is MarginMode.HEDGED:
            return None
        for position in self.book.positions_of(user.login):
            if position.symbol == symbol.name:
                return position
        return None

    def _net(
        self, user: User, position: Position, action: int, volume_ext: int, price: float,
        ticket: Ticket,
    ) -> Deal:  # fmt: skip
        if position.action == action:
            return self._increase(user, position, volume_ext, price, ticket)
        if volume_ext <= position.volume_ext:
            return self.close(position, volume_ext, ticket)
        rest = volume_ext - position.volume_ext
        symbol = self.book.symbols[position.symbol]
        self._check_money(user, Exposure(symbol.name, action, rest, price))
        self.close(position, None, ticket)
        group = self.book.group_of(user)
        order = self._filled_order(user, symbol, action, rest, price, ticket)
        return self._fill(user, group, symbol, order, price, ticket)

    def _increase(
        self, user: User, position: Position, volume_ext: int, price: float, ticket: Ticket
    ) -> Deal:
        symbol, group = self.book.symbols[position.symbol], self.book.group_of(user)
        self._check_money(user, Exposure(symbol.name, position.action, volume_ext, price))
        order = self._filled_order(
            user, symbol, position.action, volume_ext, price, ticket, position.ticket
        )
        total = position.volume_ext + volume_ext
        weighted = position.price_open * position.volume_ext + price * volume_ext
        position.price_open = round(weighted / total, symbol.digits)
        position.volume_ext = total
        position.time_update_msc = self.clock.now_msc()
        self.book.add_position(position)
        deal = self._trade_deal(user, group, symbol, order, price, ticket)
        self._book_deal(user, deal)
        return deal

    # Closing

    def close(
        self, position: Position, volume_ext: int | None = None, ticket: Ticket = PLAIN,
        price: float | None = None, entry: Entry = Entry.OUT,
    ) -> Deal:  # fmt: skip
        """Close a position or a part of it at the market (or a given price). Raises Rejected."""
        volume = position.volume_ext if volume_ext is None else volume_ext
        if volume <= 0 or volume > position.volume_ext:
            _reject(Retcode.CLOSE_VOLUME)
        user, symbol = self.book.users[position.login], self.book.symbols[position.symbol]
        if not self.market.is_open(symbol):
            _reject(Retcode.MARKET_CLOSED)
        group = self.book.group_of(user)
        action = Action.SELL if position.action == Action.BUY else Action.BUY
        if price is None:
            quote = self.market.bid if action == Action.SELL else self.market.ask
            price = quote(symbol.name, group)
        order = self._filled_order(user, symbol, action, volume, price, ticket, position.ticket)
        deal = self._trade_deal(user, group, symbol, order, price, ticket)
        deal.entry = int(entry)
        self._settle(position, deal, volume, group)
        self._book_deal(user, deal)
        return deal

    def _settle(self, position: Position, deal: Deal, volume: int, group: Group) -> None:
        """Give a closing deal its profit and swap, and take them from the position."""
        symbol = self.book.symbols[position.symbol]
        result = self.math.profit(
            symbol, group.currency, group.currency_digits, position.action, volume,
            position.price_open, deal.price,
        )  # fmt: skip
        share = position.storage * volume // position.volume_ext
        deal.profit, deal.profit_raw, deal.rate_profit = result.money, result.raw, result.rate
        deal.storage = share
        deal.price_position = position.price_open
        deal.volume_closed_ext = volume
        position.storage -= share
        position.volume_ext -= volume
        position.time_update_msc = deal.time_msc
        if position.volume_ext:
            self.book.add_position(position)
        else:
            self.book.remove_position(position)

    def close_by(self, position: Position, other: Position, ticket: Ticket = PLAIN) -> list[Deal]:
        """Close two opposite positions of one symbol by each other; two deals."""
        is_pair = position.symbol == other.symbol and position.action != other.action
        if not is_pair or position.login != other.login:
            _reject(Retcode.INVALID_REQUEST)
        volume = min(position.volume_ext, other.volume_ext)
        price = other.price_open
        return [self.close(one, volume, ticket, price, Entry.OUT_BY) for one in (position, other)]

    # Stop-out

    def stop_out(self, user: User) -> list[Deal]:
        """Close the worst positions until the margin level is above the group's stop-out."""
        group, deals = self.book.group_of(user), []
        for _ in range(STOP_OUT_ROUNDS):
            state = self.math.state(user)
            if not state.margin or state.level >= group.margin_stop_out:
                break
            closable = [
                one
                for one in self.book.positions_of(user.login)
                if self.market.is_open(self.book.symbols[one.symbol])
            ]
            if not closable:
                break
            worst = min(closable, key=lambda one: one.profit + one.storage)
            comment = f"[so {state.level:.2f}%]"
            deals.append(self.close(worst, None, Ticket(comment=comment, reason=Reason.STOP_OUT)))
        return deals


def pending_action(order_type: int) -> Action:
    """Buy or sell: the side of an order type."""
    buys = {OrderType.BUY, OrderType.BUY_LIMIT, OrderType.BUY_STOP, OrderType.BUY_STOP_LIMIT}
    return Action.BUY if order_type in buys else Action.SELL


def _reject(retcode: Retcode) -> NoReturn:
    raise Rejected(retcode)
