"""What Stripe's objects and events say, in the port's words.

Read from plain JSON and not into the library's classes: an event is written in the API version of
its endpoint, which may be years older than the library.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from backoffice.core.errors import InvalidInput
from backoffice.core.money import Money
from payments.gateways.port import (
    Dispute,
    DisputeStage,
    Instrument,
    NothingFollows,
    Notice,
    NoticeUnreadable,
    Outcome,
)
from payments.gateways.stripe import amounts

REFERENCE_CHARS_MAX, NAME_CHARS_MAX = 40, 80
Data = Mapping[str, Any]

_INTENTS = {
    "payment_intent.succeeded": Outcome.PAID,
    "payment_intent.processing": Outcome.PENDING,
    "payment_intent.amount_capturable_updated": Outcome.AUTHORIZED,
    "payment_intent.payment_failed": Outcome.TRIED,
    "payment_intent.canceled": Outcome.CANCELLED,
}
_SESSIONS = {
    "checkout.session.async_payment_succeeded": Outcome.PAID,
    "checkout.session.async_payment_failed": Outcome.DECLINED,
    "checkout.session.expired": Outcome.EXPIRED,
}
_DISPUTES = frozenset(
    {
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    }
)
_STAGES = {
    "warning_needs_response": DisputeStage.INQUIRY,
    "warning_under_review": DisputeStage.INQUIRY,
    "warning_closed": DisputeStage.INQUIRY_CLOSED,
    "needs_response": DisputeStage.TAKEN,
    "under_review": DisputeStage.ANSWERED,
    "won": DisputeStage.WON,
    "lost": DisputeStage.LOST,
    # Stopped before it became a chargeback: the payment itself was refunded, which is told apart.
    "prevented": DisputeStage.INQUIRY_CLOSED,
}
REFUNDS = {
    "pending": Outcome.PENDING,
    "requires_action": Outcome.IN_PROGRESS,
    "succeeded": Outcome.PAID,
    "failed": Outcome.FAILED,
    "canceled": Outcome.FAILED,
}


def read(body: bytes) -> Notice:
    """One event. Raises ``NoticeUnreadable``, ``NothingFollows``."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise NoticeUnreadable("The body is not JSON.") from None
    if not isinstance(event, dict):
        raise NoticeUnreadable("The body is not a JSON object.")
    kind = event.get("type")
    if event.get("object") != "event" or not isinstance(kind, str):
        raise NoticeUnreadable("It is not an event.")
    data = event.get("data")
    about = data.get("object") if isinstance(data, dict) else None
    if not isinstance(about, dict):
        raise NoticeUnreadable("The event is about nothing.")
    facts = {"at": _moment(event), "delivery": name_of(event.get("id"))}
    return _reader(kind)(kind, about, facts)


Reader = Callable[[str, Data, dict[str, Any]], Notice]


def _reader(kind: str) -> Reader:
    if kind == "checkout.session.completed" or kind in _SESSIONS:
        return _session
    if kind in _INTENTS:
        return _intent
    if kind in _DISPUTES:
        return _dispute
    if kind == "charge.refunded":
        return _charge_refunded
    if kind.startswith("refund.") or kind == "charge.refund.updated":
        return _refund
    if kind.startswith("radar.early_fraud_warning."):
        return _fraud_warning
    raise NothingFollows(f"Nothing follows from {kind[:80]}.")


# Events


def _session(kind: str, about: Data, facts: dict[str, Any]) -> Notice:
    if kind == "checkout.session.completed":
        # A method that takes days completes the session unpaid.
        outcome = Outcome.PAID if about.get("payment_status") == "paid" else Outcome.PENDING
    else:
        outcome = _SESSIONS[kind]
    return session_notice(about, outcome, **facts)


def session_notice(about: Data, outcome: Outcome, **facts: Any) -> Notice:
    provider_ref = name_of(about.get("payment_intent"))
    if outcome is Outcome.PAID and not provider_ref:
        raise NoticeUnreadable("It names no payment intent.")
    return Notice(
        reference=reference_of(about),
        outcome=outcome,
        money=money_of(about, "amount_total"),
        provider_ref=provider_ref,
        instrument=Instrument(holder=_text(_dict(about.get("customer_details")), "name", 140)),
        **facts,
    )


def _intent(kind: str, about: Data, facts: dict[str, Any]) -> Notice:
    return intent_notice(about, _INTENTS[kind], **facts)


def intent_notice(about: Data, outcome: Outcome, **facts: Any) -> Notice:
    failure = _dict(about.get("last_payment_error"))
    why = _text(failure, "message", 200) or _text(failure, "code", 80)
    return Notice(
        reference=reference_of(about),
        outcome=outcome,
        money=money_of(about, "amount_received" if outcome is Outcome.PAID else "amount"),
        provider_ref=name_of(about.get("id")),
        reason=why or _text(about, "cancellation_reason", 80),
        instrument=instrument_of(_dict(about.get("latest_charge"))),
        **facts,
    )


def _charge_refunded(kind: str, about: Data, facts: dict[str, Any]) -> Notice:
    return Notice(
        reference=reference_of(about),
        outcome=Outcome.REFUNDED,
        money=money_of(about, "amount_refunded"),
        provider_ref=name_of(about.get("payment_intent")),
        **facts,
    )


def _dispute(kind: str, about: Data, facts: dict[str, Any]) -> Notice:
    return dispute_notice(about, taken=kind == "charge.dispute.funds_withdrawn", **facts)


