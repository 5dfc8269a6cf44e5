"""A small brokerage's books for the tests: euro accounts of one client and of the house."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from backoffice.core.context import Actor
from backoffice.core.ids import uuid7
from backoffice.core.money import Money
from ledger import chart, selectors
from ledger.chart import AccountSpec
from ledger.entries import AccountRef, Line, Posting
from ledger.services import account_for, post


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


@dataclass
class Books:
    """``actor`` posts; the tenant's scope must be open."""

    actor: Actor

    def account(self, spec: AccountSpec, currency: str = "EUR") -> AccountRef:
        return account_for(actor=self.actor, spec=spec, currency=currency)

    def wallet(self, client: str = "ada", currency: str = "EUR") -> AccountRef:
        return self.account(chart.client_wallet(client), currency)

    def clearing(self, currency: str = "EUR") -> AccountRef:
        return self.account(chart.gateway_clearing("cashier"), currency)

    def move(self, debit: AccountRef, credit: AccountRef, amount: Money, **more: Any) -> Posting:
        facts: dict[str, Any] = {"key": str(uuid7()), "kind": "test"} | more
        return post(actor=self.actor, lines=[Line(debit, credit, amount)], **facts)

    def deposit(self, wallet: AccountRef, amount: Money, **more: Any) -> Posting:
        return self.move(self.clearing(amount.currency), wallet, amount, **more)

    def posted(self, account: AccountRef) -> Money:
        return selectors.balance(self.actor.tenant_id, account).posted

    def available(self, account: AccountRef) -> Money:
        return selectors.available(self.actor.tenant_id, account)


def count(table: str) -> int:
    """Rows of a table that the scope shows."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


@contextmanager
def vandal() -> Iterator[CursorWrapper]:
    """A superuser's cursor with triggers off: what no role of the product can do."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("RESET ROLE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("SET ROLE backoffice_app")
