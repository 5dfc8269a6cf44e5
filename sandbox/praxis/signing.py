"""Signatures as Praxis makes them, written apart from the product's."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

WHO = "merchant_id application_key timestamp"
CALLS = {
    "cashier/cashier": f"{WHO} intent cid order_id",
    "agent/find-order": f"{WHO} order_id",
    "agent/find-transaction": f"{WHO} tid",
    "direct/refund": f"{WHO} transaction_type cid order_id currency amount reference_id",
}
NOTIFICATION = (
    f"{WHO} customer.customer_token session.order_id transaction.tid transaction.currency "
    "transaction.amount transaction.conversion_rate transaction.processed_currency "
    "transaction.processed_amount"
)
VALIDATION = (
    f"{WHO} customer.customer_token session.order_id transaction_attempt.currency "
    "transaction_attempt.amount transaction_attempt.conversion_rate "
    "transaction_attempt.attempted_currency transaction_attempt.attempted_amount"
)
ANSWER = "status timestamp"


def signed(secret: str, data: Mapping[str, Any], names: str) -> str:
    text = ""
    for name in names.split():
        value: Any = data
        for part in name.split("."):
            value = (value or {}).get(part)
        text += "" if value is None else str(value)
    return hashlib.sha384((text + secret).encode()).hexdigest()
