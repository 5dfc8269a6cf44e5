"""What every importer gives, whatever the bank's format.

Readers are generators of events, so that a file of a million lines needs no more memory than one
line: lines and problems as they are met, then the statement they belong to. `collect` folds the
events into one `ParsedFile` for the files that fit into memory.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any


class ProblemCode(StrEnum):
    """What may be wrong with a file, a statement or a line."""

    # The file as a whole
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    UNKNOWN_FORMAT = "unknown_format"
    MAPPING_NEEDED = "mapping_needed"
    MALFORMED = "malformed"
    REFUSED = "refused"
    NO_STATEMENT = "no_statement"
    TEXT_OUTSIDE = "text_outside_statement"
    # A statement
    TRUNCATED = "truncated"
    ACCOUNT_MISSING = "account_missing"
    CURRENCY_MISSING = "currency_missing"
    CURRENCY_DIFFERS = "currency_differs"
    OPENING_MISSING = "opening_missing"
    CLOSING_MISSING = "closing_missing"
    BALANCE_UNREADABLE = "balance_unreadable"
    BALANCE_REPEATED = "balance_repeated"
    BALANCE_MISMATCH = "balance_mismatch"
    SEQUENCE_BREAK = "sequence_break"
    COUNT_MISMATCH = "count_mismatch"
    SUM_MISMATCH = "sum_mismatch"
    # A line
    LINE_UNREADABLE = "line_unreadable"
    LINE_NOT_MONEY = "line_not_money"
    DATE_ADJUSTED = "date_adjusted"
    DATE_MISSING = "date_missing"
    BATCH_MISMATCH = "batch_mismatch"
    NOT_AN_UPDATE = "not_an_update"
    TAG_MISPLACED = "tag_misplaced"
    FIELD_TOO_LONG = "field_too_long"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that a person should know about a file.

    `loses_line` is True where an entry of the bank is known by this problem alone: entries seen =
    lines parsed + problems that lose a line. `source_line` counts from 1, `offset` is in bytes.
    """

    code: ProblemCode
    message: str
    source_line: int | None = None
    offset: int | None = None
    raw: str = ""
    loses_line: bool = False
    of_file: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "code": str(self.code),
            "message": self.message,
            "source_line": self.source_line,
            "offset": self.offset,
            "raw": self.raw,
            "loses_line": self.loses_line,
        }


@dataclass(frozen=True, slots=True)
class References:
    """The names under which a payment may be known; empty where the bank gives none."""

    end_to_end: str = ""  # the payer's id, carried through to the payee
    our: str = ""  # the account owner's own reference
    bank: str = ""  # the reference of the bank that keeps the account
    instruction: str = ""
    transaction: str = ""
    batch: str = ""  # payment information id: one payment file's block
    message: str = ""
    mandate: str = ""
    creditor: str = ""  # creditor identifier of a direct debit
    uetr: str = ""
    clearing: str = ""
    cheque: str = ""
    structured: str = ""  # creditor reference (RF, ISR) of structured remittance
    other: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        values = ((field, getattr(self, field)) for field in _REFERENCE_FIELDS)
        return {
            field: list(value) if isinstance(value, tuple) else value
            for field, value in values
            if value
        }


_REFERENCE_FIELDS = tuple(field.name for field in dataclasses.fields(References))


@dataclass(frozen=True, slots=True)
class Counterparty:
    """The other side of a line, as far as the bank says."""

    name: str = ""
    account: str = ""
    bank: str = ""  # BIC or national clearing code


@dataclass(frozen=True, slots=True)
class ParsedDetail:
    """One transaction inside a batch line. `amount` is signed and may be unknown."""

    amount: Decimal | None
    currency: str
    references: References
    counterparty: Counterparty
    text: str
    return_reason: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "amount": None if self.amount is None else decimal_text(self.amount),
            "currency": self.currency,
            **self.references.to_json(),
        }


NO_REFERENCES = References()
NO_COUNTERPARTY = Counterparty()

