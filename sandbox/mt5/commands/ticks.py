"""Quotes: the last ticks, and only what changed since a transaction number."""

from sandbox.mt5.commands.groups import symbols_in
from sandbox.mt5.commands.registry import Answer, Call, command
from sandbox.mt5.configs import Group
from sandbox.mt5.market import Tick
from sandbox.mt5.retcodes import Rejected, Retcode


def _ticks(call: Call) -> list[Tick]:
    """Ticks of the named symbols that changed after `trans_id`. Raises Rejected."""
    ticks, text = call.server.market.ticks, call.text("symbol")
    if not text:
        raise Rejected(Retcode.PARAMETERS)
    names = [part.strip() for part in text.split(",") if part.strip()]
    if any("*" in name or name.startswith("!") for name in names):
        names = symbols_in(call, text)
    elif any(name not in ticks for name in names):
        raise Rejected(Retcode.NOT_FOUND)
    since = call.number("trans_id", 0)
    return [ticks[name] for name in names if ticks[name].trans_id > since]


def _answer(call: Call, rows: list[dict[str, object]]) -> Answer:
    return Answer(rows, top={"trans_id": str(call.server.market.trans_id)})


@command("tick/last")
def tick_last(call: Call) -> Answer:
    return _answer(call, [tick.wire() for tick in _ticks(call)])


def _for_group(call: Call, tick: Tick, group: Group) -> dict[str, object]:
    """A tick with the spread of a group."""
    market, digits = call.server.market, tick.digits
    bid, ask = market.bid(tick.symbol, group), market.ask(tick.symbol, group)
    return tick.wire() | {"Bid": f"{bid:.{digits}f}", "Ask": f"{ask:.{digits}f}"}


@command("tick/last_group")
def tick_last_group(call: Call) -> Answer:
    group = call.server.book.groups.get(call.text("group"))
    if group is None:
        return Answer(retcode=Retcode.NOT_FOUND)
    call.check_group(group.name)
    return _answer(call, [_for_group(call, tick, group) for tick in _ticks(call)])


def _stat(tick: Tick) -> dict[str, object]:
    digits = tick.digits
    prices = {
        "Bid": tick.bid,
        "BidLow": tick.bid_low,
        "BidHigh": tick.bid_high,
        "Ask": tick.ask,
        "AskLow": tick.ask_low,
        "AskHigh": tick.ask_high,
        "Last": 0.0,
        "LastLow": 0.0,
        "LastHigh": 0.0,
        "PriceOpen": tick.open,
        "PriceClose": tick.open,
    }
    zeros = (
        "Volume", "VolumeLow", "VolumeHigh", "VolumeDir", "LastDir", "TradeDeals", "TradeVolume",
        "TradeTurnover", "TradeInterest", "TradeBuyOrders", "TradeBuyVolume", "TradeSellOrders",
        "TradeSellVolume", "PriceVolatility", "PriceTheoretical",
    )  # fmt: skip
    reals = (
        "VolumeReal", "VolumeLowReal", "VolumeHighReal", "TradeVolumeReal", "TradeBuyVolumeReal",
        "TradeSellVolumeReal",
    )  # fmt: skip
    change = 100 * (tick.bid - tick.open) / tick.open
    return {
        "Symbol": tick.symbol,
        "Digits": str(digits),
        "Datetime": str(tick.time_msc // 1000),
        "DatetimeMsc": str(tick.time_msc),
        **{name: f"{price:.{digits}f}" for name, price in prices.items()},
        **dict.fromkeys(zeros, "0"),
        **dict.fromkeys(reals, "0.00"),
        "BidDir": str(tick.direction),
        "AskDir": str(tick.direction),
        "PriceChange": f"{change:.4f}",
    }


@command("tick/stat")
def tick_stat(call: Call) -> Answer:
    return _answer(call, [_stat(tick) for tick in _ticks(call)])
