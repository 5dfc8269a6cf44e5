"""Adjustments of clients' wallets: asked for by one person, booked by another one's approval."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantModel
from clients.models import Client
from payments.adjustment_states import AdjustmentState, Direction, Why
from payments.models.movements import amount_field


class WalletAdjustment(TenantModel):
    """Money between a client's wallet and an account of the house.

    ``counter`` is the code of that account (payments/adjustments/rules.py), kept as it was when it
    was asked for. One that is booked has exactly one journal.
    """

    reference = models.CharField(max_length=20)
    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="adjustments")
    state = models.CharField(
        max_length=10, choices=AdjustmentState.choices, default=AdjustmentState.ASKED
    )
    direction = models.CharField(max_length=12, choices=Direction.choices)
    why = models.CharField(max_length=16, choices=Why.choices)
    counter = models.CharField(max_length=120)
    amount = amount_field()
    currency = models.CharField(max_length=8)
    reason = models.CharField(max_length=300)
    created_at = models.DateTimeField(default=now)
    asked_by_ref = models.CharField(max_length=80)
    asked_by = models.CharField(max_length=160)
    decided_at = models.DateTimeField(null=True)
    decided_by_ref = models.CharField(max_length=80, blank=True)
    decided_by = models.CharField(max_length=160, blank=True)
    # Why it was refused or cancelled.
    note = models.CharField(max_length=300, blank=True)
    journal_id = models.UUIDField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "reference"], name="wallet_adjustment_reference"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="wallet_adjustment_amount"),
            models.CheckConstraint(condition=~Q(reason=""), name="wallet_adjustment_reason"),
            models.CheckConstraint(
                condition=Q(state="booked", journal_id__isnull=False, decided_at__isnull=False)
                | (~Q(state="booked") & Q(journal_id__isnull=True)),
                name="wallet_adjustment_booked",
            ),
            models.CheckConstraint(
                condition=~Q(state="booked")
                | (~Q(decided_by_ref=F("asked_by_ref")) & ~Q(decided_by_ref="")),
                name="wallet_adjustment_four_eyes",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="wallet_adjustment_newest"),  # the list
            models.Index(fields=["tenant", "state", "-id"], name="wallet_adjustment_state"),
            models.Index(fields=["tenant", "client", "-id"], name="wallet_adjustment_client"),
        ]
        permissions: ClassVar = [
            ("adjust_wallet", "Ask for adjustments of clients' wallets"),
            ("approve_wallet_adjustment", "Approve adjustments of clients' wallets"),
        ]

    def __str__(self) -> str:
        return self.reference
