"""The demo's till: gateways and methods, deposits and withdrawals through the sandbox."""

import json
import os
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.core.money import Money
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.approvals import approval_vote
from backoffice.workflow.models import ApprovalBand
from clients.models import Client
from operations.demo import Demo, methods
from operations.demo.past import HOST, call
from operations.demo.people import ENTITIES
from operations.demo.reconciliation import ACCOUNTS
from payments.accounts import adapter_for, opened
from payments.automatic.dry_runs import dry_run_ask
from payments.automatic.rules import Rule
from payments.automatic.versions import version_make, version_propose
from payments.methods.services import method_save
from payments.models import Deposit, Destination, Method, Withdrawal
from payments.services import setup
from payments.services.deposits import deposit_create
from payments.services.destinations import destination_add, destination_approve
from payments.services.holds import payment_hold
from payments.services.notices import message_store
from payments.services.parts import GOING, parts_of
from payments.services.withdrawals import (
    withdrawal_approve,
    withdrawal_cancel,
    withdrawal_edit,
    withdrawal_reject,
    withdrawal_request,
)
from payments.states import DepositState, WithdrawalState
from reconciliation import intake
from trading.models import Account

CARDS = ("4242", "9010", "7788", "0032")
IBANS = {
    "EUR": ("FR7630006000011234567890189", "DE75512108001245126199", "NL91ABNA0417164300"),
    "GBP": ("GB33BUKB20201555555555", "GB94BARC10201530093459"),
}
BICS = {"aurora": "BCYPCY2N", "borealis": "NWBKGB2L"}
# With the gateway, which has not said yet what became of it.
OUT = (WithdrawalState.SUBMITTED, WithdrawalState.IN_PROGRESS)
BANDS = (
    (Decimal(5000), ["payments.approve_withdrawal"]),
    (None, ["payments.approve_withdrawal", "payments.approve_large_withdrawal"]),
)

RULES = (
    Rule(
        name="Cards under 500",
        amount_max=Decimal(500),
        methods=("card",),
        risk_bands=("low", "medium"),
        client_sum_max=Decimal(1_500),
        tenant_count_max=200,
    ),
)


class Sandbox:
    """The sandbox's gateway and bank, by their controls. ``bank``: 0 when there is none."""

    def __init__(self, gateway: int, bank: int) -> None:
        self.gateway, self.bank = gateway, bank

    def control(self, what: str, **data: Any) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(call(self.gateway, "POST", f"/control/{what}", data))
        return answer

    def visit(self, url: str) -> None:
        """Open a payment's page, as the client does."""
        call(self.gateway, "GET", url[url.index("/pay") :])

    def bank_post(self, what: str, **data: Any) -> None:
        call(self.bank, "POST", f"/{what}", data)

    def statement(self, iban: str, day: date) -> bytes:
        """The bank's camt.053 of a day."""
        return call(self.bank, "GET", f"/accounts/{iban}/statement?date={day.isoformat()}")


