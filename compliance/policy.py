"""How a brokerage screens: on which public lists, and from which scores on. Two people change it.

Scores for sanctions may only be made stricter than the product's. A change has every client
screened again (``rescreen``), since another list or score says something else of each of them.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import InvalidInput, NotPermitted, StateConflict
from backoffice.workflow import approvals
from backoffice.workflow.models import Approval
from compliance import actions
from compliance.models import ScreeningPolicy
from compliance.screening.decide import (
    SANCTIONS_THRESHOLDS,
    Category,
    Thresholds,
    tenant_thresholds,
)

APPROVAL = "compliance.policy"
RIGHT = "compliance.manage_lists"
FIELDS = ("block", "review", "review_agreeing")
WORDS = {"block": "block", "review": "review", "review_agreeing": "review with agreement"}
# Its data needs the brokerage's own licence, so a brokerage has to ask for it.
LICENSED = frozenset({"opensanctions"})


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds now. ``number`` grows with each change; 0 is the product's own."""

    number: int
    on: frozenset[str]
    off: frozenset[str]
    thresholds: Mapping[Category, Thresholds]

    def searches(self, source: str) -> bool:
        """Whether a public list is searched; a brokerage's own list always is."""
        return source in self.on if source in LICENSED else source not in self.off

    @property
    def score_min(self) -> float:
        """The lowest score that may be looked at."""
        return min(each.review_agreeing for each in self.thresholds.values())


def policy_of(tenant_id: int) -> Policy:
    row = ScreeningPolicy.objects.filter(tenant_id=tenant_id).first()
    given = row.thresholds if row else {}
    return Policy(
        row.number if row else 0,
        frozenset(row.lists_on if row else ()),
        frozenset(row.lists_off if row else ()),
        {
            each: Thresholds(**given[each]) if each in given else SANCTIONS_THRESHOLDS
            for each in Category
        },
    )


def pending(actor: Actor) -> Approval | None:
    """The change that waits for a second person."""
    row = ScreeningPolicy.objects.filter(tenant_id=actor.tenant_id).first()
    return approvals.pending_for(actor, row.pk, APPROVAL) if row else None


@transaction.atomic
def policy_propose(
    *,
    actor: Actor,
    lists_on: frozenset[str],
    lists_off: frozenset[str],
    thresholds: Mapping[Category, Thresholds],
    reason: str,
) -> Approval:
    """Ask a second person to change how clients are screened. Raises ``InvalidInput`` for scores
    that are looser than sanctions allow, and for what is as it stands."""
    if not actor.can(RIGHT):
        raise NotPermitted
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say why."})
    checked = {each: tenant_thresholds(each, wanted) for each, wanted in thresholds.items()}
    stands = policy_of(actor.tenant_id)
    if (lists_on, lists_off, checked) == (stands.on, stands.off, dict(stands.thresholds)):
        raise InvalidInput("This is how clients are screened now.")
    row, _ = ScreeningPolicy.objects.select_for_update().get_or_create(tenant_id=actor.tenant_id)
    if approvals.pending_for(actor, row.pk, APPROVAL) is not None:
        raise StateConflict("A change waits already. Nothing was done; decide on that first.")
    row.proposed = {
        "lists_on": sorted(lists_on),
        "lists_off": sorted(lists_off),
        "thresholds": {str(each): asdict(scores) for each, scores in checked.items()},
        "reason": reason.strip()[:300],
    }
    row.save(update_fields=["proposed"])
    words = _content(row)
    audit(actor=actor, action=actions.POLICY_PROPOSED, subject=row, label="Screening", data=words)
    return approvals.approval_ask(
        actor=actor, kind=APPROVAL, subject=row, label="How clients are screened", content=words
    )


def _content(row: ScreeningPolicy) -> dict[str, Any]:
    wanted = row.proposed
    # The database keeps no order of names, and what is approved is compared word by word.
    scores = {
        f"{each.name.replace('_', ' ').lower()}, {WORDS[field]}": f"{given[field]:.2f}"
        for each in Category
        if (given := wanted["thresholds"].get(each))
        for field in FIELDS
    }
    return {
        "Lists left out": ", ".join(wanted["lists_off"]) or "none",
        "Licensed lists searched": ", ".join(wanted["lists_on"]) or "none",
        "Scores": "; ".join(f"{name} {score}" for name, score in scores.items()),
        "Because": wanted["reason"],
    }


def _row(approval: Approval) -> ScreeningPolicy:
    return ScreeningPolicy.objects.select_for_update().get(
        tenant_id=current_tenant_id(), pk=approval.subject_id
    )


def _set(actor: Actor, approval: Approval) -> None:
    row = _row(approval)
    words, wanted = _content(row), row.proposed
    row.lists_on, row.lists_off = wanted["lists_on"], wanted["lists_off"]
    row.thresholds, row.proposed = wanted["thresholds"], {}
    row.number += 1
    row.save()
    audit(actor=actor, action=actions.POLICY_SET, subject=row, label="Screening", data=words)


def _refused(actor: Actor, approval: Approval) -> None:
    row = _row(approval)
    row.proposed = {}
    row.save(update_fields=["proposed"])


def register_approval() -> None:
    approvals.register(
        approvals.ApprovalKind(
            code=APPROVAL,
            label="How clients are screened",
            permission=RIGHT,
            content=lambda actor, approval: _content(_row(approval)),
            execute=_set,
            refused=_refused,
            url=lambda approval: "/compliance/policy/",
        )
    )
