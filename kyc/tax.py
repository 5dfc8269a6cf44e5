"""The tax self-certification as something that a level asks for, when the brokerage wants it."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.urls import reverse

from backoffice.audit.services import audit
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import StateConflict
from backoffice.workflow import approvals
from backoffice.workflow.approvals import ApprovalKind
from backoffice.workflow.models import Approval
from clients.models import Client, ClientKind
from clients.ownership.selectors import Structure
from clients.tax.selectors import certifications_of, holding, missing_of
from kyc import actions
from kyc.models import Level, Requirement, RequirementKind
from kyc.rules import Verdict

CODE = "tax"
LABEL = "Tax self-certification"
APPROVAL = "kyc.level_tax"
PROPOSE, DECIDE = "kyc.review_case", "kyc.approve_case"
ORDER = 8


def tax_verdict(client: Client, label: str, structure: Structure | None) -> Verdict:
    """Who certified; for a passive entity, whether who controls it did too."""
    held = holding(certifications_of(client))
    url = reverse("clients:tab", args=[client.pk, "identity"])
    missing = [name for name, _ in missing_of(client, held, structure)]
    if missing:
        note = f"not certified yet: {', '.join(missing)}"
        return Verdict(label, "bad", note, met=False, handed_in=False, url=url)
    doubts = sum(len(row.doubts) for row in held.values())
    if doubts:
        note = (
            f"certified, {doubts} to look at" if doubts > 1 else "certified, one thing to look at"
        )
        return Verdict(label, "attention", note, met=True, url=url)
    return Verdict(label, "good", "certified", met=True, url=url)


def asks(level: Level) -> bool:
    rows = Requirement.objects.filter(tenant_id=current_tenant_id(), level=level, code=CODE)
    return rows.filter(kind=RequirementKind.CHECK).exists()


@transaction.atomic
def level_tax_propose(*, actor: Actor, level: Level) -> Approval:
    """Ask for the certification at a level that does not, or no longer at one that does; a second
    person decides. Cases that are under way follow at once."""
    row = Level.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=level.pk)
    if row.number == 0:
        raise StateConflict("Nothing is asked of someone who has only registered.")
    if approvals.pending_for(actor, row.pk, APPROVAL) is not None:
        raise StateConflict("A change of this level waits already. Nothing was done.")
    content = _content(row, asked=not asks(row))
    label = f"Level {row}: {'ask' if content['asked'] else 'no longer ask'} for taxes"
    return approvals.approval_ask(
        actor=actor, kind=APPROVAL, subject=row, label=label, content=content
    )


def _content(level: Level, *, asked: bool) -> dict[str, Any]:
    return {"level": level.number, "asked": asked}


def _level(approval: Approval) -> Level:
    return Level.objects.select_for_update().get(
        tenant_id=current_tenant_id(), pk=approval.subject_id
    )


def _now(actor: Actor, approval: Approval) -> Mapping[str, Any]:
    """What would be done now: the same, unless the level has come to it in another way."""
    level = _level(approval)
    return _content(level, asked=not asks(level))


def _execute(actor: Actor, approval: Approval) -> None:
    level = _level(approval)
    asked = bool(approval.content["asked"])
    for kind in ClientKind:
        given = {
            "tenant_id": actor.tenant_id,
            "level": level,
            "kind": RequirementKind.CHECK,
            "client_kind": kind,
            "code": CODE,
        }
        if asked:
            defaults = {"label": LABEL, "order": ORDER}
            Requirement.objects.get_or_create(**given, defaults=defaults)
        else:
            for row in Requirement.objects.filter(**given):
                row.delete()
    data = {"what": "asks for" if asked else "no longer asks for"}
    audit(actor=actor, action=actions.LEVEL_TAX, subject=level, label=str(level), data=data)


def _refused(actor: Actor, approval: Approval) -> None:
    """Nothing changes."""


def _shown(approval: Approval) -> Mapping[str, Any]:
    asked = approval.content["asked"]
    return {
        "Level": approval.content["level"],
        LABEL: "is asked for" if asked else "is not asked for",
    }


def register_approval() -> None:
    approvals.register(
        ApprovalKind(
            APPROVAL,
            "What a level asks for",
            DECIDE,
            _now,
            _execute,
            _refused,
            lambda approval: reverse("kyc:levels"),
            shown=_shown,
        )
    )
