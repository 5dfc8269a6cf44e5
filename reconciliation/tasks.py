"""Shells for Celery: the trading plane, every night."""

from datetime import timedelta

from celery import shared_task

from backoffice.core.clock import now
from backoffice.tenancy.scope import all_tenants, tenant_scope
from reconciliation import trading_plane

DAYS_BACK = 3  # deals come late, or are edited: the last days are looked at again


@shared_task
def trading_nightly() -> int:
    """Book the last days' trading and hold balances against the books; how many differ."""
    differing = 0
    for actor in all_tenants(reason="book trading and compare balances", job="trading plane"):
        days = [now().date() - timedelta(days=back) for back in range(DAYS_BACK, 0, -1)]
        for day in days[:-1]:
            with tenant_scope(actor.tenant_id, actor):
                trading_plane.day_post(actor=actor, day=day)
        with tenant_scope(actor.tenant_id, actor):
            run = trading_plane.plane_run(actor=actor, days=days[-1:])
        differing += run.differing
    return differing
