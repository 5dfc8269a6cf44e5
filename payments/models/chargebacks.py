"""Chargebacks: what was taken back of a deposit, what of it is missing, and what we answer."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantModel
from clients.models import Client, ClientDocument
from payments.chargeback_states import (
    ANSWER_OPEN,
    CHARGEBACK_LIVE,
    AnswerState,
    ChargebackState,
)
from payments.models.methods import GatewayAccount, amount_field
from payments.models.movements import Deposit


class Chargeback(TenantModel):
    """The payer's bank takes (part of) a deposit back, or asks about it.

    ``owed_amount`` is what the wallet did not have when it was taken; ``repaid_amount`` came back
    of that since, ``written_off_amount`` never will. What is left of it stands on the client's
    receivable. The deposit keeps its own state.
    """

    reference = models.CharField(max_length=20)
    deposit = TenantForeignKey(Deposit, on_delete=models.PROTECT, related_name="chargebacks")
    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="chargebacks")
    gateway = TenantForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="chargebacks")
    # The gateway's name of it; empty for one that was entered by hand without a number.
    provider_ref = models.CharField(max_length=80, blank=True)
    state = models.CharField(
        max_length=16, choices=ChargebackState.choices, default=ChargebackState.NOTED
    )
    # The bank's code as the gateway words it, such as ``fraudulent``.
    reason_code = models.CharField(max_length=40)
    amount = amount_field()
    currency = models.CharField(max_length=8)
    fee_amount = amount_field(default=0)
    fee_back_amount = amount_field(default=0)
    owed_amount = amount_field(default=0)
    repaid_amount = amount_field(default=0)
    written_off_amount = amount_field(default=0)
    # What one person proposes to write off, while a second one decides.
    proposed_amount = amount_field(null=True)
    note = models.CharField(max_length=300, blank=True)
    due_at = models.DateTimeField(null=True)
    event_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=now)
    taken_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "reference"], name="chargeback_reference"),
            models.UniqueConstraint(
                fields=["tenant", "gateway", "provider_ref"],
                condition=~Q(provider_ref=""),
                name="chargeback_provider_ref",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="chargeback_amount"),
            models.CheckConstraint(
                condition=Q(
                    owed_amount__gte=F("repaid_amount") + F("written_off_amount"),
                    amount__gte=F("owed_amount"),
                    repaid_amount__gte=0,
                    written_off_amount__gte=0,
                    fee_amount__gte=F("fee_back_amount"),
                    fee_back_amount__gte=0,
                ),
                name="chargeback_owed",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["noted", "inquiry", "inquiry_closed"])
                | Q(taken_at__isnull=True, owed_amount=0, fee_amount=0),
                name="chargeback_inquiry_moves_nothing",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="chargeback_newest"),  # the list
            models.Index(fields=["tenant", "state", "-id"], name="chargeback_state"),
            models.Index(fields=["tenant", "client", "-id"], name="chargeback_client"),
            models.Index(fields=["tenant", "deposit"], name="chargeback_deposit"),
            # Asked at every payout and at every credit: who is frozen, who owes.
            models.Index(
                fields=["tenant", "client", "state"],
                name="chargeback_live",
                condition=Q(state__in=CHARGEBACK_LIVE),
            ),
            models.Index(
                fields=["tenant", "client", "currency"],
                name="chargeback_owing",
                condition=Q(owed_amount__gt=F("repaid_amount") + F("written_off_amount")),
            ),
        ]
        permissions: ClassVar = [
            ("work_chargeback", "Work chargebacks: evidence, outcomes, entries by hand"),
            ("approve_write_off", "Approve what is written off of a chargeback"),
        ]

    def __str__(self) -> str:
        return self.reference


class ChargebackEvidence(TenantModel):
    """One piece of evidence: a file (sealed on disk), or words. ``kind`` is one of the checklist's
    (payments/chargebacks/evidence.py). Taken out of the bundle it stays on record."""

    chargeback = TenantForeignKey(Chargeback, on_delete=models.PROTECT, related_name="evidence")
    kind = models.CharField(max_length=40)
    text = models.CharField(max_length=4000, blank=True)
    # A copy of a paper that the client handed in: who may not see those does not open it here.
    document = TenantForeignKey(
        ClientDocument, on_delete=models.PROTECT, null=True, related_name="+"
    )
    name = models.CharField(max_length=120, blank=True)
    path = models.CharField(max_length=200, blank=True)
    mime = models.CharField(max_length=40, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(default=0)
    added_at = models.DateTimeField(default=now)
    added_by_ref = models.CharField(max_length=80)
    added_by = models.CharField(max_length=160)
    removed_at = models.DateTimeField(null=True)
    removed_by = models.CharField(max_length=160, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(text="") | ~Q(path=""), name="chargeback_evidence_says_something"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "chargeback"], name="chargeback_evidence_of")
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return self.name or self.text[:60]


class ChargebackAnswer(TenantModel):
    """What we tell the gateway, once: the evidence, or that we accept. Sent by the outbox; ``pk``
    is the idempotency key and is written into what is sent, so that it can be found there."""

    class Kind(models.TextChoices):
        EVIDENCE = "evidence", "Evidence"
        ACCEPT = "accept", "Acceptance"

    chargeback = TenantForeignKey(Chargeback, on_delete=models.PROTECT, related_name="answers")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    state = models.CharField(max_length=8, choices=AnswerState.choices, default=AnswerState.QUEUED)
    # What is sent: kinds with their texts, and the ids of the files. It does not change with the
    # bundle afterwards.
    content = models.JSONField(default=dict)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=now)
    asked_by_ref = models.CharField(max_length=80)
    asked_by = models.CharField(max_length=160)
    done_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            # Two people who press at once: one is told.
            models.UniqueConstraint(
                fields=["tenant", "chargeback"],
                condition=Q(state__in=ANSWER_OPEN),
                name="chargeback_answer_open",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "chargeback", "-id"], name="chargeback_answer_of")
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return self.get_kind_display()
