"""Four eyes over a case: who approves, what exactly, and what follows."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse

from backoffice.audit.services import audit
from backoffice.core.clock import now, today
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.workflow import approvals
from backoffice.workflow.approvals import ApprovalKind
from backoffice.workflow.models import Approval
from clients.countries import country_name
from clients.models import Client
from clients.services import client_move, client_set_level, restrictions_lift_of
from clients.states import ClientState
from kyc import actions, guards, selectors
from kyc.locks import approval_locked, case_locked
from kyc.models import KycCase
from kyc.moving import case_move
from kyc.rules import add_months, limit_months
from kyc.services import require
from kyc.states import CaseState

CASE_KIND = "kyc.case"
HIGH_RISK_KIND = "kyc.case_high_risk"
UNFREEZE_KIND = "kyc.unfreeze"
UNFREEZE_TARGETS = (CaseState.ESCALATED, CaseState.OFFBOARDING)


def _case_of(actor: Actor, approval: Approval) -> KycCase:
    return case_locked(actor, approval.subject_id)


@transaction.atomic
def case_send(*, actor: Actor, case: KycCase, note: str = "") -> KycCase:
    """The reviewer is done: another person approves. High risk and politically exposed clients
    need the right for them; whoever rated the risk by hand is barred."""
    row = case_locked(actor, case.pk)
    if row.state == CaseState.PENDING_APPROVAL:
        raise StateConflict(f"{row.reviewer} has sent it to approval already. Nothing was done.")
    require(guards.why_not_send(actor, row))
    row.reviewer_ref, row.reviewer = actor.ref, actor.name
    row.note = note.strip()[:1000] or row.note
    case_move(
        row,
        CaseState.PENDING_APPROVAL,
        actor=actor,
        reason=note,
        update_fields=("reviewer_ref", "reviewer", "note"),
    )
    approvals.approval_ask(
        actor=actor,
        kind=HIGH_RISK_KIND if selectors.is_high_risk(row) else CASE_KIND,
        subject=row,
        label=f"{row.reference}: {row.client.name} at level {row.level.number}",
        content=selectors.content_of(row),
        barred=selectors.raters(row),
    )
    audit(actor=actor, action=actions.SENT, subject=row, data={"client": row.client.reference})
    return row


@transaction.atomic
def case_vote(
    *, actor: Actor, case: KycCase, approves: bool, reason: str = ""
) -> tuple[KycCase, Approval]:
    """Decide the approval that waits on a case. The last vote needed approves it at once."""
    approval = approval_locked(actor, case.pk)
    if approval is None:
        raise StateConflict(_decided_already(case_locked(actor, case.pk)))
    approval = approvals.approval_vote(
        actor=actor, approval=approval, approves=approves, reason=reason[:300]
    )
    return case_locked(actor, case.pk), approval


def _decided_already(case: KycCase) -> str:
    who = f" by {case.decided_by}" if case.decided_by else ""
    return f"{case.reference} is {case.get_state_display().lower()}{who}. Nothing was done."


def _content(actor: Actor, approval: Approval) -> Mapping[str, Any]:
    return selectors.content_of(_case_of(actor, approval))


def _approve(actor: Actor, approval: Approval) -> None:
    """In the last vote's transaction: level, rights, client state, next review."""
    case = _case_of(actor, approval)
    months = limit_months(case.level.review_months, case.client.risk_band)
    case.decided_at, case.decided_by = now(), actor.name
    case.review_due_on = add_months(today(), months)
    case.escalation = ""
    # One case of a client carries the date of the next review: the newest decision's.
    KycCase.objects.filter(tenant_id=actor.tenant_id, client=case.client).update(review_due_on=None)
    case_move(
        case,
        CaseState.APPROVED,
        actor=actor,
        reason=f"level {case.level.number}",
        update_fields=("decided_at", "decided_by", "review_due_on", "escalation"),
        data={"level": case.level.number},
    )
    level = max(case.level.number, case.client.level)
    if level == case.level.number:
        client = client_set_level(
            actor=actor,
            client=case.client,
            level=level,
            rights=case.level.rights,
            reason=case.reference,
        )
    else:
        client = case.client
    _open_up(actor, client, case)


