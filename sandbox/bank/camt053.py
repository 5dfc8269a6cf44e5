"""Writes camt.053.001.08, the bank-to-customer statement of ISO 20022."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import cast

from lxml import etree

from sandbox.bank.entries import Account, Entry, Statement

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
NAME_CHARS_MAX = 140
TEXT_CHARS_MAX = 140
REFERENCE_CHARS_MAX = 35


def write_camt053(statements: Sequence[Statement], *, message_id: str) -> bytes:
    """One message with a statement per account and day, valid against the schema."""
    document = etree.Element(
        f"{{{NAMESPACE}}}Document", nsmap=cast("dict[str, str]", {None: NAMESPACE})
    )
    body = _add(document, "BkToCstmrStmt")
    header = _add(body, "GrpHdr")
    _add(header, "MsgId", message_id[:REFERENCE_CHARS_MAX])
    _add(header, "CreDtTm", _end_of(statements[-1]) if statements else _now())
    for statement in statements:
        _statement(body, statement)
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _statement(body: etree._Element, statement: Statement) -> None:
    account = statement.account
    node = _add(body, "Stmt")
    _add(node, "Id", statement.identification)
    _add(node, "ElctrncSeqNb", str(statement.sequence))
    _add(node, "CreDtTm", _end_of(statement))
    period = _add(node, "FrToDt")
    _add(period, "FrDtTm", f"{statement.day}T00:00:00+00:00")
    _add(period, "ToDtTm", _end_of(statement))
    _account(node, account)
    _balance(node, "OPBD", statement.opening, statement)
    _balance(node, "CLBD", statement.closing, statement)
    _summary(node, statement.entries)
    for entry in statement.entries:
        _entry(node, entry, account)


def _account(node: etree._Element, account: Account) -> None:
    own = _add(node, "Acct")
    _add(_add(own, "Id"), "IBAN", account.iban)
    _add(own, "Ccy", account.currency)
    if account.owner:
        _add(_add(own, "Ownr"), "Nm", _clean(account.owner, NAME_CHARS_MAX))
    if account.bic:
        _add(_add(_add(own, "Svcr"), "FinInstnId"), "BICFI", account.bic)


def _balance(node: etree._Element, kind: str, amount: Decimal, statement: Statement) -> None:
    balance = _add(node, "Bal")
    _add(_add(_add(balance, "Tp"), "CdOrPrtry"), "Cd", kind)
    _amount(balance, amount, statement.account.currency)
    _add(_add(balance, "Dt"), "Dt", statement.day.isoformat())


def _summary(node: etree._Element, entries: Sequence[Entry]) -> None:
    incoming = [entry.amount for entry in entries if entry.amount >= 0]
    outgoing = [-entry.amount for entry in entries if entry.amount < 0]
    summary = _add(node, "TxsSummry")
    _add(_add(summary, "TtlNtries"), "NbOfNtries", str(len(entries)))
    for name, amounts in (("TtlCdtNtries", incoming), ("TtlDbtNtries", outgoing)):
        total = _add(summary, name)
        _add(total, "NbOfNtries", str(len(amounts)))
        _add(total, "Sum", format(sum(amounts, Decimal(0)), "f"))


def _entry(node: etree._Element, entry: Entry, account: Account) -> None:
    booked = _add(node, "Ntry")
    _amount(booked, entry.amount, account.currency)
    _add(_add(booked, "Sts"), "Cd", "BOOK")
    _add(_add(booked, "BookgDt"), "Dt", entry.booked_on.isoformat())
    _add(_add(booked, "ValDt"), "Dt", entry.value_date.isoformat())
    _add(booked, "AcctSvcrRef", entry.reference)
    _transaction_code(booked, entry)
    details = _add(_add(booked, "NtryDtls"), "TxDtls")
    references = _add(details, "Refs")
    _add(references, "AcctSvcrRef", entry.reference)
    _add(references, "EndToEndId", entry.end_to_end[:REFERENCE_CHARS_MAX] or "NOTPROVIDED")
    _amount(details, entry.amount, account.currency)
    _parties(details, entry, account)
    if entry.text:
        remittance = _add(details, "RmtInf")
        _add(remittance, "Ustrd", _clean(entry.text, TEXT_CHARS_MAX))
    if entry.return_reason:
        _add(_add(_add(details, "RtrInf"), "Rsn"), "Cd", entry.return_reason)


def _transaction_code(node: etree._Element, entry: Entry) -> None:
    domain = _add(_add(node, "BkTxCd"), "Domn")
    _add(domain, "Cd", "PMNT")
    family = _add(domain, "Fmly")
    _add(family, "Cd", "RCDT" if entry.amount >= 0 and not entry.return_reason else "ICDT")
    _add(family, "SubFmlyCd", "RRTN" if entry.return_reason else "ESCT")


def _parties(node: etree._Element, entry: Entry, account: Account) -> None:
    """Who pays whom; a returned transfer keeps the parties of the transfer."""
    is_incoming = entry.amount >= 0 and not entry.return_reason
    other = (entry.name, entry.iban, entry.bic)
    own = (account.owner, account.iban, account.bic)
    debtor, creditor = (other, own) if is_incoming else (own, other)
    parties = _add(node, "RltdPties")
    for role, (name, iban, _) in (("Dbtr", debtor), ("Cdtr", creditor)):
        if name.strip():
            _add(_add(_add(parties, role), "Pty"), "Nm", _clean(name, NAME_CHARS_MAX))
        if iban:
            _add(_add(_add(parties, f"{role}Acct"), "Id"), "IBAN", iban)
    agents = [(role, bic) for role, (_, _, bic) in (("Dbtr", debtor), ("Cdtr", creditor)) if bic]
    if agents:
        related = _add(node, "RltdAgts")
        for role, bic in agents:
            _add(_add(_add(related, f"{role}Agt"), "FinInstnId"), "BICFI", bic)


def _amount(node: etree._Element, amount: Decimal, currency: str) -> None:
    _add(node, "Amt", format(abs(amount), "f")).set("Ccy", currency)
    _add(node, "CdtDbtInd", "DBIT" if amount < 0 else "CRDT")


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    node = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    node.text = text
    return node


def _clean(text: str, length: int) -> str:
    """Text that XML and the schema allow: no control characters, never empty."""
    printable = "".join(each if each.isprintable() else " " for each in text)
    return printable.strip()[:length].strip() or "-"


def _end_of(statement: Statement) -> str:
    return datetime.combine(statement.day, time(23, 59, 59), UTC).isoformat()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
