"""Day figures behind the dashboards, and the daily client money reports with their proof.

Amounts are major units in the row's currency. Figures, balances, accounts and files of a report
are append-only in the database: the runtime role can't change what was reported.
"""

from datetime import time
from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantHistory, TenantModel
from reporting.states import DayState, ReportState, VerifyState


def amount_field() -> Any:
    """Major units, wide enough for crypto's eight places and sums of many."""
    return models.DecimalField(max_digits=30, decimal_places=8, default=0)


class DayFigure(TenantModel):
    """One number of one day, kept by a task and rebuildable from the domains' own rows.

    ``value`` is an amount, a number of lots or minutes; ``count`` says of how many.
    """

    day = models.DateField()
    code = models.CharField(max_length=40)
    currency = models.CharField(max_length=8, blank=True)
    value = amount_field()
    count = models.BigIntegerField(default=0)
    counted_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "day", "code", "currency"], name="day_figure_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.code} {self.value} {self.currency}"


class ClientMoneyPolicy(TenantModel):
    """How a brokerage counts client money, as its regulator has it (CASS 7, CySEC)."""

    gateway_counts = models.BooleanField(
        "Gateway balances count as client money held", default=False
    )
    positions_at_equity = models.BooleanField("Open positions count at equity", default=True)
    prudent_percent = models.DecimalField(
        "Prudent segregation, percent of client balances",
        max_digits=6,
        decimal_places=3,
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant"], name="client_money_policy_one"),
            models.CheckConstraint(
                condition=Q(prudent_percent__gte=0, prudent_percent__lte=100),
                name="client_money_policy_prudent",
            ),
        ]

    def __str__(self) -> str:
        return f"prudent {self.prudent_percent} %"


class ClientMoneyReport(TenantModel):
    """The client money calculation of one closed day, prepared by one and signed by another."""

    reference = models.CharField(max_length=20)
    day = models.DateField()
    ends_at = models.DateTimeField()
    state = models.CharField(
        max_length=10, choices=ReportState.choices, default=ReportState.PREPARED
    )
    # What the policy said when it was prepared: {gateway_counts, positions_at_equity, ...}.
    policy = models.JSONField(default=dict)
    # When open positions were valued; null when the equity of that day was not kept.
    equity_at = models.DateTimeField(null=True)
    prepared_at = models.DateTimeField(default=now)
    prepared_by_ref = models.CharField(max_length=80)
    prepared_by = models.CharField(max_length=160)
    signed_at = models.DateTimeField(null=True)
    signed_by_ref = models.CharField(max_length=80, blank=True)
    signed_by = models.CharField(max_length=160, blank=True)
    note = models.CharField(max_length=500, blank=True)
    audit_seq = models.BigIntegerField(default=0)
    audit_head = models.CharField(max_length=64, blank=True)
    figures_sha256 = models.CharField(max_length=64, blank=True)
    # The books that it was taken from: when, by the database's clock, and the hash of their totals.
    books_at = models.DateTimeField(null=True)
    books_sha256 = models.CharField(max_length=64, blank=True)

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        permissions: ClassVar = [
            ("view_report", "See reports"),
            ("run_report", "Run reports"),
            ("sign_report", "Sign client money reports that someone else prepared"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "reference"], name="client_money_reference"),
            models.UniqueConstraint(
                fields=["tenant", "day"],
                condition=~Q(state="replaced"),
                name="client_money_one_a_day",
            ),
            models.CheckConstraint(
                condition=~Q(signed_by_ref=F("prepared_by_ref")), name="client_money_four_eyes"
            ),
            models.CheckConstraint(
                condition=Q(signed_at__isnull=False, signed_by_ref__gt="")
                | (~Q(state="signed") & Q(signed_at__isnull=True, signed_by_ref="")),
                name="client_money_signed",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "day", "id"], name="client_money_day"),  # the list
        ]

    def __str__(self) -> str:
        return self.reference


