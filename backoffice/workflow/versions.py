"""Versions of what a brokerage sets for itself: written by one person, set by another.

A domain makes a model from ``VersionRow`` and says in a ``Track`` what its versions are about; the
verbs here lock, check, record and ask the second person. One version is in force at a time, and
one may wait for its second person.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db import connection, models, transaction
from django.db.models import Max

from backoffice.audit.actions import Action
from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import NotPermitted, StateConflict
from backoffice.core.tenant import TenantModel
from backoffice.core.transitions import Machine, machine
from backoffice.workflow import moves
from backoffice.workflow.approvals import ApprovalKind, approval_ask, register
from backoffice.workflow.models import Approval


class VersionState(models.TextChoices):
    DRAFT = "draft", "Draft"
    PROPOSED = "proposed", "Waits for a second person"
    ACTIVE = "active", "In force"
    REFUSED = "refused", "Refused"
    RETIRED = "retired", "Replaced"


_S = VersionState
COLOURS = {
    _S.DRAFT: "neutral",
    _S.PROPOSED: "attention",
    _S.ACTIVE: "good",
    _S.REFUSED: "bad",
    _S.RETIRED: "neutral",
}


def version_machine(name: str) -> Machine:
    """For versions that never change: one that is refused stays so, and another is written."""
    return machine(
        name,
        initial=_S.DRAFT,
        transitions={
            _S.DRAFT: {_S.PROPOSED},
            _S.PROPOSED: {_S.ACTIVE, _S.REFUSED},
            _S.ACTIVE: {_S.RETIRED},
        },
        final={_S.REFUSED, _S.RETIRED},
        labels=dict(_S.choices),
    )


class VersionRow(TenantModel):
    """What every version has; ``content`` is the domain's own, as its rules write it."""

    number = models.PositiveIntegerField()
    content = models.JSONField()
    note = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=_S.choices, default=_S.DRAFT)
    made_by_ref = models.CharField(max_length=80)
    made_by = models.CharField(max_length=160)
    made_at = models.DateTimeField(default=now)
    active_from = models.DateTimeField(null=True)
    active_until = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = True
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"Version {self.number}"


def _nothing(actor: Actor, row: Any) -> None:
    """Nothing else follows."""


@dataclass(frozen=True)
class Track:
    """One kind of version.

    ``within`` names the fields that say of what a row is a version, such as ``questionnaire``;
    empty where a brokerage has one. ``content(row)`` is what the second person reads and what is
    hashed. ``why_not(row)`` says why a draft can't be proposed. ``authors(row)`` are barred from
    setting it. ``back`` is where a refused one goes. ``follow(actor, row)`` runs when one is set.
    """

    model: type[VersionRow]
    machine: Machine
    kind: str
    label: str
    right: str
    proposed: Action
    done: Action
    content: Callable[[Any], Mapping[str, Any]]
    url: Callable[[Approval], str]
    within: Collection[str] = ()
    back: str = VersionState.REFUSED
    name: Callable[[Any], str] = str
    why_not: Callable[[Any], str] = lambda row: ""
    authors: Callable[[Any], Collection[str]] = lambda row: [row.made_by_ref]
    follow: Callable[[Actor, Any], None] = _nothing


def alone(actor: Actor, track: Track) -> None:
    """Whoever writes a brokerage's versions of one kind does so one after the other."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [track.kind, actor.tenant_id]
        )


def siblings(track: Track, **within: Any) -> models.QuerySet[Any]:
    manager: Any = track.model._default_manager
    rows: models.QuerySet[Any] = manager.filter(tenant_id=current_tenant_id(), **within)
    return rows


def in_force(track: Track, **within: Any) -> Any | None:
    return siblings(track, **within).filter(state=_S.ACTIVE).first()


def _of(track: Track, row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in track.within}


def begin(track: Track, *, actor: Actor, content: Any, note: str, **within: Any) -> Any:
    """A draft with the next number. The caller holds ``alone``."""
    last = siblings(track, **within).aggregate(most=Max("number"))["most"] or 0
    manager: Any = track.model._default_manager
    row = manager.create(
        tenant_id=actor.tenant_id,
        number=last + 1,
        content=content,
        note=note,
        made_by_ref=actor.ref,
        made_by=actor.name,
        **within,
    )
    moves.begin(row, track.machine, actor=actor)
    return row


def locked(actor: Actor, track: Track, pk: Any) -> Any:
    rows: Any = track.model._default_manager
    return rows.select_for_update(of=("self",)).get(tenant_id=actor.tenant_id, pk=pk)


@transaction.atomic
def propose(track: Track, *, actor: Actor, pk: Any) -> Approval:
    """Ask a second person to set a draft. Raises ``StateConflict`` with the reason why not."""
    if not actor.can(track.right):
        raise NotPermitted
    alone(actor, track)
    row = locked(actor, track, pk)
    name = track.name(row)
    if row.state != _S.DRAFT:
        state = track.machine.labels[row.state].lower()
        raise StateConflict(f"{name} is not a draft: {state}. Nothing was done.")
    if why := track.why_not(row):
        raise StateConflict(why)
    if siblings(track, **_of(track, row)).filter(state=_S.PROPOSED).exists():
        raise StateConflict("Another version waits already. Nothing was done; decide on it first.")
    moves.move(row, track.machine, _S.PROPOSED, actor=actor)
    audit(actor=actor, action=track.proposed, subject=row, label=name, data={"note": row.note})
    return approval_ask(
        actor=actor,
        kind=track.kind,
        subject=row,
        label=name,
        content=track.content(row),
        barred=sorted(track.authors(row)),
    )


def put_in_force(track: Track, *, actor: Actor, row: Any) -> None:
    """A locked version replaces the one in force, if any."""
    before = in_force(track, **_of(track, row))
    if before is not None:
        before.active_until = now()
        moves.move(before, track.machine, _S.RETIRED, actor=actor, update_fields=["active_until"])
    row.active_from = now()
    moves.move(row, track.machine, _S.ACTIVE, actor=actor, update_fields=["active_from"])
    audit(
        actor=actor,
        action=track.done,
        subject=row,
        label=track.name(row),
        data={"note": row.note},
    )
    track.follow(actor, row)


def _set(track: Track, actor: Actor, approval: Approval) -> None:
    alone(actor, track)
    put_in_force(track, actor=actor, row=locked(actor, track, approval.subject_id))


def _refuse(track: Track, actor: Actor, approval: Approval) -> None:
    """Refused, or what it was to replace has changed since."""
    reason = approval.reason or "Something changed since it was proposed."
    row = locked(actor, track, approval.subject_id)
    moves.move(row, track.machine, track.back, actor=actor, reason=reason[:300])


def register_track(track: Track) -> None:
    """Make the machine and the approval known, in ``AppConfig.ready``."""
    moves.register(track.machine)
    register(
        ApprovalKind(
            code=track.kind,
            label=track.label,
            permission=track.right,
            content=lambda actor, approval: track.content(
                locked(actor, track, approval.subject_id)
            ),
            execute=lambda actor, approval: _set(track, actor, approval),
            refused=lambda actor, approval: _refuse(track, actor, approval),
            url=track.url,
        )
    )
