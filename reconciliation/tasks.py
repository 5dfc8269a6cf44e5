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
        for back in range(DAYS_BACK, 0, -1):
            with tenant_scope(actor.tenant_id, actor):
                trading_plane.day_post(actor=actor, day=now().date() - timedelta(days=back))
        with tenant_scope(actor.tenant_id, actor):
            standing, _ = trading_plane.balances_check(actor=actor)
        differing += standing
    return differing
