"""ISO 20022 account reports: camt.052, camt.053 and camt.054 of any version, streamed.

The parser is fed in chunks and every finished entry is taken out of the tree at once, so memory
does not grow with the file. Document types are refused, entities are not expanded, nothing is
fetched, and libxml2's limits on depth and text size stay on (no `huge_tree`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, cast

from lxml import etree

from .camt_entry import EntryReader, namespace_declarations
from .limits import XML_ELEMENT_BYTES_MAX
from .results import Balance, Event, Problem, ProblemCode
from .statement import Continuity, StatementBuilder
from .text import quote
from .xml_values import (
    Node,
    copy,
    declares_doctype,
    iso_amount,
    iso_date,
    local_name,
    signed,
    source_line,
)

CHUNK_BYTES = 64 * 1024
_ElementEvent = tuple[str, etree._Element]

_STATEMENTS = frozenset(("Stmt", "Rpt", "Ntfctn"))
_MESSAGES = {"Stmt": "camt.053", "Rpt": "camt.052", "Ntfctn": "camt.054"}
_HEADS = ("Acct", "Bal", "FrToDt", "TxsSummry", "ElctrncSeqNb", "LglSeqNb")
_TAGS = tuple(f"{{*}}{name}" for name in (*_STATEMENTS, "GrpHdr", "Ntry", "TxDtls", *_HEADS))
_ACCOUNTS = (("Id", "IBAN"), ("Id", "Othr", "Id"), ("Id", "BBAN"))
_BALANCE_KINDS = (("Tp", "CdOrPrtry", "Cd"), ("Tp", "CdOrPrtry", "Prtry"))
_BALANCE_DATES = (("Dt", "Dt"), ("Dt", "DtTm"))
_OPENING_KINDS = ("OPBD", "PRCD")
_CLOSING_KINDS = ("CLBD",)
_INTERIM_KIND = "ITBD"


def read_camt(source: BinaryIO) -> Iterator[Event]:
    """Read every statement, report or notification of a seekable file."""
    reader = _Reader()
    source.seek(0)
    parser = etree.XMLPullParser(
        events=("start", "end"),
        tag=_TAGS,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    fed = 0
    while chunk := source.read(CHUNK_BYTES):
        error = _feed(parser, chunk, fed)
        yield from reader.read(parser, fed)
        if reader.is_refused:
            return
        if error is None and fed + len(chunk) - reader.progress > XML_ELEMENT_BYTES_MAX:
            error = Problem(
                ProblemCode.REFUSED,
                f"One element is larger than {XML_ELEMENT_BYTES_MAX} bytes.",
                offset=reader.progress,
                of_file=True,
            )
        if error is not None:
            yield error
            yield from reader.end_of_file(is_whole=False)
            return
        fed += len(chunk)
    error = _close(parser, fed)
    yield from reader.read(parser, fed)
    if error is not None:
        yield error
    yield from reader.end_of_file(is_whole=error is None)


def _feed(parser: etree.XMLPullParser, chunk: bytes, offset: int) -> Problem | None:
    try:
        parser.feed(chunk)
    except etree.XMLSyntaxError as error:
        return _malformed(error, offset)
    return None


def _close(parser: etree.XMLPullParser, offset: int) -> Problem | None:
    try:
        parser.close()
    except etree.XMLSyntaxError as error:
        return _malformed(error, offset)
    return None


def _malformed(error: etree.XMLSyntaxError, offset: int) -> Problem:
    line = error.position[0] if error.position else None
    return Problem(
        ProblemCode.MALFORMED,
        f"The XML is broken or ends too early: {quote(error.msg or str(error))}. "
        "What stands before this place was read, what follows was not.",
        source_line=line or None,
        offset=offset,
        of_file=True,
    )


class _Reader:
    """Turns finished elements into events; keeps the open statement."""

    def __init__(self) -> None:
        self.progress = 0  # the offset at which something recognised last ended
        self.is_refused = False
        self._continuity = Continuity()
        self._statement: StatementBuilder | None = None
        self._statement_element: etree._Element | None = None
        self._entry: EntryReader | None = None
        self._entry_element: etree._Element | None = None
        self._has_seen_root = False
        self._declarations: tuple[str, ...] = ()
        self._found_any = False
        self._interim: list[Balance] = []

    def read(self, parser: etree.XMLPullParser, offset: int) -> Iterator[Event]:
        for action, element in cast("Iterator[_ElementEvent]", parser.read_events()):
            if not self._has_seen_root:
                self._has_seen_root = True
                self._declarations = namespace_declarations(element)
                if declares_doctype(element):
                    self.is_refused = True
                    yield doctype_problem()
                    return
            self.progress = offset
            if action == "start":
                self._start(element)
            else:
                yield from self._end(element)

    def end_of_file(self, *, is_whole: bool) -> Iterator[Event]:
        if self._statement is not None:
            if self._entry is not None:
                yield self._statement.lose(
                    ProblemCode.LINE_UNREADABLE,
                    f"The file breaks off inside entry {self._statement.entries_seen}.",
                    raw="",
                )
                self._entry = None
            yield from self._close(is_truncated=True)
        if not self._found_any and is_whole:
            yield Problem(
                ProblemCode.NO_STATEMENT,
                "The file has no statement, report or notification of an account.",
                of_file=True,
            )

    def _start(self, element: etree._Element) -> None:
        name = local_name(element)
        if name in _STATEMENTS and self._statement is None and element.getparent() is not None:
            self._statement = StatementBuilder(
                _message_type(element, name),
                source_line(element),
                needs_opening=name == "Stmt",
                needs_closing=name == "Stmt",
            )
            self._statement_element = element
            self._interim = []
            self._found_any = True
        elif name == "Ntry" and self._statement is not None and self._entry is None:
            self._statement.see_entry()
            self._entry = EntryReader(self._statement, source_line(element), self._declarations)
            self._entry_element = element

    def _end(self, element: etree._Element) -> Iterator[Event]:
        name = local_name(element)
        statement = self._statement
        if statement is None:
            if name == "Ntry":
                yield _outside(element)
            if name in ("GrpHdr", "Ntry"):
                _forget(element)
        elif self._entry is not None:
            if name == "TxDtls":
                self._entry.detail(element)
            elif element is self._entry_element:
                yield from self._entry.finish(element)
                self._entry = self._entry_element = None
                _forget(element)
        elif element is self._statement_element:
            yield from self._close(is_truncated=False)
            _forget(element)
        elif name in _HEADS and element.getparent() is self._statement_element:
            yield from self._head(name, element, statement)

    def _head(
        self, name: str, element: etree._Element, statement: StatementBuilder
    ) -> Iterator[Event]:
        match name:
            case "ElctrncSeqNb" | "LglSeqNb":
                statement.sequence = statement.sequence or (element.text or "").strip()
            case "Acct":
                node = copy(element)
                statement.account = node.first_text(*_ACCOUNTS)
                statement.currency = node.text_at("Ccy")
                statement.statement_id = _statement_id(element)
            case "FrToDt":
                node = copy(element)
                statement.from_date = iso_date(node.first_text(("FrDtTm",), ("FrDt",)))
                statement.to_date = iso_date(node.first_text(("ToDtTm",), ("ToDt",)))
            case "Bal":
                yield from self._balance(element, statement)
            case "TxsSummry":
                _totals(copy(element), statement)
            case _:
                pass

    def _balance(self, element: etree._Element, statement: StatementBuilder) -> Iterator[Event]:
        node = copy(element)
        kind = node.first_text(*_BALANCE_KINDS)
        amount_node = node.at("Amt")
        amount = iso_amount(amount_node.text) if amount_node else None
        amount = None if amount is None else signed(amount, node.text_at("CdtDbtInd"))
        if amount is None or amount_node is None:
            yield Problem(
                ProblemCode.BALANCE_UNREADABLE,
                f"The balance {kind or '(no type)'} can't be read.",
                source_line(element),
                raw=quote(etree.tostring(element, encoding="unicode", with_tail=False)),
            )
            return
        day = iso_date(node.first_text(*_BALANCE_DATES))
        balance = Balance(kind, amount, amount_node.currency, day)
        statement.balances.append(balance)
        _use_balance(balance, statement, self._interim)

    def _close(self, *, is_truncated: bool) -> Iterator[Event]:
        statement = self._statement
        assert statement is not None, "only an open statement is closed"
        self._statement = self._statement_element = None
        statement.is_truncated = is_truncated
        _use_interim(statement, self._interim)
        if not statement.currency:
            statement.currency = (
                statement.opening_currency
                or statement.closing_currency
                or statement.first_line_currency
            )
        yield from self._continuity.check(statement)
        yield from statement.finish()


def _use_balance(balance: Balance, statement: StatementBuilder, interim: list[Balance]) -> None:
    """Take a booked balance as opening or closing: of several, the first opening that is in the
    account's currency and the last such closing."""
    is_own = not statement.currency or balance.currency == statement.currency
    if balance.kind in _OPENING_KINDS:
        if statement.opening is None or (balance.kind == "OPBD" and is_own):
            statement.opening, statement.opening_currency = balance.amount, balance.currency
    elif balance.kind in _CLOSING_KINDS:
        if statement.closing is None or is_own:
            statement.closing, statement.closing_currency = balance.amount, balance.currency
    elif balance.kind == _INTERIM_KIND and is_own:
        interim.append(balance)


