"""One entry (`Ntry`) of a camt message and the transactions inside it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from lxml import etree

from .limits import DETAILS_IN_TREE_MAX
from .mt940_details import reference
from .results import (
    BOOKED,
    INFORMATION,
    NO_COUNTERPARTY,
    NO_REFERENCES,
    PENDING,
    Counterparty,
    Event,
    ParsedDetail,
    ParsedLine,
    Problem,
    ProblemCode,
    References,
)
from .statement import StatementBuilder
from .text import quote
from .xml_values import Node, copy, iso_amount, iso_date, signed

_STATUSES = {"BOOK": BOOKED, "PDNG": PENDING, "INFO": INFORMATION, "FUTR": PENDING}
_BOOKED_ON = (("BookgDt", "Dt"), ("BookgDt", "DtTm"))
_VALUED_ON = (("ValDt", "Dt"), ("ValDt", "DtTm"))
_DOMAIN_CODES = (
    ("BkTxCd", "Domn", "Cd"),
    ("BkTxCd", "Domn", "Fmly", "Cd"),
    ("BkTxCd", "Domn", "Fmly", "SubFmlyCd"),
)
_AMOUNTS = (("Amt",), ("AmtDtls", "TxAmt", "Amt"), ("AmtDtls", "InstdAmt", "Amt"))
_RETURN_REASONS = tuple(
    ("RtrInf", reason, form) for form in ("Cd", "Prtry") for reason in ("Rsn", "RtrRsn")
)
_REFERENCE_NAMES = {
    "EndToEndId": "end_to_end",
    "AcctOwnrTxId": "our",
    "AcctSvcrRef": "bank",
    "InstrId": "instruction",
    "TxId": "transaction",
    "PmtInfId": "batch",
    "MsgId": "message",
    "MndtId": "mandate",
    "UETR": "uetr",
    "ClrSysRef": "clearing",
    "ChqNb": "cheque",
}
_OTHER_REFERENCES = ("AcctSvcrTxId", "MktInfrstrctrTxId", "PrcgId")
_NAMES = (("Nm",), ("Pty", "Nm"), ("Agt", "FinInstnId", "Nm"))
_ACCOUNTS = (("Id", "IBAN"), ("Id", "Othr", "Id"), ("Id", "BBAN"))
_AGENTS = (
    ("FinInstnId", "BICFI"),
    ("FinInstnId", "BIC"),
    ("FinInstnId", "ClrSysMmbId", "MmbId"),
    ("FinInstnId", "Othr", "Id"),
    ("FinInstnId", "Nm"),
)


class EntryReader:
    """Reads one `Ntry`. Its transactions are handed in as each of them ends."""

    def __init__(
        self, statement: StatementBuilder, source_line: int | None, declarations: tuple[str, ...]
    ) -> None:
        self._statement = statement
        self._source_line = source_line
        self._declarations = declarations
        self._details: list[_Detail] = []
        self._cut_raw: list[str] = []

    def detail(self, element: etree._Element) -> None:
        """Take a finished `TxDtls`; in a large batch it is cut out of the tree."""
        self._details.append(_Detail(copy(element)))
        if len(self._details) > DETAILS_IN_TREE_MAX:
            self._cut_raw.append(self._raw(element))
            # The parser may still touch an element whose end it just met, so it is emptied now
            # and removed when the next one has ended.
            element.clear()
            parent, before = element.getparent(), element.getprevious()
            if parent is not None and before is not None and len(self._cut_raw) > 1:
                parent.remove(before)

    def finish(self, element: etree._Element) -> Iterator[Event]:
        statement = self._statement
        number = statement.entries_seen
        raw = self._entry_raw(element)
        node = copy(element, skip="TxDtls")
        indicator = node.text_at("CdtDbtInd")
        amount = iso_amount(node.text_at("Amt"))
        amount = None if amount is None else signed(amount, indicator)
        booked = iso_date(node.first_text(*_BOOKED_ON))
        valued = iso_date(node.first_text(*_VALUED_ON))
        day = booked or valued or statement.to_date
        if amount is None or day is None:
            what = "amount" if amount is None else "date"
            yield statement.lose(
                ProblemCode.LINE_UNREADABLE,
                f"The {what} of entry {number} is missing or can't be read.",
                raw=quote(raw),
                source_line=self._source_line,
            )
            return
        if booked is None and valued is None:
            yield Problem(
                ProblemCode.DATE_MISSING,
                f"Entry {number} has no date; the statement's last day {day} is used.",
                self._source_line,
                raw=quote(raw),
            )
        line = self._line(node, amount, (day, valued or day), raw)
        yield from _batch_check(line, self._source_line)
        yield statement.accept(line)

    def _line(self, node: Node, amount: Decimal, days: tuple[date, date], raw: str) -> ParsedLine:
        is_reversal = node.text_at("RvslInd") in ("true", "1")
        status = node.text_at("Sts") or node.text_at("Sts", "Cd")
        amount_node = node.at("Amt")
        currency = (amount_node.currency if amount_node else "") or self._statement.currency
        side = _Side(node.text_at("CdtDbtInd"), is_reversal, self._statement.account)
        details = tuple(detail.parsed(side, currency) for detail in self._details)
        batch = node.at("NtryDtls", "Btch")
        alone = details[0] if len(details) == 1 else None
        return ParsedLine(
            number=self._statement.entries_seen,
            date=days[0],
            value_date=days[1],
            amount=amount,
            currency=currency,
            references=_entry_references(node, batch, alone),
            counterparty=alone.counterparty if alone else NO_COUNTERPARTY,
            text=_joined(*(detail.text for detail in details), node.text_at("AddtlNtryInf")),
            raw=raw,
            code=_code(node),
            status=_STATUSES.get(status, BOOKED),
            is_reversal=is_reversal,
            return_reason=next(
                (detail.return_reason for detail in details if detail.return_reason), ""
            ),
            entry_count=max(_batch_size(batch), len(details), 1),
            details=details,
            source_line=self._source_line,
        )

    def _entry_raw(self, element: etree._Element) -> str:
        raw = self._raw(element)
        if not self._cut_raw:
            return raw
        end = raw.rfind("</", 0, raw.rfind("NtryDtls>"))
        return raw[:end] + "".join(self._cut_raw) + raw[end:]

    def _raw(self, element: etree._Element) -> str:
        text = etree.tostring(element, encoding="unicode", with_tail=False)
        # The namespace of the file on every fragment is noise for people, and a tenth of its size.
        for declaration in self._declarations:
            text = text.replace(declaration, "", 1)
        return text


def namespace_declarations(element: etree._Element) -> tuple[str, ...]:
    """What serialising puts on every fragment and nobody needs: the default namespace and xsi."""
    return tuple(
        f' xmlns:{prefix}="{uri}"' if prefix else f' xmlns="{uri}"'
        for prefix, uri in element.nsmap.items()
        if not prefix or prefix == "xsi"
    )


class _Detail:
    """A `TxDtls`: all that is needed of it once the entry's side is known."""

    __slots__ = (
        "_amount", "_creditor", "_currency", "_debtor", "_indicator", "_references",
        "_return_reason", "_text",
    )  # fmt: skip

    def __init__(self, node: Node) -> None:
        self._amount, self._currency = _detail_amount(node)
        self._indicator = node.text_at("CdtDbtInd")
        self._references = _references(node)
        self._debtor = _party(node, "Dbtr", "UltmtDbtr", "DbtrAcct", "DbtrAgt")
        self._creditor = _party(node, "Cdtr", "UltmtCdtr", "CdtrAcct", "CdtrAgt")
        self._text = _joined(*_remittance(node), node.text_at("AddtlTxInf"))
        self._return_reason = node.first_text(*_RETURN_REASONS) if node.all("RtrInf") else ""

    def parsed(self, side: _Side, currency: str) -> ParsedDetail:
        amount = self._amount
        if amount is not None:
            amount = signed(amount, self._indicator or side.indicator)
        return ParsedDetail(
            amount=amount,
            currency=self._currency or currency,
            references=self._references,
            counterparty=side.other(self._debtor, self._creditor),
            text=self._text,
            return_reason=self._return_reason,
        )


