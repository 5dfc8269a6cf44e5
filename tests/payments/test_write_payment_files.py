"""Payment files as bytes: pain.001.001.09 against the official schema, and our own rules."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from backoffice.core.money import EXPONENTS, Money
from payments.gateways.bank_wire import pain001, pain002
from payments.gateways.bank_wire.pain001 import (
    CRYPTO,
    BankAccount,
    FileRefused,
    Message,
    Party,
    Payment,
)
from payments.gateways.bank_wire.pain002 import ReportUnreadable, Status
from tests.shared_data import shared_data

X = {"x": pain001.NAMESPACE}
OURS = BankAccount("DE89370400440532013000", "COBADEFFXXX")


def payment(
    number: int = 1, amount: str = "120.00", currency: str = "EUR", **more: object
) -> Payment:
    facts = {
        "end_to_end_id": f"W-2026-{number:06d}",
        "money": Money(Decimal(amount), currency),
        "creditor": Party("Anna Eriksson", "FR"),
        "account": BankAccount("FR7630006000011234567890189"),
        "text": f"Withdrawal W-2026-{number:06d}",
    }
    return Payment(**(facts | more))  # type: ignore[arg-type]


def wire(number: int = 2, **more: object) -> Payment:
    facts: dict[str, object] = {
        "amount": "80.50",
        "currency": "USD",
        "creditor": Party("Jürgen Groß & Søn", "US", "New York", "1 Main St"),
        "account": BankAccount("000123456789", "CHASUS33"),
    }
    return payment(number, **(facts | more))  # type: ignore[arg-type]


def message(*payments: Payment, **more: object) -> Message:
    facts = {
        "id": "PF-2026-000001",
        "created_at": datetime(2026, 11, 23, 9, 30, 5, 123456, tzinfo=UTC),
        "execution_on": date(2026, 11, 24),
        "debtor": Party("Aurora Markets Ltd", "DE"),
        "account": OURS,
        "charges": "SHAR",
        "payments": payments or (payment(1), wire(2), payment(3, "30.25")),
    }
    return Message(**(facts | more))  # type: ignore[arg-type]


def texts(content: bytes, path: str) -> list[str]:
    return [str(row.text) for row in etree.fromstring(content).findall(f".//x:{path}", X)]


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    path = shared_data("schemas", "iso20022", "pain.001.001.09.xsd")
    return etree.XMLSchema(etree.parse(path))


def test_sepa_and_swift_stand_in_one_file_in_blocks_of_their_own(schema: etree.XMLSchema) -> None:
    content = pain001.write(message())
    schema.assertValid(etree.fromstring(content))
    assert texts(content, "GrpHdr/x:NbOfTxs") == ["3"]
    assert texts(content, "GrpHdr/x:CtrlSum") == ["230.75"]
    assert texts(content, "PmtInf/x:PmtInfId") == ["PF-2026-000001-1", "PF-2026-000001-2"]
    assert texts(content, "PmtInf/x:CtrlSum") == ["150.25", "80.50"]
    assert texts(content, "PmtInf/x:ChrgBr") == ["SLEV", "SHAR"]
    assert texts(content, "SvcLvl/x:Cd") == ["SEPA"]
    ids = ["W-2026-000001", "W-2026-000003", "W-2026-000002"]
    assert texts(content, "EndToEndId") == ids
    assert texts(content, "CdtrAcct/x:Id/x:IBAN") == ["FR7630006000011234567890189"] * 2
    assert texts(content, "CdtrAcct/x:Id/x:Othr/x:Id") == ["000123456789"]
    assert texts(content, "Cdtr/x:Nm")[2] == "Jurgen Gross Son"
    assert texts(content, "Cdtr/x:PstlAdr/x:TwnNm") == ["New York"]
    assert texts(content, "BtchBookg") == ["false", "false"]
    assert texts(content, "CreDtTm") == ["2026-11-23T09:30:05Z"]


def test_the_same_facts_are_the_same_bytes() -> None:
    assert pain001.write(message()) == pain001.write(message())
    changed = replace(message(), payments=(payment(1, "120.01"), wire(2), payment(3, "30.25")))
    assert pain001.write(changed) != pain001.write(message())


CURRENCIES = sorted(set(EXPONENTS) - CRYPTO)


@given(data=st.data(), name=st.text(min_size=1, max_size=200), text=st.text(max_size=300))
def test_whatever_is_written_the_schema_takes(
    schema: etree.XMLSchema, data: st.DataObject, name: str, text: str
) -> None:
    currency = data.draw(st.sampled_from(CURRENCIES))
    minor = data.draw(st.integers(1, 10**13))
    party = Party(name, "US", data.draw(st.text(max_size=60)), text)
    one = wire(1, creditor=party, text=text)
    one = replace(one, money=Money.from_minor(minor, currency))
    try:
        content = pain001.write(message(one))
    except FileRefused as refused:
        assert refused.problems  # noqa: PT017 - a name or town without a letter that banks take
        return
    schema.assertValid(etree.fromstring(content))


@pytest.mark.parametrize(
    ("payments", "says"),
    [
        ((), "There is no payment in it."),
        ((payment(1), payment(1)), "Two payments have one reference."),
        ((payment(1, currency="BTC", amount="0.5"),), "A bank does not pay BTC."),
        ((payment(1, creditor=Party("???")),), "The holder's name is missing."),
        ((payment(1, end_to_end_id="W//1"),), "The reference has letters that banks don't take."),
        ((payment(1, account=BankAccount("FR7630006000011234567890189", "NOBANK")),), "not a BIC"),
        ((payment(1, "1000000000.00"),), "SEPA takes 999,999,999.99 EUR at most."),
        ((wire(account=BankAccount("000123456789")),), "the BIC of the client's bank is needed"),
        ((wire(creditor=Party("Ann", "US")),), "the holder's town is needed"),
        ((wire(creditor=Party("Ann", "", "Rome")),), "the holder's country is needed"),
        ((payment(1, currency="USD"),), "the BIC of the client's bank is needed"),
    ],
)
def test_what_no_bank_takes_is_not_written(payments: tuple[Payment, ...], says: str) -> None:
    with pytest.raises(FileRefused) as refused:
        pain001.write(message(*payments) if payments else replace(message(), payments=()))
    assert len(refused.value.problems) == 1
    assert says in refused.value.problems[0]


def test_our_own_account_has_to_be_whole() -> None:
    ours = BankAccount("DE00370400440532013000", "")
    problems = pain001.problems_of(message(payment(1), account=ours, charges="NONE"))
    assert "Our own account has no valid IBAN." in problems
    assert "Our own account has no valid BIC." in problems
    assert "It does not say who pays the banks." in problems


# What banks answer

REPORT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<GrpHdr><MsgId>B1</MsgId><CreDtTm>2026-11-24T08:00:00Z</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>PF-2026-000001</OrgnlMsgId>
<OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{group}</OrgnlGrpInfAndSts>{blocks}
</CstmrPmtStsRpt></Document>"""