def _use_interim(statement: StatementBuilder, interim: list[Balance]) -> None:
    """A page of a longer statement opens and closes with interim balances, a report closes so."""
    if statement.message_type.startswith("camt.052"):
        if statement.closing is None and interim:
            statement.closing = interim[-1].amount
            statement.closing_currency = interim[-1].currency
        return
    if statement.opening is None and interim:
        first = interim.pop(0)
        statement.opening, statement.opening_currency = first.amount, first.currency
    if statement.closing is None and interim:
        statement.closing = interim[-1].amount
        statement.closing_currency = interim[-1].currency


def _totals(node: Node, statement: StatementBuilder) -> None:
    totals = statement.totals
    totals.count = _count(node.text_at("TtlNtries", "NbOfNtries"))
    totals.credit_count = _count(node.text_at("TtlCdtNtries", "NbOfNtries"))
    totals.debit_count = _count(node.text_at("TtlDbtNtries", "NbOfNtries"))
    totals.credit_sum = iso_amount(node.text_at("TtlCdtNtries", "Sum"))
    totals.debit_sum = iso_amount(node.text_at("TtlDbtNtries", "Sum"))


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None


def _statement_id(account: etree._Element) -> str:
    """The `Id` beside the account; no event of its own, because every party has an `Id` too."""
    parent = account.getparent()
    found = () if parent is None else (each for each in parent if local_name(each) == "Id")
    return next(((each.text or "").strip() for each in found), "")


def _outside(element: etree._Element) -> Problem:
    return Problem(
        ProblemCode.LINE_UNREADABLE,
        "An entry stands outside any statement, so its account is not known.",
        source_line(element),
        raw=quote(etree.tostring(element, encoding="unicode", with_tail=False)),
        loses_line=True,
        of_file=True,
    )


def _message_type(element: etree._Element, name: str) -> str:
    tag = element.tag if isinstance(element.tag, str) else ""
    found = tag.rpartition("}")[0].rpartition(":")[2]  # not QName, which refuses odd namespaces
    return found if found.startswith("camt.") else _MESSAGES[name]


def _forget(element: etree._Element) -> None:
    """Free an element and all that was read before it, at every level."""
    element.clear()
    node: etree._Element | None = element
    while node is not None:
        parent = node.getparent()
        if parent is not None:
            while node.getprevious() is not None:
                del parent[0]
        node = parent


def doctype_problem() -> Problem:
    return Problem(
        ProblemCode.REFUSED,
        "The file declares a document type. Bank statements have none, and entities defined in "
        "one can be used for attacks, so it was not read.",
        of_file=True,
    )
