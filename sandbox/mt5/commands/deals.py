"""Deals: look-up by ticket, login and time, and their change by administrators."""

from dataclasses import fields
from decimal import Decimal
from typing import Any

from sandbox.mt5.auth import Right
from sandbox.mt5.commands.registry import Answer, Call, command
from sandbox.mt5.records import Deal
from sandbox.mt5.retcodes import Rejected, Retcode
from sandbox.mt5.wire_values import VOLUME_EXT_PER_VOLUME, money_minor, parse_amount

AMOUNT_MAX = 10**14
MONEY_FIELDS = {"Profit": "profit", "Storage": "storage", "Commission": "commission", "Fee": "fee"}
PRICE_FIELDS = {"Price": "price", "PriceSL": "price_sl", "PriceTP": "price_tp"}
NUMBER_FIELDS = {
    "Login": "login", "Order": "order", "Action": "action", "Entry": "entry", "Reason": "reason",
    "Dealer": "dealer", "TimeMsc": "time_msc", "VolumeExt": "volume_ext", "ExpertID": "expert_id",
    "PositionID": "position_id",
}  # fmt: skip
TEXT_FIELDS = {"Symbol": "symbol", "Comment": "comment", "ExternalID": "external_id"}


def _visible(call: Call, deal: Deal) -> bool:
    user = call.server.book.users.get(deal.login)
    return user is None or call.manager.sees_group(user.group)


@command("deal/get", right=Right.TRADES)
def deal_get(call: Call) -> Answer:
    deal = call.server.book.deals.get(call.number("ticket"))
    if deal is None:
        return Answer(retcode=Retcode.NOT_FOUND)
    if not _visible(call, deal):
        return Answer(retcode=Retcode.PERMISSIONS)
    return Answer(deal.wire())


@command("deal/get_total", right=Right.TRADES)
def deal_get_total(call: Call) -> Answer:
    user, period = call.user(), call.period_msc(may_be_open=True)
    return Answer(scalars={"Total": str(call.server.book.deals.count(user.login, *period))})


@command("deal/get_page", right=Right.TRADES)
def deal_get_page(call: Call) -> Answer:
    user, period = call.user(), call.period_msc(may_be_open=True)
    rows = call.server.book.deals.page(user.login, *period, *call.page())
    return Answer([deal.wire() for deal in rows])


@command("deal/get_batch", right=Right.TRADES)
def deal_get_batch(call: Call) -> Answer:
    """Deals of logins or groups in a period, or of tickets; a symbol narrows them."""
    table = call.server.book.deals
    if call.by_tickets():
        found = [table.get(ticket) for ticket in call.numbers("ticket")]
        deals = [deal for deal in found if deal is not None and _visible(call, deal)]
    else:
        logins, period = call.logins(), call.period_msc()
        deals = [deal for login in logins for deal in table.page(login, *period)]
    symbols = [one for one in call.text("symbol").split(",") if one]
    return Answer([one.wire() for one in deals if not symbols or one.symbol in symbols])


def deal_from_wire(server_deal: Deal, record: dict[str, Any]) -> Deal:
    """A deal with the given wire fields written over a copy of it. Raises Rejected."""
    values = {one.name: getattr(server_deal, one.name) for one in fields(Deal)}
    digits = server_deal.digits_currency
    for name, attribute in MONEY_FIELDS.items():
        if name in record:
            values[attribute] = money_minor(_amount(record[name]), digits)
    for name, attribute in PRICE_FIELDS.items():
        if name in record:
            values[attribute] = float(_amount(record[name]))
    for name, attribute in NUMBER_FIELDS.items():
        if name in record:
            values[attribute] = _integer(record[name])
    for name, attribute in TEXT_FIELDS.items():
        if name in record:
            values[attribute] = str(record[name])
    if "Time" in record and "TimeMsc" not in record:
        values["time_msc"] = _integer(record["Time"]) * 1000
    if "Volume" in record and "VolumeExt" not in record:
        values["volume_ext"] = _integer(record["Volume"]) * VOLUME_EXT_PER_VOLUME
    return Deal(**values)


def _amount(value: object) -> Decimal:
    amount = parse_amount(str(value))
    if amount is None or abs(amount) > AMOUNT_MAX:
        raise Rejected(Retcode.PARAMETERS)
    return amount


def _integer(value: object) -> int:
    return int(_amount(value))


def body_records(call: Call) -> list[dict[str, Any]]:
    """The records of a body: one object or an array of them. Raises Rejected."""
    records = call.body if isinstance(call.body, list) else [call.body]
    if not records or not all(isinstance(one, dict) for one in records):
        raise Rejected(Retcode.PARAMETERS)
    return records


@command("deal/update", right=Right.TRADES_EDIT)
def deal_update(call: Call) -> Answer:
    """Overwrite a deal as a manager does by hand: the balance is not corrected for it."""
    answers = []
    for record in body_records(call):
        ticket = _integer(record.get("Deal", ""))
        deal = call.server.book.deals.get(ticket)
        if deal is None:
            return Answer(retcode=Retcode.NOT_FOUND)
        changed = deal_from_wire(deal, record)
        changed.modification_flags |= 0x1
        call.server.book.replace_deal(changed, call.server.clock.now_s())
        answers.append(changed.wire())
    return Answer(answers if isinstance(call.body, list) else answers[0])


@command("deal/delete", right=Right.TRADES_EDIT)
def deal_delete(call: Call) -> Answer:
    book, now = call.server.book, call.server.clock.now_s()
    tickets = call.numbers("ticket") or call.numbers("tickets")
    if not tickets:
        return Answer(retcode=Retcode.PARAMETERS)
    deleted = [book.delete_deal(ticket, now) for ticket in tickets]
    return Answer(retcode=Retcode.DONE if all(deleted) else Retcode.NOT_FOUND)
