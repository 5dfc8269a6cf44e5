"""What the worker does by the clock for privacy. Nothing is erased by the clock."""

from celery import shared_task

from backoffice.tenancy.scope import all_tenants, tenant_scope
from privacy import due


@shared_task
def retention_due() -> int:
    """List clients of whom nothing has to be kept any longer; how many there are."""
    found = 0
    for actor in all_tenants(reason="data whose time is over", job="retention"):
        with tenant_scope(actor.tenant_id, actor):
            found += due.due_find(actor)
    return found


@shared_task
def erasures_go_on() -> int:
    """Take up erasures that stand still; how many did."""
    found = 0
    for actor in all_tenants(reason="erasures that stand still", job="erasures"):
        with tenant_scope(actor.tenant_id, actor):
            found += due.work_again(actor)
    return found
