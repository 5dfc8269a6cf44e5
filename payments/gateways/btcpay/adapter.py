"""The adapter of BTCPay Server's Greenfield API (``merchant_id`` is the store's id).

Its messages say that something happened to an invoice or a payout and not how much arrived, so each
makes us ask the server, and only its answer counts: messages may come late, twice and in any order.
Our reference is the invoice's order id and the pull payment's name.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any
from urllib.parse import quote

from backoffice.core.clock import now
from backoffice.core.money import Money
from payments.gateways import http
from payments.gateways.btcpay import client, invoices, payouts
from payments.gateways.btcpay.client import Data
from payments.gateways.port import (
    About,
    Account,
    AskFirst,
    DisputeAnswer,
    GatewayError,
    Instrument,
    NotFound,
    NothingFollows,
    Notice,
    NoticeUnreadable,
    PaymentName,
    PaymentOrder,
    PayoutOrder,
    Refused,
    Result,
    Started,
    Unknown,
)
from payments.gateways.references import our_reference
from payments.gateways.reports import ReportProblem, ReportRow

NAME_CHARS_MAX = invoices.NAME_CHARS_MAX
URL_CHARS_MAX = 2000
HEALTH_TIMEOUT_S = 5.0
MINUTES_MIN, MINUTES_MAX = 1, 60 * 24 * 30


class BTCPay:
    kind = "btcpay"
    label = "BTCPay Server (crypto)"
    by_statement = False
    needs_secret = True
    api_key_chars_min = 16
    starts_by_call = True
    tells_instrument = True
    pays_out = True
    pays_by_file = False
    needs_address = True
    answers_disputes = False
    reports = False

    def refuses(self, money: Money) -> str:
        return ""

    # Money in

    def start_payment(self, account: Account, order: PaymentOrder) -> Started | Refused | Unknown:
        path = client.store(account, "/invoices")
        try:
            reply = client.call(account, "GET", path, params=[("orderId", order.reference)])
            if not reply.done or not isinstance(reply.data, list):
                return Unknown(f"{account.name} answered with status {reply.status}")
            known = [row for row in reply.data if invoices.reference_of(row) == order.reference]
            if known:
                return _started(account, known[0])
            reply = client.call(account, "POST", path, _invoice(order))
        except http.NoAnswer as error:
            return Unknown(f"{account.name} did not answer ({error})")
        if reply.done and isinstance(reply.data, dict):
            return _started(account, reply.data)
        if reply.refusal:
            return Refused(reply.refusal)
        return Unknown(f"{account.name} answered with status {reply.status}")

    def close_payment(self, account: Account, payment: PaymentName) -> None:
        if not payment.provider_ref:
            return
        path = client.store(account, f"/invoices/{quote(payment.provider_ref, safe='')}/status")
        try:
            reply = client.call(account, "POST", path, {"status": "Invalid"})
        except http.NoAnswer as error:
            raise GatewayError(f"{account.name}: {error}", permanent=False) from error
        if not reply.done and not reply.refusal:  # refused: over already, its messages tell
            raise GatewayError(f"{account.name}: status {reply.status}", permanent=False)

    def is_genuine(self, account: Account, headers: Mapping[str, str], body: bytes) -> bool:
        given = headers.get("BTCPay-Sig", "").encode()
        # All are compared, so that the time taken tells nothing of which one fits.
        fits = [
            hmac.compare_digest(signature(secret, body).encode(), given)
            for secret in account.secrets
        ]
        return any(fits)

    def delivery(self, headers: Mapping[str, str], body: bytes) -> str:
        """The first delivery's name, which every later one of the same message carries."""
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            data = None
        data = data if isinstance(data, dict) else {}
        named = data.get("originalDeliveryId") or data.get("deliveryId")
        if isinstance(named, str) and 0 < len(named) <= NAME_CHARS_MAX:
            return named
        return f"sha256:{hashlib.sha256(body).hexdigest()}"

    def read(self, body: bytes) -> Notice:
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            raise NoticeUnreadable("The body is not JSON.") from None
        if not isinstance(data, dict) or not isinstance(data.get("type"), str):
            raise NoticeUnreadable("It is not a message of BTCPay.")
        kind = data["type"]
        if kind == "InvoiceCreated":
            raise NothingFollows("Nothing was paid yet.")
        if kind.startswith("Invoice"):
            raise AskFirst(About(_name(data.get("invoiceId")), delivery=_delivery(data)))
        if kind.startswith("Payout"):
            pull = data.get("pullPaymentId")
            if not pull:
                raise NothingFollows("It is about a payout that we did not ask for.")
            raise AskFirst(About(_name(pull), is_payout=True, delivery=_delivery(data)))
        raise NothingFollows(f"Nothing follows from {kind[:80]}.")

    def ask(self, account: Account, about: About) -> Notice:
        if about.is_payout:
            reference = payouts.reference_of(account, about.provider_ref)
            if our_reference(reference) != reference:
                raise NothingFollows("It is about a payout that we did not ask for.")
            return payouts.polled(account, PaymentName(reference, about.provider_ref), at=now())
        return self._invoice(account, about.provider_ref)

    def _invoice(self, account: Account, name: str) -> Notice:
        path = client.store(account, f"/invoices/{quote(name, safe='')}")
        invoice = client.known(account, path)
        if not invoices.reference_of(invoice):
            raise NothingFollows("It is about an invoice that we did not make.")
        methods = client.listed(account, f"{path}/payment-methods")
        try:
            return invoices.notice_of(invoice, methods, at=now())
        except NoticeUnreadable as error:
            raise GatewayError(f"{account.name}: {error}", permanent=False) from error

    def instrument(self, account: Account, notice: Notice) -> Instrument:
        return notice.instrument

    def poll_payment(self, account: Account, payment: PaymentName) -> Notice | None:
        # Nobody could pay an invoice whose address we were never told.
        if not payment.provider_ref:
            raise NotFound(payment.reference)
        try:
            return self._invoice(account, payment.provider_ref)
        except NothingFollows as error:
            raise NotFound(payment.reference) from error

    # Money out

    def poll_payout(self, account: Account, payout: PaymentName) -> Notice | None:
        return payouts.polled(account, payout, at=now())

    def payout(self, account: Account, order: PayoutOrder) -> Result:
        return payouts.paid_out(account, order)

    def refund(
        self, account: Account, reference: str, payment: PaymentName, money: Money
    ) -> Result:
        return Refused(
            "Coins can't go back to where they came from: credit it, and pay it out to a wallet "
            "that the client names."
        )

    def read_report(self, content: bytes) -> Iterator[ReportRow | ReportProblem]:
        return iter(())

    def poll_dispute(self, account: Account, provider_ref: str) -> Notice | None:
        return None

    def answer_dispute(self, account: Account, answer: DisputeAnswer) -> Result:
        return Refused("Nobody takes coins back.")

    def health(self, account: Account) -> None:
        if not account.api_key:
            raise GatewayError(f"{account.name} has no API key.", permanent=False)
        try:
            reply = client.call(account, "GET", client.store(account), timeout_s=HEALTH_TIMEOUT_S)
        except http.NoAnswer as error:
            raise GatewayError(f"{account.name}: {error}", permanent=False) from error
        if reply.status in (401, 403):
            raise GatewayError(f"{account.name} does not take the API key.", permanent=False)
        if reply.status == 404:
            raise GatewayError(f"{account.name} has no store of this id.", permanent=False)
        if not reply.done:
            raise GatewayError(f"{account.name}: status {reply.status}", permanent=False)


