"""Money in, money out, money between: destinations, and each movement with its state.

Amounts are major units in the row's currency; the ledger holds the truth of balances.
"""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantHistory, TenantModel
from clients.models import Client
from payments.models.methods import GatewayAccount, Method
from payments.models.methods import amount_field as amount_field
from payments.states import (
    DEPOSIT_LIVE,
    TRANSFER_NOT_DONE,
    WITHDRAWAL_LIVE,
    DepositState,
    PartState,
    TransferState,
    WithdrawalState,
)
from trading.models import Account, BalanceOperation


class Rate(TenantModel):
    """What one unit of a currency is worth in the tenant's base currency, for limits and bands.

    No money is ever converted by it.
    """

    currency = models.CharField(max_length=8)
    to_base = models.DecimalField(max_digits=20, decimal_places=10)
    set_at = models.DateTimeField(default=now)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "currency"], name="rate_currency"),
            models.CheckConstraint(condition=Q(to_base__gt=0), name="rate_above_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.to_base}"


class WithdrawalPolicy(TenantModel):
    """What a brokerage asks of withdrawals beyond each method's own settings. One per tenant."""

    source_first = models.BooleanField(default=True)
    # Lots per 1,000 of base currency deposited since the last withdrawal; 0: none is asked.
    lots_per_1000 = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    # Bands of approval that wait for other eyes: [[amount or null, [permission, ...]], ...].
    proposed_bands = models.JSONField(default=list)
    # The switch of automatic approval: one person turns it off at once, two turn it on again.
    automatic = models.BooleanField(default=True)
    automatic_set_at = models.DateTimeField(null=True)
    automatic_set_by = models.CharField(max_length=160, blank=True)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant"], name="withdrawal_policy_one"),
            models.CheckConstraint(
                condition=Q(lots_per_1000__gte=0), name="withdrawal_policy_lots"
            ),
        ]

    def __str__(self) -> str:
        return "Withdrawals"


class Destination(TenantModel):
    """Where a client's money may go: an IBAN, a card, a wallet. The number itself is sealed."""

    class Kind(models.TextChoices):
        BANK = "bank", "Bank account"
        CARD = "card", "Card"
        WALLET = "wallet", "Wallet"

    class State(models.TextChoices):
        NEW = "new", "To be approved"
        APPROVED = "approved", "Approved"
        SUSPENDED = "suspended", "Suspended"
        RETIRED = "retired", "Retired"

    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="destinations")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    label = models.CharField(max_length=60)
    number_sealed = models.BinaryField()
    number_hash = models.CharField(max_length=64)
    holder = models.CharField(max_length=140)
    bic = models.CharField(max_length=11, blank=True)
    country = models.CharField(max_length=2, blank=True)
    # Where the holder lives or is registered: banks ask for it outside SEPA.
    town = models.CharField(max_length=35, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    # Everyone who created or edited it: they approve no withdrawal to it (four eyes).
    edited_by_refs = ArrayField(models.CharField(max_length=80), default=list)
    approved_by_ref = models.CharField(max_length=80, blank=True)
    approved_at = models.DateTimeField(null=True)
    added_at = models.DateTimeField(default=now)
    usable_from = models.DateTimeField(default=now)
    version = models.PositiveIntegerField(default=1)
    history = TenantHistory(excluded_fields=["number_sealed"])

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "client", "number_hash"], name="destination_number"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "number_hash"], name="destination_shared")
        ]

    def __str__(self) -> str:
        return self.label


