"""The outbox's work of conversions."""

from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem
from payments.conversions.services import EXPIRE, conversion_expire


@outbox.handles(EXPIRE)
def expire(actor: Actor, item: OutboxItem) -> None:
    assert item.subject_id is not None
    with tenant_scope(actor.tenant_id, actor):
        conversion_expire(actor=actor, conversion_id=item.subject_id)
