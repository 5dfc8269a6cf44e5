"""MT940 and MT942 statements, read tag by tag.

Source: SWIFT Category 9 message reference guide; the deviations are those of real files. Why this
reader is our own: docs/adr/statement-readers.md. It never raises on content: an entry that can't
be read is a problem with its raw text, and the next one is read as usual.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import BinaryIO

from .limits import ACCOUNT_CHARS_MAX, FIELD_CHARS_MAX
from .mt940_details import Details, parse_details, parse_non_swift, plain_text, reference
from .results import (
    BOOKED,
    PENDING,
    Balance,
    Counterparty,
    Event,
    ParsedLine,
    Problem,
    ProblemCode,
    References,
)
from .statement import Continuity, StatementBuilder
from .text import amount_of, detect_encoding, nearest_date, quote, short_date, text_lines

_TAG = re.compile(r":(\d\d[A-Z]?|NS):")
_TAGS = frozenset(
    ("13", "13D", "20", "21", "25", "25P", "28", "28C", "34", "34F", "60", "60F", "60M", "61", "62")
) | frozenset(("62F", "62M", "64", "65", "86", "90", "90C", "90D", "NS"))
# A time of day wrapped at its colon (`..T13` / `:25:37`) looks like one of these tags.
_CLOCK_LIKE_TAGS = frozenset(("13", "20", "21", "25", "28"))
_CLOCK_REST = re.compile(r":[0-5]\d:[0-5]\d(?!\d)")
_HOUR_END = re.compile(r"(?:^|\D)(?:[01]\d|2[0-3])$")
# What banks write between statements: SWIFT blocks, BIC lines, file headers of ING and Rabobank.
_ENVELOPE = re.compile(
    r"\{.*|-\}.*|:?94[02]:?( \d+)?|[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3,4})?|\d{4} \d\d[A-Z0-9]+|-\w*|"
    r"\x03|\x1a"
)
_ENTRY = re.compile(
    r"(?P<value>\d{6})(?P<booked>\d{4}|\s{4})?(?P<mark>[RE]?[CD])(?P<funds>[A-Z])?\s*"
    r"(?P<amount>[\d.,]{1,24})(?P<type>[A-Z][A-Z0-9 ]{3})?(?P<rest>[^\n]*)\n?(?P<more>.*)",
    re.DOTALL,
)
_BALANCE = re.compile(
    r"(?P<mark>[CD])(?P<date>\d{6})(?P<currency>[A-Z]{3})?(?P<amount>[\d.,]{1,24})\s*"
)
_SUM = re.compile(r"(?P<count>\d{0,5})(?P<currency>[A-Z]{3})(?P<amount>[\d.,]{1,24})\s*")
_MISPLACED_DETAILS = re.compile(r"\d{3}[?>]\d\d")
_CURRENCY_SUFFIX = re.compile(r"(?P<account>.*\d[A-Z0-9]*?)/?(?P<currency>[A-Z]{3})")
_OWNER_REFERENCE_CHARS = 16
_FIELD_COST_CHARS = 200  # what even an empty field takes in memory
_SEE_DETAILS = frozenset(("KREF+", "EREF+", "EREF", "MARF", "PREF", "KREF"))
_IBAN = re.compile(r"[A-Z]{2}\d\d[A-Z0-9]{11,30}")
_ENDING = frozenset("-{")
_SPLIT_TAG = re.compile(r"(\d\d[A-Z]?|NS):")


@dataclass(slots=True)
class _Field:
    """A tag with its lines; `tag` is "-" at a statement's end and "?" for text outside."""

    tag: str
    lines: list[str]
    source_line: int
    chars: int = 0
    line_count: int = 0
    is_cut: bool = False

    def add(self, line: str) -> None:
        self.line_count += 1
        self.chars += len(line)
        if self.chars > FIELD_CHARS_MAX:
            self.is_cut = True
        else:
            self.lines.append(line)

    def raw(self) -> str:
        return f":{self.tag}:" + "\n".join(self.lines)


