"""Partners (introducing brokers), their tree through time, agreements, commissions and payouts.

Whatever holds for a while has ``from_at`` (inclusive) and ``until_at`` (exclusive, null: open);
the database lets no two periods of one thing overlap, no cycle into the tree, and only ``until_at``
change (sql/guards.sql): history stays as it was.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantHistory, TenantModel
from clients.models import Client
from ib.states import LineState, PartnerState, PayoutState, VersionState
from trading.models import TradingServer


class Partner(TenantModel):
    """A client who brings clients. ``name`` is the client's, kept for lists and lines."""

    reference = models.CharField(max_length=20)
    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=160)
    state = models.CharField(
        max_length=10, choices=PartnerState.choices, default=PartnerState.APPLICANT
    )
    created_at = models.DateTimeField(default=now)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "reference"], name="partner_reference"),
            models.UniqueConstraint(fields=["tenant", "client"], name="partner_client"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="partner_newest"),  # the list
            models.Index(fields=["tenant", "state", "-id"], name="partner_state"),
            models.Index(fields=["tenant", "name", "id"], name="partner_name"),
        ]
        permissions: ClassVar = [
            ("propose_payout", "Propose payouts to partners"),
            ("approve_payout", "Approve payouts to partners"),
            ("approve_agreement", "Approve versions of partner agreements"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.name}"


class EffectiveModel(TenantModel):
    """A period in which something holds."""

    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)
    set_by = models.CharField(max_length=160)
    set_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        abstract = True


def _period(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(until_at__isnull=True) | Q(until_at__gte=F("from_at")), name=name
    )


class Placement(EffectiveModel):
    """Under whom a partner stands, for a while."""

    partner = TenantForeignKey(Partner, on_delete=models.PROTECT, related_name="placements")
    parent = TenantForeignKey(Partner, on_delete=models.PROTECT, related_name="children")

    class Meta(EffectiveModel.Meta):
        constraints: ClassVar = [
            _period("placement_period"),
            models.CheckConstraint(condition=~Q(partner=F("parent")), name="placement_not_self"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "partner", "from_at"], name="placement_partner"),
            models.Index(fields=["tenant", "parent", "from_at"], name="placement_parent"),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} under {self.parent_id}"


class ClientAttribution(EffectiveModel):
    """Through whom a client came, for a while."""

    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="attributions")
    partner = TenantForeignKey(Partner, on_delete=models.PROTECT, related_name="attributions")

    class Meta(EffectiveModel.Meta):
        constraints: ClassVar = [_period("attribution_period")]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "client", "from_at"], name="attribution_client"),
            models.Index(fields=["tenant", "partner", "-id"], name="attribution_partner"),
        ]

    def __str__(self) -> str:
        return f"{self.client_id} through {self.partner_id}"


class Agreement(TenantModel):
    """What partners may be promised, in one currency; its versions say how much."""

    name = models.CharField(max_length=80)
    currency = models.CharField(max_length=8)
    created_at = models.DateTimeField(default=now)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "name"], name="agreement_name")
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "-id"], name="agreement_newest")]

    def __str__(self) -> str:
        return self.name


class AgreementVersion(TenantModel):
    """One version. ``rates``: list of {pattern, amounts: [per closed lot, by tier]} as strings.

    Once published, nothing of it changes.
    """

    agreement = TenantForeignKey(Agreement, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(
        max_length=10, choices=VersionState.choices, default=VersionState.DRAFT
    )
    effective_from = models.DateTimeField()
    rates = models.JSONField(default=list)
    minimum_holding_s = models.PositiveIntegerField(default=0)
    pays_self_referral = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=now)
    created_by_ref = models.CharField(max_length=80)
    created_by = models.CharField(max_length=160)
    published_at = models.DateTimeField(null=True)
    published_by = models.CharField(max_length=160, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "agreement", "number"], name="agreement_version_number"
            ),
            models.UniqueConstraint(
                fields=["tenant", "agreement"],
                condition=~Q(state="published"),
                name="agreement_one_draft",
            ),
            models.CheckConstraint(
                condition=Q(state="published", published_at__isnull=False)
                | (~Q(state="published") & Q(published_at__isnull=True)),
                name="agreement_version_published_at",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agreement} v{self.number}"


