"""The server's wall clock through the year."""

from datetime import UTC, datetime

import pytest

from sandbox.mt5 import Mt5Server, Settings
from sandbox.mt5.clock import DaylightRule
from tests.sandbox.clients import RestClient

HOUR = 3600


@pytest.mark.parametrize(
    ("rule", "instant", "hours"),
    [
        (DaylightRule.EU, datetime(2026, 1, 1, tzinfo=UTC), 2),
        (DaylightRule.EU, datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), 2),
        (DaylightRule.EU, datetime(2026, 3, 29, 1, tzinfo=UTC), 3),
        (DaylightRule.EU, datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC), 3),
        (DaylightRule.EU, datetime(2026, 10, 25, 1, tzinfo=UTC), 2),
        (DaylightRule.US, datetime(2026, 3, 8, 6, 59, 59, tzinfo=UTC), 2),
        (DaylightRule.US, datetime(2026, 3, 8, 7, tzinfo=UTC), 3),
        (DaylightRule.US, datetime(2026, 11, 1, 5, 59, 59, tzinfo=UTC), 3),
        (DaylightRule.US, datetime(2026, 11, 1, 6, tzinfo=UTC), 2),
        (DaylightRule.NONE, datetime(2026, 7, 1, tzinfo=UTC), 2),
    ],
)
def test_the_wall_clock_follows_its_daylight_rule(
    rule: DaylightRule, instant: datetime, hours: int
) -> None:
    settings = Settings(daylight=rule, frozen_at=instant)
    with Mt5Server(settings, plain=True) as server, RestClient(server) as client:
        text = client.authenticate().answer("/api/time/server")["time"]
    wall = int(instant.timestamp()) + hours * HOUR
    assert text == f"{wall} {datetime.fromtimestamp(wall, UTC):%Y.%m.%d %H:%M:%S}"


def test_a_deal_keeps_the_offset_of_its_own_day() -> None:
    settings = Settings(frozen_at=datetime(2026, 7, 1, 12, tzinfo=UTC))
    with Mt5Server(settings, plain=True) as server:
        login = server.add_account("real\\std-usd")
        for month, hours in ((7, 3), (1, 2)):
            time = datetime(2026, month, 1, 12, tzinfo=UTC)
            deal = server.balance(login, 1, time=time)
            assert deal["Time"] == str(int(time.timestamp()) + hours * HOUR)


@pytest.mark.parametrize(("month", "state"), [(1, "0"), (7, "1")])
def test_the_time_configuration_names_zone_and_daylight(month: int, state: str) -> None:
    settings = Settings(offset_minutes=60, frozen_at=datetime(2026, month, 1, tzinfo=UTC))
    with Mt5Server(settings, plain=True) as server, RestClient(server) as client:
        config = client.authenticate().answer("/api/time/get")
    assert (config["TimeZone"], config["Daylight"], config["DaylightState"]) == ("60", "1", state)
    assert [len(day) for day in config["Days"]] == [24] * 7


def test_an_unfrozen_server_is_at_the_present() -> None:
    settings = Settings(daylight=DaylightRule.NONE, offset_minutes=0)
    with Mt5Server(settings, plain=True) as server, RestClient(server) as client:
        text = client.authenticate().answer("/api/time/server")["time"]
    assert abs(int(text.split(" ")[0]) - datetime.now(UTC).timestamp()) < 5
