"""What a conversion costs: pure, exact, and never in the client's favour by rounding.

Rates are fractions until they are written down; a client's rate is cut after 18 places and an
amount after its currency's last place. Half-even rounding would pay whoever converts the smallest
amounts to and fro (1 JPY is 0.0067 USD: rounded to a cent it is worth 1.5 JPY); cut amounts never
do, whatever is split or joined (tests/payments/test_price_conversions.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from backoffice.core.errors import InvalidInput
from backoffice.core.money import AMOUNT_MINOR_MAX, Money, exponent
from payments.conversion_states import SpreadKind

RATE_PLACES = 18
RATE_MAX = Decimal(10) ** 12  # what the column holds


@dataclass(frozen=True, slots=True)
class Quote:
    """``mid`` units of ``quote`` for one of ``base``, as ``name`` said at ``at``."""

    base: str
    quote: str
    mid: Decimal
    at: datetime
    name: str


@dataclass(frozen=True, slots=True)
class Spread:
    """What lies between mid and client's rate. ``price``: in ``quote`` for one of ``base``."""

    kind: SpreadKind
    value: Decimal
    base: str = ""
    quote: str = ""

    def __str__(self) -> str:
        value = plain(self.value)
        if self.kind == SpreadKind.PERCENT:
            return f"{value}% of the price"
        return f"{value} {self.quote} on each {self.base}"


@dataclass(frozen=True, slots=True)
class Mid:
    """What one unit is worth in the middle of the market; ``quotes`` is what it was made of."""

    rate: Fraction
    quotes: tuple[Quote, ...]

    @property
    def at(self) -> datetime:
        """The time of the oldest."""
        return min(quote.at for quote in self.quotes)


def plain(value: Decimal) -> str:
    """``1.0840`` as ``1.084``, never as an exponent."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def rate_text(rate: Decimal | Fraction) -> str:
    """With eight digits that count, as people compare rates."""
    value = written(Fraction(rate))
    places = max(0, 7 - value.adjusted()) if value else 0
    return plain(value.quantize(Decimal(1).scaleb(-min(places, RATE_PLACES))))


def written(rate: Fraction) -> Decimal:
    """A rate as it is kept: cut, never rounded up. Raises ``InvalidInput`` out of bounds."""
    minor = rate.numerator * 10**RATE_PLACES // rate.denominator
    if minor >= RATE_MAX.scaleb(RATE_PLACES):
        raise InvalidInput("The rate is too large to be written down.")
    sign, digits = (1, str(-minor)) if minor < 0 else (0, str(minor))
    return Decimal((sign, tuple(map(int, digits)), -RATE_PLACES))


def _pair(quotes: Sequence[Quote], source: str, target: str) -> Mid | None:
    """By the newest quote of the pair, whichever way round it is written."""
    known = [quote for quote in quotes if {quote.base, quote.quote} == {source, target}]
    if not known:
        return None
    newest = max(known, key=lambda quote: (quote.at, quote.name, quote.base))
    rate = Fraction(newest.mid)
    return Mid(rate if newest.base == source else 1 / rate, (newest,))


def mid_of(quotes: Sequence[Quote], source: str, target: str, via: str) -> Mid | None:
    """What one ``source`` is worth in ``target``: by a quote of the pair, else by way of ``via``
    (the base currency); None without quotes."""
    direct = _pair(quotes, source, target)
    if direct is not None or via in (source, target):
        return direct
    first, second = _pair(quotes, source, via), _pair(quotes, via, target)
    if first is None or second is None:
        return None
    return Mid(first.rate * second.rate, (*first.quotes, *second.quotes))


def client_rate(mid: Fraction, spread: Spread, source: str) -> Decimal:
    """What the client gets for one ``source``. Raises ``InvalidInput`` when nothing is left."""
    if spread.kind == SpreadKind.PERCENT:
        rate = mid * (1 - Fraction(spread.value) / 100)
    elif spread.base == source:
        rate = mid - Fraction(spread.value)
    else:
        rate = 1 / (1 / mid + Fraction(spread.value))
    found = written(rate)
    if found <= 0:
        raise InvalidInput("The spread is as large as the price. Nothing is offered.")
    return found


def places(value: Fraction, count: int) -> Decimal:
    """Rounded half-even, for people and bands; no money is made of it."""
    scaled = round(value * 10**count)
    return Decimal(scaled).scaleb(-count)


def converted(give: Money, rate: Decimal, target: str) -> Money:
    """``give`` at ``rate``, cut after the last place of ``target``: at most one minor unit less.

    Raises ``InvalidInput`` for more than can be booked.
    """
    shift = Fraction(10) ** (exponent(target) - exponent(give.currency))
    minor = int(give.minor * Fraction(rate) * shift)
    if minor > AMOUNT_MINOR_MAX:
        raise InvalidInput(fields={"amount": "The amount is too large to book."})
    return Money.from_minor(minor, target)


def moved_percent(was: Decimal, is_now: Fraction) -> Fraction:
    """How far the mid has moved since, either way."""
    return abs(is_now / Fraction(was) - 1) * 100


def circles(quotes: Sequence[Quote], currencies: Sequence[str], via: str) -> list[tuple[str, ...]]:
    """Three currencies round which the mids gain more than a tenth of a percent: one is wrong."""
    found: list[tuple[str, ...]] = []
    for first in currencies:
        for second in currencies:
            for third in currencies:
                if first != min(first, second, third) or len({first, second, third}) < 3:
                    continue
                legs = [
                    mid_of(quotes, *pair, via)
                    for pair in ((first, second), (second, third), (third, first))
                ]
                gain = Fraction(1)
                for leg in legs:
                    gain *= leg.rate if leg is not None else 0
                if gain > Fraction(1001, 1000):
                    found.append((first, second, third, first))
    return found
