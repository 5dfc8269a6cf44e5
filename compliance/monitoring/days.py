"""``ClientDay``: what moved per client and day (UTC), derived from payments and deals.

Rebuilding a day gives the same rows whenever it is done, but for the tenant's present rates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import connection
from django.db.models import Sum

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.tenancy.scope import brokerage
from compliance.models import ClientDay, DayCursor
from compliance.monitoring.kinds import sql

# A row may be committed a while after the time it carries.
OVERLAP = timedelta(hours=1)
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


def base_currency(tenant_id: int) -> str:
    return brokerage().base_currency


def days_rebuild(*, actor: Actor, days: Sequence[date]) -> int:
    """Compute ``days`` anew; how many rows of clients they have."""
    if not days:
        return 0
    ClientDay.objects.filter(tenant_id=actor.tenant_id, day__in=days).delete()
    with connection.cursor() as cursor:
        cursor.execute(
            sql("client_day"),
            {
                "tenant": actor.tenant_id,
                "base": base_currency(actor.tenant_id),
                "days": list(days),
                "first": min(days),
                "last": max(days),
            },
        )
        return int(cursor.rowcount)


def days_refresh(*, actor: Actor) -> list[date]:
    """Rebuild the days on which anything happened since the last time; returns them."""
    moment = now()
    cursor_row = DayCursor.objects.filter(tenant_id=actor.tenant_id).first()
    since = cursor_row.until - OVERLAP if cursor_row else BEGINNING
    with connection.cursor() as cursor:
        cursor.execute(sql("changed_days"), {"tenant": actor.tenant_id, "since": since})
        days = [row[0] for row in cursor.fetchall()]
    days_rebuild(actor=actor, days=days)
    DayCursor.objects.update_or_create(tenant_id=actor.tenant_id, defaults={"until": moment})
    return days


def days_rebuild_all(*, actor: Actor) -> list[date]:
    """Everything from the beginning: after a change of rates, or of the rules."""
    ClientDay.objects.filter(tenant_id=actor.tenant_id).delete()
    DayCursor.objects.filter(tenant_id=actor.tenant_id).delete()
    return days_refresh(actor=actor)


@dataclass(frozen=True)
class Difference:
    """The days count ``in_days`` movements of ``kind``, the books ``in_books``."""

    kind: str
    in_days: int
    in_books: int


def days_check(*, actor: Actor, first: date, last: date) -> list[Difference]:
    """Where the days and the ledger do not count the same; empty when they agree."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql("days_check"),
            {
                "tenant": actor.tenant_id,
                "first": first,
                "last": last,
            },
        )
        return [Difference(kind, int(days), int(books)) for kind, days, books in cursor.fetchall()]


def unrated(*, actor: Actor, first: date, last: date) -> int:
    """Movements in currencies without a rate: they are in no sum, and someone should know."""
    rows = ClientDay.objects.filter(tenant_id=actor.tenant_id, day__range=(first, last))
    return int(rows.aggregate(total=Sum("unrated_count"))["total"] or 0)
