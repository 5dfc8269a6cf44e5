"""Legal holds: while one stands nothing of the client goes. One places it, two lift it."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, NotPermitted, StateConflict
from backoffice.workflow.approvals import ApprovalKind, approval_ask, pending_for, register
from backoffice.workflow.models import Approval
from clients.locks import client_locked
from clients.models import Client
from privacy import actions
from privacy.erasure import go_on_after
from privacy.models import LegalHold

KIND, HOLD = "privacy.hold_lift", "privacy.hold_data"
REASON_MAX = 300


def _said(reason: str) -> str:
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say why."})
    if len(reason.strip()) > REASON_MAX:
        raise InvalidInput(fields={"reason": f"At most {REASON_MAX} characters fit."})
    return reason.strip()


@transaction.atomic
def hold_place(*, actor: Actor, client: Client, reason: str) -> LegalHold:
    """From now on nothing of the client goes; a request under way stops at its next step."""
    if not actor.can(HOLD):
        raise NotPermitted
    said = _said(reason)
    row = client_locked(actor, client.pk)
    hold = LegalHold.objects.create(
        tenant_id=actor.tenant_id,
        client=row,
        reason=said,
        placed_by_ref=actor.ref,
        placed_by=actor.name,
    )
    _tell(actor, hold, actions.HOLD_PLACED, said)
    return hold


def _tell(actor: Actor, hold: LegalHold, action: Any, reason: str) -> None:
    data = {"reason": reason, "hold": hold.pk}
    audit(actor=actor, action=action, subject=hold.client, data=data)


@transaction.atomic
def hold_lift_ask(*, actor: Actor, hold: LegalHold, reason: str) -> Approval:
    """Ask a second person to lift it. Raises ``StateConflict`` when that waits or is done."""
    if not actor.can(HOLD):
        raise NotPermitted
    said = _said(reason)
    client_locked(actor, hold.client_id)
    row = _locked(actor, hold.pk)
    if row.lifted_at is not None:
        raise StateConflict(f"{row.lifted_by} has lifted it already.")
    if pending_for(actor, row.pk, KIND) is not None:
        raise StateConflict("A second person was asked already.")
    row.lift_asked_reason = said
    row.save(update_fields=["lift_asked_reason"])
    _tell(actor, row, actions.HOLD_LIFT_ASKED, said)
    label = f"End of a legal hold on {row.client.reference}"
    return approval_ask(actor=actor, kind=KIND, subject=row, label=label, content=_content(row))


def _locked(actor: Actor, pk: Any) -> LegalHold:
    rows = LegalHold.objects.select_for_update(of=("self",)).select_related("client")
    return rows.get(tenant_id=actor.tenant_id, pk=pk)


def _content(row: LegalHold) -> Mapping[str, Any]:
    return {
        "Client": row.client.reference,
        "Held because": row.reason,
        "Placed by": row.placed_by,
        "Lift it because": row.lift_asked_reason,
    }


def _content_now(actor: Actor, approval: Approval) -> Mapping[str, Any]:
    rows = LegalHold.objects.select_related("client")
    return _content(rows.get(tenant_id=actor.tenant_id, pk=approval.subject_id))


def _lifted(actor: Actor, approval: Approval) -> None:
    """The second person said yes (called in that transaction)."""
    row = _locked(actor, approval.subject_id)
    row.lifted_by, row.lifted_at = actor.name, now()
    row.save(update_fields=["lifted_by", "lifted_at"])
    _tell(actor, row, actions.HOLD_LIFTED, row.lift_asked_reason)
    others = LegalHold.objects.filter(
        tenant_id=actor.tenant_id, client_id=row.client_id, lifted_at=None
    )
    if not others.exists():
        go_on_after(actor, row)


def _stays(actor: Actor, approval: Approval) -> None:
    _tell(actor, _locked(actor, approval.subject_id), actions.HOLD_STAYS, approval.reason)


def register_approval() -> None:
    register(
        ApprovalKind(
            code=KIND,
            label="End of a legal hold",
            permission=HOLD,
            content=_content_now,
            execute=_lifted,
            refused=_stays,
            url=lambda approval: f"/privacy/holds/{approval.subject_id}/lift/",
        )
    )
