"""Locks, in this order: the approval that waits on the case, the client, then the case.

Approval first, because a vote locks it before it asks for what is approved.
"""

from uuid import UUID

from backoffice.core.context import Actor
from backoffice.workflow.models import Approval
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


def approval_locked(actor: Actor, case_pk: UUID) -> Approval | None:
    """The approval that waits on a case, if any; for services that may take it back."""
    return (
        Approval.objects.select_for_update()
        .filter(tenant_id=actor.tenant_id, subject_id=case_pk, state=Approval.State.PENDING)
        .first()
    )
