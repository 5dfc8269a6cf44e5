"""The adapter of a bank that takes single transfers over HTTP (``merchant_id`` is our IBAN).

The bank books a transfer when it takes it; that it was paid is said by its statement alone, which
the reconciliation reads. The end-to-end id is our reference, and makes a transfer idempotent.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping

from backoffice.core.money import Money
from payments.gateways import http
from payments.gateways.port import (
    About,
    Account,
    DisputeAnswer,
    GatewayError,
    Instrument,
    NotFound,
    Notice,
    NoticeUnreadable,
    PaymentName,
    PaymentOrder,
    PayoutOrder,
    Refused,
    Result,
    Sent,
    Started,
    Unknown,
)
from payments.gateways.reports import ReportProblem, ReportRow


class BankWire:
    kind = "bank_wire"
    label = "Bank transfer"
    by_statement = True
    needs_secret = False
    api_key_chars_min = 0
    starts_by_call = False
    tells_instrument = True
    pays_out = True
    pays_by_file = False
    needs_address = True
    answers_disputes = False
    reports = False

    def refuses(self, money: Money) -> str:
        return ""

    def start_payment(self, account: Account, order: PaymentOrder) -> Started:
        return Started("")

    def close_payment(self, account: Account, payment: PaymentName) -> None:
        """It has no page."""

    def is_genuine(self, account: Account, headers: Mapping[str, str], body: bytes) -> bool:
        return False  # a bank sends statements, not webhooks

    def delivery(self, headers: Mapping[str, str], body: bytes) -> str:
        return hashlib.sha256(body).hexdigest()

    def read(self, body: bytes) -> Notice:
        raise NoticeUnreadable("A bank sends no messages here.")

    def ask(self, account: Account, about: About) -> Notice:
        raise NotFound(about.provider_ref)  # a bank sends no messages

    def instrument(self, account: Account, notice: Notice) -> Instrument:
        return notice.instrument

    def poll_payment(self, account: Account, payment: PaymentName) -> Notice | None:
        return None

    def poll_payout(self, account: Account, payout: PaymentName) -> Notice | None:
        return None

    def read_report(self, content: bytes) -> Iterator[ReportRow | ReportProblem]:
        return iter(())

    def payout(self, account: Account, order: PayoutOrder) -> Result:
        body = {
            "from_iban": account.merchant_id,
            "to_iban": order.number,
            "to_name": order.holder,
            "to_bic": order.bic,
            "amount": format(order.money.amount, "f"),
            "currency": order.money.currency,
            "end_to_end_id": order.reference,
            "text": order.text,
        }
        try:
            answer = http.call(
                "POST",
                f"{account.base_url}/transfers",
                headers={},
                body=json.dumps(body).encode(),
            )
        except http.NoAnswer as error:
            return Unknown(f"{account.name} did not answer ({error})")
        if answer.status in (200, 201) and answer.data.get("reference"):
            return Sent(str(answer.data["reference"])[:80])
        if 400 <= answer.status < 500 and answer.data.get("error"):
            return Refused(str(answer.data.get("message") or answer.data["error"])[:200])
        return Unknown(f"{account.name} answered with status {answer.status}")

    def refund(
        self, account: Account, reference: str, payment: PaymentName, money: Money
    ) -> Result:
        return Refused("A transfer is given back by a payment to its sender.")

    def poll_dispute(self, account: Account, provider_ref: str) -> Notice | None:
        return None

    def answer_dispute(self, account: Account, answer: DisputeAnswer) -> Result:
        return Refused("A bank takes no evidence here.")

    def health(self, account: Account) -> None:
        try:
            answer = http.call("GET", f"{account.base_url}/health", headers={}, timeout_s=5)
        except http.NoAnswer as error:
            raise GatewayError(f"{account.name}: {error}", permanent=False) from error
        if answer.status != 200:
            raise GatewayError(f"{account.name}: status {answer.status}", permanent=False)
