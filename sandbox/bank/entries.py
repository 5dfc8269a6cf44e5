"""What a bank knows: accounts and the entries booked on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Account:
    iban: str
    currency: str
    owner: str
    bic: str
    opening: Decimal  # the balance before the first entry


@dataclass(frozen=True, slots=True)
class Entry:
    """One booking. `amount` is signed: what it adds to the account's balance."""

    reference: str  # the bank's own, at most 16 characters
    booked_on: date
    value_date: date
    amount: Decimal
    end_to_end: str = ""
    name: str = ""  # the other party
    iban: str = ""
    bic: str = ""
    text: str = ""
    return_reason: str = ""  # ISO 20022 code: this entry gives back an earlier transfer


@dataclass(frozen=True, slots=True)
class Statement:
    """One account's day."""

    account: Account
    day: date
    sequence: int
    opening: Decimal
    entries: tuple[Entry, ...]

    @property
    def closing(self) -> Decimal:
        return self.opening + sum((entry.amount for entry in self.entries), Decimal(0))

    @property
    def identification(self) -> str:
        return f"{self.day:%Y%m%d}-{self.account.iban[-12:]}-{self.sequence}"
