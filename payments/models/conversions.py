"""Conversions between a client's wallets, and what their price is made of."""

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantHistory, TenantModel
from clients.models import Client
from payments.conversion_states import ConversionState, QuoteSource, SpreadKind
from payments.models.movements import Transfer, amount_field
from trading.models import Account

SPREAD_PERCENT_MAX = 50


def rate_field() -> "models.DecimalField[Decimal, Decimal]":
    """Units of the currency that is got for one that is given."""
    return models.DecimalField(max_digits=30, decimal_places=18)


class ConversionPolicy(TenantModel):
    """How a tenant converts; one row. Without it nothing is offered.

    ``approval_above`` is in the base currency, null: never asked. ``tolerance_percent`` is how far
    the mid may have moved when one that waited is approved.
    """

    active = models.BooleanField(default=True)
    quote_age_s_max = models.PositiveIntegerField(default=900)
    offer_s = models.PositiveIntegerField(default=60)
    spread_percent = models.DecimalField(max_digits=7, decimal_places=4, default=Decimal("0.5"))
    approval_above = amount_field(null=True, default=10_000)
    tolerance_percent = models.DecimalField(max_digits=7, decimal_places=4, default=Decimal("0.25"))
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant"], name="conversion_policy_one"),
            models.CheckConstraint(
                condition=Q(spread_percent__gte=0, spread_percent__lt=SPREAD_PERCENT_MAX),
                name="conversion_policy_spread",
            ),
        ]
        permissions: ClassVar = [
            ("quote_currencies", "Set quotes, spreads and rules of conversions"),
        ]

    def __str__(self) -> str:
        return "Conversions"


class ConversionSpread(TenantModel):
    """What lies between mid and client's rate, on either side of it, for a pair whichever way it
    is converted. ``price``: in units of ``quote`` for one of ``base``."""

    base = models.CharField(max_length=8)
    quote = models.CharField(max_length=8)
    kind = models.CharField(max_length=8, choices=SpreadKind.choices)
    value = models.DecimalField(max_digits=20, decimal_places=10)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "base", "quote"], name="conversion_spread_pair"
            ),
            models.CheckConstraint(
                condition=Q(value__gte=0)
                & (Q(kind="price") | Q(kind="percent", value__lt=SPREAD_PERCENT_MAX)),
                name="conversion_spread_value",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.base}/{self.quote}"


class ConversionQuote(TenantModel):
    """The newest mid of a pair by one source: ``mid`` units of ``quote`` for one of ``base``.

    History keeps what people typed; what a server sent is kept on the offers made from it.
    """

    base = models.CharField(max_length=8)
    quote = models.CharField(max_length=8)
    source = models.CharField(max_length=8, choices=QuoteSource.choices)
    mid = models.DecimalField(max_digits=24, decimal_places=10)
    # Who typed it, or the server and its symbol.
    name = models.CharField(max_length=160)
    quoted_at = models.DateTimeField()
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "base", "quote", "source"], name="conversion_quote_pair"
            ),
            models.CheckConstraint(
                condition=Q(mid__gt=0) & ~Q(base=F("quote")), name="conversion_quote_above_zero"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.base}/{self.quote} {self.mid}"


class Conversion(TenantModel):
    """An offer to a client, and what became of it: money of one wallet becomes money of another.

    ``get_amount`` is ``give_amount`` times ``client_rate``, cut after the currency's last place.
    ``mid``, ``spread`` and ``quotes`` say where the rate came from. ``account``: where what was got
    goes on to; ``transfer``: on its way there. One that is booked has exactly one journal.
    """

    reference = models.CharField(max_length=20)
    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="conversions")
    state = models.CharField(
        max_length=10, choices=ConversionState.choices, default=ConversionState.OFFERED
    )
    give_amount = amount_field()
    give_currency = models.CharField(max_length=8)
    get_amount = amount_field()
    get_currency = models.CharField(max_length=8)
    mid = rate_field()
    client_rate = rate_field()
    # In words, such as "0.5% of the price", and what of it was earned, in the currency got.
    spread = models.CharField(max_length=60)
    spread_amount = amount_field()
    # The quotes that the mid was made of: pair, mid, when, by whom.
    quotes = models.JSONField()
    quoted_at = models.DateTimeField()
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    asked_by_ref = models.CharField(max_length=80)
    asked_by = models.CharField(max_length=160)
    account = TenantForeignKey(
        Account, on_delete=models.PROTECT, null=True, related_name="conversions"
    )
    transfer = TenantForeignKey(
        Transfer, on_delete=models.PROTECT, null=True, related_name="conversions"
    )
    decided_at = models.DateTimeField(null=True)
    decided_by_ref = models.CharField(max_length=80, blank=True)
    decided_by = models.CharField(max_length=160, blank=True)
    # It waited for a second person, who may not be who asked.
    four_eyes = models.BooleanField(default=False)
    # Why it was refused or cancelled, or why what was got did not go on.
    note = models.CharField(max_length=300, blank=True)
    journal_id = models.UUIDField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "reference"], name="conversion_reference"),
            models.CheckConstraint(
                condition=Q(give_amount__gt=0, get_amount__gt=0, client_rate__gt=0),
                name="conversion_amounts",
            ),
            models.CheckConstraint(
                condition=~Q(give_currency=F("get_currency")), name="conversion_two_currencies"
            ),
            models.CheckConstraint(
                condition=Q(client_rate__lte=F("mid"), spread_amount__gte=0),
                name="conversion_rate_below_mid",
            ),
            models.CheckConstraint(
                condition=Q(state="booked", journal_id__isnull=False, decided_at__isnull=False)
                | (~Q(state="booked") & Q(journal_id__isnull=True)),
                name="conversion_booked",
            ),
            models.CheckConstraint(
                condition=~Q(state="booked", four_eyes=True)
                | (~Q(decided_by_ref=F("asked_by_ref")) & ~Q(decided_by_ref="")),
                name="conversion_four_eyes",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="conversion_newest"),  # the list
            models.Index(fields=["tenant", "state", "-id"], name="conversion_state"),
            models.Index(fields=["tenant", "client", "-id"], name="conversion_client"),
            models.Index(  # the page of a transfer says what it carries on
                fields=["tenant", "transfer"],
                name="conversion_transfer",
                condition=Q(transfer__isnull=False),
            ),
        ]
        permissions: ClassVar = [
            ("convert_money", "Exchange clients' money between currencies"),
            ("approve_conversion", "Approve large conversions"),
        ]

    def __str__(self) -> str:
        return self.reference
