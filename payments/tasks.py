"""What the worker does by the clock for payments."""

from celery import shared_task

from backoffice.tenancy.scope import all_tenants, tenant_scope
from payments import watch


@shared_task
def payments_watch() -> int:
    """Put every payment that stands still before people; returns how many were put there."""
    found = 0
    for actor in all_tenants(reason="payments that stand still", job="payments watch"):
        with tenant_scope(actor.tenant_id, actor):
            found += watch.sweep(actor)
    return found
