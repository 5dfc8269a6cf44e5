"""Writes MT940 with the sub-fields that German banks put into field 86."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal

from sandbox.bank.entries import Entry, Statement

LINE_CHARS_MAX = 65
SUBFIELD_CHARS_MAX = 27
# The SWIFT character set x, less the separator of the sub-fields.
_ALLOWED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-:().,'+ ")
_PURPOSE_SUBFIELDS = (*range(20, 30), *range(60, 64))


def write_mt940(statements: Sequence[Statement]) -> bytes:
    """One file with a message per account and day; lines end with CRLF as SWIFT asks."""
    lines = [line for statement in statements for line in _statement(statement)]
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _statement(statement: Statement) -> Iterator[str]:
    yield f":20:{statement.day:%y%m%d}{statement.sequence:05}"
    yield f":25:{statement.account.iban}"
    yield f":28C:{statement.sequence:05}/001"
    yield f":60F:{_balance(statement, statement.opening)}"
    for entry in statement.entries:
        yield (
            f":61:{entry.value_date:%y%m%d}{entry.booked_on:%m%d}{_mark(entry.amount)}"
            f"{_amount(entry.amount)}N{'RTI' if entry.return_reason else 'TRF'}"
            f"NONREF//{entry.reference[:16]}"
        )
        yield from _wrapped(f":86:{_details(entry)}")
    yield f":62F:{_balance(statement, statement.closing)}"
    yield "-"


def _details(entry: Entry) -> str:
    is_credit = entry.amount >= 0
    code, words = ("166", "GUTSCHRIFT") if is_credit else ("116", "UEBERWEISUNG")
    if entry.return_reason:
        code, words = "159", "RETOURE"
    purpose = f"EREF+{_clean(entry.end_to_end)}" if entry.end_to_end else ""
    text = _clean(f"{entry.return_reason} {entry.text}" if entry.return_reason else entry.text)
    chunks = [*_chunks(purpose), *_chunks(f"SVWZ+{text}" if text else "")]
    numbered = zip(_PURPOSE_SUBFIELDS, chunks, strict=False)
    name = _clean(entry.name)
    parts = [
        f"?00{words}",
        *(f"?{number}{chunk}" for number, chunk in numbered),
        f"?30{entry.bic}" if entry.bic else "",
        f"?31{entry.iban}" if entry.iban else "",
        f"?32{name[:SUBFIELD_CHARS_MAX]}" if name else "",
        f"?33{name[SUBFIELD_CHARS_MAX : 2 * SUBFIELD_CHARS_MAX]}"
        if len(name) > SUBFIELD_CHARS_MAX
        else "",
        "?34914" if entry.return_reason else "",
    ]
    return code + "".join(parts)


def _chunks(text: str) -> list[str]:
    return [
        text[start : start + SUBFIELD_CHARS_MAX]
        for start in range(0, len(text), SUBFIELD_CHARS_MAX)
    ]


def _wrapped(text: str) -> Iterator[str]:
    """Lines of at most 65 characters, none of which looks like a tag or a message's end."""
    while text:
        length = LINE_CHARS_MAX
        while length < len(text) and text[length] in ":-{" and length > 1:
            length -= 1
        yield text[:length]
        text = text[length:]


def _clean(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    return "".join(
        each if each in _ALLOWED else "." for each in plain if not unicodedata.combining(each)
    ).strip()


def _balance(statement: Statement, amount: Decimal) -> str:
    currency = statement.account.currency
    return f"{_mark(amount)}{statement.day:%y%m%d}{currency}{_amount(amount)}"


def _mark(amount: Decimal) -> str:
    return "D" if amount < 0 else "C"


def _amount(amount: Decimal) -> str:
    text = format(abs(amount), "f").replace(".", ",")
    return text if "," in text else f"{text},"
