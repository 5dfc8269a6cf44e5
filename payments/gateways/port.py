"""What the product asks of a payment gateway, and what it can be told by one.

Adapters speak to the outside, so nothing here is called inside a transaction but ``refuses``,
``is_genuine``, ``delivery`` and ``read``, which do not leave the process; and ``start_payment``
of a kind that does not ``start_by_call``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from backoffice.core.errors import OutsideError
from backoffice.core.money import Money
from payments.gateways.reports import ReportProblem, ReportRow

CALL_TIMEOUT_S = 15.0
ANSWER_BYTES_MAX = 256 * 1024


class GatewayError(OutsideError):
    """A gateway can't be used as asked: a bad address, a refused key, an answer out of form."""


class NoticeUnreadable(Exception):  # noqa: N818 - says what the bytes are
    """A genuine message that says nothing that we understand; the text says what is wrong."""


class NothingFollows(Exception):  # noqa: N818 - an answer, not an accident
    """A genuine message about something that changes no payment of ours; the text says what."""


@dataclass(frozen=True, slots=True)
class About:
    """What a message is about that does not say what happened: the gateway is asked.

    ``provider_ref`` is the gateway's name of it; ``delivery`` names the message.
    """

    provider_ref: str
    is_payout: bool = False
    delivery: str = ""


class AskFirst(Exception):  # noqa: N818 - an answer, not an accident
    """A genuine message after which the gateway is to be asked (``Gateway.ask``)."""

    def __init__(self, about: About) -> None:
        self.about = about
        super().__init__(about.provider_ref)


class Outcome(StrEnum):
    """What a gateway says of a payment or a payout."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    IN_PROGRESS = "in_progress"
    PAID = "paid"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    FAILED = "failed"
    EXPIRED = "expired"
    # One attempt failed, for the ``reason`` given; the client may try again.
    TRIED = "tried"
    # Of a payment that was made: all that was given back of it until now is ``money``.
    REFUNDED = "refunded"
    # Of a payment that was made: a person has to look at it; ``reason`` says what happened.
    ATTENTION = "attention"
    # Of a payment that was made: its payer's bank asks for the money back; see ``dispute``.
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True)
class Instrument:
    """What was paid with. ``fingerprint`` names the card or account without showing it."""

    label: str = ""
    fingerprint: str = ""
    country: str = ""
    holder: str = ""


class DisputeStage(StrEnum):
    """How far a dispute has come, by the gateway's word. An inquiry moves no money."""

    INQUIRY = "inquiry"
    INQUIRY_CLOSED = "inquiry_closed"
    TAKEN = "taken"
    ANSWERED = "answered"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Dispute:
    """What a gateway says of one dispute of a payment; the notice's money is what is disputed.

    ``fee`` is what the gateway charges for it, ``fee_back`` what it gave back of that; None where
    it does not say. ``due_at`` is until when it takes evidence.
    """

    provider_ref: str
    stage: DisputeStage
    reason_code: str
    due_at: datetime | None = None
    fee: Money | None = None
    fee_back: Money | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """One statement of a gateway about one of our payments, by webhook or by poll.

    ``reference`` is ours; empty when the message names the payment by ``provider_ref`` alone.
    """

    reference: str
    outcome: Outcome
    money: Money
    at: datetime
    delivery: str = ""
    provider_ref: str = ""
    reason: str = ""
    instrument: Instrument = field(default_factory=Instrument)
    dispute: Dispute | None = None


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    reference: str
    money: Money
    customer: str
    return_url: str
    notify_url: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Started:
    """Where the client pays; empty when there is no such place (a bank transfer)."""

    url: str
    provider_ref: str = ""


@dataclass(frozen=True, slots=True)
class PaymentName:
    """A payment by our name and by the gateway's; the latter is empty until it was told."""

    reference: str
    provider_ref: str = ""


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
class EvidenceFile:
    kind: str
    name: str
    mime: str
    content: bytes


