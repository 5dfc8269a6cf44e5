"""Work that follows commits: reckoning anew, and attributions that come into force."""

from datetime import datetime

from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem
from clients.models import Client
from ib.services import accrual, partners


@outbox.handles(accrual.RECALCULATE, slow=True)
def recalculate(actor: Actor, item: OutboxItem) -> None:
    accrual.recalculate(actor=actor, since=datetime.fromisoformat(item.payload["since"]))


@outbox.handles(partners.APPLY_ATTRIBUTION)
def attribution_due(actor: Actor, item: OutboxItem) -> None:
    assert item.subject_id is not None
    with tenant_scope(actor.tenant_id, actor):
        client = Client.objects.get(tenant_id=actor.tenant_id, pk=item.subject_id)
        partners.attribution_apply(actor=actor, client=client)
