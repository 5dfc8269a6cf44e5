"""Services for a tenant's scenarios: propose figures, and by someone else make them count."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import FourEyes, InvalidInput, NotPermitted, StateConflict
from compliance import actions
from compliance.models import Scenario
from compliance.monitoring.kinds import KINDS

PROPOSE, APPROVE = "compliance.decide_alert", "compliance.approve_release"
DEFAULT_SEVERITY = {
    "FX01": Scenario.Severity.HIGH,
    "FX02": Scenario.Severity.HIGH,
    "FX08": Scenario.Severity.MEDIUM,
}
_S = Scenario.State
FOLLOWING = {
    _S.DRAFT: {_S.SHADOW, _S.LIVE, _S.RETIRED},
    _S.SHADOW: {_S.LIVE, _S.RETIRED},
    _S.LIVE: {_S.SHADOW, _S.RETIRED},
    _S.RETIRED: set(),
}


@transaction.atomic
def scenario_propose(
    *, actor: Actor, code: str, parameters: Mapping[str, Any], severity: str, reason: str
) -> Scenario:
    """The next version of a scenario, as a draft. What is live stays so."""
    if not actor.can(PROPOSE):
        raise NotPermitted
    kind = KINDS.get(code)
    if kind is None or severity not in Scenario.Severity:
        raise InvalidInput("There is no such scenario or severity.")
    if not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": "Say why the figures should change."})
    newest = Scenario.objects.filter(tenant_id=actor.tenant_id, code=code).aggregate(
        last=Max("version")
    )["last"]
    scenario = Scenario.objects.create(
        tenant_id=actor.tenant_id,
        code=code,
        version=(newest or 0) + 1,
        parameters=kind.checked(parameters),
        severity=severity,
        reason=reason.strip()[:300],
        author_ref=actor.ref,
        author=actor.name,
    )
    audit(
        actor=actor,
        action=actions.SCENARIO_PROPOSED,
        subject=scenario,
        label=str(scenario),
        data={
            "code": code,
            "version": scenario.version,
            "reason": reason,
            "parameters": scenario.parameters,
        },
    )
    return scenario


def why_not_move(actor: Actor, scenario: Scenario) -> str:
    """Why the actor may not approve this version; empty when they may."""
    if not actor.can(APPROVE):
        return "Making a scenario count needs the right to release what compliance holds."
    if actor.ref == scenario.author_ref:
        return "You proposed it; someone else decides."
    return ""


@transaction.atomic
def scenario_move(*, actor: Actor, scenario: Scenario, state: str) -> Scenario:
    """Make a version shadow, live or retired. A version that goes live retires the one before."""
    rows = Scenario.objects.select_for_update().filter(
        tenant_id=actor.tenant_id, code=scenario.code
    )
    row = rows.get(pk=scenario.pk)
    target = _S(state)
    if row.state == target:
        return row
    if not actor.can(APPROVE):
        raise NotPermitted
    if actor.ref == row.author_ref:
        raise FourEyes
    if target not in FOLLOWING[_S(row.state)]:
        raise StateConflict(f"It is {row.get_state_display().lower()}. Nothing was changed.")
    if target == _S.LIVE:
        rows.filter(state=_S.LIVE).update(state=_S.RETIRED)
    row.state = target
    row.approver_ref, row.approver, row.approved_at = actor.ref, actor.name, now()
    row.save(update_fields=["state", "approver_ref", "approver", "approved_at"])
    audit(
        actor=actor,
        action=actions.SCENARIO_MOVED,
        subject=row,
        label=str(row),
        data={"code": row.code, "version": row.version, "state": row.get_state_display().lower()},
    )
    return row


@transaction.atomic
def scenarios_install(*, actor: Actor) -> list[Scenario]:
    """The scenarios with the product's own figures, live, for a tenant that has none. Whoever
    installs them approves them; their author is the product."""
    made = []
    for code, kind in KINDS.items():
        if Scenario.objects.filter(tenant_id=actor.tenant_id, code=code).exists():
            continue
        made.append(
            Scenario.objects.create(
                tenant_id=actor.tenant_id,
                code=code,
                version=1,
                parameters=kind.checked({}),
                severity=DEFAULT_SEVERITY[code],
                state=_S.LIVE,
                reason="The product's own figures.",
                author_ref="product",
                author="The product",
                approver_ref=actor.ref,
                approver=actor.name,
                approved_at=now(),
            )
        )
    return made
