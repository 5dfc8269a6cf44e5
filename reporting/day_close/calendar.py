"""Which days are business days. Pure."""

from datetime import date, timedelta

FRIDAY = 5


def is_business_day(day: date, *, weekends: bool) -> bool:
    return weekends or day.isoweekday() <= FRIDAY


def business_days(since: date, until: date, *, weekends: bool) -> list[date]:
    """From ``since`` to ``until``, both included, oldest first.

    >>> [str(day) for day in business_days(date(2026, 11, 20), date(2026, 11, 23), weekends=False)]
    ['2026-11-20', '2026-11-23']
    """
    days = (since + timedelta(days=n) for n in range((until - since).days + 1))
    return [day for day in days if is_business_day(day, weekends=weekends)]


def business_day_before(day: date, *, weekends: bool) -> date:
    """The newest business day before ``day``."""
    found = day - timedelta(days=1)
    while not is_business_day(found, weekends=weekends):
        found -= timedelta(days=1)
    return found
