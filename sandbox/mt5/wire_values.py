"""How values look on the wire: every scalar is a string, money has the currency's digits."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

VOLUME_EXT_PER_LOT = 100_000_000
VOLUME_EXT_PER_VOLUME = 10_000
EXPONENT_MAX = 30
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")


def money_text(minor: int, digits: int) -> str:
    """12345 with 2 digits -> "123.45"; exact for every amount the platform allows."""
    return f"{minor / 10**digits:.{digits}f}"


def money_minor(amount: float | Decimal, digits: int) -> int:
    """An amount as an integer of the currency's smallest unit, halves away from zero."""
    exact = amount if isinstance(amount, Decimal) else Decimal(repr(amount))
    return int(exact.scaleb(digits).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def parse_amount(text: str) -> Decimal | None:
    """A signed decimal number, or None when the text is not one (or absurdly large)."""
    if not _DECIMAL.fullmatch(text.strip()):
        return None
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        return None
    return None if abs(amount.adjusted()) > EXPONENT_MAX else amount


def parse_integer(text: str) -> int | None:
    """A signed whole number of at most 64 bits, or None when the text is not one."""
    if not _INTEGER.fullmatch(text.strip()):
        return None
    number = int(text)
    return number if is_integer64(number) else None


def is_integer64(number: int) -> bool:
    """Whether a number fits where the platform keeps numbers."""
    return -(2**63) <= number < 2**63
