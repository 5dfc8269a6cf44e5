"""Amounts as Praxis counts them: hundredths, but whole units in some currencies.

Source: the documentation of its API ("for certain currencies the amount is sent as is").
"""

from decimal import Decimal

from backoffice.core.money import Money

AS_IS = frozenset({"JPY", "CLP", "KRW", "VND", "BHD", "IQD", "JOD", "LYD", "OMR", "TND"})


def problem(money: Money) -> str:
    """Why this amount can't be said to Praxis, in a sentence; empty if it can."""
    scaled = money.amount * _per_unit(money.currency)
    if scaled == scaled.to_integral_value():
        return ""
    if money.currency in AS_IS:
        return f"Praxis takes whole {money.currency} only."
    return f"Praxis takes no smaller parts of {money.currency} than hundredths."


def units_of(money: Money) -> int:
    return int(money.amount * _per_unit(money.currency))


def money_of(units: int, currency: str) -> Money:
    """Raises ``InvalidInput`` for a currency that there is not."""
    return Money(Decimal(units) / _per_unit(currency), currency)


def _per_unit(currency: str) -> int:
    return 1 if currency in AS_IS else 100
