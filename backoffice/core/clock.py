"""The one clock. Tests travel through it with time-machine; nothing else asks the machine."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

_shift = timedelta(0)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC) + _shift


def unix_ms() -> int:
    """The present moment in milliseconds since 1970."""
    return (time.time_ns() + _shift // timedelta(microseconds=1) * 1_000) // 1_000_000


def today(zone: str = "UTC") -> date:
    """The calendar date in ``zone`` (an IANA name): a brokerage's day is not always UTC's."""
    return now().astimezone(ZoneInfo(zone)).date()


@contextmanager
def travelled(by: timedelta) -> Iterator[None]:
    """Let this process live ``by`` ahead of the machine (behind it when negative).

    For the demo, which makes a past out of what happened in it. Refused wherever known passwords
    are refused: no real brokerage's clock can be set.
    """
    global _shift
    if not settings.DEMO:
        raise RuntimeError("Only the demo's clock can be set.")
    before, _shift = _shift, by
    try:
        yield
    finally:
        _shift = before
