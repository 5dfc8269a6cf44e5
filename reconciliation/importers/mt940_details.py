"""Field 86 of MT940: who, why and under which reference, in the banks' several dialects.

Known: sub-fields by separator and two digits (`166?00TEXT?20EREF+..?32NAME`, also with `>` and
other separators) with SEPA keys inside, slash codes (`/EREF/../NAME/../REMI/..`), `:NS:`
sub-fields, and free text. Nothing here fails: what is not understood stays text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SUBFIELD_START = re.compile(r"(\d{3})([^\w\s])\d\d")
_SEPA_KEY = re.compile(
    r"(EREF|KREF|MREF|PREF|CRED|DEBT|SVWZ|ABWA|ABWE|COAM|OAMT|PURP|RREF|BREF|RETP|SQTP|ORCR|"
    r"ORMR|DDAT)\+|(MTLG):"
)
_SLASH_CODE = re.compile(
    r"/(EREF|KREF|PREF|MARF|CSID|REMI|NAME|IBAN|BIC|TRCD|BENM|ORDP|ISDT|RTRN|CNTP|PURP|USTD|ID|"
    r"ULTB|ULTD|ADDR|TRTP)/"
)
_NOTHING = {"", "NONREF", "NOTPROVIDED", "NOT PROVIDED", "NOREF"}
# Business transaction codes of returned and rejected payments (GVC): direct debit, transfer.
_RETURN_CODES = frozenset({"108", "109", "159", "181", "183", "184"})
_PURPOSE_SUBFIELDS = range(20, 30)
_MORE_PURPOSE_SUBFIELDS = range(60, 64)


@dataclass(slots=True)
class Details:
    """What field 86 says; empty where it says nothing."""

    text: str = ""
    code: str = ""
    end_to_end: str = ""
    our: str = ""
    bank: str = ""
    mandate: str = ""
    creditor: str = ""
    batch: str = ""
    structured: str = ""
    name: str = ""
    account: str = ""
    bic: str = ""
    return_reason: str = ""


def reference(text: str) -> str:
    """A reference without padding; the words for "none" become empty."""
    stripped = text.strip()
    return "" if stripped.upper() in _NOTHING else stripped


def parse_details(lines: list[str]) -> Details:
    """Read the lines of field 86 (line ends removed, the tag removed)."""
    if not lines:
        return Details()
    start = _SUBFIELD_START.match(lines[0])
    if start:
        return _subfields("".join(lines), start[1], start[2])
    joined = "".join(lines)
    if joined.lstrip().startswith("/") and _SLASH_CODE.match(joined.lstrip()):
        return _slash_codes(joined.lstrip())
    return Details(text=plain_text(lines))


def plain_text(lines: list[str]) -> str:
    stripped = (line.strip() for line in lines)
    return "\n".join(line for line in stripped if line)


def _subfields(joined: str, code: str, separator: str) -> Details:
    parts = re.split(re.escape(separator) + r"(\d\d)", joined[3:])
    fields: dict[int, str] = {}
    for number, value in zip(parts[1::2], parts[2::2], strict=True):
        fields[int(number)] = fields.get(int(number), "") + value
    purpose = "".join(fields[number] for number in _PURPOSE_SUBFIELDS if number in fields)
    more = "".join(fields[number] for number in _MORE_PURPOSE_SUBFIELDS if number in fields)
    details = _sepa_keys(purpose, more)
    details.code = code
    details.text = details.text or fields.get(0, "").strip()
    details.bic = fields.get(30, "").strip()
    details.account = fields.get(31, "").strip()
    details.name = (fields.get(32, "") + fields.get(33, "")).strip()
    if code in _RETURN_CODES:
        details.return_reason = fields.get(34, "").strip()
    return details


def _sepa_keys(purpose: str, more: str) -> Details:
    """`more` continues the purpose text, never a reference: references end in sub-field 29."""
    parts = _SEPA_KEY.split(purpose)
    keyed: dict[str, str] = {}
    key = ""
    for sepa_key, message_key, value in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        key = sepa_key or message_key
        keyed.setdefault(key, value)
    if key in ("SVWZ", "MTLG"):
        keyed[key], more = keyed[key] + more, ""
    elif not key:
        parts[0], more = parts[0] + more, ""
    texts = (parts[0], keyed.get("SVWZ", ""), keyed.get("MTLG", ""), more)
    return Details(
        text="\n".join(text.strip() for text in texts if text.strip()),
        end_to_end=reference(keyed.get("EREF", "")),
        our=reference(keyed.get("KREF", "")),
        bank=reference(keyed.get("BREF", "")),
        batch=reference(keyed.get("PREF", "")),
        mandate=reference(keyed.get("MREF", "")),
        creditor=reference(keyed.get("CRED", "")),
    )


def _slash_codes(joined: str) -> Details:
    parts = _SLASH_CODE.split(joined)
    keyed: dict[str, str] = {}
    for key, value in zip(parts[1::2], parts[2::2], strict=True):
        keyed.setdefault(key, value.strip("/"))
    details = Details(
        text="\n".join(filter(None, (keyed.get("REMI", "").strip(), keyed.get("USTD", "")))),
        code=keyed.get("TRCD", "").strip(),
        end_to_end=reference(keyed.get("EREF", "")),
        our=reference(keyed.get("KREF", "")),
        batch=reference(keyed.get("PREF", "")),
        mandate=reference(keyed.get("MARF", "")),
        creditor=reference(keyed.get("CSID", "")),
        name=keyed.get("NAME", "").strip(),
        account=keyed.get("IBAN", "").strip(),
        bic=keyed.get("BIC", "").strip(),
        return_reason=keyed.get("RTRN", "").strip(),
    )
    counterparty = keyed.get("CNTP", "").split("/")
    if len(counterparty) >= 3:  # account, bank, name, town
        details.account = details.account or counterparty[0].strip()
        details.bic = details.bic or counterparty[1].strip()
        details.name = details.name or counterparty[2].strip()
    return details


def parse_non_swift(lines: list[str]) -> Details:
    """Read `:NS:`, the sub-fields of some German banks: 01-14 purpose, 15-16 name, 17 booking."""
    texts: list[str] = []
    names: list[str] = []
    booking = ""
    for line in lines:
        number, value = line[:2], line[2:].strip()
        if not number.isdigit():
            texts.append(line.strip())
        elif 1 <= int(number) <= 14:
            texts.append(value)
        elif number in ("15", "16"):
            names.append(value)
        elif number == "17":
            booking = value
    return Details(text=plain_text(texts) or booking, name=" ".join(filter(None, names)))
