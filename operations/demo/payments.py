"""The demo's money: gateways, methods, deposits paid in the sandbox, withdrawals that wait."""

import json
import os
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from itertools import cycle
from typing import Any

import urllib3

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.core.money import Money
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.models import ApprovalBand, OutboxItem
from clients.models import Client, ClientAction
from operations.demo import Demo, step
from operations.demo.reconciliation import ACCOUNTS
from payments import handlers
from payments.accounts import adapter_for, opened
from payments.gateways.port import NotFound
from payments.models import Deposit, Destination, GatewayAccount, Method, Withdrawal
from payments.services import setup
from payments.services.deposits import deposit_create
from payments.services.destinations import destination_add, destination_approve
from payments.services.holds import payment_hold
from payments.services.notices import notice_apply
from payments.services.transfers import deposit_forward
from payments.services.withdrawals import (
    withdrawal_approve,
    withdrawal_cancel,
    withdrawal_reject,
    withdrawal_request,
)

CARDS = ("4242", "9010", "7788", "0032")
# What becomes of each deposit, in turn.
DEPOSITS = (
    *["paid"] * 8, "other amount", *["paid"] * 4, "stranger", *["paid"] * 4, "declined",
    *["paid"] * 5, "open", "pending", *["paid"] * 4, "other amount", "held", *["paid"] * 4,
    "stranger", "open",
)  # fmt: skip
WITHDRAWALS = (
    "review", "approved", "review", "second", "held", "rejected", "unknown", "approved", "review",
    "cancelled", "approved", "new destination", "review", "approved", "review", "bank",
    "approved", "review", "bank",
)  # fmt: skip
AMOUNTS = ("250.00", "1200.00", "500.00", "12500.00", "800.00", "3000.00", "150.00", "20000.00")
OUT = ("100.00", "200.00", "120.00", "6000.00", "150.00")
IBANS = {
    "EUR": ("FR7630006000011234567890189", "DE75512108001245126199", "NL91ABNA0417164300"),
    "GBP": ("GB33BUKB20201555555555", "GB94BARC10201530093459"),
}
BANDS = (
    (Decimal(5000), ["payments.approve_withdrawal"]),
    (None, ["payments.approve_withdrawal", "payments.approve_large_withdrawal"]),
)


# A kept connection may be closed by the other side just when the next request leaves.
CLOSE = {"Connection": "close"}


class _Sandbox:
    """The sandbox's gateway, by its controls."""

    def __init__(self, port: str) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self._http = urllib3.PoolManager(retries=False, timeout=10)

    def control(self, what: str, **data: Any) -> None:
        body = json.dumps(data).encode()
        self._http.request("POST", f"{self.address}/control/{what}", body=body, headers=CLOSE)

    def open(self, url: str) -> None:
        self._http.request("GET", url, headers=CLOSE)


