"""The books: accounts, journals, transfers, holds, and what proves and closes them.

Rows are written by the functions of ``sql/`` alone: the runtime role reads and executes. The
amounts are bigint minor units of the account's currency. How it fits together: docs/money.md.
"""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import F, Q

from backoffice.core.tenant import TenantForeignKey, TenantManager, TenantModel


class AccountKey(TenantForeignKey[Any, Any]):
    """A reference to an account whose constraint also carries the currency (sql/tables.sql)."""

    lays_constraint = False


class KernelKey(TenantForeignKey[Any, Any]):
    """A reference that the posting functions take from the row that they have just read or
    written, to rows that are never deleted: checking it again would slow down every post."""

    lays_constraint = False


class KernelModel(TenantModel):
    """A table of the posting path. A key on the tenant's row, checked at each insert, would make
    that one row the hottest of all; here the tenant is held by the account instead."""

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
        default_permissions: ClassVar = ()


class Account(TenantModel):
    """One account in one currency. Sums only grow; the balance is their difference.

    What it must hold (no overdraft, no negative sum, closed only when empty) is in sql/tables.sql,
    written for speed: PostgreSQL prepares every CHECK again for each update of a balance.

    A house account that many posts meet is sharded: rows of one code and currency, whose sum is
    the account. ``normal`` is +1 where debits add (assets, expenses) and -1 where credits do.
    """

    class Kind(models.TextChoices):
        ASSET = "asset", "Asset"
        LIABILITY = "liability", "Liability"
        INCOME = "income", "Income"
        EXPENSE = "expense", "Expense"
        TECHNICAL = "technical", "Technical"

    code = models.CharField(max_length=120)
    shard = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    owner_ref = models.CharField(max_length=80, blank=True)
    currency = models.CharField(max_length=8)
    normal = models.SmallIntegerField()
    debits = models.BigIntegerField(default=0)
    credits = models.BigIntegerField(default=0)
    pending_debits = models.BigIntegerField(default=0)
    pending_credits = models.BigIntegerField(default=0)
    no_overdraft = models.BooleanField(default=False)
    version = models.BigIntegerField(default=0)
    closed = models.BooleanField(default=False)
    opened_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        permissions: ClassVar = [
            ("view_ledger", "Read accounts, journals and balances"),
            ("post_manual", "Propose a manual journal"),
            ("approve_manual", "Approve a manual journal"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "code", "currency", "shard"], name="ledger_account_code"
            ),
            models.UniqueConstraint(
                fields=["tenant", "id", "currency"], name="ledger_account_currency"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "owner_ref"], name="ledger_account_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.currency}"


class Journal(KernelModel):
    """One business fact in the books, with who did it: the ledger's own line of the audit trail.

    Journals and their transfers are sealed into the tenant's audit chain in bulk (``Seal``).
    """

    kind = models.CharField(max_length=40)
    business_ref = models.CharField(max_length=80)
    reverses = KernelKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    meta = models.JSONField(default=dict)
    actor_kind = models.CharField(max_length=10)
    actor_ref = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=160)
    approved_by = models.CharField(max_length=80, blank=True)
    ip = models.CharField(max_length=45, blank=True)
    request_id = models.CharField(max_length=36, blank=True)
    effective_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta(KernelModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "reverses"],
                name="ledger_journal_reversed_once",
                condition=Q(reverses__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(approved_by="") | ~Q(approved_by=F("actor_ref")),
                name="ledger_journal_four_eyes",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "business_ref"],  # the journals of one business object
                name="ledger_journal_business",
                condition=~Q(business_ref=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.business_ref}"


