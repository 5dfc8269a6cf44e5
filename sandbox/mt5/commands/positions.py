"""Open positions: look-up, check against the deals, change by administrators."""

from collections import defaultdict

from sandbox.mt5.auth import Right
from sandbox.mt5.commands.deals import body_records
from sandbox.mt5.commands.registry import Answer, Call, command
from sandbox.mt5.records import TRADE_ACTIONS, Entry, Position
from sandbox.mt5.retcodes import Rejected, Retcode
from sandbox.mt5.wire_values import parse_amount, parse_integer


def _current(call: Call, login: int) -> list[Position]:
    """The account's positions in order of tickets, valued at the current prices."""
    book, user = call.server.book, call.server.book.users[login]
    positions = sorted(book.positions_of(login), key=lambda one: one.ticket)
    for position in positions:
        call.server.engine.math.revalue(position, user)
    return positions


@command("position/get", right=Right.TRADES)
def position_get(call: Call) -> Answer:
    """The first position in a symbol: all there is on netting accounts."""
    user, name = call.user(), call.text("symbol")
    if not name:
        return Answer(retcode=Retcode.PARAMETERS)
    for position in _current(call, user.login):
        if position.symbol == name:
            return Answer(position.wire())
    return Answer(retcode=Retcode.NOT_FOUND)


@command("position/get_total", right=Right.TRADES)
def position_get_total(call: Call) -> Answer:
    count = len(call.server.book.positions_of(call.user().login))
    return Answer(scalars={"Total": str(count)})


@command("position/get_page", right=Right.TRADES)
def position_get_page(call: Call) -> Answer:
    positions = _current(call, call.user().login)
    offset, total = call.page()
    return Answer([one.wire() for one in positions[offset : offset + total]])


@command("position/get_batch", right=Right.TRADES)
def position_get_batch(call: Call) -> Answer:
    book = call.server.book
    if call.by_tickets():
        wanted = [book.positions.get(ticket) for ticket in call.numbers("ticket")]
        found = [one for one in wanted if one is not None]
        groups = {one.login: book.users[one.login].group for one in found}
        positions = [one for one in found if call.manager.sees_group(groups[one.login])]
        for position in positions:
            call.server.engine.math.revalue(position, book.users[position.login])
    else:
        logins = [login for login in call.logins() if book.positions_of(login)]
        positions = [one for login in logins for one in _current(call, login)]
    symbols = [one for one in call.text("symbol").split(",") if one]
    return Answer([one.wire() for one in positions if not symbols or one.symbol in symbols])


def _volumes_by_deals(call: Call, login: int) -> dict[int, int]:
    """Open volume of each position as the deals say it."""
    volumes: dict[int, int] = defaultdict(int)
    for deal in call.server.book.deals_of(login):
        if deal.action in TRADE_ACTIONS:
            is_opening = deal.entry == Entry.IN
            change = deal.volume_ext if is_opening else -deal.volume_closed_ext
            volumes[deal.position_id] += change
    return {ticket: volume for ticket, volume in volumes.items() if volume > 0}


@command("position/check", right=Right.TRADES)
def position_check(call: Call) -> Answer:
    """Compare the open positions with what the deals leave open."""
    user = call.user()
    positions, expected = _current(call, user.login), _volumes_by_deals(call, user.login)
    held = {one.ticket for one in positions}
    invalid = [one for one in positions if expected.get(one.ticket, 0) not in {0, one.volume_ext}]
    surplus = [one for one in positions if one.ticket not in expected]
    missed = [
        {"Position": str(ticket), "Login": str(user.login), "VolumeExt": str(volume)}
        for ticket, volume in expected.items()
        if ticket not in held
    ]
    extra = {
        "invalid": [one.wire() for one in invalid],
        "missed": missed,
        "nonexist": [one.wire() for one in surplus],
    }
    return Answer([one.wire() for one in positions], extra=extra)


@command("position/fix", right=Right.TRADES_EDIT)
def position_fix(call: Call) -> Answer:
    """Set the volumes of the positions to what the deals say, and drop what they don't know."""
    user = call.user()
    expected = _volumes_by_deals(call, user.login)
    for position in _current(call, user.login):
        if position.ticket not in expected:
            call.server.book.remove_position(position)
        elif position.volume_ext != expected[position.ticket]:
            position.volume_ext = expected[position.ticket]
            call.server.book.add_position(position)
    return Answer([one.wire() for one in _current(call, user.login)])


def open_position(call: Call, ticket: int) -> Position:
    position = call.server.book.positions.get(ticket)
    if position is None:
        raise Rejected(Retcode.NOT_FOUND)
    call.check_group(call.server.book.users[position.login].group)
    return position


@command("position/update", right=Right.TRADES_EDIT)
def position_update(call: Call) -> Answer:
    """Overwrite stops, comment and external number of positions."""
    answers = []
    for record in body_records(call):
        position = open_position(call, _integer(record.get("Position")))
        for name, attribute in (("PriceSL", "price_sl"), ("PriceTP", "price_tp")):
            if name in record:
                setattr(position, attribute, float(_amount(record[name])))
        position.comment = str(record.get("Comment", position.comment))
        position.external_id = str(record.get("ExternalID", position.external_id))
        position.modification_flags |= 0x1
        call.server.book.add_position(position)
        answers.append(position.wire())
    return Answer(answers if isinstance(call.body, list) else answers[0])


@command("position/delete", right=Right.TRADES_EDIT)
def position_delete(call: Call) -> Answer:
    tickets = call.numbers("ticket")
    if not tickets:
        return Answer(retcode=Retcode.PARAMETERS)
    for position in [open_position(call, ticket) for ticket in tickets]:
        call.server.remember("position", position)
        call.server.book.remove_position(position)
    return Answer()


def _amount(value: object) -> float:
    amount = parse_amount(str(value))
    if amount is None:
        raise Rejected(Retcode.PARAMETERS)
    return float(amount)


def _integer(value: object) -> int:
    number = parse_integer(str(value))
    if number is None:
        raise Rejected(Retcode.PARAMETERS)
    return number
