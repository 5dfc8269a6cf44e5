"""The hours in which a method is offered: windows of the brokerage's week, on its wall clock.

A window that ends at or before its beginning runs over midnight and belongs to the day on which it
begins; one that ends when it begins lasts a whole day. Where the clocks go back, an hour that comes
twice is open both times; where they go forward, a time that does not exist is an hour later.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from backoffice.core.errors import InvalidInput

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WINDOWS_MAX = 6
_WRITTEN = re.compile(r"((?:[A-Z][a-z]{2} )+)(\d\d):(\d\d)-(\d\d):(\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Window:
    """``days``: 0 is Monday, each once and in order."""

    days: tuple[int, ...]
    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> "Window":
        """As ``str`` writes it: ``Mon Tue 08:00-18:00``. Raises ``InvalidInput``."""
        found = _WRITTEN.fullmatch(text)
        try:
            if found is None:
                raise ValueError(text)
            names, *clock = found.groups()
            days = tuple(sorted({DAYS.index(name) for name in names.split()}))
            hour, minute, hour_end, minute_end = map(int, clock)
            return cls(days, time(hour, minute), time(hour_end, minute_end))
        except ValueError:
            raise InvalidInput(f"“{text[:60]}” is no window such as “Mon 08:00-18:00”.") from None

    def __str__(self) -> str:
        return " ".join([*(DAYS[day] for day in self.days), _clock(self)])

    @property
    def in_words(self) -> str:
        """``Mon to Fri 08:00-18:00``."""
        first, last = self.days[0], self.days[-1]
        if len(self.days) == len(DAYS):
            return f"every day {_clock(self)}"
        if len(self.days) > 2 and last - first == len(self.days) - 1:
            return f"{DAYS[first]} to {DAYS[last]} {_clock(self)}"
        return str(self)


def _clock(window: Window) -> str:
    return f"{window.start:%H:%M}-{window.end:%H:%M}"


def _span(window: Window, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From and until, in UTC, of the window that begins on ``day``."""
    ends = day if window.end > window.start else day + timedelta(days=1)
    start = datetime.combine(day, window.start, zone)
    end = datetime.combine(ends, window.end, zone).replace(fold=1)
    return start.astimezone(UTC), end.astimezone(UTC)


def is_open(windows: Sequence[Window], at: datetime, zone: ZoneInfo) -> bool:
    """Whether ``at`` lies in one of them; none at all is always open. The end is outside."""
    if not windows:
        return True
    today, moment = at.astimezone(zone).date(), at.astimezone(UTC)
    return any(
        start <= moment < end
        for day in (today - timedelta(days=1), today)
        for window in windows
        if day.weekday() in window.days
        for start, end in [_span(window, day, zone)]
    )


def next_opening(windows: Sequence[Window], at: datetime, zone: ZoneInfo) -> datetime | None:
    """The first beginning after ``at``, in UTC; None where none of them ever begins."""
    today, moment = at.astimezone(zone).date(), at.astimezone(UTC)
    starts = [
        start
        for ahead in range(8)
        for day in [today + timedelta(days=ahead)]
        for window in windows
        if day.weekday() in window.days
        for start, _ in [_span(window, day, zone)]
        if start > moment
    ]
    return min(starts, default=None)


@dataclass(frozen=True, slots=True)
class Periods:
    """Where the day and the month of limits began, in UTC, and when the next ones begin."""

    day: datetime
    month: datetime
    next_day: datetime
    next_month: datetime


def periods(at: datetime, zone: ZoneInfo) -> Periods:
    """Calendar day and calendar month on the brokerage's wall clock."""
    today = at.astimezone(zone).date()
    first = today.replace(day=1)
    later = (first + timedelta(days=32)).replace(day=1)
    found = [today, first, today + timedelta(days=1), later]
    return Periods(*(datetime.combine(day, time(), zone).astimezone(UTC) for day in found))
