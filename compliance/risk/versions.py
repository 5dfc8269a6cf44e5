"""Writing the risk model: a version is a new row, tried on every client, proposed by one person
and set by another."""

from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import InvalidInput, NotPermitted, StateConflict
from backoffice.workflow import moves, outbox
from backoffice.workflow.approvals import approval_ask
from backoffice.workflow.models import Approval
from compliance import actions
from compliance.risk import rules
from compliance.risk.defaults import FIRST
from compliance.risk.models import RiskModel, RiskTrial
from compliance.risk.rules import Model
from compliance.risk.states import MODEL, ModelState, TrialState

KIND, MANAGE = "compliance.risk_model", "compliance.manage_risk"
EVERYONE = "compliance.risk_everyone"
_M = ModelState


def model_in_force() -> RiskModel | None:
    rows = RiskModel.objects.filter(tenant_id=current_tenant_id(), state=_M.ACTIVE)
    return rows.first()


def model_of(row: RiskModel) -> Model:
    return rules.load(row.figures)


def _alone(actor: Actor) -> None:
    """Whoever writes versions of a brokerage does so one after the other."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('risk-model', %s))", [actor.tenant_id]
        )


def _make(actor: Actor, model: Model, note: str) -> RiskModel:
    mine = RiskModel.objects.filter(tenant_id=actor.tenant_id)
    number = (mine.aggregate(most=Max("number"))["most"] or 0) + 1
    row = RiskModel.objects.create(
        tenant_id=actor.tenant_id,
        number=number,
        figures=rules.dump(model),
        note=note,
        made_by_ref=actor.ref,
        made_by=actor.name,
    )
    moves.begin(row, MODEL, actor=actor)
    return row


@transaction.atomic
def model_install(*, actor: Actor) -> RiskModel:
    """The product's own model in force, for a brokerage that has none. Safe to repeat."""
    _alone(actor)
    mine = RiskModel.objects.filter(tenant_id=actor.tenant_id)
    if (found := mine.order_by("-number").first()) is not None:
        return found
    row = _make(actor, FIRST, "The product's own figures.")
    row.active_from = now()
    moves.move(row, MODEL, _M.PROPOSED, actor=actor)
    moves.move(row, MODEL, _M.ACTIVE, actor=actor, update_fields=["active_from"])
    audit(actor=actor, action=actions.RISK_MODEL_SET, subject=row, label=str(row))
    outbox.put(EVERYONE, subject_id=row.pk)
    return row


@transaction.atomic
def model_write(*, actor: Actor, model: Model, note: str) -> RiskModel:
    """A draft. It measures nothing until it was tried, proposed and set."""
    if not actor.can(MANAGE):
        raise NotPermitted
    rules.check(model)
    if not note.strip():
        raise InvalidInput(fields={"note": "Say what is new in it."})
    _alone(actor)
    row = _make(actor, model, note.strip()[:200])
    data = {"note": row.note}
    audit(actor=actor, action=actions.RISK_MODEL_WRITTEN, subject=row, label=str(row), data=data)
    return row


@transaction.atomic
def model_propose(*, actor: Actor, row: RiskModel) -> Approval:
    """Ask a second person to set it. Only what was tried may be proposed."""
    if not actor.can(MANAGE):
        raise NotPermitted
    _alone(actor)
    mine = RiskModel.objects.filter(tenant_id=actor.tenant_id)
    row = mine.select_for_update().get(pk=row.pk)
    if row.state != _M.DRAFT:
        raise StateConflict(f"{row} is {row.get_state_display().lower()}. Nothing was done.")
    trials = RiskTrial.objects.filter(tenant_id=actor.tenant_id, model=row, state=TrialState.DONE)
    row.evidence = trials.order_by("-id").first()
    if row.evidence is None:
        raise StateConflict(f"Try {row} first: whoever decides wants to see whom it moves.")
    if mine.filter(state=_M.PROPOSED).exists():
        raise StateConflict("Another version waits already. Nothing was done; decide on it first.")
    moves.move(row, MODEL, _M.PROPOSED, actor=actor, update_fields=["evidence"])
    data = {"note": row.note}
    audit(actor=actor, action=actions.RISK_MODEL_PROPOSED, subject=row, label=str(row), data=data)
    return approval_ask(
        actor=actor,
        kind=KIND,
        subject=row,
        label=str(row),
        content=content(row),
        barred=[row.made_by_ref],
    )


def content(row: RiskModel) -> Mapping[str, Any]:
    """What the second person reads, and what is hashed: every figure that is another."""
    before = model_in_force()
    changes = differences(before.figures if before else {}, row.figures)
    return {
        "Version": row.number,
        "In place of": str(before) if before else "none",
        "What is new": row.note,
        **changes,
        "Trial": row.evidence.result["words"] if row.evidence else "none",
    }


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """Figures that are not the same, by their path: ``weights countries``: ``20 to 25``."""
    old, new = _flat(before), _flat(after)
    return {
        name: f"{old.get(name, 'nothing')} to {new.get(name, 'nothing')}"
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    }


def _flat(kept: Any, path: str = "") -> dict[str, Any]:
    if isinstance(kept, Mapping):
        return {
            name: value
            for key, each in kept.items()
            for name, value in _flat(each, f"{path} {key}".strip()).items()
        }
    path = path.replace("_", " ")
    value = ", ".join(kept) if isinstance(kept, list | tuple) else kept
    return {path[:1].upper() + path[1:]: value}


def model_for(actor: Actor, approval: Approval) -> RiskModel:
    rows = RiskModel.objects.select_related("evidence")
    return rows.get(tenant_id=actor.tenant_id, pk=approval.subject_id)


def model_set(actor: Actor, approval: Approval) -> None:
    """The second person said yes (called in that transaction): everyone is assessed by it."""
    _alone(actor)
    row, before = model_for(actor, approval), model_in_force()
    if before is not None:
        before.active_until = now()
        moves.move(before, MODEL, _M.RETIRED, actor=actor, update_fields=["active_until"])
    row.active_from = now()
    moves.move(row, MODEL, _M.ACTIVE, actor=actor, update_fields=["active_from"])
    data = {"note": row.note}
    audit(actor=actor, action=actions.RISK_MODEL_SET, subject=row, label=str(row), data=data)
    outbox.put(EVERYONE, subject_id=row.pk)


def model_refused(actor: Actor, approval: Approval) -> None:
    """Refused, or what it was to replace has changed since."""
    reason = approval.reason or "Something changed since it was proposed."
    row = model_for(actor, approval)
    moves.move(row, MODEL, _M.REFUSED, actor=actor, reason=reason[:300])