@dataclass(slots=True)
class _Entry:
    """A `:61:`, the head, that waits for its `:86:`."""

    head: _Field
    details: list[_Field] = field(default_factory=list)
    chars: int = 0

    def add(self, each: _Field) -> None:
        """Take details; all of an entry's together are no longer than one field may be."""
        self.chars += each.chars + _FIELD_COST_CHARS
        if self.chars <= FIELD_CHARS_MAX:
            self.details.append(each)
        else:
            self.head.is_cut = True


def read_mt940(source: BinaryIO, encoding: str | None = None) -> Iterator[Event]:
    """Read every statement of a seekable MT940 or MT942 file. Memory: one statement's head."""
    reader = _Reader()
    for each in _fields(text_lines(source, encoding or detect_encoding(source))):
        yield from reader.read(each)
    yield from reader.end_of_file()


def _fields(lines: Iterator[tuple[int, str]]) -> Iterator[_Field]:
    """Group physical lines into tags. Lines that belong to no tag come as "?"."""
    current: _Field | None = None
    last_line = ""
    after_entry = False  # between a :61: and the closing balance, where details may wrap
    is_broken = False  # the last line was a lone colon
    for number, line in lines:
        if is_broken and _SPLIT_TAG.match(line):
            line = f":{line}"
        is_broken = False
        first = line[:1]
        if first == ":":
            if line.rstrip() == ":":
                is_broken = True
                continue
            match = _TAG.match(line)
            tag = match[1] if match and match[1] in _TAGS else ""
            if tag in _CLOCK_LIKE_TAGS and after_entry and _is_clock(current, last_line, line):
                tag = ""
            if match and tag:
                if current:
                    yield current
                current = _Field(tag, [], number)
                current.add(line[match.end() :])
                after_entry = tag == "61" or (after_entry and tag in ("86", "NS"))
                last_line = line
                continue
        last_line = line
        if first in _ENDING and _ends_statement(line, current):
            if current:
                yield current
            yield _Field("-", [line], number)
            after_entry = False
            current = _after_envelope(line, number)
        elif current:
            current.add(line)
        elif line.strip() and not _ENVELOPE.fullmatch(line.strip()):
            current = _Field("?", [], number)
            current.add(line)
    if current:
        yield current


def _after_envelope(line: str, number: int) -> _Field | None:
    """The tag that may follow a SWIFT header on its line: `{4::20:REFERENCE`."""
    rest = line.rpartition("{4:")[2] if "{4:" in line else ""
    match = _TAG.match(rest)
    if match is None or match[1] not in _TAGS:
        return None
    found = _Field(match[1], [], number)
    found.add(rest[match.end() :])
    return found


def _is_clock(current: _Field | None, last_line: str, line: str) -> bool:
    in_details = current is not None and current.tag == "86"
    return bool(in_details and _HOUR_END.search(last_line) and _CLOCK_REST.match(line))


def _ends_statement(line: str, current: _Field | None) -> bool:
    if line.rstrip() in ("-", "-\x03") or line.startswith(("-}", "{1:", "{5:")):
        return True
    after_closing = current is not None and current.tag in ("62", "62F", "62M", "64", "65", "86")
    return after_closing and line.startswith("-XXX")


