"""The one way in which a case changes state: history, audit, queue and messages together."""

from typing import Any

from backoffice.audit.services import audit
from backoffice.core.context import Actor
from backoffice.workflow import moves, outbox, queues
from kyc import actions
from kyc.models import KycCase
from kyc.selectors import is_high_risk
from kyc.states import CASE, QUEUED, CaseState

QUEUE = "kyc"
NOTIFY = "operations.notify"
# What the client is told, by the state that their case reached.
TELLS_CLIENT = {
    CaseState.APPROVED: "kyc.approved",
    CaseState.REJECTED: "kyc.rejected",
    CaseState.INFO_REQUESTED: "kyc.info_requested",
}


def case_move(
    case: KycCase,
    target: str,
    *,
    actor: Actor,
    reason: str = "",
    update_fields: tuple[str, ...] = (),
    data: dict[str, Any] | None = None,
) -> bool:
    """Move a locked case. False when it is there already; raises ``StateConflict``."""
    if not moves.move(
        case,
        CASE,
        target,
        actor=actor,
        reason=reason[:300],
        update_fields=update_fields,
        data=data,
    ):
        return False
    audit(
        actor=actor,
        action=actions.MOVED,
        subject=case,
        data={
            "state": case.get_state_display().lower(),
            "because": f": {reason}" if reason else "",
            "client": case.client.reference,
            **(data or {}),
        },
    )
    enqueue(case, actor=actor)
    template = TELLS_CLIENT.get(CaseState(case.state))
    if template:
        tell_client(case, template)
    return True


def enqueue(case: KycCase, *, actor: Actor) -> None:
    """In the queue exactly while a person has to act; a new state starts with a new clock."""
    queues.item_close(actor=actor, queue=QUEUE, subject_id=case.pk)
    if case.state in QUEUED:
        queues.item_open(
            actor=actor,
            queue=QUEUE,
            subject=case,
            desk_id=case.client.desk_id,
            urgent=case.state == CaseState.ESCALATED or is_high_risk(case),
        )


def tell_client(case: KycCase, template: str, **values: Any) -> None:
    """Leave a message for the client, in their language; the operations domain sends it."""
    if case.client.do_not_contact:
        return
    outbox.put(
        NOTIFY,
        subject_id=case.client_id,
        payload={
            "to": f"client:{case.client_id}",
            "template": template,
            "language": case.client.language,
            "reference": case.reference,
            "text": case.client_text,
            **values,
        },
    )
