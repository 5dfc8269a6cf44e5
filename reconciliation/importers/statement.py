"""One statement while it is being read: counts, sums and the integrity checks at its end.

The checks are rung 0 of the matching ladder: opening + booked lines = closing, the bank's own
totals, and the previous closing = the next opening. A failed check is a problem of the statement;
no line is held back for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from .results import (
    BOOKED,
    Balance,
    Event,
    ParsedLine,
    ParsedStatement,
    Problem,
    ProblemCode,
    decimal_text,
)

ZERO = Decimal(0)


@dataclass(slots=True)
class Totals:
    """What the bank says the entries of a statement add up to; None where it says nothing."""

    count: int | None = None
    credit_count: int | None = None
    debit_count: int | None = None
    credit_sum: Decimal | None = None
    debit_sum: Decimal | None = None


@dataclass(slots=True)
class StatementBuilder:
    """Collects the head of a statement and counts its lines, which it does not keep."""

    message_type: str
    source_line: int | None = None
    account: str = ""
    currency: str = ""
    opening: Decimal | None = None
    closing: Decimal | None = None
    opening_currency: str = ""
    closing_currency: str = ""
    sequence: str = ""
    statement_id: str = ""
    from_date: date | None = None
    to_date: date | None = None
    information: str = ""
    is_truncated: bool = False
    needs_opening: bool = False
    needs_closing: bool = False
    balances: list[Balance] = field(default_factory=list)
    totals: Totals = field(default_factory=Totals)
    entries_seen: int = 0
    lines_parsed: int = 0
    lines_lost: int = 0
    credit_count: int = 0
    debit_count: int = 0
    credit_sum: Decimal = ZERO
    debit_sum: Decimal = ZERO
    booked_sum: Decimal = ZERO
    has_other_currency: bool = False
    first_line_currency: str = ""
    closing_is_checked: bool = True

    def see_entry(self) -> int:
        """Count an entry of the source; gives its number, from 1."""
        self.entries_seen += 1
        return self.entries_seen

    def accept(self, line: ParsedLine) -> ParsedLine:
        self.lines_parsed += 1
        if line.amount < 0:
            self.debit_count += 1
            self.debit_sum -= line.amount
        else:
            self.credit_count += 1
            self.credit_sum += line.amount
        if line.status == BOOKED:
            self.booked_sum += line.amount
        self.first_line_currency = self.first_line_currency or line.currency
        if line.currency != (self.currency or self.first_line_currency):
            self.has_other_currency = True
        return line

    def lose(
        self,
        code: ProblemCode,
        message: str,
        *,
        raw: str,
        source_line: int | None = None,
    ) -> Problem:
        """Report an entry that can't become a line."""
        self.lines_lost += 1
        return Problem(code, message, source_line, raw=raw, loses_line=True)

    def finish(self) -> Iterator[Event]:
        """The problems of the statement as a whole, then the statement."""
        assert self.entries_seen == self.lines_parsed + self.lines_lost, "an entry was dropped"
        yield from self._missing()
        yield from self._balance_check()
        yield from self._totals_check()
        yield ParsedStatement(
            account=self.account,
            currency=self.currency,
            opening=self.opening,
            closing=self.closing,
            sequence=self.sequence,
            from_date=self.from_date,
            to_date=self.to_date,
            message_type=self.message_type,
            balances=tuple(self.balances),
            statement_id=self.statement_id,
            information=self.information,
            entries_seen=self.entries_seen,
            source_line=self.source_line,
        )

    def _problem(self, code: ProblemCode, message: str) -> Problem:
        return Problem(code, message, self.source_line)

    def _missing(self) -> Iterator[Problem]:
        if self.is_truncated:
            yield self._problem(
                ProblemCode.TRUNCATED,
                f"The file ends inside this statement, after {self.entries_seen} entries.",
            )
        if not self.account:
            yield self._problem(ProblemCode.ACCOUNT_MISSING, "The statement names no account.")
        if not self.currency:
            yield self._problem(ProblemCode.CURRENCY_MISSING, "The statement names no currency.")
        if self.needs_opening and self.opening is None:
            yield self._problem(
                ProblemCode.OPENING_MISSING, "The statement has no opening balance."
            )
        if self.needs_closing and self.closing is None and not self.is_truncated:
            yield self._problem(
                ProblemCode.CLOSING_MISSING, "The statement has no closing balance."
            )

    def _balance_check(self) -> Iterator[Problem]:
        currencies = {self.opening_currency, self.closing_currency, self.currency} - {""}
        if len(currencies) > 1 or self.has_other_currency:
            yield self._problem(
                ProblemCode.CURRENCY_DIFFERS,
                "Balances and lines of the statement are in different currencies, so their sum "
                "can't be checked.",
            )
            return
        if self.opening is None or self.closing is None or self.is_truncated:
            return
        if not self.closing_is_checked:
            return
        expected = self.opening + self.booked_sum
        if expected != self.closing:
            yield self._problem(
                ProblemCode.BALANCE_MISMATCH,
                f"Opening {decimal_text(self.opening)} plus lines {decimal_text(self.booked_sum)} "
                f"gives {decimal_text(expected)}, but the closing balance is "
                f"{decimal_text(self.closing)}.",
            )

    def _totals_check(self) -> Iterator[Problem]:
        if self.is_truncated:
            return
        counted = (
            ("entries", self.totals.count, self.entries_seen),
            ("credits", self.totals.credit_count, self.credit_count),
            ("debits", self.totals.debit_count, self.debit_count),
        )
        for name, stated, found in counted:
            if stated is not None and stated != found:
                yield self._problem(
                    ProblemCode.COUNT_MISMATCH,
                    f"The bank counts {stated} {name}; the file has {found}.",
                )
        summed = (
            ("credits", self.totals.credit_sum, self.credit_sum),
            ("debits", self.totals.debit_sum, self.debit_sum),
        )
        for name, stated_sum, found_sum in summed:
            if stated_sum is not None and abs(stated_sum) != found_sum:
                yield self._problem(
                    ProblemCode.SUM_MISMATCH,
                    f"The bank's {name} add up to {decimal_text(abs(stated_sum))}; those of the "
                    f"file to {decimal_text(found_sum)}.",
                )


class Continuity:
    """Checks that each statement of a file opens where the account's last one closed."""

    def __init__(self) -> None:
        self._last_closing: dict[tuple[str, str], Decimal] = {}

    def check(self, statement: StatementBuilder) -> Iterator[Problem]:
        key = (statement.account, statement.currency)
        last = self._last_closing.get(key)
        if last is not None and statement.opening is not None and last != statement.opening:
            yield Problem(
                ProblemCode.SEQUENCE_BREAK,
                f"The statement opens with {decimal_text(statement.opening)}, but the one before "
                f"it closed with {decimal_text(last)}: one may be missing.",
                statement.source_line,
            )
        if statement.closing is not None and statement.account:
            self._last_closing[key] = statement.closing
