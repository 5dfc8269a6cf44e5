"""A brokerage with an application at a Praxis in this process, spoken to over real HTTP."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.test import Client as Browser

from backoffice.core.money import Money
from payments.accounts import opened
from payments.gateways.port import Account
from payments.methods.services import method_save, terms_in
from payments.models import Deposit, GatewayAccount, Method
from payments.services.deposits import deposit_create
from payments.services.setup import gateway_connect
from sandbox.praxis.box import HEADER, Answered, Box
from sandbox.praxis.records import Session, Transaction
from sandbox.praxis.server import PraxisServer
from tests.payments.money import Brokerage

MERCHANT, KEY = "API-Aurora", "aurora.example"
SECRET = "secret_between_praxis_and_aurora"


def ask_here(url: str, headers: Mapping[str, str], body: bytes) -> Answered:
    """Post to the product in this process."""
    kept = {name: value for name, value in headers.items() if name != "Content-Type"}
    answer = Browser().post(
        urlsplit(url).path, data=body, content_type="application/json", headers=kept
    )
    return Answered(answer.status_code, answer.headers.get(HEADER, ""), answer.content)


@contextmanager
def praxis_running() -> Iterator[PraxisServer]:
    """A Praxis on a free port whose notifications leave by ``box.post.pump()``."""
    server = PraxisServer(Box(ask_here), pumps=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


class PraxisShop:
    """``shop`` with a method that goes through Praxis."""

    def __init__(self, shop: Brokerage, server: PraxisServer) -> None:
        self.shop, self.server, self.box = shop, server, server.box
        petra = shop.world.actor("petra")
        with shop.scope():
            self.gateway: GatewayAccount = gateway_connect(
                actor=petra,
                kind="praxis",
                name="Praxis",
                base_url=server.address,
                merchant_id=MERCHANT,
                secret=SECRET,
                api_key=KEY,
            )
            values = {
                "name": "Card (Praxis)",
                "gateway": self.gateway,
                "makes_withdrawals": False,
            }
            terms = terms_in(["EUR", "USD", "JPY"])
            self.method: Method = method_save(
                actor=petra, code="praxis", values=values, terms=terms
            )
        self.box.merchant_add(MERCHANT, KEY, SECRET)

    @property
    def account(self) -> Account:
        with self.shop.scope():
            return opened(GatewayAccount.objects.get(pk=self.gateway.pk))

    def asked(self, amount: str = "100.00", currency: str = "EUR") -> Deposit:
        """A deposit that Praxis was not told of yet."""
        with self.shop.scope():
            return deposit_create(
                actor=self.shop.actor,
                client=self.shop.client,
                method=self.method,
                money=Money(Decimal(amount), currency),
            )

    def deposit(self, amount: str = "100.00", currency: str = "EUR") -> Deposit:
        """A deposit whose page is open."""
        row = self.asked(amount, currency)
        self.hear()
        return self.shop.again(row)

    def session(self, row: Deposit) -> Session:
        return self.box.session_of(row.reference)

    def transaction(self, row: Deposit) -> Transaction:
        return self.box.transactions_of(self.session(row))[0]

    def pay(self, row: Deposit, status: str = "approved") -> Deposit:
        """The client pays; what is sent of it is worked."""
        self.box.pay(self.session(row), status)
        self.hear()
        return self.shop.again(row)

    def decide(self, row: Deposit, status: str) -> Deposit:
        self.box.decide(self.transaction(row), status)
        self.hear()
        return self.shop.again(row)

    def funded(self, amount: str) -> Deposit:
        return self.pay(self.deposit(amount))

    def hear(self) -> None:
        self.shop.work()
        self.box.post.pump()
        self.shop.work()

    def clearing(self, currency: str = "EUR") -> Any:
        return self.shop.balance("gateway:praxis:clearing", currency)

    def refunds(self) -> list[Transaction]:
        return [row for row in self.box.transactions.values() if row.type == "refund"]
