"""A brokerage with a Stripe account, at a Stripe in this process that the library talks to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from backoffice.core.money import Money
from payments.accounts import notify_url, opened
from payments.gateways.port import Account
from payments.methods.services import method_save, terms_in
from payments.methods.states import Direction
from payments.models import Deposit, GatewayAccount, Method
from payments.services.deposits import deposit_create
from payments.services.setup import gateway_connect
from sandbox.stripe.box import Box
from sandbox.stripe.controls import session_of
from sandbox.stripe.records import Object
from sandbox.stripe.server import StripeServer
from tests.payments.money import Brokerage, post_here

OWNER, KEY = "acct_aurora", "sk_test_of_the_tests_of_aurora"
SECRET = "whsec_between_stripe_and_aurora"


@contextmanager
def stripe_running() -> Iterator[StripeServer]:
    """A Stripe on a free port whose events leave by ``box.post.pump()``."""
    server = StripeServer(Box(post_here), pumps=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


class CardShop:
    """``shop`` with a second method that goes through Stripe."""

    def __init__(self, shop: Brokerage, server: StripeServer) -> None:
        self.shop, self.server, self.box = shop, server, server.box
        petra = shop.world.actor("petra")
        with shop.scope():
            self.gateway: GatewayAccount = gateway_connect(
                actor=petra,
                kind="stripe",
                name="Stripe",
                base_url=server.address,
                merchant_id=OWNER,
                secret=SECRET,
                api_key=KEY,
            )
            values = {
                "name": "Card (Stripe)",
                "gateway": self.gateway,
                "makes_withdrawals": False,
            }
            terms = terms_in(
                ["EUR", "USD", "JPY", "KWD"], [Direction.DEPOSIT], amount_min=Decimal(1)
            )
            self.method: Method = method_save(
                actor=petra, code="stripe", values=values, terms=terms
            )
            self.box.owner_add(OWNER, KEY, SECRET, notify_url(self.gateway))

    @property
    def account(self) -> Account:
        with self.shop.scope():
            return opened(GatewayAccount.objects.get(pk=self.gateway.pk))

    def asked(self, amount: str = "100.00", currency: str = "EUR", **more: Any) -> Deposit:
        """A deposit of which the gateway was not told yet."""
        with self.shop.scope():
            return deposit_create(
                actor=self.shop.actor,
                client=self.shop.client,
                method=self.method,
                money=Money(Decimal(amount), currency),
                **more,
            )

    def deposit(self, amount: str = "100.00", currency: str = "EUR") -> Deposit:
        """A deposit whose page is open."""
        row = self.asked(amount, currency)
        self.shop.work()
        return self.shop.again(row)

    def session(self, row: Deposit) -> Object:
        return session_of(self.box, {"reference": row.reference})

    def decide(self, row: Deposit, how: str = "paid", **facts: str) -> None:
        """What happens on the page; its events are sent and worked."""
        told = {"holder": "Anna Eriksson", "card": "4242"} | facts
        self.box.session_decide(self.session(row), how, **told)
        self.hear()

    def hear(self) -> None:
        self.box.post.pump()
        self.shop.work()

    def funded(self, amount: str = "1000.00", **facts: str) -> Deposit:
        row = self.deposit(amount)
        self.decide(row, **facts)
        return self.shop.again(row)

    def clearing(self, currency: str = "EUR") -> Any:
        return self.shop.balance("gateway:stripe:clearing", currency)

    def objects(self, kind: str) -> list[Object]:
        return [row for row in self.box.objects.values() if row["object"] == kind]
