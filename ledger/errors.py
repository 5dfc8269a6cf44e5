"""Why the ledger refuses. Nothing was booked, and the caller's transaction goes on."""

from datetime import datetime
from uuid import UUID

from backoffice.core.errors import DomainError, IdempotencyConflict, InvalidInput, StateConflict
from backoffice.core.money import CurrencyMismatch, Money

__all__ = [
    "AccountClosed",
    "AccountMismatch",
    "AccountMissing",
    "AccountNotEmpty",
    "AlreadyReversed",
    "CurrencyMismatch",
    "DayNotClosable",
    "HoldNotOpen",
    "HoldTooSmall",
    "IdempotencyConflict",
    "InsufficientFunds",
    "PeriodClosed",
]


class InsufficientFunds(DomainError):
    """``available`` is what the account could have given, open holds taken off."""

    code = "insufficient-funds"

    def __init__(self, account_code: str, available: Money) -> None:
        self.account_code = account_code
        self.available = available
        super().__init__(
            f"{account_code} has {available} available, which is not enough. Nothing was booked."
        )


class AccountClosed(DomainError):
    code = "account-closed"


class AccountMissing(DomainError):
    code = "account-missing"


class AccountMismatch(InvalidInput):
    """An account of this code exists with another kind, owner or overdraft rule."""

    code = "account-mismatch"


class AccountNotEmpty(StateConflict):
    code = "account-not-empty"


class AlreadyReversed(StateConflict):
    code = "already-reversed"
    sentence = "This journal has been reversed before, and a journal is reversed once."


HELD_WORDS = {
    "settled": "The money that was set aside has moved already.",
    "voided": "The money that was set aside has been released already.",
    "expired": "The time for which the money was set aside has ended; it was released.",
    "": "No money is set aside for this.",
}


class HoldNotOpen(StateConflict):
    """``state`` is the hold's: settled, voided or expired; empty when there is no such hold."""

    code = "hold-not-open"

    def __init__(self, hold_id: UUID, state: str) -> None:
        self.state = state
        super().__init__(f"{HELD_WORDS.get(state, HELD_WORDS[''])} Nothing was done.")


class HoldTooSmall(InvalidInput):
    code = "hold-too-small"


class PeriodClosed(DomainError):
    """``until`` is the first moment that is open: what is late is valued from there on."""

    code = "period-closed"

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__(
            f"The books are closed up to {until:%-d %B %Y, %H:%M} UTC. Nothing can be valued "
            "before that. Nothing was booked."
        )


class DayNotClosable(StateConflict):
    code = "day-not-closable"