def dispute_notice(about: Data, *, taken: bool = False, **facts: Any) -> Notice:
    """``taken``: the event says that money left, whatever the status that it was written with.

    What happened to the money otherwise follows from the status: only a dispute that is won gives
    it back. Raises ``NoticeUnreadable`` for a status that is not known.
    """
    name, status = name_of(about.get("id")), _text(about, "status", 40)
    if not name or status not in _STAGES:
        raise NoticeUnreadable(f"The status {status!r} of a dispute is not known.")
    stage = _STAGES[status]
    if taken and stage in (DisputeStage.INQUIRY, DisputeStage.INQUIRY_CLOSED):
        stage = DisputeStage.TAKEN
    fee, fee_back = _dispute_fees(about)
    due: Any = _dict(about.get("evidence_details")).get("due_by")
    return Notice(
        # An object made by the card's bank: what it carries of ours is its payment's name.
        reference="",
        outcome=Outcome.DISPUTED,
        money=money_of(about, "amount"),
        provider_ref=name_of(about.get("payment_intent")),
        dispute=Dispute(
            provider_ref=name,
            stage=stage,
            reason_code=_text(about, "reason", 40) or "general",
            due_at=datetime.fromtimestamp(due, UTC) if _is_moment(due) else None,
            fee=fee,
            fee_back=fee_back,
        ),
        **facts,
    )


def _dispute_fees(about: Data) -> tuple[Money | None, Money | None]:
    """What Stripe took for the dispute and what it gave back of that, by its own bookings."""
    found: list[Money | None] = []
    rows = about.get("balance_transactions")
    booked = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    for sign in (1, -1):
        fees = [
            (row["fee"] * sign, row.get("currency"))
            for row in booked
            if isinstance(row.get("fee"), int) and row["fee"] * sign > 0
        ]
        currencies = {currency for _, currency in fees}
        if len(currencies) != 1:
            found.append(None)
            continue
        total = {"amount": sum(units for units, _ in fees), "currency": currencies.pop()}
        found.append(money_of(total, "amount"))
    return found[0], found[1]


def _is_moment(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**11


def _refund(kind: str, about: Data, facts: dict[str, Any]) -> Notice:
    """A refund of ours names our reference; of another one only its failure matters, as
    ``charge.refunded`` tells the rest."""
    outcome = refund_outcome(about, failed=kind == "refund.failed")
    money, reference = money_of(about, "amount"), reference_of(about)
    why = _text(about, "failure_reason", 80).replace("_", " ")
    if reference:
        return Notice(
            reference=reference,
            outcome=outcome,
            money=money,
            provider_ref=name_of(about.get("id")),
            reason=f"The refund failed{f': {why}' if why else '.'}" if _failed(outcome) else "",
            **facts,
        )
    if not _failed(outcome):
        raise NothingFollows("A refund that was not asked for here; its charge tells of it.")
    return Notice(
        reference="",
        outcome=Outcome.ATTENTION,
        money=money,
        provider_ref=name_of(about.get("payment_intent")),
        reason=f"A refund of {money} that was not asked for here failed. {why}".strip(),
        **facts,
    )


def refund_outcome(about: Data, *, failed: bool = False) -> Outcome:
    """Raises ``NoticeUnreadable``."""
    status = str(about.get("status"))
    if failed:
        return Outcome.FAILED
    if status not in REFUNDS:
        raise NoticeUnreadable(f"The status {status[:40]!r} of a refund is not known.")
    return REFUNDS[status]


def _failed(outcome: Outcome) -> bool:
    return outcome is Outcome.FAILED


def _fraud_warning(kind: str, about: Data, facts: dict[str, Any]) -> Notice:
    name = name_of(about.get("payment_intent")) or name_of(about.get("charge"))
    what = _text(about, "fraud_type", 80).replace("_", " ")
    raise NoticeUnreadable(f"The card's bank warns of fraud with {name}: {what}.")


# Their parts


def reference_of(about: Data) -> str:
    """Ours, which every object that we make carries; empty on those that others made."""
    found = about.get("client_reference_id") or _dict(about.get("metadata")).get("reference")
    is_ours = isinstance(found, str) and 0 < len(found) <= REFERENCE_CHARS_MAX
    return found if is_ours and isinstance(found, str) else ""


def name_of(value: Any) -> str:
    """The id of an object, whether it is named or written out. Raises ``NoticeUnreadable`` for one
    that is too long to be kept: cut short it would name another."""
    found = value.get("id") if isinstance(value, dict) else value
    if not isinstance(found, str):
        return ""
    if len(found) > NAME_CHARS_MAX:
        raise NoticeUnreadable("It names something by more than 80 characters.")
    return found


def money_of(about: Data, field: str) -> Money:
    units, currency = about.get(field), about.get("currency")
    if not isinstance(units, int) or isinstance(units, bool) or not isinstance(currency, str):
        raise NoticeUnreadable("It names no amount with its currency.")
    try:
        money = amounts.money_of(units, currency)
    except InvalidInput as error:
        raise NoticeUnreadable(error.sentence) from None
    if money.minor <= 0:
        raise NoticeUnreadable("The amount is not above zero.")
    return money


def instrument_of(charge: Data) -> Instrument:
    """What a charge was made with, when it is written out and a card."""
    card = _dict(_dict(charge.get("payment_method_details")).get("card"))
    digits = _text(card, "last4", 4)
    return Instrument(
        label=f"•• {digits}" if digits else "",
        fingerprint=_text(card, "fingerprint", 200),
        country=_text(card, "country", 2),
        holder=_text(_dict(charge.get("billing_details")), "name", 140),
    )


def _moment(event: Data) -> datetime:
    created: Any = event.get("created")
    if not _is_moment(created):
        raise NoticeUnreadable("It does not say when it happened.")
    return datetime.fromtimestamp(created, UTC)


def _dict(value: Any) -> Data:
    return value if isinstance(value, dict) else {}


def _text(about: Data, field: str, most: int) -> str:
    found = about.get(field)
    return found[:most] if isinstance(found, str) else ""
