"""Service levels: how long a queue's items may wait, as a brokerage sets it."""

from dataclasses import dataclass

from django.db import transaction

from backoffice.audit.actions import Action, declare
from backoffice.audit.services import audit
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput
from backoffice.workflow.models import QueuePolicy
from backoffice.workflow.queues import Queue, queues

LEVEL_SET = Action(
    "workflow.level_set", "set the clock of {queue}: {due} minutes, urgent {due_urgent} minutes"
)
LEVEL_RESET = Action("workflow.level_reset", "took back the brokerage's own clock of {queue}")
declare(LEVEL_SET, LEVEL_RESET)

MINUTES_MAX = 30 * 24 * 60


@dataclass(frozen=True)
class Level:
    """A queue and the clock that holds: the brokerage's own, or the product's."""

    queue: Queue
    due_minutes: int
    due_minutes_urgent: int
    own: QueuePolicy | None


def levels(actor: Actor) -> list[Level]:
    """Of each queue that the actor may open."""
    own = {row.queue: row for row in QueuePolicy.objects.filter(tenant_id=actor.tenant_id)}
    found = []
    for queue in sorted(queues.values(), key=lambda each: (each.order, each.label)):
        if actor.can(queue.permission):
            row = own.get(queue.code)
            source = row or queue
            found.append(Level(queue, source.due_minutes, source.due_minutes_urgent, row))
    return found


def level_of(actor: Actor, code: str) -> Level | None:
    return next((level for level in levels(actor) if level.queue.code == code), None)


@transaction.atomic
def level_set(*, actor: Actor, queue: str, due_minutes: int, due_minutes_urgent: int) -> Level:
    """For what comes in from now on; what waits already keeps its clock."""
    level = _known(actor, queue)
    for name, minutes in (("due_minutes", due_minutes), ("due_minutes_urgent", due_minutes_urgent)):
        if not 1 <= minutes <= MINUTES_MAX:
            raise InvalidInput(fields={name: f"Between 1 and {MINUTES_MAX:,} minutes."})
    if due_minutes_urgent > due_minutes:
        raise InvalidInput(fields={"due_minutes_urgent": "Urgent items can't wait longer."})
    if (level.due_minutes, level.due_minutes_urgent) == (due_minutes, due_minutes_urgent):
        return level
    row = level.own or QueuePolicy(tenant_id=actor.tenant_id, queue=queue)
    row.due_minutes, row.due_minutes_urgent = due_minutes, due_minutes_urgent
    row.save()
    said = {"queue": level.queue.label, "due": due_minutes, "due_urgent": due_minutes_urgent}
    audit(actor=actor, action=LEVEL_SET, subject=row, label=level.queue.label, data=said)
    return _known(actor, queue)


@transaction.atomic
def level_reset(*, actor: Actor, queue: str) -> None:
    level = _known(actor, queue)
    if level.own is not None:
        said = {"queue": level.queue.label}
        audit(
            actor=actor,
            action=LEVEL_RESET,
            subject=level.own,
            label=level.queue.label,
            data=said,
        )
        level.own.delete()


def _known(actor: Actor, queue: str) -> Level:
    level = level_of(actor, queue)
    if level is None:
        raise InvalidInput("There is no such queue.")
    return level
