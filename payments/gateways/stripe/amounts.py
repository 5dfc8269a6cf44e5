"""Amounts as Stripe counts them: in a currency's smallest unit, which is not always ours.

Source: docs.stripe.com/currencies (minor units, zero-decimal and three-decimal currencies).
"""

from decimal import Decimal

from backoffice.core.errors import InvalidInput
from backoffice.core.money import EXPONENTS, Money

ZERO_DECIMAL = frozenset(
    {
        *("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA"),
        *("PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"),
    }
)
# Thousandths, of which the last digit has to be 0: the cards' networks know only ten of them.
THREE_DECIMAL = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
NOT_TAKEN = frozenset({"BTC", "ETH", "IQD", "LYD", "USDC", "USDT"})
THREE_DECIMAL_STEP = 10
UNITS_MAX = 99_999_999


def places(currency: str) -> int:
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def problem(money: Money) -> str:
    """Why Stripe can't take this amount, in a sentence; empty when it can."""
    if money.currency in NOT_TAKEN or money.currency not in EXPONENTS:
        return f"Stripe does not take {money.currency}."
    units = money.amount.scaleb(places(money.currency))
    if units != int(units):
        return f"Stripe counts {money.currency} with {places(money.currency)} decimal places."
    if money.currency in THREE_DECIMAL and int(units) % THREE_DECIMAL_STEP:
        return f"Stripe takes {money.currency} in steps of 0.010."
    if int(units) > UNITS_MAX:
        most = Decimal(UNITS_MAX).scaleb(-places(money.currency))
        return f"Stripe takes {most:,f} {money.currency} at most."
    return ""


def units_of(money: Money) -> int:
    """What is sent. Raises ``InvalidInput`` for what Stripe does not take."""
    if found := problem(money):
        raise InvalidInput(found)
    return int(money.amount.scaleb(places(money.currency)))


def money_of(units: int, currency: str) -> Money:
    """What came. ``currency`` is a lower-case code. Raises ``InvalidInput``."""
    code = currency.upper()
    if code in NOT_TAKEN:
        raise InvalidInput(f"Stripe does not take {code}.")
    return Money(Decimal(units).scaleb(-places(code)), code)