class _Side:
    """Who the other party of an entry is, seen from the account."""

    def __init__(self, indicator: str, is_reversal: bool, account: str) -> None:
        self.indicator = indicator
        # A reversal keeps the parties of the payment that it takes back.
        self._debtor_first = (indicator == "CRDT") != is_reversal
        self._account = account

    def other(self, debtor: Counterparty, creditor: Counterparty) -> Counterparty:
        """The likelier of the two parties that is there and is not the account itself."""
        parties = (debtor, creditor) if self._debtor_first else (creditor, debtor)
        for party in parties:
            if party is not NO_COUNTERPARTY and (party.account or "-") != self._account:
                return party
        return NO_COUNTERPARTY


def _joined(*texts: str) -> str:
    return "\n".join(dict.fromkeys(text for text in texts if text))


def _code(node: Node) -> str:
    domain = "-".join(filter(None, (node.text_at(*each) for each in _DOMAIN_CODES)))
    return domain or node.text_at("BkTxCd", "Prtry", "Cd")


def _detail_amount(node: Node) -> tuple[Decimal | None, str]:
    for each in _AMOUNTS:
        found = node.at(*each)
        if found is not None:
            return iso_amount(found.text), found.currency
    return None, ""


def _remittance(node: Node) -> Iterator[str]:
    for information in node.all("RmtInf"):
        yield " ".join(each.text for each in information.all("Ustrd") if each.text)
        yield " ".join(
            text.text
            for each in information.all("Strd")
            for text in each.all("AddtlRmtInf")
            if text.text
        )


