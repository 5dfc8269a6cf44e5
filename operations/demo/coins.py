"""The demo's crypto: invoices at the sandbox's BTCPay Server."""

import json
import os
from typing import Any

from backoffice.core.money import Money
from clients.models import Client
from operations.demo import methods
from operations.demo.past import HOST, call
from operations.demo.payments import Till
from payments.accounts import adapter_for, notify_url, opened
from payments.methods.services import method_save
from payments.services import setup
from payments.services.deposits import deposit_create
from payments.services.notices import message_store

TENANT = "aurora"


class Coins:
    """Payments at BTCPay; its messages are fetched, as its webhooks would bring them."""

    def __init__(self, till: Till, port: int) -> None:
        self.till, self.port = till, port
        self.store = f"store_demo_{till.merchant}"

    def lay(self) -> None:
        till, lead = self.till, self.till.demo.actors["admin"]
        key, secret = (
            f"key_of_the_demo_of_{till.merchant}",
            f"secret_of_the_demo_of_{till.merchant}",
        )
        with till.scope():
            self.gateway = setup.gateway_connect(
                actor=lead,
                kind="btcpay",
                name="BTCPay",
                base_url=f"http://{HOST}:{self.port}",
                merchant_id=self.store,
                secret=secret,
                api_key=key,
            )
            values = {
                "gateway": self.gateway,
                "name": "Crypto",
                "instrument": "wallet",
                **methods.NOT_EVERYWHERE,
            }
            terms = methods.crypto(till.demo.tenant)
            self.method = method_save(actor=lead, code="crypto", values=values, terms=terms)
            url = notify_url(self.gateway)
        self._control("stores", id=self.store, key=key, secret=secret, url=url)

    def deposit(self, client: Client, amount: Money, how: str) -> None:
        """In coins: ``pay``, or ``later`` where the chain has not confirmed it yet."""
        self.till.demo.past.needed("BTCPAY")
        with self.till.scope():
            row = deposit_create(
                actor=self.till.demo.actors["payments"],
                client=client,
                method=self.method,
                money=amount,
            )
        self.hear()
        self._control("invoices", reference=row.reference, do=how)
        self.hear()

    def hear(self) -> None:
        self.till.work()
        for headers, body in self._control("collect", store=self.store)["messages"]:
            with self.till.scope():
                account = opened(self.gateway)
                assert adapter_for(self.gateway).is_genuine(account, headers, body.encode())
                message_store(
                    actor=self.till.actor, gateway=self.gateway, headers=headers, body=body.encode()
                )
        self.till.work()

    def _control(self, what: str, **data: Any) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(call(self.port, "POST", f"/control/{what}", data))
        return answer


def coins_of(till: Till) -> Coins | None:
    """None for another brokerage, or without the sandbox's BTCPay."""
    port = os.environ.get("SANDBOX_BTCPAY_PORT")
    return Coins(till, int(port)) if port and till.merchant == TENANT else None
