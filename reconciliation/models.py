"""Bank accounts, the statements read for them, what matched, and what did not.

A statement file is kept raw before anyone looks into it. Lines are never changed: a match is a row
of its own and so is its undoing.
"""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantHistory, TenantModel
from reconciliation.states import AdjustmentKind, AdjustmentState, BreakKind, BreakState


def amount_field(*, null: bool = False) -> Any:
    """Major units of the row's currency."""
    return models.DecimalField(max_digits=28, decimal_places=8, null=null)


class BankAccount(TenantModel):
    """One of our accounts at a bank; ``client_money`` says whose money is on it."""

    name = models.CharField(max_length=80)
    iban = models.CharField(max_length=34)
    currency = models.CharField(max_length=8)
    bank = models.CharField(max_length=80, blank=True)
    client_money = models.BooleanField(default=True)
    active = models.BooleanField(default=True)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "iban", "currency"], name="bank_account_iban")
        ]

    def __str__(self) -> str:
        return self.name


class StatementFile(TenantModel):
    """A file as it came; ``sha256`` keeps the same bytes from counting twice."""

    class State(models.TextChoices):
        RECEIVED = "received", "Received"
        MAPPING = "mapping", "Columns to choose"
        READ = "read", "Being matched"
        DONE = "done", "Worked through"
        REFUSED = "refused", "Refused"

    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    file_format = models.CharField(max_length=20, blank=True)
    path = models.CharField(max_length=200)
    # By which columns a CSV file was read, as ``importers.CsvMapping`` takes them.
    columns = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RECEIVED)
    problems = models.JSONField(default=list)
    entries_seen = models.PositiveIntegerField(default=0)
    lines_read = models.PositiveIntegerField(default=0)
    matched = models.PositiveIntegerField(default=0)
    received_at = models.DateTimeField(default=now)
    received_by_ref = models.CharField(max_length=80)
    received_by = models.CharField(max_length=160)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "sha256"], name="statement_file_once")
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "-id"], name="statement_file_newest")]
        permissions: ClassVar = [("import_statement", "Import bank statements")]

    def __str__(self) -> str:
        return self.name


class CsvLayout(TenantModel):
    """How a bank writes its CSV. ``columns`` are what ``importers.CsvMapping`` takes; by the
    ``headings`` of the file on which they were chosen the next one is known."""

    name = models.CharField(max_length=80)
    columns = models.JSONField()
    headings = models.JSONField(default=list, blank=True)
    saved_at = models.DateTimeField(default=now)
    saved_by_ref = models.CharField(max_length=80)
    saved_by = models.CharField(max_length=160)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "name"], name="csv_layout_name")
        ]

    def __str__(self) -> str:
        return self.name


class Statement(TenantModel):
    """One account's statement within a file."""

    file = TenantForeignKey(StatementFile, on_delete=models.PROTECT, related_name="statements")
    account = TenantForeignKey(
        BankAccount, on_delete=models.PROTECT, null=True, related_name="statements"
    )
    account_number = models.CharField(max_length=64, blank=True)
    currency = models.CharField(max_length=8, blank=True)
    opening = amount_field(null=True)
    closing = amount_field(null=True)
    sequence = models.CharField(max_length=40, blank=True)
    from_date = models.DateField(null=True)
    to_date = models.DateField(null=True)
    problems = models.JSONField(default=list)
    # Problems with the numbers themselves: such a statement matches nothing by itself.
    trusted = models.BooleanField(default=True)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [
            models.Index(fields=["tenant", "account", "to_date"], name="statement_account_day")
        ]

    def __str__(self) -> str:
        return f"{self.account_number} {self.to_date}"


