"""The adapter of Stripe: Checkout Sessions, refunds, events.

Our reference is in everything that we make there (``metadata.reference``), and is the idempotency
key of the call that makes it. Stripe keeps a key for at least a day; what may be older is looked
for by our reference before it is asked for again.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import islice
from typing import Any

import stripe

from backoffice.core.clock import now
from backoffice.core.money import Money
from payments.gateways.port import (
    About,
    Account,
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
    Started,
    Unknown,
)
from payments.gateways.reports import ReportProblem, ReportRow
from payments.gateways.stripe import amounts, disputes, events
from payments.gateways.stripe.client import client_of, plain
from payments.gateways.stripe.events import NAME_CHARS_MAX
from payments.gateways.stripe.failures import failure, said
from payments.gateways.stripe.report import read_report

TOLERANCE_S = 300
HEALTH_TIMEOUT_S = 5.0
# Stripe's limits of a session, with room for a call that is repeated a little later.
LASTS_MIN = timedelta(minutes=40)
LASTS_MAX = timedelta(hours=24) - timedelta(minutes=5)
REFUNDS_A_PAGE, REFUNDS_MAX = 100, 1000
URL_CHARS_MAX = 2000
INTENTS = {
    "succeeded": Outcome.PAID,
    "processing": Outcome.PENDING,
    "requires_capture": Outcome.AUTHORIZED,
    "canceled": Outcome.CANCELLED,
}


class Stripe:
    kind = "stripe"
    label = "Stripe (cards)"
    by_statement = False
    needs_secret = True
    api_key_chars_min = 16
    starts_by_call = True
    tells_instrument = False
    pays_out = False
    pays_by_file = False
    needs_address = True
    answers_disputes = True
    reports = True

    def refuses(self, money: Money) -> str:
        return amounts.problem(money)

    def start_payment(self, account: Account, order: PaymentOrder) -> Started | Refused | Unknown:
        if problem := amounts.problem(order.money):
            return Refused(problem)
        try:
            session = client_of(account).v1.checkout.sessions.create(
                params=_session(order),  # type: ignore[arg-type]  # a literal of the library's shape
                options={"idempotency_key": order.reference},
            )
        except stripe.StripeError as error:
            return failure(account, error)
        if not session.url or len(session.url) > URL_CHARS_MAX or len(session.id) > NAME_CHARS_MAX:
            return Unknown(f"{account.name} made a session whose address can't be kept")
        return Started(session.url, session.id)

    def close_payment(self, account: Account, payment: PaymentName) -> None:
        if not payment.provider_ref.startswith("cs_"):
            return
        try:
            client_of(account).v1.checkout.sessions.expire(payment.provider_ref)
        except stripe.InvalidRequestError:
            return  # over already, one way or the other: its events tell
        except stripe.StripeError as error:
            raise GatewayError(said(account, error), permanent=False) from error

    def is_genuine(self, account: Account, headers: Mapping[str, str], body: bytes) -> bool:
        header = headers.get("Stripe-Signature", "")
        # All are compared, so that the time taken tells nothing of which one fits.
        fits = [_signed(secret, header, body) for secret in account.secrets]
        return any(fits)

    def delivery(self, headers: Mapping[str, str], body: bytes) -> str:
        try:
            named = json.loads(body)["id"]
        except (ValueError, RecursionError, TypeError, KeyError):
            named = ""
        if isinstance(named, str) and 0 < len(named) <= NAME_CHARS_MAX:
            return named
        return f"sha256:{hashlib.sha256(body).hexdigest()}"

    def read(self, body: bytes) -> Notice:
        return events.read(body)

    def ask(self, account: Account, about: About) -> Notice:
        raise NotFound(about.provider_ref)  # its events say what happened

    def instrument(self, account: Account, notice: Notice) -> Instrument:
        intent = _asked(account, lambda api: _intent(api, notice.provider_ref))
        return events.instrument_of(_part(intent, "latest_charge"))

    def poll_payment(self, account: Account, payment: PaymentName) -> Notice | None:
        # Nobody could pay on a page whose address we were never told.
        if not payment.provider_ref:
            raise NotFound(payment.reference)
        if payment.provider_ref.startswith("pi_"):
            intent = _asked(account, lambda api: _intent(api, payment.provider_ref))
            return _noticed(account, lambda: _of_intent(intent))
        session = _asked(
            account,
            lambda api: api.v1.checkout.sessions.retrieve(
                payment.provider_ref, params={"expand": ["payment_intent.latest_charge"]}
            ),
        )
        return _noticed(account, lambda: _of_session(session))

    def poll_payout(self, account: Account, payout: PaymentName) -> Notice | None:
        raise NotFound(payout.reference)

    def read_report(self, content: bytes) -> Iterator[ReportRow | ReportProblem]:
        return read_report(content)

    def payout(self, account: Account, order: PayoutOrder) -> Result:
        return Refused(f"{account.name} only gives payments back; it pays to no destination.")

    def refund(
        self, account: Account, reference: str, payment: PaymentName, money: Money
    ) -> Result:
        if problem := amounts.problem(money):
            return Refused(problem)
        if not payment.provider_ref.startswith("pi_"):
            return Refused(f"{account.name} never told its name of {payment.reference}.")
        api = client_of(account)
        try:
            found = _known_refund(api, reference, payment.provider_ref)
        except stripe.StripeError as error:
            # It may have been asked for before, so that not even a refusal to answer is one.
            return Unknown(said(account, error))
        if found is not None:
            return _sent(account, found)
        try:
            made = api.v1.refunds.create(
                params={
                    "payment_intent": payment.provider_ref,
                    "amount": amounts.units_of(money),
                    "metadata": {"reference": reference, "payment": payment.reference},
                },
                options={"idempotency_key": reference},
            )
        except stripe.StripeError as error:
            return failure(account, error)
        return _sent(account, plain(made))

    def poll_dispute(self, account: Account, provider_ref: str) -> Notice | None:
        found = _asked(account, lambda api: api.v1.disputes.retrieve(provider_ref))
        return _noticed(account, lambda: events.dispute_notice(found, at=now()))

    def answer_dispute(self, account: Account, answer: DisputeAnswer) -> Result:
        return disputes.answered(account, answer)

    def health(self, account: Account) -> None:
        if not account.api_key:
            raise GatewayError(f"{account.name} has no API key.", permanent=False)
        try:
            found = client_of(account, timeout_s=HEALTH_TIMEOUT_S).v1.accounts.retrieve_current()
        except stripe.AuthenticationError as error:
            raise GatewayError(f"{account.name} does not know the API key.", permanent=False) from (
                error
            )
        except stripe.StripeError as error:
            raise GatewayError(said(account, error), permanent=False) from error
        if found.id != account.merchant_id:
            raise GatewayError(
                f"The API key is that of {found.id}, not of {account.merchant_id}.", permanent=False
            )


# What we ask for


def _session(order: PaymentOrder) -> dict[str, Any]:
    """The same each time for the same order, as an idempotency key demands."""
    ends = min(max(order.expires_at, order.created_at + LASTS_MIN), order.created_at + LASTS_MAX)
    named = {"reference": order.reference, "client": order.customer}
    item = {
        "quantity": 1,
        "price_data": {
            "currency": order.money.currency.lower(),
            "unit_amount": amounts.units_of(order.money),
            "product_data": {"name": f"Deposit {order.reference}"},
        },
    }
    return {
        "mode": "payment",
        "client_reference_id": order.reference,
        "line_items": [item],
        "payment_method_types": ["card"],
        # Paid in the currency that was asked for, never in one of the page's choice.
        "adaptive_pricing": {"enabled": False},
        "metadata": named,
        "payment_intent_data": {"metadata": named, "description": f"Deposit {order.reference}"},
        "success_url": order.return_url,
        "cancel_url": order.return_url,
        "expires_at": int(ends.timestamp()),
    }


def _intent(api: stripe.StripeClient, name: str) -> Any:
    return api.v1.payment_intents.retrieve(name, params={"expand": ["latest_charge"]})


def _known_refund(api: stripe.StripeClient, reference: str, intent: str) -> events.Data | None:
    """The refund of this payment that was made under our reference, if there is one."""
    rows = api.v1.refunds.list(params={"payment_intent": intent, "limit": REFUNDS_A_PAGE})
    for row in islice(rows.auto_paging_iter(), REFUNDS_MAX):
        found = plain(row)
        if events.reference_of(found) == reference:
            return found
    return None


# What comes back


def _part(about: events.Data, name: str) -> events.Data:
    found = about.get(name)
    return found if isinstance(found, dict) else {}


def _asked(account: Account, call: Any) -> dict[str, Any]:
    """Raises ``NotFound``, ``GatewayError``."""
    try:
        return plain(call(client_of(account)))
    except stripe.InvalidRequestError as error:
        if error.code == "resource_missing":
            raise NotFound(str(error.user_message)) from error
        raise GatewayError(said(account, error), permanent=False) from error
    except stripe.StripeError as error:
        raise GatewayError(said(account, error), permanent=False) from error


def _noticed(account: Account, read: Any) -> Notice:
    try:
        notice: Notice = read()
    except NoticeUnreadable as error:
        raise GatewayError(f"{account.name}: {error}", permanent=False) from error
    return notice


def _of_session(session: events.Data) -> Notice:
    intent = _part(session, "payment_intent")
    instrument = events.instrument_of(_part(intent, "latest_charge"))
    return _with(events.session_notice(session, _outcome(session, intent), at=now()), instrument)


def _of_intent(intent: events.Data) -> Notice:
    status = str(intent.get("status"))
    return events.intent_notice(intent, INTENTS.get(status, Outcome.PENDING), at=now())


def _outcome(session: events.Data, intent: events.Data) -> Outcome:
    match session.get("status"):
        case "expired":
            return Outcome.EXPIRED
        case "complete" if session.get("payment_status") == "paid":
            return Outcome.PAID
        case "complete" if intent.get("status") == "requires_payment_method":
            return Outcome.DECLINED
        case "complete":
            return INTENTS.get(str(intent.get("status")), Outcome.PENDING)
        case _:
            return Outcome.PENDING


def _with(notice: Notice, seen: Instrument) -> Notice:
    holder = seen.holder or notice.instrument.holder
    kept = Instrument(seen.label, seen.fingerprint, seen.country, holder)
    return Notice(
        reference=notice.reference,
        outcome=notice.outcome,
        money=notice.money,
        at=notice.at,
        provider_ref=notice.provider_ref,
        instrument=kept,
    )


def _sent(account: Account, refund: events.Data) -> Result:
    try:
        name, outcome = events.name_of(refund.get("id")), events.refund_outcome(refund)
    except NoticeUnreadable as error:
        return Unknown(f"{account.name}: {error}")
    why = str(refund.get("failure_reason") or "").replace("_", " ")
    failed = outcome is Outcome.FAILED
    return Sent(
        name, outcome, f"The refund failed: {why or 'no reason was given'}." if failed else ""
    )


def _signed(secret: str, header: str, body: bytes) -> bool:
    try:
        stripe.WebhookSignature.verify_header(body, header, secret, TOLERANCE_S)
    except (stripe.SignatureVerificationError, UnicodeError):
        return False
    return True
