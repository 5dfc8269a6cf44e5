"""Groups and symbols: configuration look-ups, and their change by administrators."""

from collections.abc import Mapping
from typing import Protocol, TypeVar

from sandbox.mt5.auth import Right
from sandbox.mt5.commands.registry import MASK_MAX, Answer, Call, command
from sandbox.mt5.configs import CalcMode, Group, MarginMode, Symbol
from sandbox.mt5.masks import mask_matcher, matching
from sandbox.mt5.retcodes import Rejected, Retcode
from sandbox.mt5.wire_values import parse_amount

LEVEL_MAX = 10_000


class Config(Protocol):
    def wire(self) -> dict[str, object]: ...


ConfigT = TypeVar("ConfigT", bound=Config)


def _by_index(call: Call, configs: list[ConfigT]) -> Answer:
    """`next`: the config at an index, or an array when a count above one is asked for."""
    index, count = call.number("index"), call.number("count", 1)
    if not 0 <= index < len(configs):
        return Answer(retcode=Retcode.NOT_FOUND)
    if count <= 1:
        return Answer(configs[index].wire())
    return Answer([one.wire() for one in configs[index : index + count]])


def _by_names(configs: Mapping[str, ConfigT], names: list[str]) -> Answer:
    """The configs of a mask, at most 5,000 (then with the code for a partial answer)."""
    retcode = Retcode.PARTIAL if len(names) > MASK_MAX else Retcode.DONE
    return Answer([configs[name].wire() for name in names[:MASK_MAX]], retcode=retcode)


def _groups(call: Call) -> dict[str, Group]:
    groups = call.server.book.groups
    return {name: one for name, one in groups.items() if call.manager.sees_group(name)}


def _check_administrator(call: Call) -> None:
    if not call.manager.may(Right.ADMINISTRATOR):
        raise Rejected(Retcode.NOT_MAIN_SERVER)


@command("group/total")
def group_total(call: Call) -> Answer:
    return Answer(scalars={"Total": str(len(_groups(call)))})


@command("group/next")
def group_next(call: Call) -> Answer:
    return _by_index(call, list(_groups(call).values()))


@command("group/get")
def group_get(call: Call) -> Answer:
    groups, name = _groups(call), call.text("group")
    if call.text("mask"):
        return _by_names(groups, matching(groups, call.text("mask")))
    if not name:
        return Answer(retcode=Retcode.PARAMETERS)
    if name not in groups:
        return Answer(retcode=Retcode.NOT_FOUND)
    return Answer(groups[name].wire())


@command("group/list")
def group_list(call: Call) -> Answer:
    return Answer(matching(_groups(call), call.text("mask", "*") or "*"))


def _level(call: Call, name: str, default: float) -> float:
    """A margin level in percent. Raises Rejected."""
    if not call.text(name):
        return default
    level = parse_amount(call.text(name))
    if level is None or not 0 <= level <= LEVEL_MAX:
        raise Rejected(Retcode.PARAMETERS)
    return float(level)


@command("group/add")
def group_add(call: Call) -> Answer:
    """Add a group, or overwrite one of the same name and currency."""
    _check_administrator(call)
    if not isinstance(call.body, dict) or not call.text("group"):
        return Answer(retcode=Retcode.PARAMETERS)
    book, name = call.server.book, call.text("group")
    currency = call.text("currency", "USD")
    old = book.groups.get(name)
    if old is not None and old.currency != currency:
        return Answer(retcode=Retcode.OTHER_CURRENCY)
    group = old or Group(name, currency)
    if call.number("margin_mode", 0) not in set(MarginMode):
        return Answer(retcode=Retcode.PARAMETERS)
    group.company = call.text("company", group.company)
    group.margin_mode = MarginMode(call.number("margin_mode", int(group.margin_mode)))
    group.permissions = call.number("permissions_flags", group.permissions)
    group.auth_password_min = call.number("auth_password_min", group.auth_password_min)
    group.margin_call = _level(call, "margin_call", group.margin_call)
    group.margin_stop_out = _level(call, "margin_stop_out", group.margin_stop_out)
    group.leverage = call.number("demo_leverage", group.leverage)
    group.limit_orders = call.number("limit_orders", group.limit_orders)
    group.limit_positions = call.number("limit_positions", group.limit_positions)
    call.server.add_group(group)
    return Answer(group.wire())


@command("group/delete")
def group_delete(call: Call) -> Answer:
    _check_administrator(call)
    book, name = call.server.book, call.text("group")
    if name not in book.groups:
        return Answer(retcode=Retcode.NOT_FOUND)
    if any(user.group == name for user in book.users.values()):
        return Answer(retcode=Retcode.CONFIG_NOT_EMPTY)
    call.server.delete_group(name)
    return Answer()


def _symbols(call: Call) -> dict[str, Symbol]:
    return call.server.book.symbols


def symbols_in(call: Call, masks: str) -> list[str]:
    """Names of the symbols whose name or path ("Forex\\EURUSD") is in a mask list."""
    is_match = mask_matcher(masks)
    return [name for name, symbol in _symbols(call).items() if is_match(name, symbol.path)]


@command("symbol/total")
def symbol_total(call: Call) -> Answer:
    return Answer(scalars={"Total": str(len(_symbols(call)))})


@command("symbol/next")
def symbol_next(call: Call) -> Answer:
    return _by_index(call, list(_symbols(call).values()))


@command("symbol/get")
def symbol_get(call: Call) -> Answer:
    if call.text("mask"):
        return _by_names(_symbols(call), symbols_in(call, call.text("mask")))
    if not call.text("symbol"):
        return Answer(retcode=Retcode.PARAMETERS)
    symbol = _symbols(call).get(call.text("symbol"))
    return Answer(symbol.wire()) if symbol else Answer(retcode=Retcode.NOT_FOUND)


@command("symbol/list")
def symbol_list(call: Call) -> Answer:
    return Answer(symbols_in(call, call.text("mask", "*") or "*"))


@command("symbol/get_group")
def symbol_get_group(call: Call) -> Answer:
    """A symbol with the settings of a group: here its spread mark-up."""
    symbol = _symbols(call).get(call.text("symbol"))
    group = _groups(call).get(call.text("group"))
    if symbol is None or group is None:
        return Answer(retcode=Retcode.NOT_FOUND)
    return Answer(symbol.wire() | {"SpreadDiff": str(group.spread_markup_points)})


@command("symbol/add")
def symbol_add(call: Call) -> Answer:
    _check_administrator(call)
    return Answer(retcode=Retcode.NOT_IMPLEMENTED)


@command("symbol/delete")
def symbol_delete(call: Call) -> Answer:
    """Delete a symbol nobody holds a position or an order in.

    A pair of currencies stays while anybody trades: profits may be converted at its quotes.
    """
    _check_administrator(call)
    book, name = call.server.book, call.text("symbol")
    if name not in book.symbols:
        return Answer(retcode=Retcode.NOT_FOUND)
    traded = {one.symbol for one in book.positions.values()}
    traded |= {one.symbol for one in book.orders.values()}
    is_pair = book.symbols[name].calc_mode is CalcMode.FOREX
    if name in traded or (is_pair and traded):
        return Answer(retcode=Retcode.CONFIG_NOT_EMPTY)
    del book.symbols[name]
    del call.server.market.ticks[name]
    return Answer()
