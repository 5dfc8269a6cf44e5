"""How figures and times are written for people: pure functions behind the template tags."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from django.utils import formats
from django.utils.dates import MONTHS_3
from django.utils.translation import get_language, gettext, ngettext

from backoffice.core.money import EXPONENTS

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"

DECIMALS_USUAL = 2

MINUTE_S = 60
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S
MONTH_S = 30 * DAY_S
YEAR_S = 365 * DAY_S


def amount_text(amount: Decimal | int, currency: str = "", *, signed: bool = False) -> str:
    """Write an amount with grouping in the active locale: `1,250.00`, `\u22121,250.00`.

    Never rounds: digits beyond the currency's minor unit are shown unless they are zeros at the
    end, missing ones are zeros.
    `signed` puts a plus before a gain.
    """
    value = Decimal(amount)
    exponent = value.as_tuple().exponent
    given = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    least = EXPONENTS.get(currency, DECIMALS_USUAL) if currency else 0
    if currency:
        given = min(given, _digits_used(value))
    digits = formats.number_format(abs(value), max(given, least), force_grouping=True)
    if value < 0:
        return MINUS + digits
    return f"+{digits}" if signed and value > 0 else digits


def _digits_used(value: Decimal) -> int:
    """Digits after the point without the zeros that a wide column adds."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def day_text(day: dt.date) -> str:
    """`15 Apr 2032` in the active language: unmistakable between day and month everywhere."""
    return f"{day.day} {_month(day.month, get_language())} {day.year}"


@lru_cache(maxsize=1024)
def _month(number: int, language: str | None) -> str:
    """A list writes the same few months hundreds of times; ``language`` is the active one."""
    return str(MONTHS_3[number]).title()


def moment_text(moment: dt.datetime) -> str:
    """`22 Nov 2026, 10:48:00` in the zone that `moment` is given in."""
    return f"{day_text(moment)}, {moment.hour:02}:{moment.minute:02}:{moment.second:02}"


def brief_text(moment: dt.datetime, now: dt.datetime) -> str:
    """`22 Nov, 10:48` for a column: the year when it is another one. Both in the viewer's zone."""
    day = day_text(moment) if moment.year != now.year else day_text(moment).rsplit(" ", 1)[0]
    return f"{day}, {moment.hour:02}:{moment.minute:02}"


def span_text(seconds: float) -> str:
    """One unit is enough to feel a distance in time: `42 min`, `3 h`, `9 d`, `1 mo`, `2 y`."""
    passed = abs(int(seconds))
    if passed < MINUTE_S:
        return gettext("now")
    for unit_s, next_s, text in (
        (MINUTE_S, HOUR_S, gettext("%d min")),
        (HOUR_S, DAY_S, gettext("%d h")),
        (DAY_S, MONTH_S, gettext("%d d")),
        (MONTH_S, YEAR_S, gettext("%d mo")),
    ):
        if passed < next_s:
            return text % (passed // unit_s)
    return gettext("%d y") % (passed // YEAR_S)


def relative_text(moment: dt.datetime, now: dt.datetime) -> str:
    """`42 min` for the past, `in 3 h` for the future."""
    seconds = (now - moment).total_seconds()
    span = span_text(seconds)
    return gettext("in %s") % span if seconds <= -MINUTE_S else span


def clock_text(seconds: float) -> str:
    """Hours and minutes of a wait, `00:42`; past a day, `2 d 03 h`."""
    minutes = int(abs(seconds)) // MINUTE_S
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours:02d}:{minutes:02d}"
    return gettext("%(days)d d %(hours)02d h") % {"days": hours // 24, "hours": hours % 24}


def due_text(due: dt.datetime, now: dt.datetime) -> str:
    """`in 3:18` before a deadline, `late 1:10` after it; in days past a day."""
    seconds = (due - now).total_seconds()
    hours, minutes = divmod(int(abs(seconds)) // MINUTE_S, 60)
    days = ngettext("%d day", "%d days", hours // 24) % (hours // 24)
    span = f"{hours}:{minutes:02d}" if hours < 24 else days
    return (gettext("in %s") if seconds >= 0 else gettext("late %s")) % span


def initials(name: str) -> str:
    """Two letters that stand for a person: first and last word, or the first two of one word."""
    words = [word for word in name.replace("@", " ").replace(".", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    pair = words[0][0] + words[-1][0] if len(words) > 1 else words[0][:2]
    return pair.upper()


def spark_path(values: Sequence[float | Decimal], *, width: int = 100, height: int = 26) -> str:
    """SVG path of a small line chart, oldest first, scaled to the box with two units of air."""
    points = [float(value) for value in values]
    if len(points) < 2:
        return ""
    low, high = min(points), max(points)
    scale = (height - 4) / (high - low) if high > low else 0.0
    step = width / (len(points) - 1)
    floor = height - 2 if scale else height / 2
    pairs = (f"{i * step:.4g} {floor - (p - low) * scale:.4g}" for i, p in enumerate(points))
    return "M" + "L".join(pairs)
