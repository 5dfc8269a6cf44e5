"""Payment files for banks: a credit transfer initiation, pain.001.001.09 of ISO 20022. Pure.

A message is blocks of payments that are carried out alike: SEPA credit transfers (euro, between
IBANs of the zone) and wires over SWIFT (any other currency or country), one block for each
currency. Written of the same facts it is the same bytes.

Sources: the message's schema of iso20022.org, and the European Payments Council's guidelines for
SEPA credit transfers (EPC132-08: letters, lengths, SLEV). The zone: schwifty.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from anyascii import anyascii
from lxml import etree
from schwifty import IBAN

from backoffice.core.money import Money
from payments.gateways.numbers import OTHER_NUMBER, iban_of, is_bic

VERSION = "pain.001.001.09"
NAMESPACE = f"urn:iso:std:iso:20022:tech:xsd:{VERSION}"
PAYMENTS_MAX = 2_000
NAME_CHARS, TEXT_CHARS, LINE_CHARS, TOWN_CHARS, ID_CHARS = 70, 140, 70, 35, 35
AMOUNT_DIGITS_MAX = 18
SEPA_AMOUNT_MAX = Decimal("999999999.99")
CRYPTO = frozenset({"BTC", "ETH", "USDC", "USDT"})
# Who pays the banks of a wire over SWIFT. In SEPA each side pays its own.
CHARGES = {"SHAR": "Shared", "DEBT": "We pay all", "CRED": "The client pays all"}
_ID = re.compile(r"(?!/)(?!.*//)[A-Za-z0-9/\-?:().,'+ ]{1,35}(?<!/)")
_OTHER = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")


@dataclass(frozen=True, slots=True)
class Party:
    """``country``: two letters; ``town`` and ``street`` are asked for outside SEPA alone."""

    name: str
    country: str = ""
    town: str = ""
    street: str = ""


@dataclass(frozen=True, slots=True)
class BankAccount:
    """``number`` is an IBAN, or what the country has instead of one."""

    number: str
    bic: str = ""

    @property
    def iban(self) -> IBAN | None:
        return iban_of(self.number)


@dataclass(frozen=True, slots=True)
class Payment:
    """``end_to_end_id`` is ours and comes back on the statement, by which it is recognised."""

    end_to_end_id: str
    money: Money
    creditor: Party
    account: BankAccount
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """``id`` names it at the bank, which takes a name once. ``created_at`` is aware."""

    id: str
    created_at: datetime
    execution_on: date
    debtor: Party
    account: BankAccount
    charges: str
    payments: tuple[Payment, ...]

    @property
    def control_sum(self) -> Decimal:
        """Of all amounts, whatever their currencies, as the standard has it."""
        return sum((payment.money.amount for payment in self.payments), Decimal(0))


class FileRefused(ValueError):
    """What is wrong with a message, in sentences."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = list(problems)


# Rules


def is_sepa(payment: Payment, debtor: BankAccount) -> bool:
    """Euro, from an IBAN of the zone to another."""
    ours, theirs = debtor.iban, payment.account.iban
    inside = ours is not None and theirs is not None and ours.in_sepa_zone and theirs.in_sepa_zone
    return inside and payment.money.currency == "EUR"


def problem_of(payment: Payment, debtor: BankAccount) -> str:
    """Why a payment can't go into a file, in a sentence; empty when it can."""
    money, account = payment.money, payment.account
    if money.amount <= 0:
        return "The amount is not above zero."
    if money.currency in CRYPTO:
        return f"A bank does not pay {money.currency}."
    if len(format(money.amount, "f").replace(".", "")) > AMOUNT_DIGITS_MAX:
        return "The amount has too many digits."
    if not _ID.fullmatch(payment.end_to_end_id):
        return "The reference has letters that banks don't take."
    if not re.search("[A-Za-z]", latin(payment.creditor.name, NAME_CHARS)):
        return "The holder's name is missing."
    if account.bic and not is_bic(account.bic):
        return f"{account.bic} is not a BIC."
    if is_sepa(payment, debtor):
        if money.amount > SEPA_AMOUNT_MAX:
            return f"SEPA takes {SEPA_AMOUNT_MAX:,f} EUR at most."
        return ""
    return _problem_of_wire(payment)


def _problem_of_wire(payment: Payment) -> str:
    """What is asked for outside SEPA: since November 2026 the banks of SWIFT take no address
    without town and country."""
    account, creditor = payment.account, payment.creditor
    if account.iban is None and not OTHER_NUMBER.fullmatch(account.number):
        return "The account's number has letters that banks don't take."
    if not account.bic:
        return "Outside SEPA the BIC of the client's bank is needed."
    if not re.fullmatch("[A-Z]{2}", creditor.country):
        return "Outside SEPA the holder's country is needed."
    if not latin(creditor.town, TOWN_CHARS):
        return "Outside SEPA the holder's town is needed."
    return ""


