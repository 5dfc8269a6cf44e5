"""The adapter of Praxis' Cashier, Agent and Direct APIs, version 1.3.

``merchant_id`` and ``api_key`` are the merchant id and the application key, the secret is the
merchant secret. Our reference is the order id, its ``tid`` the provider's name of a payment. A
message says which order moved and not, under its signature, how: each makes us ask.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from backoffice.core.clock import now
from backoffice.core.errors import InvalidInput
from backoffice.core.money import Money
from payments.gateways import http
from payments.gateways.port import (
    About,
    Account,
    AskFirst,
    Attempt,
    DisputeAnswer,
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
    SignedAnswer,
    Started,
    Unknown,
)
from payments.gateways.praxis import amounts, client, signing, states
from payments.gateways.reports import ReportProblem, ReportRow

LOCALE = "en-GB"
URL_CHARS_MAX = 2000
HEALTH_TIMEOUT_S = 5.0
NO_ORDER = "connection-test"


class Praxis:
    kind = "praxis"
    label = "Praxis Cashier"
    by_statement = False
    needs_secret = True
    api_key_chars_min = 1
    starts_by_call = True
    tells_instrument = True
    # It pays to cards and wallets that it holds as tokens, never to a destination that we name.
    pays_out = False
    pays_by_file = False
    needs_address = True
    answers_disputes = False
    reports = False

    def refuses(self, money: Money) -> str:
        return amounts.problem(money)

    # Money in

    def start_payment(self, account: Account, order: PaymentOrder) -> Started | Refused | Unknown:
        values = {
            "intent": "payment",
            "currency": order.money.currency,
            "amount": amounts.units_of(order.money),
            "cid": order.customer,
            "locale": LOCALE,
            "validation_url": order.notify_url,
            "notification_url": order.notify_url,
            "return_url": order.return_url,
            "order_id": order.reference,
        }
        try:
            reply = client.call(account, "/cashier/cashier", values, signing.CASHIER)
        except http.NoAnswer as error:
            return Unknown(f"{account.name} did not answer ({error})")
        if reply.refusal:
            return Refused(reply.refusal)
        url = reply.data.get("redirect_url")
        ours = isinstance(url, str) and url.startswith(("https://", f"{account.base_url}/"))
        if not reply.done or not ours or len(str(url)) > URL_CHARS_MAX:
            return Unknown(f"{account.name} answered with status {reply.status}")
        return Started(str(url))

    def close_payment(self, account: Account, payment: PaymentName) -> None:
        """A session ends by itself after a quarter of an hour, and each attempt asks for leave."""

    def is_genuine(self, account: Account, headers: Mapping[str, str], body: bytes) -> bool:
        try:
            data = signing.parsed(body)
        except ValueError:
            return False
        named = data.get("merchant_id"), data.get("application_key")
        if named != (account.merchant_id, account.api_key):
            return False
        return signing.is_signed(account.secrets, data, headers.get(signing.HEADER, ""))

    def delivery(self, headers: Mapping[str, str], body: bytes) -> str:
        """Messages have no names. What says the same at another time is the same message."""
        try:
            data = signing.parsed(body)
        except ValueError:
            data = {"body": hashlib.sha256(body).hexdigest()}
        data.pop("timestamp", None)
        said = json.dumps(data, sort_keys=True).encode()
        return f"sha256:{hashlib.sha256(said).hexdigest()}"

    def read(self, body: bytes) -> Notice:
        try:
            data = signing.parsed(body)
        except ValueError as error:
            raise NoticeUnreadable(f"The body can't be read: {error}") from None
        reference, tid = states.reference_of(data), states.tid_of(data)
        raise AskFirst(About(str(tid) if tid is not None else reference))

    def ask(self, account: Account, about: About) -> Notice:
        if about.provider_ref.isascii() and about.provider_ref.isdigit():
            found = client.transaction(account, int(about.provider_ref))
        else:
            found = client.order(account, about.provider_ref)
        return _notice(account, found)

    def instrument(self, account: Account, notice: Notice) -> Instrument:
        return notice.instrument

    def poll_payment(self, account: Account, payment: PaymentName) -> Notice | None:
        return _notice(account, client.order(account, payment.reference))

    # Leave for an attempt

    def attempt(self, body: bytes) -> Attempt | None:
        data = signing.parsed(body)
        tried = data.get("transaction_attempt")
        if not isinstance(tried, dict):
            return None
        units, currency = tried.get("amount"), tried.get("currency")
        try:
            reference = states.reference_of(data)
            money = amounts.money_of(int(units or 0), str(currency))
        except (NoticeUnreadable, InvalidInput, TypeError, ValueError):
            return Attempt("", None)
        return Attempt(reference, money)

    def answer(self, account: Account, refusal: str = "") -> SignedAnswer:
        said = {
            "status": 1 if refusal else 0,
            "description": refusal or "OK",
            "version": client.VERSION,
            "timestamp": int(time.time()),
        }
        signed = signing.signature(account.secrets[0], said, signing.ANSWER)
        return SignedAnswer({signing.HEADER: signed}, json.dumps(said).encode())

    # Money out

    def poll_payout(self, account: Account, payout: PaymentName) -> Notice | None:
        return self.poll_payment(account, payout)

    def payout(self, account: Account, order: PayoutOrder) -> Result:
        return Refused(f"{account.name} only gives payments back; it pays to no destination.")

    def refund(
        self, account: Account, reference: str, payment: PaymentName, money: Money
    ) -> Result:
        if problem := amounts.problem(money):
            return Refused(problem)
        try:
            known = _known(account, reference)
            paid = client.order(account, payment.reference) if known is None else {}
        except NotFound:
            return Refused(f"{account.name} knows no payment {payment.reference}.")
        except (GatewayError, NoticeUnreadable) as error:
            return Unknown(str(error))  # it may have been asked for before
        if known is not None:
            return _sent(known)
        return _refunded(account, reference, payment, paid, money)

    def read_report(self, content: bytes) -> Iterator[ReportRow | ReportProblem]:
        return iter(())

    def poll_dispute(self, account: Account, provider_ref: str) -> Notice | None:
        return None

    def answer_dispute(self, account: Account, answer: DisputeAnswer) -> Result:
        return Refused("Answer at the provider behind Praxis; then say here that you did.")

    def health(self, account: Account) -> None:
        if not account.api_key:
            raise GatewayError(f"{account.name} has no application key.", permanent=False)
        try:
            client.order(account, NO_ORDER)
        except NotFound:
            return  # it read our signature, and has no such order


def _notice(account: Account, found: dict[str, Any]) -> Notice:
    try:
        return states.notice_of(found, at=now())
    except NoticeUnreadable as error:
        raise GatewayError(f"{account.name}: {error}", permanent=False) from error


def _known(account: Account, reference: str) -> Notice | None:
    """The refund of this name, if it was asked for."""
    try:
        return states.notice_of(client.order(account, reference), at=now())
    except NotFound:
        return None


def _refunded(
    account: Account, reference: str, payment: PaymentName, paid: dict[str, Any], money: Money
) -> Result:
    session = paid.get("session")
    cid = session.get("cid") if isinstance(session, dict) else None
    # A session has one approved transaction, but our books may name an earlier one's.
    named = payment.provider_ref
    tid = int(named) if named.isascii() and named.isdigit() else states.tid_of(paid)
    if tid is None or not isinstance(cid, str):
        return Refused(f"{account.name} has no payment under {payment.reference}.")
    values = {
        "transaction_type": "refund",
        "currency": money.currency,
        "amount": amounts.units_of(money),
        "cid": cid,
        "locale": LOCALE,
        "order_id": reference,
        "reference_id": tid,
    }
    try:
        reply = client.call(account, "/direct/refund", values, signing.REFUND)
    except http.NoAnswer as error:
        return Unknown(f"{account.name} did not answer ({error})")
    if reply.refusal:
        return Refused(reply.refusal)
    if not reply.done:
        return Unknown(f"{account.name} answered with status {reply.status}")
    try:
        return _sent(states.notice_of(reply.data, at=now()))
    except NoticeUnreadable as error:
        return Unknown(f"{account.name}: {error}")


def _sent(notice: Notice) -> Sent:
    outcome = Outcome.FAILED if notice.outcome is Outcome.EXPIRED else notice.outcome
    return Sent(notice.provider_ref, outcome, notice.reason)
