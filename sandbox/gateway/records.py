"""What the cashier keeps: merchants, payments, payouts, refunds, and messages to send."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal


class Refused(Exception):  # noqa: N818 - an answer, not an accident
    """The cashier says no: an HTTP status, a code for programs, a sentence for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(message)


@dataclass
class Merchant:
    id: str
    secret: str


@dataclass
class Payment:
    """A client's payment to a merchant; ``amount`` is what was asked, ``paid`` what arrived."""

    id: str
    merchant: str
    reference: str
    amount: Decimal
    currency: str
    customer: str
    return_url: str
    notify_url: str
    status: str = "created"  # pending, authorized, paid, declined, cancelled
    paid: Decimal | None = None
    paid_currency: str = ""
    refunded: Decimal = Decimal(0)
    instrument: dict[str, str] = field(default_factory=dict)
    sequence: int = 0


@dataclass
class Payout:
    """Money from a merchant to a person: pending, in_progress, paid or failed."""

    id: str
    merchant: str
    reference: str
    amount: Decimal
    currency: str
    kind: str
    number: str
    holder: str
    notify_url: str
    status: str = "pending"
    reason: str = ""
    sequence: int = 0


@dataclass
class Refund:
    id: str
    merchant: str
    reference: str
    payment: str
    amount: Decimal
    currency: str
