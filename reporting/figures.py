"""Figures of a day, counted from the domains' own rows by a task, so that pages scan nothing.

Ids begin with their moment of making, which bounds every search by the primary key.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import brokerage
from reporting.models import DayFigure

# How long before its day's event a row may have been made.
DEPOSIT_AGE_MAX = timedelta(days=30)
CASE_AGE_MAX = timedelta(days=180)

_FIGURES = {
    "deposits": """
        SELECT paid_currency, coalesce(sum(paid_amount), 0), count(*) FROM payments_deposit
        WHERE tenant_id = %(tenant)s AND id >= %(recent)s
          AND credited_at >= %(start)s AND credited_at < %(end)s GROUP BY 1""",
    "withdrawals": """
        SELECT currency, coalesce(sum(coalesce(paid_amount, amount)), 0), count(*)
        FROM payments_withdrawal WHERE tenant_id = %(tenant)s AND id >= %(recent)s
          AND paid_at >= %(start)s AND paid_at < %(end)s GROUP BY 1""",
    "approve_minutes": """
        SELECT '', percentile_cont(0.5) WITHIN GROUP (
            ORDER BY extract(epoch FROM approved_at - created_at) / 60)::numeric(20, 2), count(*)
        FROM payments_withdrawal WHERE tenant_id = %(tenant)s AND id >= %(recent)s
          AND approved_at >= %(start)s AND approved_at < %(end)s HAVING count(*) > 0""",
    "kyc_decided": """
        SELECT '', count(*), count(*) FROM kyc_kyccase
        WHERE tenant_id = %(tenant)s AND id >= %(old)s
          AND decided_at >= %(start)s AND decided_at < %(end)s""",
    "clients_new": """
        SELECT '', count(*), count(*) FROM clients_client
        WHERE tenant_id = %(tenant)s AND id >= %(first)s AND id < %(past)s""",
    "lots": """
        SELECT '', coalesce(sum(lots), 0), count(*) FROM trading_deal
        WHERE tenant_id = %(tenant)s AND at >= %(start)s AND at < %(end)s
          AND action IN (0, 1) AND deleted_at IS NULL""",
    "clients_active": """
        SELECT '', count(DISTINCT a.client_id), count(*) FROM trading_deal d
        JOIN trading_account a ON a.tenant_id = d.tenant_id AND a.id = d.account_id
        WHERE d.tenant_id = %(tenant)s AND d.at >= %(start)s AND d.at < %(end)s
          AND d.action IN (0, 1) AND d.deleted_at IS NULL""",
    "client_result": """
        SELECT a.currency, coalesce(sum(d.profit + d.swap + d.commission + d.fee), 0), count(*)
        FROM trading_deal d
        JOIN trading_account a ON a.tenant_id = d.tenant_id AND a.id = d.account_id
        WHERE d.tenant_id = %(tenant)s AND d.at >= %(start)s AND d.at < %(end)s
          AND d.action IN (0, 1) AND d.deleted_at IS NULL GROUP BY 1""",
}


@dataclass(frozen=True)
class Figure:
    value: Decimal
    count: int


Key = tuple[date, str, str]  # day, code, currency


def bounds(tenant: Tenant, day: date) -> tuple[datetime, datetime]:
    """The first moment of ``day`` where the brokerage is, and the first past it."""
    zone = ZoneInfo(tenant.timezone)
    return (
        datetime.combine(day, time(), zone).astimezone(UTC),
        datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC),
    )


def id_floor(moment: datetime) -> UUID:
    """The smallest id that can have been made at ``moment``."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


@transaction.atomic
def count_day(*, actor: Actor, day: date) -> int:
    """Count ``day`` anew and put its figures in the place of the old; returns how many."""
    tenant = brokerage()
    start, end = bounds(tenant, day)
    facts: dict[str, Any] = {
        "tenant": tenant.pk,
        "start": start,
        "end": end,
        "first": id_floor(start),
        "past": id_floor(end),
        "recent": id_floor(start - DEPOSIT_AGE_MAX),
        "old": id_floor(start - CASE_AGE_MAX),
    }
    figures = []
    with connection.cursor() as cursor:
        for code, statement in _FIGURES.items():
            cursor.execute(statement, facts)
            figures += [
                DayFigure(
                    tenant_id=tenant.pk,
                    day=day,
                    code=code,
                    currency=currency,
                    value=value,
                    count=count,
                    counted_at=now(),
                )
                for currency, value, count in cursor.fetchall()
            ]
    DayFigure.objects.filter(tenant_id=tenant.pk, day=day).delete()
    return len(DayFigure.objects.bulk_create(figures))


def read_days(actor: Actor, days: Iterable[date]) -> dict[Key, Figure]:
    """The figures of some days: one query by the primary index."""
    rows = DayFigure.objects.filter(tenant_id=actor.tenant_id, day__in=list(days))
    return {(r.day, r.code, r.currency): Figure(r.value, r.count) for r in rows}
