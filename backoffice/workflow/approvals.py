"""Four eyes: ask, vote, execute. The domain registers what its kinds mean and how to execute."""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Q, QuerySet

from backoffice.audit.actions import Action, declare
from backoffice.audit.services import audit, subject_type
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import FourEyes, InvalidInput, NotPermitted, StateConflict
from backoffice.core.money import Money
from backoffice.core.tenant import TenantModel
from backoffice.workflow.models import Approval, ApprovalBand, ApprovalVote

ASKED = Action("workflow.approval_asked", "asked for approval: {subject}")
VOTED_FOR = Action("workflow.approval_voted_for", "approved {subject}")
VOTED_AGAINST = Action("workflow.approval_voted_against", "refused {subject}: {reason}")
WITHDRAWN = Action("workflow.approval_cancelled", "withdrew the request: {subject}")
STALE = Action("workflow.approval_stale", "found {subject} changed since it was asked")
declare(ASKED, VOTED_FOR, VOTED_AGAINST, WITHDRAWN, STALE)


def nothing_to_undo(actor: Actor, approval: Approval) -> None:
    """``refused`` of a kind that changes nothing before its last vote."""


@dataclass(frozen=True)
class ApprovalKind:
    """What a domain says of one kind of approval.

    ``content(actor, approval)`` returns what would be approved now, in the words and figures that
    were hashed when it was asked. ``execute`` runs in the last vote's transaction; ``refused`` in
    the refusing one. ``url(approval)`` is the page of the record itself. ``shown(approval)`` says
    the content in words, where its own keys and values are not what a person would read.
    ``about(actor, subject ids)`` says in a line what each is about, where the label does not: for
    a list, in one query, and not kept where the trail would keep a name for good.
    ``approve(actor, approval)`` is the domain's own verb around a yes, where it looks at more than
    the vote. ``in_batches``: many may be approved in one go.
    """

    code: str
    label: str
    permission: str
    content: Callable[[Actor, Approval], Mapping[str, Any]]
    execute: Callable[[Actor, Approval], None]
    refused: Callable[[Actor, Approval], None]
    url: Callable[[Approval], str]
    shown: Callable[[Approval], Mapping[str, Any]] | None = None
    about: Callable[[Actor, Collection[UUID]], Mapping[UUID, str]] | None = None
    approve: Callable[[Actor, Approval], object] | None = None
    in_batches: bool = False


_kinds: dict[str, ApprovalKind] = {}


def register(kind: ApprovalKind) -> None:
    _kinds[kind.code] = kind


def kinds() -> list[ApprovalKind]:
    return list(_kinds.values())


def kind(code: str) -> ApprovalKind:
    return _kinds[code]


def kind_of(approval: Approval) -> ApprovalKind:
    return _kinds[approval.kind]


def content_hash(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, cls=DjangoJSONEncoder, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def steps_for(tenant_id: int, kind: str, amount_base: Decimal | None) -> list[str]:
    """The permissions that have to approve, in order: by amount in the tenant's base currency."""
    bands = ApprovalBand.objects.filter(tenant_id=tenant_id, kind=kind)
    if amount_base is not None:
        bands = bands.filter(Q(amount_max__gte=amount_base) | Q(amount_max__isnull=True))
    band = bands.order_by("amount_max").first()  # nulls last: the band without limit
    return list(band.steps) if band else [_kinds[kind].permission]


@transaction.atomic
def approval_ask(
    *,
    actor: Actor,
    kind: str,
    subject: TenantModel,
    label: str,
    content: Mapping[str, Any],
    amount: Money | None = None,
    amount_base: Decimal | None = None,
    barred: Sequence[str] = (),
) -> Approval:
    """Put ``content`` before other eyes. One request of a kind may wait on a subject at a time."""
    shown = json.loads(json.dumps(content, cls=DjangoJSONEncoder))
    approval = Approval.objects.create(
        tenant_id=actor.tenant_id,
        kind=kind,
        subject_type=subject_type(subject),
        subject_id=subject.pk,
        label=label,
        amount=amount.amount if amount else None,
        currency=amount.currency if amount else "",
        content=shown,
        content_hash=content_hash(shown),
        steps=steps_for(actor.tenant_id, kind, amount_base),
        maker_ref=actor.ref,
        maker_name=actor.name,
        barred_refs=sorted({actor.ref, *barred}),
    )
    audit(actor=actor, action=ASKED, subject=subject, label=label, data={"approval": approval.pk})
    return approval


def why_not(actor: Actor, approval: Approval) -> str:
    """Why the actor may not decide this; empty when they may. The grey button's sentence."""
    if approval.state != Approval.State.PENDING:
        return f"It is {approval.get_state_display().lower()}."
    if actor.ref == approval.maker_ref:
        return "You asked for it; someone else decides."
    if actor.ref in approval.barred_refs:
        return "You shaped what is to be approved; someone else decides."
    votes = list(approval.votes.all())
    if any(vote.voter_ref == actor.ref for vote in votes):
        return "You have approved it; a second person decides."
    if not _open_steps(actor, approval, votes):
        return "The step that is left needs a right that you don't hold."
    return ""


def why_not_alone(actor: Actor, approval: Approval) -> str:
    """Why the actor's yes would not decide it; empty when it would, as the last one needed."""
    why = why_not(actor, approval)
    if not why and len(approval.steps) - len(approval.votes.all()) > 1:
        return "It takes another person after you; decide it on its page."
    return why


def _open_steps(actor: Actor, approval: Approval, votes: Sequence[ApprovalVote]) -> list[int]:
    taken = {vote.step for vote in votes}
    return [
        index
        for index, permission in enumerate(approval.steps)
        if index not in taken and actor.can(permission)
    ]


def _locked(actor: Actor, approval: Approval) -> Approval:
    return Approval.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=approval.pk)


