"""Small readings of ISO 20022 elements: children by local name, dates, signed amounts.

Banks send every version of a message, and some with a prefix or without a namespace, so elements
are looked up by local name. `lxml` finds `{*}Name` for any namespace and none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from lxml import etree


def path(names: str) -> str:
    """`Refs/EndToEndId` as a path for `find` that matches any namespace."""
    return "/".join(f"{{*}}{name}" for name in names.split("/"))


def text_at(element: etree._Element, found_path: str) -> str:
    return (element.findtext(found_path) or "").strip()


def texts_at(element: etree._Element, found_path: str) -> Iterator[str]:
    for found in element.iterfind(found_path):
        text = (found.text or "").strip()
        if text:
            yield text


def local_name(element: etree._Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def iso_date(text: str) -> date | None:
    """The day of an ISO date or date-time, as the bank wrote it (its own time zone)."""
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        return None


def iso_amount(text: str | None) -> Decimal | None:
    """An unsigned amount of at most 18 digits; None for anything else."""
    if text is None or len(text) > 40:
        return None
    text = text.strip()
    if not text.replace(".", "", 1).isdigit() or not text.isascii() or len(text) > 25:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def signed(amount: Decimal, indicator: str) -> Decimal | None:
    """CRDT adds, DBIT takes away; any other indicator is no answer."""
    if indicator == "CRDT":
        return amount
    if indicator == "DBIT":
        return -amount if amount else amount
    return None


def source_line(element: etree._Element) -> int | None:
    """Where the element starts in the file, from 1."""
    return cast("int | None", element.sourceline)


def declares_doctype(element: etree._Element) -> bool:
    """Whether the document of the element has a document type declaration."""
    info = cast("Any", element.getroottree().docinfo)
    return bool(info.doctype)
