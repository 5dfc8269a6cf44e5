"""Celery finds tasks here."""

from datetime import timedelta

from celery import shared_task

from backoffice.core.clock import today
from backoffice.tenancy.scope import all_tenants, brokerage, tenant_scope
from reporting.client_money.tasks import client_money_nightly
from reporting.day_close.tasks import days_look
from reporting.figures import count_day

__all__ = ["client_money_nightly", "days_look", "figures_refresh"]


@shared_task
def figures_refresh(days: int = 2) -> int:
    """Count today and yesterday anew (what arrives late belongs to its own day)."""
    counted = 0
    for actor in all_tenants(reason="figures of the day", job="day figures"):
        with tenant_scope(actor.tenant_id, actor):
            newest = today(brokerage().timezone)
        for back in range(days):
            with tenant_scope(actor.tenant_id, actor):
                counted += count_day(actor=actor, day=newest - timedelta(days=back))
    return counted