class _Money:
    """One brokerage while its money is made up."""

    def __init__(self, actor: Actor, demo: Demo, sandbox: _Sandbox) -> None:
        self.actor, self.demo, self.sandbox = actor, demo, sandbox
        self.merchant = demo.tenant.slug
        self.currency = demo.tenant.base_currency

    def scope(self) -> Any:
        return tenant_scope(self.actor.tenant_id, self.actor)

    # Set-up

    def lay(self) -> None:
        lead = self.demo.actors["admin"]
        secret = f"demo secret of {self.merchant}"
        with self.scope():
            cashier = setup.gateway_connect(
                actor=lead,
                kind="cashier",
                name="Hosted cashier",
                base_url=self.sandbox.address,
                merchant_id=self.merchant,
                secret=secret,
            )
            values = {
                "currencies": self.demo.tenant.currencies,
                "amount_min": Decimal(20),
                "amount_max": Decimal(50_000),
                "automatic_withdrawal_max": Decimal(500),
                "gateway": cashier,
                "name": "Card",
                "position": 10,
            }
            self.card = setup.method_save(actor=lead, code="card", values=values)
            self._bank(lead)
            for most, steps in BANDS:
                ApprovalBand.objects.get_or_create(
                    tenant_id=self.actor.tenant_id,
                    kind="payments.withdrawal",
                    amount_max=most,
                    defaults={"steps": steps},
                )
            if "USD" in self.demo.tenant.currencies:
                setup.rate_set(actor=lead, currency="USD", to_base=Decimal("0.92"))
        self.gateway = cashier
        self.sandbox.control("merchants", id=self.merchant, secret=secret)

    def _bank(self, lead: Actor) -> None:
        port = os.environ.get("SANDBOX_BANK_PORT", "")
        self.wire: Method | None = None
        if not port:
            return
        iban = next(iban for _, iban, code in ACCOUNTS[self.merchant] if code == self.currency)
        bank = f"http://127.0.0.1:{port}"
        account = {
            "iban": iban,
            "currency": self.currency,
            "opening": "250000.00",
            "owner": self.demo.tenant.name,
        }
        urllib3.request("POST", f"{bank}/accounts", body=json.dumps(account).encode())
        gateway = setup.gateway_connect(
            actor=lead, kind="bank_wire", name="House bank", base_url=bank, merchant_id=iban
        )
        values = {
            "currencies": [self.currency],
            "amount_min": Decimal(50),
            "gateway": gateway,
            "name": "Bank wire",
            "position": 20,
        }
        self.wire = setup.method_save(actor=lead, code="wire", values=values)

    # Deposits

    def deposit(self, client: Client, what: str, amount: Money) -> None:
        compliance, staff = self.demo.actors["compliance"], self.demo.actors["payments"]
        with self.scope():
            row = deposit_create(actor=staff, client=client, method=self.card, money=amount)
            if what == "held":
                payment_hold(actor=compliance, payment=row, reason="Source of funds is asked for")
        if what == "open":
            return
        self.sandbox.open(row.pay_url)
        facts = {"merchant": self.merchant, "reference": row.reference, "holder": client.name}
        facts["card"] = CARDS[sum(client.reference.encode()) % len(CARDS)]
        facts["status"] = what if what in ("declined", "pending") else "paid"
        if what == "other amount":
            facts["amount"] = format(amount.amount / 2, "f")
        if what == "stranger":
            facts["holder"] = "Karl Weber"
        self.sandbox.control("payments", **facts)
        self._ask(row)

    def _ask(self, row: Deposit) -> None:
        """What the gateway's message would say; the message itself follows and changes nothing."""
        with self.scope():
            account = opened(self.gateway)
        with suppress(NotFound):
            notice = adapter_for(self.gateway).poll_payment(account, row.reference)
            assert notice is not None
            with self.scope():
                notice_apply(actor=self.actor, gateway=self.gateway, notice=notice)
                deposit_forward(actor=self.actor, deposit_id=row.pk)

    # Withdrawals

    def withdraw(self, client: Client, what: str, amount: Money) -> None:
        staff, lead = self.demo.actors["payments"], self.demo.actors["lead"]
        with self.scope():
            method, target = self._target(client, what)
            if method is None:
                return
            try:
                row = withdrawal_request(
                    actor=staff, client=client, method=method, destination=target, money=amount
                )
            except DomainError:
                return  # this client has too little: the demo does without
        if what == "unknown":
            self.sandbox.control("faults", kind="error_500", reference=row.reference, times=50)
        with self.scope():
            self._decide(row, what, lead)
        if what == "unknown":
            self._submit(row)

    def _target(self, client: Client, what: str) -> tuple[Method | None, Any]:
        support, admin = self.demo.actors["operations"], self.demo.actors["admin"]
        last = sum(client.reference.encode())
        bank = what == "bank"
        ibans = IBANS[self.currency]
        card = f"fp_{client.reference}_{CARDS[last % len(CARDS)]}"
        row = destination_add(
            actor=support,
            client=client,
            kind="bank" if bank else "card",
            number=ibans[last % len(ibans)] if bank else card,
            holder=client.name,
            label="" if bank else f"Card •• {CARDS[last % len(CARDS)]}",
        )
        if what != "new destination" and row.state != Destination.State.APPROVED:
            destination_approve(actor=admin, destination=row, cool_down=timedelta(0))
        return (self.wire if bank else self.card), row

    def _decide(self, row: Withdrawal, what: str, lead: Actor) -> None:
        if row.state != "review":
            return
        compliance, staff = self.demo.actors["compliance"], self.demo.actors["payments"]
        if what in ("approved", "unknown", "second", "bank"):
            withdrawal_approve(actor=lead, withdrawal=row)
        elif what == "held":
            payment_hold(actor=compliance, payment=row, reason="Pattern under review")
        elif what == "rejected":
            withdrawal_reject(actor=lead, withdrawal=row, reason_code="source_first")
        elif what == "cancelled":
            withdrawal_cancel(actor=staff, withdrawal=row, reason="The client changed their mind.")

    def _submit(self, row: Withdrawal) -> None:
        with self.scope():
            item = OutboxItem.objects.filter(
                tenant_id=self.actor.tenant_id, topic="payments.submit", subject_id=row.pk
            ).first()
        if item is not None:
            handlers.submit(self.actor, item)


def _clients(actor: Actor) -> list[Client]:
    """Those who may pay in and take out, in the order in which they came."""
    rows = Client.objects.filter(
        tenant_id=actor.tenant_id,
        state="active",
        rights__contains=[ClientAction.DEPOSIT.value, ClientAction.WITHDRAW.value],
    )
    return list(rows.order_by("reference")[:25])


@step("payments", 50, opens_scope=True)
def payments(actor: Actor, demo: Demo) -> None:
    port = os.environ.get("SANDBOX_GATEWAY_PORT", "")
    with tenant_scope(actor.tenant_id, actor):
        clients = _clients(actor)
        laid = GatewayAccount.objects.filter(tenant_id=actor.tenant_id).exists()
    if not port or laid:
        return
    money = _Money(actor, demo, _Sandbox(port))
    money.lay()
    if not clients:
        return
    for what, client, text in zip(DEPOSITS, cycle(clients), cycle(AMOUNTS), strict=False):
        with suppress(DomainError):  # a client whom a restriction stops is passed over
            money.deposit(client, what, _amount(money, text))
    for what, client, text in zip(WITHDRAWALS, cycle(clients), cycle(OUT), strict=False):
        with suppress(DomainError):
            money.withdraw(client, what, _amount(money, text))


def _amount(money: _Money, text: str) -> Money:
    return Money(Decimal(text), money.currency)
