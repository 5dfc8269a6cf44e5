"""Locks, in this order: the client (clients.locks), then the case."""

from uuid import UUID

from backoffice.core.context import Actor
from clients.locks import client_locked
from kyc.models import KycCase


def case_locked(actor: Actor, pk: UUID) -> KycCase:
    """The case, its client locked before it."""
    row = KycCase.objects.values("client_id").get(tenant_id=actor.tenant_id, pk=pk)
    client = client_locked(actor, row["client_id"])
    case = (
        KycCase.objects.select_for_update(of=("self",))
        .select_related("level")
        .get(tenant_id=actor.tenant_id, pk=pk)
    )
    case.client = client
    return case
