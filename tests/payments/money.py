"""A brokerage that takes and pays money, at a real cashier in this process."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
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
from payments.methods.selectors import terms_of
from payments.methods.services import method_save, terms_in
from payments.models import (
    Deposit,
    Destination,
    GatewayAccount,
    Method,
    WebhookMessage,
    Withdrawal,
)
from payments.services.deposits import deposit_create
from payments.services.destinations import destination_add, destination_approve
from payments.services.setup import gateway_connect, policy_save
from payments.services.withdrawals import withdrawal_request
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
    kept = {name: value for name, value in headers.items() if name != "Content-Type"}
    path = urlsplit(url).path
    answer = Browser().post(path, data=body, content_type="application/json", headers=kept)
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


@dataclass(repr=False)
class Brokerage:
    """Aurora with a card method and one client. ``actor`` asks, ``system`` is the worker."""

    world: World
    server: CashierServer
    gateway: GatewayAccount = field(init=False)
    card: Method = field(init=False)
    client: Client = field(init=False)
    target: Destination = field(init=False)
    wire: Method = field(init=False)
    iban: Destination = field(init=False)
    our_iban: str = "DE89370400440532013000"

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
            self.card = self.method(petra, "card", **self.card_values())

    def card_values(self) -> dict[str, Any]:
        return {
            "name": "Card",
            "gateway": self.gateway,
        }

    def method(self, actor: Actor, code: str, **values: Any) -> Method:
        """In euro and dollars, from 10 to 50,000."""
        terms = terms_in(["EUR", "USD"], amount_min=Decimal(10), amount_max=Decimal(50_000))
        return method_save(actor=actor, code=code, values=values, terms=terms)

    def change_terms(self, method: Method | None = None, **facts: Any) -> None:
        """Other terms of the card or another method, the same in each currency and direction."""
        row = method or self.card
        with self.scope():
            terms = [replace(terms_of(each), **facts) for each in row.terms.all()]
            petra = self.world.actor("petra")
            method_save(actor=petra, code=row.code, values={}, terms=terms, method=row)

    def change_card(self, **values: Any) -> None:
        with self.scope():
            self.card = method_save(
                actor=self.world.actor("petra"), code="card", values=values, method=self.card
            )

    def rules(self, *, source_first: bool = True, lots: str = "0") -> None:
        with self.scope():
            policy_save(
                actor=self.world.actor("petra"),
                source_first=source_first,
                lots_per_1000=Decimal(lots),
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

    def pays(
        self, deposit: Deposit, *, amount: str = "", currency: str = "", card: str = "4242"
    ) -> None:
        """The client pays; the message is sent and worked."""
        payment = self.at_the_cashier(deposit)
        self.cashier.payment_decide(
            payment,
            "paid",
            amount=amount,
            currency=currency,
            holder="Anna Eriksson",
            card=card,
        )
        self.cashier.pump()
        self.work()

    def funded(self, amount: str = "1000.00", card: str = "4242") -> Deposit:
        deposit = self.deposit(amount)
        self.pays(deposit, card=card)
        return self.again(deposit)

    def funded_usd(self, amount: str) -> None:
        self.pays(self.deposit(money=Money(Decimal(amount), "USD")))

    def approved_card(self, number: str = "", holder: str = "Anna Eriksson") -> Destination:
        """A card that Olivia added and Petra approved, past its cool-down."""
        with self.scope():
            row = destination_add(
                actor=self.world.actor("olivia"),
                client=self.client,
                kind="card",
                number=number or f"fp_{self.client.reference}_4242",
                holder=holder,
            )
            self.target = destination_approve(
                actor=self.world.actor("petra"), destination=row, cool_down=timedelta(0)
            )
            return self.target

    def bank(self, address: str) -> None:
        """A bank method, and an account of the client's that may be paid to."""
        petra = self.world.actor("petra")
        with self.scope():
            gateway = gateway_connect(
                actor=petra,
                kind="bank_wire",
                name="House bank",
                base_url=address,
                merchant_id=self.our_iban,
                holder="Aurora Markets Ltd",
                bic="COBADEFFXXX",
            )
            values = {**self.card_values(), "name": "Bank wire", "gateway": gateway}
            self.wire = self.method(petra, "wire", **values)
            row = destination_add(
                actor=self.world.actor("olivia"),
                client=self.client,
                kind="bank",
                number="FR76 3000 6000 0112 3456 7890 189",
                holder="Anna Eriksson",
            )
            self.iban = destination_approve(actor=petra, destination=row, cool_down=timedelta(0))

    def withdraw(self, amount: str = "100.00", currency: str = "EUR", **more: Any) -> Withdrawal:
        with self.scope():
            facts: dict[str, Any] = {"method": self.card, "client": self.client} | more
            if "destination" not in facts:
                facts["destination"] = self.target
            money = Money(Decimal(amount), currency)
            return withdrawal_request(actor=self.actor, money=money, **facts)

    def gateway_pays(self, row: Withdrawal, status: str = "paid") -> None:
        """The gateway settles a payout one way or the other, and says so."""
        self.cashier.payout_decide(self.cashier.payout(MERCHANT, row.reference), status)
        self.cashier.pump()
        self.work()

    def server_away(self) -> None:
        self._address("http://127.0.0.1:1")

    def server_back(self) -> None:
        self._address(self.server.address)

    def _address(self, url: str) -> None:
        with self.scope():
            GatewayAccount.objects.filter(pk=self.gateway.pk).update(base_url=url)

    # What stands

    def again(self, row: Deposit) -> Deposit:
        with self.scope():
            return Deposit.objects.get(pk=row.pk)

    def outgoing(self, row: Withdrawal) -> Withdrawal:
        with self.scope():
            return Withdrawal.objects.select_related("destination", "client").get(pk=row.pk)

    def balance(self, code: str, currency: str = "EUR") -> Any:
        """Posted on an account; zero when it was never opened."""
        with self.scope():
            account = ledger.account(self.world.aurora.pk, code, currency)
            if account is None:
                return Decimal(0)
            return ledger.balance(self.world.aurora.pk, account).posted.amount

    def wallet(self, currency: str = "EUR") -> Any:
        return self.balance(f"client:{self.client.pk}:wallet", currency)

    def available(self) -> Any:
        with self.scope():
            account = ledger.account(self.world.aurora.pk, f"client:{self.client.pk}:wallet", "EUR")
            assert account is not None
            return ledger.available(self.world.aurora.pk, account).amount

    def clearing(self, currency: str = "EUR") -> Any:
        return self.balance("gateway:cashier:clearing", currency)

    def set_aside(self, currency: str = "EUR") -> Any:
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
