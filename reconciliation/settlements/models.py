"""Reports of gateways, their lines, the runs of the ladder and what they matched.

A report has up to millions of lines, so a line says nothing of its state: it is matched when a
match stands for it, and broken while a break does. Amounts are minor units, signed as they change
what the gateway holds for us.
"""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantHistory, TenantModel
from reconciliation.settlements.states import CostState


class BulkKey(TenantForeignKey[Any, Any]):
    """A reference that the set-based steps take from the row that they have just read, to rows
    that are never deleted: checking it again for each of a million rows would double their cost."""

    lays_constraint = False


class BulkModel(TenantModel):
    """A table that is written a million rows at a time; its tenant is held by the report's."""

    tenant = models.ForeignKey(
        "tenancy.Tenant",
        on_delete=models.PROTECT,
        editable=False,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )

    class Meta(TenantModel.Meta):
        abstract = True


class SettlementTerms(TenantModel):
    """What a gateway keeps of a payment by contract: ``percent`` of it and ``fixed``; amounts that
    differ from that by more than ``tolerance`` are for a person. Minor units of the currency."""

    gateway = TenantForeignKey(
        "payments.GatewayAccount", on_delete=models.PROTECT, related_name="terms"
    )
    currency = models.CharField(max_length=8)
    percent = models.DecimalField(max_digits=7, decimal_places=4, default=0)
    fixed = models.BigIntegerField(default=0)
    tolerance = models.BigIntegerField(default=0)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "gateway", "currency"], name="settlement_terms_once"
            ),
            models.CheckConstraint(
                condition=Q(percent__gte=0, percent__lt=100, fixed__gte=0, tolerance__gte=0),
                name="settlement_terms_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.percent.normalize():f} % + {self.fixed}"


class SettlementReport(TenantModel):
    """A gateway's report as it came; ``sha256`` keeps the same bytes from counting twice."""

    class State(models.TextChoices):
        RECEIVED = "received", "Received"
        READ = "read", "Being matched"
        DONE = "done", "Worked through"
        REFUSED = "refused", "Refused"

    reference = models.CharField(max_length=20)
    gateway = TenantForeignKey(
        "payments.GatewayAccount", on_delete=models.PROTECT, related_name="reports"
    )
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.RECEIVED)
    problems = models.JSONField(default=list)
    rows_seen = models.PositiveIntegerField(default=0)
    rows_read = models.PositiveIntegerField(default=0)
    rows_known = models.PositiveIntegerField(default=0)  # from an earlier report
    rows_open = models.PositiveIntegerField(default=0)  # that nothing was found for yet
    #: Added up once when it is worked through. ``sums``: kind, currency, count, and gross, fee and
    #: net; ``costs_found``: what the gateway kept by currency; minor units. ``by_rung``: matches.
    sums = models.JSONField(default=list)
    costs_found = models.JSONField(default=dict)
    by_rung = models.JSONField(default=dict)
    from_date = models.DateField(null=True)
    to_date = models.DateField(null=True)
    received_at = models.DateTimeField(default=now)
    received_by_ref = models.CharField(max_length=80)
    received_by = models.CharField(max_length=160)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "sha256"], name="settlement_report_once"),
            models.UniqueConstraint(fields=["tenant", "reference"], name="settlement_report_ref"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="settlement_report_newest"),
            models.Index(fields=["tenant", "gateway", "state"], name="settlement_report_state"),
        ]

    def __str__(self) -> str:
        return self.reference


class LineKind(models.TextChoices):
    PAYMENT = "payment", "Payment"
    REFUND = "refund", "Refund"
    SENT = "sent", "Sent to a client"
    DISPUTE = "dispute", "Dispute"
    FEE = "fee", "Fee of the gateway"
    PAYOUT = "payout", "Payout to our bank"
    OTHER = "other", "Other"