def problems_of(message: Message) -> list[str]:
    """What is wrong with a message as a whole, in sentences."""
    found = []
    ours = message.account
    if ours.iban is None:
        found.append("Our own account has no valid IBAN.")
    if not is_bic(ours.bic):
        found.append("Our own account has no valid BIC.")
    if not latin(message.debtor.name, NAME_CHARS):
        found.append("It does not say whose account it is.")
    if not _ID.fullmatch(message.id) or len(message.id) > ID_CHARS - 4:
        found.append("The file's name has letters that banks don't take.")
    if message.charges not in CHARGES:
        found.append("It does not say who pays the banks.")
    if not message.payments:
        found.append("There is no payment in it.")
    if len(message.payments) > PAYMENTS_MAX:
        found.append(f"A file has {PAYMENTS_MAX:,} payments at most.")
    if len({payment.end_to_end_id for payment in message.payments}) < len(message.payments):
        found.append("Two payments have one reference.")
    for payment in message.payments:
        if problem := problem_of(payment, ours):
            found.append(f"{payment.end_to_end_id}: {problem}")
    return found


def latin(text: str, most: int) -> str:
    """``text`` in the letters that every bank takes, cut to ``most``."""
    plain = _OTHER.sub(" ", anyascii(text))
    return " ".join(plain.split())[:most].strip(" /")


# Writing


def write(message: Message) -> bytes:
    """The file. Raises ``FileRefused``."""
    if problems := problems_of(message):
        raise FileRefused(problems)
    namespaces: dict[Any, str] = {None: NAMESPACE}
    root = etree.Element("Document", nsmap=namespaces)
    body = etree.SubElement(root, "CstmrCdtTrfInitn")
    head = etree.SubElement(body, "GrpHdr")
    _put(head, "MsgId", message.id)
    _put(head, "CreDtTm", message.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    _sums(head, message.payments)
    _put(head, "InitgPty/Nm", latin(message.debtor.name, NAME_CHARS))
    for number, (sepa, payments) in enumerate(_blocks(message), start=1):
        _block(body, message, f"{message.id}-{number}", payments, sepa=sepa)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written


def _blocks(message: Message) -> Iterator[tuple[bool, list[Payment]]]:
    def alike(payment: Payment) -> tuple[bool, str]:
        return not is_sepa(payment, message.account), payment.money.currency

    rows = sorted(message.payments, key=lambda each: (*alike(each), each.end_to_end_id))
    for (wire, _), payments in groupby(rows, key=alike):
        yield not wire, list(payments)


def _block(
    body: etree._Element, message: Message, name: str, payments: list[Payment], *, sepa: bool
) -> None:
    block = etree.SubElement(body, "PmtInf")
    _put(block, "PmtInfId", name)
    _put(block, "PmtMtd", "TRF")
    # Each payment a line of its own on the statement: by it we learn that it was made.
    _put(block, "BtchBookg", "false")
    _sums(block, payments)
    if sepa:
        _put(block, "PmtTpInf/SvcLvl/Cd", "SEPA")
    _put(block, "ReqdExctnDt/Dt", message.execution_on.isoformat())
    _party(block, "Dbtr", message.debtor, address=not sepa)
    _account(block, "DbtrAcct", message.account)
    _put(block, "DbtrAgt/FinInstnId/BICFI", message.account.bic)
    _put(block, "ChrgBr", "SLEV" if sepa else message.charges)
    for payment in payments:
        _payment(block, payment, sepa=sepa)


def _payment(block: etree._Element, payment: Payment, *, sepa: bool) -> None:
    row = etree.SubElement(block, "CdtTrfTxInf")
    _put(row, "PmtId/EndToEndId", payment.end_to_end_id)
    amount = _put(row, "Amt/InstdAmt", format(payment.money.amount, "f"))
    amount.set("Ccy", payment.money.currency)
    if payment.account.bic:
        _put(row, "CdtrAgt/FinInstnId/BICFI", payment.account.bic)
    _party(row, "Cdtr", payment.creditor, address=not sepa)
    _account(row, "CdtrAcct", payment.account)
    if text := latin(payment.text, TEXT_CHARS):
        _put(row, "RmtInf/Ustrd", text)


def _sums(parent: etree._Element, payments: Sequence[Payment]) -> None:
    _put(parent, "NbOfTxs", str(len(payments)))
    total = sum((payment.money.amount for payment in payments), Decimal(0))
    _put(parent, "CtrlSum", format(total, "f"))


def _party(parent: etree._Element, tag: str, party: Party, *, address: bool) -> None:
    row = etree.SubElement(parent, tag)
    _put(row, "Nm", latin(party.name, NAME_CHARS))
    town = latin(party.town, TOWN_CHARS)
    if not address or not party.country:
        return
    where = etree.SubElement(row, "PstlAdr")
    if town:
        _put(where, "TwnNm", town)
    _put(where, "Ctry", party.country)
    if town and (street := latin(party.street, LINE_CHARS)):
        _put(where, "AdrLine", street)


def _account(parent: etree._Element, tag: str, account: BankAccount) -> None:
    if (iban := account.iban) is not None:
        _put(parent, f"{tag}/Id/IBAN", str(iban))
    else:
        _put(parent, f"{tag}/Id/Othr/Id", account.number)


def _put(parent: etree._Element, path: str, text: str) -> etree._Element:
    for tag in path.split("/"):
        parent = etree.SubElement(parent, tag)
    parent.text = text
    return parent
