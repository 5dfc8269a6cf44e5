"""Rules of automatic approval: versions that never change, what each decided, their dry runs."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantModel
from clients.models import Client
from payments.automatic.states import DryRunState, VersionState
from payments.models.movements import Withdrawal, amount_field


class RuleVersion(TenantModel):
    """A set of rules as one person wrote it. Another thought is another version (sql/rules.sql)."""

    number = models.PositiveIntegerField()
    rules = models.JSONField()  # payments.automatic.rules.dump of each, in order
    note = models.CharField(max_length=200)
    state = models.CharField(
        max_length=10, choices=VersionState.choices, default=VersionState.DRAFT
    )
    # The dry run that stood when it was proposed.
    evidence = TenantForeignKey(
        "payments.DryRun", on_delete=models.PROTECT, null=True, related_name="+"
    )
    made_by_ref = models.CharField(max_length=80)
    made_by = models.CharField(max_length=160)
    created_at = models.DateTimeField(default=now)
    active_from = models.DateTimeField(null=True)
    active_until = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "number"], name="rule_version_number"),
            models.UniqueConstraint(
                fields=["tenant"], condition=Q(state="active"), name="rule_version_one_active"
            ),
            models.UniqueConstraint(
                fields=["tenant"], condition=Q(state="proposed"), name="rule_version_one_proposed"
            ),
        ]
        permissions: ClassVar = [
            ("manage_rules", "Write, propose and switch on rules of automatic approval"),
            ("stop_automatic", "Switch automatic approval off"),
        ]

    def __str__(self) -> str:
        return f"Version {self.number}"


class RuleDecision(TenantModel):
    """What a version said of a withdrawal, with the facts that it saw. Append-only."""

    version = TenantForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="decisions")
    withdrawal = TenantForeignKey(
        Withdrawal, on_delete=models.PROTECT, related_name="rule_decisions"
    )
    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="+")
    rule = models.CharField(max_length=60, blank=True)
    approves = models.BooleanField()
    amount_base = amount_field(null=True)
    why = models.CharField(max_length=300)
    facts = models.JSONField()
    conditions = models.JSONField()  # [[title, fact, limit, holds], ...]
    at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [
            models.Index(fields=["tenant", "withdrawal"], name="rule_decision_withdrawal"),
            # How many of the last 24 hours.
            models.Index(
                fields=["tenant", "at"], name="rule_decision_approved", condition=Q(approves=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {self.why}"


class DryRun(TenantModel):
    """A version tried on past withdrawals: evidence for who decides on it."""

    version = TenantForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="dry_runs")
    days = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=DryRunState.choices, default=DryRunState.WAITING)
    asked_by_ref = models.CharField(max_length=80)
    asked_by = models.CharField(max_length=160)
    created_at = models.DateTimeField(default=now)
    done_at = models.DateTimeField(null=True)
    # The figures and the list of payments.automatic.dry_runs.Result.
    result = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="waiting", done_at__isnull=True)
                | (~Q(state="waiting") & Q(done_at__isnull=False)),
                name="dry_run_done_at",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "version", "-id"], name="dry_run_version")
        ]

    def __str__(self) -> str:
        return f"{self.version} over {self.days} days"