class PartnerAgreement(EffectiveModel):
    """By which agreement a partner earns, for a while."""

    partner = TenantForeignKey(Partner, on_delete=models.PROTECT, related_name="agreements")
    agreement = TenantForeignKey(Agreement, on_delete=models.PROTECT, related_name="partners")

    class Meta(EffectiveModel.Meta):
        constraints: ClassVar = [_period("partner_agreement_period")]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "partner", "from_at"], name="partner_agreement_partner"),
            models.Index(fields=["tenant", "agreement", "-id"], name="partner_agreement_of"),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} by {self.agreement_id}"


class Payout(TenantModel):
    """What one partner is paid of one currency's lines up to a moment.

    ``exact`` is the sum of its lines; ``carried_in`` and ``carried_out`` are parts of a cent.
    """

    reference = models.CharField(max_length=20)
    partner = TenantForeignKey(Partner, on_delete=models.PROTECT, related_name="payouts")
    currency = models.CharField(max_length=8)
    state = models.CharField(max_length=10, choices=PayoutState.choices, default=PayoutState.DRAFT)
    first_at = models.DateTimeField()
    until_at = models.DateTimeField()
    lines_count = models.PositiveIntegerField()
    lots = models.DecimalField(max_digits=20, decimal_places=8)
    exact = models.DecimalField(max_digits=24, decimal_places=8)
    carried_in = models.DecimalField(max_digits=20, decimal_places=8, default=0)
    carried_out = models.DecimalField(max_digits=20, decimal_places=8, default=0)
    amount = models.DecimalField(max_digits=20, decimal_places=8)
    digest = models.CharField(max_length=64)
    reason = models.CharField(max_length=300, blank=True)
    proposed_by_ref = models.CharField(max_length=80)
    proposed_by = models.CharField(max_length=160)
    created_at = models.DateTimeField(default=now)
    journal_id = models.UUIDField(null=True)
    paid_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "reference"], name="payout_reference"),
            models.UniqueConstraint(
                fields=["tenant", "partner", "currency"],
                condition=Q(state__in=["draft", "proposed", "approved"]),
                name="payout_one_open",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payout_amount"),
            models.CheckConstraint(
                condition=Q(state="paid", journal_id__isnull=False, paid_at__isnull=False)
                | (~Q(state="paid") & Q(journal_id__isnull=True, paid_at__isnull=True)),
                name="payout_paid",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="payout_newest"),  # the list
            models.Index(fields=["tenant", "state", "-id"], name="payout_state"),
            models.Index(fields=["tenant", "partner", "-id"], name="payout_partner"),
        ]

    def __str__(self) -> str:
        return self.reference


