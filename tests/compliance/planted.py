"""Movements of money planted for scenarios: rows as the payments and trading domains leave them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from backoffice.core.context import Actor
from backoffice.core.ids import uuid7
from clients.models import Client
from clients.services import client_move
from clients.states import ClientState
from compliance.models import Alert
from compliance.monitoring.definitions import scenarios_install
from compliance.monitoring.run import monitoring_run
from payments.models import Deposit, Destination, Method, Rate, Withdrawal
from tests.clients.factories import make_lead
from trading.models import Account, Deal, Group, Symbol, TradingServer

AS_OF = date(2026, 11, 1)


def day(back: int, hour: int = 12) -> datetime:
    """Noon, so many days before the day as of which scenarios are asked."""
    at = datetime(AS_OF.year, AS_OF.month, AS_OF.day, hour, tzinfo=UTC)
    return at - timedelta(days=back)


def make_client(actor: Actor, last_name: str) -> Client:
    client = make_lead(actor, last_name=last_name, email=f"{last_name.lower()}@mail.example")
    client = client_move(actor=actor, client=client, state=ClientState.APPLICANT, reason="test")
    return client_move(actor=actor, client=client, state=ClientState.ACTIVE, reason="test")


def make_rate(currency: str, to_base: str) -> Rate:
    return Rate.objects.create(currency=currency, to_base=Decimal(to_base))


def _method() -> Method:
    return Method.objects.get_or_create(code="card", defaults={"name": "Card"})[0]


def deposit(
    client: Client, amount: str, at: datetime, *, currency: str = "EUR", instrument: str = "card-1",
    **more: Any,
) -> Deposit:  # fmt: skip
    values = {
        "state": "done",
        "paid_amount": Decimal(amount),
        "paid_currency": currency,
        "paid_at": at,
        "credited_at": at,
    }
    return Deposit.objects.create(
        reference=f"D-{uuid7().hex[-12:]}",
        client=client,
        method=_method(),
        asked_amount=Decimal(amount),
        asked_currency=currency,
        instrument_hash=instrument,
        created_at=at,
        expires_at=at + timedelta(days=1),
        **{**values, **more},
    )


def withdrawal(
    client: Client, amount: str, at: datetime, *, currency: str = "EUR", instrument: str = "card-1",
    **more: Any,
) -> Withdrawal:  # fmt: skip
    destination, _ = Destination.objects.get_or_create(
        client=client,
        number_hash=instrument,
        defaults={
            "kind": "card",
            "label": f"card {instrument}",
            "number_sealed": b"x",
            "holder": client.name,
        },
    )
    values: dict[str, Any] = {"state": "paid", "paid_at": at, "paid_amount": Decimal(amount)}
    return Withdrawal.objects.create(
        reference=f"W-{uuid7().hex[-12:]}",
        client=client,
        method=_method(),
        destination=destination,
        amount=Decimal(amount),
        currency=currency,
        amount_base=Decimal(amount),
        hold_id=uuid7(),
        requested_by_ref="client:x",
        requested_by_name="The client",
        created_at=at,
        **{**values, **more},
    )


def _account(client: Client) -> Account:
    server, _ = TradingServer.objects.get_or_create(
        name="Live", defaults={"url": "https://mt.example", "manager_login": 1,
                               "password_sealed": b"x"},
    )  # fmt: skip
    group, _ = Group.objects.get_or_create(server=server, name="real", currency="EUR")
    Symbol.objects.get_or_create(
        server=server, name="EURUSD", defaults={"currency_profit": "USD", "contract_size": 100_000}
    )
    account, _ = Account.objects.get_or_create(
        client=client,
        server=server,
        group=group,
        defaults={
            "reference": f"T-{uuid7().hex[-12:]}",
            "login": int(uuid7().hex[-8:], 16),
            "currency": "EUR",
            "leverage": 30,
            "state": "open",
        },
    )
    return account


def deal(client: Client, lots: str, at: datetime, *, entry: int = 0, **more: Any) -> Deal:
    account = _account(client)
    return Deal.objects.create(
        server=account.server,
        account=account,
        login=account.login or 0,
        ticket=int(uuid7().hex[-12:], 16),
        action=0,
        entry=entry,
        symbol="EURUSD",
        lots=Decimal(lots),
        price=Decimal("1.25"),
        contract_size=100_000,
        at=at,
        server_msc=0,
        synced_at=at,
        **more,
    )


def make_alert(actor: Actor, approver: Actor, last_name: str = "Guilty") -> Alert:
    """An alert on structuring: three deposits just below the threshold. In the tenant's scope."""
    client = make_client(actor, last_name)
    for hours in (1, 4, 7):
        deposit(client, "9200", day(2, hours))
    scenarios_install(actor=approver)
    monitoring_run(actor=actor, as_of=AS_OF)
    return Alert.objects.get(client=client)