class Till:
    """One brokerage's money: who pays in, who takes out, what gateway and bank say of it."""

    def __init__(self, actor: Actor, demo: Demo, sandbox: Sandbox) -> None:
        self.actor, self.demo, self.sandbox = actor, demo, sandbox
        self.merchant = demo.tenant.slug
        self.currency = demo.tenant.base_currency
        self.wire: Method | None = None
        self._bank_days: set[tuple[str, date]] = set()
        self.ibans = {code: iban for _, iban, code in ACCOUNTS[self.merchant]}

    def scope(self) -> Any:
        return tenant_scope(self.actor.tenant_id, self.actor)

    def work(self) -> None:
        """What the workers would do now, until nothing is due."""
        while outbox.drain(self.actor):
            pass

    # Set-up

    def lay(self) -> None:
        lead = self.demo.actors["admin"]
        secret = f"demo secret of {self.merchant}"
        with self.scope():
            self.gateway = setup.gateway_connect(
                actor=lead,
                kind="cashier",
                name="Hosted cashier",
                base_url=f"http://{HOST}:{self.sandbox.gateway}",
                merchant_id=self.merchant,
                secret=secret,
            )
            values = {"gateway": self.gateway, "name": "Card"}
            terms = methods.card(self.demo.tenant)
            self.card = method_save(actor=lead, code="card", values=values, terms=terms)
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
        self.sandbox.control("merchants", id=self.merchant, secret=secret)
        self._rules(lead)

    def _rules(self, admin: Actor) -> None:
        """Small payments to cards that were paid to before need nobody."""
        petra = self.demo.actors["lead"]
        with self.scope():
            version = version_make(actor=petra, wanted=RULES, note="Small ones to known cards")
            dry_run_ask(actor=petra, version=version, days=30)
        self.work()
        with self.scope():
            asked = version_propose(actor=petra, version=version)
            approval_vote(actor=admin, approval=asked, approves=True)

    def _bank(self, lead: Actor) -> None:
        if not self.sandbox.bank:
            return
        self.iban = self.ibans[self.currency]
        for currency, iban in self.ibans.items():
            self.sandbox.bank_post(
                "accounts",
                iban=iban,
                currency=currency,
                opening="0.00",
                owner=self.demo.tenant.name,
            )
        gateway = setup.gateway_connect(
            actor=lead,
            kind="bank_wire",
            name="House bank",
            base_url=f"http://{HOST}:{self.sandbox.bank}",
            merchant_id=self.iban,
            holder=ENTITIES[self.merchant][0],
            bic=BICS[self.merchant],
            bank="Demo bank",
        )
        values = {"gateway": gateway, "name": "Bank wire"}
        terms = methods.wire(self.demo.tenant)
        self.wire = method_save(actor=lead, code="wire", values=values, terms=terms)
        methods.same_day_lay(actor=lead, tenant=self.demo.tenant, gateway=gateway)

    # Money in

    def deposit(
        self, client: Client, amount: Money, what: str = "paid", account: Account | None = None
    ) -> None:
        """By card, as far as ``what`` says; into the wallet, or on to an account."""
        compliance, staff = self.demo.actors["compliance"], self.demo.actors["payments"]
        self.demo.past.needed("GATEWAY", *(["MT5"] if account else []))
        with self.scope():
            row = deposit_create(
                actor=staff, client=client, method=self.card, money=amount, account=account
            )
            if what == "held":
                payment_hold(actor=compliance, payment=row, reason="Source of funds is asked for")
        if what == "open":
            return
        self.sandbox.visit(row.pay_url)
        facts = {"merchant": self.merchant, "reference": row.reference, "holder": client.name}
        facts["card"] = card_of(client)
        facts["status"] = what if what in ("declined", "pending") else "paid"
        if what == "other amount":
            facts["amount"] = format(amount.amount / 2, "f")
        if what == "stranger":
            facts["holder"] = "Karl Weber"
        self.sandbox.control("payments", **facts)
        self.hear()

    def dispute(self, client: Client, status: str = "disputed", **facts: str) -> None:
        """The bank behind the client's newest card deposit takes the money back; or says how that
        of a deposit that is disputed ended."""
        self.demo.past.needed("GATEWAY")
        with self.scope():
            rows = Deposit.objects.filter(
                tenant_id=self.actor.tenant_id,
                client=client,
                gateway=self.gateway,
                state=DepositState.DONE,
            )
            is_known = status != "disputed"
            paid = rows.filter(chargebacks__isnull=not is_known).latest("id")
        self.sandbox.control(
            "disputes", merchant=self.merchant, reference=paid.reference, status=status, **facts
        )
        self.hear()

    def hear(self) -> None:
        """Take in what the gateway has to say, as its webhook would, and do what follows."""
        found = self.sandbox.control("collect", merchant=self.merchant)["messages"]
        for headers, body in found:
            with self.scope():
                assert adapter_for(self.gateway).is_genuine(
                    opened(self.gateway), headers, body.encode()
                )
                message_store(
                    actor=self.actor, gateway=self.gateway, headers=headers, body=body.encode()
                )
        self.work()

    def wire_in(self, client: Client, amount: Money, arrives: Decimal | None = None) -> None:
        """A transfer by bank: announced now, on the account today, known by its statement."""
        assert self.wire is not None
        with self.scope():
            row = deposit_create(
                actor=self.demo.actors["payments"], client=client, method=self.wire, money=amount
            )
        self.receive(client.name, arrives if arrives is not None else amount.amount, row.reference)

    def receive(self, name: str, amount: Decimal, text: str, currency: str = "") -> None:
        """Money on our account from someone."""
        currency = currency or self.currency
        self._bank_days.add((currency, today()))
        self.demo.past.needed("BANK")
        self.sandbox.bank_post(
            "receipts",
            iban=self.ibans[currency],
            currency=currency,
            amount=format(amount.quantize(Decimal("0.01")), "f"),
            from_name=name,
            from_iban=IBANS[self.currency][len(name) % len(IBANS[self.currency])],
            text=text,
        )

    def bank_day(self, day: date) -> None:
        """Something was booked on our account of the base currency that day."""
        self._bank_days.add((self.currency, day))

    def statement_read(self, day: date) -> None:
        """The bank's statement of a day, imported by payments staff as from its file."""
        staff = self.demo.actors["payments"]
        for currency, iban in self.ibans.items():
            if (currency, day) not in self._bank_days:
                continue
            content = self.sandbox.statement(iban, day)
            with self.scope():
                name = f"{iban}-{day:%Y%m%d}.xml"
                intake.file_take(actor=staff, name=name, content=content)
        self.work()

    # Money out

    def withdraw(self, client: Client, amount: Money, what: str = "review") -> Withdrawal | None:
        """Ask for money, and take it as far as ``what`` says. None when it can't be asked for."""
        staff = self.demo.actors["payments"]
        with self.scope():
            method, target = self._target(client, what)
            if method is None:
                return None
            try:
                row = withdrawal_request(
                    actor=staff, client=client, method=method, destination=target, money=amount
                )
                if what == "bank":
                    row = self._pass_over(row)
            except DomainError:  # too little in the wallet, or stopped: the demo does without
                return None
        self.demo.past.needed("GATEWAY")
        if what == "unknown":
            self.sandbox.control("faults", kind="error_500", reference=row.reference, times=50)
        self.work()
        return row

    def decide(self, row: Withdrawal, what: str) -> None:
        """What people do about a withdrawal that waits."""
        lead, compliance = self.demo.actors["lead"], self.demo.actors["compliance"]
        self.demo.past.needed("GATEWAY", *(["BANK"] if what == "bank" else []))
        with self.scope():
            row.refresh_from_db()
            if row.state != "review":
                return
            if what in ("paid", "unknown", "second", "bank", "part failed"):
                if what == "bank":
                    self._bank_days.add((self.currency, today()))
                withdrawal_approve(actor=lead, withdrawal=row)
                if what == "part failed":
                    self._refuse_a_part(row)
            elif what == "held":
                payment_hold(actor=compliance, payment=row, reason="Pattern under review")
            elif what == "rejected":
                withdrawal_reject(actor=lead, withdrawal=row, reason_code="source_first")
            elif what == "cancelled":
                withdrawal_cancel(
                    actor=self.demo.actors["payments"],
                    withdrawal=row,
                    reason="The client changed their mind.",
                )
        self.work()

    def pay_out(self, row: Withdrawal) -> None:
        """The gateway has paid what was sent to a card: the whole, or its parts of that kind."""
        self.demo.past.needed("GATEWAY")
        with self.scope():
            row.refresh_from_db()
            parts = parts_of(row)
            going = [
                part.reference
                for part in parts
                if part.state in GOING and part.deposit_id is None and part.gateway == self.gateway
            ]
            if not parts and row.state in OUT and row.method_id == self.card.pk:
                going = [row.reference]
        for reference in going:
            self.sandbox.control(
                "payouts", merchant=self.merchant, reference=reference, status="paid"
            )
        self.hear()

    def _pass_over(self, row: Withdrawal) -> Withdrawal:
        """The cards that it came from can't take it: all of it leaves by wire."""
        return withdrawal_edit(
            actor=self.demo.actors["operations"],
            withdrawal=row,
            money=Money.rounded(row.amount, row.currency),
            destination=row.destination,
            waived="The card that it came from is closed",
        )

    def _refuse_a_part(self, row: Withdrawal) -> None:
        for part in row.parts.order_by("id")[:1]:
            self.sandbox.control("faults", kind="refused", reference=part.reference, times=1)

    def _target(self, client: Client, what: str) -> tuple[Method | None, Any]:
        support, admin = self.demo.actors["operations"], self.demo.actors["admin"]
        bank = what in ("bank", "parts", "part failed")
        ibans = IBANS[self.currency]
        digits = "5151" if what in ("new destination", "elsewhere") else card_of(client)
        number = ibans[sum(client.reference.encode()) % len(ibans)]
        row = destination_add(
            actor=support,
            client=client,
            kind="bank" if bank else "card",
            number=number if bank else f"fp_{client.reference}_{digits}",
            holder=client.name,
            label="" if bank else f"Card •• {digits}",
        )
        if what != "new destination" and row.state != Destination.State.APPROVED:
            destination_approve(actor=admin, destination=row, cool_down=timedelta(0))
        return (self.wire if bank else self.card), row


def card_of(client: Client) -> str:
    """The last digits of the card that a client pays with."""
    return CARDS[sum(client.reference.encode()) % len(CARDS)]


def till_of(actor: Actor, demo: Demo) -> Till | None:
    """None without the sandbox's gateway."""
    port = os.environ.get("SANDBOX_GATEWAY_PORT")
    if not port:
        return None
    return Till(actor, demo, Sandbox(int(port), int(os.environ.get("SANDBOX_BANK_PORT", "0"))))
