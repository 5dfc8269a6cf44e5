"""Signatures of Praxis: SHA-384 over some of a message's values, in a fixed order, and the secret.

The lists are those of the documentation of API 1.3 ("Signature" of each method). **A notification's
signature does not cover its status**: whoever saw one could send it again as approved. So no
message is believed about what happened (``adapter.ask``).
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

Data = Mapping[str, Any]

HEADER = "GT-Authentication"
_WHO = ("merchant_id", "application_key", "timestamp")
CASHIER = (*_WHO, "intent", "cid", "order_id")
FIND_ORDER = (*_WHO, "order_id")
FIND_TRANSACTION = (*_WHO, "tid")
# Not in the public documentation; by that of the Direct API's other methods.
REFUND = (
    *(*_WHO, "transaction_type", "cid", "order_id"),
    *("currency", "amount", "reference_id"),
)
NOTIFICATION = (
    *(*_WHO, "customer.customer_token", "session.order_id"),
    *("transaction.tid", "transaction.currency", "transaction.amount"),
    *("transaction.conversion_rate", "transaction.processed_currency"),
    "transaction.processed_amount",
)
VALIDATION = (
    *(*_WHO, "customer.customer_token", "session.order_id"),
    *("transaction_attempt.currency", "transaction_attempt.amount"),
    *("transaction_attempt.conversion_rate", "transaction_attempt.attempted_currency"),
    "transaction_attempt.attempted_amount",
)
ANSWER = ("status", "timestamp")


def parsed(body: bytes) -> dict[str, Any]:
    """A message's values; numbers with a point stay as they were written, for they are signed so.
    Raises ``ValueError``."""
    try:
        data = json.loads(body, parse_float=str)
    except RecursionError:
        raise ValueError("It is nested too deeply.") from None
    if not isinstance(data, dict):
        raise ValueError("It is not a JSON object.")
    return data


def signature(secret: str, data: Data, fields: Sequence[str]) -> str:
    """Values that are null or absent are left out."""
    found = (_value(data, field) for field in fields)
    text = "".join(str(value) for value in found if value is not None)
    return hashlib.sha384(f"{text}{secret}".encode()).hexdigest()


def is_signed(secrets: Sequence[str], data: Data, given: str) -> bool:
    """Whether one of ``secrets`` signed a message that Praxis sent."""
    # All are compared, so that the time taken tells nothing of which one fits.
    fits = [
        hmac.compare_digest(signature(secret, data, _signed(data)).encode(), given.encode())
        for secret in secrets
    ]
    return any(fits)


def _signed(data: Data) -> tuple[str, ...]:
    return VALIDATION if "transaction_attempt" in data else NOTIFICATION


def _value(data: Data, field: str) -> Any:
    found: Any = data
    for name in field.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found