class StatementLine(TenantModel):
    """One entry of a statement. Append-only but for ``state``."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        MATCHED = "matched", "Matched"
        BROKEN = "broken", "Break"
        LEFT_OUT = "left_out", "Not booked by the bank"

    statement = TenantForeignKey(Statement, on_delete=models.PROTECT, related_name="lines")
    account = TenantForeignKey(
        BankAccount, on_delete=models.PROTECT, null=True, related_name="lines"
    )
    number = models.PositiveIntegerField()
    date = models.DateField()
    value_date = models.DateField()
    amount = amount_field()
    currency = models.CharField(max_length=8)
    end_to_end = models.CharField(max_length=80, blank=True)
    references = models.JSONField(default=dict)
    counterparty_name = models.CharField(max_length=140, blank=True)
    counterparty_account = models.CharField(max_length=64, blank=True)
    text = models.CharField(max_length=1000, blank=True)
    raw = models.TextField(blank=True)
    return_reason = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    # What became of it, where a selector looked it up for a page of lines.
    outcome: Any = None

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "statement", "number"], name="line_number")
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="line_newest"),
            models.Index(fields=["tenant", "statement", "id"], name="line_of_statement"),
            models.Index(fields=["tenant", "state", "-id"], name="line_state"),
            models.Index(
                fields=["tenant", "end_to_end"], name="line_end_to_end", condition=~Q(end_to_end="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.value_date} {self.amount} {self.currency}"


class Match(TenantModel):
    """A line and what it stands for in the books; ``rung`` and ``rule`` say how it was found."""

    line = TenantForeignKey(StatementLine, on_delete=models.PROTECT, related_name="matches")
    subject_type = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    subject_label = models.CharField(max_length=40)
    rung = models.PositiveSmallIntegerField()
    rule = models.CharField(max_length=40)
    explanation = models.CharField(max_length=300)
    at = models.DateTimeField(default=now)
    by_ref = models.CharField(max_length=80)
    by_name = models.CharField(max_length=160)
    undoes = TenantForeignKey("self", on_delete=models.PROTECT, null=True, related_name="undone_by")
    standing = models.BooleanField(default=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "line"], condition=Q(standing=True), name="match_one_standing"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "subject_id"], name="match_subject")]

    def __str__(self) -> str:
        return f"{self.subject_label} by {self.rule}"


class Break(TenantModel):
    """Something on one side that is not, or not so, on the other."""

    reference = models.CharField(max_length=20)
    kind = models.CharField(max_length=24, choices=BreakKind.choices)
    state = models.CharField(max_length=14, choices=BreakState.choices, default=BreakState.OPEN)
    line = TenantForeignKey(
        StatementLine, on_delete=models.PROTECT, null=True, related_name="breaks"
    )
    subject_type = models.CharField(max_length=60, blank=True)
    subject_id = models.UUIDField(null=True)
    subject_label = models.CharField(max_length=60, blank=True)
    amount = amount_field()
    currency = models.CharField(max_length=8)
    explanation = models.CharField(max_length=500)
    outcome = models.CharField(max_length=500, blank=True)
    journal_id = models.UUIDField(null=True)
    opened_at = models.DateTimeField(default=now)
    closed_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "reference"], name="break_reference"),
            models.UniqueConstraint(
                fields=["tenant", "line"],
                condition=Q(closed_at__isnull=True, line__isnull=False),
                name="break_one_open_per_line",
            ),
            models.UniqueConstraint(
                fields=["tenant", "kind", "subject_id"],
                condition=Q(closed_at__isnull=True, line__isnull=True),
                name="break_one_open_per_subject",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="break_newest"),
            models.Index(fields=["tenant", "state", "-id"], name="break_state"),
        ]
        permissions: ClassVar = [
            ("work_break", "Work on breaks"),
            ("approve_adjustment", "Approve adjustments that close breaks"),
            ("manage_limits", "Set how much may be written off, and approve it"),
        ]

    def __str__(self) -> str:
        return self.reference


class Adjustment(TenantModel):
    """A journal that one person proposes for a break's line and a second one approves.

    ``debit`` and ``credit`` are codes of the chart of accounts; the amount is above zero.
    """

    of_break = TenantForeignKey(Break, on_delete=models.PROTECT, related_name="adjustments")
    kind = models.CharField(max_length=20, choices=AdjustmentKind.choices)
    state = models.CharField(
        max_length=10, choices=AdjustmentState.choices, default=AdjustmentState.PROPOSED
    )
    debit = models.CharField(max_length=120)
    credit = models.CharField(max_length=120)
    amount = amount_field()
    currency = models.CharField(max_length=8)
    reason = models.CharField(max_length=300)
    journal_id = models.UUIDField(null=True)
    proposed_at = models.DateTimeField(default=now)
    proposed_by_ref = models.CharField(max_length=80)
    proposed_by = models.CharField(max_length=160)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=160, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "of_break"],
                condition=Q(state__in=["proposed", "booked"]),
                name="adjustment_one_standing",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="adjustment_above_zero"),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class Pickup(TenantModel):
    """A file that lay in the brokerage's pickup folder, and what became of it."""

    class State(models.TextChoices):
        TAKEN = "taken", "Taken"
        KNOWN = "known", "Known already"
        FAILED = "failed", "Set aside"

    name = models.CharField(max_length=200)
    state = models.CharField(max_length=6, choices=State.choices)
    note = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(default=now)
    file = TenantForeignKey(
        StatementFile, on_delete=models.PROTECT, null=True, related_name="pickups"
    )

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        indexes: ClassVar = [models.Index(fields=["tenant", "-id"], name="pickup_newest")]

    def __str__(self) -> str:
        return self.name


