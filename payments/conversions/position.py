"""The house's position in each currency, and its result: what it is worth at the mid, all together.

Each conversion leaves what the client gave in the position and takes out of it what they got. Both
are worth the same at the client's rate; at the mid more is left than was taken: the spread. What
moves after that is the gain or loss of having kept the position open.
"""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.money import Money
from ledger import chart
from ledger import selectors as ledger
from payments.conversions import quotes, rules


@dataclass(frozen=True, slots=True)
class Holding:
    """``amount``: what the house has (above zero) or owes of a currency by conversions. ``rate``
    and ``value`` in the base currency; None where there is no quote at all. ``stale``: older than
    the tenant converts by."""

    amount: Money
    rate: Fraction | None
    value: Money | None
    quoted_at: datetime | None
    stale: bool


@dataclass(frozen=True, slots=True)
class Position:
    """``result`` in the base currency; None while a currency in it has no quote."""

    holdings: list[Holding]
    result: Money | None
    base: str


def position(actor: Actor) -> Position:
    """As the books and the newest quotes have it now."""
    found = quotes.book()
    accounts = ledger.accounts_named(actor.tenant_id, chart.fx_position().code)
    rows = [ledger.balance(actor.tenant_id, account).posted for account in accounts]
    holdings = [_holding(found, amount) for amount in rows]
    result: Money | None = Money.zero(found.base)
    for holding in holdings:
        if holding.amount:
            missing = result is None or holding.value is None
            result = None if missing else result + holding.value  # type: ignore[operator]
    return Position(holdings, result, found.base)


def _holding(found: quotes.Book, amount: Money) -> Holding:
    if amount.currency == found.base:
        return Holding(amount, Fraction(1), amount, None, stale=False)
    mid = rules.mid_of(found.quotes, amount.currency, found.base, found.base)
    if mid is None:
        return Holding(amount, None, None, None, stale=True)
    value = Money.rounded(rules.places(Fraction(amount.amount) * mid.rate, 12), found.base)
    age = (now() - mid.at).total_seconds()
    return Holding(amount, mid.rate, value, mid.at, stale=age > found.policy.quote_age_s_max)
