"""Trading servers keep wall-clock time: their "unix seconds" are local seconds, not UTC.

The offset to UTC changes with daylight saving, so it is a function of the moment. Brokers run
mostly at GMT+2/+3 with the European or the American rule.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

HOUR_S = 3600
OFFSET_STEP_S = 15 * 60


class DstRule(StrEnum):
    """When the server's clock goes forward by an hour."""

    NONE = "none"
    EU = "eu"  # last Sunday of March to last Sunday of October, at 01:00 UTC
    US = "us"  # second Sunday of March to first Sunday of November, at 02:00 in New York


# A zone stands for the instants of its changes only; its own offset is not used.
_ZONES = {DstRule.EU: ZoneInfo("Europe/Brussels"), DstRule.US: ZoneInfo("America/New_York")}


@dataclass(frozen=True, slots=True)
class ServerClock:
    """Turns server seconds to UTC and back.

    ``standard_offset_s``: seconds east of UTC in winter (7200 for GMT+2).
    """

    standard_offset_s: int
    rule: DstRule = DstRule.NONE

    def offset_at(self, moment: datetime) -> int:
        """Seconds that the server's clock is ahead of UTC at an aware ``moment``."""
        return self.standard_offset_s + dst_seconds(self.rule, moment)

    def to_server(self, moment: datetime) -> int:
        """Server seconds of an aware ``moment``, rounded down."""
        return int(moment.timestamp() // 1) + self.offset_at(moment)

    def to_utc(self, server_s: int, *, fold: int = 0) -> datetime:
        """Aware UTC of ``server_s``.

        In the hour that autumn repeats, ``fold`` 0 is the first pass and 1 the second: the reading
        alone does not tell (it is a Sunday's small hours, when hardly anything trades). An hour
        that spring skips can't come from a right clock; it is read as winter time.
        """
        winter = datetime.fromtimestamp(server_s - self.standard_offset_s, UTC)
        if self.rule is DstRule.NONE:
            return winter
        summer = winter - timedelta(hours=1)
        summer_holds = dst_seconds(self.rule, summer) == HOUR_S
        winter_holds = dst_seconds(self.rule, winter) == 0
        if summer_holds and not (winter_holds and fold):
            return summer
        return winter

    def msc_to_utc(self, server_msc: int, *, fold: int = 0) -> datetime:
        """Aware UTC of server milliseconds."""
        seconds, milliseconds = divmod(server_msc, 1000)
        return self.to_utc(seconds, fold=fold) + timedelta(milliseconds=milliseconds)

    def server_window(self, start: datetime, end: datetime) -> tuple[int, int]:
        """Server seconds ``(from, to)`` that hold every moment of ``start``..``end``, inclusive.

        Widened by an hour on both sides when the clock changes in between: the wall clock may
        run backwards there.
        """
        if end < start:
            raise ValueError("The window ends before it starts.")
        slack = HOUR_S if self.offset_at(start) != self.offset_at(end) else 0
        return self.to_server(start) - slack, self.to_server(end) + slack


def dst_seconds(rule: DstRule, moment: datetime) -> int:
    """3600 while ``rule`` has summer time at the aware ``moment``, else 0."""
    if rule is DstRule.NONE:
        return 0
    shift = moment.astimezone(_ZONES[rule]).dst()
    return int(shift.total_seconds()) if shift else 0


def measured_offset(server_s: int, moment: datetime) -> int:
    """Offset in seconds that a server shows now, to the nearest quarter of an hour."""
    difference = server_s - moment.timestamp()
    return round(difference / OFFSET_STEP_S) * OFFSET_STEP_S


def clock_from_measurement(server_s: int, moment: datetime, rule: DstRule) -> ServerClock:
    """The clock of a server that says ``server_s`` at ``moment`` and follows ``rule``."""
    offset = measured_offset(server_s, moment)
    return ServerClock(offset - dst_seconds(rule, moment), rule)