class Deposit(TenantModel):
    """Money on its way from a client into the wallet. What is credited is what arrived."""

    reference = models.CharField(max_length=20)
    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="deposits")
    method = TenantForeignKey(Method, on_delete=models.PROTECT, related_name="deposits")
    gateway = TenantForeignKey(
        GatewayAccount, on_delete=models.PROTECT, null=True, related_name="deposits"
    )
    # Where it goes after the wallet; null stays in the wallet.
    account = TenantForeignKey(
        Account, on_delete=models.PROTECT, null=True, related_name="deposits"
    )
    state = models.CharField(
        max_length=16, choices=DepositState.choices, default=DepositState.CREATED
    )
    asked_amount = amount_field()
    asked_currency = models.CharField(max_length=8)
    paid_amount = amount_field(null=True)
    paid_currency = models.CharField(max_length=8, blank=True)
    # One of the two: taken from what is credited, or borne by the brokerage.
    fee_amount = amount_field(default=0)
    fee_borne_amount = amount_field(default=0)
    # The fee as it was told when it was asked for (payments/methods/fees.py).
    fee_terms = models.JSONField(default=dict)
    provider_ref = models.CharField(max_length=80, blank=True)
    pay_url = models.CharField(max_length=2000, blank=True)
    instrument_label = models.CharField(max_length=60, blank=True)
    instrument_hash = models.CharField(max_length=64, blank=True)
    instrument_country = models.CharField(max_length=2, blank=True)
    payer_name = models.CharField(max_length=140, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    idempotency_key = models.CharField(max_length=80, blank=True)
    event_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    credited_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "reference"], name="deposit_reference"),
            models.UniqueConstraint(
                fields=["tenant", "gateway", "provider_ref"],
                condition=~Q(provider_ref=""),
                name="deposit_provider_ref",
            ),
            models.UniqueConstraint(
                fields=["tenant", "client", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="deposit_idempotency",
            ),
            models.CheckConstraint(condition=Q(asked_amount__gt=0), name="deposit_asked"),
            models.CheckConstraint(
                condition=Q(paid_amount__isnull=True) | Q(paid_amount__gt=0), name="deposit_paid"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["paid", "credited", "mt_pending", "done"])
                | Q(paid_amount__isnull=False),
                name="deposit_paid_amount",
            ),
            models.CheckConstraint(
                condition=Q(fee_amount=0) | Q(fee_borne_amount=0), name="deposit_fee_payer"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="deposit_newest"),  # the list
            models.Index(fields=["tenant", "client", "-id"], name="deposit_client"),
            models.Index(fields=["tenant", "state", "-id"], name="deposit_state"),
            models.Index(fields=["tenant", "method", "-id"], name="deposit_method"),
            # Segments of several states in the list's order: few rows, whatever is behind them.
            models.Index(
                fields=["tenant", "-id", "state"],
                name="deposit_live",
                condition=Q(state__in=DEPOSIT_LIVE),
            ),
            models.Index(
                fields=["tenant", "instrument_hash"],
                name="deposit_instrument",
                condition=~Q(instrument_hash=""),
            ),
        ]
        permissions: ClassVar = [
            ("view_payment", "See deposits, withdrawals and transfers"),
            ("work_payment", "Decide deposits and work the payment queues"),
            ("transfer_money", "Move a client's money between wallet and accounts"),
            ("hold_payment", "Hold and release payments for compliance"),
        ]

    def __str__(self) -> str:
        return self.reference


