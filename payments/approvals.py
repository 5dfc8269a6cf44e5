"""What of payments needs other eyes."""

from collections.abc import Collection
from uuid import UUID

from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.workflow.approvals import ApprovalKind, nothing_to_undo, register
from backoffice.workflow.models import Approval
from payments.adjustments import services as adjustments
from payments.automatic import versions
from payments.bonuses import offers as bonus_offers
from payments.bonuses import policies as bonus_policies
from payments.bonuses import services as bonuses
from payments.chargebacks import debts
from payments.conversions import services as conversions
from payments.models import Chargeback, PaymentFile, Withdrawal
from payments.payment_files import files
from payments.services import bands, withdrawals


def _whose(actor: Actor, withdrawals: Collection[UUID]) -> dict[UUID, str]:
    rows = Withdrawal.objects.filter(tenant_id=actor.tenant_id, pk__in=withdrawals)
    return {
        row.pk: f"{row.client.name}; to {row.destination.label}"
        for row in rows.select_related("client", "destination")
    }


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
    about=_whose,
    approve=withdrawals.approved_by,
    in_batches=True,
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
RULES = ApprovalKind(
    code=versions.KIND,
    label="Rules of automatic approval",
    permission=versions.MANAGE,
    content=lambda actor, approval: versions.content(versions.version_of(actor, approval)),
    execute=versions.version_set,
    refused=versions.version_refused,
    url=lambda approval: f"/money/setup/rules/{approval.subject_id}/",
)
register(RULES)
RULES_ON = ApprovalKind(
    code=versions.ON_KIND,
    label="Automatic approval",
    permission=versions.MANAGE,
    content=lambda actor, approval: versions.start_content(versions.policy_of(actor, approval)),
    execute=versions.automatic_started,
    refused=nothing_to_undo,
    url=lambda approval: "/money/setup/rules/",
)
register(RULES_ON)


def _chargeback(actor: Actor, approval: Approval) -> Chargeback:
    rows = Chargeback.objects.select_related("client", "deposit")
    return rows.get(tenant_id=actor.tenant_id, pk=approval.subject_id)


WRITE_OFF = ApprovalKind(
    code=debts.WRITE_OFF,
    label="Write-off",
    permission="payments.approve_write_off",
    content=lambda actor, approval: debts.write_off_content(_chargeback(actor, approval)),
    execute=debts.written_off,
    refused=debts.write_off_refused,
    url=lambda approval: f"/money/chargebacks/{approval.subject_id}/",
)
register(WRITE_OFF)


def _file(actor: Actor, approval: Approval) -> PaymentFile:
    rows = PaymentFile.objects.select_related("gateway")
    return rows.get(tenant_id=actor.tenant_id, pk=approval.subject_id)


def _file_released(actor: Actor, approval: Approval) -> None:
    files.file_released(actor=actor, file_id=approval.subject_id)


def _file_refused(actor: Actor, approval: Approval) -> None:
    reason = approval.reason or "Something in it changed since it was made."
    files.file_dropped(actor=actor, file_id=approval.subject_id, reason=reason)


PAYMENT_FILE = ApprovalKind(
    code=files.KIND,
    label="Payment file",
    permission=files.RELEASE,
    content=lambda actor, approval: files.content_now(actor, _file(actor, approval)),
    execute=_file_released,
    refused=_file_refused,
    url=lambda approval: f"/money/files/{approval.subject_id}/",
)
register(PAYMENT_FILE)


ADJUSTMENT = ApprovalKind(
    code=adjustments.KIND,
    label="Wallet adjustment",
    permission=adjustments.APPROVE,
    content=adjustments.content_now,
    execute=adjustments.adjustment_booked,
    refused=adjustments.adjustment_refused,
    url=lambda approval: reverse("payments:adjustment", args=[approval.subject_id]),
    shown=adjustments.shown,
)
register(ADJUSTMENT)


CONVERSION = ApprovalKind(
    code=conversions.KIND,
    label="Conversion",
    permission=conversions.APPROVE,
    content=conversions.content_now,
    execute=conversions.conversion_booked,
    refused=conversions.conversion_refused,
    url=lambda approval: reverse("payments:conversion", args=[approval.subject_id]),
    shown=conversions.shown,
)
register(CONVERSION)


BONUS = ApprovalKind(
    code=bonuses.KIND,
    label="Bonus",
    permission=bonuses.APPROVE,
    content=bonuses.content_now,
    execute=bonuses.bonus_approved,
    refused=bonuses.bonus_refused,
    url=lambda approval: reverse("payments:bonus", args=[approval.subject_id]),
    shown=bonuses.shown,
)
register(BONUS)


BONUS_RULE = ApprovalKind(
    code=bonus_offers.KIND,
    label="Bonus rule",
    permission=bonus_policies.MANAGE,
    content=bonus_offers.content_now,
    execute=bonus_offers.rule_set,
    refused=bonus_offers.rule_refused,
    url=lambda approval: reverse("payments:bonus-setup"),
    shown=bonus_offers.shown,
)
register(BONUS_RULE)
