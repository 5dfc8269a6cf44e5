"""A house with client money: made through the ledger's own services, valued in the past."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.core.ids import uuid7
from backoffice.core.money import Money
from backoffice.tenancy.scope import tenant_scope
from clients.models import Client
from ledger import chart
from ledger.chart import AccountSpec
from ledger.days import day_close
from ledger.entries import Line
from ledger.services import account_for, post
from tests.world import World

IBAN = "CY17002001280000001200527600"


@dataclass
class House:
    """Aurora. Each method opens the scope itself; ``yesterday`` is the newest day to close."""

    world: World

    @property
    def actor(self) -> Actor:
        return self.world.system()

    @property
    def yesterday(self) -> date:
        return today(self.world.aurora.timezone) - timedelta(days=1)

    def client(self, reference: str) -> UUID:
        with tenant_scope(self.actor.tenant_id, self.actor):
            client = Client.objects.create(
                reference=reference, last_name="Lovelace", email=f"{reference}@example.com"
            )
            return client.pk

    def move(
        self, debit: AccountSpec, credit: AccountSpec, amount: str, currency: str = "EUR"
    ) -> None:
        """Book ``amount`` at noon of yesterday (UTC)."""
        noon = datetime.combine(self.yesterday, time(12), UTC)
        with tenant_scope(self.actor.tenant_id, self.actor):
            lines = [
                Line(
                    account_for(actor=self.actor, spec=debit, currency=currency),
                    account_for(actor=self.actor, spec=credit, currency=currency),
                    Money(Decimal(amount), currency),
                )
            ]
            post(actor=self.actor, key=str(uuid7()), kind="test", lines=lines, effective_at=noon)

    def deposit(self, client: UUID, amount: str, currency: str = "EUR") -> None:
        self.move(chart.bank_client(IBAN), chart.client_wallet(client), amount, currency)

    def close(self, day: date | None = None) -> None:
        with tenant_scope(self.actor.tenant_id, self.actor):
            day_close(actor=self.actor, day=day or self.yesterday)