class CommissionLine(TenantModel):
    """What one partner earned by one deal, and everything that it was reckoned from.

    ``sequence`` counts what was said of this deal and partner: a line, its reversal, the next line.
    ``tree`` is the chain of references at the time, the client's own partner first. Only ``state``
    and ``payout`` ever change.
    """

    server = TenantForeignKey(
        TradingServer, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    deal_ticket = models.BigIntegerField()
    deal_at = models.DateTimeField()
    deal_revision = models.PositiveSmallIntegerField(default=0)
    position_ticket = models.BigIntegerField(default=0)
    login = models.BigIntegerField()
    symbol = models.CharField(max_length=32)
    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="+", db_index=False)
    partner = TenantForeignKey(
        Partner, on_delete=models.PROTECT, related_name="lines", db_index=False
    )
    tier = models.PositiveSmallIntegerField()
    sequence = models.PositiveSmallIntegerField(default=0)
    lots = models.DecimalField(max_digits=18, decimal_places=8)
    rate = models.DecimalField(max_digits=12, decimal_places=4)
    amount = models.DecimalField(max_digits=20, decimal_places=8)
    currency = models.CharField(max_length=8, blank=True)
    pattern = models.CharField(max_length=64, blank=True)
    held_s = models.BigIntegerField(null=True)
    version = TenantForeignKey(
        AgreementVersion, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    tree = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=LineState.choices)
    reason = models.CharField(max_length=40, blank=True)
    reverses = TenantForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="reversals", db_index=False
    )
    payout = TenantForeignKey(
        Payout, on_delete=models.PROTECT, null=True, related_name="lines", db_index=False
    )
    accrued_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "server", "deal_ticket", "partner", "sequence"],
                name="commission_once",
            ),
            models.UniqueConstraint(
                fields=["tenant", "reverses"],
                condition=Q(reverses__isnull=False),
                name="commission_reversed_once",
            ),
            models.CheckConstraint(
                condition=Q(state="excluded", amount=0)
                | (~Q(state="excluded") & (~Q(currency="") | Q(amount=0))),
                name="commission_currency",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["in_payout", "paid"], payout__isnull=False)
                | (~Q(state__in=["in_payout", "paid"]) & Q(payout__isnull=True)),
                name="commission_payout",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "partner", "-id"], name="commission_partner"),
            models.Index(fields=["tenant", "-id"], name="commission_newest"),
            models.Index(fields=["tenant", "client", "deal_at"], name="commission_client"),
            models.Index(
                fields=["tenant", "partner", "currency", "deal_at"],  # what a payout collects
                name="commission_unpaid",
                condition=Q(state="accrued"),
            ),
            models.Index(
                fields=["tenant", "partner", "currency", "accrued_at"],  # the daily journal
                name="commission_accrued",
            ),
            models.Index(
                fields=["tenant", "payout"],
                name="commission_of_payout",
                condition=Q(payout__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deal_ticket} tier {self.tier}: {self.amount} {self.currency}"


class PartnerDay(TenantModel):
    """A partner's day in figures, kept by the accrual: what trees and lists show.

    ``lots_own`` are of the partner's own clients (tier 1), ``lots_below`` of everyone beneath.
    """

    partner = TenantForeignKey(
        Partner, on_delete=models.PROTECT, related_name="days", db_index=False
    )
    day = models.DateField()
    currency = models.CharField(max_length=8, blank=True)
    lots_own = models.DecimalField(max_digits=20, decimal_places=8)
    lots_below = models.DecimalField(max_digits=20, decimal_places=8)
    amount = models.DecimalField(max_digits=24, decimal_places=8)

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "partner", "day", "currency"], name="partner_day_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.day}"


class PayablePosting(TenantModel):
    """One journal from expense to what a partner is owed: the lines accrued since the one before.

    ``carried`` is the part of a cent that was not booked and goes into the next.
    """

    partner = TenantForeignKey(
        Partner, on_delete=models.PROTECT, related_name="postings", db_index=False
    )
    currency = models.CharField(max_length=8)
    number = models.PositiveIntegerField()
    until_at = models.DateTimeField()
    exact = models.DecimalField(max_digits=24, decimal_places=8)
    amount = models.DecimalField(max_digits=20, decimal_places=8)
    carried = models.DecimalField(max_digits=20, decimal_places=8)
    journal_id = models.UUIDField(null=True)

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "partner", "currency", "number"], name="payable_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.currency} {self.number}"


class AccrualCursor(TenantModel):
    """How far the brokerage's deals have been reckoned, in the order in which they were synced."""

    synced_at = models.DateTimeField()
    deal_id = models.UUIDField()
    ran_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant"], name="accrual_cursor_one")
        ]

    def __str__(self) -> str:
        return f"until {self.synced_at:%Y-%m-%d %H:%M:%S}"
