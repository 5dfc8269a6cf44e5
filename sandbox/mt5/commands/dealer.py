"""Trade requests of dealers: queued, executed, and their results fetched.

`0` to `send_request` only means that the request is queued. Results wait on the connection that
sent the request, for three minutes, and are handed out once.
"""

import asyncio
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.mt5.auth import Right
from sandbox.mt5.commands.registry import Answer, Call, command
from sandbox.mt5.faults import FaultKind
from sandbox.mt5.pending import PENDING_TYPES, PendingTerms
from sandbox.mt5.records import Action, Deal, Order, Position, Reason, User
from sandbox.mt5.retcodes import Rejected, Retcode, wire_text
from sandbox.mt5.trading import Ticket
from sandbox.mt5.wire_values import VOLUME_EXT_PER_VOLUME, is_integer64, money_minor, parse_amount

QUEUE_MAX = 128
UNREAD_S = 180.0
PRICE_MAX = 10**9
DIGITS_MAX = 8


@dataclass(slots=True)
class Result:
    """The outcome of a request, as both forms of the answer show it."""

    retcode: Retcode
    deal: int = 0
    order: int = 0
    volume_ext: int = 0
    price: float = 0.0


@dataclass(slots=True)
class Waiting:
    """A request of a connection; `answer` is empty until it has been executed."""

    sent: float
    answer: list[dict[str, dict[str, str]]]


class RequestFields:
    """The fields of a request's JSON, read as numbers. Raises Rejected on nonsense."""

    def __init__(self, body: dict[str, Any]) -> None:
        self._body = body

    def text(self, name: str) -> str:
        value = self._body.get(name)
        return "" if value is None else str(value)

    def integer(self, name: str) -> int:
        number = int(self._amount(name))
        if not is_integer64(number):
            raise Rejected(Retcode.PARAMETERS)
        return number

    def price(self, name: str) -> float:
        amount = self._amount(name)
        if abs(amount) > PRICE_MAX:
            raise Rejected(Retcode.PARAMETERS)
        return float(amount)

    def _amount(self, name: str) -> Decimal:
        amount = parse_amount(self.text(name) or "0")
        if amount is None:
            raise Rejected(Retcode.PARAMETERS)
        return amount

    def volume_ext(self) -> int:
        """The extended volume wins when it is given: 1e-8 lots against 1/10,000."""
        return self.integer("VolumeExt") or self.integer("Volume") * VOLUME_EXT_PER_VOLUME

    def ticket(self, dealer: int) -> Ticket:
        return Ticket(
            price_sl=self.price("PriceSL"),
            price_tp=self.price("PriceTP"),
            comment=self.text("Comment"),
            reason=Reason.DEALER,
            dealer=dealer,
            external_id=self.text("ExternalID"),
            type_fill=self.integer("TypeFill"),
        )

    def terms(self) -> PendingTerms:
        return PendingTerms(
            self.price("PriceOrder"),
            self.price("PriceTrigger"),
            self.integer("TimeExpiration"),
            self.integer("TypeTime"),
        )


@command("dealer/send_request", right=Right.DEALER, raw="DEALER_SEND")
def dealer_send_request(call: Call) -> Answer:
    if not isinstance(call.body, dict):
        return Answer(retcode=Retcode.PARAMETERS)
    fields = RequestFields(call.body)
    user = call.user(fields.integer("Login"))
    requests = call.session.requests
    _forget_unread(requests)
    if len(requests) >= QUEUE_MAX:
        return Answer(retcode=Retcode.TOO_MANY_REQUESTS)
    number = call.server.next_request_id()
    # Nonsense in a number is refused here, not in the queue.
    _request(call, number, user, fields, Result(Retcode.DONE))
    waiting = requests[number] = Waiting(time.monotonic(), [])
    delay_s = call.server.settings.dealer_delay_s

    def execute() -> None:
        waiting.answer = _execute(call, number, user, fields)
        call.server.save()

    if delay_s > 0:
        asyncio.get_running_loop().call_later(delay_s, execute)
    else:
        execute()
    return Answer(scalars={"ID": str(number)})


def _forget_unread(requests: dict[int, Waiting]) -> None:
    oldest = time.monotonic() - UNREAD_S
    for number in [key for key, waiting in requests.items() if waiting.sent < oldest]:
        del requests[number]


