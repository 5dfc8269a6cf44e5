"""One story of an object: its transitions and audit entries, newest first."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from backoffice.audit.actions import find
from backoffice.audit.models import AuditEntry, AuditPayload
from backoffice.audit.selectors import entries_about
from backoffice.core.context import Actor
from backoffice.workflow.models import Transition
from backoffice.workflow.moves import machines

EVENTS_MAX = 100
ERASED = "[erased]"


@dataclass(frozen=True)
class Event:
    """For ``components/timeline.html``."""

    moment: datetime
    text: str
    actor: str = ""
    note: str = ""
    url: str = ""
    colour: str = ""
    #: Of a transition: what came into which state.
    entered: tuple[UUID, str] | None = None


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


def sentence(entry: AuditEntry, data: dict[str, Any] | None) -> str:
    """What an entry says, after the actor's name."""
    action = find(entry.action)
    if action is None:
        return entry.action
    known = data or {}
    subject = entry.subject_label
    if action.typed_label and not subject:
        subject = known.get("label", ERASED)
    return action.sentence.format_map(_Lenient({**known, "subject": subject}))


def audit_events(
    actor: Actor, *subject_ids: UUID, most: int = EVENTS_MAX, without: Collection[str] = ()
) -> list[Event]:
    """The entries about the subjects, newest first, but for the codes ``without`` (mere looks)."""
    rows = entries_about(actor, *subject_ids)
    entries = list((rows.exclude(action__in=without) if without else rows)[:most])
    payloads = {
        payload.entry_id: payload.data
        for payload in AuditPayload.objects.filter(
            tenant_id=actor.tenant_id, entry__in=[entry.pk for entry in entries]
        )
    }
    return [
        Event(
            moment=entry.at,
            text=_capital(sentence(entry, payloads.get(entry.pk))),
            actor=entry.actor_name,
        )
        for entry in entries
    ]


def state_now(actor: Actor, subject_id: UUID) -> str:
    """The state that an object was last moved to; empty when it never moved."""
    rows = Transition.objects.filter(tenant_id=actor.tenant_id, subject_id=subject_id)
    return rows.order_by("-id").values_list("target", flat=True).first() or ""


def transition_events(actor: Actor, *subject_ids: UUID, most: int = EVENTS_MAX) -> list[Event]:
    rows = Transition.objects.filter(
        tenant_id=actor.tenant_id, subject_id__in=subject_ids
    ).order_by("-id")[:most]
    return [
        Event(
            moment=row.at,
            text=_label(row.subject_type, row.target),
            actor=row.actor_name,
            note=row.reason,
            entered=(row.subject_id, row.target),
        )
        for row in rows
    ]


def timeline(
    actor: Actor,
    *subject_ids: UUID,
    others: Iterable[Event] = (),
    most: int = EVENTS_MAX,
    without: Collection[str] = (),
) -> Sequence[Event]:
    """Everything about the subjects that the actor may know, newest first, but for the entries of
    the codes ``without``."""
    events = [
        *audit_events(actor, *subject_ids, most=most, without=without),
        *transition_events(actor, *subject_ids, most=most),
        *others,
    ]
    return sorted(events, key=lambda event: event.moment, reverse=True)[:most]


def _label(subject_type: str, state: str) -> str:
    machine = machines.get(subject_type)
    return machine.labels.get(state, state) if machine else state


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
