"""Many approvals given in one go: a batch that a worker works through one by one.

Each item is a transaction of its own: the vote of whoever asked, with the rights that they have
then, and what became of it. A worker that dies leaves the item it had begun undone, and the next
one goes on from there; nothing is voted on twice.
"""

import logging
from collections.abc import Sequence
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet

from backoffice.audit.services import audit
from backoffice.core.bulk import insert_all
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError, FourEyes, InvalidInput, NotPermitted
from backoffice.portal import actions
from backoffice.portal.desks import approvals_of_desks
from backoffice.portal.models import Batch, BatchItem
from backoffice.portal.states import BATCH, BatchState, ItemState
from backoffice.staff.models import User
from backoffice.staff.selectors import actor_for
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import approvals, moves, outbox
from backoffice.workflow.models import Approval, OutboxItem

log = logging.getLogger(__name__)

TOPIC = "portal.batch"
ITEMS_MAX = 200
SLICE = 25  # items of one turn: well within an outbox lease
WITHOUT_RIGHT = "the right to decide it is gone"


def visible(actor: Actor) -> QuerySet[Approval]:
    """What the actor asked for, or could decide: the kinds of which they hold the right."""
    kinds = [kind.code for kind in approvals.kinds() if actor.can(kind.permission)]
    rows = Approval.objects.filter(tenant_id=actor.tenant_id)
    return approvals_of_desks(actor, rows.filter(kind__in=kinds)) | rows.filter(maker_ref=actor.ref)


def batches_for(actor: Actor) -> QuerySet[Batch]:
    """The actor's own, and those of kinds that they could decide; the latter not for who is bound
    to desks, since a batch may hold clients of others."""
    rows = Batch.objects.filter(tenant_id=actor.tenant_id)
    mine = rows.filter(asked_by_ref=actor.ref)
    if actor.desks is not None:
        return mine
    kinds = [kind.code for kind in approvals.kinds() if actor.can(kind.permission)]
    return mine | rows.filter(kind__in=kinds)


@transaction.atomic
def batch_ask(*, actor: Actor, chosen: Sequence[UUID]) -> Batch:
    """Approve what was chosen, each as it was seen: an approval names one content, and a change
    of it is another approval. All of one kind, one that allows it."""
    wanted = list(dict.fromkeys(chosen))
    if not wanted:
        raise InvalidInput("Choose what to approve.")
    if len(wanted) > ITEMS_MAX:
        raise InvalidInput(f"At most {ITEMS_MAX} at once.")
    known = {row.pk: row for row in visible(actor).filter(pk__in=wanted)}
    rows = [known[pk] for pk in wanted if pk in known]
    if len(rows) < len(wanted):
        raise NotPermitted("Some of these are not yours to see. Nothing was begun.")
    if len({row.kind for row in rows}) > 1:
        raise InvalidInput("Choose approvals of one kind.")
    kind = approvals.kind_of(rows[0])
    if not kind.in_batches:
        raise InvalidInput(f"{kind.label}: each is decided on its own.")
    batch = Batch.objects.create(
        tenant_id=actor.tenant_id,
        kind=kind.code,
        label=f"{kind.label} × {len(rows):,}",
        total=len(rows),
        asked_by_ref=actor.ref,
        asked_by_name=actor.name,
        asked_by_user_id=actor.user_id,
    )
    moves.begin(batch, BATCH, actor=actor)
    insert_all(
        [
            BatchItem(tenant_id=actor.tenant_id, batch=batch, approval=row, place=place)
            for place, row in enumerate(rows, start=1)
        ]
    )
    data = {"approvals": [str(row.pk) for row in rows]}
    audit(actor=actor, action=actions.BATCH_ASKED, subject=batch, label=batch.label, data=data)
    outbox.put(TOPIC, subject_id=batch.pk)
    return batch


