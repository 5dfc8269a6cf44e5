"""The one clock. Tests travel through it with time-machine; nothing else asks the machine."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def today(zone: str = "UTC") -> date:
    """The calendar date in ``zone`` (an IANA name): a brokerage's day is not always UTC's."""
    return now().astimezone(ZoneInfo(zone)).date()
