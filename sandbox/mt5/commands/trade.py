"""Balance operations and calculations."""

from sandbox.mt5.account_math import Exposure
from sandbox.mt5.auth import Right
from sandbox.mt5.commands.registry import Answer, Call, command
from sandbox.mt5.configs import Group, Symbol
from sandbox.mt5.market import NoRate
from sandbox.mt5.records import Action
from sandbox.mt5.retcodes import Rejected, Retcode
from sandbox.mt5.trading import OPERATION_MAX
from sandbox.mt5.wire_values import money_minor, parse_amount

PRICE_MAX = 10**9


@command("trade/balance", right=Right.ACCOUNTANT, also=("USER_DEPOSIT_CHANGE",))
def trade_balance(call: Call) -> Answer:
    user = call.user()
    amount = parse_amount(call.text("balance"))
    if amount is None:
        return Answer(retcode=Retcode.PARAMETERS)
    if abs(amount) > OPERATION_MAX:
        return Answer(retcode=Retcode.MONEY_LIMIT)
    deal = call.server.engine.balance(
        user,
        call.number("type"),
        money_minor(amount, user.currency_digits),
        comment=call.text("comment"),
        check_margin=call.text("check_margin", "1") != "0",
        dealer=call.manager.login,
    )
    return Answer(scalars={"Ticket": str(deal.ticket)})


def _symbol(call: Call) -> Symbol:
    symbol = call.server.book.symbols.get(call.text("symbol"))
    if symbol is None:
        raise Rejected(Retcode.NOT_FOUND)
    return symbol


def _group(call: Call) -> Group:
    group = call.server.book.groups.get(call.text("group"))
    if group is None:
        raise Rejected(Retcode.NOT_FOUND)
    call.check_group(group.name)
    return group


def _price(call: Call, name: str, default: float = 0.0) -> float:
    text = call.text(name)
    if not text:
        return default
    amount = parse_amount(text)
    if amount is None or not 0 <= amount <= PRICE_MAX:
        raise Rejected(Retcode.PARAMETERS)
    return float(amount)


def _side(call: Call) -> Action:
    kind = call.number("type")
    if kind not in {Action.BUY, Action.SELL}:
        raise Rejected(Retcode.PARAMETERS)
    return Action(kind)


@command("trade/check_margin", right=Right.ACCOUNTS, raw="TRADE_MARGIN_CHECK")
def trade_check_margin(call: Call) -> Answer:
    """The trade state now, and as it would be with one more deal (volume in 1e-8 lots)."""
    user, symbol, action = call.user(), _symbol(call), _side(call)
    market, math = call.server.market, call.server.engine.math
    quote = market.ask if action is Action.BUY else market.bid
    price = _price(call, "price") or quote(symbol.name)
    leg = Exposure(symbol.name, action, call.number("volume"), price)
    return Answer({"new": math.state(user, leg).wire(), "current": math.state(user).wire()})


@command("trade/calc_profit", right=Right.ACCOUNTS, raw="TRADE_PROFIT")
def trade_calc_profit(call: Call) -> Answer:
    """Profit of a position closed as given, in the group's currency (volume in 1e-8 lots)."""
    group, symbol = _group(call), _symbol(call)
    result = call.server.engine.math.profit(
        symbol, group.currency, group.currency_digits, _side(call), call.number("volume"),
        _price(call, "price_open"), _price(call, "price_close"),
    )  # fmt: skip
    return Answer(
        {"Profit": f"{result.raw * result.rate:.6f}", "Profit_rate": f"{result.rate:.6f}"}
    )


def _rate(call: Call, *, is_buying: bool) -> Answer:
    try:
        rate = call.server.market.rate(
            call.text("base").upper(), call.text("currency").upper(), is_buying=is_buying
        )
    except NoRate:
        return Answer(retcode=Retcode.NOT_FOUND)
    return Answer({"Rate": f"{rate:.6f}"}, tcp={"Rate": f"{rate:.6f}"})


@command("trade/calc_rate_buy", raw="TRADE_RATE_BUY")
def trade_calc_rate_buy(call: Call) -> Answer:
    return _rate(call, is_buying=True)


@command("trade/calc_rate_sell", raw="TRADE_RATE_SELL")
def trade_calc_rate_sell(call: Call) -> Answer:
    return _rate(call, is_buying=False)