class _Reader:
    """Turns tags into events; keeps the open statement and the entry that waits for details."""

    def __init__(self) -> None:
        self._continuity = Continuity()
        self._statement: StatementBuilder | None = None
        self._entry: _Entry | None = None
        self._balance_tags: set[str] = set()
        self._found_any = False

    def read(self, each: _Field) -> Iterator[Event]:
        tag = each.tag
        if tag == "?":
            yield from self._text_outside(each)
            return
        if tag in ("86", "NS"):
            yield from self._details(each)
            return
        if tag == "25" and self._entry and _MISPLACED_DETAILS.match(each.lines[0]):
            yield Problem(
                ProblemCode.TAG_MISPLACED,
                "Tag 25 stands where the details of an entry (tag 86) belong; read as such.",
                each.source_line,
                raw=quote(each.raw()),
            )
            self._entry.add(each)
            return
        yield from self._flush_entry()
        if tag == "-":
            yield from self._close(is_truncated=False)
            return
        if self._begins_statement(tag):
            yield from self._close(is_truncated=False)
        yield from self._head_field(each, self._open(each))

    def end_of_file(self) -> Iterator[Event]:
        yield from self._flush_entry()
        statement = self._statement
        if statement is not None:
            is_report = statement.message_type == "MT942"
            yield from self._close(is_truncated=statement.closing is None and not is_report)
        if not self._found_any:
            yield Problem(
                ProblemCode.NO_STATEMENT, "The file has no MT940 statement.", of_file=True
            )

    def _open(self, each: _Field) -> StatementBuilder:
        if self._statement is None:
            self._statement = StatementBuilder("MT940", each.source_line, needs_closing=True)
            self._balance_tags = set()
            self._found_any = True
        return self._statement

    def _begins_statement(self, tag: str) -> bool:
        if tag == "20":
            return True
        has_closed = bool(self._balance_tags & {"62", "62F", "62M"})
        return has_closed and tag in ("21", "25", "25P", "28", "28C", "60", "60F", "60M")

    def _close(self, *, is_truncated: bool) -> Iterator[Event]:
        statement = self._statement
        if statement is None:
            return
        _settle_account(statement)
        statement.is_truncated = is_truncated
        if statement.message_type == "MT942":
            statement.needs_closing = False
        elif statement.entries_seen or statement.closing is not None:
            statement.needs_opening = True
        yield from self._continuity.check(statement)
        yield from statement.finish()
        self._statement = None

    def _text_outside(self, each: _Field) -> Iterator[Event]:
        yield Problem(
            ProblemCode.TEXT_OUTSIDE,
            f"Text outside any statement was not read ({each.line_count} lines).",
            each.source_line,
            raw=quote(each.lines[0]),
            of_file=True,
        )

    def _head_field(self, each: _Field, statement: StatementBuilder) -> Iterator[Event]:
        first = each.lines[0].strip() if each.lines else ""
        match each.tag:
            case "61":
                if not statement.currency:
                    _settle_account(statement)
                statement.see_entry()
                self._entry = _Entry(each)
            case "20":
                statement.statement_id = first
            case "25" | "25P":
                statement.account = first
            case "28" | "28C":
                statement.sequence = first
            case "60" | "60F" | "60M" | "62" | "62F" | "62M" | "64" | "65":
                yield from self._balance(each, first, statement)
            case "90C" | "90D":
                yield from _totals(each, first, statement)
            case "34F" | "34" | "13" | "13D":
                statement.message_type = "MT942"
                if each.tag.startswith("34") and not statement.currency:
                    statement.currency = first[:3] if first[:3].isalpha() else ""
            case _:
                pass  # 21: the reference of a request, which says nothing of money

    def _balance(self, each: _Field, first: str, statement: StatementBuilder) -> Iterator[Event]:
        match = _BALANCE.fullmatch(first)
        amount = amount_of(match["amount"]) if match else None
        if match is None or amount is None:
            yield Problem(
                ProblemCode.BALANCE_UNREADABLE,
                f"The balance of tag {each.tag} can't be read.",
                each.source_line,
                raw=quote(each.raw()),
            )
            return
        if each.tag in self._balance_tags and each.tag != "65":
            yield Problem(
                ProblemCode.BALANCE_REPEATED,
                f"Tag {each.tag} stands twice in one statement; the last one counts.",
                each.source_line,
                raw=quote(each.raw()),
            )
        self._balance_tags.add(each.tag)
        signed = -amount if match["mark"] == "D" and amount else amount
        currency = match["currency"] or ""
        day, is_moved = short_date(match["date"])
        if day is None or is_moved:
            yield _date_problem(match["date"], day, each)
        statement.balances.append(Balance(each.tag, signed, currency, day))
        if each.tag.startswith("60"):
            statement.opening, statement.opening_currency = signed, currency
            statement.currency = currency or statement.currency
            statement.from_date = day
        elif each.tag.startswith("62"):
            statement.closing, statement.closing_currency = signed, currency
            statement.currency = statement.currency or currency
            statement.to_date = day

    def _details(self, each: _Field) -> Iterator[Event]:
        if self._entry is not None:
            self._entry.add(each)
            return
        statement = self._open(each)
        text = plain_text(each.lines)
        if each.is_cut or len(statement.information) + len(text) > FIELD_CHARS_MAX:
            yield _cut_problem(each)
        else:
            statement.information = "\n".join(filter(None, (statement.information, text)))

    def _flush_entry(self) -> Iterator[Event]:
        entry = self._entry
        if entry is None:
            return
        self._entry = None
        statement = self._statement
        assert statement is not None, "an entry belongs to an open statement"
        for each in (entry.head, *entry.details):
            if each.is_cut:
                yield _cut_problem(each)
        yield from _entry_events(entry, statement)


