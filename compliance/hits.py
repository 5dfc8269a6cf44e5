"""Services that decide hits. On sanctions lists two people decide, whatever the verdict."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import InvalidInput, NotPermitted, StateConflict
from backoffice.workflow import approvals, moves, queues
from backoffice.workflow.models import Approval
from compliance import actions, consequences, reasons
from compliance.locks import hit_locked
from compliance.models import Hit
from compliance.screen import HITS_QUEUE
from compliance.screening.decide import Category
from compliance.states import HIT, HitState

APPROVAL = "compliance.hit"
VERDICTS = (HitState.FALSE_POSITIVE, HitState.CONFIRMED)
NOTE_CHARS_MAX = 1000


def why_not_decide(actor: Actor, hit: Hit) -> str:
    """Why the actor may not give the first verdict; empty when they may."""
    if not actor.can("compliance.decide_hit"):
        return "You don't have the right to decide hits."
    if hit.state != HitState.OPEN:
        return f"It is decided or waits: {hit.get_state_display().lower()}."
    return ""


@transaction.atomic
def hit_decide(*, actor: Actor, hit: Hit, verdict: str, reason: str, note: str = "") -> Hit:
    """Say whether the client is the listed one. A sanctions hit then waits for a second person;
    any other is decided. Repeating the same verdict is no error."""
    row = hit_locked(actor, hit.pk)
    target = HitState(verdict)
    if target not in VERDICTS:
        raise InvalidInput("Decide: someone else, or confirmed.")
    if not reasons.known(reasons.HIT_REASONS, target, reason):
        raise InvalidInput(fields={"reason": "Choose a reason from the list."})
    if reason == "other" and not note.strip():
        raise InvalidInput("Say which reason.", fields={"note": "Say which reason."})
    if row.state == target or (row.state == HitState.PENDING and row.proposed == target):
        return row
    if not actor.can("compliance.decide_hit"):
        raise NotPermitted
    if row.state != HitState.OPEN:
        raise StateConflict(f"{row.reference} is {row.get_state_display().lower()} already.")
    row.reason, row.note = reason, note.strip()[:NOTE_CHARS_MAX]
    if row.category == Category.SANCTIONS:
        return _propose(actor, row, target)
    row.decided_by_ref, row.decided_by, row.decided_at = actor.ref, actor.name, now()
    return _decide(actor, row, target)


def _propose(actor: Actor, hit: Hit, verdict: HitState) -> Hit:
    hit.proposed = verdict
    hit.decided_by_ref, hit.decided_by = actor.ref, actor.name
    moves.move(
        hit,
        HIT,
        HitState.PENDING,
        actor=actor,
        reason=_words(hit.reason),
        update_fields=["proposed", "reason", "note", "decided_by_ref", "decided_by"],
    )
    approvals.approval_ask(
        actor=actor,
        kind=APPROVAL,
        subject=hit,
        label=f"{hit.reference}: {verdict.label.lower()}",
        content=_content(hit),
    )
    queues.item_close(actor=actor, queue=HITS_QUEUE, subject_id=hit.pk)
    queues.item_open(
        actor=actor, queue=HITS_QUEUE, subject=hit, desk_id=hit.client.desk_id, urgent=True
    )
    audit(
        actor=actor,
        action=actions.HIT_PROPOSED,
        subject=hit,
        data={"verdict": verdict.label.lower(), "reason": _words(hit.reason), "note": hit.note},
    )
    return hit


def _content(hit: Hit) -> dict[str, Any]:
    """What the second person approves: this verdict, on these two as they were compared."""
    return {
        "hit": hit.reference,
        "verdict": hit.proposed,
        "reason": hit.reason,
        "note": hit.note,
        "list": hit.source,
        "entity": hit.entity_id,
        "entity_hash": hit.content_hash,
        "client_hash": hit.subject_hash,
        "score": str(hit.score),
    }


def _decide(actor: Actor, hit: Hit, verdict: HitState) -> Hit:
    hit.proposed = ""
    moves.move(
        hit,
        HIT,
        verdict,
        actor=actor,
        reason=_words(hit.reason),
        update_fields=[
            "proposed",
            "reason",
            "note",
            "decided_by_ref",
            "decided_by",
            "decided_at",
            "second_by",
        ],
    )
    queues.item_close(actor=actor, queue=HITS_QUEUE, subject_id=hit.pk)
    audit(
        actor=actor,
        action=actions.HIT_DECIDED,
        subject=hit,
        data={
            "verdict": verdict.label.lower(),
            "reason": _words(hit.reason),
            "proposed_by": hit.decided_by,
        },
    )
    consequences.hit_decided(actor, hit)
    return hit


def _words(code: str) -> str:
    return reasons.label(reasons.HIT_REASONS, code)


def _approval_content(actor: Actor, approval: Approval) -> dict[str, Any]:
    return _content(Hit.objects.get(tenant_id=actor.tenant_id, pk=approval.subject_id))


def _shown(approval: Approval) -> dict[str, Any]:
    """The verdict for the one who votes: whom it is about, against which entry, and why."""
    hit = Hit.objects.select_related("client").get(
        tenant_id=current_tenant_id(), pk=approval.subject_id
    )
    content = approval.content
    return {
        "Verdict": HitState(content["verdict"]).label,
        "Because": _words(content["reason"]),
        "Note": content["note"],
        "Client": f"{hit.client.name}, {hit.client.reference}",
        "Entry of the list": f"{hit.listed_name}, {content['entity']}",
        "Score": f"{Decimal(content['score']):.2f}",
    }


def _about(actor: Actor, hits: Collection[UUID]) -> dict[UUID, str]:
    rows = Hit.objects.filter(tenant_id=actor.tenant_id, pk__in=hits).select_related("client")
    return {hit.pk: f"{hit.client.name}; listed: {hit.listed_name}" for hit in rows}


def _execute(actor: Actor, approval: Approval) -> None:
    hit = hit_locked(actor, approval.subject_id)
    hit.second_by, hit.decided_at = actor.name, now()
    _decide(actor, hit, HitState(hit.proposed))


def _sent_back(actor: Actor, approval: Approval) -> None:
    hit = hit_locked(actor, approval.subject_id)
    if hit.state != HitState.PENDING:
        return
    hit.proposed = ""
    reason = approval.reason or "it changed since it was proposed"
    moves.move(hit, HIT, HitState.OPEN, actor=actor, reason=reason, update_fields=["proposed"])
    audit(actor=actor, action=actions.HIT_SENT_BACK, subject=hit, data={"reason": reason})


def register_approval() -> None:
    approvals.register(
        approvals.ApprovalKind(
            code=APPROVAL,
            label="Decision on a sanctions hit",
            permission="compliance.decide_hit",
            content=_approval_content,
            execute=_execute,
            refused=_sent_back,
            url=lambda approval: reverse("compliance:hit", args=[approval.subject_id]),
            shown=_shown,
            about=_about,
        )
    )
