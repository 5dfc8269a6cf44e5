"""What the worker does by the clock for payments."""

from celery import shared_task

from backoffice.core.context import system_actor
from backoffice.tenancy.scope import all_tenants, tenant_scope
from payments import watch
from payments.bonuses import handlers as bonuses
from payments.conversions import feed

QUOTES = "quotes of trading servers"


@shared_task
def payments_watch() -> int:
    """Put every payment that stands still before people; returns how many were put there."""
    found = 0
    for actor in all_tenants(reason="payments that stand still", job="payments watch"):
        with tenant_scope(actor.tenant_id, actor):
            found += watch.sweep(actor)
    return found


@shared_task
def quotes_read() -> int:
    """Have what trading servers quote kept, for every brokerage that converts; how many."""
    asked = 0
    for actor in all_tenants(reason="read quotes between currencies", job=QUOTES):
        with tenant_scope(actor.tenant_id, actor):
            wanted = feed.wanted(actor)
        if wanted:
            quotes_read_of.delay(actor.tenant_id)
            asked += 1
    return asked


@shared_task
def quotes_read_of(tenant_id: int) -> int:
    return feed.read(system_actor(tenant_id, QUOTES))


@shared_task
def bonuses_look() -> int:
    """Release, end or leave the bonuses that are on accounts; returns how many there are."""
    return sum(map(bonuses.look, all_tenants(reason="bonuses that are due", job="bonuses")))
