"""A brokerage with a store at a BTCPay Server in this process, spoken to over real HTTP."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

from backoffice.core.money import Money
from payments.accounts import notify_url, opened
from payments.gateways.port import Account
from payments.methods.services import method_save, terms_in
from payments.models import Deposit, Destination, GatewayAccount, Method, Withdrawal
from payments.services.deposits import deposit_create
from payments.services.destinations import destination_add, destination_approve
from payments.services.setup import gateway_connect
from payments.services.withdrawals import withdrawal_approve
from sandbox.btcpay.box import Box
from sandbox.btcpay.records import Invoice
from sandbox.btcpay.server import BTCPayServer
from tests.payments.money import Brokerage, post_here

STORE, KEY = "store_aurora", "key_of_the_tests_of_aurora"
SECRET = "secret_between_btcpay_and_aurora"
ADDRESS = "bcrt1q3xh8v4kkl5s5qmd7ccnl0hhuyq3ylz0f7a9d5k"


@contextmanager
def btcpay_running() -> Iterator[BTCPayServer]:
    """A BTCPay on a free port whose webhooks leave by ``box.post.pump()``."""
    server = BTCPayServer(Box(post_here), pumps=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


class CoinShop:
    """``shop`` with a method that goes through BTCPay."""

    def __init__(self, shop: Brokerage, server: BTCPayServer) -> None:
        self.shop, self.server, self.box = shop, server, server.box
        petra = shop.world.actor("petra")
        with shop.scope():
            self.gateway: GatewayAccount = gateway_connect(
                actor=petra,
                kind="btcpay",
                name="BTCPay",
                base_url=server.address,
                merchant_id=STORE,
                secret=SECRET,
                api_key=KEY,
            )
            values = {
                "name": "Crypto",
                "gateway": self.gateway,
                "instrument": "wallet",
            }
            terms = terms_in(["EUR", "USD", "JPY", "BTC"])
            self.method: Method = method_save(
                actor=petra, code="crypto", values=values, terms=terms
            )
            self.box.store_add(STORE, KEY, SECRET, notify_url(self.gateway))

    @property
    def account(self) -> Account:
        with self.shop.scope():
            return opened(GatewayAccount.objects.get(pk=self.gateway.pk))

    def asked(self, amount: str = "100.00", currency: str = "EUR") -> Deposit:
        """A deposit of which the server was not told yet."""
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

    def invoice(self, row: Deposit) -> Invoice:
        return self.box.invoice_of(row.reference)

    def coins(self, row: Deposit, part: str) -> Decimal:
        """So much of what the invoice asks, in coins."""
        return (self.invoice(row).coins * Decimal(part)).quantize(Decimal("0.00000001"))

    def pay(self, row: Deposit, part: str = "", **more: Any) -> Deposit:
        """Coins come in; the webhooks of it are sent and worked."""
        self.box.pay(self.invoice(row), self.coins(row, part) if part else None, **more)
        self.hear()
        return self.shop.again(row)

    def hear(self) -> None:
        self.shop.work()
        self.box.post.pump()
        self.shop.work()

    def clearing(self, currency: str = "EUR") -> Any:
        return self.shop.balance("gateway:btcpay:clearing", currency)

    def wallet_of_client(self, number: str = ADDRESS) -> Destination:
        with self.shop.scope():
            row = destination_add(
                actor=self.shop.world.actor("olivia"),
                client=self.shop.client,
                kind="wallet",
                number=number,
                holder="Anna Eriksson",
            )
            return destination_approve(
                actor=self.shop.world.actor("petra"), destination=row, cool_down=timedelta(0)
            )

    def approved(self, amount: str = "60.00", number: str = ADDRESS) -> Withdrawal:
        """A withdrawal that was approved, and not sent yet."""
        target = self.wallet_of_client(number)
        row = self.shop.withdraw(amount, method=self.method, destination=target)
        with self.shop.scope():
            return withdrawal_approve(actor=self.shop.world.actor("petra"), withdrawal=row)

    def sent(self, amount: str = "60.00") -> Withdrawal:
        row = self.approved(amount)
        self.hear()
        return self.shop.outgoing(row)
