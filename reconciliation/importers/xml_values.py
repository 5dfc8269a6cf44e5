"""A light copy of an ISO 20022 element, and the dates and signed amounts inside it.

Banks send every version of a message, some with a prefix and some without a namespace, so names
are local names. An element is copied once and then asked many times, which is several times faster
than asking lxml each time.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, cast

from lxml import etree

_NAMES: dict[str, str] = {}
_NAMES_MAX = 10_000


class Node:
    """An element: its stripped text, its `Ccy` attribute and its children by local name."""

    __slots__ = ("_children", "currency", "text")

    def __init__(self, text: str, currency: str) -> None:
        self.text = text
        self.currency = currency
        self._children: dict[str, list[Node]] = {}

    def all(self, name: str) -> list[Node]:
        return self._children.get(name, [])

    def named(self) -> dict[str, list[Node]]:
        return self._children

    def at(self, *names: str) -> Node | None:
        """The first descendant along a path of names."""
        node = self
        for name in names:
            found = node._children.get(name)
            if found is None:
                return None
            node = found[0]
        return node

    def text_at(self, *names: str) -> str:
        node = self.at(*names)
        return "" if node is None else node.text

    def first_text(self, *paths: tuple[str, ...]) -> str:
        """The text at the first of several paths that has one."""
        for each in paths:
            text = self.text_at(*each)
            if text:
                return text
        return ""


def copy(element: etree._Element, *, skip: str = "") -> Node:
    """Copy an element and all below it, without children of the name `skip`."""
    text = element.text
    node = Node(text.strip() if text else "", str(element.get("Ccy") or ""))
    children = node._children
    for child in element:
        name = _NAMES.get(child.tag) or local_name(child)
        if name and name != skip:
            copied = copy(child, skip=skip)
            if name in children:
                children[name].append(copied)
            else:
                children[name] = [copied]
    return node


def local_name(element: etree._Element) -> str:
    """The name without its namespace; empty for what is no element (an entity reference)."""
    tag: object = element.tag
    if not isinstance(tag, str):
        return ""
    name = tag.rpartition("}")[2]
    if len(_NAMES) < _NAMES_MAX:
        _NAMES[tag] = name
    return name


def source_line(element: etree._Element) -> int | None:
    """Where the element starts in the file, from 1."""
    return cast("int | None", element.sourceline)


def declares_doctype(element: etree._Element) -> bool:
    """Whether the document of the element has a document type declaration."""
    info = cast("Any", element.getroottree().docinfo)
    return bool(info.doctype)


def iso_date(text: str) -> date | None:
    """The day of an ISO date or date-time, as the bank wrote it (its own time zone)."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def iso_amount(text: str) -> Decimal | None:
    """An unsigned amount of at most 24 digits; None for anything else."""
    if not text.replace(".", "", 1).isdigit() or not text.isascii() or len(text) > 25:
        return None
    return Decimal(text)


def signed(amount: Decimal, indicator: str) -> Decimal | None:
    """CRDT adds, DBIT takes away; any other indicator is no answer."""
    if indicator == "CRDT":
        return amount
    if indicator == "DBIT":
        return -amount if amount else amount
    return None
