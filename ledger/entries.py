"""What callers hand to the ledger and get back: account references, lines, postings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from backoffice.core.errors import DomainError, InvalidInput
from backoffice.core.money import CurrencyMismatch, Money

LINES_MAX = 1_000
BATCH_LINES_MAX = 5_000
KEY_LENGTH_MAX = 120


@dataclass(frozen=True, slots=True)
class AccountRef:
    """An account as lines name it. ``ids`` has one id, or one per shard of a house account."""

    code: str
    currency: str
    normal: int
    ids: tuple[UUID, ...]

    @property
    def id(self) -> UUID:
        """The account, or the first of its shards: stable, so good for keeping."""
        return self.ids[0]

    def shard_for(self, lane: int) -> UUID:
        """The shard that posts of a lane meet; see ``wire.lane``. Their sum is the account."""
        return self.ids[lane % len(self.ids)]


@dataclass(frozen=True, slots=True)
class Line:
    """``amount`` leaves ``credit``'s books and enters ``debit``'s: debit the receiver of value.

    For a client's deposit: debit the gateway's clearing account, credit the client's wallet.
    ``code`` says what the line is within its journal, such as ``principal`` or ``fee``.
    """

    debit: AccountRef
    credit: AccountRef
    amount: Money
    code: str = "principal"

    def __post_init__(self) -> None:
        if self.amount.minor <= 0:
            raise InvalidInput("The amount of a ledger line must be above zero.")
        for account in (self.debit, self.credit):
            if account.currency != self.amount.currency:
                raise CurrencyMismatch(
                    f"{account.code} is kept in {account.currency}; "
                    f"{self.amount} can't be booked on it."
                )
        if self.debit.id == self.credit.id:
            raise InvalidInput(f"A line from {self.debit.code} to itself moves nothing.")


@dataclass(frozen=True, slots=True)
class JournalRequest:
    """One journal of a batch; the fields are those of ``services.post``."""

    key: str
    kind: str
    lines: Sequence[Line]
    business_ref: str = ""
    effective_at: datetime | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 < len(self.key) <= KEY_LENGTH_MAX:
            raise InvalidInput(f"An idempotency key has 1 to {KEY_LENGTH_MAX} characters.")
        if not self.lines:
            raise InvalidInput("A journal needs at least one line.")
        if len(self.lines) > LINES_MAX:
            raise InvalidInput(f"A journal has at most {LINES_MAX} lines.")


@dataclass(frozen=True, slots=True)
class Posting:
    """What came of a request. ``replayed``: the key was used before for the same request, and
    this is what came of it then; nothing was moved now."""

    journal_id: UUID
    created_at: datetime
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class HoldRef:
    """Money set aside under ``id``; ``replayed`` as in ``Posting``."""

    id: UUID
    created_at: datetime
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """Of one journal of a batch: either its posting or why it alone was refused."""

    key: str
    posting: Posting | None
    refusal: DomainError | None
