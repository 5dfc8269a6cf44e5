"""A brokerage that takes and pays money, at a real cashier in this process."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from django.test import Client as Browser

from backoffice.core.context import Actor
from backoffice.core.money import Money
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.queues import open_items
from clients.models import Client
from clients.services import restriction_place
from ledger import selectors as ledger
from payments.models import Deposit, GatewayAccount, Method, WebhookMessage
from payments.services.deposits import deposit_create
from payments.services.setup import gateway_connect, method_save
from sandbox.gateway.cashier import Cashier
from sandbox.gateway.records import Payment
from sandbox.gateway.server import CashierServer
from tests.clients.factories import make_active
from tests.world import World

MERCHANT, SECRET = "aurora", "a secret between the two of them"


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def post_here(url: str, headers: Mapping[str, str], body: bytes) -> int:
    """Deliver a webhook to the product in this process."""
    extra = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    extra.pop("HTTP_CONTENT_TYPE", None)
    answer = Browser().post(
        urlsplit(url).path, data=body, content_type="application/json", headers=None, **extra
    )
    return answer.status_code


@contextmanager
def cashier_running() -> Iterator[CashierServer]:
    """A cashier on a free port whose messages leave by ``cashier.pump()``."""
    cashier = Cashier(post_here)
    cashier.payout_delay_s = None
    cashier.merchant_add(MERCHANT, SECRET)
    server = CashierServer(cashier, pumps=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


@dataclass
class Brokerage:
    """Aurora with a card method and one client. ``actor`` asks, ``system`` is the worker."""

    world: World
    server: CashierServer
    gateway: GatewayAccount = field(init=False)
    card: Method = field(init=False)
    client: Client = field(init=False)

    def __post_init__(self) -> None:
        petra = self.world.actor("petra")
        with self.scope():
            self.client = make_active(self.world.actor("olivia"))
            self.gateway = gateway_connect(
                actor=petra,
                kind="cashier",
                name="Cashier",
                base_url=self.server.address,
                merchant_id=MERCHANT,
                secret=SECRET,
            )
            self.card = method_save(actor=petra, code="card", values=self.card_values())

    def card_values(self) -> dict[str, Any]:
        return {
            "name": "Card",
            "gateway": self.gateway,
            "currencies": ["EUR", "USD"],
            "amount_min": Decimal(10),
            "amount_max": Decimal(50_000),
        }

    def change_card(self, **values: Any) -> None:
        with self.scope():
            self.card = method_save(
                actor=self.world.actor("petra"), code="card", values=values, method=self.card
            )

    def restrict(self, action: str, text: str) -> None:
        with self.scope():
            restriction_place(
                actor=self.world.actor("carla"),
                client=self.client,
                action=action,
                reason="test",
                text=text,
            )

    def queue(self, code: str) -> list[UUID]:
        """Subjects that wait in a queue."""
        with self.scope():
            return [item.subject_id for item in open_items(self.system, code)]

    @property
    def actor(self) -> Actor:
        return self.world.actor("pavel")

    @property
    def system(self) -> Actor:
        return self.world.system()

    @property
    def cashier(self) -> Cashier:
        return self.server.cashier

    def scope(self) -> AbstractContextManager[None]:
        return tenant_scope(self.world.aurora.pk, self.world.system())

    def work(self) -> int:
        """Let the worker do what is due, and what follows from it; how much that was."""
        done = 0
        while more := outbox.drain(self.system):
            done += more
        return done

    # The client

    def deposit(self, amount: str = "100.00", **more: Any) -> Deposit:
        with self.scope():
            facts: dict[str, Any] = {"method": self.card, "money": eur(amount)} | more
            return deposit_create(actor=self.actor, client=self.client, **facts)

    def at_the_cashier(self, deposit: Deposit) -> Payment:
        """The client opens the address and sees the cashier's page."""
        return self.cashier.payment_open(dict(parse_qsl(urlsplit(deposit.pay_url).query)))

    def pays(self, deposit: Deposit, *, amount: str = "", currency: str = "") -> None:
        """The client pays; the message is sent and worked."""
        payment = self.at_the_cashier(deposit)
        self.cashier.payment_decide(
            payment, "paid", amount=amount, currency=currency, holder="Anna Eriksson"
        )
        self.cashier.pump()
        self.work()

    def funded(self, amount: str = "1000.00") -> Deposit:
        deposit = self.deposit(amount)
        self.pays(deposit)
        return self.again(deposit)

    # What stands

    def again(self, row: Deposit) -> Deposit:
        with self.scope():
            return Deposit.objects.get(pk=row.pk)

    def balance(self, code: str, currency: str = "EUR") -> Decimal:
        """Posted on an account; zero when it was never opened."""
        with self.scope():
            account = ledger.account(self.world.aurora.pk, code, currency)
            if account is None:
                return Decimal(0)
            return ledger.balance(self.world.aurora.pk, account).posted.amount

    def wallet(self, currency: str = "EUR") -> Decimal:
        return self.balance(f"client:{self.client.pk}:wallet", currency)

    def available(self) -> Decimal:
        with self.scope():
            account = ledger.account(self.world.aurora.pk, f"client:{self.client.pk}:wallet", "EUR")
            assert account is not None
            return ledger.available(self.world.aurora.pk, account).amount

    def clearing(self, currency: str = "EUR") -> Decimal:
        return self.balance("gateway:cashier:clearing", currency)

    def set_aside(self, currency: str = "EUR") -> Decimal:
        return self.balance("unallocated", currency)

    def journals(self, reference: str) -> list[str]:
        with self.scope():
            found = ledger.journals_of(self.world.aurora.pk, reference)
            return [entry.journal.kind for entry in found]

    def messages(self) -> list[tuple[str, str]]:
        with self.scope():
            rows = WebhookMessage.objects.order_by("id")
            return [(row.state, row.note) for row in rows]

    def sound(self) -> bool:
        with self.scope():
            return ledger.verify(self.world.aurora.pk).sound
