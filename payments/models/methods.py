"""What a brokerage offers to pay by: accounts at gateways, methods, and each method's terms.

Secrets of gateways are sealed and never shown again.
"""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from backoffice.core.tenant import TenantForeignKey, TenantHistory, TenantModel
from clients.models import Category, ClientKind
from payments.methods.states import CountryRule, Direction, Payer


def amount_field(*, null: bool = False, default: int | None = None) -> Any:
    """Major units, wide enough for crypto's eight places."""
    options: dict[str, Any] = {} if default is None else {"default": default}
    return models.DecimalField(max_digits=28, decimal_places=8, null=null, blank=null, **options)


class GatewayAccount(TenantModel):
    """Our account at one payment gateway. ``kind`` names the adapter (payments/gateways/<kind>)."""

    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=60)
    base_url = models.CharField(max_length=200, blank=True)
    merchant_id = models.CharField(max_length=80, blank=True)
    # Of a bank account, as clients write it into their transfer; ``merchant_id`` is its IBAN.
    holder = models.CharField(max_length=140, blank=True)
    bic = models.CharField(max_length=11, blank=True)
    bank = models.CharField(max_length=80, blank=True)
    secret_sealed = models.BinaryField(default=bytes)
    # During a rotation both are accepted until the older one's end.
    previous_secret_sealed = models.BinaryField(default=bytes)
    previous_secret_until = models.DateTimeField(null=True)
    # What we call with, where messages are signed with something else.
    api_key_sealed = models.BinaryField(default=bytes)
    # The address that the gateway posts to names this and no id of ours.
    webhook_token = models.CharField(max_length=40)
    active = models.BooleanField(default=True)
    last_ok_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    last_error_at = models.DateTimeField(null=True)
    bad_signatures = models.PositiveIntegerField(default=0)
    history = TenantHistory(
        excluded_fields=[
            "last_ok_at",
            "last_error",
            "last_error_at",
            "bad_signatures",
            "secret_sealed",
            "previous_secret_sealed",
            "api_key_sealed",
        ]
    )

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "name"], name="gateway_name"),
            models.UniqueConstraint(fields=["tenant", "webhook_token"], name="gateway_token"),
        ]
        permissions: ClassVar = [("manage_gateways", "Connect and change gateways and methods")]

    def __str__(self) -> str:
        return self.name


class DepositPolicy(models.TextChoices):
    MANUAL = "manual", "A person decides each"
    AUTOMATIC = "automatic", "Credited at once"
    UNDER_THRESHOLD = "under_threshold", "At once up to an amount"


class Method(TenantModel):
    """A way to pay in or out that a brokerage offers: to whom, when, in which place of the list.

    What it takes and costs stands in its ``terms``. ``version`` grows with every change of either,
    so that who saves what they saw an hour ago is told.
    """

    code = models.SlugField(max_length=30)
    name = models.CharField(max_length=60)
    gateway = TenantForeignKey(
        GatewayAccount, on_delete=models.PROTECT, null=True, blank=True, related_name="methods"
    )
    takes_deposits = models.BooleanField(default=True)
    makes_withdrawals = models.BooleanField(default=True)
    deposit_policy = models.CharField(
        max_length=16, choices=DepositPolicy.choices, default=DepositPolicy.AUTOMATIC
    )
    # Who may use it. An empty list asks nothing.
    country_rule = models.CharField(
        max_length=8, choices=CountryRule.choices, default=CountryRule.ANY
    )
    countries = ArrayField(models.CharField(max_length=2), default=list, blank=True)
    categories = ArrayField(
        models.CharField(max_length=22, choices=Category.choices), default=list, blank=True
    )
    kinds = ArrayField(
        models.CharField(max_length=10, choices=ClientKind.choices), default=list, blank=True
    )
    level_min = models.PositiveSmallIntegerField(default=0)
    # Windows of the brokerage's week, as payments/methods/hours.py writes them; none: always.
    hours = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    expires_minutes = models.PositiveIntegerField(default=60)
    # What clients pay with here: withdrawals go back to cards first, then to wallets.
    instrument = models.CharField(
        max_length=8,
        choices=[("card", "Card"), ("wallet", "Wallet"), ("bank", "Bank account")],
        default="card",
    )
    # For so many days the gateway takes a refund of what was paid.
    refund_days = models.PositiveSmallIntegerField(default=180)
    position = models.PositiveSmallIntegerField(default=100)
    active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=0)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "code"], name="method_code"),
            models.CheckConstraint(
                condition=Q(country_rule="any") | ~Q(countries=[]), name="method_countries"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MethodTerms(TenantModel):
    """What a method takes in one currency and direction, and what that costs.

    Amounts are in ``currency``; an empty one is no limit. ``day_max`` and ``month_max`` are of one
    client, by the calendar of the brokerage.
    """

    method = TenantForeignKey(Method, on_delete=models.CASCADE, related_name="terms")
    direction = models.CharField(max_length=10, choices=Direction.choices)
    currency = models.CharField(max_length=8)
    amount_min = amount_field(default=0)
    amount_max = amount_field(null=True)
    day_max = amount_field(null=True)
    month_max = amount_field(null=True)
    # Deposits up to this are credited without a person, where the method's policy says so.
    credit_max = amount_field(null=True)
    fee_fixed = amount_field(default=0)
    fee_percent = models.DecimalField(max_digits=7, decimal_places=4, default=0)
    fee_min = amount_field(null=True)
    fee_max = amount_field(null=True)
    fee_payer = models.CharField(max_length=6, choices=Payer.choices, default=Payer.CLIENT)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        verbose_name_plural = "method terms"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "method", "direction", "currency"], name="terms_once"
            ),
            models.CheckConstraint(
                condition=Q(amount_min__gte=0)
                & (Q(amount_max__isnull=True) | Q(amount_max__gte=F("amount_min")))
                & (Q(day_max__isnull=True) | Q(day_max__gt=0))
                & (Q(month_max__isnull=True) | Q(month_max__gt=0))
                & (Q(credit_max__isnull=True) | Q(credit_max__gte=0)),
                name="terms_limits",
            ),
            models.CheckConstraint(
                condition=Q(fee_fixed__gte=0, fee_percent__gte=0, fee_percent__lt=100)
                & (Q(fee_min__isnull=True) | Q(fee_min__gte=0))
                & (Q(fee_max__isnull=True) | Q(fee_max__gte=0)),
                name="terms_fee",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_direction_display()} in {self.currency}"
