"""Trading servers and the mirror of what is on them: groups, symbols, accounts, deals, positions.

The server is the truth of trading; these rows say what we last saw of it and what we asked of it.
Money of accounts is in the account's currency, lots are lots, times are UTC.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantHistory, TenantModel
from clients.models import Client
from trading.states import AccountState, OperationState


class Platform(models.TextChoices):
    MT5 = "mt5", "MetaTrader 5"
    MT4 = "mt4", "MetaTrader 4"


class TradingServer(TenantModel):
    """How to reach one trading server. The API password is sealed; it is never shown again."""

    name = models.CharField(max_length=40)
    platform = models.CharField(max_length=4, choices=Platform.choices, default=Platform.MT5)
    url = models.CharField(max_length=200)
    manager_login = models.BigIntegerField()
    password_sealed = models.BinaryField()
    tls_fingerprint = models.CharField(max_length=95, blank=True)
    tls_ca_bundle = models.CharField(max_length=200, blank=True)
    timezone_offset_minutes = models.SmallIntegerField(default=120)
    dst_rule = models.CharField(
        max_length=4,
        choices=[("eu", "Europe"), ("us", "United States"), ("none", "None")],
        default="eu",
    )
    live = models.BooleanField(default=True)
    active = models.BooleanField(default=True)
    # What the last contact was like; written by the sync, not by people.
    last_ok_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    last_error_at = models.DateTimeField(null=True)
    latency_ms = models.PositiveIntegerField(null=True)
    history = TenantHistory(
        excluded_fields=["last_ok_at", "last_error", "last_error_at", "latency_ms"]
    )

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "name"], name="trading_server_name")
        ]
        permissions: ClassVar = [("manage_servers", "Connect and change trading servers")]

    def __str__(self) -> str:
        return self.name


class Group(TenantModel):
    """A group of accounts on a server, such as ``real\\std-eur``."""

    server = TenantForeignKey(TradingServer, on_delete=models.PROTECT, related_name="groups")
    name = models.CharField(max_length=64)
    currency = models.CharField(max_length=8)
    margin_mode = models.CharField(max_length=10, blank=True)
    margin_call_percent = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    stop_out_percent = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    default_leverage = models.PositiveIntegerField(default=0)
    # Offered when an account is opened from here; what a server has besides stays out of sight.
    offered = models.BooleanField(default=False)
    seen_at = models.DateTimeField(default=now)
    gone_at = models.DateTimeField(null=True)
    history = TenantHistory(excluded_fields=["seen_at"])

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "server", "name"], name="group_name")
        ]

    def __str__(self) -> str:
        return self.name


class Symbol(TenantModel):
    """What can be traded on a server."""

    server = TenantForeignKey(TradingServer, on_delete=models.PROTECT, related_name="symbols")
    name = models.CharField(max_length=32)
    path = models.CharField(max_length=128, blank=True)
    description = models.CharField(max_length=128, blank=True)
    currency_base = models.CharField(max_length=16, blank=True)
    currency_profit = models.CharField(max_length=16, blank=True)
    digits = models.PositiveSmallIntegerField(default=5)
    contract_size = models.DecimalField(max_digits=20, decimal_places=8, default=0)
    asset_class = models.CharField(max_length=20, blank=True)
    seen_at = models.DateTimeField(default=now)
    gone_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "server", "name"], name="symbol_name")
        ]

    def __str__(self) -> str:
        return self.name


class Account(TenantModel):
    """A client's account on a trading server; ``login`` is null until the server gave one."""

    reference = models.CharField(max_length=20)
    client = TenantForeignKey(Client, on_delete=models.PROTECT, null=True, related_name="accounts")
    server = TenantForeignKey(TradingServer, on_delete=models.PROTECT, related_name="accounts")
    group = TenantForeignKey(Group, on_delete=models.PROTECT, related_name="accounts")
    login = models.BigIntegerField(null=True)
    name = models.CharField(max_length=128, blank=True)
    currency = models.CharField(max_length=8)
    leverage = models.PositiveIntegerField()
    live = models.BooleanField(default=True)
    state = models.CharField(
        max_length=10, choices=AccountState.choices, default=AccountState.REQUESTED
    )
    login_enabled = models.BooleanField(default=True)
    trading_enabled = models.BooleanField(default=True)
    balance = models.DecimalField(max_digits=20, decimal_places=8, default=0)
    credit = models.DecimalField(max_digits=20, decimal_places=8, default=0)
    equity = models.DecimalField(max_digits=20, decimal_places=8, default=0)
    margin = models.DecimalField(max_digits=20, decimal_places=8, default=0)
    margin_free = models.DecimalField(max_digits=20, decimal_places=8, default=0)
    state_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "reference"], name="account_reference"),
            models.UniqueConstraint(
                fields=["tenant", "server", "login"],
                condition=Q(login__isnull=False),
                name="account_login",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="account_newest"),  # the list
            models.Index(fields=["tenant", "client"], name="account_client"),
            models.Index(fields=["tenant", "login"], name="account_by_login"),  # search
            models.Index(fields=["tenant", "state", "-id"], name="account_state"),
        ]
        permissions: ClassVar = [
            ("operate_account", "Open, change and close trading accounts"),
        ]

    def __str__(self) -> str:
        return f"{self.server} {self.login or self.reference}"


