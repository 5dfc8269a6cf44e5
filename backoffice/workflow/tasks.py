"""Shells around the outbox for Celery."""

from celery import shared_task

from backoffice.core.context import system_actor
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import all_tenants
from backoffice.workflow import outbox

# As people read it in timelines, for what the product does by itself.
WHO = "back office"


@shared_task
def outbox_drain(tenant_id: int) -> int:
    """What a commit left. A suspended brokerage's waits until it is open again."""
    if not Tenant.objects.filter(pk=tenant_id, active=True).exists():
        return 0
    return outbox.drain(system_actor(tenant_id, WHO))


@shared_task
def outbox_sweep() -> int:
    """What was put for later, or whose worker died, or whose wake-up was lost."""
    return sum(outbox.drain(actor) for actor in all_tenants(reason="due outbox items", job=WHO))