class Withdrawal(TenantModel):
    """Money on its way from the wallet to a client. The hold on the wallet is ``hold_id``."""

    reference = models.CharField(max_length=20)
    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="withdrawals")
    method = TenantForeignKey(Method, on_delete=models.PROTECT, related_name="withdrawals")
    gateway = TenantForeignKey(
        GatewayAccount, on_delete=models.PROTECT, null=True, related_name="withdrawals"
    )
    destination = TenantForeignKey(
        Destination, on_delete=models.PROTECT, related_name="withdrawals"
    )
    state = models.CharField(
        max_length=20, choices=WithdrawalState.choices, default=WithdrawalState.REQUESTED
    )
    # The money is taken off this trading account first; null: it is in the wallet already.
    account = TenantForeignKey(
        Account, on_delete=models.PROTECT, null=True, related_name="withdrawals"
    )
    # Why it all goes where the client asked, and not to its sources first; empty: sources first.
    source_waived = models.CharField(max_length=200, blank=True)
    amount = amount_field()
    currency = models.CharField(max_length=8)
    # In the tenant's base currency; null when no rate was known: then the widest band decides.
    amount_base = amount_field(null=True)
    paid_amount = amount_field(null=True)
    # One of the two: taken from what is paid out, or borne by the brokerage.
    fee_amount = amount_field(default=0)
    fee_borne_amount = amount_field(default=0)
    hold_id = models.UUIDField(null=True)
    requested_by_ref = models.CharField(max_length=80)
    requested_by_name = models.CharField(max_length=160)
    # What the rules saw and said when it was decided, inputs included.
    decision = models.JSONField(default=dict)
    why = models.CharField(max_length=300, blank=True)
    provider_ref = models.CharField(max_length=80, blank=True)
    reason_code = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    error = models.CharField(max_length=300, blank=True)
    idempotency_key = models.CharField(max_length=80, blank=True)
    looks = models.PositiveSmallIntegerField(default=0)
    event_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=now)
    approved_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    # The approval that who looks at a list may give alone, where the list looked it up.
    approval_seen = ""

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "reference"], name="withdrawal_reference"),
            models.UniqueConstraint(
                fields=["tenant", "client", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="withdrawal_idempotency",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="withdrawal_amount"),
            models.CheckConstraint(
                condition=Q(state__in=["requested", "rejected", "cancelled"])
                | Q(hold_id__isnull=False),
                name="withdrawal_has_hold",
            ),
            models.CheckConstraint(
                condition=Q(fee_amount=0) | Q(fee_borne_amount=0), name="withdrawal_fee_payer"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="withdrawal_newest"),
            models.Index(fields=["tenant", "client", "-id"], name="withdrawal_client"),
            models.Index(fields=["tenant", "state", "-id"], name="withdrawal_state"),
            models.Index(fields=["tenant", "method", "-id"], name="withdrawal_method"),
            models.Index(fields=["tenant", "amount", "id"], name="withdrawal_by_amount"),
            models.Index(
                fields=["tenant", "-id", "state"],
                name="withdrawal_live",
                condition=Q(state__in=WITHDRAWAL_LIVE),
            ),
            models.Index(
                fields=["tenant", "amount", "id", "state"],
                name="withdrawal_live_by_amount",
                condition=Q(state__in=WITHDRAWAL_LIVE),
            ),
            # How much has left to one destination, for the way back to the source.
            models.Index(fields=["tenant", "destination"], name="withdrawal_destination"),
        ]
        permissions: ClassVar = [
            ("request_withdrawal", "Ask for a withdrawal for a client"),
            ("approve_withdrawal", "Approve withdrawals"),
            ("approve_large_withdrawal", "Approve large withdrawals, as the second person"),
            ("resolve_unknown", "Settle a payment whose outcome is unknown"),
        ]

    def __str__(self) -> str:
        return self.reference


class WithdrawalPart(TenantModel):
    """One of the parts in which a withdrawal is paid: back to the deposit that it came from, or to
    a destination. A withdrawal that goes to its one destination as a whole has none."""

    reference = models.CharField(max_length=20)
    withdrawal = TenantForeignKey(Withdrawal, on_delete=models.PROTECT, related_name="parts")
    gateway = TenantForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="parts")
    # One of the two: given back through the gateway that took it, or paid to a destination.
    deposit = TenantForeignKey(Deposit, on_delete=models.PROTECT, null=True, related_name="parts")
    destination = TenantForeignKey(
        Destination, on_delete=models.PROTECT, null=True, related_name="parts"
    )
    label = models.CharField(max_length=80)
    why = models.CharField(max_length=200)
    state = models.CharField(max_length=12, choices=PartState.choices, default=PartState.PLANNED)
    amount = amount_field()
    currency = models.CharField(max_length=8)
    paid_amount = amount_field(null=True)
    hold_id = models.UUIDField(null=True)
    provider_ref = models.CharField(max_length=80, blank=True)
    error = models.CharField(max_length=300, blank=True)
    looks = models.PositiveSmallIntegerField(default=0)
    event_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=now)
    submitted_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "reference"], name="part_reference"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="part_amount"),
            models.CheckConstraint(
                condition=Q(deposit__isnull=False, destination__isnull=True)
                | Q(deposit__isnull=True, destination__isnull=False),
                name="part_one_target",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["planned", "cancelled", "replaced"])
                | Q(hold_id__isnull=False),
                name="part_has_hold",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "withdrawal"], name="part_withdrawal"),
            models.Index(fields=["tenant", "state", "-id"], name="part_state"),
            models.Index(fields=["tenant", "deposit"], name="part_deposit"),
            models.Index(fields=["tenant", "destination"], name="part_destination"),
        ]

    def __str__(self) -> str:
        return self.reference


