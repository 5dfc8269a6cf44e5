"""What other eyes decide here: payouts, and versions of agreements."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.workflow import approvals
from backoffice.workflow.approvals import ApprovalKind
from backoffice.workflow.models import Approval
from ib.models import AgreementVersion, Payout
from ib.services import agreements, payouts

CHANGED = "It changed after it was asked for."


def _payout(actor: Actor, approval: Approval) -> Payout:
    rows = Payout.objects.select_related("partner__client")
    return rows.get(tenant_id=actor.tenant_id, pk=approval.subject_id)


def _version(actor: Actor, approval: Approval) -> AgreementVersion:
    rows = AgreementVersion.objects.select_related("agreement")
    return rows.get(tenant_id=actor.tenant_id, pk=approval.subject_id)


def _payout_content(actor: Actor, approval: Approval) -> Mapping[str, Any]:
    return payouts.payout_content(_payout(actor, approval))


def _pay(actor: Actor, approval: Approval) -> None:
    payouts.payout_pay(actor=actor, payout=_payout(actor, approval))


def _refuse(actor: Actor, approval: Approval) -> None:
    payouts.payout_refuse(
        actor=actor, payout=_payout(actor, approval), reason=approval.reason or CHANGED
    )


def _version_content(actor: Actor, approval: Approval) -> Mapping[str, Any]:
    return agreements.version_content(_version(actor, approval))


def _publish(actor: Actor, approval: Approval) -> None:
    agreements.version_publish(actor=actor, version=_version(actor, approval))


def _return(actor: Actor, approval: Approval) -> None:
    agreements.version_return(
        actor=actor, version=_version(actor, approval), reason=approval.reason or CHANGED
    )


def register() -> None:
    approvals.register(
        ApprovalKind(
            code=payouts.APPROVAL,
            label="Partner payout",
            permission="ib.approve_payout",
            content=_payout_content,
            execute=_pay,
            refused=_refuse,
            url=lambda approval: reverse("ib:payout", args=[approval.subject_id]),
        )
    )
    approvals.register(
        ApprovalKind(
            code=agreements.APPROVAL,
            label="Partner agreement",
            permission="ib.approve_agreement",
            content=_version_content,
            execute=_publish,
            refused=_return,
            url=lambda approval: reverse("ib:agreements"),
        )
    )
