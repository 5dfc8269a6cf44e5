"""A brokerage connected to a running sandbox server: rows, outbox and wire as in production."""

import atexit
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import time_machine

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.money import Money
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from sandbox.mt5.faults import Fault, FaultKind
from sandbox.mt5.records import Action, Deal, User
from sandbox.mt5.server import Mt5Server
from tests.clients.factories import make_active
from tests.trading.mt5_brokerage import open_all_week
from tests.world import World
from trading import services
from trading.bridge.registry import registry
from trading.models import Account, BalanceOperation, Group, SyncKind, TradingServer

STD_EUR, STD_USD, RAW_EUR = "real\\std-eur", "real\\std-usd", "real\\raw-eur"
BALANCE = "trade/balance"
PASSWORD = "Password1"


@dataclass
class House:
    """Aurora and its trading server. ``pavel`` of payments acts unless told otherwise."""

    world: World
    mt5: Mt5Server
    server: TradingServer

    @property
    def pavel(self) -> Actor:
        return self.world.actor("pavel")

    @property
    def system(self) -> Actor:
        return self.world.system()

    @contextmanager
    def scope(self, name: str = "pavel") -> Iterator[Actor]:
        actor = self.world.actor(name)
        with tenant_scope(actor.tenant_id, actor):
            yield actor

    # -- the server -------------------------------------------------------------------------

    def fail(self, command: str, kind: FaultKind, **details: Any) -> None:
        self.mt5.run(self.mt5.core.faults.add, Fault(command, kind, **details))

    def calls(self, command: str) -> int:
        return sum(call.command == command for call in self.mt5.core.calls)

    def user(self, login: int | None) -> User:
        assert login is not None
        return self.mt5.core.book.users[login]

    def deals(self, login: int | None) -> list[Deal]:
        assert login is not None
        return list(self.mt5.core.book.deals_of(login))

    def book(
        self, login: int | None, minor: int, comment: str = "", msc: int | None = None
    ) -> Deal:
        """A balance deal that the platform's own dealers book, with a time of their choice."""
        return self.mt5.run(
            self.mt5.core.engine.apply_balance,
            self.user(login),
            Action.BALANCE,
            minor,
            comment=comment,
            time_msc=msc,
        )

    # -- the brokerage ----------------------------------------------------------------------

    def drain(self) -> int:
        """What the worker does now."""
        return outbox.drain(self.system)

    def later(self, **period: int) -> Any:
        """``with house.later(minutes=6):`` is that much later, on both machines."""
        return time_machine.travel(now() + timedelta(**period))

    def group(self, name: str = STD_EUR) -> Group:
        return Group.objects.get(tenant=self.world.aurora, server=self.server, name=name)

    def open(self, *, group: str = STD_EUR, **particulars: Any) -> Account:
        """An open account of a new client, with nothing on it."""
        with self.scope() as actor:
            client = make_active(actor, **particulars)
            account = services.account_open(
                actor=actor, client=client, group=self.group(group), leverage=30
            )
        self.drain()
        return self.account(account)

    def account(self, account: Account) -> Account:
        with self.scope():
            return Account.objects.select_related("group", "server", "client").get(pk=account.pk)

    def ask(
        self, account: Account, amount: str, ref: str = "deposit:D-1", **more: Any
    ) -> BalanceOperation:
        """Ask for an operation and let the worker do what it can."""
        with self.scope() as actor:
            operation = services.operation_request(
                actor=actor,
                account=account,
                amount=Money(Decimal(amount), more.pop("currency", account.currency)),
                business_ref=ref,
                **more,
            )
        self.drain()
        return self.operation(operation)

    def operation(self, operation: BalanceOperation) -> BalanceOperation:
        with self.scope():
            return BalanceOperation.objects.get(pk=operation.pk)

    def setup(self) -> None:
        """Read groups and symbols and put the real groups on offer."""
        with self.scope("adam") as adam:
            services.server_ask(actor=adam, server=self.server, kind=SyncKind.SETUP)
        self.drain()
        with self.scope("adam") as adam:
            for group in Group.objects.filter(tenant=self.world.aurora, name__startswith="real"):
                services.group_offer(actor=adam, group=group, offered=True)


@cache
def _certificates() -> Path:
    """One certificate for a run: a key takes a while to make."""
    folder = tempfile.TemporaryDirectory(prefix="trading-tests-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


@contextmanager
def house_of(world: World, **settings: Any) -> Iterator[House]:
    """Aurora connected to a sandbox server of its own."""
    with Mt5Server(certificate_directory=_certificates()) as mt5:
        open_all_week(mt5)
        adam = world.actor("adam")
        with tenant_scope(adam.tenant_id, adam):
            server = add_server(adam, mt5, **settings)
        try:
            yield House(world, mt5, server)
        finally:
            registry.close()


def add_server(actor: Actor, mt5: Mt5Server, **settings: Any) -> TradingServer:
    values: dict[str, Any] = {
        "name": "Live 1",
        "url": mt5.url,
        "manager_login": 1000,
        "tls_fingerprint": mt5.fingerprint_sha256,
        "timezone_offset_minutes": 120,
        "dst_rule": "eu",
        "read_timeout_s": 1,
    }
    return services.server_add(actor=actor, password=PASSWORD, **{**values, **settings})