def _open_up(actor: Actor, client: Client, case: KycCase) -> None:
    if client.state in (ClientState.APPLICANT, ClientState.SUSPENDED):
        client = client_move(
            actor=actor, client=client, state=ClientState.ACTIVE, reason=case.reference
        )
    for origin in ("kyc.expiry", "kyc.freeze"):
        restrictions_lift_of(
            actor=actor, client=client, origin=origin, reason=f"{case.reference} approved"
        )


def _send_back(actor: Actor, approval: Approval) -> None:
    """Refused, or the case changed since it was asked: back to the reviewer."""
    case = _case_of(actor, approval)
    stale = approval.state == Approval.State.STALE
    reason = "it changed after it was sent" if stale else approval.reason
    case_move(case, CaseState.IN_REVIEW, actor=actor, reason=reason)


@transaction.atomic
def unfreeze_ask(*, actor: Actor, case: KycCase, target: str, reason: str) -> Approval:
    """The first of two officers asks to leave the frozen state; a second one decides."""
    row = case_locked(actor, case.pk)
    require(guards.why_not_move(actor, row, CaseState.FROZEN))
    if target not in UNFREEZE_TARGETS:
        raise InvalidInput(fields={"target": "Choose what follows."})
    if not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": "Say why."})
    if approvals.pending_for(actor, row.pk, UNFREEZE_KIND) is not None:
        raise StateConflict("A colleague has asked for it already; a second officer decides.")
    return approvals.approval_ask(
        actor=actor,
        kind=UNFREEZE_KIND,
        subject=row,
        label=f"{row.reference}: leave the frozen state",
        content=_unfreeze_content(row, target, reason.strip()),
    )


def _unfreeze_content(case: KycCase, target: str, reason: str) -> dict[str, Any]:
    return {
        "client": case.client.reference,
        "state": case.state,
        "target": str(target),
        "reason": reason,
        "checks": {row.name: row.outcome for row in selectors.checks_of(case)},
    }


def _unfreeze_now(actor: Actor, approval: Approval) -> Mapping[str, Any]:
    case = _case_of(actor, approval)
    return _unfreeze_content(case, approval.content["target"], approval.content["reason"])


def _unfreeze(actor: Actor, approval: Approval) -> None:
    case = _case_of(actor, approval)
    target, reason = approval.content["target"], approval.content["reason"]
    case_move(case, target, actor=actor, reason=reason)
    # Enhanced due diligence goes on under the stops; leaving needs the client's own money out.
    if target == CaseState.OFFBOARDING:
        restrictions_lift_of(actor=actor, client=case.client, origin="kyc.freeze", reason=reason)


def _stay_frozen(actor: Actor, approval: Approval) -> None:
    """Refused: nothing changes."""


def _url(approval: Approval) -> str:
    return reverse("kyc:case", args=[approval.subject_id])


def _about(actor: Actor, cases: Collection[UUID]) -> dict[UUID, str]:
    """The label names the client; how much there is to look at depends on where from and how."""
    rows = KycCase.objects.filter(tenant_id=actor.tenant_id, pk__in=cases).select_related("client")
    return {
        row.pk: f"{country_name(row.client.residence)}, "
        f"{row.client.get_risk_band_display().lower()} risk"
        + (", politically exposed" if row.client.politically_exposed else "")
        for row in rows
    }


def register() -> None:
    for code, label, permission in (
        (CASE_KIND, "KYC case", "kyc.approve_case"),
        (HIGH_RISK_KIND, "KYC case, high risk", "kyc.approve_high_risk"),
    ):
        approvals.register(
            ApprovalKind(
                code, label, permission, _content, _approve, _send_back, _url, about=_about
            )
        )
    approvals.register(
        ApprovalKind(
            UNFREEZE_KIND,
            "Leave the frozen state",
            "kyc.review_case",
            _unfreeze_now,
            _unfreeze,
            _stay_frozen,
            _url,
            about=_about,
        )
    )
