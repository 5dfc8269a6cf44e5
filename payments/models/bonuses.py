"""Bonuses: credit on trading accounts that becomes the client's money once they have traded."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantHistory, TenantModel
from clients.models import Category, Client
from payments.bonus_states import BONUS_OPEN, BonusState, OnWithdrawal, RuleState
from payments.models.movements import Deposit, Transfer, amount_field
from trading.models import Account, BalanceOperation


class BonusPolicy(TenantModel):
    """Whether a tenant gives bonuses; one row, off until someone switches it on.

    ``barred_regulators``: of its entities, beyond those that the product knows to forbid it.
    """

    active = models.BooleanField(default=False)
    barred_regulators = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant"], name="bonus_policy_one")
        ]

    def __str__(self) -> str:
        return "Bonuses"


class BonusRule(TenantModel):
    """A version of a rule by which deposits that go on to an account are given a bonus. It is never
    edited: a change is a new version, and one of a code is in force at a time.

    All amounts are in ``currency``, as the account's is. ``percent`` of the deposit, or ``fixed``;
    ``most`` for one bonus, ``client_most`` for one client and ``total_most`` for all of them, by
    every version of the code.
    """

    code = models.SlugField(max_length=30)
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=RuleState.choices, default=RuleState.PROPOSED)
    currency = models.CharField(max_length=8)
    percent = models.DecimalField(max_digits=7, decimal_places=2, null=True)
    fixed = amount_field(null=True)
    most = amount_field(null=True)
    client_most = amount_field(null=True)
    total_most = amount_field(null=True)
    deposit_min = amount_field(default=0)
    first_only = models.BooleanField(default=True)
    countries = ArrayField(models.CharField(max_length=2), default=list, blank=True)
    categories = ArrayField(
        models.CharField(max_length=22, choices=Category.choices), default=list, blank=True
    )
    from_on = models.DateField()
    until_on = models.DateField(null=True)
    lots_per_1000 = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    lasts_days = models.PositiveIntegerField(null=True)
    on_withdrawal = models.CharField(max_length=10, choices=OnWithdrawal.choices)
    created_at = models.DateTimeField(default=now)
    asked_by_ref = models.CharField(max_length=80)
    asked_by = models.CharField(max_length=160)
    decided_at = models.DateTimeField(null=True)
    decided_by_ref = models.CharField(max_length=80, blank=True)
    decided_by = models.CharField(max_length=160, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "code", "version"], name="bonus_rule_version"
            ),
            models.UniqueConstraint(
                fields=["tenant", "code"],
                condition=Q(state="in_force"),
                name="bonus_rule_one_in_force",
            ),
            models.CheckConstraint(
                condition=Q(percent__gt=0, percent__lte=1000, fixed__isnull=True)
                | Q(percent__isnull=True, fixed__gt=0),
                name="bonus_rule_amount",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["in_force", "retired"])
                | (~Q(decided_by_ref=F("asked_by_ref")) & ~Q(decided_by_ref="")),
                name="bonus_rule_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, version {self.version}"


class Bonus(TenantModel):
    """Credit given to a client on a trading account, and its terms as they were given.

    ``left_amount`` is what is on the account. ``lots_needed``: opened since it was given, and it is
    released; null: it stays credit. ``base_amount``: the deposit that a part is counted by.
    ``operation`` is the balance operation under way or the last one. One that is released has
    exactly one journal.
    """

    reference = models.CharField(max_length=20)
    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="bonuses")
    account = TenantForeignKey(Account, on_delete=models.PROTECT, related_name="bonuses")
    # Given by a rule on a deposit; by hand neither.
    rule = TenantForeignKey(BonusRule, on_delete=models.PROTECT, null=True, related_name="bonuses")
    deposit = TenantForeignKey(Deposit, on_delete=models.PROTECT, null=True, related_name="bonuses")
    state = models.CharField(max_length=10, choices=BonusState.choices, default=BonusState.ASKED)
    amount = amount_field()
    left_amount = amount_field(default=0)
    currency = models.CharField(max_length=8)
    lots_needed = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    expires_at = models.DateTimeField(null=True)
    lasts_days = models.PositiveIntegerField(null=True)
    on_withdrawal = models.CharField(
        max_length=10, choices=OnWithdrawal.choices, default=OnWithdrawal.WHOLE
    )
    base_amount = amount_field(null=True)
    reason = models.CharField(max_length=300)
    created_at = models.DateTimeField(default=now)
    asked_by_ref = models.CharField(max_length=80)
    asked_by = models.CharField(max_length=160)
    decided_at = models.DateTimeField(null=True)
    decided_by_ref = models.CharField(max_length=80, blank=True)
    decided_by = models.CharField(max_length=160, blank=True)
    granted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    operation = TenantForeignKey(
        BalanceOperation, on_delete=models.PROTECT, null=True, related_name="+"
    )
    # What is being taken off, and how often something was tried: each try is an operation.
    removing_amount = amount_field(default=0)
    tries = models.PositiveIntegerField(default=0)
    # Withdrawals that were counted.
    counted = ArrayField(models.CharField(max_length=20), default=list)
    transfer = TenantForeignKey(
        Transfer, on_delete=models.PROTECT, null=True, related_name="bonuses"
    )
    journal_id = models.UUIDField(null=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "reference"], name="bonus_reference"),
            models.UniqueConstraint(
                fields=["tenant", "deposit"],
                condition=Q(deposit__isnull=False),
                name="bonus_one_of_a_deposit",
            ),
            # Lots count for one bonus, and the account's credit is this one's.
            models.UniqueConstraint(
                fields=["tenant", "client"],
                condition=Q(state__in=BONUS_OPEN),
                name="bonus_one_open",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0, left_amount__gte=0, left_amount__lte=F("amount"))
                & Q(removing_amount__gte=0, removing_amount__lte=F("left_amount")),
                name="bonus_amounts",
            ),
            models.CheckConstraint(
                condition=Q(lots_needed__isnull=True) | Q(lots_needed__gt=0), name="bonus_lots"
            ),
            models.CheckConstraint(
                condition=Q(state="released", journal_id__isnull=False)
                | (~Q(state="released") & Q(journal_id__isnull=True)),
                name="bonus_released",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["asked", "refused", "cancelled"])
                | (~Q(decided_by_ref=F("asked_by_ref")) & ~Q(decided_by_ref="")),
                name="bonus_four_eyes",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="bonus_newest"),  # the list
            models.Index(fields=["tenant", "state", "-id"], name="bonus_state"),
            models.Index(fields=["tenant", "client", "-id"], name="bonus_client"),
            models.Index(fields=["tenant", "operation"], name="bonus_operation"),
            models.Index(  # what a rule has given
                fields=["tenant", "rule"], name="bonus_rule", condition=Q(rule__isnull=False)
            ),
        ]
        permissions: ClassVar = [
            ("give_bonus", "Ask for bonuses, and take them off"),
            ("approve_bonus", "Approve bonuses"),
            ("manage_bonuses", "Switch bonuses on, and name regulators that bar them"),
        ]

    def __str__(self) -> str:
        return self.reference
