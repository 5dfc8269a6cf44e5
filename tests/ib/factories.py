"""A small brokerage with partners for tests: a server, clients who trade, a tree, agreements."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.workflow import moves
from clients.models import Client
from ib.models import Agreement, AgreementVersion, CommissionLine, Partner
from ib.rules import Rate
from ib.services import (
    agreement_assign,
    agreement_create,
    client_attribute,
    partner_create,
    partner_move,
    version_publish,
    version_save,
)
from ib.states import VERSION
from tests.clients.factories import make_active
from trading.models import Account, Deal, Group, Symbol, TradingServer

LONG_AGO = timedelta(days=60)
_numbers = itertools.count(1)


def make_client(actor: Actor, name: str = "Client", **more: Any) -> Client:
    number = next(_numbers)
    return make_active(
        actor,
        first_name=name,
        last_name=f"Number{number}",
        email=f"client{number}@mail.example",
        **more,
    )


def make_partner(
    actor: Actor,
    parent: Partner | None = None,
    agreement: Agreement | None = None,
    *,
    since: datetime | None = None,
    active: bool = True,
    client: Client | None = None,
) -> Partner:
    partner = partner_create(
        actor=actor,
        client=client or make_client(actor, "Partner"),
        parent=parent,
        agreement=agreement,
        since=since or now() - LONG_AGO,
    )
    if active:
        partner = partner_move(actor=actor, partner=partner, state="active", reason="test")
    return partner


def rates(**patterns: Sequence[str]) -> list[Rate]:
    """``rates(ANY=["5", "2"], XAUUSD=["8"])``: the patterns in this order, ANY is ``*``."""
    return [
        Rate("*" if name == "ANY" else name, tuple(Decimal(amount) for amount in amounts))
        for name, amounts in patterns.items()
    ]


def make_version(
    actor: Actor,
    agreement: Agreement,
    wanted: Sequence[Rate],
    *,
    since: datetime | None = None,
    **terms: Any,
) -> AgreementVersion:
    """A published version (approved elsewhere: tests of approval ask for it themselves)."""
    version = version_save(
        actor=actor,
        agreement=agreement,
        rates=wanted,
        effective_from=since or now() - LONG_AGO,
        **terms,
    )
    moves.move(version, VERSION, "proposed", actor=actor)
    return version_publish(actor=actor, version=version)


def make_agreement(
    actor: Actor,
    wanted: Sequence[Rate],
    *,
    currency: str = "EUR",
    since: datetime | None = None,
    **terms: Any,
) -> Agreement:
    agreement = agreement_create(actor=actor, name=f"Agreement {next(_numbers)}", currency=currency)
    make_version(actor, agreement, wanted, since=since, **terms)
    return agreement


@dataclass
class Market:
    """A trading server of the actor's brokerage, on which clients close positions."""

    actor: Actor
    server: TradingServer = field(init=False)
    group: Group = field(init=False)
    accounts: dict[Any, Account] = field(default_factory=dict)
    tickets: Any = field(default_factory=lambda: itertools.count(1_000))

    def __post_init__(self) -> None:
        self.server = TradingServer.objects.create(
            name=f"Server {next(_numbers)}",
            url="https://127.0.0.1:1",
            manager_login=1000,
            password_sealed=b"sealed",
        )
        self.group = Group.objects.create(server=self.server, name="real\\std-eur", currency="EUR")
        for name, path in {
            "EURUSD": "Forex\\Majors\\EURUSD",
            "GBPJPY": "Forex\\Crosses\\GBPJPY",
            "XAUUSD": "Metals\\XAUUSD",
            "BTCUSD": "Crypto\\BTCUSD",
        }.items():
            Symbol.objects.create(server=self.server, name=name, path=path)

    def account(self, client: Client) -> Account:
        if client.pk not in self.accounts:
            number = next(_numbers)
            self.accounts[client.pk] = Account.objects.create(
                reference=f"A-{number:06d}",
                client=client,
                server=self.server,
                group=self.group,
                login=500_000 + number,
                currency="EUR",
                leverage=30,
                state="active",
            )
        return self.accounts[client.pk]

    def closed(
        self,
        client: Client,
        lots: str = "1",
        symbol: str = "EURUSD",
        *,
        at: datetime | None = None,
        held: timedelta | None = timedelta(hours=1),
        **facts: Any,
    ) -> Deal:
        """The closing deal of a position; its opening is written too, unless ``held`` is None."""
        moment = at or now() - timedelta(days=1)
        opening, closing = next(self.tickets), next(self.tickets)
        if held is not None:
            self._deal(client, opening, opening, symbol, lots, moment - held, entry=0, action=0)
        values = {"entry": 1, "action": 1, "lots_closed": Decimal(lots), **facts}
        return self._deal(client, closing, opening, symbol, lots, moment, **values)

    def _deal(
        self,
        client: Client,
        ticket: int,
        position: int,
        symbol: str,
        lots: str,
        at: datetime,
        **facts: Any,
    ) -> Deal:
        account = self.account(client)
        assert account.login is not None
        return Deal.objects.create(
            server=self.server,
            account=account,
            login=account.login,
            ticket=ticket,
            position_ticket=position,
            symbol=symbol,
            lots=Decimal(lots),
            at=at,
            server_msc=int(at.timestamp() * 1000),
            **facts,
        )

    def changed(self, deal: Deal, **facts: Any) -> None:
        """What the sync does when the server shows a deal differently."""
        Deal.objects.filter(tenant_id=self.actor.tenant_id, ticket=deal.ticket).update(
            revision=deal.revision + 1, synced_at=now(), **facts
        )


def attribute(
    actor: Actor, client: Client, partner: Partner, since: datetime | None = None
) -> None:
    client_attribute(
        actor=actor,
        client=client,
        partner=partner,
        from_at=since or now() - LONG_AGO,
        reason="test",
    )


def assign(actor: Actor, partner: Partner, agreement: Agreement, since: datetime) -> None:
    agreement_assign(
        actor=actor, partner=partner, agreement=agreement, from_at=since, reason="test"
    )


def earned(partner: Partner, **narrow: Any) -> Decimal:
    """The sum of a partner's lines."""
    lines = CommissionLine.objects.filter(
        tenant_id=current_tenant_id(), partner_id=partner.pk, **narrow
    )
    return sum((line.amount for line in lines), Decimal(0))
