"""Statements as CSV, read by a column mapping that a person saved for the bank.

A column is named by its heading, or by `#3` for the third where the file has no headings.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO

from .limits import ROW_CHARS_MAX
from .mt940_details import reference
from .results import Counterparty, Event, ParsedLine, Problem, ProblemCode, References
from .statement import StatementBuilder
from .text import detect_encoding, quote, text_lines

_DELIMITERS = (",", ";", "\t", "|")
_NUMBERED = re.compile(r"#([1-9]\d{0,2})")
_PLAIN_NUMBER = re.compile(r"\d{1,24}(\.\d{1,12})?")
_HEADER_SEARCH_ROWS = 50
PREVIEW_ROWS = 20


class MappingError(ValueError):
    """A column mapping that can't be used; the message is for the person who edits it."""


@dataclass(frozen=True, slots=True)
class CsvMapping:
    """Which column means what. Amounts come as one signed column, as one column with a
    credit/debit word beside it, or as two columns."""

    date: str
    amount: str = ""
    credit: str = ""
    debit: str = ""
    direction: str = ""
    credit_words: tuple[str, ...] = ("C", "CR", "CRDT", "CREDIT", "+")
    debit_words: tuple[str, ...] = ("D", "DR", "DBIT", "DEBIT", "-")
    value_date: str = ""
    currency: str = ""
    account: str = ""
    end_to_end: str = ""
    our_reference: str = ""
    bank_reference: str = ""
    counterparty_name: str = ""
    counterparty_account: str = ""
    balance: str = ""
    text: tuple[str, ...] = ()
    fixed_account: str = ""
    fixed_currency: str = ""
    date_format: str = "%Y-%m-%d"
    decimal_mark: str = "."
    delimiter: str = ""  # empty: found from the file
    has_header: bool = True
    is_newest_first: bool = False
    is_inverted: bool = False  # money out is written without a minus, as on card statements

    def __post_init__(self) -> None:
        if not self.date:
            raise MappingError("The mapping names no column for the date.")
        if bool(self.amount) == bool(self.credit or self.debit):
            raise MappingError("The mapping needs either an amount or credit and debit columns.")
        if self.direction and not self.amount:
            raise MappingError("A direction column goes with an amount column.")
        if self.decimal_mark not in (".", ","):
            raise MappingError("The decimal mark is a point or a comma.")
        if self.delimiter and self.delimiter not in _DELIMITERS:
            raise MappingError("The delimiter is a comma, a semicolon, a tab or a bar.")
        if not self.has_header and not all(_NUMBERED.fullmatch(each) for each in self.columns()):
            raise MappingError("Without headings every column is named by its number, like #3.")

    def columns(self) -> tuple[str, ...]:
        """Every column that the mapping uses."""
        single = (getattr(self, name) for name in _COLUMN_NAMES)
        return tuple(name for name in (*single, *self.text) if name)

    def to_json(self) -> dict[str, Any]:
        """What ``from_json`` takes; settings that say nothing are left out."""
        given = ((each.name, getattr(self, each.name), each.default) for each in fields(self))
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value, default in given
            if value != default
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> CsvMapping:
        """A saved mapping. Raises MappingError for what is not one."""
        known = {each.name: each.default for each in fields(cls)}
        values: dict[str, Any] = {}
        for name, value in data.items():
            if name not in known:
                raise MappingError(f"The mapping has an unknown setting: {name}.")
            values[name] = _setting(name, value, known[name])
        return cls(**({"date": ""} | values))


def _setting(name: str, value: object, default: object) -> object:
    """A value of the kind that its setting has."""
    if isinstance(default, tuple):
        if isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value):
            return tuple(value)
    elif isinstance(default, bool):
        if isinstance(value, bool):
            return value
    elif isinstance(value, str):
        return value
    raise MappingError(f"The setting {name} has a value of the wrong kind.")


