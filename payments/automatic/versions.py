"""Writing rules: a version is a new row, tried dry, proposed by one person and set by another.

The switch: whoever may, turns automatic approval off at once; on again takes two.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, NotPermitted, StateConflict
from backoffice.workflow import moves
from backoffice.workflow.approvals import approval_ask, pending_for
from backoffice.workflow.models import Approval
from payments import actions
from payments.automatic import rules
from payments.automatic.decisions import rules_of, version_in_force
from payments.automatic.rules import Rule
from payments.automatic.states import VERSION, DryRunState, VersionState
from payments.evaluation import base_currency
from payments.locks import policy_locked
from payments.models import DryRun, RuleVersion, WithdrawalPolicy

KIND, ON_KIND = "payments.rules", "payments.rules_on"
MANAGE, STOP = "payments.manage_rules", "payments.stop_automatic"
_V = VersionState


def words(rule: Rule, base: str) -> str:
    """A rule in a sentence: whom it covers, then each thing that it asks."""
    scope = [", ".join(rule.methods) or "any method", ", ".join(rule.categories) or "any client"]
    asked = [f"{rules.lower(title)} {limit}" for title, limit in rules.in_words(rule, base)]
    return "; ".join([*scope, *asked])


@transaction.atomic
def version_make(*, actor: Actor, wanted: Sequence[Rule], note: str) -> RuleVersion:
    """A draft. It decides nothing until it was tried, proposed and set."""
    if not actor.can(MANAGE):
        raise NotPermitted
    rules.check(wanted)
    if not note.strip():
        raise InvalidInput(fields={"note": "Say what is new in it."})
    policy_locked(actor)  # numbers follow each other
    mine = RuleVersion.objects.filter(tenant_id=actor.tenant_id)
    number = (mine.aggregate(most=Max("number"))["most"] or 0) + 1
    row = RuleVersion.objects.create(
        tenant_id=actor.tenant_id,
        number=number,
        rules=[rules.dump(rule) for rule in wanted],
        note=note.strip()[:200],
        made_by_ref=actor.ref,
        made_by=actor.name,
    )
    moves.begin(row, VERSION, actor=actor)
    audit(
        actor=actor,
        action=actions.RULES_WRITTEN,
        subject=row,
        label=str(row),
        data={"note": row.note},
    )
    return row


@transaction.atomic
def version_propose(*, actor: Actor, version: RuleVersion) -> Approval:
    """Ask a second person to set it. Only what was tried dry may be proposed."""
    if not actor.can(MANAGE):
        raise NotPermitted
    policy_locked(actor)
    row = _locked(actor, version)
    if row.state != _V.DRAFT:
        raise StateConflict(f"{row} is {row.get_state_display().lower()}. Nothing was done.")
    runs = DryRun.objects.filter(tenant_id=actor.tenant_id, version=row, state=DryRunState.DONE)
    row.evidence = runs.order_by("-id").first()
    if row.evidence is None:
        raise StateConflict(f"Run {row} dry first: whoever decides wants to see what it would do.")
    mine = RuleVersion.objects.filter(tenant_id=actor.tenant_id, state=_V.PROPOSED)
    if mine.exists():
        raise StateConflict(
            "Another version waits already. Nothing was done; decide on that first."
        )
    moves.move(row, VERSION, _V.PROPOSED, actor=actor, update_fields=["evidence"])
    audit(
        actor=actor,
        action=actions.RULES_PROPOSED,
        subject=row,
        label=str(row),
        data={"note": row.note},
    )
    return approval_ask(
        actor=actor,
        kind=KIND,
        subject=row,
        label=f"Automatic approval, {str(row).lower()}",
        content=content(row),
        barred=[row.made_by_ref],
    )


def content(row: RuleVersion) -> Mapping[str, Any]:
    """What the second person reads, and what is hashed."""
    base, before = base_currency(), version_in_force()
    lines = {rule.name: words(rule, base) for rule in rules_of(row)}
    run = row.evidence
    return {
        "Version": row.number,
        "In place of": str(before) if before else "none: every withdrawal waits for a person",
        "What is new": row.note,
        **{
            f"Rule {number}": f"{name}: {said}"
            for number, (name, said) in enumerate(lines.items(), 1)
        },
        "Dry run": run.result["words"] if run else "none",
    }


def version_of(actor: Actor, approval: Approval) -> RuleVersion:
    rows = RuleVersion.objects.select_related("evidence")
    return rows.get(tenant_id=actor.tenant_id, pk=approval.subject_id)


def _locked(actor: Actor, version: RuleVersion) -> RuleVersion:
    rows = RuleVersion.objects.select_for_update(no_key=True)
    return rows.get(tenant_id=actor.tenant_id, pk=version.pk)


def version_set(actor: Actor, approval: Approval) -> None:
    """The second person said yes (called in that transaction): it decides from now on."""
    policy_locked(actor)
    row = _locked(actor, version_of(actor, approval))
    before = version_in_force()
    if before is not None:
        before.active_until = now()
        moves.move(before, VERSION, _V.RETIRED, actor=actor, update_fields=["active_until"])
    row.active_from = now()
    moves.move(row, VERSION, _V.ACTIVE, actor=actor, update_fields=["active_from"])
    audit(
        actor=actor, action=actions.RULES_SET, subject=row, label=str(row), data={"note": row.note}
    )


def version_refused(actor: Actor, approval: Approval) -> None:
    """Refused, or what it was to replace has changed since."""
    row = _locked(actor, version_of(actor, approval))
    reason = approval.reason or "Something changed since it was proposed."
    moves.move(row, VERSION, _V.REFUSED, actor=actor, reason=reason[:300])


# The switch


@transaction.atomic
def automatic_stop(*, actor: Actor, reason: str = "") -> WithdrawalPolicy:
    """Off, at once: it waits for the approvals under way, and nothing is approved by a rule after
    it returns. What is approved already goes out; compliance can still hold it."""
    if not actor.can(STOP):
        raise NotPermitted
    policy = policy_locked(actor)
    if not policy.automatic:
        return policy
    _switch(actor, policy, on=False)
    data = {"reason": reason.strip()[:200] or "no reason given"}
    audit(actor=actor, action=actions.AUTOMATIC_OFF, subject=policy, label="Withdrawals", data=data)
    return policy


def _switch(actor: Actor, policy: WithdrawalPolicy, *, on: bool) -> None:
    policy.automatic, policy.automatic_set_at = on, now()
    policy.automatic_set_by = actor.name
    policy.save()


@transaction.atomic
def automatic_start_ask(*, actor: Actor) -> Approval:
    """On again is asked for by one and done by another."""
    if not actor.can(MANAGE):
        raise NotPermitted
    policy = policy_locked(actor)
    if policy.automatic:
        raise StateConflict("Automatic approval is on already.")
    if pending_for(actor, policy.pk, ON_KIND) is not None:
        raise StateConflict("A second person was asked already.")
    audit(actor=actor, action=actions.AUTOMATIC_ON_ASKED, subject=policy, label="Withdrawals")
    return approval_ask(
        actor=actor,
        kind=ON_KIND,
        subject=policy,
        label="Automatic approval on again",
        content=start_content(policy),
    )


def start_content(policy: WithdrawalPolicy) -> Mapping[str, Any]:
    version = version_in_force()
    at = policy.automatic_set_at
    return {
        "Automatic approval": "on",
        "Switched off by": policy.automatic_set_by,
        "Off since": f"{at:%-d %b %Y %H:%M} UTC" if at else "",
        "In force then": str(version) if version else "no version",
    }


def policy_of(actor: Actor, approval: Approval) -> WithdrawalPolicy:
    return WithdrawalPolicy.objects.get(tenant_id=actor.tenant_id, pk=approval.subject_id)


def automatic_started(actor: Actor, approval: Approval) -> None:
    """The second person said yes (called in that transaction)."""
    policy = policy_locked(actor)
    _switch(actor, policy, on=True)
    audit(actor=actor, action=actions.AUTOMATIC_ON, subject=policy, label="Withdrawals")
