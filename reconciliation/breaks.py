"""Breaks: opened by matching, worked by people, closed with an outcome. The books are never
adjusted by a machine: an adjustment is a journal that a second person approves."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.bulk import insert_all
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.tenancy.references import next_reference, next_references
from backoffice.workflow import moves, queues
from reconciliation import actions
from reconciliation.errors import BreakClosed
from reconciliation.models import Break, StatementLine
from reconciliation.states import BREAK, BreakKind, BreakState

QUEUE = "breaks"
URGENT = {BreakKind.STATUS_DIFF, BreakKind.RETURNED_PAYMENT, BreakKind.MT_UNKNOWN_DEAL}


def break_open(
    *,
    actor: Actor,
    kind: str,
    amount: Decimal,
    currency: str,
    explanation: str,
    line: StatementLine | None = None,
    subject_type: str = "",
    subject_id: Any = None,
    subject_label: str = "",
) -> Break:
    """Put a difference before people; the break that stands already, when there is one."""
    standing = Break.objects.filter(tenant_id=actor.tenant_id, closed_at=None)
    known = (
        standing.filter(line=line)
        if line is not None
        else standing.filter(line=None, kind=kind, subject_id=subject_id)
    ).first()
    if known is not None:
        return known
    row = Break.objects.create(
        tenant_id=actor.tenant_id,
        reference=next_reference("BR"),
        kind=kind,
        line=line,
        subject_type=subject_type,
        subject_id=subject_id,
        subject_label=subject_label,
        amount=amount,
        currency=currency,
        explanation=explanation[:500],
    )
    moves.begin(row, BREAK, actor=actor, reason=explanation[:300])
    queues.item_open(actor=actor, queue=QUEUE, subject=row, urgent=kind in URGENT)
    audit(
        actor=actor,
        action=actions.BREAK_OPENED,
        subject=row,
        label=row.reference,
        data={"explanation": explanation, "kind": kind},
    )
    return row


@dataclass(frozen=True, slots=True)
class Found:
    """A difference without a statement line, as ``breaks_open`` takes it."""

    kind: str
    subject_type: str
    subject_id: UUID
    subject_label: str
    amount: Decimal
    currency: str
    explanation: str


def breaks_open(*, actor: Actor, found: Sequence[Found]) -> int:
    """Put many differences before people at once; how many are new. The caller's entry in the
    trail counts them: thousands of entries of one moment say no more than that."""
    known = set(
        Break.objects.filter(
            tenant_id=actor.tenant_id, closed_at=None, line=None, kind__in={f.kind for f in found}
        ).values_list("kind", "subject_id")
    )
    fresh = [each for each in found if (each.kind, each.subject_id) not in known]
    if not fresh:
        return 0
    rows = [
        Break(
            tenant_id=actor.tenant_id,
            reference=reference,
            kind=each.kind,
            subject_type=each.subject_type,
            subject_id=each.subject_id,
            subject_label=each.subject_label[:60],
            amount=each.amount,
            currency=each.currency,
            explanation=each.explanation[:500],
        )
        for reference, each in zip(next_references("BR", len(fresh)), fresh, strict=True)
    ]
    insert_all(rows)
    moves.begin_all(rows, BREAK, actor=actor)
    queues.items_open(actor=actor, queue=QUEUE, subjects=rows)
    return len(rows)


def breaks_settled(*, actor: Actor, subjects: Collection[UUID], outcome: str) -> int:
    """End the open breaks without a line whose other side has arrived; how many those were."""
    rows = list(
        Break.objects.select_for_update()
        .filter(tenant_id=actor.tenant_id, closed_at=None, line=None, subject_id__in=list(subjects))
        .exclude(state=BreakState.PROPOSED)
        .order_by("id")
    )
    for row in rows:
        _closed(actor, row, BreakState.RESOLVED, outcome)
    return len(rows)


def break_locked(actor: Actor, row: Break) -> Break:
    """The row under its lock, still open. Raises ``BreakClosed``."""
    rows = Break.objects.select_for_update(of=("self",)).select_related("line__account")
    locked = rows.get(tenant_id=actor.tenant_id, pk=row.pk)
    if locked.closed_at is not None:
        raise BreakClosed
    return locked


@transaction.atomic
def break_take(*, actor: Actor, row: Break) -> Break:
    locked = break_free(break_locked(actor, row))
    if moves.move(locked, BREAK, BreakState.INVESTIGATING, actor=actor):
        audit(actor=actor, action=actions.BREAK_TAKEN, subject=locked, label=locked.reference)
    return locked


@transaction.atomic
def break_resolve(*, actor: Actor, row: Break, outcome: str) -> Break:
    """Close a break because both sides agree now; say how."""
    outcome = outcome.strip()
    if not outcome:
        raise InvalidInput("Say what came of it.", fields={"outcome": "Say what came of it."})
    locked = break_free(break_locked(actor, row))
    _closed(actor, locked, BreakState.RESOLVED, outcome)
    audit(
        actor=actor,
        action=actions.BREAK_RESOLVED,
        subject=locked,
        label=locked.reference,
        data={"outcome": outcome},
    )
    return locked


def break_free(row: Break) -> Break:
    """A locked break of which nothing waits. Raises ``StateConflict``."""
    if row.state == BreakState.PROPOSED:
        raise StateConflict("An adjustment waits for approval: that is decided first.")
    return row


def break_settled(
    *,
    actor: Actor,
    row: Break,
    outcome: str,
    update_fields: Iterable[str] = (),
    state: BreakState = BreakState.RESOLVED,
) -> None:
    """End a locked break with its adjustment, whose own entry in the trail says so."""
    _closed(actor, row, state, outcome, update_fields)


def _closed(
    actor: Actor, row: Break, state: BreakState, outcome: str, update_fields: Iterable[str] = ()
) -> None:
    row.outcome, row.closed_at = outcome[:500], now()
    moves.move(
        row,
        BREAK,
        state,
        actor=actor,
        reason=outcome[:300],
        update_fields=["outcome", "closed_at", *update_fields],
    )
    queues.item_close(actor=actor, queue=QUEUE, subject_id=row.pk)
