"""Reconciliation as of a day: which statements are in, and what is not resolved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Q

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.money import EXPONENTS, Money
from reconciliation.models import BankAccount, Break, PlaneRun, Statement

#: Ages of breaks in days, as reconciliation reports them.
AGES = (0, 1, 3, 5, 10)
BREAKS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class AccountStatement:
    """An account and the statement of a day, None when it is not in."""

    account: BankAccount
    statement: Statement | None

    @property
    def adds_up(self) -> bool:
        found = self.statement
        return found is not None and found.trusted and found.closing is not None


def statements_of(
    actor: Actor, day: date, accounts: Sequence[BankAccount]
) -> list[AccountStatement]:
    """The statement of ``day`` of each account; of several, the last that adds up."""
    covering = Q(to_date=day) | Q(from_date__lte=day, to_date__gte=day)
    rows = Statement.objects.filter(covering, tenant_id=actor.tenant_id, account__in=accounts)
    found: dict[object, Statement] = {}
    for row in rows.order_by("id"):
        before = found.get(row.account_id)
        if before is None or (row.trusted, row.closing is not None) >= (
            before.trusted,
            before.closing is not None,
        ):
            found[row.account_id] = row
    return [AccountStatement(account, found.get(account.pk)) for account in accounts]


def breaks_standing(actor: Actor, day: date) -> list[Break]:
    """Breaks not resolved now that concern ``day`` or one before it, the oldest first: by their
    line's value date; those without a line whenever they were found."""
    rows = Break.objects.filter(tenant_id=actor.tenant_id, closed_at=None)
    concerned = rows.filter(Q(line=None) | Q(line__value_date__lte=day))
    return list(concerned.select_related("line").order_by("opened_at", "id")[:BREAKS_MAX])


@dataclass(frozen=True, slots=True)
class Aged:
    """The breaks of an age: at least ``days`` old and younger than the next."""

    days: int
    count: int
    amounts: tuple[Money, ...]

    def __str__(self) -> str:
        last = self.days == AGES[-1]
        return f"{self.days}{'+' if last else ''} d: {self.count}"


def by_age(breaks: Sequence[Break], at: datetime | None = None) -> list[Aged]:
    """Counts and amounts by age; ages with none are left out."""
    moment = at or now()
    groups: dict[int, list[Break]] = {}
    for row in breaks:
        age = (moment - row.opened_at) // timedelta(days=1)
        groups.setdefault(max(each for each in AGES if each <= max(age, 0)), []).append(row)
    return [Aged(days, len(rows), _amounts(rows)) for days, rows in sorted(groups.items())]


def _amounts(rows: Sequence[Break]) -> tuple[Money, ...]:
    sums: dict[str, Decimal] = {}
    for row in rows:
        if row.currency in EXPONENTS:
            sums[row.currency] = sums.get(row.currency, Decimal(0)) + abs(row.amount)
    return tuple(Money.rounded(total, currency) for currency, total in sorted(sums.items()))


def plane_run_of(actor: Actor, day: date) -> PlaneRun | None:
    """The last run of the trading plane that had the trading of ``day``."""
    rows = PlaneRun.objects.filter(tenant_id=actor.tenant_id, day__gte=day)
    return rows.order_by("-id").first()
