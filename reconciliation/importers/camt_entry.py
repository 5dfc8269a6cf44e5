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
from .xml_values import (
    iso_amount,
    iso_date,
    local_name,
    path,
    signed,
    text_at,
    texts_at,
)

_AMOUNT = path("Amt")
_INDICATOR = path("CdtDbtInd")
_REVERSAL = path("RvslInd")
_STATUS = path("Sts")
_STATUS_CODE = path("Sts/Cd")
_BOOKED_ON = (path("BookgDt/Dt"), path("BookgDt/DtTm"))
_VALUED_ON = (path("ValDt/Dt"), path("ValDt/DtTm"))
_ENTRY_REFERENCE = path("NtryRef")
_BANK_REFERENCE = path("AcctSvcrRef")
_ADDITIONAL_ENTRY = path("AddtlNtryInf")
_ADDITIONAL_TRANSACTION = path("AddtlTxInf")
_BATCH = path("NtryDtls/Btch")
_STATUSES = {"BOOK": BOOKED, "PDNG": PENDING, "INFO": INFORMATION, "FUTR": PENDING}

_DOMAIN_CODES = tuple(
    path(f"BkTxCd/{names}") for names in ("Domn/Cd", "Domn/Fmly/Cd", "Domn/Fmly/SubFmlyCd")
)
_OWN_CODE = path("BkTxCd/Prtry/Cd")

