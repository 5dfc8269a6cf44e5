"""Trading servers and the mirror of what is on them: groups, symbols, accounts, deals, positions.

The server is the truth of trading; these rows say what we last saw of it and what we asked of it.
Money of accounts is in the account's currency, lots are lots, times are UTC.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantHistory, TenantModel
from clients.models import Client
from trading.leverage.models import LeverageBreach as LeverageBreach
from trading.leverage.models import LeverageControl as LeverageControl
from trading.leverage.models import LeverageTable as LeverageTable
from trading.states import AccountState, ChangeState, OperationState


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
    tls_ca_bundle = models.TextField(blank=True)
    # Which groups are this brokerage's: the platform's masks, such as ``real\*,!real\test*``.
    group_masks = models.CharField(max_length=400, default="*,!managers\\*")
    timezone_offset_minutes = models.SmallIntegerField(default=120)
    dst_rule = models.CharField(
        max_length=4,
        choices=[("eu", "Europe"), ("us", "United States"), ("none", "None")],
        default="eu",
    )
    live = models.BooleanField(default=True)
    active = models.BooleanField(default=True)
    read_timeout_s = models.PositiveSmallIntegerField(default=30)
    # Deals of every swept login have been read up to here.
    deals_until = models.DateTimeField(null=True)
    # What the last contact was like; written by the sync, not by people.
    last_ok_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    last_error_at = models.DateTimeField(null=True)
    latency_ms = models.PositiveIntegerField(null=True)
    history = TenantHistory(
        excluded_fields=[
            "last_ok_at",
            "last_error",
            "last_error_at",
            "latency_ms",
            "deals_until",
            "password_sealed",
        ]
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
    currency_digits = models.PositiveSmallIntegerField(default=2)
    margin_mode = models.CharField(max_length=10, blank=True)
    # Margin level in percent, or money of the group's currency with ``stop_out_in_money``.
    margin_call = models.DecimalField(max_digits=20, decimal_places=2, default=0)
    stop_out = models.DecimalField(max_digits=20, decimal_places=2, default=0)
    stop_out_in_money = models.BooleanField(default=False)
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
    # When money and margin were last read; ``gone_at``: the server no longer shows the login.
    state_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)
    # The opening: when it was sent, and how often it was looked for since.
    sent_at = models.DateTimeField(null=True)
    looks = models.PositiveSmallIntegerField(default=0)
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
            models.Index(fields=["tenant", "group", "-id"], name="account_group"),
            models.Index(fields=["tenant", "currency", "-id"], name="account_currency"),
            models.Index(
                fields=["tenant", "-id"], name="account_orphans", condition=Q(client__isnull=True)
            ),
        ]
        permissions: ClassVar = [
            ("operate_account", "Open, change and close trading accounts"),
            ("approve_correction", "Approve corrections of balances on trading servers"),
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


class OnMissing(models.TextChoices):
    """What follows when an unknown operation is certainly not on the server."""

    VOID = "void", "Give it up"
    RESEND = "resend", "Send it once more"


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
    note = models.CharField(max_length=100, blank=True)
    on_missing = models.CharField(max_length=6, choices=OnMissing.choices, default=OnMissing.VOID)
    state = models.CharField(
        max_length=8, choices=OperationState.choices, default=OperationState.QUEUED
    )
    deal_ticket = models.BigIntegerField(null=True)
    error = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True)
    looks = models.PositiveSmallIntegerField(default=0)
    looked_at = models.DateTimeField(null=True)
    sends = models.PositiveSmallIntegerField(default=0)
    # A deal with our token that turned up after we had given up: money that a person must settle.
    late_ticket = models.BigIntegerField(null=True)
    asked_by = models.CharField(max_length=160, blank=True)
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
            models.Index(fields=["tenant", "state", "-id"], name="operation_state"),
        ]

    def __str__(self) -> str:
        return f"{self.token} {self.amount} {self.currency}"

    @property
    def purpose(self) -> str:
        """What asked for it, as people call it: `T-2026-000028` of `transfer:T-2026-000028:in`."""
        kind, _, rest = self.business_ref.partition(":")
        reference = rest.partition(":")[0]
        return reference if "-" in reference and kind != "correction" else kind.capitalize()


class DealCursor(TenantModel):
    """A login whose deals were read from the first on, up to ``until``; the stream carries on.

    ``counted`` is what the server said it has, ``seen`` what we have of the same stretch: where
    they differ there is a gap.
    """

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
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "server", "login"],
                name="deal_cursor_gaps",
                condition=~Q(counted=F("seen")),
            )
        ]

    def __str__(self) -> str:
        return f"{self.login} until {self.until:%Y-%m-%d %H:%M}"


class ChangeKind(models.TextChoices):
    LEVERAGE = "leverage", "Leverage"
    GROUP = "group", "Group"
    RIGHTS = "rights", "Status"
    PASSWORD = "password", "Password"


class AccountChange(TenantModel):
    """Something that we asked the server to change on an account. It sets a value, so it may be
    repeated until the server answered.

    ``secret_sealed`` holds a new password until it was shown once.
    """

    account = TenantForeignKey(Account, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=10, choices=ChangeKind.choices)
    wanted = models.CharField(max_length=64)
    before = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    state = models.CharField(
        max_length=10, choices=ChangeState.choices, default=ChangeState.REQUESTED
    )
    error = models.CharField(max_length=300, blank=True)
    secret_sealed = models.BinaryField(null=True)
    asked_ref = models.CharField(max_length=80)
    asked_by = models.CharField(max_length=160, blank=True)
    created_at = models.DateTimeField(default=now)
    done_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "account", "kind"],
                condition=Q(state="requested"),
                name="change_one_of_a_kind",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "account", "-id"], name="change_account"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.wanted}"


class SyncKind(models.TextChoices):
    TEST = "test", "Connection test"
    SETUP = "setup", "Groups and symbols"
    ACCOUNTS = "accounts", "Accounts"
    POSITIONS = "positions", "Positions"
    DEALS = "deals", "Deals"
    DEEP = "deep", "Deep check"


class SyncRun(TenantModel):
    """One reading of a server: what was read, what it changed here, how late it was."""

    server = TenantForeignKey(TradingServer, on_delete=models.PROTECT, related_name="runs")
    kind = models.CharField(max_length=10, choices=SyncKind.choices)
    started_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True)
    rows_read = models.PositiveIntegerField(default=0)
    rows_new = models.PositiveIntegerField(default=0)
    rows_changed = models.PositiveIntegerField(default=0)
    rows_gone = models.PositiveIntegerField(default=0)
    gaps = models.PositiveIntegerField(default=0)
    # Seconds between the newest deal read and the moment it was written here.
    lag_s = models.FloatField(null=True)
    error = models.CharField(max_length=300, blank=True)
    detail = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [
            models.Index(fields=["tenant", "server", "kind", "-id"], name="sync_run_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.started_at:%Y-%m-%d %H:%M}"
