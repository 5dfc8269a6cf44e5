"""How values look on the wire: every scalar is a string, money has the currency's digits."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

VOLUME_EXT_PER_LOT = 100_000_000
VOLUME_EXT_PER_VOLUME = 10_000


def money_text(minor: int, digits: int) -> str:
    """12345 with 2 digits -> "123.45"; exact for every amount the platform allows."""
    return f"{minor / 10**digits:.{digits}f}"


def money_minor(amount: float | Decimal, digits: int) -> int:
    """An amount as an integer of the currency's smallest unit, halves away from zero."""
    exact = amount if isinstance(amount, Decimal) else Decimal(repr(amount))
    return int(exact.scaleb(digits).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def parse_amount(text: str) -> Decimal | None:
    """A signed decimal number, or None when the text is not one."""
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def lots_text(volume_ext: int) -> str:
    return f"{volume_ext / VOLUME_EXT_PER_LOT:.2f}"
