"""What the product asks of a payment gateway, and what it can be told by one.

Adapters speak to the outside, so nothing here is called inside a transaction but
``start_payment``, ``read`` and ``is_genuine``, which do not leave the process.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from backoffice.core.errors import OutsideError
from backoffice.core.money import Money

CALL_TIMEOUT_S = 15.0
ANSWER_BYTES_MAX = 256 * 1024


class GatewayError(OutsideError):
    """A gateway can't be used as asked: a bad address, a refused key, an answer out of form."""


class NoticeUnreadable(Exception):  # noqa: N818 - says what the bytes are
    """A genuine message that says nothing that we understand; the text says what is wrong."""


class Outcome(StrEnum):
    """What a gateway says of a payment or a payout."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    IN_PROGRESS = "in_progress"
    PAID = "paid"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Instrument:
    """What was paid with. ``fingerprint`` names the card or account without showing it."""

    label: str = ""
    fingerprint: str = ""
    country: str = ""
    holder: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """One statement of a gateway about one of our references, by webhook or by poll."""

    reference: str
    outcome: Outcome
    money: Money
    at: datetime
    delivery: str = ""
    provider_ref: str = ""
    reason: str = ""
    instrument: Instrument = field(default_factory=Instrument)


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    reference: str
    money: Money
    customer: str
    return_url: str
    notify_url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """``reference`` is ours and makes the payout idempotent at the gateway."""

    reference: str
    money: Money
    kind: str
    number: str
    holder: str
    bic: str
    notify_url: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """The gateway took it. ``outcome`` is what it says of it already."""

    provider_ref: str
    outcome: Outcome = Outcome.PENDING


@dataclass(frozen=True, slots=True)
class Refused:
    """The gateway did not take it and will not: no money moves."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """No telling whether it was done: no answer, a cut connection, an error of theirs."""

    reason: str


Result = Sent | Refused | Unknown


class NotFound(Exception):  # noqa: N818 - an answer, not an accident
    """The gateway answers that it has nothing under this reference."""


@dataclass(frozen=True, slots=True)
class Account:
    """How to reach one account at a gateway; ``secrets`` are those accepted now, newest first."""

    name: str
    base_url: str
    merchant_id: str
    secrets: tuple[str, ...]


class Gateway(Protocol):
    """One kind of gateway. ``takes_deposits`` by redirect; ``by_statement``: the bank's
    statement, not the gateway, says that money arrived or left."""

    kind: str
    label: str
    by_statement: bool
    needs_secret: bool

    def start_payment(self, account: Account, order: PaymentOrder) -> str:
        """The address where the client pays; empty when there is none (a bank transfer)."""
        ...

    def is_genuine(self, account: Account, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the raw bytes carry this account's signature, compared in constant time."""
        ...

    def delivery(self, headers: Mapping[str, str], body: bytes) -> str:
        """What names this message: the same when it is sent again."""
        ...

    def read(self, body: bytes) -> Notice:
        """Raises ``NoticeUnreadable``."""
        ...

    def poll_payment(self, account: Account, reference: str) -> Notice | None:
        """What the gateway knows; None when it can't be asked. Raises ``NotFound``,
        ``GatewayError``."""
        ...

    def poll_payout(self, account: Account, reference: str) -> Notice | None:
        """As ``poll_payment``."""
        ...

    def payout(self, account: Account, order: PayoutOrder) -> Result:
        """Send money out. The same reference again is the same payout."""
        ...

    def refund(self, account: Account, reference: str, payment: str, money: Money) -> Result:
        """Give money of ``payment`` back under our ``reference``, idempotent by it."""
        ...

    def health(self, account: Account) -> None:
        """Raises ``GatewayError`` when the gateway can't be reached."""
        ...