BOOKED = "booked"
PENDING = "pending"
INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """One entry on the account.

    `amount` is signed: what the entry adds to the account's balance, in `currency`. `raw` is the
    entry as it stood in the file. A batch is one line with `entry_count` above 1 and, where the
    bank gives them, its `details`.
    """

    number: int
    date: datetime.date
    value_date: datetime.date
    amount: Decimal
    currency: str
    references: References = NO_REFERENCES
    counterparty: Counterparty = NO_COUNTERPARTY
    text: str = ""
    raw: str = ""
    code: str = ""  # the bank's transaction code
    status: str = BOOKED
    is_reversal: bool = False
    return_reason: str = ""
    entry_count: int = 1
    details: tuple[ParsedDetail, ...] = ()
    source_line: int | None = None

    def to_json(self) -> dict[str, Any]:
        references = self.references.to_json()
        if len(self.details) > 1:
            references["transactions"] = [detail.to_json() for detail in self.details]
        return {
            "date": self.date.isoformat(),
            "value_date": self.value_date.isoformat(),
            "amount": decimal_text(self.amount),
            "references": references,
            "text": self.text,
            "raw": self.raw,
        }


@dataclass(frozen=True, slots=True)
class Balance:
    """One balance of a statement: `kind` is the format's own code (OPBD, 62F, 015)."""

    kind: str
    amount: Decimal
    currency: str
    date: datetime.date | None


@dataclass(frozen=True, slots=True)
class ParsedStatement:
    """One account's statement. As an event its `lines` and `problems` are empty: they came first.

    `entries_seen` counts the entries of the bank met in the source, readable or not.
    """

    account: str
    currency: str
    opening: Decimal | None
    closing: Decimal | None
    sequence: str
    from_date: datetime.date | None
    to_date: datetime.date | None
    message_type: str
    lines: tuple[ParsedLine, ...] = ()
    problems: tuple[Problem, ...] = ()
    balances: tuple[Balance, ...] = ()
    statement_id: str = ""
    information: str = ""
    entries_seen: int = 0
    source_line: int | None = None

    def head_to_json(self) -> dict[str, Any]:
        return {
            "account": self.account,
            "currency": self.currency,
            "opening": None if self.opening is None else decimal_text(self.opening),
            "closing": None if self.closing is None else decimal_text(self.closing),
        }

    def to_json(self) -> dict[str, Any]:
        return {
            **self.head_to_json(),
            "lines": [line.to_json() for line in self.lines],
            "problems": [problem.to_json() for problem in self.problems],
        }


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """All that was understood of one file, and all that was not."""

    statements: tuple[ParsedStatement, ...]
    problems: tuple[Problem, ...]

    @property
    def entries_seen(self) -> int:
        outside = sum(problem.loses_line for problem in self.problems)
        return outside + sum(statement.entries_seen for statement in self.statements)

    @property
    def lines_parsed(self) -> int:
        return sum(len(statement.lines) for statement in self.statements)

    @property
    def lines_lost(self) -> int:
        """Entries of the bank that are known by a problem alone."""
        of_statements = sum(
            problem.loses_line for each in self.statements for problem in each.problems
        )
        return of_statements + sum(problem.loses_line for problem in self.problems)

    def to_json(self) -> dict[str, Any]:
        return {
            "statements": [statement.to_json() for statement in self.statements],
            "problems": [problem.to_json() for problem in self.problems],
        }


Event = ParsedLine | Problem | ParsedStatement


def decimal_text(amount: Decimal) -> str:
    """Without an exponent and without a plus sign."""
    return format(amount, "f")


def collect(events: Iterable[Event]) -> ParsedFile:
    """Fold a reader's events into one value; memory grows with the file."""
    statements: list[ParsedStatement] = []
    lines: list[ParsedLine] = []
    problems: list[Problem] = []
    file_problems: list[Problem] = []
    for event in events:
        if isinstance(event, ParsedLine):
            lines.append(event)
        elif isinstance(event, Problem):
            (file_problems if event.of_file else problems).append(event)
        else:
            statements.append(
                dataclasses.replace(event, lines=tuple(lines), problems=tuple(problems))
            )
            lines, problems = [], []
    left = len(lines) + len(problems)
    assert left == 0, "a reader ended without closing its statement"
    return ParsedFile(tuple(statements), tuple(file_problems))
