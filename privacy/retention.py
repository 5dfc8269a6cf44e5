"""For how long a brokerage keeps what: a version is written by one person and set by another."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, NotPermitted, StateConflict
from backoffice.workflow import moves
from backoffice.workflow.approvals import ApprovalKind, approval_ask, register
from backoffice.workflow.models import Approval
from privacy import actions, rules
from privacy.models import RetentionVersion
from privacy.rules import Category, Policy, Rule, Trigger
from privacy.selectors import version_in_force
from privacy.states import VERSION, VersionState

KIND, MANAGE = "privacy.retention", "privacy.manage_retention"
_V = VersionState
FIRST_NOTE = "What the law of the EU asks for, as the product brings it."


def _alone(actor: Actor) -> None:
    """Whoever writes versions of a brokerage does so one after the other."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('retention', %s))", [actor.tenant_id]
        )


def _make(actor: Actor, figures: Mapping[str, Any], note: str) -> RetentionVersion:
    mine = RetentionVersion.objects.filter(tenant_id=actor.tenant_id)
    number = (mine.aggregate(most=Max("number"))["most"] or 0) + 1
    row = RetentionVersion.objects.create(
        tenant_id=actor.tenant_id,
        number=number,
        figures=dict(figures),
        note=note[:200],
        made_by_ref=actor.ref,
        made_by=actor.name,
    )
    moves.begin(row, VERSION, actor=actor)
    return row


@transaction.atomic
def retention_install(*, actor: Actor) -> RetentionVersion:
    """The product's own figures in force, for a brokerage that has none. Safe to repeat."""
    found = version_in_force()
    if found is not None:
        return found
    _alone(actor)
    if (found := version_in_force()) is not None:
        return found
    row = _make(actor, rules.defaults(), FIRST_NOTE)
    _activate(actor, row)
    return row


def _activate(actor: Actor, row: RetentionVersion) -> None:
    row.active_from = now()
    moves.move(row, VERSION, _V.ACTIVE, actor=actor, update_fields=["active_from"])
    data = {"note": row.note}
    audit(actor=actor, action=actions.RETENTION_SET, subject=row, label=str(row), data=data)


@transaction.atomic
def retention_propose(
    *, actor: Actor, policy: Policy, as_of: date, note: str, knows_shorter: bool = False
) -> Approval:
    """Ask a second person to set other rules. Raises ``InvalidInput``; less than the law named
    asks for needs ``knows_shorter``, and whoever decides reads it."""
    if not actor.can(MANAGE):
        raise NotPermitted
    rules.check(policy)
    if not note.strip():
        raise InvalidInput(fields={"note": "Say what is new in it."})
    short = rules.shorter(policy)
    if short and not knows_shorter:
        said = f"{_listed(short)} would be kept for less than the law that you name asks for."
        raise InvalidInput(said, fields={"knows_shorter": said})
    retention_install(actor=actor)
    _alone(actor)
    mine = RetentionVersion.objects.filter(tenant_id=actor.tenant_id)
    if mine.filter(state=_V.PROPOSED).exists():
        raise StateConflict("Other rules wait already. Nothing was done; decide on those first.")
    row = _make(actor, rules.dump(policy, as_of), note.strip())
    data = {"note": row.note}
    audit(actor=actor, action=actions.RETENTION_PROPOSED, subject=row, label=str(row), data=data)
    return approval_ask(actor=actor, kind=KIND, subject=row, label=str(row), content=content(row))


def _listed(categories: list[Category]) -> str:
    return ", ".join(str(each.label) for each in categories)


def words(rule: Rule) -> str:
    """``5 years after the relationship ended, up to 5 more for one client. ...``"""
    after = Trigger(rule.trigger).label
    more = f", up to {rule.extendable} more for one client" if rule.extendable else ""
    return f"{rule.years} years after {after}{more}: {rule.basis} ({rule.source})"


def content(row: RetentionVersion) -> dict[str, Any]:
    """What the second person reads, and what is hashed."""
    policy, before = rules.load(row.figures), version_in_force()
    short = rules.shorter(policy)
    warning = f"{_listed(short)}: less than the law named asks for" if short else "none"
    return {
        "Version": row.number,
        "In place of": str(before) if before else "none",
        "What is new": row.note,
        "As of": row.figures["as_of"],
        "Shorter than the law": warning,
        **{str(each.label): words(rule) for each, rule in policy.items()},
    }


def version_for(actor: Actor, approval: Approval) -> RetentionVersion:
    return RetentionVersion.objects.get(tenant_id=actor.tenant_id, pk=approval.subject_id)


def _set(actor: Actor, approval: Approval) -> None:
    """The second person said yes (called in that transaction)."""
    _alone(actor)
    row, before = version_for(actor, approval), version_in_force()
    if before is not None:
        before.active_until = now()
        moves.move(before, VERSION, _V.RETIRED, actor=actor, update_fields=["active_until"])
    _activate(actor, row)


def _refused(actor: Actor, approval: Approval) -> None:
    reason = approval.reason or "Something changed since it was proposed."
    row = version_for(actor, approval)
    moves.move(row, VERSION, _V.REFUSED, actor=actor, reason=reason[:300])


def register_approval() -> None:
    register(
        ApprovalKind(
            code=KIND,
            label="Retention rules",
            permission=MANAGE,
            content=lambda actor, approval: content(version_for(actor, approval)),
            execute=_set,
            refused=_refused,
            url=lambda approval: "/privacy/retention/",
        )
    )
