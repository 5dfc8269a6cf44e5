"""Reports as CSV: bounded, and no row is lost in silence."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from backoffice.core.money import EXPONENTS
from payments.gateways.reports import ReportProblem, ReportRow

FIELD_CHARS_MAX = 10_000
MINOR_MAX = 10**15
Row = Mapping[str, str]


class RowUnreadable(ValueError):
    """Why a row can't be read, in a sentence."""


def rows_of(
    content: bytes, needed: tuple[str, ...], read: Callable[[int, Row], ReportRow | None]
) -> Iterator[ReportRow | ReportProblem]:
    """What ``read`` makes of each row of a file with headings, and a problem for each that it can't
    read; None leaves a row out that is no movement."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        yield ReportProblem(0, "The file is not text in UTF-8.")
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    csv.field_size_limit(FIELD_CHARS_MAX)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        gone = [name for name in needed if name not in names]
        if gone:
            yield ReportProblem(1, f"The headings lack {', '.join(gone)}.")
            return
        for number, values in enumerate(reader, start=2):
            if any(values):
                yield from _one(number, names, values, read)
    except csv.Error as error:
        yield ReportProblem(reader.line_num, f"The file can't be read on from here: {error}.")


def _one(
    number: int,
    names: list[str],
    values: list[str],
    read: Callable[[int, Row], ReportRow | None],
) -> Iterator[ReportRow | ReportProblem]:
    if len(values) != len(names):
        yield ReportProblem(number, f"It has {len(values)} columns, the headings {len(names)}.")
        return
    try:
        row = read(number, dict(zip(names, (value.strip() for value in values), strict=True)))
    except RowUnreadable as error:
        yield ReportProblem(number, str(error))
    else:
        if row is not None:
            yield row


def currency_of(text: str) -> str:
    code = text.upper()
    if code not in EXPONENTS:
        raise RowUnreadable(f"{text[:8] or 'Nothing'} is not a currency that we keep.")
    return code


def minor_of(text: str, currency: str) -> int:
    """Minor units of an amount in major units, such as ``-12.30``."""
    try:
        amount = Decimal(text or "0")
        minor = amount.scaleb(EXPONENTS[currency])
        whole = int(minor)
    except (InvalidOperation, ValueError, OverflowError):
        raise RowUnreadable(f"{text[:30]} is not an amount.") from None
    if minor != whole or abs(whole) > MINOR_MAX:
        raise RowUnreadable(f"{text[:30]} is not an amount of {currency}.")
    return whole


def day_of(text: str) -> date:
    """The day of ``2026-11-02`` or ``2026-11-02 14:03:11``."""
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise RowUnreadable(f"{text[:30] or 'Nothing'} is not a date.") from None


def said(row: Row, name: str, most: int = 80) -> str:
    """A value cut to what is kept of it; NUL is nothing that a database keeps."""
    return row.get(name, "").replace("\x00", "")[:most]
