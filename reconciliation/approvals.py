"""What other eyes decide here: adjustments, write-offs and their limits, what gateways kept."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.workflow.approvals import ApprovalKind, register
from backoffice.workflow.models import Approval
from reconciliation import adjustments, writeoffs
from reconciliation.models import Adjustment, SettlementCost, WriteOffPolicy
from reconciliation.settlements import costs

CHANGED = "The line or its payment changed after it was asked for."


def _adjustment(actor: Actor, approval: Approval) -> Adjustment:
    rows = Adjustment.objects.select_related("of_break__line")
    return rows.get(tenant_id=actor.tenant_id, pk=approval.subject_id)


def _content(actor: Actor, approval: Approval) -> Mapping[str, Any]:
    return adjustments.adjustment_content(_adjustment(actor, approval))


def _book(actor: Actor, approval: Approval) -> None:
    adjustments.adjustment_book(actor=actor, adjustment=_adjustment(actor, approval))


def _refuse(actor: Actor, approval: Approval) -> None:
    adjustments.adjustment_refuse(
        actor=actor, adjustment=_adjustment(actor, approval), reason=approval.reason or CHANGED
    )


# The order in which a person reads it; the database keeps another one.
READ = (
    *("break", "what_it_is", "amount", "debit", "credit"),
    *("because", "line", "counterparty", "text"),
)


def _shown(approval: Approval) -> Mapping[str, Any]:
    return {name: approval.content[name] for name in READ if approval.content.get(name)}


def _url(approval: Approval) -> str:
    return reverse("reconciliation:adjustment", args=[approval.subject_id])


ADJUSTMENT = ApprovalKind(
    code=adjustments.APPROVAL,
    label="Adjustment",
    permission="reconciliation.approve_adjustment",
    content=_content,
    execute=_book,
    refused=_refuse,
    url=_url,
    shown=_shown,
    in_batches=True,
)
register(ADJUSTMENT)


def _write_off(actor: Actor, approval: Approval) -> None:
    writeoffs.write_off_book(actor=actor, adjustment=_adjustment(actor, approval))


WRITE_OFF = ApprovalKind(
    code=writeoffs.APPROVAL,
    label="Write-off",
    permission="reconciliation.approve_adjustment",
    content=lambda actor, approval: writeoffs.write_off_content(
        actor, _adjustment(actor, approval)
    ),
    execute=_write_off,
    refused=_refuse,
    url=_url,
    shown=lambda approval: {
        name: approval.content[name]
        for name in ("break", "what_differs", "amount", "debit", "credit", "because")
    },
    in_batches=True,
)
register(WRITE_OFF)
LIMITS = ApprovalKind(
    code=writeoffs.LIMITS_APPROVAL,
    label="Limits of write-offs",
    permission="reconciliation.manage_limits",
    content=lambda actor, approval: writeoffs.limits_content(
        WriteOffPolicy.objects.get(tenant_id=actor.tenant_id, pk=approval.subject_id)
    ),
    execute=lambda actor, approval: writeoffs.limits_set(actor=actor, approval=approval),
    refused=lambda actor, approval: writeoffs.limits_refused(actor=actor, approval=approval),
    url=lambda approval: reverse("reconciliation:write-offs"),
)
register(LIMITS)


def _cost(actor: Actor, approval: Approval) -> SettlementCost:
    rows = SettlementCost.objects.select_related("report__gateway")
    return rows.get(tenant_id=actor.tenant_id, pk=approval.subject_id)


def _cost_url(approval: Approval) -> str:
    return reverse("reconciliation:cost", args=[approval.subject_id])


COST = ApprovalKind(
    code=costs.APPROVAL,
    label="Cost of a gateway",
    permission="reconciliation.approve_adjustment",
    content=lambda actor, approval: costs.cost_content(_cost(actor, approval)),
    execute=lambda actor, approval: costs.cost_book(actor=actor, cost=_cost(actor, approval)),
    refused=lambda actor, approval: costs.cost_refuse(
        actor=actor, cost=_cost(actor, approval), reason=approval.reason or CHANGED
    ),
    url=_cost_url,
)
register(COST)