def signature(secret: str, body: bytes) -> str:
    """The ``BTCPay-Sig`` of a body."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def _invoice(order: PaymentOrder) -> Data:
    minutes = ceil((order.expires_at - order.created_at).total_seconds() / 60)
    return {
        "amount": format(order.money.amount, "f"),
        "currency": order.money.currency,
        "metadata": {"orderId": order.reference, "itemDesc": f"Deposit {order.reference}"},
        "checkout": {
            "expirationMinutes": min(max(minutes, MINUTES_MIN), MINUTES_MAX),
            "redirectURL": order.return_url,
            "redirectAutomatically": True,
        },
    }


def _started(account: Account, invoice: Any) -> Started | Unknown:
    url, name = invoice.get("checkoutLink"), invoice.get("id")
    ours = isinstance(url, str) and url.startswith(("https://", f"{account.base_url}/"))
    if not ours or len(url) > URL_CHARS_MAX or not isinstance(name, str):
        return Unknown(f"{account.name} made an invoice whose address can't be used")
    if not 0 < len(name) <= NAME_CHARS_MAX:
        return Unknown(f"{account.name} made an invoice whose name can't be kept")
    return Started(url, name)


def _name(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= NAME_CHARS_MAX:
        raise NoticeUnreadable("It does not name what it is about.")
    return value


def _delivery(data: Data) -> str:
    return str(data.get("deliveryId") or "")[:NAME_CHARS_MAX]