@command("dealer/get_request_result", right=Right.DEALER, raw="DEALER_UPDATES")
def dealer_get_request_result(call: Call) -> Answer:
    numbers, requests = call.numbers("id"), call.session.requests
    if not numbers:
        return Answer(retcode=Retcode.PARAMETERS)
    results: dict[str, Any] = {}
    for number in numbers:
        waiting = requests.get(number)
        results[str(number)] = waiting.answer if waiting else []
        if waiting and waiting.answer:
            del requests[number]
    if call.server.settings.documented_case:
        return Answer(extra=results)
    return Answer(results)


def _execute(
    call: Call, number: int, user: User, fields: RequestFields
) -> list[dict[str, dict[str, str]]]:
    requote = call.server.faults.take("dealer/send_request", kinds=frozenset({FaultKind.REQUOTE}))
    try:
        handler = _ACTIONS.get(fields.integer("Action"))
        if requote is not None:
            result = Result(Retcode.REQUOTE)
        elif handler is None:
            result = Result(Retcode.INVALID_REQUEST)
        else:
            result = handler(call, user, fields)
    except Rejected as refusal:
        result = Result(refusal.retcode)
    return [
        {"result": _confirm(call, number, fields, result)},
        {"answer": _request(call, number, user, fields, result)},
    ]


# The actions


def _market(call: Call, user: User, fields: RequestFields) -> Result:
    """200: open, or close the position named in the request."""
    ticket, engine = fields.ticket(call.manager.login), call.server.engine
    price = fields.price("PriceOrder") or None
    if fields.integer("Position"):
        position = _position(call, user, fields.integer("Position"))
        volume = fields.volume_ext() or position.volume_ext
        return _executed(engine.close(position, volume, ticket, price))
    kind = fields.integer("Type")
    symbol = call.server.book.symbols.get(fields.text("Symbol"))
    if symbol is None or kind not in {Action.BUY, Action.SELL}:
        raise Rejected(Retcode.INVALID_REQUEST)
    return _executed(engine.open(user, symbol, kind, fields.volume_ext(), ticket, price))


def _executed(deal: Deal) -> Result:
    return Result(Retcode.EXECUTED, deal.ticket, deal.order, deal.volume_ext, deal.price)


def _place(call: Call, user: User, fields: RequestFields) -> Result:
    """201: place a pending order."""
    name, kind = fields.text("Symbol"), fields.integer("Type")
    if name not in call.server.book.symbols or kind not in PENDING_TYPES:
        raise Rejected(Retcode.INVALID_REQUEST)
    order = call.server.pending.place(
        user, name, kind, fields.volume_ext(), fields.terms(), fields.ticket(call.manager.login)
    )
    return _placed(order)


def _placed(order: Order) -> Result:
    return Result(
        Retcode.EXECUTED,
        order=order.ticket,
        volume_ext=order.volume_initial_ext,
        price=order.price_order,
    )


def _modify_position(call: Call, user: User, fields: RequestFields) -> Result:
    """202: change the stops of a position."""
    position = _position(call, user, fields.integer("Position"))
    call.server.pending.modify_position(position, fields.ticket(call.manager.login))
    return Result(Retcode.EXECUTED, order=position.ticket, volume_ext=position.volume_ext)


def _modify_order(call: Call, user: User, fields: RequestFields) -> Result:
    """203: change a pending order."""
    order = _order(call, user, fields.integer("Order"))
    call.server.pending.modify(order, fields.terms(), fields.ticket(call.manager.login))
    return _placed(order)


def _remove_order(call: Call, user: User, fields: RequestFields) -> Result:
    """204: cancel a pending order."""
    order = _order(call, user, fields.integer("Order"))
    call.server.pending.cancel(order)
    return _placed(order)


def _activate_order(call: Call, user: User, fields: RequestFields) -> Result:
    """205 and 207: fill a pending order now."""
    order = _order(call, user, fields.integer("Order"))
    call.server.pending.activate(order)
    return _placed(order)