@transaction.atomic
def approval_vote(
    *, actor: Actor, approval: Approval, approves: bool, reason: str = ""
) -> Approval:
    """One person's decision. The last one needed executes, in this same transaction.

    Raises ``FourEyes`` for the maker and the barred, ``StateConflict`` when it was decided. When
    the subject has changed since it was asked, nothing is executed: the returned approval is
    STALE and the domain's ``refused`` has run.
    """
    row = _locked(actor, approval)
    _check_may_vote(actor, row)
    if not approves and not reason:
        raise InvalidInput("A refusal needs a reason.", fields={"reason": "Say why."})
    kind = kind_of(row)
    if approves and content_hash(_plain(kind.content(actor, row))) != row.content_hash:
        _close(row, Approval.State.STALE)
        audit(actor=actor, action=STALE, label=row.label, data={"approval": row.pk})
        kind.refused(actor, row)
        return row
    votes = list(row.votes.all())
    step = _open_steps(actor, row, votes)[0]
    ApprovalVote.objects.create(
        tenant_id=actor.tenant_id,
        approval=row,
        step=step,
        permission=row.steps[step],
        voter_ref=actor.ref,
        voter_name=actor.name,
        maker_ref=row.maker_ref,
        approves=approves,
        reason=reason,
    )
    audit(
        actor=actor,
        action=VOTED_FOR if approves else VOTED_AGAINST,
        label=row.label,
        data={"approval": row.pk, "subject_id": row.subject_id, "reason": reason},
    )
    if not approves:
        _close(row, Approval.State.REFUSED, reason)
        kind.refused(actor, row)
    elif len(votes) + 1 == len(row.steps):
        _close(row, Approval.State.APPROVED)
        kind.execute(actor, row)
    return row


def approval_approve(*, actor: Actor, approval: Approval) -> Approval:
    """One person's yes, by the verb of its domain where it has one; raises what that raises."""
    verb = kind_of(approval).approve
    if verb is None:
        return approval_vote(actor=actor, approval=approval, approves=True)
    verb(actor, approval)
    approval.refresh_from_db()
    return approval


def _plain(content: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(content, cls=DjangoJSONEncoder))


def _check_may_vote(actor: Actor, row: Approval) -> None:
    if row.state != Approval.State.PENDING:
        raise StateConflict(f"It is {row.get_state_display().lower()} already. Nothing was done.")
    if actor.ref == row.maker_ref or actor.ref in row.barred_refs:
        raise FourEyes
    why = why_not(actor, row)
    if why:
        raise NotPermitted(why)


def _close(row: Approval, state: str, reason: str = "") -> None:
    row.state, row.reason, row.decided_at = state, reason, now()
    row.save(update_fields=["state", "reason", "decided_at"])


@transaction.atomic
def approval_cancel(*, actor: Actor, approval: Approval, reason: str = "") -> Approval:
    """Take a request back: its subject was withdrawn or edited. Its votes are kept."""
    row = _locked(actor, approval)
    if row.state == Approval.State.PENDING:
        _close(row, Approval.State.CANCELLED, reason)
        audit(actor=actor, action=WITHDRAWN, label=row.label, data={"approval": row.pk})
    return row


def pending_for(actor: Actor, subject_id: Any, kind: str | None = None) -> Approval | None:
    """The approval that waits on a subject, if any."""
    rows = Approval.objects.filter(
        tenant_id=actor.tenant_id, subject_id=subject_id, state=Approval.State.PENDING
    )
    return (rows.filter(kind=kind) if kind else rows).prefetch_related("votes").first()


def pending(actor: Actor) -> QuerySet[Approval]:
    return Approval.objects.filter(tenant_id=actor.tenant_id, state=Approval.State.PENDING)
