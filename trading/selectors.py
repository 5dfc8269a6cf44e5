"""Reading trading: who sees which accounts, and what is on them.

Other domains follow deals by ``deals_since``: a cursor over ``synced_at``, which moves on whenever
a deal is new, edited, gone or back.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import (
    Case,
    Count,
    DecimalField,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import TruncDate

from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.money import EXPONENTS, Money
from clients.models import Client
from trading.bridge import port
from trading.models import (
    Account,
    AccountChange,
    BalanceOperation,
    Deal,
    DealCursor,
    Group,
    Position,
    Symbol,
    SyncKind,
    SyncRun,
    TradingServer,
)
from trading.states import AccountState, OperationState

TRADES = (port.ACTION_BUY, port.ACTION_SELL)
DAYS_SHOWN = 30
ROWS_SHOWN = 15
GAPS_SHOWN = 50
SYMBOLS_SHOWN = 200
ZERO = Decimal(0)
# A transaction that began before a reader's cursor may commit after it.
COMMIT_SLACK = timedelta(minutes=2)


# -- accounts ---------------------------------------------------------------------------------


def accounts_for(actor: Actor) -> QuerySet[Account]:
    """Every account that the actor may see: of clients of their desks; without a client only for
    who sees every desk."""
    rows = Account.objects.filter(tenant_id=actor.tenant_id)
    return rows if actor.desks is None else rows.filter(client__desk_id__in=actor.desks)


def accounts_of(client: Client) -> QuerySet[Account]:
    """A client's accounts, the newest first."""
    return (
        Account.objects.filter(tenant_id=current_tenant_id(), client=client)
        .select_related("server", "group")
        .order_by("-id")
    )


def account_by_login(actor: Actor, server: TradingServer, login: int) -> Account | None:
    return accounts_for(actor).filter(server=server, login=login).first()


def groups_offered(actor: Actor) -> QuerySet[Group]:
    """Groups in which accounts may be opened from here."""
    return (
        Group.objects.filter(
            tenant_id=actor.tenant_id, offered=True, gone_at=None, server__active=True
        )
        .select_related("server")
        .order_by("server__name", "name")
    )


def groups_to_move_to(account: Account) -> QuerySet[Group]:
    """Groups of the same server and currency."""
    rows = Group.objects.filter(
        tenant_id=current_tenant_id(),
        server_id=account.server_id,
        currency=account.currency,
        gone_at=None,
    )
    return rows.exclude(pk=account.group_id).order_by("name")


def changes_of(account: Account) -> QuerySet[AccountChange]:
    return AccountChange.objects.filter(tenant_id=current_tenant_id(), account=account).order_by(
        "-id"
    )


def money_of(amount: Decimal, currency: str) -> Decimal:
    """An amount with the places of its currency, when that loses nothing."""
    places = EXPONENTS.get(currency, 2)
    exact = amount.quantize(Decimal(1).scaleb(-places))
    return exact if exact == amount else amount.normalize()


def margin_level_percent(account: Account) -> Decimal | None:
    """Equity over margin; None without positions."""
    if not account.margin:
        return None
    return (account.equity / account.margin * 100).quantize(Decimal("0.1"))


# -- deals ------------------------------------------------------------------------------------


def deals_for(actor: Actor) -> QuerySet[Deal]:
    rows = Deal.objects.filter(tenant_id=actor.tenant_id)
    return rows if actor.desks is None else rows.filter(account__client__desk_id__in=actor.desks)


def deals_of(account: Account) -> QuerySet[Deal]:
    """An account's deals, the newest first (by keyset on ``at, id``)."""
    return Deal.objects.filter(tenant_id=current_tenant_id(), account=account).order_by(
        "-at", "-id"
    )


def deals_since(actor: Actor, cursor: datetime | None, most: int = 10_000) -> list[Deal]:
    """Deals that came, changed, went or came back after ``cursor``, in the order of ``synced_at``.

    Start again from the last one's ``synced_at``. The answer begins a little before the cursor,
    since a transaction may commit late: know each by (``id``, ``revision``, ``deleted_at``).
    """
    rows = Deal.objects.filter(tenant_id=actor.tenant_id)
    if cursor is not None:
        rows = rows.filter(synced_at__gte=cursor - COMMIT_SLACK)
    return list(rows.order_by("synced_at", "id")[:most])


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    lots: Decimal
    result: Decimal
    """Profit, swap, commission and fees of the day's trades, in the accounts' currency."""
    deals: int


