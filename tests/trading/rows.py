"""Rows of trading without a server: for pages and lists."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.money import Money
from backoffice.tenancy.references import next_reference
from clients.models import Client
from tests.clients.factories import make_active
from trading import services
from trading.models import (
    Account,
    AccountChange,
    BalanceOperation,
    Deal,
    Group,
    Position,
    TradingServer,
)


def make_server(actor: Actor, name: str = "Live 1", **values: Any) -> TradingServer:
    """A server that nobody listens at."""
    given: dict[str, Any] = {
        "name": name,
        "url": "https://127.0.0.1:9",
        "manager_login": 1000,
        "tls_fingerprint": "ab" * 32,
    }
    return services.server_add(actor=actor, password="Password1", **{**given, **values})


def make_group(server: TradingServer, name: str = "real\\std-eur", **values: Any) -> Group:
    given: dict[str, Any] = {"currency": "EUR", "currency_digits": 2, "offered": True}
    group, _ = Group.objects.get_or_create(
        tenant_id=server.tenant_id, server=server, name=name, defaults={**given, **values}
    )
    return group


def make_account(
    actor: Actor,
    *,
    client: Client | None = None,
    server: TradingServer | None = None,
    login: int | None = 100_001,
    **values: Any,
) -> Account:
    """An open account; of a new client unless ``client`` is given."""
    server = server or make_server(actor)
    given: dict[str, Any] = {
        "client": client or make_active(actor),
        "currency": "EUR",
        "leverage": 30,
        "state": "active",
        "name": "Anna Eriksson",
        "reference": next_reference("A"),
    }
    return Account.objects.create(
        tenant_id=actor.tenant_id,
        server=server,
        group=make_group(server),
        login=login,
        **{**given, **values},
    )


def make_operation(
    actor: Actor, account: Account, amount: str = "10.00", ref: str = "deposit:D-1"
) -> BalanceOperation:
    money = Money(Decimal(amount), account.currency)
    return services.operation_request(actor=actor, account=account, amount=money, business_ref=ref)


def make_change(actor: Actor, account: Account) -> AccountChange:
    return services.password_reset(actor=actor, account=account, reason="asked by telephone")


def make_deal(account: Account, ticket: int, *, at: datetime | None = None, **values: Any) -> Deal:
    """A closed trade of one lot of EURUSD that won 12.50."""
    moment = at or now()
    given: dict[str, Any] = {
        "action": 1,
        "entry": 1,
        "symbol": "EURUSD",
        "lots": Decimal(1),
        "price": Decimal("1.0851"),
        "profit": Decimal("12.50"),
        "server_msc": int(moment.timestamp() * 1000),
    }
    return Deal.objects.create(
        tenant_id=account.tenant_id,
        server_id=account.server_id,
        account=account,
        ticket=ticket,
        login=account.login or 0,
        at=moment,
        **{**given, **values},
    )


def make_position(account: Account, ticket: int, **values: Any) -> Position:
    given: dict[str, Any] = {
        "symbol": "EURUSD",
        "side": "buy",
        "lots": Decimal(1),
        "price_open": Decimal("1.08"),
        "price_current": Decimal("1.09"),
        "profit": Decimal("5.00"),
        "swap": Decimal(0),
        "opened_at": now(),
    }
    return Position.objects.create(
        tenant_id=account.tenant_id,
        server_id=account.server_id,
        account=account,
        ticket=ticket,
        login=account.login or 0,
        **{**given, **values},
    )