class Hold(KernelModel):
    """Money set aside: counted out of what is available, not yet moved. Resolved once."""

    class State(models.TextChoices):
        HELD = "held", "Held"
        SETTLED = "settled", "Settled"
        VOIDED = "voided", "Released"
        EXPIRED = "expired", "Expired"

    debit_account = AccountKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    credit_account = AccountKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    currency = models.CharField(max_length=8)
    amount = models.BigIntegerField()
    settled = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.HELD)
    kind = models.CharField(max_length=40)
    business_ref = models.CharField(max_length=80, blank=True)
    actor_ref = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=160)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.CharField(max_length=80, blank=True)
    journal = TenantForeignKey(
        Journal, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta(KernelModel.Meta):
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_hold_amount"),
            models.CheckConstraint(
                condition=Q(settled__gte=0, settled__lte=F("amount")), name="ledger_hold_settled"
            ),
            models.CheckConstraint(
                condition=Q(state="held", resolved_at__isnull=True, settled=0, journal=None)
                | Q(
                    state="settled", resolved_at__isnull=False, settled__gt=0, journal__isnull=False
                )
                | Q(
                    state__in=("voided", "expired"),
                    resolved_at__isnull=False,
                    settled=0,
                    journal=None,
                ),
                name="ledger_hold_state",
            ),
            models.CheckConstraint(
                condition=~Q(debit_account=F("credit_account")), name="ledger_hold_two_accounts"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "debit_account"],  # open holds of an account, their sum
                name="ledger_hold_debit_open",
                condition=Q(state="held"),
            ),
            models.Index(
                fields=["tenant", "credit_account"],
                name="ledger_hold_credit_open",
                condition=Q(state="held"),
            ),
            models.Index(
                fields=["tenant", "expires_at"],  # the sweeper
                name="ledger_hold_expiry",
                condition=Q(state="held", expires_at__isnull=False),
            ),
            models.Index(
                fields=["tenant", "business_ref"],
                name="ledger_hold_business",
                condition=~Q(business_ref=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.business_ref} {self.state}"


class Transfer(models.Model):
    """One line of a journal: an amount out of one account into another. Never changed.

    Partitioned by month of ``created_at``. The versions and balances are those of each account
    right after this line; ``ahead`` marks a line whose value date lies after its booking.
    """

    pk = models.CompositePrimaryKey("tenant_id", "journal_id", "line", "created_at")
    tenant = models.ForeignKey(
        "tenancy.Tenant",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    journal = KernelKey(Journal, on_delete=models.PROTECT, related_name="transfers", db_index=False)
    line = models.IntegerField()
    debit_account = AccountKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    credit_account = AccountKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    currency = models.CharField(max_length=8)
    amount = models.BigIntegerField()
    code = models.CharField(max_length=40)
    hold = KernelKey(
        Hold, on_delete=models.PROTECT, null=True, related_name="transfers", db_index=False
    )
    effective_at = models.DateTimeField()
    created_at = models.DateTimeField()
    debit_version = models.BigIntegerField()
    credit_version = models.BigIntegerField()
    debit_balance = models.BigIntegerField()
    credit_balance = models.BigIntegerField()
    ahead = models.BooleanField(default=False)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        base_manager_name = "objects"
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"{self.journal_id} line {self.line}"


class Idempotency(models.Model):
    """A key that was used, for which request, and what came of it. Kept for ever."""

    pk = models.CompositePrimaryKey("tenant_id", "key")
    tenant = models.ForeignKey(
        "tenancy.Tenant",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    key = models.CharField(max_length=120)
    request_hash = models.BinaryField()
    response_ref = models.UUIDField()
    created_at = models.DateTimeField()

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        base_manager_name = "objects"
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return self.key


class DayClose(TenantModel):
    """A day whose books are shut: nothing is valued inside it any more."""

    day = models.DateField()
    ends_at = models.DateTimeField()
    closed_at = models.DateTimeField()  # the database's clock: later rows are not of this day
    closed_by = models.CharField(max_length=80)
    snapshot_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "day"], name="ledger_day_close_day"),
            models.UniqueConstraint(fields=["tenant", "ends_at"], name="ledger_day_close_end"),
        ]

    def __str__(self) -> str:
        return str(self.day)


class BalanceSnapshot(TenantModel):
    """The value-dated sums of an account at the end of a closed day, if they moved in it."""

    account = TenantForeignKey(
        Account, on_delete=models.PROTECT, related_name="snapshots", db_index=False
    )
    ends_at = models.DateTimeField()
    debits = models.BigIntegerField()
    credits = models.BigIntegerField()

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "account", "ends_at"], name="ledger_snapshot_account_end"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.ends_at}"


class Seal(TenantModel):
    """A run of journals and the digest of all their lines, which stands in the audit chain."""

    seq = models.BigIntegerField()
    starts_at = models.DateTimeField()  # exclusive
    ends_at = models.DateTimeField()  # inclusive
    journals = models.IntegerField()
    digest = models.BinaryField()
    audit_entry_id = models.UUIDField()

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "seq"], name="ledger_seal_seq"),
            models.UniqueConstraint(fields=["tenant", "ends_at"], name="ledger_seal_end"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {bytes(self.digest).hex()[:12]}"