class ClientMoneyFigure(TenantModel):
    """One currency of a report: what must be held, what is held, and what to move."""

    report = TenantForeignKey(ClientMoneyReport, on_delete=models.PROTECT, related_name="figures")
    currency = models.CharField(max_length=8)
    clients = models.BigIntegerField(default=0)
    wallets = amount_field()
    trading = amount_field()
    open_positions = amount_field()
    # What the accounts below zero lack together: counted as nothing, so added back.
    negatives = amount_field()
    client_balances = amount_field()
    bridge = amount_field()
    unallocated = amount_field()
    prudent = amount_field()
    requirement = amount_field()
    bank = amount_field()
    gateway = amount_field()
    in_transit = amount_field()
    resource = amount_field()
    difference = amount_field()

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "report", "currency"], name="client_money_figure_currency"
            ),
            models.CheckConstraint(
                condition=Q(
                    client_balances=F("wallets")
                    + F("trading")
                    + F("open_positions")
                    + F("negatives")
                ),
                name="client_money_balances_add",
            ),
            models.CheckConstraint(
                condition=Q(
                    requirement=F("client_balances") + F("bridge") + F("unallocated") + F("prudent")
                ),
                name="client_money_requirement_adds",
            ),
            models.CheckConstraint(
                condition=Q(difference=F("resource") - F("requirement")),
                name="client_money_difference_adds",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.difference}"


class ClientMoneyAccount(TenantModel):
    """One ledger account of the house behind a report, shards together."""

    class Group(models.TextChoices):
        BANK = "bank", "Client bank accounts"
        GATEWAY = "gateway", "Gateways"
        TRANSIT = "transit", "In transit"
        UNALLOCATED = "unallocated", "Unallocated"
        BRIDGE = "bridge", "Between wallet and trading account"

    report = TenantForeignKey(ClientMoneyReport, on_delete=models.PROTECT, related_name="accounts")
    group = models.CharField(max_length=12, choices=Group.choices)
    code = models.CharField(max_length=120)
    currency = models.CharField(max_length=8)
    balance = amount_field()

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "report", "code", "currency"], name="client_money_account_code"
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.currency}"


class ClientMoneyBalance(TenantModel):
    """What one client is owed in one currency at the end of the day; the rows behind the sum."""

    report = TenantForeignKey(ClientMoneyReport, on_delete=models.PROTECT, related_name="balances")
    currency = models.CharField(max_length=8)
    owner_ref = models.CharField(max_length=80)
    client_id = models.UUIDField(null=True)
    client_reference = models.CharField(max_length=20, blank=True)
    wallet = amount_field()
    trading = amount_field()
    open_positions = amount_field()
    negatives = amount_field()
    counted = amount_field()

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "report", "currency", "owner_ref"],
                name="client_money_balance_owner",
            ),
            models.CheckConstraint(
                condition=Q(counted__gte=0, negatives__gte=0), name="client_money_balance_floor"
            ),
        ]
        indexes: ClassVar = [
            # The drill-down, largest first; in one currency, too.
            models.Index(fields=["tenant", "report", "counted", "id"], name="client_money_largest"),
            models.Index(
                fields=["tenant", "report", "currency", "counted", "id"],
                name="client_money_in_currency",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client_reference} {self.counted} {self.currency}"


class ReportFile(TenantModel):
    """A file of a report, by its hash. Made once, never made again."""

    class Kind(models.TextChoices):
        WORKBOOK = "workbook", "Workbook (XLSX)"
        PREPARED = "prepared", "Report as prepared (PDF)"
        SIGNED = "signed", "Signed report (PDF)"

    report = TenantForeignKey(ClientMoneyReport, on_delete=models.PROTECT, related_name="files")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    made_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "report", "kind"], name="report_file_kind")
        ]

    def __str__(self) -> str:
        return self.name


class DayPolicy(TenantModel):
    """When a brokerage's day can be closed. Materiality is in its base currency."""

    cut_off = models.TimeField("Cut-off, on the day after", default=time(10))
    weekends = models.BooleanField("Saturday and Sunday are business days", default=False)
    materiality = models.DecimalField(
        "No break of more than",
        max_digits=20,
        decimal_places=2,
        default=10_000,
        validators=[MinValueValidator(0)],
    )
    transit_days = models.PositiveSmallIntegerField(
        "Money in transit is stale after days",
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(30)],
    )
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant"], name="day_policy_one"),
            models.CheckConstraint(
                condition=Q(materiality__gte=0, transit_days__gte=1), name="day_policy_sane"
            ),
        ]

    def __str__(self) -> str:
        return f"cut-off {self.cut_off}"


