"""What the box keeps, and how it says no."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_UP, Decimal
from typing import Any

COIN = Decimal("0.00000001")
Object = dict[str, Any]


class Problem(Exception):  # noqa: N818 - an answer, not an accident
    """The server's own shape of an error: a code and a sentence; of a 422, a list."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.message = status, message
        body: Any = {"code": code, "message": message}
        self.body = [{"path": code, "message": message}] if status == 422 else body
        super().__init__(message)


@dataclass
class Store:
    """A merchant's store: its API key, and the one webhook that it has."""

    id: str
    key: str
    secret: str
    url: str


@dataclass
class Coins:
    """A payment into an invoice. ``status``: Processing until the chain has confirmed it, then
    Settled, or Invalid."""

    id: str
    value: Decimal
    at: float
    status: str = "Processing"


@dataclass
class Invoice:
    """``rate``: the invoice's currency for one coin."""

    id: str
    store: str
    amount: Decimal
    currency: str
    order: str
    redirect_url: str
    created_at: float
    expires_at: float
    rate: Decimal
    status: str = "New"
    additional: str = "None"
    payments: list[Coins] = field(default_factory=list)

    @property
    def coins(self) -> Decimal:
        """What is asked, in coins: rounded up, as coins are counted to eight places."""
        return (self.amount / self.rate).quantize(COIN, ROUND_UP)

    @property
    def paid_coins(self) -> Decimal:
        return sum((each.value for each in self.payments if each.status != "Invalid"), Decimal(0))


@dataclass
class PullPayment:
    id: str
    store: str
    name: str
    amount: Decimal
    currency: str


@dataclass
class Payout:
    """AwaitingApproval, AwaitingPayment, InProgress, Completed or Cancelled."""

    id: str
    store: str
    pull: str
    destination: str
    amount: Decimal
    currency: str
    created_at: float
    state: str = "AwaitingPayment"
    metadata: Object = field(default_factory=dict)