def report(group: str = "", blocks: str = "") -> bytes:
    return REPORT.format(group=group, blocks=blocks).encode()


def refusal(reference: str, code: str = "AC04") -> str:
    return (
        "<OrgnlPmtInfAndSts><OrgnlPmtInfId>PF-2026-000001-1</OrgnlPmtInfId><TxInfAndSts>"
        f"<OrgnlEndToEndId>{reference}</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn>"
        f"<Cd>{code}</Cd></Rsn><AddtlInf>Account closed</AddtlInf></StsRsnInf></TxInfAndSts>"
        "</OrgnlPmtInfAndSts>"
    )


def test_a_report_says_what_is_taken_and_what_is_refused() -> None:
    content = report("<GrpSts>PART</GrpSts>", refusal("W-2026-000001"))
    path = shared_data("schemas", "iso20022", "pain.002.001.10.xsd")
    etree.XMLSchema(etree.parse(path)).assertValid(etree.fromstring(content))
    found = pain002.read(content)
    assert (found.message_id, found.whole) == ("PF-2026-000001", Status("PART"))
    assert found.payments == {"W-2026-000001": Status("RJCT", "AC04 Account closed")}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not an XML file"),
        (b"<a/>", "not a payment status report"),
        (report("<GrpSts>WHAT</GrpSts>"), "The status WHAT is not known."),
        (report().replace(b"PF-2026-000001<", b"<"), "names no file"),
        (report("", refusal("")), "that it does not name"),
        (report("", refusal("W-1") + refusal("W-1", "AC01")), "two things of W-1"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type"),
    ],
)
def test_a_report_that_can_not_be_read_says_why(content: bytes, says: str) -> None:
    with pytest.raises(ReportUnreadable, match=says):
        pain002.read(content)


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    with pytest.raises(ReportUnreadable):
        pain002.read(content)