_MONEY: "DecimalField[Any, Any]" = DecimalField(max_digits=30, decimal_places=8)


def days_of(
    actor: Actor, *, accounts: Iterable[Account], days: int = DAYS_SHOWN
) -> dict[str, list[Day]]:
    """Volume and result by day (UTC) of accounts, by currency; every day of the period, oldest
    first."""
    pks = [account.pk for account in accounts]
    first = (now() - timedelta(days=days - 1)).date()
    rows = (
        Deal.objects.filter(
            tenant_id=actor.tenant_id,
            account_id__in=pks,
            at__gte=now() - timedelta(days=days),
            action__in=TRADES,
            deleted_at=None,
        )
        .annotate(day=TruncDate("at"), currency=F("account__currency"))
        .values("day", "currency")
        .annotate(
            volume=Sum("lots", output_field=_MONEY),
            result=Sum(F("profit") + F("swap") + F("commission") + F("fee"), output_field=_MONEY),
            count=Count("id"),
        )
    )
    found = {(row["currency"], row["day"]): row for row in rows}
    span = [first + timedelta(days=number) for number in range(days)]
    return {
        currency: [_day(found.get((currency, day)), day) for day in span]
        for currency in sorted({currency for currency, _ in found})
    }


def _day(row: dict[str, Any] | None, day: date) -> Day:
    if row is None:
        return Day(day, ZERO, ZERO, 0)
    return Day(day, row["volume"], row["result"], row["count"])


def lots_opened(tenant_id: int, client_id: UUID, since: datetime | None) -> Decimal:
    """Lots that a client opened on live accounts since a moment, or ever."""
    rows = Deal.objects.filter(
        tenant_id=tenant_id,
        account__client_id=client_id,
        account__live=True,
        action__in=TRADES,
        entry__in=(0, 2),
        deleted_at=None,
    )
    if since is not None:
        rows = rows.filter(at__gt=since)
    total: Decimal | None = rows.aggregate(total=Sum("lots", output_field=_MONEY))["total"]
    return total or ZERO


# -- positions --------------------------------------------------------------------------------


def positions_for(actor: Actor) -> QuerySet[Position]:
    rows = Position.objects.filter(tenant_id=actor.tenant_id)
    return rows if actor.desks is None else rows.filter(account__client__desk_id__in=actor.desks)


@dataclass(frozen=True, slots=True)
class AccountNow:
    """A live account as last seen, with what is open on it."""

    pk: UUID
    login: int
    equity: Money
    margin_free: Money
    positions: int
    lots: Decimal
    floating: Money


_ACCOUNTS_NOW = """
SELECT a.id, a.login, a.currency, a.equity, a.margin_free, p.count, p.lots, p.floating
FROM trading_account a CROSS JOIN LATERAL (
    SELECT count(*) AS count, coalesce(sum(lots), 0) AS lots,
        coalesce(sum(profit + swap), 0) AS floating
    FROM trading_position p
    WHERE p.tenant_id = a.tenant_id AND p.server_id = a.server_id AND p.login = a.login
) p
WHERE a.tenant_id = %s AND a.client_id = %s AND a.live AND a.login IS NOT NULL
  AND a.gone_at IS NULL
ORDER BY p.count DESC, a.login LIMIT %s
"""


