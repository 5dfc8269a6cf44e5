"""Takes pain.001.001.09, the credit transfers of a customer, and answers with pain.002.001.10.

A payment that the bank can't carry out is refused by itself; the rest is booked. The same file
again is answered in the same way: each payment is booked once, by its end-to-end id.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, cast

from lxml import etree

from sandbox.bank.state import Bank, Refused

PAIN001 = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
PAIN002 = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"
# Why the bank refuses, in the standard's codes.
REASONS = {
    "bad_amount": "AM12",
    "bad_field": "AC01",
    "end_to_end_id_used": "DU04",
    "insufficient_funds": "AM04",
    "unknown_account": "AC02",
    "wrong_currency": "AM03",
}
_IN = {"x": PAIN001}
Outcome = tuple[str, str, str]  # end-to-end id, code of the reason or nothing, the reason


def take_file(bank: Bank, content: bytes, today: date) -> bytes:
    """Book what a file asks for; the report of it. Raises ``Refused`` for what is no such file."""
    about = _read(content)
    name = _text(about, "x:GrpHdr/x:MsgId")
    rows = list(_payments(about))
    if not name or _text(about, "x:GrpHdr/x:NbOfTxs") != str(len(rows)):
        raise Refused(422, "bad_count", "The number of payments is not the one it says.")
    found: dict[str, list[Outcome]] = {}
    for block, data in rows:
        found.setdefault(block, []).append(_booked(bank, data, today))
    return _report(name, found)


def _read(content: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Refused(400, "bad_file", "This is not an XML file.") from None
    about = root.find("x:CstmrCdtTrfInitn", _IN)
    if about is None:
        raise Refused(400, "bad_file", "This is not a pain.001.001.09 message.")
    return about


def _payments(about: etree._Element) -> Iterator[tuple[str, dict[str, Any]]]:
    for block in about.findall("x:PmtInf", _IN):
        name = _text(block, "x:PmtInfId")
        ours = _text(block, "x:DbtrAcct/x:Id/x:IBAN")
        for row in block.findall("x:CdtTrfTxInf", _IN):
            amount = row.find("x:Amt/x:InstdAmt", _IN)
            yield (
                name,
                {
                    "from_iban": ours,
                    "to_iban": _text(row, "x:CdtrAcct/x:Id/x:IBAN"),
                    "to_number": _text(row, "x:CdtrAcct/x:Id/x:Othr/x:Id"),
                    "to_name": _text(row, "x:Cdtr/x:Nm"),
                    "to_bic": _text(row, "x:CdtrAgt/x:FinInstnId/x:BICFI"),
                    "amount": amount.text if amount is not None else "",
                    "currency": amount.get("Ccy") if amount is not None else "",
                    "end_to_end_id": _text(row, "x:PmtId/x:EndToEndId"),
                    "text": _text(row, "x:RmtInf/x:Ustrd"),
                },
            )


def _booked(bank: Bank, data: dict[str, Any], today: date) -> Outcome:
    try:
        bank.transfer_send(data, today)
    except Refused as refused:
        return data["end_to_end_id"], REASONS.get(refused.code, "NARR"), refused.message
    return data["end_to_end_id"], "", ""


def _report(name: str, found: dict[str, list[Outcome]]) -> bytes:
    every = [outcome for rows in found.values() for outcome in rows]
    refused = sum(1 for _, code, _ in every if code)
    status = "ACSC" if not refused else "RJCT" if refused == len(every) else "PART"
    document = etree.Element("Document", nsmap=cast("dict[str, str]", {None: PAIN002}))
    body = _add(document, "CstmrPmtStsRpt")
    head = _add(body, "GrpHdr")
    _add(head, "MsgId", f"STS-{name}"[:35])
    _add(head, "CreDtTm", datetime.now(UTC).isoformat(timespec="seconds"))
    group = _add(body, "OrgnlGrpInfAndSts")
    _add(group, "OrgnlMsgId", name)
    _add(group, "OrgnlMsgNmId", "pain.001.001.09")
    _add(group, "GrpSts", status)
    for block, rows in found.items():
        part = _add(body, "OrgnlPmtInfAndSts")
        _add(part, "OrgnlPmtInfId", block)
        for reference, code, reason in rows:
            row = _add(part, "TxInfAndSts")
            _add(row, "OrgnlEndToEndId", reference)
            _add(row, "TxSts", "RJCT" if code else "ACSC")
            if code:
                why = _add(row, "StsRsnInf")
                _add(_add(why, "Rsn"), "Cd", code)
                _add(why, "AddtlInf", reason[:105])
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    node = etree.SubElement(parent, name)
    node.text = text
    return node


def _text(parent: etree._Element, path: str) -> str:
    row = parent.find(path, _IN)
    return (row.text or "").strip() if row is not None else ""
