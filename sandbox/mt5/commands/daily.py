"""Daily reports: one for each ended day of an account that did something or has a trade."""

from sandbox.mt5.auth import Right
from sandbox.mt5.commands.registry import Answer, Call, command
from sandbox.mt5.rollover import Daily


def _reports(call: Call) -> list[Daily]:
    """The reports of `login` (a list) or `group` in the period, by login and time."""
    start_msc, end_msc = call.period_msc()
    start, end = start_msc // 1000, end_msc // 1000
    dailies = call.server.rollover.dailies
    return [
        daily
        for login in call.logins()
        for daily in dailies.get(login, ())
        if start <= daily.time_s <= end
    ]


def _light(daily: Daily) -> dict[str, object]:
    """A report without its positions and orders."""
    return {
        name: value for name, value in daily.record.items() if name not in {"Positions", "Orders"}
    }


@command("daily/get", right=Right.REPORTS)
def daily_get(call: Call) -> Answer:
    return Answer([daily.record for daily in _reports(call)])


@command("daily/get_batch", right=Right.REPORTS)
def daily_get_batch(call: Call) -> Answer:
    return Answer([daily.record for daily in _reports(call)])


@command("daily/get_page", right=Right.REPORTS)
def daily_get_page(call: Call) -> Answer:
    offset, total = call.page()
    return Answer([daily.record for daily in _reports(call)[offset : offset + total]])


@command("daily/get_light", right=Right.REPORTS)
def daily_get_light(call: Call) -> Answer:
    return Answer([_light(daily) for daily in _reports(call)])


@command("daily/get_batch_light", right=Right.REPORTS)
def daily_get_batch_light(call: Call) -> Answer:
    return Answer([_light(daily) for daily in _reports(call)])
