"""CSV by a saved column mapping."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from reconciliation.importers import (
    CsvMapping,
    MappingError,
    ParsedFile,
    ProblemCode,
    csv_preview,
    parse_bytes,
)

GERMAN = CsvMapping(
    date="Buchungstag",
    value_date="Valuta",
    amount="Betrag",
    currency="Währung",
    account="Konto",
    end_to_end="Kundenreferenz",
    counterparty_name="Name",
    counterparty_account="IBAN",
    balance="Saldo",
    text=("Verwendungszweck", "Art"),
    date_format="%d.%m.%Y",
    decimal_mark=",",
)
GERMAN_FILE = """Kontoauszug;;;;;;;;;;
Konto;Buchungstag;Valuta;Betrag;Währung;Kundenreferenz;Name;IBAN;Verwendungszweck;Art;Saldo
DE1;02.03.2026;03.03.2026;1.234,50;EUR;W-1;Jörg;FR76;"Einzahlung; Konto 42";SEPA;2.234,50
DE1;02.03.2026;;-34,50;EUR;;Bank;;Gebühr;;2.200,00
"""


def parse(text: str, mapping: CsvMapping, encoding: str = "utf-8") -> ParsedFile:
    return parse_bytes(text.encode(encoding), mapping=mapping)


def codes(parsed: ParsedFile) -> list[ProblemCode]:
    found = [problem.code for problem in parsed.problems]
    return found + [problem.code for each in parsed.statements for problem in each.problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_german_bank_s_file_is_read_by_its_mapping(encoding: str) -> None:
    parsed = parse(GERMAN_FILE, GERMAN, encoding)
    statement = parsed.statements[0]
    first, second = statement.lines

    assert codes(parsed) == []
    assert (statement.account, statement.currency) == ("DE1", "EUR")
    assert (statement.opening, statement.closing) == (Decimal("1000.00"), Decimal("2200.00"))
    assert (first.amount, first.value_date) == (Decimal("1234.50"), date(2026, 3, 3))
    assert first.references.to_json() == {"end_to_end": "W-1"}
    assert (first.counterparty.name, first.counterparty.account) == ("Jörg", "FR76")
    assert first.text == "Einzahlung; Konto 42 SEPA"
    assert (second.amount, second.value_date) == (Decimal("-34.50"), date(2026, 3, 2))


def test_a_balance_that_does_not_follow_is_a_problem() -> None:
    parsed = parse(GERMAN_FILE.replace("2.200,00", "9.200,00"), GERMAN)

    assert codes(parsed) == [ProblemCode.BALANCE_MISMATCH]


def test_a_file_with_the_newest_row_first_opens_at_its_end() -> None:
    mapping = CsvMapping(
        date="d", amount="a", balance="b", fixed_currency="EUR", fixed_account="X",
        is_newest_first=True,
    )  # fmt: skip
    parsed = parse("d,a,b\n2026-03-03,5,115\n2026-03-02,10,110\n", mapping)

    assert codes(parsed) == []
    assert parsed.statements[0].opening == Decimal(100)
    assert parsed.statements[0].closing == Decimal(115)
    assert parsed.statements[0].from_date == date(2026, 3, 2)


def test_credit_and_debit_columns_and_a_direction_column_give_the_sign() -> None:
    columns = CsvMapping(date="d", credit="in", debit="out", fixed_currency="EUR")
    parsed = parse("d,in,out\n2026-03-02,5.00,\n2026-03-02,,2.00\n2026-03-02,,-3.00\n", columns)
    assert [line.amount for line in parsed.statements[0].lines] == [5, -2, -3]

    word = CsvMapping(date="d", amount="a", direction="w", fixed_currency="EUR")
    parsed = parse("d,a,w\n2026-03-02,5.00,CRDT\n2026-03-02,2.00,dbit\n2026-03-02,1,?\n", word)
    assert [line.amount for line in parsed.statements[0].lines] == [5, -2]
    assert parsed.lines_lost == 1


def test_a_file_without_headings_is_read_by_column_numbers() -> None:
    mapping = CsvMapping(
        date="#1", amount="#3", text=("#2",), has_header=False, fixed_currency="EUR"
    )
    parsed = parse("2026-03-02,Deposit,5.00\n", mapping)

    assert [(line.amount, line.text) for line in parsed.statements[0].lines] == [
        (Decimal(5), "Deposit")
    ]


def test_each_row_that_can_t_be_read_is_listed_with_its_text() -> None:
    mapping = CsvMapping(date="d", amount="a", account="acc", fixed_currency="EUR")
    parsed = parse(
        "acc,d,a\nX,2026-03-02,5.00\nX,2026-02-30,1.00\nX,2026-03-02,1e5\n\nTotal\n"
        "X,2026-03-02,NaN\nX,2026-03-03,6.00\n",
        mapping,
    )
    statement = parsed.statements[0]

    assert len(parsed.statements) == 1
    assert [line.amount for line in statement.lines] == [5, 6]
    lost = [problem for problem in statement.problems if problem.loses_line]
    assert [problem.raw for problem in lost] == [
        "X,2026-02-30,1.00",
        "X,2026-03-02,1e5",
        "Total",
        "X,2026-03-02,NaN",
    ]
    assert [problem.source_line for problem in lost] == [3, 4, 6, 7]
    assert parsed.entries_seen == 6


def test_a_quote_that_never_ends_loses_no_row_silently() -> None:
    mapping = CsvMapping(date="d", amount="a", text=("t",), fixed_currency="EUR")
    rows = "2026-03-02,1.00,x\n" * 20_000
    parsed = parse('d,a,t\n2026-03-02,1.00,"open\n' + rows, mapping)

    assert parsed.entries_seen == parsed.lines_parsed + parsed.lines_lost
    assert parsed.lines_lost >= 1
    assert ProblemCode.LINE_UNREADABLE in codes(parsed)


def test_each_account_of_a_file_is_a_statement() -> None:
    mapping = CsvMapping(date="d", amount="a", account="acc", currency="c")
    parsed = parse(
        "acc,d,a,c\nX,2026-03-02,5,EUR\nY,2026-03-02,1,EUR\nY,2026-03-02,1,USD\n", mapping
    )

    assert [(each.account, each.currency) for each in parsed.statements] == [
        ("X", "EUR"),
        ("Y", "EUR"),
        ("Y", "USD"),
    ]


def test_a_file_without_the_mapped_columns_says_which_are_missing() -> None:
    parsed = parse("x,y\n1,2\n", CsvMapping(date="Date", amount="Amount"))

    assert codes(parsed) == [ProblemCode.MAPPING_NEEDED]
    assert "Date, Amount" in parsed.problems[0].message


@pytest.mark.parametrize(
    ("text", "mark", "amount"),
    [
        ("1,234.50", ".", "1234.50"),
        ("1.234,50", ",", "1234.50"),
        ("1 234,50", ",", "1234.50"),
        ("1'234.50", ".", "1234.50"),
        ("(12.00)", ".", "-12.00"),
        ("12.00-", ".", "-12.00"),
        ("\u221212.00", ".", "-12.00"),
        ("+12", ".", "12"),
    ],
)
def test_amounts_are_read_as_banks_write_them(text: str, mark: str, amount: str) -> None:
    mapping = CsvMapping(date="d", amount="a", decimal_mark=mark, delimiter="|")
    parsed = parse(f"d|a\n2026-03-02|{text}\n", mapping)

    assert [line.amount for line in parsed.statements[0].lines] == [Decimal(amount)]


@pytest.mark.parametrize(
    "settings",
    [
        {"date": "", "amount": "a"},
        {"date": "d"},
        {"date": "d", "amount": "a", "credit": "c"},
        {"date": "d", "credit": "c", "direction": "w"},
        {"date": "d", "amount": "a", "decimal_mark": ";"},
        {"date": "d", "amount": "a", "delimiter": "xx"},
        {"date": "d", "amount": "a", "has_header": False},
        {"date": "d", "amount": "a", "text": "t"},
        {"date": "d", "amount": 1},
        {"date": "d", "amount": "a", "unknown": "x"},
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused_in_words(settings: dict[str, Any]) -> None:
    with pytest.raises(MappingError, match=r"\.$"):
        CsvMapping.from_json(settings)


def test_the_preview_shows_the_first_rows_and_how_the_file_is_written() -> None:
    preview = csv_preview(io.BytesIO(GERMAN_FILE.encode("cp1252")))

    assert (preview.encoding, preview.delimiter) == ("cp1252", ";")
    assert preview.rows[1][1] == "Buchungstag"
    assert preview.rows[2][8] == "Einzahlung; Konto 42"
