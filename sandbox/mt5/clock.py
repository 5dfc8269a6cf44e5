"""The server's clock: a wall clock in the broker's time zone, DST included.

Every time this server stores or says is in seconds (or milliseconds) of that wall clock
counted from 1970-01-01, as the real platform does: at GMT+3 the number is 10,800 more than
the Unix time of the same instant.
"""

import calendar
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class DaylightRule(StrEnum):
    """When an hour is added: by the European dates, by the American dates, or never."""

    EU = "eu"
    US = "us"
    NONE = "none"


def _sunday(year: int, month: int, which: int) -> int:
    """Day of the month of the `which`-th Sunday; -1 is the last one."""
    sundays = [week[calendar.SUNDAY] for week in calendar.monthcalendar(year, month)]
    return [day for day in sundays if day][which]


def _daylight_bounds(rule: DaylightRule, year: int) -> tuple[datetime, datetime]:
    """First and last instant (UTC) of the daylight-saving period of a year."""
    if rule is DaylightRule.EU:
        return (
            datetime(year, 3, _sunday(year, 3, -1), 1, tzinfo=UTC),
            datetime(year, 10, _sunday(year, 10, -1), 1, tzinfo=UTC),
        )
    # 02:00 in New York: 07:00 UTC in March, 06:00 UTC in November.
    return (
        datetime(year, 3, _sunday(year, 3, 1), 7, tzinfo=UTC),
        datetime(year, 11, _sunday(year, 11, 0), 6, tzinfo=UTC),
    )


@dataclass(slots=True)
class ServerClock:
    """Wall clock of the trade server.

    `offset_minutes` is the winter offset from UTC. `frozen` (aware UTC) stops the clock until
    it is advanced, for tests; `shift_s` is the fault that sets it wrong.
    """

    offset_minutes: int = 120
    rule: DaylightRule = DaylightRule.EU
    shift_s: float = 0.0
    frozen: datetime | None = None

    def utc_now(self) -> datetime:
        now = self.frozen or datetime.fromtimestamp(time.time(), UTC)
        return now + timedelta(seconds=self.shift_s)

    def is_daylight(self, instant: datetime) -> bool:
        if self.rule is DaylightRule.NONE:
            return False
        start, end = _daylight_bounds(self.rule, instant.year)
        return start <= instant < end

    def offset_s(self, instant: datetime) -> int:
        """Seconds the wall clock is ahead of UTC at an instant (aware UTC)."""
        return self.offset_minutes * 60 + (3600 if self.is_daylight(instant) else 0)

    def wall_msc(self, instant: datetime) -> int:
        """An instant (aware UTC) as milliseconds of the server's wall clock."""
        return int(instant.timestamp() * 1000) + self.offset_s(instant) * 1000

    def now_msc(self) -> int:
        return self.wall_msc(self.utc_now())

    def now_s(self) -> int:
        return self.now_msc() // 1000

    def advance(self, seconds: float) -> None:
        """Move a frozen clock on; a running one needs no help."""
        if self.frozen is not None:
            self.frozen += timedelta(seconds=seconds)


def wall_text(seconds: int) -> str:
    """`1572518788` -> "2019.10.31 10:46:28": the date form of the platform."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y.%m.%d %H:%M:%S")
