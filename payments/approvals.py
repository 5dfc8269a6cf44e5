"""What of payments needs other eyes."""

from backoffice.workflow.approvals import ApprovalKind, register
from payments.models import Withdrawal
from payments.services import withdrawals

WITHDRAWAL = ApprovalKind(
    code=withdrawals.KIND,
    label="Withdrawal",
    permission="payments.approve_withdrawal",
    content=lambda actor, approval: withdrawals.content(
        Withdrawal.objects.get(tenant_id=actor.tenant_id, pk=approval.subject_id)
    ),
    execute=withdrawals.approved,
    refused=withdrawals.refused,
    url=lambda approval: f"/money/withdrawals/{approval.subject_id}/decide/",
)
register(WITHDRAWAL)
