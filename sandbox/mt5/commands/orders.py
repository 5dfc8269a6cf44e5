"""Open orders (`order/...`) and closed ones (`history/...`)."""

from dataclasses import replace
from typing import Any

from sandbox.mt5.auth import Right
from sandbox.mt5.commands.deals import body_records
from sandbox.mt5.commands.registry import Answer, Call, command
from sandbox.mt5.records import Order, OrderState
from sandbox.mt5.retcodes import Rejected, Retcode
from sandbox.mt5.wire_values import parse_amount, parse_integer

_PRICES = {
    "PriceOrder": "price_order",
    "PriceTrigger": "price_trigger",
    "PriceSL": "price_sl",
    "PriceTP": "price_tp",
}


def _visible(call: Call, order: Order) -> bool:
    user = call.server.book.users.get(order.login)
    return user is None or call.manager.sees_group(user.group)


def open_order(call: Call, ticket: int) -> Order:
    """An open order the manager may see. Raises Rejected."""
    order = call.server.book.orders.get(ticket)
    if order is None:
        raise Rejected(Retcode.NOT_FOUND)
    if not _visible(call, order):
        raise Rejected(Retcode.PERMISSIONS)
    return order


def _named(call: Call, orders: list[Order]) -> list[dict[str, object]]:
    symbols = [one for one in call.text("symbol").split(",") if one]
    return [one.wire() for one in orders if not symbols or one.symbol in symbols]


def _of_login(call: Call, login: int) -> list[Order]:
    return sorted(call.server.book.orders_of(login), key=lambda one: one.ticket)


@command("order/get", right=Right.TRADES)
def order_get(call: Call) -> Answer:
    return Answer(open_order(call, call.number("ticket")).wire())


@command("order/get_total", right=Right.TRADES)
def order_get_total(call: Call) -> Answer:
    count = len(call.server.book.orders_of(call.user().login))
    return Answer(scalars={"Total": str(count)})


@command("order/get_page", right=Right.TRADES)
def order_get_page(call: Call) -> Answer:
    orders = _of_login(call, call.user().login)
    offset, total = call.page()
    return Answer([one.wire() for one in orders[offset : offset + total]])


@command("order/get_batch", right=Right.TRADES)
def order_get_batch(call: Call) -> Answer:
    if call.by_tickets():
        found = [call.server.book.orders.get(ticket) for ticket in call.numbers("ticket")]
        orders = [one for one in found if one is not None and _visible(call, one)]
    else:
        orders = [one for login in call.logins() for one in _of_login(call, login)]
    return Answer(_named(call, orders))


@command("order/cancel", right=Right.TRADES_EDIT)
def order_cancel(call: Call) -> Answer:
    """Cancel open orders: they move to the history."""
    tickets = call.numbers("ticket")
    if not tickets:
        return Answer(retcode=Retcode.PARAMETERS)
    for order in [open_order(call, ticket) for ticket in tickets]:
        call.server.pending.cancel(order)
    return Answer()


@command("order/delete", right=Right.TRADES_EDIT)
def order_delete(call: Call) -> Answer:
    """Delete open orders without a trace in the history."""
    book, tickets = call.server.book, call.numbers("ticket")
    if not tickets:
        return Answer(retcode=Retcode.PARAMETERS)
    for order in [open_order(call, ticket) for ticket in tickets]:
        call.server.remember("order", order)
        book.remove_order(order)
    return Answer()


@command("order/reopen", right=Right.TRADES_EDIT)
def order_reopen(call: Call) -> Answer:
    """Bring a canceled, expired or rejected order back from the history."""
    book, ticket = call.server.book, call.number("ticket")
    order = book.history.get(ticket)
    if order is None:
        return Answer(retcode=Retcode.NOT_FOUND)
    if order.state == OrderState.FILLED or order.login not in book.users:
        return Answer(retcode=Retcode.INVALID_ORDER)
    book.delete_history(ticket)
    book.add_order(replace(order, state=int(OrderState.PLACED), time_done_msc=0))
    return Answer()


@command("order/update", right=Right.TRADES_EDIT)
def order_update(call: Call) -> Answer:
    answers = []
    for record in body_records(call):
        order = open_order(call, _ticket(record))
        changed = _changed(order, record)
        call.server.book.add_order(changed)
        answers.append(changed.wire())
    return Answer(answers if isinstance(call.body, list) else answers[0])


def _ticket(record: dict[str, Any]) -> int:
    ticket = parse_integer(str(record.get("Order", "")))
    if ticket is None:
        raise Rejected(Retcode.PARAMETERS)
    return ticket


def _changed(order: Order, record: dict[str, Any]) -> Order:
    """A copy of an order with prices, comment and external number taken from a record."""
    changed = replace(order, modification_flags=order.modification_flags | 0x1)
    for name, attribute in _PRICES.items():
        if name in record:
            amount = parse_amount(str(record[name]))
            if amount is None:
                raise Rejected(Retcode.PARAMETERS)
            setattr(changed, attribute, float(amount))
    changed.comment = str(record.get("Comment", order.comment))
    changed.external_id = str(record.get("ExternalID", order.external_id))
    return changed


# Closed orders


@command("history/get", right=Right.TRADES)
def history_get(call: Call) -> Answer:
    order = call.server.book.history.get(call.number("ticket"))
    if order is None:
        return Answer(retcode=Retcode.NOT_FOUND)
    if not _visible(call, order):
        return Answer(retcode=Retcode.PERMISSIONS)
    return Answer(order.wire())


@command("history/get_total", right=Right.TRADES)
def history_get_total(call: Call) -> Answer:
    user, period = call.user(), call.period_msc(may_be_open=True)
    return Answer(scalars={"Total": str(call.server.book.history.count(user.login, *period))})


@command("history/get_page", right=Right.TRADES)
def history_get_page(call: Call) -> Answer:
    user, period = call.user(), call.period_msc(may_be_open=True)
    rows = call.server.book.history.page(user.login, *period, *call.page())
    return Answer([one.wire() for one in rows])


@command("history/get_batch", right=Right.TRADES)
def history_get_batch(call: Call) -> Answer:
    table = call.server.book.history
    if call.by_tickets():
        found = [table.get(ticket) for ticket in call.numbers("ticket")]
        orders = [one for one in found if one is not None and _visible(call, one)]
    else:
        logins, period = call.logins(), call.period_msc()
        orders = [one for login in logins for one in table.page(login, *period)]
    return Answer(_named(call, orders))


@command("history/update", right=Right.TRADES_EDIT)
def history_update(call: Call) -> Answer:
    book, answers = call.server.book, []
    for record in body_records(call):
        order = book.history.get(_ticket(record))
        if order is None:
            return Answer(retcode=Retcode.NOT_FOUND)
        changed = _changed(order, record)
        book.replace_history(changed)
        answers.append(changed.wire())
    return Answer(answers if isinstance(call.body, list) else answers[0])


@command("history/delete", right=Right.TRADES_EDIT)
def history_delete(call: Call) -> Answer:
    tickets = call.numbers("ticket")
    if not tickets:
        return Answer(retcode=Retcode.PARAMETERS)
    deleted = [call.server.book.delete_history(ticket) for ticket in tickets]
    return Answer(retcode=Retcode.DONE if all(deleted) else Retcode.NOT_FOUND)