def accounts_now(client_id: UUID) -> list[AccountNow]:
    """A client's live accounts, those with open positions first; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_ACCOUNTS_NOW, [current_tenant_id(), client_id, ROWS_SHOWN])
        return [
            AccountNow(
                pk=pk,
                login=login,
                equity=Money.rounded(equity, currency),
                margin_free=Money.rounded(free, currency),
                positions=count,
                lots=lots,
                floating=Money.rounded(floating, currency),
            )
            for pk, login, currency, equity, free, count, lots, floating in cursor.fetchall()
        ]


@dataclass(frozen=True, slots=True)
class Exposure:
    """Open positions of a symbol over all accounts. ``net_units`` is in units of the base."""

    symbol: str
    positions: int
    accounts: int
    buy_lots: Decimal
    sell_lots: Decimal
    contract_size: Decimal
    base: str

    @property
    def net_lots(self) -> Decimal:
        return self.buy_lots - self.sell_lots

    @property
    def net_units(self) -> Decimal:
        return self.net_lots * self.contract_size


def exposure(actor: Actor) -> list[Exposure]:
    """Net open volume by symbol, the largest first."""
    specification = Symbol.objects.filter(
        tenant_id=actor.tenant_id, server_id=OuterRef("server_id"), name=OuterRef("symbol")
    )
    rows = (
        positions_for(actor)
        .values("symbol", "server_id")
        .annotate(
            positions=Count("id"),
            accounts=Count("login", distinct=True),
            buy=_lots("buy"),
            sell=_lots("sell"),
            contract=Subquery(specification.values("contract_size")[:1]),
            base=Subquery(specification.values("currency_base")[:1]),
        )
    )
    found = [
        Exposure(
            symbol=row["symbol"],
            positions=row["positions"],
            accounts=row["accounts"],
            buy_lots=row["buy"] or ZERO,
            sell_lots=row["sell"] or ZERO,
            contract_size=row["contract"] or ZERO,
            base=row["base"] or "",
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: abs(one.net_lots), reverse=True)[:SYMBOLS_SHOWN]


def _lots(side: str) -> Sum:
    return Sum(
        Case(When(side=side, then=F("lots")), default=Value(ZERO), output_field=_MONEY),
        output_field=_MONEY,
    )


# -- operations -------------------------------------------------------------------------------


def operations_for(actor: Actor) -> QuerySet[BalanceOperation]:
    rows = BalanceOperation.objects.filter(tenant_id=actor.tenant_id)
    return rows if actor.desks is None else rows.filter(account__client__desk_id__in=actor.desks)


def operations_of(account: Account) -> QuerySet[BalanceOperation]:
    return BalanceOperation.objects.filter(tenant_id=current_tenant_id(), account=account).order_by(
        "-id"
    )


def needing_a_person(rows: QuerySet[BalanceOperation]) -> QuerySet[BalanceOperation]:
    """Outcomes that are unknown, and deals of operations that had been given up."""
    return rows.filter(Q(state=OperationState.UNKNOWN) | Q(late_ticket__isnull=False))


# -- servers ----------------------------------------------------------------------------------


def servers_for(actor: Actor) -> QuerySet[TradingServer]:
    return TradingServer.objects.filter(tenant_id=actor.tenant_id).order_by("name")


SILENT_AFTER = timedelta(minutes=5)


def light(server: TradingServer) -> tuple[str, str]:
    """The health light: a colour and what it means."""
    if not server.active:
        return "neutral", "Switched off"
    if server.last_ok_at is None:
        return ("bad", "Never reached") if server.last_error_at else ("going", "Not tried yet")
    if server.last_error_at and server.last_error_at > server.last_ok_at:
        return "bad", "Not reachable"
    if now() - server.last_ok_at > SILENT_AFTER:
        return "attention", "Silent"
    return "good", "Connected"


def last_runs(server: TradingServer) -> list[SyncRun]:
    """The newest reading of each kind."""
    rows = SyncRun.objects.filter(tenant_id=current_tenant_id(), server=server)
    newest = (rows.filter(kind=kind).order_by("-id").first() for kind in SyncKind)
    return [run for run in newest if run is not None]


def gaps_of(server: TradingServer) -> QuerySet[DealCursor]:
    """Logins of which the server has another number of deals than we have."""
    return (
        DealCursor.objects.filter(tenant_id=current_tenant_id(), server=server)
        .exclude(counted=F("seen"))
        .order_by("login")
    )


def client_stats(actor: Actor, client: Client) -> list[dict[str, Any]]:
    """Equity of a client's open accounts by currency, for the overview."""
    rows = (
        accounts_of(client)
        .order_by()
        .filter(state__in=[AccountState.ACTIVE, AccountState.READ_ONLY, AccountState.DISABLED])
        .values("currency")
        .annotate(total=Sum("equity"), count=Count("id"))
        .order_by("currency")
    )
    return [
        {
            "name": "Equity",
            "value": money_of(row["total"], row["currency"]),
            "unit": row["currency"],
            "note": f"{row['count']} accounts" if row["count"] > 1 else "1 account",
        }
        for row in rows
    ]