class Position(TenantModel):
    """An open position as last seen; the sync replaces a login's rows as a whole."""

    server = TenantForeignKey(TradingServer, on_delete=models.PROTECT, related_name="positions")
    account = TenantForeignKey(
        Account, on_delete=models.PROTECT, null=True, related_name="positions"
    )
    ticket = models.BigIntegerField()
    login = models.BigIntegerField()
    symbol = models.CharField(max_length=32)
    side = models.CharField(max_length=4, choices=[("buy", "Buy"), ("sell", "Sell")])
    lots = models.DecimalField(max_digits=18, decimal_places=8)
    price_open = models.DecimalField(max_digits=20, decimal_places=8)
    price_current = models.DecimalField(max_digits=20, decimal_places=8)
    profit = models.DecimalField(max_digits=20, decimal_places=8)
    swap = models.DecimalField(max_digits=20, decimal_places=8)
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "server", "ticket"], name="position_ticket")
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "server", "login"], name="position_login"),
            models.Index(fields=["tenant", "symbol", "id"], name="position_symbol"),  # exposure
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.lots} {self.symbol}"


class Deal(TenantModel):
    """A deal as the server has it: trades and balance operations. Partitioned by month of ``at``.

    ``profit`` of a balance operation is its signed amount. ``revision`` counts edits seen.
    """

    server = TenantForeignKey(TradingServer, on_delete=models.PROTECT, related_name="deals")
    account = TenantForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="deals")
    ticket = models.BigIntegerField()
    login = models.BigIntegerField()
    order_ticket = models.BigIntegerField(default=0)
    position_ticket = models.BigIntegerField(default=0)
    action = models.PositiveSmallIntegerField()
    entry = models.PositiveSmallIntegerField()
    symbol = models.CharField(max_length=32, blank=True)
    lots = models.DecimalField(max_digits=18, decimal_places=8, default=0)
    lots_closed = models.DecimalField(max_digits=18, decimal_places=8, default=0)
    price = models.DecimalField(max_digits=20, decimal_places=8, default=0)
    contract_size = models.DecimalField(max_digits=20, decimal_places=8, default=0)
    profit = models.DecimalField(max_digits=20, decimal_places=8, default=0)
    swap = models.DecimalField(max_digits=20, decimal_places=8, default=0)
    commission = models.DecimalField(max_digits=20, decimal_places=8, default=0)
    fee = models.DecimalField(max_digits=20, decimal_places=8, default=0)
    comment = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    server_msc = models.BigIntegerField()
    synced_at = models.DateTimeField(default=now)
    revision = models.PositiveSmallIntegerField(default=0)
    deleted_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        # Indexes and the key (tenant_id, server_id, ticket, at) are laid in sql/deals.sql: the
        # table is partitioned, which Django does not make.
        pass

    def __str__(self) -> str:
        return f"{self.ticket} {self.symbol}"


class BalanceOperation(TenantModel):
    """Money or credit that we put onto an account or take off it; exactly once.

    ``token`` is the deal's comment by which it is found again; ``business_ref`` names what asked
    for it (a deposit, a transfer) and is unique: the same business never books twice.
    """

    account = TenantForeignKey(Account, on_delete=models.PROTECT, related_name="operations")
    server = TenantForeignKey(TradingServer, on_delete=models.PROTECT, related_name="operations")
    kind = models.CharField(max_length=10, default="balance")
    amount = models.DecimalField(max_digits=20, decimal_places=8)
    currency = models.CharField(max_length=8)
    token = models.CharField(max_length=31)
    business_ref = models.CharField(max_length=80)
    check_margin = models.BooleanField(default=True)
    state = models.CharField(
        max_length=8, choices=OperationState.choices, default=OperationState.QUEUED
    )
    deal_ticket = models.BigIntegerField(null=True)
    error = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True)
    looks = models.PositiveSmallIntegerField(default=0)
    sends = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=now)
    done_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "token"], name="operation_token"),
            models.UniqueConstraint(fields=["tenant", "business_ref"], name="operation_business"),
            models.UniqueConstraint(
                fields=["tenant", "server", "deal_ticket"],
                condition=Q(deal_ticket__isnull=False),
                name="operation_deal",
            ),
            models.CheckConstraint(condition=~Q(amount=0), name="operation_amount"),
            models.CheckConstraint(
                condition=~Q(state="applied") | Q(deal_ticket__isnull=False),
                name="operation_applied_has_deal",
            ),
            # Serialised by login: one operation of an account is on the wire at a time.
            models.UniqueConstraint(
                fields=["tenant", "account"],
                condition=Q(state__in=["sending", "unknown"]),
                name="operation_one_on_the_wire",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="operation_newest"),
            models.Index(fields=["tenant", "account", "-id"], name="operation_account"),
        ]

    def __str__(self) -> str:
        return f"{self.token} {self.amount} {self.currency}"


class DealCursor(TenantModel):
    """How far a login's deals are synced: everything before ``until`` has been seen."""

    server = TenantForeignKey(TradingServer, on_delete=models.PROTECT, related_name="cursors")
    login = models.BigIntegerField()
    until = models.DateTimeField()
    counted = models.BigIntegerField(default=0)
    seen = models.BigIntegerField(default=0)
    checked_at = models.DateTimeField(null=True)
    deep_checked_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "server", "login"], name="deal_cursor_login")
        ]

    def __str__(self) -> str:
        return f"{self.login} until {self.until:%Y-%m-%d %H:%M}"
