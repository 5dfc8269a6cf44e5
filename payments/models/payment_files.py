"""Payment files: approved payouts that go to a bank together, and what the bank says of them."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantModel
from payments.models.methods import GatewayAccount, amount_field
from payments.models.movements import Withdrawal, WithdrawalPart
from payments.payment_file_states import PaymentFileState


class PaymentFile(TenantModel):
    """One file for one bank account of ours; ``reference`` names it at the bank too.

    The file itself is sealed: it holds clients' account numbers. ``sha256`` is of its bytes, which
    are written anew and compared before they are given out.
    """

    reference = models.CharField(max_length=20)
    gateway = TenantForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="files")
    state = models.CharField(
        max_length=12, choices=PaymentFileState.choices, default=PaymentFileState.PREPARED
    )
    version = models.CharField(max_length=20)
    execution_on = models.DateField()
    # Who pays the banks outside SEPA, as the message says it.
    charges = models.CharField(max_length=4)
    content_sealed = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    payments_count = models.PositiveIntegerField()
    control_sum = amount_field()
    # By currency, as text: {"EUR": "120.00"}.
    totals = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=now)
    prepared_by_ref = models.CharField(max_length=80)
    prepared_by = models.CharField(max_length=160)
    released_at = models.DateTimeField(null=True)
    released_by_ref = models.CharField(max_length=80, blank=True)
    released_by = models.CharField(max_length=160, blank=True)
    # The first time that its bytes were given out, and how often since.
    handed_over_at = models.DateTimeField(null=True)
    handed_over_by = models.CharField(max_length=160, blank=True)
    downloads = models.PositiveIntegerField(default=0)
    note = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "reference"], name="payment_file_reference"),
            models.CheckConstraint(condition=Q(payments_count__gt=0), name="payment_file_counts"),
            models.CheckConstraint(condition=Q(control_sum__gt=0), name="payment_file_sum"),
            models.CheckConstraint(
                condition=~Q(released_by_ref=F("prepared_by_ref")), name="payment_file_four_eyes"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["prepared", "cancelled"])
                | (Q(released_at__isnull=False) & ~Q(released_by_ref="")),
                name="payment_file_released",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["prepared", "released", "cancelled"], downloads=0)
                | Q(
                    state__in=["handed_over", "acknowledged", "refused"],
                    downloads__gt=0,
                    handed_over_at__isnull=False,
                ),
                name="payment_file_handed_over",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="payment_file_newest"),  # the list
            models.Index(fields=["tenant", "state", "-id"], name="payment_file_state"),
        ]
        permissions: ClassVar = [
            ("release_payment_file", "Release payment files that a colleague prepared")
        ]

    def __str__(self) -> str:
        return self.reference


class PaymentFileItem(TenantModel):
    """One payout in a file: a whole withdrawal, or a part of one. ``is_live`` ends when the file is
    cancelled: a payout is in one live file only, and in none again once its file was handed
    over."""

    file = TenantForeignKey(PaymentFile, on_delete=models.PROTECT, related_name="items")
    withdrawal = TenantForeignKey(Withdrawal, on_delete=models.PROTECT, related_name="file_items")
    part = TenantForeignKey(
        WithdrawalPart, on_delete=models.PROTECT, null=True, related_name="file_items"
    )
    # The payout's own: the end-to-end id.
    reference = models.CharField(max_length=20)
    amount = amount_field()
    currency = models.CharField(max_length=8)
    is_sepa = models.BooleanField()
    is_live = models.BooleanField(default=True)
    # What the bank's report said last: four letters, and its reason.
    bank_status = models.CharField(max_length=4, blank=True)
    bank_reason = models.CharField(max_length=200, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "reference"],
                condition=Q(is_live=True),
                name="payment_file_item_once",
            ),
            models.UniqueConstraint(
                fields=["tenant", "file", "reference"], name="payment_file_item_of"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_file_item_amount"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "withdrawal"], name="payment_file_item_withdrawal")
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return self.reference


class PaymentFileReport(TenantModel):
    """What a bank said of a file, as it came (sealed), once for the same bytes."""

    file = TenantForeignKey(PaymentFile, on_delete=models.PROTECT, related_name="reports")
    sha256 = models.CharField(max_length=64)
    content_sealed = models.BinaryField()
    taken = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    received_at = models.DateTimeField(default=now)
    received_by_ref = models.CharField(max_length=80)
    received_by = models.CharField(max_length=160)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "file", "sha256"], name="payment_file_report_once"
            )
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return self.sha256[:12]
