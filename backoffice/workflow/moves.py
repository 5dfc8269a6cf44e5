"""The one place where a state changes: check the table, write the row, the history, the outbox."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backoffice.audit.services import subject_type
from backoffice.core.bulk import insert_all
from backoffice.core.context import Actor
from backoffice.core.tenant import TenantModel
from backoffice.core.transitions import Machine
from backoffice.workflow import outbox
from backoffice.workflow.models import Transition

_followers: dict[tuple[str, str], list[str]] = defaultdict(list)
machines: dict[str, Machine] = {}


def register(machine: Machine, followers: Mapping[str, Iterable[str]] | None = None) -> Machine:
    """Make ``machine`` known (drawings, timelines) and say which outbox topics follow which state.

    Other apps may add followers: ``register(machine, {"approved": ["payments.submit"]})``.
    """
    machines[machine.name] = machine
    for state, topics in (followers or {}).items():
        known = _followers[machine.name, str(state)]
        known += [topic for topic in topics if topic not in known]
    return machine


def begin(
    row: Any,
    machine: Machine,
    *,
    actor: Actor,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
) -> None:
    """Record the birth of ``row``, just created in the machine's initial state."""
    assert row.state == machine.initial, row.state
    _record(row, machine, "", actor, reason, data)


def begin_all(rows: Sequence[Any], machine: Machine, *, actor: Actor) -> None:
    """``begin`` for many rows of one kind, of a state that nothing follows."""
    assert not _followers[machine.name, machine.initial]
    insert_all(
        [
            Transition(
                tenant_id=row.tenant_id,
                subject_type=subject_type(row),
                subject_id=row.pk,
                target=row.state,
                actor_ref=actor.ref,
                actor_name=actor.name,
            )
            for row in rows
        ]
    )


def move(
    row: Any,
    machine: Machine,
    target: str,
    *,
    actor: Actor,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
    update_fields: Iterable[str] = (),
) -> bool:
    """Move a locked ``row`` to ``target``; False when it is there already (a repeat is no error).

    ``update_fields`` names other fields set on the row for the same fact. Raises
    ``StateConflict`` for a move that the table does not have.
    """
    assert isinstance(row, TenantModel)
    target = str(target)
    source = row.state  # type: ignore[attr-defined]
    if not machine.check(source, target):
        return False
    row.state = target  # type: ignore[attr-defined]
    row.save(update_fields=["state", *update_fields])
    _record(row, machine, source, actor, reason, data)
    return True


def _record(
    row: Any,
    machine: Machine,
    source: str,
    actor: Actor,
    reason: str,
    data: Mapping[str, Any] | None,
) -> None:
    Transition.objects.create(
        tenant_id=row.tenant_id,
        subject_type=subject_type(row),
        subject_id=row.pk,
        source=source,
        target=row.state,
        actor_ref=actor.ref,
        actor_name=actor.name,
        reason=reason,
        data=dict(data or {}),
    )
    for topic in _followers[machine.name, row.state]:
        outbox.put(topic, subject_id=row.pk, payload={"from": source, "to": row.state})