class BusinessDay(TenantModel):
    """A day of the brokerage from its cut-off to its close, by one person and a second one.

    ``first_day`` is the first calendar day that it closes: a Monday's close covers the weekend.
    """

    day = models.DateField()
    first_day = models.DateField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=DayState.choices, default=DayState.OPEN)
    # {code of the check: why it may stay as it is}, written by who asks for the close.
    reasons = models.JSONField(default=dict)
    asked_at = models.DateTimeField(null=True)
    asked_by_ref = models.CharField(max_length=80, blank=True)
    asked_by = models.CharField(max_length=160, blank=True)
    closed_at = models.DateTimeField(null=True)
    closed_by_ref = models.CharField(max_length=80, blank=True)
    closed_by = models.CharField(max_length=160, blank=True)
    # As it was when it was closed: [{code, label, light, says, reason}].
    checklist = models.JSONField(default=list)
    totals_sha256 = models.CharField(max_length=64, blank=True)
    content_sha256 = models.CharField(max_length=64, blank=True)
    audit_seq = models.BigIntegerField(default=0)
    audit_head = models.CharField(max_length=64, blank=True)

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        permissions: ClassVar = [
            ("close_day", "Work on the day close and ask for it"),
            ("approve_close", "Approve the close of a day that someone else asked for"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "day"], name="business_day_once"),
            models.CheckConstraint(
                condition=Q(first_day__lte=F("day")), name="business_day_in_order"
            ),
            models.CheckConstraint(
                condition=Q(closed_by_ref="") | ~Q(closed_by_ref=F("asked_by_ref")),
                name="business_day_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(
                    state="closed",
                    closed_at__isnull=False,
                    asked_by_ref__gt="",
                    closed_by_ref__gt="",
                    totals_sha256__gt="",
                )
                | (~Q(state="closed") & Q(closed_at__isnull=True, closed_by_ref="")),
                name="business_day_closed",
            ),
        ]

    def __str__(self) -> str:
        return str(self.day)


class DayTotal(TenantModel):
    """The frozen sums of one code and currency at the end of a closed day; see ledger.totals."""

    day = TenantForeignKey(BusinessDay, on_delete=models.PROTECT, related_name="totals")
    code = models.CharField(max_length=120)
    currency = models.CharField(max_length=8)
    kind = models.CharField(max_length=10)
    accounts = models.PositiveIntegerField()
    debits = amount_field()
    credits = amount_field()
    balance = amount_field()
    sha256 = models.CharField(max_length=64)

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "day", "code", "currency"], name="day_total_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.balance} {self.currency}"


class BooksCheck(TenantModel):
    """One verification of the whole books for the close of a day, made by a worker."""

    day = TenantForeignKey(BusinessDay, on_delete=models.PROTECT, related_name="book_checks")
    state = models.CharField(max_length=8, choices=VerifyState.choices, default=VerifyState.ASKED)
    asked_at = models.DateTimeField(default=now)
    asked_by = models.CharField(max_length=160)
    # What was booked later than this, by the database's clock, was not looked at.
    books_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    seconds = models.FloatField(default=0)
    accounts = models.BigIntegerField(default=0)
    journals = models.BigIntegerField(default=0)
    lines = models.BigIntegerField(default=0)
    faults = models.JSONField(default=list)

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        indexes: ClassVar = [models.Index(fields=["tenant", "day", "-id"], name="books_check_last")]

    def __str__(self) -> str:
        return f"{self.day_id} {self.state}"


class DayFile(TenantModel):
    """A file of a closed day, by its hash. Made once, never made again."""

    class Kind(models.TextChoices):
        TOTALS = "totals", "Totals of the books (CSV)"
        RECORD = "record", "Record of the close (PDF)"

    day = TenantForeignKey(BusinessDay, on_delete=models.PROTECT, related_name="files")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    made_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "day", "kind"], name="day_file_kind")
        ]

    def __str__(self) -> str:
        return self.name
