"""The adapter of the generic hosted cashier."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote, urlencode

from backoffice.core.clock import now
from backoffice.core.errors import InvalidInput
from backoffice.core.money import Money
from payments.gateways import http
from payments.gateways.cashier import signing
from payments.gateways.cashier.report import read_report
from payments.gateways.port import (
    About,
    Account,
    Dispute,
    DisputeAnswer,
    DisputeStage,
    GatewayError,
    Instrument,
    NotFound,
    Notice,
    NoticeUnreadable,
    Outcome,
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

STATUSES = {
    "created": Outcome.PENDING,
    "pending": Outcome.PENDING,
    "authorized": Outcome.AUTHORIZED,
    "in_progress": Outcome.IN_PROGRESS,
    "paid": Outcome.PAID,
    "declined": Outcome.DECLINED,
    "cancelled": Outcome.CANCELLED,
    "failed": Outcome.FAILED,
}
DISPUTES = {
    "dispute_inquiry": DisputeStage.INQUIRY,
    "disputed": DisputeStage.TAKEN,
    "dispute_won": DisputeStage.WON,
    "dispute_lost": DisputeStage.LOST,
    "dispute_closed": DisputeStage.INQUIRY_CLOSED,
}
DELIVERY_CHARS_MAX = 80


class Cashier:
    kind = "cashier"
    label = "Hosted cashier"
    by_statement = False
    needs_secret = True
    api_key_chars_min = 0
    starts_by_call = False
    tells_instrument = True
    pays_out = True
    pays_by_file = False
    needs_address = True
    answers_disputes = False
    reports = True

    def refuses(self, money: Money) -> str:
        return ""

    def start_payment(self, account: Account, order: PaymentOrder) -> Started:
        parameters = {
            "merchant": account.merchant_id,
            "reference": order.reference,
            "amount": format(order.money.amount, "f"),
            "currency": order.money.currency,
            "customer": order.customer,
            "return_url": order.return_url,
            "notify_url": order.notify_url,
            "expires": str(int(order.expires_at.timestamp())),
        }
        signature = signing.parameters_signature(account.secrets[0], parameters)
        query = urlencode({**parameters, "signature": signature})
        return Started(f"{account.base_url}/pay?{query}")

    def close_payment(self, account: Account, payment: PaymentName) -> None:
        """Its page ends by itself, at the time that its address says."""

    def is_genuine(self, account: Account, headers: Mapping[str, str], body: bytes) -> bool:
        return signing.is_signed(account.secrets, body, headers.get("X-Cashier-Signature", ""))

    def delivery(self, headers: Mapping[str, str], body: bytes) -> str:
        # The header is not signed, so the name is taken from the signed body; its hash otherwise.
        try:
            named = json.loads(body)["id"]
        except (ValueError, RecursionError, TypeError, KeyError):
            named = ""
        if isinstance(named, str) and 0 < len(named) <= DELIVERY_CHARS_MAX:
            return named
        return f"sha256:{hashlib.sha256(body).hexdigest()}"[:DELIVERY_CHARS_MAX]

    def read(self, body: bytes) -> Notice:
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            raise NoticeUnreadable("The body is not JSON.") from None
        if not isinstance(data, dict):
            raise NoticeUnreadable("The body is not a JSON object.")
        return _notice(data, _moment(data))

    def ask(self, account: Account, about: About) -> Notice:
        raise NotFound(about.provider_ref)  # its messages say what happened

    def instrument(self, account: Account, notice: Notice) -> Instrument:
        return notice.instrument

    def poll_payment(self, account: Account, payment: PaymentName) -> Notice | None:
        return self._poll(account, f"/api/payments/{quote(payment.reference, safe='')}")

    def poll_payout(self, account: Account, payout: PaymentName) -> Notice | None:
        return self._poll(account, f"/api/payouts/{quote(payout.reference, safe='')}")

    def _poll(self, account: Account, path: str) -> Notice:
        try:
            answer = _signed(account, "GET", path, b"")
        except http.NoAnswer as error:
            raise GatewayError(f"{account.name}: {error}", permanent=False) from error
        if answer.status == 404 and answer.data.get("error") in (
            "unknown_payment",
            "unknown_payout",
        ):
            raise NotFound(path)
        if answer.status != 200:
            raise GatewayError(f"{account.name}: status {answer.status}", permanent=False)
        try:
            return _notice(answer.data, now())
        except NoticeUnreadable as error:
            raise GatewayError(f"{account.name}: {error}", permanent=False) from error

    def read_report(self, content: bytes) -> Iterator[ReportRow | ReportProblem]:
        return read_report(content)

    def payout(self, account: Account, order: PayoutOrder) -> Result:
        body = {
            "reference": order.reference,
            "amount": format(order.money.amount, "f"),
            "currency": order.money.currency,
            "destination": {"kind": order.kind, "number": order.number, "holder": order.holder},
            "notify_url": order.notify_url,
        }
        return _result(account, "/api/payouts", body, "payout_id")

    def refund(
        self, account: Account, reference: str, payment: PaymentName, money: Money
    ) -> Result:
        body = {
            "reference": reference,
            "payment_reference": payment.reference,
            "amount": format(money.amount, "f"),
            "currency": money.currency,
        }
        return _result(account, "/api/refunds", body, "refund_id", silent=Outcome.PAID)

    def poll_dispute(self, account: Account, provider_ref: str) -> Notice | None:
        return None

    def answer_dispute(self, account: Account, answer: DisputeAnswer) -> Result:
        return Refused("Answer in the provider's own portal; then say here that you did.")

    def health(self, account: Account) -> None:
        try:
            answer = http.call("GET", f"{account.base_url}/health", headers={}, timeout_s=5)
        except http.NoAnswer as error:
            raise GatewayError(f"{account.name}: {error}", permanent=False) from error
        if answer.status != 200:
            raise GatewayError(f"{account.name}: status {answer.status}", permanent=False)


def _signed(account: Account, method: str, path: str, body: bytes) -> http.Answer:
    signed = f"{method} {path}\n".encode() + body
    headers = {
        "X-Cashier-Merchant": account.merchant_id,
        "X-Cashier-Signature": signing.message_signature(account.secrets[0], signed),
    }
    return http.call(method, f"{account.base_url}{path}", headers=headers, body=body)


def _result(
    account: Account,
    path: str,
    body: dict[str, Any],
    name: str,
    *,
    silent: Outcome = Outcome.PENDING,
) -> Result:
    """``silent``: what an answer without a status means."""
    try:
        answer = _signed(account, "POST", path, json.dumps(body).encode())
    except http.NoAnswer as error:
        return Unknown(f"{account.name} did not answer ({error})")
    if answer.status in (200, 201) and answer.data.get(name):
        status = STATUSES.get(str(answer.data.get("status", "")), silent)
        return Sent(str(answer.data[name])[:80], status)
    # Only what the gateway says in its own words is a refusal: a proxy's 4xx or any 5xx is not.
    if 400 <= answer.status < 500 and answer.data.get("error"):
        return Refused(str(answer.data.get("message") or answer.data["error"])[:200])
    return Unknown(f"{account.name} answered with status {answer.status}")


def _moment(data: dict[str, Any]) -> datetime:
    try:
        moment = datetime.fromisoformat(str(data["at"]))
    except (KeyError, ValueError):
        raise NoticeUnreadable("It does not say when it happened.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _notice(data: dict[str, Any], at: datetime) -> Notice:
    reference, status = data.get("reference"), data.get("status")
    if not isinstance(reference, str) or not 0 < len(reference) <= 40:
        raise NoticeUnreadable("It names no reference.")
    if not isinstance(status, str) or status not in {*STATUSES, *DISPUTES}:
        raise NoticeUnreadable(f"The status {str(status)[:40]!r} is not known.")
    provider_ref = data.get("payment_id") or data.get("payout_id") or ""
    return Notice(
        reference=reference,
        outcome=STATUSES.get(status, Outcome.DISPUTED),
        money=_money(data),
        at=at,
        delivery=str(data.get("id", ""))[:80],
        provider_ref=str(provider_ref)[:80],
        reason=str(data.get("reason", ""))[:200],
        instrument=_instrument(data.get("instrument")),
        dispute=_dispute(data, DISPUTES[status]) if status in DISPUTES else None,
    )


def _dispute(data: dict[str, Any], stage: DisputeStage) -> Dispute:
    """``dispute``: its ``id``, the bank's ``reason``, ``due`` (ISO 8601) and the ``fee`` in the
    payment's currency, each where the provider says it."""
    found = data.get("dispute")
    about = found if isinstance(found, dict) else {}
    name = about.get("id") or data.get("payment_id")
    if not isinstance(name, str) or not 0 < len(name) <= DELIVERY_CHARS_MAX:
        raise NoticeUnreadable("It names no dispute.")
    due = about.get("due")
    return Dispute(
        provider_ref=name,
        stage=stage,
        reason_code=str(about.get("reason") or "general")[:40],
        due_at=_moment({"at": due}) if due else None,
        fee=_money({"amount": about["fee"], "currency": data.get("currency")})
        if about.get("fee")
        else None,
    )


def _money(data: dict[str, Any]) -> Money:
    amount, currency = data.get("amount"), data.get("currency")
    if not isinstance(amount, str) or not isinstance(currency, str):
        raise NoticeUnreadable("It names no amount with its currency.")
    try:
        money = Money(Decimal(amount), currency)
    except InvalidOperation:
        raise NoticeUnreadable(f"{amount[:40]!r} is not an amount.") from None
    except InvalidInput as error:
        raise NoticeUnreadable(error.sentence) from None
    if money.minor <= 0:
        raise NoticeUnreadable("The amount is not above zero.")
    return money


def _instrument(data: Any) -> Instrument:
    if not isinstance(data, dict):
        return Instrument()
    return Instrument(
        label=str(data.get("label", ""))[:60],
        fingerprint=str(data.get("fingerprint", ""))[:200],
        country=str(data.get("country", ""))[:2],
        holder=str(data.get("holder", ""))[:140],
    )
