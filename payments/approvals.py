"""What of payments needs other eyes."""

from backoffice.workflow.approvals import ApprovalKind, register
from payments.models import Withdrawal
from payments.services import bands, withdrawals

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
BANDS = ApprovalKind(
    code=bands.KIND,
    label="Bands of approval",
    permission="payments.manage_gateways",
    content=bands.content_now,
    execute=bands.bands_set,
    refused=bands.bands_refused,
    url=lambda approval: "/money/setup/bands/",
)
register(BANDS)
