"""What the box keeps, and how it says no."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]


class Problem(Exception):  # noqa: N818 - an answer, not an accident
    """``code``: above zero for what Praxis refuses, below for what broke."""

    def __init__(self, status: int, code: int, message: str) -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(message)


@dataclass
class Merchant:
    id: str
    key: str
    secret: str


@dataclass
class Session:
    """A client's visit, or the order of a refund. Amounts are in Praxis' units."""

    token: str
    merchant: str
    order: str
    cid: str
    intent: str
    currency: str
    amount: int
    notification_url: str
    validation_url: str
    return_url: str
    created_at: float
    expires_at: float
    status: str = "open"  # action required, successful, failed, expired


@dataclass
class Transaction:
    tid: int
    session: str
    type: str
    status: str
    currency: str
    amount: int
    card: Object = field(default_factory=dict)
    details: str = ""
    reference_id: int | None = None
