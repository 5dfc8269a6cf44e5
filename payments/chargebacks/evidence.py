"""The checklist of evidence: what there is to hand in, and what speaks against which reason."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One piece of the bundle: a file, or words. ``hint`` says where to find it here."""

    code: str
    label: str
    hint: str
    is_file: bool


KINDS: Mapping[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind("receipt", "Receipt", "What the client was sent when the deposit was credited.", True),
        Kind(
            "delivery",
            "What the client got for it",
            "The statement of the trading account: the money arrived there and was traded.",
            True,
        ),
        Kind(
            "agreement",
            "Agreement signed",
            "The terms that the client accepted, with the moment.",
            True,
        ),
        Kind(
            "identity",
            "Proof of identity",
            "The document by which the client was verified: the cardholder's name is on it.",
            True,
        ),
        Kind(
            "conversation",
            "Messages with the client",
            "Anything after the payment that shows the client knew of it.",
            True,
        ),
        Kind(
            "refund_policy",
            "Terms of refund",
            "The page of the terms that says when money is given back.",
            True,
        ),
        Kind(
            "duplicate",
            "The other payment",
            "The record of the payment that this one is said to repeat: both were credited.",
            True,
        ),
        Kind(
            "activity",
            "Sign-ins",
            "When and from which addresses the client signed in around the payment.",
            False,
        ),
        Kind("service", "What was paid for", "In words that a bank's clerk understands.", False),
        Kind("words", "Anything else", "What else speaks against the dispute.", False),
    )
}
_FRAUD = ("identity", "activity", "receipt", "delivery")
_SERVICE = ("service", "delivery", "agreement", "conversation")
# What decides most disputes of a reason; the rest of the bundle may come with it.
WANTED: Mapping[str, tuple[str, ...]] = {
    "fraudulent": _FRAUD,
    "unrecognized": _FRAUD,
    "debit_not_authorized": _FRAUD,
    "product_not_received": _SERVICE,
    "product_unacceptable": _SERVICE,
    "duplicate": ("duplicate", "receipt"),
    "credit_not_processed": ("refund_policy", "conversation", "service"),
    "subscription_canceled": ("agreement", "refund_policy", "conversation"),
}
USUAL = ("service", "receipt", "delivery")


def wanted(reason_code: str) -> tuple[str, ...]:
    return WANTED.get(reason_code, USUAL)


def checklist(reason_code: str) -> list[tuple[Kind, bool]]:
    """Every kind, what is wanted first, and whether it is."""
    first = wanted(reason_code)
    rest = [code for code in KINDS if code not in first]
    return [(KINDS[code], code in first) for code in (*first, *rest)]
