"""The share from which an owner is a beneficial owner: by law, with the days on which it holds.

Directive (EU) 2015/849, article 3(6)(a)(i), takes 25 % plus one share as an indication of
ownership; Regulation (EU) 2024/1624, article 52(1), takes 25 % or more, from 10 July 2027. The
stricter reading of the two is used at once: whoever has exactly a quarter is looked at.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Threshold:
    """``percent``: from this effective share on, someone is a beneficial owner."""

    percent: Decimal
    from_on: date
    source: str


THRESHOLDS = (
    Threshold(Decimal(25), date(2015, 6, 25), "Directive (EU) 2015/849, article 3(6)(a)(i)"),
    Threshold(Decimal(25), date(2027, 7, 10), "Regulation (EU) 2024/1624, article 52(1)"),
)


def threshold_on(day: date) -> Threshold:
    """The one in force on ``day``; before the first, the first."""
    return [each for each in THRESHOLDS if each.from_on <= day or each is THRESHOLDS[0]][-1]
