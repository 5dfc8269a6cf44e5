"""How much of a bonus a withdrawal takes, and what terms make sense. Pure."""

from decimal import Decimal

from backoffice.core.money import Money
from payments.bonus_states import OnWithdrawal

REASON_MAX, DAYS_MAX = 300, 3_650
LOTS_MAX = Decimal(10) ** 9


def taken_by(
    withdrawn: Money, *, left: Money, given: Money, base: Decimal | None, how: OnWithdrawal
) -> Money:
    """What of ``left`` goes: all of it, or the part of ``given`` that ``withdrawn`` is of the
    deposit. Counted in another currency than the deposit's it can't be, so it is all of it."""
    counted = how == OnWithdrawal.PROPORTION and base is not None and base > 0
    if not counted or withdrawn.currency != given.currency:
        return left
    assert base is not None
    part = Money.rounded(given.amount * min(withdrawn.amount / base, Decimal(1)), given.currency)
    return min(part, left)


def problems(
    money: Money,
    lots: Decimal | None,
    days: int | None,
    how: str,
    base: Decimal | None,
    reason: str,
) -> dict[str, str]:
    """What is wrong with the terms, by field; empty when they can be asked for."""
    found = {}
    if money.minor <= 0:
        found["amount"] = "The amount must be above zero."
    if lots is not None and not (0 < lots < LOTS_MAX and lots == round(lots, 2)):
        found["lots"] = "Above zero, with two decimal places; empty: it stays credit."
    if days is not None and not 1 <= days <= DAYS_MAX:
        found["days"] = f"Between 1 and {DAYS_MAX:,} days; empty: it does not expire."
    if how not in OnWithdrawal.values:
        found["on_withdrawal"] = "Choose what a withdrawal does to it."
    if how == OnWithdrawal.PROPORTION and (base is None or base <= 0):
        found["base"] = "Say how large the deposit was that a part is counted by."
    if not reason.strip():
        found["reason"] = "Say what it is given for."
    elif len(reason.strip()) > REASON_MAX:
        found["reason"] = f"At most {REASON_MAX} characters."
    return found
