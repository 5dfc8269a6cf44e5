"""How much of a bonus a withdrawal takes, and what terms make sense. Pure."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, ROUND_UP, Decimal

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


@dataclass(frozen=True, slots=True)
class Case:
    """A deposit that arrived on an account, and what the rule has given before."""

    money: Money
    is_first: bool
    on: date
    country: str
    category: str
    to_client: Decimal
    to_all: Decimal


@dataclass(frozen=True, slots=True)
class Terms:
    """What of a rule decides whom it gives how much; as ``BonusRule``."""

    currency: str
    percent: Decimal | None
    fixed: Decimal | None
    most: Decimal | None
    client_most: Decimal | None
    total_most: Decimal | None
    deposit_min: Decimal
    first_only: bool
    countries: tuple[str, ...]
    categories: tuple[str, ...]
    from_on: date
    until_on: date | None
    lots_per_1000: Decimal | None


def given_by(terms: Terms, case: Case) -> Money:
    """What the rule gives for a deposit, cut to its caps and after the last place; nothing when it
    does not cover it."""
    nothing = Money.zero(terms.currency)
    covered = (
        case.money.currency == terms.currency
        and case.money.amount >= terms.deposit_min
        and (case.is_first or not terms.first_only)
        and (not terms.countries or case.country in terms.countries)
        and (not terms.categories or case.category in terms.categories)
        and terms.from_on <= case.on
        and (terms.until_on is None or case.on <= terms.until_on)
    )
    if not covered:
        return nothing
    full = terms.fixed if terms.percent is None else case.money.amount * terms.percent / 100
    assert full is not None
    caps = [full]
    if terms.most is not None:
        caps.append(terms.most)
    if terms.client_most is not None:
        caps.append(terms.client_most - case.to_client)
    if terms.total_most is not None:
        caps.append(terms.total_most - case.to_all)
    return max(nothing, Money.rounded(min(caps), terms.currency, ROUND_DOWN))


def lots_for(money: Money, per_1000: Decimal | None) -> Decimal | None:
    """Lots that release it, rounded up to a hundredth; None: it stays credit."""
    if per_1000 is None:
        return None
    return (money.amount * per_1000 / 1000).quantize(Decimal("0.01"), ROUND_UP)


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
