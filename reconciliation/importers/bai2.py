"""BAI2 cash reports, read tolerantly.

Source: BAI Cash Management Balance Reporting Specifications, version 2. Real files leave out the
closing slash, put several records on one line, wrap a record without a continuation code, and
write counts that don't hold; none of these loses a transaction here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import BinaryIO

from .limits import FIELD_CHARS_MAX
from .mt940_details import reference
from .results import (
    BOOKED,
    INFORMATION,
    Balance,
    Counterparty,
    Event,
    ParsedLine,
    Problem,
    ProblemCode,
    References,
)
from .statement import Continuity, StatementBuilder
from .text import detect_encoding, quote, short_date, text_lines

_RECORD = re.compile(r"\s*(01|02|03|16|49|88|98|99)([,:])(.*)", re.DOTALL)
_SEVERAL = re.compile(r"/\s+(?=(?:01|02|03|16|49|88|98|99),)")
_INTEGER = re.compile(r"[+-]?\d{1,24}")
_FUNDS_TYPES = frozenset(("", "0", "1", "2", "S", "V", "D", "Z"))
_KEYED_TEXT = re.compile(r"^([A-Z]{4}): ?(.*)$", re.MULTILINE)
_GROUP_STATUSES = {"2": "a deletion", "3": "a correction", "4": "a test"}
_OPENING, _CLOSING = "010", "015"
# ISO 4217 exponents other than 2, of the currencies that BAI2 is used for.
_EXPONENTS = {
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"), 0),
}


@dataclass(slots=True)
class _Record:
    code: str
    parts: list[str]
    source_line: int
    physical: int = 1
    chars: int = 0
    is_cut: bool = False
    odd_lines: int = 0
    first_odd_line: int = 0

    def add(self, text: str, *, is_record: bool) -> None:
        self.physical += is_record
        self.chars += len(text)
        if self.chars > FIELD_CHARS_MAX:
            self.is_cut = True
        else:
            self.parts.append(text)

    def fields(self) -> list[str]:
        return ",".join(self.parts).split(",")

    def raw(self) -> str:
        return f"{self.code}," + "\n88,".join(self.parts)


@dataclass(slots=True)
class _Group:
    day: date | None = None
    currency: str = ""
    status: str = "1"
    accounts: int = 0


def read_bai2(source: BinaryIO, encoding: str | None = None) -> Iterator[Event]:
    """Read every account of a seekable BAI2 file as one statement each."""
    reader = _Reader()
    for record in _records(text_lines(source, encoding or detect_encoding(source))):
        yield from reader.read(record)
    yield from reader.end_of_file()


def _records(lines: Iterator[tuple[int, str]]) -> Iterator[_Record]:
    current: _Record | None = None
    for number, line in lines:
        for piece in _SEVERAL.split(line):
            match = _RECORD.match(piece)
            if match is None and not piece.strip(" /\x00\x1a"):
                continue
            text = _content(match[3] if match else piece)
            is_new = match is not None and match[1] != "88"
            if match is not None and (is_new or current is None):
                if current is not None:
                    yield current
                current = _Record(match[1], [text], number, chars=len(text))
            elif current is not None:
                current.add(text, is_record=match is not None)
            else:
                current = _Record("?", [text], number)
            if match is None or match[2] == ":":
                current.odd_lines += 1
                current.first_odd_line = current.first_odd_line or number
    if current is not None:
        yield current


def _content(text: str) -> str:
    stripped = text.rstrip()
    return stripped[:-1] if stripped.endswith("/") else stripped


class _Reader:
    def __init__(self) -> None:
        self._group = _Group()
        self._statement: StatementBuilder | None = None
        self._continuity = Continuity()
        self._control = 0  # sum of the account's amounts, in minor units
        self._records = 0
        self._groups = 0
        self._has_trailer = False
        self._found_any = False

    def read(self, record: _Record) -> Iterator[Event]:
        if record.odd_lines:
            yield Problem(
                ProblemCode.TAG_MISPLACED,
                f"{record.odd_lines} line(s) without a proper record code were read as part of the "
                "record before.",
                record.first_odd_line,
                raw=quote(record.raw()),
                of_file=self._statement is None,
            )
        self._records += record.physical
        match record.code:
            case "03":
                yield from self._close(is_truncated=True)
                yield from self._account(record)
            case "16":
                yield from self._transaction(record)
            case "49":
                yield from self._account_trailer(record)
            case "02":
                yield from self._close(is_truncated=True)
                yield from self._group_header(record)
            case "98":
                yield from self._close(is_truncated=True)
                yield from self._check_count(record, "accounts", self._group.accounts)
            case "99":
                yield from self._close(is_truncated=True)
                yield from self._check_count(record, "groups", self._groups)
                self._has_trailer = True
            case "01":
                pass
            case _:
                yield Problem(
                    ProblemCode.TEXT_OUTSIDE,
                    "Text outside any record was not read.",
                    record.source_line,
                    raw=quote(record.raw()),
                    of_file=self._statement is None,
                )

    def end_of_file(self) -> Iterator[Event]:
        yield from self._close(is_truncated=True)
        if not self._found_any:
            yield Problem(ProblemCode.NO_STATEMENT, "The file has no BAI2 account.", of_file=True)
        if not self._has_trailer:
            yield Problem(
                ProblemCode.TRUNCATED,
                "The file ends without its file trailer (record 99).",
                of_file=True,
            )

    def _group_header(self, record: _Record) -> Iterator[Event]:
        fields = [each.strip() for each in record.fields()] + [""] * 7
        self._groups += 1
        day, _ = short_date(fields[3])
        self._group = _Group(day, fields[5], fields[2])
        if day is None:
            yield Problem(
                ProblemCode.DATE_MISSING,
                "The date of a group can't be read, so its entries have none.",
                record.source_line,
                raw=quote(record.raw()),
                of_file=True,
            )

    def _account(self, record: _Record) -> Iterator[Event]:
        fields = [each.strip() for each in record.fields()]
        self._found_any = True
        self._group.accounts += 1
        self._control, self._records = 0, record.physical
        statement = StatementBuilder("BAI2", record.source_line)
        statement.account = fields[0]
        own = fields[1] if len(fields) > 1 else ""
        statement.currency = own or self._group.currency or "USD"  # the specification's default
        statement.from_date = statement.to_date = self._group.day
        self._statement = statement
        yield from self._summaries(fields[2:], record, statement)
        if self._group.status in _GROUP_STATUSES:
            yield Problem(
                ProblemCode.NOT_AN_UPDATE,
                f"The bank marks this group as {_GROUP_STATUSES[self._group.status]}.",
                record.source_line,
            )

    def _summaries(
        self, fields: list[str], record: _Record, statement: StatementBuilder
    ) -> Iterator[Event]:
        position = 0
        while position < len(fields):
            kind, text, count = (fields[position : position + 3] + ["", ""])[:3]
            position += 3
            if position < len(fields) and fields[position] in _FUNDS_TYPES:
                position = _after_funds(fields, position)
            if not kind and not text:
                continue
            amount = _minor(text)
            if text and amount is None:
                yield Problem(
                    ProblemCode.BALANCE_UNREADABLE,
                    f"The amount of summary {kind or '(no type)'} can't be read.",
                    record.source_line,
                    raw=quote(record.raw()),
                )
            if amount is not None:
                self._control += amount
                _use_summary(kind, amount, count, statement)

    def _transaction(self, record: _Record) -> Iterator[Event]:
        statement = self._statement
        if statement is None:
            yield Problem(
                ProblemCode.LINE_UNREADABLE,
                "An entry stands outside any account, so whose it is is not known.",
                record.source_line,
                raw=quote(record.raw()),
                loses_line=True,
                of_file=True,
            )
            return
        number = statement.see_entry()
        if record.is_cut:
            yield Problem(
                ProblemCode.FIELD_TOO_LONG,
                f"Entry {number} is longer than {FIELD_CHARS_MAX} characters; the rest of it is "
                "left out.",
                record.source_line,
            )
        fields = ",\n".join(record.parts).split(",")
        kind = fields[0].strip()
        amount = _minor(fields[1].strip()) if len(fields) > 1 else None
        sign = _sign(kind)
        if sign == 0 and (amount is None or amount == 0 or kind[:1] in ("8", "9")):
            self._control += amount or 0
            yield statement.lose(
                ProblemCode.LINE_NOT_MONEY,
                f"Entry {number} has type {kind}, which moves no money.",
                raw=quote(record.raw()),
                source_line=record.source_line,
            )
            return
        if sign == 0 or amount is None or self._group.day is None:
            yield statement.lose(
                ProblemCode.LINE_UNREADABLE,
                f"The type, the amount or the day of entry {number} can't be read.",
                raw=quote(record.raw()),
                source_line=record.source_line,
            )
            return
        self._control += amount
        yield statement.accept(
            _line(record, fields, sign * amount, statement, self._group, self._group.day)
        )

    def _account_trailer(self, record: _Record) -> Iterator[Event]:
        statement = self._statement
        if statement is None:
            return
        fields = [each.strip() for each in record.fields()] + [""]
        control, records = _minor(fields[0]), _minor(fields[1])
        if control is not None and control != self._control:
            yield Problem(
                ProblemCode.SUM_MISMATCH,
                f"The control total of the account is {control}, its amounts add up to "
                f"{self._control} (minor units).",
                record.source_line,
            )
        if records is not None and records != self._records:
            yield Problem(
                ProblemCode.COUNT_MISMATCH,
                f"The bank counts {records} records of the account; the file has {self._records}.",
                record.source_line,
            )
        yield from self._close(is_truncated=False)

    def _check_count(self, record: _Record, name: str, found: int) -> Iterator[Event]:
        fields = [each.strip() for each in record.fields()] + [""]
        stated = _minor(fields[1])
        if stated is not None and stated != found:
            yield Problem(
                ProblemCode.COUNT_MISMATCH,
                f"The bank counts {stated} {name}; the file has {found}.",
                record.source_line,
                of_file=True,
            )

    def _close(self, *, is_truncated: bool) -> Iterator[Event]:
        statement = self._statement
        if statement is None:
            return
        self._statement = None
        statement.is_truncated = is_truncated
        if not statement.entries_seen:
            # A report of balances alone: its totals are all that it says.
            statement.totals.count = statement.totals.credit_count = None
            statement.totals.debit_count = None
            statement.totals.credit_sum = statement.totals.debit_sum = None
            statement.closing_is_checked = False
        yield from self._continuity.check(statement)
        yield from statement.finish()


def _after_funds(fields: list[str], position: int) -> int:
    """The position behind a funds type and what belongs to it."""
    kind = fields[position]
    position += 1
    if kind == "S":
        return position + 3
    if kind == "V":
        return position + 2
    if kind == "D":
        count = fields[position].strip() if position < len(fields) else ""
        return position + 1 + 2 * (int(count) if count.isdigit() and len(count) < 4 else 0)
    return position


def _minor(text: str) -> int | None:
    return int(text) if _INTEGER.fullmatch(text) else None


def _sign(kind: str) -> int:
    """+1 for a credit, -1 for a debit, 0 for a type that is neither."""
    if not kind.isascii() or not kind.isdigit() or len(kind) != 3:
        return 0
    if 100 <= int(kind) <= 399:
        return 1
    return -1 if 400 <= int(kind) <= 699 else 0


def _major(amount: int, currency: str) -> Decimal:
    return Decimal(amount).scaleb(-_EXPONENTS.get(currency, 2))


def _use_summary(kind: str, amount: int, count: str, statement: StatementBuilder) -> None:
    value = _major(amount, statement.currency)
    if kind in (_OPENING, _CLOSING, "040", "045", "060"):
        statement.balances.append(Balance(kind, value, statement.currency, statement.to_date))
    if kind == _OPENING:
        statement.opening, statement.opening_currency = value, statement.currency
    elif kind == _CLOSING:
        statement.closing, statement.closing_currency = value, statement.currency
    elif kind == "100":
        statement.totals.credit_sum, statement.totals.credit_count = value, _minor(count)
    elif kind == "400":
        statement.totals.debit_sum, statement.totals.debit_count = value, _minor(count)


def _line(
    record: _Record,
    fields: list[str],
    amount: int,
    statement: StatementBuilder,
    group: _Group,
    day: date,
) -> ParsedLine:
    value_date = day
    position = 2
    if position < len(fields) and fields[position].strip() in _FUNDS_TYPES:
        if fields[position].strip() == "V" and position + 1 < len(fields):
            value_date = short_date(fields[position + 1].strip())[0] or day
        fields[position] = fields[position].strip()
        position = _after_funds(fields, position)
    rest = [*fields[position:], "", ""]
    text = ",".join(rest[2:-2]).replace(",\n", "\n") if len(rest) > 4 else ""
    text = "\n".join(filter(None, (part.strip() for part in text.split("\n"))))
    keyed = {key: value.strip() for key, value in _KEYED_TEXT.findall(text)}
    return ParsedLine(
        number=statement.entries_seen,
        date=day,
        value_date=value_date,
        amount=_major(amount, statement.currency),
        currency=statement.currency,
        references=References(
            end_to_end=reference(keyed.get("EREF", "")),
            our=reference(rest[1].strip()),
            bank=reference(rest[0].strip()),
            clearing=reference(keyed.get("CREF", "")),
            cheque=reference(keyed.get("CHKN", "")),
        ),
        counterparty=_counterparty(keyed, is_credit=amount >= 0),
        text=text,
        raw=record.raw(),
        code=fields[0].strip(),
        status=INFORMATION if group.status in ("2", "4") else BOOKED,
        source_line=record.source_line,
    )


def _counterparty(keyed: dict[str, str], *, is_credit: bool) -> Counterparty:
    side = "DB" if is_credit else "CR"
    letter = side[0]
    return Counterparty(
        keyed.get(f"{side}NM", ""),
        keyed.get(f"{letter}ACT", ""),
        keyed.get(f"{letter}BIC", "") or keyed.get(f"{letter}ABA", ""),
    )