class PaymentHold(TenantModel):
    """Compliance stops one payment. The client reads ``client_text``, never the reason."""

    subject_type = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    reason = models.CharField(max_length=300)
    client_text = models.CharField(max_length=200)
    placed_at = models.DateTimeField(default=now)
    placed_by_ref = models.CharField(max_length=80)
    placed_by = models.CharField(max_length=160)
    released_at = models.DateTimeField(null=True)
    released_by_ref = models.CharField(max_length=80, blank=True)
    released_by = models.CharField(max_length=160, blank=True)
    release_reason = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "subject_id", "reason"],
                condition=Q(released_at__isnull=True),
                name="payment_hold_once",
            )
        ]

    def __str__(self) -> str:
        return self.reason


class Transfer(TenantModel):
    """Money between a client's wallet and trading accounts; between the legs it is on the bridge.

    One of ``source`` and ``target`` may be null: that side is the wallet.
    """

    reference = models.CharField(max_length=20)
    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="transfers")
    source = TenantForeignKey(
        Account, on_delete=models.PROTECT, null=True, related_name="transfers_out"
    )
    target = TenantForeignKey(
        Account, on_delete=models.PROTECT, null=True, related_name="transfers_in"
    )
    amount = amount_field()
    currency = models.CharField(max_length=8)
    state = models.CharField(
        max_length=10, choices=TransferState.choices, default=TransferState.REQUESTED
    )
    debit_operation = TenantForeignKey(
        BalanceOperation, on_delete=models.PROTECT, null=True, related_name="+"
    )
    credit_operation = TenantForeignKey(
        BalanceOperation, on_delete=models.PROTECT, null=True, related_name="+"
    )
    # Gives the source its money back, when the target did not take it.
    return_operation = TenantForeignKey(
        BalanceOperation, on_delete=models.PROTECT, null=True, related_name="+"
    )
    deposit = TenantForeignKey(
        Deposit, on_delete=models.PROTECT, null=True, related_name="transfers"
    )
    # The withdrawal that waits for this money to come off a trading account.
    withdrawal = TenantForeignKey(
        Withdrawal, on_delete=models.PROTECT, null=True, related_name="transfers"
    )
    reason = models.CharField(max_length=300, blank=True)
    idempotency_key = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(default=now)
    done_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "reference"], name="transfer_reference"),
            models.UniqueConstraint(
                fields=["tenant", "client", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="transfer_idempotency",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="transfer_amount"),
            models.CheckConstraint(
                condition=Q(source__isnull=False) | Q(target__isnull=False),
                name="transfer_has_an_account",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="transfer_newest"),
            models.Index(fields=["tenant", "client", "-id"], name="transfer_client"),
            models.Index(fields=["tenant", "state", "-id"], name="transfer_state"),
            models.Index(
                fields=["tenant", "-id", "state"],
                name="transfer_not_done",
                condition=Q(state__in=TRANSFER_NOT_DONE),
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class WebhookMessage(TenantModel):
    """What a gateway posted, raw, before anyone looked into it. Append-only but for its outcome."""

    class State(models.TextChoices):
        RECEIVED = "received", "Received"
        PROCESSED = "processed", "Processed"
        STALE = "stale", "Changes nothing"
        PARKED = "parked", "No such payment yet"
        REFUSED = "refused", "For a person"

    gateway = TenantForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="messages")
    delivery = models.CharField(max_length=80)
    body = models.BinaryField()
    headers = models.JSONField()
    received_at = models.DateTimeField(default=now)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RECEIVED)
    note = models.CharField(max_length=300, blank=True)
    subject_id = models.UUIDField(null=True)
    done_at = models.DateTimeField(null=True)

    # The payment that it was applied to, where a list looked it up.
    about: Any = None

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "gateway", "delivery"], name="webhook_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="webhook_newest"),
            models.Index(
                fields=["tenant", "received_at"],
                name="webhook_open",
                condition=Q(state__in=["received", "parked"]),
            ),
        ]

    def __str__(self) -> str:
        return self.delivery