def _entry_events(entry: _Entry, statement: StatementBuilder) -> Iterator[Event]:
    first = entry.head
    raw = "\n".join(each.raw().rstrip() for each in (first, *entry.details))
    match = _ENTRY.match("\n".join(first.lines))
    amount = amount_of(match["amount"]) if match else None
    value_date, is_moved = short_date(match["value"]) if match else (None, False)
    if match is None or amount is None or value_date is None:
        yield statement.lose(
            ProblemCode.LINE_UNREADABLE,
            f"The {_what_fails(match, amount)} of entry {statement.entries_seen} can't be read.",
            raw=quote(raw),
            source_line=first.source_line,
        )
        return
    if is_moved:
        yield _date_problem(match["value"], value_date, first)
    booked = (match["booked"] or "").strip()
    day = value_date
    if booked:
        found, is_moved = nearest_date(int(booked[:2]), int(booked[2:]), value_date)
        if found is None or is_moved:
            yield _date_problem(booked, found or value_date, first)
        day = found or value_date
    yield statement.accept(_line(entry, match, (day, value_date), amount, statement, raw))


def _what_fails(match: re.Match[str] | None, amount: Decimal | None) -> str:
    if match is None:
        return "statement line"
    return "amount" if amount is None else "date"


def _line(
    entry: _Entry,
    match: re.Match[str],
    days: tuple[date, date],
    amount: Decimal,
    statement: StatementBuilder,
    raw: str,
) -> ParsedLine:
    mark = match["mark"]
    # RC takes back a credit and RD a debit, so each moves the balance the other way.
    is_debit = mark in ("D", "ED", "RC")
    owner, bank, supplement = _references(match["rest"], match["more"])
    details = _merge_details(entry.details)
    # Dutch banks write the counterparty's IBAN where a reference of 16 characters belongs, or
    # as the supplementary details.
    account = details.account
    if len(owner) > _OWNER_REFERENCE_CHARS and _IBAN.fullmatch(owner):
        account, owner = account or owner, ""
    elif not account and _IBAN.fullmatch(supplement):
        account = supplement
    text = details.text
    if supplement and supplement not in text:
        text = f"{text}\n{supplement}" if text else supplement
    return ParsedLine(
        number=statement.entries_seen,
        date=days[0],
        value_date=days[1],
        amount=-amount if is_debit and amount else amount,
        currency=statement.currency,
        references=References(
            end_to_end=details.end_to_end,
            our=details.our or owner,
            bank=bank or details.bank,
            batch=details.batch,
            mandate=details.mandate,
            creditor=details.creditor,
            other=(owner,) if owner and details.our and owner != details.our else (),
        ),
        counterparty=Counterparty(details.name, account, details.bic),
        text=text,
        raw=raw,
        code="/".join(filter(None, ((match["type"] or "").strip(), details.code))),
        status=PENDING if mark[0] == "E" else BOOKED,
        is_reversal=mark[0] == "R",
        return_reason=details.return_reason,
        source_line=entry.head.source_line,
    )