class SignOff(TenantModel):
    """One account of ours on one day as a person signed it; never changed, only signed again.

    ``code`` is the ledger's account. Amounts are in the account's currency; of a gateway there is
    no statement. The hashes are of the inputs: the files, and the ledger's rows in their order.
    """

    day = models.DateField()
    code = models.CharField(max_length=120)
    currency = models.CharField(max_length=8)
    label = models.CharField(max_length=80)
    opening = amount_field(null=True)
    closing = amount_field(null=True)
    ledger_opening = amount_field()
    ledger_closing = amount_field()
    lines = models.PositiveIntegerField()
    matched = models.PositiveIntegerField()
    unmatched = models.PositiveIntegerField()
    booked = models.PositiveIntegerField()
    breaks = models.JSONField(default=list)
    statement_sha256 = models.CharField(max_length=64, blank=True)
    ledger_sha256 = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    replaces = TenantForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="replaced_by"
    )
    signed_at = models.DateTimeField(default=now)
    signed_by_ref = models.CharField(max_length=80)
    signed_by = models.CharField(max_length=160)

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        permissions: ClassVar = [("sign_account", "Sign accounts off, day by day")]
        constraints: ClassVar = [
            # Two who sign at once sign once: each replaces the one before, which is replaced once.
            models.UniqueConstraint(
                fields=["tenant", "day", "code", "currency"],
                condition=Q(replaces__isnull=True),
                name="sign_off_first",
            ),
            models.UniqueConstraint(
                fields=["tenant", "replaces"],
                condition=Q(replaces__isnull=False),
                name="sign_off_replaced_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.day}"


class WriteOffPolicy(TenantModel):
    """How much of a difference may be written off, in the brokerage's base currency.

    Up to ``alone_max`` (or what ``roles`` gives to one of a person's roles, by its code) on one
    person's word; up to ``top_max`` when a second one approves; above that never.
    """

    alone_max = models.DecimalField(max_digits=20, decimal_places=2, default=5)
    top_max = models.DecimalField(max_digits=20, decimal_places=2, default=500)
    roles = models.JSONField(default=dict)
    # What waits for a second person: {alone_max, top_max, roles}; empty when nothing does.
    proposed = models.JSONField(default=dict)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant"], name="write_off_policy_one"),
            models.CheckConstraint(
                condition=Q(alone_max__gte=0, top_max__gte=models.F("alone_max")),
                name="write_off_policy_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"up to {self.alone_max} alone, {self.top_max} with a second person"


class PlaneRun(TenantModel):
    """The trading plane was gone through: trading up to ``day`` (UTC) booked, balances compared."""

    day = models.DateField()
    ran_at = models.DateTimeField(default=now)
    booked = models.PositiveIntegerField()
    refused = models.JSONField(default=list)
    differing = models.PositiveIntegerField()
    settled = models.PositiveIntegerField()

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        indexes: ClassVar = [models.Index(fields=["tenant", "-day"], name="plane_run_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.differing} differ"


from reconciliation.settlements.models import (  # noqa: E402 - models of this app all the same
    SettlementCost,
    SettlementLine,
    SettlementMatch,
    SettlementReport,
    SettlementRun,
    SettlementTerms,
)

__all__ = [
    "Adjustment",
    "BankAccount",
    "Break",
    "Match",
    "SettlementCost",
    "SettlementLine",
    "SettlementMatch",
    "SettlementReport",
    "SettlementRun",
    "SettlementTerms",
    "Statement",
    "StatementFile",
    "StatementLine",
]
