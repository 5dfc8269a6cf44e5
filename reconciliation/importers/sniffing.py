"""Which format a file is in, by its first bytes: names and extensions of bank files lie."""

from __future__ import annotations

import codecs
import re
from enum import StrEnum


class Format(StrEnum):
    CAMT = "camt"
    MT940 = "mt940"
    BAI2 = "bai2"
    CSV = "csv"
    UNKNOWN = "unknown"


# Containers a bank's portal may hand out. They are refused, so no bomb is ever unpacked.
_CONTAINERS = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
)
_XML = re.compile(r"\s*<(\?xml|[A-Za-z!])")
_CAMT = re.compile(r"camt\.05[234]|<(\w+:)?(BkToCstmr\w+|Document)[\s>]")
_MT940_TAG = re.compile(r"^:(20|25P?|28C?|60[FM]?|61|62[FM]?|86|NS|13D?|34F):", re.MULTILINE)
_BAI2 = re.compile(r"\s*(01|02|03),")
_DELIMITER = re.compile(r"[,;\t|]")


def container(head: bytes) -> str:
    """What kind of archive or document the bytes open, in words; "" for plain text."""
    return next((words for mark, words in _CONTAINERS if head.startswith(mark)), "")


def head_text(head: bytes) -> str:
    """The head as text for looking at, whatever its encoding; never for reading values."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", errors="replace")
    if head.startswith((b"<\x00?\x00", b"<\x00D\x00")):
        return head.decode("utf-16-le", errors="replace")
    if head.startswith((b"\x00<\x00?", b"\x00<\x00D")):
        return head.decode("utf-16-be", errors="replace")
    return head.removeprefix(codecs.BOM_UTF8).decode("latin-1")


def detect_format(head: bytes) -> Format:
    """Guess the format from the first bytes of a file."""
    if container(head):
        return Format.UNKNOWN
    text = head_text(head)
    if _XML.match(text):
        return Format.CAMT if _CAMT.search(text) else Format.UNKNOWN
    if _MT940_TAG.search(text.replace("\r", "\n")):
        return Format.MT940
    if _BAI2.match(text):
        return Format.BAI2
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    # Some banks write a line or two of words above the table.
    rows = sum(bool(_DELIMITER.search(line)) for line in lines)
    if "\x00" not in text and rows > 1 and rows * 4 >= len(lines) * 3:
        return Format.CSV
    return Format.UNKNOWN


def has_doctype(head: bytes) -> bool:
    """Whether the head is XML that declares a document type, which no bank statement needs."""
    text = head_text(head)
    return bool(_XML.match(text)) and "<!DOCTYPE" in text.upper()