_AMOUNT_PATHS = (
    path("Amt"),
    path("AmtDtls/TxAmt/Amt"),
    path("AmtDtls/InstdAmt/Amt"),
)
_UNSTRUCTURED = path("RmtInf/Ustrd")
_STRUCTURED_REFERENCE = path("RmtInf/Strd/CdtrRefInf/Ref")
_STRUCTURED_TEXT = path("RmtInf/Strd/AddtlRmtInf")
_RETURN_REASONS = tuple(
    path(f"RtrInf/{names}") for names in ("Rsn/Cd", "RtrRsn/Cd", "Rsn/Prtry", "RtrRsn/Prtry")
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
_OTHER_REFERENCES = frozenset(("AcctSvcrTxId", "MktInfrstrctrTxId", "PrcgId"))
_PARTY_NAMES = ("Nm", "Pty/Nm", "Agt/FinInstnId/Nm")
_PARTY_NAME_PATHS = tuple(path(name) for name in _PARTY_NAMES)
_PARTY_ACCOUNT_PATHS = (path("Id/IBAN"), path("Id/Othr/Id"), path("Id/BBAN"))
_AGENT_PATHS = tuple(
    path(f"FinInstnId/{name}") for name in ("BICFI", "BIC", "ClrSysMmbId/MmbId", "Othr/Id", "Nm")
)


class EntryReader:
    """Reads one `Ntry`. Its transactions are handed in as each of them ends."""

    def __init__(self, statement: StatementBuilder, source_line: int | None) -> None:
        self._statement = statement
        self._source_line = source_line
        self._details: list[_Detail] = []
        self._cut_raw: list[str] = []

    def detail(self, element: etree._Element) -> None:
        """Take a finished `TxDtls`; in a large batch it is cut out of the tree."""
        self._details.append(_Detail(element))
        if len(self._details) > DETAILS_IN_TREE_MAX:
            self._cut_raw.append(_raw(element))
            parent = element.getparent()
            if parent is not None:
                # Not the element itself: its end is still being processed. The one before it.
                element.clear()
                before = element.getprevious()
                if before is not None and len(self._details) > DETAILS_IN_TREE_MAX + 1:
                    parent.remove(before)

    def finish(self, element: etree._Element) -> Iterator[Event]:
        statement = self._statement
        number = statement.entries_seen
        raw = self._entry_raw(element)
        indicator = text_at(element, _INDICATOR)
        node = element.find(_AMOUNT)
        amount = iso_amount(None if node is None else node.text)
        amount = None if amount is None else signed(amount, indicator)
        currency = "" if node is None else str(node.get("Ccy") or statement.currency)
        booked = _first_date(element, _BOOKED_ON)
        valued = _first_date(element, _VALUED_ON)
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
        line = self._line(element, amount, currency, (day, valued or day), raw)
        yield from _batch_check(line, self._source_line)
        yield statement.accept(line)

    def _line(
        self,
        element: etree._Element,
        amount: Decimal,
        currency: str,
        days: tuple[date, date],
        raw: str,
    ) -> ParsedLine:
        is_credit = text_at(element, _INDICATOR) == "CRDT"
        is_reversal = text_at(element, _REVERSAL) in ("true", "1")
        status = text_at(element, _STATUS) or text_at(element, _STATUS_CODE)
        side = _Side(is_credit, is_reversal, self._statement.account)
        details = tuple(detail.parsed(side, currency) for detail in self._details)
        batch = element.find(_BATCH)
        alone = details[0] if len(details) == 1 else None
        return ParsedLine(
            number=self._statement.entries_seen,
            date=days[0],
            value_date=days[1],
            amount=amount,
            currency=currency,
            references=_entry_references(element, batch, alone),
            counterparty=alone.counterparty if alone else NO_COUNTERPARTY,
            text=_joined(*(detail.text for detail in details), text_at(element, _ADDITIONAL_ENTRY)),
            raw=raw,
            code=_code(element),
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
        raw = _raw(element)
        if not self._cut_raw:
            return raw
        end = raw.rfind("</", 0, raw.rfind("NtryDtls>"))
        return raw[:end] + "".join(self._cut_raw) + raw[end:]


class _Detail:
    """A `TxDtls` taken out of the tree: all that is needed once the entry's side is known."""

    def __init__(self, element: etree._Element) -> None:
        self._amount, self._currency = _detail_amount(element)
        self._indicator = text_at(element, _INDICATOR)
        self._references = _references(element)
        self._debtor = _party(element, "Dbtr")
        self._creditor = _party(element, "Cdtr")
        self._text = _joined(
            " ".join(texts_at(element, _UNSTRUCTURED)),
            " ".join(texts_at(element, _STRUCTURED_TEXT)),
            text_at(element, _ADDITIONAL_TRANSACTION),
        )
        self._return_reason = _first_text(element, _RETURN_REASONS)

    def parsed(self, side: _Side, currency: str) -> ParsedDetail:
        amount = self._amount
        if amount is not None:
            indicator = self._indicator or ("CRDT" if side.is_credit else "DBIT")
            amount = signed(amount, indicator)
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

    def __init__(self, is_credit: bool, is_reversal: bool, account: str) -> None:
        self.is_credit = is_credit
        # A reversal keeps the parties of the payment that it takes back.
        self._debtor_first = is_credit != is_reversal
        self._account = account

    def other(self, debtor: Counterparty, creditor: Counterparty) -> Counterparty:
        first, second = (debtor, creditor) if self._debtor_first else (creditor, debtor)
        if first == NO_COUNTERPARTY or (first.account and first.account == self._account):
            return second if second != NO_COUNTERPARTY else first
        return first


def _raw(element: etree._Element) -> str:
    text = etree.tostring(element, encoding="unicode", with_tail=False)
    # The namespace of the file on every fragment is noise for people and costs a tenth more.
    for prefix, uri in element.nsmap.items():
        declaration = f' xmlns:{prefix}="{uri}"' if prefix else f' xmlns="{uri}"'
        if not prefix or prefix == "xsi":
            text = text.replace(declaration, "", 1)
    return text


def _first_date(element: etree._Element, paths: tuple[str, ...]) -> date | None:
    text = _first_text(element, paths)
    return iso_date(text) if text else None


def _first_text(element: etree._Element, paths: tuple[str, ...]) -> str:
    for each in paths:
        text = text_at(element, each)
        if text:
            return text
    return ""


def _joined(*texts: str) -> str:
    return "\n".join(dict.fromkeys(text for text in texts if text))


def _code(element: etree._Element) -> str:
    domain = "-".join(filter(None, (text_at(element, each) for each in _DOMAIN_CODES)))
    return domain or text_at(element, _OWN_CODE)


def _detail_amount(element: etree._Element) -> tuple[Decimal | None, str]:
    for each in _AMOUNT_PATHS:
        node = element.find(each)
        if node is not None:
            return iso_amount(node.text), str(node.get("Ccy") or "")
    return None, ""


def _references(element: etree._Element) -> References:
    values: dict[str, str] = {}
    other: list[str] = []
    for refs in element.iterfind("{*}Refs"):
        for node in refs:
            name = local_name(node)
            text = reference(node.text or "")
            if name in _REFERENCE_NAMES and text:
                values.setdefault(_REFERENCE_NAMES[name], text)
            elif name in _OTHER_REFERENCES and text:
                other.append(text)
            elif name == "Prtry":
                other.extend(texts_at(node, "{*}Ref"))
    structured = list(texts_at(element, _STRUCTURED_REFERENCE))
    other.extend(structured[1:])
    if not values and not other and not structured:
        return NO_REFERENCES
    return References(**values, structured=structured[0] if structured else "", other=tuple(other))


def _entry_references(
    element: etree._Element, batch: etree._Element | None, alone: ParsedDetail | None
) -> References:
    """The references of a line: the entry's, its batch's, and those of its only transaction."""
    own = alone.references if alone else NO_REFERENCES
    bank = text_at(element, _BANK_REFERENCE)
    entry = reference(text_at(element, _ENTRY_REFERENCE))
    others = [*own.other]
    if bank and own.bank and bank != own.bank:
        others.append(own.bank)
    if entry:
        others.append(entry)
    return References(
        end_to_end=own.end_to_end,
        our=own.our,
        bank=reference(bank) or own.bank,
        instruction=own.instruction,
        transaction=own.transaction,
        batch=own.batch or _batch_text(batch, "PmtInfId"),
        message=own.message or _batch_text(batch, "MsgId"),
        mandate=own.mandate,
        uetr=own.uetr,
        clearing=own.clearing,
        cheque=own.cheque,
        structured=own.structured,
        other=tuple(others),
    )


def _batch_text(batch: etree._Element | None, name: str) -> str:
    return "" if batch is None else reference(text_at(batch, f"{{*}}{name}"))


def _batch_size(batch: etree._Element | None) -> int:
    text = _batch_text(batch, "NbOfTxs")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else 0


def _party(element: etree._Element, role: str) -> Counterparty:
    parties = element.find("{*}RltdPties")
    agents = element.find("{*}RltdAgts")
    name = account = bank = ""
    if parties is not None:
        for tag in (role, f"Ultmt{role}"):
            node = parties.find(f"{{*}}{tag}")
            if node is not None and not name:
                name = _first_text(node, _PARTY_NAME_PATHS)
        node = parties.find(f"{{*}}{role}Acct")
        if node is not None:
            account = _first_text(node, _PARTY_ACCOUNT_PATHS)
    if agents is not None:
        node = agents.find(f"{{*}}{role}Agt")
        if node is not None:
            bank = _first_text(node, _AGENT_PATHS)
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
