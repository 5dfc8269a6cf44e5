"""What Praxis says of an order and its transaction, in the product's words."""

from datetime import datetime
from typing import Any

from backoffice.core.errors import InvalidInput
from backoffice.core.money import Money
from payments.gateways.port import (
    Dispute,
    DisputeStage,
    Instrument,
    Notice,
    NoticeUnreadable,
    Outcome,
)
from payments.gateways.praxis import amounts

NAME_CHARS_MAX = 50
TID_MAX = 2**63
IN = {
    "initialized": Outcome.PENDING,
    "pending": Outcome.PENDING,
    "pending_async": Outcome.PENDING,
    "authorized": Outcome.AUTHORIZED,
    "approved": Outcome.PAID,
    # The client may try again as long as the session is open.
    "rejected": Outcome.TRIED,
    "declined": Outcome.TRIED,
    "error": Outcome.TRIED,
    "cancelled": Outcome.CANCELLED,
    "chargeback": Outcome.DISPUTED,
    "reversed": Outcome.REFUNDED,
}
OUT = {
    "initialized": Outcome.PENDING,
    "requested": Outcome.PENDING,
    "pending": Outcome.PENDING,
    "authorized": Outcome.IN_PROGRESS,
    "pending_async": Outcome.IN_PROGRESS,
    "in progress": Outcome.IN_PROGRESS,
    "in_progress": Outcome.IN_PROGRESS,
    "approved": Outcome.PAID,
    "rejected": Outcome.FAILED,
    "declined": Outcome.FAILED,
    "error": Outcome.FAILED,
    "cancelled": Outcome.FAILED,
    # It had left, and came back.
    "reversed": Outcome.FAILED,
}
TYPES_OUT = frozenset({"payout", "refund"})
_OPEN = frozenset({"open", "action required"})


def reference_of(data: dict[str, Any]) -> str:
    """Our name of the order that a message or an answer is about. Raises ``NoticeUnreadable``."""
    found = _part(data, "session").get("order_id")
    if not isinstance(found, str) or not 0 < len(found) <= NAME_CHARS_MAX:
        raise NoticeUnreadable("It names no order.")
    return found


def tid_of(data: dict[str, Any]) -> int | None:
    """Praxis' name of the transaction; None where there is no transaction."""
    found = _part(data, "transaction").get("tid")
    if found is None:
        return None
    if not isinstance(found, int) or isinstance(found, bool) or not 0 < found < TID_MAX:
        raise NoticeUnreadable("Its transaction has no number.")
    return found


def notice_of(data: dict[str, Any], *, at: datetime) -> Notice:
    """``data``: an answer of find-order or find-transaction. Raises ``NoticeUnreadable``."""
    reference, tid = reference_of(data), tid_of(data)
    session, transaction = _part(data, "session"), _part(data, "transaction")
    outcome = _outcome(session, transaction)
    if tid is None:
        return Notice(reference=reference, outcome=outcome, money=_money(session), at=at)
    money = _money(transaction)
    return Notice(
        reference=reference,
        outcome=outcome,
        money=money,
        at=at,
        provider_ref=str(tid),
        reason=_text(transaction, "status_details", 200),
        instrument=_instrument(transaction),
        dispute=Dispute(str(tid), DisputeStage.TAKEN, "general")
        if outcome is Outcome.DISPUTED
        else None,
    )


def _outcome(session: dict[str, Any], transaction: dict[str, Any]) -> Outcome:
    session_status = str(session.get("session_status") or "")
    if not transaction:
        return Outcome.PENDING if session_status in _OPEN else Outcome.EXPIRED
    known = OUT if transaction.get("transaction_type") in TYPES_OUT else IN
    status = str(transaction.get("transaction_status"))
    if status not in known:
        raise NoticeUnreadable(f"The status {status[:40]!r} is not known.")
    outcome = known[status]
    if outcome is Outcome.TRIED and session_status not in _OPEN:
        return Outcome.EXPIRED if session_status == "expired" else Outcome.DECLINED
    return outcome


def _money(part: dict[str, Any]) -> Money:
    units, currency = part.get("amount"), part.get("currency")
    if not isinstance(units, int) or isinstance(units, bool) or not isinstance(currency, str):
        raise NoticeUnreadable("It names no amount with its currency.")
    try:
        money = amounts.money_of(units, currency)
    except InvalidInput as error:
        raise NoticeUnreadable(error.sentence) from None
    if money.minor <= 0:
        raise NoticeUnreadable("The amount is not above zero.")
    return money


def _instrument(transaction: dict[str, Any]) -> Instrument:
    card, wallet = _part(transaction, "card"), _part(transaction, "wallet")
    method = _text(transaction, "payment_method", 40)
    if not card:
        return Instrument(label=method, fingerprint=_text(wallet, "wallet_token", 200))
    number, brand = _text(card, "card_number", 30), _text(card, "card_type", 20)
    return Instrument(
        label=f"{brand or method} •••• {number[-4:]}" if number else brand or method,
        fingerprint=_text(card, "card_token", 200),
        country=_text(card, "card_issuer_country", 2),
    )


def _part(data: dict[str, Any], name: str) -> dict[str, Any]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _text(part: dict[str, Any], name: str, most: int) -> str:
    found = part.get(name)
    return found[:most] if isinstance(found, str) else ""
