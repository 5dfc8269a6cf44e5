"""The sandbox bank's files: valid by the schema, and understood by the product's importers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from reconciliation.importers import ParsedFile, parse_bytes
from sandbox.bank.camt053 import write_camt053
from sandbox.bank.entries import Account, Entry, Statement
from sandbox.bank.mt940 import LINE_CHARS_MAX, write_mt940
from tests.shared_data import shared_data

ACCOUNT = Account("DE89370400440532013000", "EUR", "Northwind Markets", "COBADEFFXXX", Decimal(100))
DAY = date(2026, 3, 2)

names = st.text(st.characters(codec="utf-8"), max_size=80)
references = st.text("ABCXYZ0123456789-/", min_size=1, max_size=35).filter(
    lambda text: text.strip("-/") == text and "//" not in text
)
entries = st.builds(
    Entry,
    reference=st.integers(1, 10**12 - 1).map(lambda number: f"B{number:012}"),
    booked_on=st.just(DAY),
    value_date=st.dates(date(2025, 12, 15), date(2026, 6, 15)),
    amount=st.integers(-(10**9), 10**9).filter(bool).map(lambda cents: Decimal(cents).scaleb(-2)),
    end_to_end=references,
    name=names,
    iban=st.sampled_from(["", "FR7630006000011234567890189"]),
    bic=st.sampled_from(["", "AGRIFRPP"]),
    text=names,
    return_reason=st.just(""),
)
days = st.lists(entries, max_size=6).map(
    lambda found: Statement(ACCOUNT, DAY, 61, Decimal("-12.34"), tuple(found))
)


@cache
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(shared_data("schemas", "iso20022", "camt.053.001.08.xsd")))


def problems(parsed: ParsedFile) -> list[str]:
    found = [*parsed.problems, *(each for item in parsed.statements for each in item.problems)]
    return [problem.message for problem in found]


@settings(max_examples=60, deadline=None)
@given(days)
def test_camt_053_is_valid_and_reads_back_as_it_was(statement: Statement) -> None:
    data = write_camt053([statement], message_id="M1")

    schema().assertValid(etree.fromstring(data))
    check(parse_bytes(data), statement)


@settings(max_examples=60, deadline=None)
@given(days)
def test_mt940_keeps_to_its_line_length_and_reads_back_as_it_was(statement: Statement) -> None:
    data = write_mt940([statement])

    assert all(len(line) <= LINE_CHARS_MAX for line in data.decode("ascii").split("\r\n"))
    check(parse_bytes(data), statement)


def check(parsed: ParsedFile, statement: Statement) -> None:
    assert problems(parsed) == []
    (found,) = parsed.statements
    assert (found.account, found.currency) == (ACCOUNT.iban, ACCOUNT.currency)
    assert (found.opening, found.closing) == (statement.opening, statement.closing)
    assert [
        (line.date, line.value_date, line.amount, line.references.end_to_end, line.references.bank)
        for line in found.lines
    ] == [
        (each.booked_on, each.value_date, each.amount, each.end_to_end, each.reference)
        for each in statement.entries
    ]
    assert [line.counterparty.account for line in found.lines] == [
        each.iban for each in statement.entries
    ]


def test_the_text_and_the_party_of_a_payment_arrive() -> None:
    entry = Entry(
        "B000000000001", DAY, DAY, Decimal("250.00"), "W-2026-000123", "Jörg Example",
        "FR7630006000011234567890189", "AGRIFRPP", "Deposit for account 12345, reference 77",
    )  # fmt: skip
    statement = Statement(ACCOUNT, DAY, 61, Decimal(0), (entry,))
    camt = parse_bytes(write_camt053([statement], message_id="M1")).statements[0].lines[0]
    mt940 = parse_bytes(write_mt940([statement])).statements[0].lines[0]

    assert camt.text == mt940.text == "Deposit for account 12345, reference 77"
    assert (camt.counterparty.name, mt940.counterparty.name) == ("Jörg Example", "Jorg Example")
    assert camt.counterparty.bank == mt940.counterparty.bank == "AGRIFRPP"


def test_a_returned_transfer_names_the_payee_and_the_reason() -> None:
    returned = Entry(
        "B2", DAY, DAY, Decimal("250.00"), "W-1", "Anna", "FR7630006000011234567890189",
        return_reason="AC04",
    )  # fmt: skip
    statement = Statement(ACCOUNT, DAY, 61, Decimal(0), (returned,))
    camt = parse_bytes(write_camt053([statement], message_id="M1")).statements[0].lines[0]
    mt940 = parse_bytes(write_mt940([statement])).statements[0].lines[0]

    assert (camt.counterparty.name, camt.return_reason) == ("Anna", "AC04")
    assert (mt940.counterparty.name, mt940.return_reason) == ("Anna", "914")
    assert camt.references.end_to_end == mt940.references.end_to_end == "W-1"
