"""Time, common configuration, access test, quit."""

from sandbox.mt5.auth import Right
from sandbox.mt5.clock import DaylightRule, wall_text
from sandbox.mt5.commands.registry import Answer, Call, command
from sandbox.mt5.retcodes import Retcode


@command("test/access", also=("PING",))
def access_test(_call: Call) -> Answer:
    return Answer()


@command("test/trade")
def trade_test(_call: Call) -> Answer:
    return Answer()


@command("quit")
def quit_session(_call: Call) -> Answer:
    return Answer(closes=True)


@command("time/server")
def time_server(call: Call) -> Answer:
    now = call.server.clock.now_s()
    return Answer(scalars={"Time": f"{now} {wall_text(now)}"})


@command("time/get")
def time_get(call: Call) -> Answer:
    clock = call.server.clock
    is_daylight = clock.is_daylight(clock.utc_now())
    return Answer(
        {
            "Daylight": "0" if clock.rule is DaylightRule.NONE else "1",
            "DaylightState": "1" if is_daylight else "0",
            "TimeZone": str(clock.offset_minutes),
            "TimeServer": "",
            "Days": [["1"] * 24 for _ in range(7)],
        }
    )


@command("common/get")
def common_get(call: Call) -> Answer:
    book = call.server.book
    real = sum(1 for user in book.users.values() if user.group.startswith("real"))
    return Answer(
        {
            "Name": call.server.name,
            "NameFull": f"{call.server.name} Trading Platform",
            "Owner": "Sandbox Markets",
            "OwnerID": "SANDBOX",
            "OwnerHost": "localhost",
            "OwnerEmail": "support@sandbox.example",
            "Product": "MetaTrader 5 Server (simulated)",
            "ExpirationLicense": "0",
            "ExpirationSupport": "0",
            "LimitTradeServers": "1",
            "LimitWebServers": "1",
            "LimitAccounts": "0",
            "LimitDeals": "0",
            "LimitSymbols": "0",
            "LimitGroups": "0",
            "LiveUpdateMode": "0",
            "TotalUsers": str(len(book.users)),
            "TotalUsersReal": str(real),
            "TotalDeals": str(len(book.deals)),
            "TotalOrders": str(len(book.orders)),
            "TotalOrdersHistory": str(len(book.history)),
            "TotalPositions": str(len(book.positions)),
            "AccountURL": "",
            "AccountAuto": "0",
        }
    )


@command("server/restart", right=Right.ADMINISTRATOR)
def server_restart(call: Call) -> Answer:
    """A restart forgets which accounts were active; the sessions stay."""
    call.server.book.active.clear()
    return Answer()


@command("logger/server_request", right=Right.ADMINISTRATOR)
def logger_request(call: Call) -> Answer:
    lines = [record.line() for record in call.server.calls]
    limit = call.number("total", len(lines))
    if limit < 0:
        return Answer(retcode=Retcode.PARAMETERS)
    return Answer(lines[-limit:] if limit else [])
