"""What trading did to each account in a period: the net that the books have to follow."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Max, Q, Sum

from backoffice.core.context import Actor
from trading.models import Account, BalanceOperation, Deal, SyncKind, SyncRun, TradingServer
from trading.states import OperationState

TRADES = (0, 1)  # buy and sell; balance operations and canceled deals are not trading


@dataclass(frozen=True, slots=True)
class AccountNet:
    """Realised profit, swap, commission and fees of one account, in its currency, net."""

    account_id: UUID
    client_id: UUID
    server: str
    login: int
    currency: str
    net: Decimal


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """An account's balance as the server last reported it; ``at`` is when."""

    account_id: UUID
    client_id: UUID
    server: str
    login: int
    currency: str
    balance: Decimal
    at: datetime | None


@dataclass(frozen=True, slots=True)
class AccountCredit:
    """An account's credit as the server reported it at ``at``."""

    account_id: UUID
    server: str
    login: int
    currency: str
    credit: Decimal
    at: datetime


def nets(actor: Actor, since: datetime, until: datetime) -> list[AccountNet]:
    """The net of each client's account between two moments (the second excluded)."""
    rows = (
        Deal.objects.filter(
            tenant_id=actor.tenant_id,
            at__gte=since,
            at__lt=until,
            action__in=TRADES,
            deleted_at__isnull=True,
            account__client__isnull=False,
        )
        .values(
            "account_id",
            "account__client_id",
            "account__server__name",
            "account__login",
            "account__currency",
        )
        .annotate(net=Sum(F("profit") + F("swap") + F("commission") + F("fee")))
        .order_by("account_id")
    )
    return [
        AccountNet(
            account_id=row["account_id"],
            client_id=row["account__client_id"],
            server=row["account__server__name"],
            login=row["account__login"],
            currency=row["account__currency"],
            net=row["net"],
        )
        for row in rows
    ]


def balances(actor: Actor) -> list[AccountBalance]:
    """The reported balance of every client's account that has a login."""
    rows = (
        Account.objects.filter(tenant_id=actor.tenant_id, client__isnull=False, login__isnull=False)
        .select_related("server")
        .order_by("id")
    )
    return [
        AccountBalance(
            account_id=row.pk,
            client_id=row.client_id,
            server=row.server.name,
            login=row.login or 0,
            currency=row.currency,
            balance=row.balance,
            at=row.state_at,
        )
        for row in rows.iterator(chunk_size=2_000)
        if row.client_id is not None
    ]


def credits(actor: Actor, also: Collection[UUID]) -> list[AccountCredit]:
    """The credit of every client's account that has some, and of those named in ``also``; accounts
    that the server no longer shows are left out."""
    rows = (
        Account.objects.filter(
            Q(pk__in=also) | ~Q(credit=0),
            tenant_id=actor.tenant_id,
            client__isnull=False,
            login__isnull=False,
            gone_at__isnull=True,
            state_at__isnull=False,
        )
        .select_related("server")
        .order_by("id")
    )
    return [
        AccountCredit(row.pk, row.server.name, row.login or 0, row.currency, row.credit, at)
        for row in rows.iterator(chunk_size=2_000)
        if (at := row.state_at) is not None
    ]


def accounts_read_at(actor: Actor) -> dict[str, datetime | None]:
    """Of each trading server in use: when its accounts were last read without an error."""
    servers = TradingServer.objects.filter(tenant_id=actor.tenant_id, active=True)
    runs = (
        SyncRun.objects.filter(
            tenant_id=actor.tenant_id,
            kind=SyncKind.ACCOUNTS,
            error="",
            finished_at__isnull=False,
        )
        .values("server_id")
        .annotate(last=Max("started_at"))
    )
    read = {row["server_id"]: row["last"] for row in runs}
    return {server.name: read.get(server.pk) for server in servers.order_by("name")}


def operations_unknown(actor: Actor, until: datetime) -> int:
    """Balance operations made before ``until`` of which the server has not told what came."""
    rows = BalanceOperation.objects.filter(tenant_id=actor.tenant_id, created_at__lt=until)
    return rows.filter(state=OperationState.UNKNOWN).count()
