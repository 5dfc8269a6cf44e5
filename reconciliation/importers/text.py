"""Reading bank text: which encoding, lines within limits, dates and amounts as banks write them."""

from __future__ import annotations

import codecs
import io
import itertools
import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import BinaryIO

from .limits import RAW_QUOTE_CHARS_MAX, TEXT_LINE_CHARS_MAX

CHUNK_BYTES = 1024 * 1024
_CHUNKS_COUNTED_MAX = 8
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Single-byte encodings of European banks, the likeliest first.
_SINGLE_BYTE = ("cp1252", "cp852", "cp850")
_AMOUNT = re.compile(r"[\d.,']+")


def detect_encoding(source: BinaryIO) -> str:
    """Find how the text of a seekable file is encoded; reads it once, leaves it at its start.

    A byte order mark decides; else UTF-8 if the whole file is valid UTF-8; else the single-byte
    encoding in which most of the bytes above 127 are letters.
    """
    source.seek(0)
    head = source.read(4)
    for mark, name in _BOMS:
        if head.startswith(mark):
            source.seek(0)
            return name
    decoder = codecs.getincrementaldecoder("utf-8")()
    counts = [0] * 256
    is_utf8 = True
    source.seek(0)
    for number in itertools.count():
        chunk = source.read(CHUNK_BYTES)
        if not chunk:
            break
        if is_utf8:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                is_utf8 = False
        if number < _CHUNKS_COUNTED_MAX and not chunk.isascii():
            for byte in range(128, 256):
                counts[byte] += chunk.count(byte)
    if is_utf8:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            is_utf8 = False
    source.seek(0)
    return "utf-8" if is_utf8 else max(_SINGLE_BYTE, key=lambda name: _letters(counts, name))


def _letters(counts: list[int], encoding: str) -> int:
    total = 0
    for byte in range(128, 256):
        if counts[byte]:
            character = bytes([byte]).decode(encoding, errors="replace")
            total += counts[byte] * character.isalpha()
    return total


def text_lines(source: BinaryIO, encoding: str) -> Iterator[tuple[int, str]]:
    """The lines of a text file with their number from 1, line ends removed.

    CRLF, LF and CR all end a line. A line over the limit comes in pieces under one number, so no
    character is lost and no line can take unbounded memory.
    """
    wrapper = io.TextIOWrapper(source, encoding=encoding, errors="backslashreplace", newline=None)
    try:
        number = 0
        is_new = True
        while piece := wrapper.readline(TEXT_LINE_CHARS_MAX):
            if is_new:
                number += 1
            is_new = piece.endswith("\n")
            yield number, piece[:-1] if is_new else piece
    finally:
        wrapper.detach()


def quote(raw: str) -> str:
    """As much of a raw text as a problem may carry."""
    return raw if len(raw) <= RAW_QUOTE_CHARS_MAX else raw[:RAW_QUOTE_CHARS_MAX] + " ..."


def amount_of(text: str) -> Decimal | None:
    """An unsigned amount of MT940: decimal comma, `1234,` and `1.234,50` and `12.50` too.

    None where the text can't be read in one way only (`1.234`).
    """
    if not _AMOUNT.fullmatch(text):
        return None
    text = text.replace("'", "")
    if "," in text:
        whole, _, fraction = text.rpartition(",")
        whole = whole.replace(".", "")
    else:
        whole, point, fraction = text.partition(".")
        if point and len(fraction) == 3:
            return None
    if not (whole + fraction).isascii() or not (whole + fraction).isdigit():
        return None
    return Decimal(f"{whole or '0'}.{fraction}" if fraction else whole)


def short_year(two_digits: int) -> int:
    """79 is 2079, 80 is 1980: the MT940 convention."""
    return two_digits + (2000 if two_digits < 80 else 1900)


@lru_cache(maxsize=4096)
def short_date(text: str) -> tuple[date | None, bool]:
    """A YYMMDD date, and whether it had to be moved to the month's last day (February 30)."""
    if len(text) != 6 or not text.isascii() or not text.isdigit():
        return None, False
    return clamped_date(short_year(int(text[:2])), int(text[2:4]), int(text[4:6]))


def clamped_date(year: int, month: int, day: int) -> tuple[date | None, bool]:
    """A date; one past the end of its month becomes the month's last day, and says so.

    Banks that count interest in months of 30 days write February 30.
    """
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return None, False
    last = monthrange(year, month)[1]
    return date(year, month, min(day, last)), day > last


@lru_cache(maxsize=4096)
def nearest_date(month: int, day: int, near: date) -> tuple[date | None, bool]:
    """A date without a year: that of its neighbouring years which lies nearest to `near`."""
    found = [clamped_date(year, month, day) for year in (near.year, near.year - 1, near.year + 1)]
    usable = [(each, moved) for each, moved in found if each is not None]
    if not usable:
        return None, False
    return min(usable, key=lambda pair: (pair[1], abs((pair[0] - near).days)))
