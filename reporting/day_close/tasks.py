"""The days themselves, made and looked at by beat; verifications, made by a worker."""

from celery import shared_task

from backoffice.core.context import Actor
from backoffice.tenancy.scope import all_tenants, tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem
from reporting.day_close.services import day_look, days_open, verify_run
from reporting.models import BooksCheck, BusinessDay
from reporting.states import VERIFY_TOPIC, DayState

LOOKED_AT_MAX = 10  # of each brokerage: the oldest that are not closed


@shared_task
def days_look() -> int:
    """Open the days that have begun and say which are ready; how many were looked at."""
    looked = 0
    for actor in all_tenants(reason="business days", job="day close"):
        with tenant_scope(actor.tenant_id, actor):
            days_open(actor=actor)
            waiting = list(
                BusinessDay.objects.filter(
                    tenant_id=actor.tenant_id, state__in=[DayState.OPEN, DayState.READY]
                ).order_by("day")[:LOOKED_AT_MAX]
            )
        for row in waiting:
            with tenant_scope(actor.tenant_id, actor):
                day_look(actor=actor, row=row)
        looked += len(waiting)
    return looked


@outbox.handles(VERIFY_TOPIC, slow=True)
def books_verify(actor: Actor, item: OutboxItem) -> None:
    with tenant_scope(actor.tenant_id, actor):
        assert item.subject_id is not None
        check = BooksCheck.objects.get(tenant_id=actor.tenant_id, pk=item.subject_id)
        verify_run(actor=actor, check=check)
