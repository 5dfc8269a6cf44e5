"""Carrying out what was decided: step by step, each in a transaction of its own.

A worker that dies leaves the step it had begun undone, and the next one does it again. A legal hold
is looked for before each step; it stops the rest, and the steps say what had gone by then.
"""

from uuid import UUID

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import moves, outbox
from backoffice.workflow.models import OutboxItem
from privacy import actions, terms
from privacy.erasure import TOPIC
from privacy.models import ErasureRequest
from privacy.selectors import holds_standing
from privacy.states import REQUEST, RequestState, StepState
from privacy.steps import Task, step_of

LETTER = "privacy.letter"
SLICE = 10  # steps of one turn: others' work is not kept waiting by a long one


@outbox.handles(TOPIC, slow=True)
def erase(system: Actor, item: OutboxItem) -> None:
    assert item.subject_id is not None
    for _ in range(SLICE):
        if not step_work(system, item.subject_id):
            return
    with tenant_scope(system.tenant_id, system):
        outbox.put(TOPIC, subject_id=item.subject_id)


def step_work(system: Actor, request_id: UUID) -> bool:
    """The next step of a request, whole; False when there is none to do now."""
    with tenant_scope(system.tenant_id, system):
        rows = ErasureRequest.objects.select_for_update(of=("self",)).select_related("client")
        row = rows.get(tenant_id=system.tenant_id, pk=request_id)
        if row.state != RequestState.RUNNING:
            return False
        waiting = row.steps.filter(tenant_id=system.tenant_id, state=StepState.WAITING)
        step = waiting.order_by("place").first()
        if step is None:
            _finish(system, row)
            return False
        if holds_standing(row.client).exists():
            moves.move(row, REQUEST, RequestState.STOPPED, actor=system)
            audit(actor=system, action=actions.ERASURE_STOPPED, subject=row)
            return False
        known = terms.opened(bytes(row.terms_sealed), str(row.pk))
        done = step_of(step.code).run(Task(system, row, row.client, known))
        step.state, step.rows, step.detail = StepState.DONE, done.rows, done.detail
        step.done_at = now()
        step.save(update_fields=["state", "rows", "detail", "done_at"])
        data = {"step": step.label.lower(), "rows": done.rows}
        audit(actor=system, action=actions.ERASURE_STEP, subject=row, data=data)
        return True


def _finish(system: Actor, row: ErasureRequest) -> None:
    """Everything is done: by what the client was found is forgotten too."""
    row.done_at, row.terms_sealed = now(), b""
    if row.steps.exists():
        row.reason = ""
    moves.move(
        row, REQUEST, RequestState.DONE, actor=system,
        update_fields=["done_at", "terms_sealed", "reason"],
    )  # fmt: skip
    outcome = "nothing had to go yet"
    if row.steps.exists():
        outcome = f"the name is left in {len(row.left) or 'no'} other places"
    audit(actor=system, action=actions.ERASURE_DONE, subject=row, data={"outcome": outcome})
    outbox.put(LETTER, subject_id=row.pk)