def _structured(node: Node) -> list[str]:
    found = (
        each.text_at("CdtrRefInf", "Ref")
        for information in node.all("RmtInf")
        for each in information.all("Strd")
    )
    return [text for text in found if text]


def _references(node: Node) -> References:
    values: dict[str, str] = {}
    other: list[str] = []
    refs = node.at("Refs")
    if refs is not None:
        for name, nodes in refs.named().items():
            text = reference(nodes[0].text)
            if text and name in _REFERENCE_NAMES:
                values[_REFERENCE_NAMES[name]] = text
            elif text and name in _OTHER_REFERENCES:
                other.append(text)
            elif name == "Prtry":
                other.extend(text for each in nodes if (text := each.text_at("Ref")))
    structured = _structured(node)
    if structured:
        values["structured"] = structured[0]
        other.extend(structured[1:])
    if not values and not other:
        return NO_REFERENCES
    return References(**values, other=tuple(other))


def _entry_references(node: Node, batch: Node | None, alone: ParsedDetail | None) -> References:
    """The references of a line: the entry's, its batch's, and those of its only transaction."""
    own = alone.references if alone else NO_REFERENCES
    bank = reference(node.text_at("AcctSvcrRef"))
    entry = reference(node.text_at("NtryRef"))
    others = own.other
    if bank and own.bank and bank != own.bank:
        others = (*others, own.bank)
    if entry:
        others = (*others, entry)
    return References(
        end_to_end=own.end_to_end,
        our=own.our,
        bank=bank or own.bank,
        instruction=own.instruction,
        transaction=own.transaction,
        batch=own.batch or _batch_text(batch, "PmtInfId"),
        message=own.message or _batch_text(batch, "MsgId"),
        mandate=own.mandate,
        uetr=own.uetr,
        clearing=own.clearing,
        cheque=own.cheque,
        structured=own.structured,
        other=others,
    )


def _batch_text(batch: Node | None, name: str) -> str:
    return "" if batch is None else reference(batch.text_at(name))


def _batch_size(batch: Node | None) -> int:
    text = _batch_text(batch, "NbOfTxs")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else 0


def _party(node: Node, role: str, ultimate: str, account_of: str, agent_of: str) -> Counterparty:
    name = account = bank = ""
    parties, agents = node.at("RltdPties"), node.at("RltdAgts")
    if parties is not None:
        for each in (role, ultimate):
            party = parties.at(each)
            if party is not None and not name:
                name = party.first_text(*_NAMES)
        found = parties.at(account_of)
        account = found.first_text(*_ACCOUNTS) if found else ""
    if agents is not None:
        found = agents.at(agent_of)
        bank = found.first_text(*_AGENTS) if found else ""
    return Counterparty(name, account, bank) if name or account or bank else NO_COUNTERPARTY


def _batch_check(line: ParsedLine, source_line: int | None) -> Iterator[Problem]:
    """The transactions of a batch add up to its amount, where all of them are given in full."""
    details = line.details
    if len(details) < 2 or line.entry_count != len(details):
        return
    amounts = [
        detail.amount
        for detail in details
        if detail.amount is not None and detail.currency == line.currency
    ]
    if len(amounts) == len(details) and sum(amounts) != line.amount:
        yield Problem(
            ProblemCode.BATCH_MISMATCH,
            f"The transactions of entry {line.number} add up to {sum(amounts)}, the entry is "
            f"{line.amount}.",
            source_line,
        )
