"""What other eyes decide here: adjustments of breaks."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.workflow.approvals import ApprovalKind, register
from backoffice.workflow.models import Approval
from reconciliation import adjustments
from reconciliation.models import Adjustment

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
)
register(ADJUSTMENT)
