"""What other eyes decide here: the close of a day."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.workflow.approvals import ApprovalKind, register
from backoffice.workflow.models import Approval
from reporting.day_close import services
from reporting.models import BusinessDay

CHANGED = "The day changed after its close was asked for."


def _day(actor: Actor, approval: Approval) -> BusinessDay:
    return BusinessDay.objects.get(tenant_id=actor.tenant_id, pk=approval.subject_id)


def _content(actor: Actor, approval: Approval) -> Mapping[str, Any]:
    return services.close_content(actor, _day(actor, approval))


def _close(actor: Actor, approval: Approval) -> None:
    services.close_execute(actor=actor, row=_day(actor, approval), approval=approval)


def _refuse(actor: Actor, approval: Approval) -> None:
    reason = approval.reason or CHANGED
    services.close_refuse(actor=actor, row=_day(actor, approval), reason=reason)


def _shown(approval: Approval) -> Mapping[str, Any]:
    given = approval.content
    shown = {"day": given["day"], "since": given["since"], "report": given["report"].split(" ")[0]}
    carried = "; ".join(given["carried_over"].values())
    return shown | {"carried_over": carried or "nothing", "books_sha256": given["books_sha256"]}


def _url(approval: Approval) -> str:
    return reverse("reporting:day", args=[approval.subject_id])


DAY_CLOSE = ApprovalKind(
    code=services.APPROVAL,
    label="Day close",
    permission="reporting.approve_close",
    content=_content,
    execute=_close,
    refused=_refuse,
    url=_url,
    shown=_shown,
)
register(DAY_CLOSE)
