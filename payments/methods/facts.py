"""What a decision's page says of a payment's method: limits used, the fee and who pays it."""

from decimal import Decimal
from typing import Any

from backoffice.core.money import Money
from payments.methods import promises
from payments.methods.fees import Fee
from payments.methods.selectors import InCurrency
from payments.models import Deposit, Withdrawal

Row = dict[str, Any]


def payer_in_words(fee: Fee) -> str:
    if not fee.total:
        return "none"
    return "borne by the brokerage" if fee.borne else "paid by the client"


def fee_fact(fee: Fee) -> Row:
    label = f"Fee, {payer_in_words(fee)}" if fee.total else "Fee"
    return {"label": label, "value": fee.total}


def limit_facts(row: Deposit | Withdrawal, limits: InCurrency | None) -> list[Row]:
    """Of the day and the month in which it was asked for, this payment included."""
    name = row.method.name
    if limits is None:
        return [{"label": "Limits", "value": f"{name} has no terms for it any more"}]
    terms, used = limits.terms, limits.used
    return [
        {"label": f"{name}, client's {of}", "value": _of(spent, most, terms.currency), "num": True}
        for of, spent, most in (
            ("day", used.day, terms.day_max),
            ("month", used.month, terms.month_max),
        )
    ]


def _of(spent: Decimal, most: Decimal | None, currency: str) -> str:
    said = str(Money.rounded(spent, currency))
    return f"{said}, no limit" if most is None else f"{said} of {Money.rounded(most, currency)}"


def deposit_fee(row: Deposit, paid: Money | None) -> Fee:
    """Booked, or what it will be as it was told when it was asked for."""
    money = paid or Money(row.asked_amount, row.asked_currency)
    if row.credited_at is not None:
        return Fee(
            Money.rounded(row.fee_amount, money.currency),
            Money.rounded(row.fee_borne_amount, money.currency),
        )
    return promises.fee_kept(row, money)