@dataclass(frozen=True, slots=True)
class DisputeAnswer:
    """Our word on a dispute. ``reference`` is ours and is found again at the gateway; ``accepts``
    gives the dispute up, otherwise ``texts`` (by kind) and ``files`` speak for us."""

    reference: str
    provider_ref: str
    accepts: bool = False
    texts: Mapping[str, str] = field(default_factory=dict)
    files: tuple[EvidenceFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """The gateway took it. ``outcome`` is what it says of it already, ``reason`` why it failed."""

    provider_ref: str
    outcome: Outcome = Outcome.PENDING
    reason: str = ""

    @property
    def failed(self) -> bool:
        return self.outcome in (Outcome.FAILED, Outcome.DECLINED, Outcome.CANCELLED)


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
    """How to reach one account at a gateway; ``secrets`` are those accepted now, newest first.

    ``api_key`` is what we call with, for kinds whose messages are signed with something else.
    """

    name: str
    base_url: str
    merchant_id: str
    secrets: tuple[str, ...]
    api_key: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A client is about to pay. ``money`` is None where the gateway does not say it well."""

    reference: str
    money: Money | None


@dataclass(frozen=True, slots=True)
class SignedAnswer:
    headers: Mapping[str, str]
    body: bytes


@runtime_checkable
class AsksLeave(Protocol):
    """What a kind has besides ``Gateway`` that asks us before a client pays, and whose messages
    want an answer of a certain form, signed."""

    def attempt(self, body: bytes) -> Attempt | None:
        """What a genuine message asks leave for; None when it tells what happened."""
        ...

    def answer(self, account: Account, refusal: str = "") -> SignedAnswer:
        """That it was heard, and that we agree unless there is a ``refusal``."""
        ...


class Gateway(Protocol):
    """One kind of gateway.

    ``api_key_chars_min``: how long the key that we call with is at least; 0 where there is none.
    ``by_statement``: the bank's statement, not the gateway, says that money arrived or left.
    ``starts_by_call``: the gateway is asked for the page before a client can be sent there.
    ``tells_instrument``: its messages say what was paid with; otherwise ``instrument`` asks.
    ``pays_out``: it sends money to destinations; otherwise it only gives payments back.
    ``pays_by_file``: payouts go to it in files that people carry (payments/payment_files); then
    ``payout`` is never called. ``needs_address``: it is called at all.
    ``answers_disputes``: it takes evidence and acceptances by a call; otherwise people answer
    where the gateway asks for it, and say here that they did.
    ``reports``: it has reports of its movements and fees; otherwise the bank's statement says them.
    """

    kind: str
    label: str
    by_statement: bool
    needs_secret: bool
    api_key_chars_min: int
    starts_by_call: bool
    tells_instrument: bool
    pays_out: bool
    pays_by_file: bool
    needs_address: bool
    answers_disputes: bool
    reports: bool

    def refuses(self, money: Money) -> str:
        """Why this amount can't be paid through this kind at all, in a sentence; empty if it
        can."""
        ...

    def start_payment(self, account: Account, order: PaymentOrder) -> Started | Refused | Unknown:
        """The page where the client pays. The same reference again is the same payment."""
        ...

    def close_payment(self, account: Account, payment: PaymentName) -> None:
        """Have nobody pay on its page any more, where that can be asked for. Money that is on its
        way comes all the same. Raises ``GatewayError``."""
        ...

    def is_genuine(self, account: Account, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the raw bytes carry this account's signature, compared in constant time."""
        ...

    def delivery(self, headers: Mapping[str, str], body: bytes) -> str:
        """What names this message: the same when it is sent again."""
        ...

    def read(self, body: bytes) -> Notice:
        """Raises ``NoticeUnreadable``, ``NothingFollows``, and ``AskFirst`` where the message does
        not say what happened."""
        ...

    def ask(self, account: Account, about: About) -> Notice:
        """What became of what a message is about. Raises ``NotFound``, ``NothingFollows``,
        ``GatewayError``."""
        ...

    def instrument(self, account: Account, notice: Notice) -> Instrument:
        """What the payment of ``notice`` was made with. Raises ``GatewayError``."""
        ...

    def poll_payment(self, account: Account, payment: PaymentName) -> Notice | None:
        """What the gateway knows; None when it can't be asked. Raises ``NotFound``,
        ``GatewayError``."""
        ...

    def poll_payout(self, account: Account, payout: PaymentName) -> Notice | None:
        """As ``poll_payment``."""
        ...

    def read_report(self, content: bytes) -> Iterator[ReportRow | ReportProblem]:
        """The movements of a report, and its rows that can't be read; nothing is left out."""
        ...

    def payout(self, account: Account, order: PayoutOrder) -> Result:
        """Send money out. The same reference again is the same payout."""
        ...

    def refund(
        self, account: Account, reference: str, payment: PaymentName, money: Money
    ) -> Result:
        """Give money of ``payment`` back under our ``reference``, idempotent by it; asked again it
        answers what became of it."""
        ...

    def poll_dispute(self, account: Account, provider_ref: str) -> Notice | None:
        """As ``poll_payment``, of a dispute by the gateway's name of it."""
        ...

    def answer_dispute(self, account: Account, answer: DisputeAnswer) -> Result:
        """Hand evidence in, or accept. Asked again under the same reference it is the same
        answer, and never a second one."""
        ...

    def health(self, account: Account) -> None:
        """Raises ``GatewayError`` when the gateway can't be used."""
        ...
