"""Shells for Celery: the trading plane and what is open with gateways, every night."""

from datetime import timedelta

from celery import shared_task

from backoffice.core.clock import now
from backoffice.tenancy.scope import all_tenants, tenant_scope
from reconciliation import pickup, trading_plane
from reconciliation.settlements import reports

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


@shared_task
def gateways_nightly() -> int:
    """What is open between gateways' reports and the books, once more; how many runs that took."""
    runs = 0
    for actor in all_tenants(reason="match gateways' reports", job="reconciliation"):
        with tenant_scope(actor.tenant_id, actor):
            gateways = list(reports.gateways_open(actor))
        for gateway in gateways:
            with tenant_scope(actor.tenant_id, actor):
                runs += len(reports.gateway_match(actor=actor, gateway=gateway))
    return runs


@shared_task
def pickup_all() -> int:
    """Take the statements that lie in the brokerages' pickup folders; how many files there were."""
    found = 0
    for actor in all_tenants(reason="statements to pick up", job="statement pickup"):
        found += len(pickup.pickup_run(actor=actor))
    return found