@transaction.atomic
def batch_stop(*, actor: Actor, batch: Batch) -> Batch:
    """What is not begun stays undone. Waits for the item that is being worked on."""
    row = _locked(actor.tenant_id, batch.pk)
    kind = approvals.kind(row.kind)
    if actor.ref != row.asked_by_ref and not actor.can(kind.permission):
        raise NotPermitted
    if row.state != BatchState.RUNNING:
        return row
    left = row.items.filter(tenant_id=actor.tenant_id, state=ItemState.WAITING)
    count = left.update(state=ItemState.LEFT, reason=f"{actor.name} stopped it before", at=now())
    _end(actor, row, BatchState.STOPPED)
    data = {"left": count}
    audit(actor=actor, action=actions.BATCH_STOPPED, subject=row, label=row.label, data=data)
    return row


def _locked(tenant_id: int, pk: UUID) -> Batch:
    return Batch.objects.select_for_update(no_key=True).get(tenant_id=tenant_id, pk=pk)


def _end(actor: Actor, row: Batch, state: str) -> None:
    row.done_at = now()
    moves.move(row, BATCH, state, actor=actor, update_fields=["done_at"])


@outbox.handles(TOPIC, slow=True)
def batch_work(system: Actor, item: OutboxItem) -> None:
    """Some items, then again: others' work is not kept waiting by a long batch."""
    assert item.subject_id is not None
    for _ in range(SLICE):
        if not item_work(system, item.subject_id):
            return
    with tenant_scope(system.tenant_id, system):
        outbox.put(TOPIC, subject_id=item.subject_id)


def item_work(system: Actor, batch_id: UUID) -> bool:
    """The next item of a batch, in a transaction of its own; False when none is left."""
    with tenant_scope(system.tenant_id, system):
        batch = _locked(system.tenant_id, batch_id)
        if batch.state != BatchState.RUNNING:
            return False
        waiting = batch.items.filter(tenant_id=system.tenant_id, state=ItemState.WAITING)
        item = waiting.select_related("approval").order_by("place").first()
        if item is None:
            _end(system, batch, BatchState.DONE)
            return False
        user = User.objects.filter(pk=batch.asked_by_user_id or 0).first()
        actor = actor_for(user, system.tenant_id) if user else None
        item.state, item.reason, item.at = *_tried(actor, item.approval), now()
        item.save(update_fields=["state", "reason", "at"])
        because = f": {item.reason}" if item.reason else ""
        said = {"outcome": item.get_state_display().lower(), "because": because}
        audit(
            actor=actor or system,
            action=actions.BATCH_ITEM,
            subject=item.approval,
            label=item.approval.label,
            data={**said, "batch": batch.label, "batch_id": str(batch.pk)},
        )
        return True


def _tried(actor: Actor | None, approval: Approval) -> tuple[str, str]:
    """What became of it and why. A refusal undoes what was begun of this one, and no more."""
    if actor is None:
        return ItemState.REFUSED, "who asked for it does not work here any more"
    try:
        with transaction.atomic():
            return _voted(actor, approval)
    except (FourEyes, NotPermitted) as error:
        return ItemState.REFUSED, error.sentence[:300]
    except DomainError as error:
        return ItemState.SKIPPED, error.sentence[:300]
    except (OperationalError, InterfaceError):
        raise  # the database is away or a lock was lost: all of it again, later
    except Exception:
        log.exception("batch item failed", extra={"approval": str(approval.pk)})
        return ItemState.FAILED, "An error of ours; nothing was done. Decide it on its page."


def _voted(actor: Actor, approval: Approval) -> tuple[str, str]:
    if approval.state == Approval.State.CANCELLED:
        return ItemState.SKIPPED, "It was changed or taken back since you saw it."
    if approval.state != Approval.State.PENDING:
        return ItemState.SKIPPED, f"It is {approval.get_state_display().lower()} already."
    if not visible(actor).filter(pk=approval.pk).exists():
        return ItemState.REFUSED, f"{actor.name}: {WITHOUT_RIGHT}."
    if why := approvals.why_not_alone(actor, approval):
        return ItemState.REFUSED, why
    done = approvals.approval_approve(actor=actor, approval=approval)
    if done.state == Approval.State.STALE:
        return ItemState.SKIPPED, "It has changed since it was asked, so nothing was done."
    return ItemState.DONE, ""
