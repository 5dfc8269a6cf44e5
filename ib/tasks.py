"""Beat's part: commissions every minute, what is owed into the books every night."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from celery import shared_task

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.tenancy.scope import all_tenants, brokerage, tenant_scope
from ib.services import accrual_run, payables_post


@shared_task
def accrue_all() -> int:
    """Reckon what was synced, brokerage by brokerage; returns lines written."""
    return sum(
        accrual_run(actor=actor).lines
        for actor in all_tenants(reason="reckon commissions", job="commission accrual")
    )


@shared_task
def payables_all() -> int:
    """Book the day that has ended in each brokerage's own time zone; returns journals."""
    booked = 0
    for actor in all_tenants(reason="book commissions", job="commission books"):
        with tenant_scope(actor.tenant_id, actor):
            booked += payables_post(actor=actor, until=_midnight(actor))
    return booked


def _midnight(actor: Actor) -> datetime:
    zone = ZoneInfo(brokerage().timezone)
    local = now().astimezone(zone)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
