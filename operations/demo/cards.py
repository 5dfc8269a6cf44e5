"""The demo's second gateway: cards through the sandbox's Stripe, beside the hosted cashier."""

import json
import os
from typing import Any

from backoffice.core.money import Money
from clients.models import Client
from operations.demo import methods
from operations.demo.past import HOST, call
from operations.demo.payments import Till, card_of
from payments.accounts import adapter_for, notify_url, opened
from payments.methods.services import method_save
from payments.models import Deposit
from payments.services import setup
from payments.services.deposits import deposit_create
from payments.services.notices import message_store
from payments.states import DepositState

# Whose brokerage has it, so that one with a single gateway can be looked at too.
TENANT = "aurora"


class Cards:
    """Payments at Stripe; their events are fetched, as its webhooks would bring them."""

    def __init__(self, till: Till, port: int) -> None:
        self.till, self.port = till, port
        self.owner = f"acct_demo_{till.merchant}"

    def lay(self) -> None:
        till, lead = self.till, self.till.demo.actors["admin"]
        key, secret = f"sk_test_demo_of_{till.merchant}", f"whsec_demo_of_{till.merchant}"
        with till.scope():
            self.gateway = setup.gateway_connect(
                actor=lead,
                kind="stripe",
                name="Stripe",
                base_url=f"http://{HOST}:{self.port}",
                merchant_id=self.owner,
                secret=secret,
                api_key=key,
            )
            values = {
                "makes_withdrawals": False,
                "gateway": self.gateway,
                "name": "Card (Stripe)",
            }
            terms = methods.stripe(till.demo.tenant)
            self.method = method_save(actor=lead, code="stripe", values=values, terms=terms)
            url = notify_url(self.gateway)
        self._control("accounts", id=self.owner, key=key, secret=secret, url=url)

    def deposit(self, client: Client, amount: Money, *, paid: bool = True) -> None:
        """By card, paid or still at its page."""
        self.till.demo.past.needed("STRIPE")
        with self.till.scope():
            row = deposit_create(
                actor=self.till.demo.actors["payments"],
                client=client,
                method=self.method,
                money=amount,
            )
        self.till.work()
        if paid:
            facts = {"holder": client.name, "card": card_of(client)}
            self._control("sessions", reference=row.reference, status="paid", **facts)
            self.hear()

    def dispute(self, client: Client, reason: str) -> None:
        """The bank behind the client's newest payment takes the money back."""
        self.till.demo.past.needed("STRIPE")
        with self.till.scope():
            paid = Deposit.objects.filter(
                tenant_id=self.till.actor.tenant_id,
                client=client,
                gateway=self.gateway,
                state=DepositState.DONE,
            ).latest("id")
        self._control("disputes", reference=paid.reference, reason=reason)
        self.hear()

    def hear(self) -> None:
        for headers, body in self._control("collect", account=self.owner)["messages"]:
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


def cards_of(till: Till) -> Cards | None:
    """None for another brokerage, or without the sandbox's Stripe."""
    port = os.environ.get("SANDBOX_STRIPE_PORT")
    return Cards(till, int(port)) if port and till.merchant == TENANT else None