class SettlementLine(BulkModel):
    """One movement of a report. ``net`` is ``gross`` less ``fee``. Never changed, but for the
    batch, which a gateway makes days after."""

    report = BulkKey(
        SettlementReport, on_delete=models.PROTECT, related_name="lines", db_index=False
    )
    gateway = BulkKey(
        "payments.GatewayAccount", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=LineKind.choices)
    transaction_ref = models.CharField(max_length=80)  # the gateway's name of this movement
    source_ref = models.CharField(max_length=80, blank=True)  # and of the payment it is about
    our_ref = models.CharField(max_length=40, blank=True)
    in_text = models.BooleanField(default=False)  # our reference was found inside free text
    batch_ref = models.CharField(max_length=80, blank=True)  # the payout that brings it to our bank
    booked_on = models.DateField()
    currency = models.CharField(max_length=8)
    gross = models.BigIntegerField()
    fee = models.BigIntegerField(default=0)
    net = models.BigIntegerField()
    text = models.CharField(max_length=200, blank=True)
    # What became of it, where a selector looked it up for a page of lines.
    outcome: Any = None

    class Meta(BulkModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "gateway", "transaction_ref"], name="settlement_line_once"
            ),
            models.CheckConstraint(condition=Q(net=F("gross") - F("fee")), name="settlement_net"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "report", "id"], name="settlement_line_report"),
            models.Index(
                fields=["tenant", "gateway", "batch_ref"],
                name="settlement_line_batch",
                condition=~Q(batch_ref=""),
            ),
            # The few among a million payments.
            models.Index(
                fields=["tenant", "report", "kind", "id"],
                name="settlement_line_kind",
                condition=~Q(kind="payment"),
            ),
            # Payouts are few: a bank's line is looked up among them.
            models.Index(
                fields=["tenant", "currency", "gross"],
                name="settlement_line_payout",
                condition=Q(kind="payout"),
            ),
        ]

    def __str__(self) -> str:
        return self.transaction_ref


class SettlementRun(TenantModel):
    """One pass of the ladder over what is open between a gateway and its clearing account."""

    gateway = TenantForeignKey(
        "payments.GatewayAccount", on_delete=models.PROTECT, related_name="+"
    )
    currency = models.CharField(max_length=8)
    rule = models.CharField(max_length=40)
    began_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True)
    lines = models.PositiveIntegerField(default=0)
    items = models.PositiveIntegerField(default=0)
    by_rung = models.JSONField(default=dict)
    breaks = models.PositiveIntegerField(default=0)
    difference = models.BigIntegerField(default=0)  # what the ledger has more on the matched

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [
            models.Index(fields=["tenant", "gateway", "-id"], name="settlement_run_newest")
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.began_at}"


class SettlementCost(TenantModel):
    """What a gateway kept by one report in one currency, as one person proposes to book it and a
    second one approves. Minor units."""

    report = TenantForeignKey(SettlementReport, on_delete=models.PROTECT, related_name="costs")
    currency = models.CharField(max_length=8)
    amount = models.BigIntegerField()
    state = models.CharField(max_length=8, choices=CostState.choices, default=CostState.PROPOSED)
    journal_id = models.UUIDField(null=True)
    proposed_at = models.DateTimeField(default=now)
    proposed_by_ref = models.CharField(max_length=80)
    proposed_by = models.CharField(max_length=160)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=160, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "report", "currency"],
                condition=Q(state="proposed"),
                name="settlement_cost_one_open",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="settlement_cost_above_zero"),
        ]

    def __str__(self) -> str:
        return f"Cost of {self.report_id}"


class SettlementMatch(BulkModel):
    """A line and a transfer of the ledger that are the same movement.

    The first match of a line has the line's own id (``part`` 0): the key says that a line is
    matched once. A line that stands for several transfers has further parts; a transfer that
    several lines stand for has further shares. ``difference``: what the ledger has more.
    """

    line = BulkKey(SettlementLine, on_delete=models.PROTECT, related_name="+", db_index=False)
    journal_id = models.UUIDField()
    journal_line = models.IntegerField()
    part = models.IntegerField(default=0)
    share = models.IntegerField(default=0)
    rung = models.PositiveSmallIntegerField()
    difference = models.BigIntegerField(default=0)
    run = BulkKey(SettlementRun, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta(BulkModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "journal_id", "journal_line", "share"],
                name="settlement_item_once",
            ),
            models.CheckConstraint(
                condition=Q(part=0, id=F("line_id")) | Q(part__gt=0), name="settlement_match_first"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "line"], name="settlement_match_more", condition=Q(part__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"rung {self.rung}"