def _balance(call: Call, user: User, fields: RequestFields) -> Result:
    """206: a balance operation; the amount is in PriceOrder, the kind in Type."""
    call.check_right(Right.ACCOUNTANT)
    amount = parse_amount(fields.text("PriceOrder"))
    if amount is None:
        raise Rejected(Retcode.INVALID_REQUEST)
    deal = call.server.engine.balance(
        user,
        fields.integer("Type"),
        money_minor(amount, user.currency_digits),
        comment=fields.text("Comment"),
        dealer=call.manager.login,
    )
    return Result(Retcode.EXECUTED, deal.ticket)


def _close_by(call: Call, user: User, fields: RequestFields) -> Result:
    """208: close two opposite positions by each other."""
    first = _position(call, user, fields.integer("Position"))
    second = _position(call, user, fields.integer("PositionBy"))
    deals = call.server.engine.close_by(first, second, fields.ticket(call.manager.login))
    return _executed(deals[0])


_ACTIONS = {
    200: _market,
    201: _place,
    202: _modify_position,
    203: _modify_order,
    204: _remove_order,
    205: _activate_order,
    206: _balance,
    207: _activate_order,
    208: _close_by,
}


def _position(call: Call, user: User, ticket: int) -> Position:
    position = call.server.book.positions.get(ticket)
    if position is None or position.login != user.login:
        raise Rejected(Retcode.POSITION_CLOSED)
    return position


def _order(call: Call, user: User, ticket: int) -> Order:
    order = call.server.book.orders.get(ticket)
    if order is None or order.login != user.login:
        raise Rejected(Retcode.INVALID_ORDER)
    return order


# What the client gets to see


def _prices(call: Call, fields: RequestFields) -> tuple[int, str, str]:
    tick = call.server.market.ticks.get(fields.text("Symbol"))
    if tick is None:
        return min(max(fields.integer("Digits"), 0), DIGITS_MAX), "0", "0"
    return tick.digits, f"{tick.bid:.{tick.digits}f}", f"{tick.ask:.{tick.digits}f}"


def _confirm(call: Call, number: int, fields: RequestFields, result: Result) -> dict[str, str]:
    """The older form of a result."""
    digits, bid, ask = _prices(call, fields)
    return {
        "ID": str(number),
        "Retcode": wire_text(result.retcode),
        "DealID": str(result.deal),
        "OrderID": str(result.order),
        "Volume": str(result.volume_ext // VOLUME_EXT_PER_VOLUME),
        "VolumeExt": str(result.volume_ext),
        "Price": f"{result.price:.{digits}f}",
        "TickBid": bid,
        "TickAsk": ask,
        "TickLast": "0",
        "Comment": "",
        "Flags": "0",
    }


def _request(
    call: Call, number: int, user: User, fields: RequestFields, result: Result
) -> dict[str, str]:
    """The request with its result: the newer form."""
    digits, bid, ask = _prices(call, fields)
    volume = fields.volume_ext()
    prices = ("PriceOrder", "PriceTrigger", "PriceSL", "PriceTP")
    numbers = ("Action", "TypeFill", "TypeTime", "TimeExpiration", "Type", "Order", "Position")
    return {
        "ID": str(number),
        "IDClient": "0",
        "Login": str(user.login),
        "SourceLogin": str(call.manager.login),
        "Group": user.group,
        "Symbol": fields.text("Symbol"),
        "Digits": str(digits),
        **{name: str(fields.integer(name)) for name in numbers},
        **{name: f"{fields.price(name):.{digits}f}" for name in prices},
        "PositionBy": str(fields.integer("PositionBy")),
        "Volume": str(volume // VOLUME_EXT_PER_VOLUME),
        "VolumeExt": str(volume),
        "Comment": fields.text("Comment"),
        "ResultRetcode": wire_text(result.retcode),
        "ResultDealer": str(call.manager.login),
        "ResultDeal": str(result.deal),
        "ResultOrder": str(result.order),
        "ResultVolume": str(result.volume_ext // VOLUME_EXT_PER_VOLUME),
        "ResultVolumeExt": str(result.volume_ext),
        "ResultPrice": f"{result.price:.{digits}f}",
        "ResultDealerBid": bid,
        "ResultDealerAsk": ask,
        "ResultDealerLast": "0",
        "ResultMarketBid": bid,
        "ResultMarketAsk": ask,
        "ResultMarketLast": "0",
        "ResultComment": "",
    }
