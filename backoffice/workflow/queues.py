"""Work queues: items that wait for a person, with an owner, a clock and a next one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from backoffice.audit.actions import Action, declare
from backoffice.audit.services import audit, subject_type
from backoffice.core.bulk import insert_all
from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.core.tenant import TenantModel
from backoffice.workflow.models import Approval, ApprovalVote, QueuePolicy, WorkItem

CLAIMED = Action("workflow.item_claimed", "took {subject}")
RELEASED = Action("workflow.item_released", "released {subject}")
ASSIGNED = Action("workflow.item_assigned", "assigned {subject} to {owner}")
SNOOZED = Action("workflow.item_snoozed", "snoozed {subject} until {until}: {reason}")
# The same in a queue that not everyone may know of.
DISCREET = {
    action: replace(action, code=f"{action.code}_discreetly", discreet=True)
    for action in (CLAIMED, RELEASED, ASSIGNED, SNOOZED)
}
declare(*DISCREET, *DISCREET.values())

SNOOZE_MAX = timedelta(days=30)


@dataclass(frozen=True)
class Queue:
    """A queue as its domain declares it. ``url(subject_id)`` opens an item's decision page.

    ``permission`` opens the queue; ``due_minutes`` is the default clock, which a tenant's
    QueuePolicy overrides.
    """

    code: str
    label: str
    permission: str
    icon: str
    list_url: str
    url: Callable[[UUID], str]
    due_minutes: int = 240
    due_minutes_urgent: int = 60
    order: int = 100
    #: What people do with its items is audited discreetly (tipping-off).
    discreet: bool = False


queues: dict[str, Queue] = {}


def register(queue: Queue) -> Queue:
    queues[queue.code] = queue
    return queue


def due_at(tenant_id: int, queue: str, *, urgent: bool, opened_at: datetime) -> datetime:
    policy = QueuePolicy.objects.filter(tenant_id=tenant_id, queue=queue).first()
    source = policy or queues[queue]
    minutes = source.due_minutes_urgent if urgent else source.due_minutes
    return opened_at + timedelta(minutes=minutes)


def item_open(
    *,
    actor: Actor,
    queue: str,
    subject: TenantModel,
    desk_id: UUID | None = None,
    urgent: bool = False,
    deadline: datetime | None = None,
) -> WorkItem:
    """Put ``subject`` into ``queue``; the item that is open already, if there is one.

    ``deadline``: when it is late, where someone outside says so and not the queue's own clock.
    """
    opened_at = now()
    clock = due_at(actor.tenant_id, queue, urgent=urgent, opened_at=opened_at)
    item, _ = WorkItem.objects.get_or_create(
        tenant_id=actor.tenant_id,
        queue=queue,
        subject_id=subject.pk,
        closed_at=None,
        defaults={
            "subject_type": subject_type(subject),
            "desk_id": desk_id,
            "urgent": urgent,
            "opened_at": opened_at,
            "due_at": deadline or clock,
        },
    )
    return item


def item_due(*, queue: str, subject_id: UUID, due_at: datetime | None) -> None:
    """The deadline of what waits was moved by who set it; None leaves the clock as it is."""
    if due_at is not None:
        WorkItem.objects.filter(
            tenant_id=current_tenant_id(), queue=queue, subject_id=subject_id, closed_at=None
        ).update(due_at=due_at)


def items_open(*, actor: Actor, queue: str, subjects: Sequence[TenantModel]) -> None:
    """Put many new ``subjects`` into ``queue`` at once; none of them is in it."""
    opened_at = now()
    due = due_at(actor.tenant_id, queue, urgent=False, opened_at=opened_at)
    insert_all(
        [
            WorkItem(
                tenant_id=actor.tenant_id,
                queue=queue,
                subject_type=subject_type(subject),
                subject_id=subject.pk,
                opened_at=opened_at,
                due_at=due,
            )
            for subject in subjects
        ]
    )


def item_close(*, actor: Actor, queue: str, subject_id: UUID) -> None:
    """The subject waits no longer."""
    WorkItem.objects.filter(
        tenant_id=actor.tenant_id, queue=queue, subject_id=subject_id, closed_at=None
    ).update(closed_at=now(), closed_by=actor.name)


def _locked(actor: Actor, item: WorkItem) -> WorkItem:
    row = WorkItem.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=item.pk)
    if row.closed_at is not None:
        raise StateConflict("Someone has finished this already.")
    return row


@transaction.atomic
def item_claim(*, actor: Actor, item: WorkItem) -> WorkItem:
    """Take an item. Raises ``StateConflict`` when someone else has it."""
    row = _locked(actor, item)
    if row.owner_ref == actor.ref:
        return row
    if row.owner_ref:
        raise StateConflict(f"{row.owner_name} has taken this already.")
    _set_owner(row, actor.ref, actor.name)
    audit(actor=actor, action=_said(row, CLAIMED), data=_about(row))
    return row


@transaction.atomic
def item_assign(*, actor: Actor, item: WorkItem, owner_ref: str, owner_name: str) -> WorkItem:
    """Give an item to someone, or with an empty ``owner_ref`` to no one."""
    row = _locked(actor, item)
    _set_owner(row, owner_ref, owner_name)
    action = ASSIGNED if owner_ref else RELEASED
    said = _said(row, action)
    audit(actor=actor, action=said, data={**_about(row), "owner": owner_name})
    return row


@transaction.atomic
def item_snooze(*, actor: Actor, item: WorkItem, until: datetime, reason: str) -> WorkItem:
    """Put an item out of sight until a time; its clock goes on."""
    if not now() < until <= now() + SNOOZE_MAX:
        raise InvalidInput(f"Snooze until a time within {SNOOZE_MAX.days} days.")
    row = _locked(actor, item)
    row.snoozed_until, row.snooze_reason = until, reason[:200]
    row.save(update_fields=["snoozed_until", "snooze_reason"])
    said = _said(row, SNOOZED)
    audit(actor=actor, action=said, data={**_about(row), "until": until, "reason": reason})
    return row


def _set_owner(row: WorkItem, ref: str, name: str) -> None:
    row.owner_ref, row.owner_name = ref, name
    row.claimed_at = now() if ref else None
    row.save(update_fields=["owner_ref", "owner_name", "claimed_at"])


def _said(row: WorkItem, action: Action) -> Action:
    queue = queues.get(row.queue)
    return DISCREET[action] if queue is not None and queue.discreet else action


def _about(row: WorkItem) -> dict[str, object]:
    return {"queue": row.queue, "item": row.pk, "subject_id": row.subject_id}


# Reading


def open_items(actor: Actor, queue: str) -> QuerySet[WorkItem]:
    """What waits now, most urgent clock first; snoozed items only once their time has come."""
    rows = WorkItem.objects.filter(
        Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=now()),
        tenant_id=actor.tenant_id,
        queue=queue,
        closed_at=None,
    )
    if actor.desks is not None:
        rows = rows.filter(desk_id__in=actor.desks)
    return rows.order_by("due_at", "id")


def item_for(actor: Actor, queue: str, subject_id: UUID) -> WorkItem | None:
    return WorkItem.objects.filter(
        tenant_id=actor.tenant_id, queue=queue, subject_id=subject_id, closed_at=None
    ).first()


def next_item(actor: Actor, queue: str, after: WorkItem | None = None) -> WorkItem | None:
    """The next item that is the actor's or no one's, past ``after`` in the queue's order, then from
    its beginning. What only others can still decide comes when nothing else is left."""
    free = open_items(actor, queue).filter(owner_ref__in=["", actor.ref])
    free = free.only("subject_id", "due_at")
    found: WorkItem | None = None
    for rows in (free.filter(~for_others(actor)), free):
        if after is not None:
            rows = rows.exclude(pk=after.pk)
            found = rows.filter(_past(after)).first()
        found = found or rows.first()
        if found is not None:
            return found
    return None


def _past(item: WorkItem) -> Q:
    return Q(due_at__gt=item.due_at) | Q(due_at=item.due_at, id__gt=item.pk)


def for_others(actor: Actor) -> Exists:
    """Of a work item: the actor asked for its approval or has voted on it, so others decide now."""
    voted = ApprovalVote.objects.filter(
        tenant_id=actor.tenant_id, approval_id=OuterRef("pk"), voter_ref=actor.ref
    )
    return Exists(
        Approval.objects.filter(
            Q(maker_ref=actor.ref) | Exists(voted),
            tenant_id=actor.tenant_id,
            subject_id=OuterRef("subject_id"),
            state=Approval.State.PENDING,
        )
    )


COUNT_MAX = 1_000  # per queue, since every page counts; beyond it the portal says "1,000+"


def count_text(count: int) -> str:
    return f"{COUNT_MAX:,}+" if count > COUNT_MAX else f"{count:,}"


@dataclass(frozen=True)
class QueueCount:
    """Each number goes no further than ``COUNT_MAX + 1``; the texts say so."""

    queue: Queue
    mine: int
    total: int
    late: int

    @property
    def total_text(self) -> str:
        return count_text(self.total)

    @property
    def late_text(self) -> str:
        return count_text(self.late)


def late_text(counts: Sequence[QueueCount]) -> str:
    """How much is late in all queues together."""
    more = "+" if any(count.late > COUNT_MAX for count in counts) else ""
    return f"{sum(min(count.late, COUNT_MAX) for count in counts):,}{more}"


# The items most late come first, so those that are late are among the first.
_COUNTS = """
SELECT q.code, own.mine, waiting.total, waiting.late FROM unnest(%(queues)s::text[]) AS q (code)
CROSS JOIN LATERAL (
    SELECT count(*) AS total, count(*) FILTER (WHERE due_at < now()) AS late FROM (
        SELECT due_at FROM workflow_workitem
        WHERE tenant_id = %(tenant)s AND queue = q.code AND closed_at IS NULL
          AND (snoozed_until IS NULL OR snoozed_until <= now())
          AND (%(all_desks)s OR desk_id = ANY (%(desks)s::uuid[]))
        ORDER BY due_at, id LIMIT %(most)s
    ) open
) waiting
CROSS JOIN LATERAL (
    SELECT count(*) AS mine FROM (
        SELECT FROM workflow_workitem
        WHERE tenant_id = %(tenant)s AND queue = q.code AND closed_at IS NULL
          AND (snoozed_until IS NULL OR snoozed_until <= now())
          AND (%(all_desks)s OR desk_id = ANY (%(desks)s::uuid[]))
          AND owner_ref = %(me)s
        LIMIT %(most)s
    ) taken
) own
"""


def counts(actor: Actor) -> list[QueueCount]:
    """Own, all and late items of each queue that the actor may open; one query.

    A page that shows them beside its frame asks ``portal.context.queue_counts``.
    """
    allowed = {code: queue for code, queue in queues.items() if actor.can(queue.permission)}
    if not allowed:
        return []
    desks = None if actor.desks is None else list(actor.desks)
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNTS,
            {
                "tenant": actor.tenant_id,
                "queues": list(allowed),
                "all_desks": desks is None,
                "desks": desks or [],
                "me": actor.ref,
                "most": COUNT_MAX + 1,
            },
        )
        tally = {row[0]: row[1:] for row in cursor.fetchall()}
    return [
        QueueCount(queue, *tally.get(code, (0, 0, 0)))
        for code, queue in sorted(allowed.items(), key=lambda pair: pair[1].order)
    ]