def _references(rest: str, more: str) -> tuple[str, str, str]:
    """The owner's reference, the bank's and the supplementary details of a statement line.

    16 characters may be the owner's reference, but banks write an IBAN of 18 there; others pad
    it to 16 and let the supplementary details follow on the same line.
    """
    supplement = plain_text(more.split("\n"))
    owner, slashes, bank = rest.partition("//")
    if not slashes and len(rest) > _OWNER_REFERENCE_CHARS:
        head, tail = rest[:_OWNER_REFERENCE_CHARS], rest[_OWNER_REFERENCE_CHARS:]
        if head.endswith(" ") and tail.strip():
            owner = head
            supplement = "\n".join(filter(None, (tail.strip(), supplement)))
    if owner.strip() in _SEE_DETAILS:
        owner = ""
    return reference(owner), reference(bank), supplement


def _merge_details(fields: list[_Field]) -> Details:
    if len(fields) == 1:
        each = fields[0]
        return parse_non_swift(each.lines) if each.tag == "NS" else parse_details(each.lines)
    if not fields:
        return Details()
    lines = [line for each in fields if each.tag != "NS" for line in each.lines]
    non_swift = parse_non_swift(
        [line for each in fields if each.tag == "NS" for line in each.lines]
    )
    details = parse_details(lines)
    details.text = "\n".join(filter(None, (details.text, non_swift.text)))
    details.name = details.name or non_swift.name
    return details


def _totals(each: _Field, first: str, statement: StatementBuilder) -> Iterator[Event]:
    statement.message_type = "MT942"
    match = _SUM.fullmatch(first)
    amount = amount_of(match["amount"]) if match else None
    if match is None or amount is None:
        yield Problem(
            ProblemCode.BALANCE_UNREADABLE,
            f"The total of tag {each.tag} can't be read.",
            each.source_line,
            raw=quote(each.raw()),
        )
        return
    count = int(match["count"]) if match["count"] else None
    if each.tag == "90C":
        statement.totals.credit_count, statement.totals.credit_sum = count, amount
    else:
        statement.totals.debit_count, statement.totals.debit_sum = count, amount


def _settle_account(statement: StatementBuilder) -> None:
    """Take the currency off the end of an account (`1291.99.348EUR`, `../HUF`)."""
    is_short = len(statement.account) <= ACCOUNT_CHARS_MAX  # the pattern is quadratic
    match = _CURRENCY_SUFFIX.fullmatch(statement.account) if is_short else None
    if match is None:
        return
    if statement.currency and statement.currency != match["currency"]:
        return
    if not statement.currency and not _CURRENCIES_IN_25.fullmatch(match["currency"]):
        return
    statement.account = match["account"]
    statement.currency = match["currency"]


# Believed at the end of an account even where no balance names the currency.
_CURRENCIES_IN_25 = re.compile(
    "AED|AUD|BGN|BHD|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|ILS|INR|ISK|JOD|JPY|KRW|KWD|MXN|NOK|NZD|"
    "OMR|PLN|QAR|RON|RUB|SAR|SEK|SGD|THB|TRY|TWD|USD|ZAR"
)


def _date_problem(text: str, used: date | None, each: _Field) -> Problem:
    message = (
        f"The date {text} does not exist; {used.isoformat()} is used."
        if used
        else f"The date {text} can't be read."
    )
    return Problem(
        ProblemCode.DATE_ADJUSTED if used else ProblemCode.DATE_MISSING,
        message,
        each.source_line,
        raw=quote(each.raw()),
    )


def _cut_problem(each: _Field) -> Problem:
    return Problem(
        ProblemCode.FIELD_TOO_LONG,
        f"Tag {each.tag} and its details are longer than {FIELD_CHARS_MAX} characters; the rest is "
        "left out.",
        each.source_line,
        raw=quote(each.raw()),
    )