_COLUMN_NAMES = (
    "date", "amount", "credit", "debit", "direction", "value_date", "currency", "account",
    "end_to_end", "our_reference", "bank_reference", "counterparty_name", "counterparty_account",
    "balance",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CsvPreview:
    """The first rows of a CSV file, for the page on which its columns are mapped."""

    encoding: str
    delimiter: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(slots=True)
class _Row:
    number: int  # of its first physical line
    cells: list[str]
    raw: str
    error: str = ""


def csv_preview(source: BinaryIO, *, delimiter: str = "") -> CsvPreview:
    """Read the first rows of a seekable file."""
    encoding = detect_encoding(source)
    delimiter = delimiter or _find_delimiter(source, encoding)
    source.seek(0)
    rows: list[tuple[str, ...]] = []
    for row in _rows(source, encoding, delimiter):
        rows.append(tuple(row.cells))
        if len(rows) == PREVIEW_ROWS:
            break
    return CsvPreview(encoding, delimiter, tuple(rows))


def read_csv(source: BinaryIO, mapping: CsvMapping, encoding: str | None = None) -> Iterator[Event]:
    """Read a seekable CSV file; each run of rows of one account and currency is a statement."""
    encoding = encoding or detect_encoding(source)
    delimiter = mapping.delimiter or _find_delimiter(source, encoding)
    source.seek(0)
    rows = _rows(source, encoding, delimiter)
    positions = _positions(rows, mapping)
    if isinstance(positions, Problem):
        yield positions
        return
    reader = _Reader(mapping, positions)
    for row in rows:
        yield from reader.read(row)
    yield from reader.end_of_file()


def _find_delimiter(source: BinaryIO, encoding: str) -> str:
    source.seek(0)
    counts = dict.fromkeys(_DELIMITERS, 0)
    for number, (_, line) in enumerate(text_lines(source, encoding)):
        if number == PREVIEW_ROWS:
            break
        for delimiter in _DELIMITERS:
            counts[delimiter] += line.count(delimiter)
    source.seek(0)
    # A comma is a decimal mark too, so the others win where they are regular.
    return max(_DELIMITERS, key=lambda each: counts[each] * (1 if each == "," else 2))


class _RowTooLongError(Exception):
    """A row goes on for longer than any row may: most likely a quote that never ends."""


def _rows(source: BinaryIO, encoding: str, delimiter: str) -> Iterator[_Row]:
    physical = text_lines(source, encoding)
    taken: list[str] = []
    number = chars = 0

    def lines() -> Iterator[str]:
        nonlocal number, chars
        for found, line in physical:
            number = number if taken else found
            taken.append(line)
            chars += len(line)
            if chars > ROW_CHARS_MAX:
                raise _RowTooLongError
            yield line + "\n"

    reader = csv.reader(lines(), delimiter=delimiter)
    while True:
        error = ""
        cells: list[str] = []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as failure:
            error = str(failure)
        except _RowTooLongError:
            error = f"longer than {ROW_CHARS_MAX} characters"
            reader = csv.reader(lines(), delimiter=delimiter)
        raw, first = "\n".join(taken), number
        taken.clear()
        chars = 0
        if error or any(cell.strip() for cell in cells):
            yield _Row(first, [cell.strip() for cell in cells], raw, error)


def _positions(rows: Iterator[_Row], mapping: CsvMapping) -> dict[str, int] | Problem:
    """Where each mapped column stands: from the heading row, found among the first rows."""
    numbered = {
        name: int(match[1]) - 1
        for name in mapping.columns()
        if (match := _NUMBERED.fullmatch(name))
    }
    if not mapping.has_header:
        return numbered
    wanted = [name for name in mapping.columns() if name not in numbered]
    best: list[str] = wanted
    for count, row in enumerate(rows, start=1):
        headings = {cell.casefold(): place for place, cell in reversed([*enumerate(row.cells)])}
        missing = [name for name in wanted if name.strip().casefold() not in headings]
        if not missing:
            return numbered | {name: headings[name.strip().casefold()] for name in wanted}
        best = min(best, missing, key=len)
        if count == _HEADER_SEARCH_ROWS:
            break
    return Problem(
        ProblemCode.MAPPING_NEEDED,
        f"The file has no heading row with these mapped columns: {', '.join(best)}.",
        of_file=True,
    )


class _Reader:
    def __init__(self, mapping: CsvMapping, positions: dict[str, int]) -> None:
        self._mapping = mapping
        self._positions = positions
        self._statement: StatementBuilder | None = None

    def read(self, row: _Row) -> Iterator[Event]:
        account, currency = self._account(row)
        day = self._date(row, self._mapping.date)
        amount = self._amount(row)
        is_readable = not row.error and day is not None and amount is not None
        statement = self._statement
        # A row that can't be read belongs to the statement it stands in.
        if statement is None or (
            is_readable and (statement.account, statement.currency) != (account, currency)
        ):
            yield from self._close()
            statement = self._open(row, account, currency)
        statement.see_entry()
        if row.error or day is None or amount is None:
            what = row.error or ("the date" if day is None else "the amount") + " can't be read"
            yield statement.lose(
                ProblemCode.LINE_UNREADABLE,
                f"Row {statement.entries_seen}: {what}.",
                raw=quote(row.raw),
                source_line=row.number,
            )
            return
        self._balance(row, amount, statement)
        yield statement.accept(self._line(row, day, amount, statement))

    def end_of_file(self) -> Iterator[Event]:
        if self._statement is None:
            yield Problem(ProblemCode.NO_STATEMENT, "The file has no rows.", of_file=True)
        yield from self._close()

    def _open(self, row: _Row, account: str, currency: str) -> StatementBuilder:
        self._statement = StatementBuilder("CSV", row.number, account, currency)
        return self._statement

    def _close(self) -> Iterator[Event]:
        if self._statement is not None:
            yield from self._statement.finish()
        self._statement = None

    def _cell(self, row: _Row, column: str) -> str:
        place = self._positions.get(column)
        return row.cells[place] if place is not None and place < len(row.cells) else ""

    def _account(self, row: _Row) -> tuple[str, str]:
        mapping = self._mapping
        return (
            self._cell(row, mapping.account) or mapping.fixed_account,
            self._cell(row, mapping.currency).upper() or mapping.fixed_currency,
        )

    def _date(self, row: _Row, column: str) -> date | None:
        text = self._cell(row, column)
        try:
            # A day as the bank wrote it: no clock, so no time zone.
            return datetime.strptime(text, self._mapping.date_format).date()  # noqa: DTZ007
        except ValueError:
            return None

    def _number(self, text: str) -> Decimal | None:
        mark = self._mapping.decimal_mark
        sign = 1
        for spaces in (" ", "\u00a0", "\u202f", "'", "\u2019"):
            text = text.replace(spaces, "")
        if text[:1] in ("+", "-", "\u2212"):
            sign, text = (1 if text[0] == "+" else -1), text[1:]
        elif text[-1:] == "-":
            sign, text = -1, text[:-1]
        elif text.startswith("(") and text.endswith(")"):
            sign, text = -1, text[1:-1]
        text = text.replace("." if mark == "," else ",", "").replace(mark, ".")
        return sign * Decimal(text) if _PLAIN_NUMBER.fullmatch(text) else None

    def _amount(self, row: _Row) -> Decimal | None:
        amount = self._written(row)
        return -amount if amount is not None and self._mapping.is_inverted else amount

    def _written(self, row: _Row) -> Decimal | None:
        mapping = self._mapping
        if mapping.amount:
            amount = self._number(self._cell(row, mapping.amount))
            if amount is None or not mapping.direction:
                return amount
            word = self._cell(row, mapping.direction).upper()
            if word in mapping.credit_words:
                return amount
            return -amount if word in mapping.debit_words else None
        credit_text = self._cell(row, mapping.credit)
        debit_text = self._cell(row, mapping.debit)
        credit = self._number(credit_text) if credit_text else Decimal(0)
        debit = self._number(debit_text) if debit_text else Decimal(0)
        if credit is None or debit is None or not (credit_text or debit_text):
            return None
        return credit - abs(debit)  # some banks write the debit column with a minus

    def _balance(self, row: _Row, amount: Decimal, statement: StatementBuilder) -> None:
        balance = self._number(self._cell(row, self._mapping.balance))
        if not self._mapping.balance or balance is None:
            return
        first, last = balance - amount, balance
        if self._mapping.is_newest_first:
            statement.closing = last if statement.closing is None else statement.closing
            statement.opening = first
        else:
            statement.opening = first if statement.opening is None else statement.opening
            statement.closing = last

    def _line(
        self, row: _Row, day: date, amount: Decimal, statement: StatementBuilder
    ) -> ParsedLine:
        mapping = self._mapping
        _widen(statement, day)
        return ParsedLine(
            number=statement.entries_seen,
            date=day,
            value_date=self._date(row, mapping.value_date) or day,
            amount=amount,
            currency=statement.currency,
            references=References(
                end_to_end=reference(self._cell(row, mapping.end_to_end)),
                our=reference(self._cell(row, mapping.our_reference)),
                bank=reference(self._cell(row, mapping.bank_reference)),
            ),
            counterparty=Counterparty(
                self._cell(row, mapping.counterparty_name),
                self._cell(row, mapping.counterparty_account),
            ),
            text=" ".join(filter(None, (self._cell(row, column) for column in mapping.text))),
            raw=row.raw,
            source_line=row.number,
        )


def _widen(statement: StatementBuilder, day: date) -> None:
    if statement.from_date is None or day < statement.from_date:
        statement.from_date = day
    if statement.to_date is None or day > statement.to_date:
        statement.to_date = day
