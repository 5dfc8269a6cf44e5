"""BAI2: signs, minor units, odd records and the bank's own totals."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from reconciliation.importers import ParsedFile, ProblemCode, parse_bytes, parse_path
from tests.shared_data import statement_files

FILES = {path.name: path for path in statement_files("bai2", ".txt")}


def real(name: str) -> Path:
    if name not in FILES:
        pytest.skip("The real bank files are not on this machine.")
    return FILES[name]


def codes(parsed: ParsedFile) -> list[ProblemCode]:
    found = [problem.code for problem in parsed.problems]
    return found + [problem.code for each in parsed.statements for problem in each.problems]


HEAD = "01,SENDER,RECEIVER,260302,0800,1,,,2/\n02,R,O,1,260302,,{currency},2/\n"


def file(*records: str, currency: str = "USD") -> bytes:
    trailer = "98,0,1,9/\n99,0,1,11/\n"
    return (HEAD.format(currency=currency) + "\n".join(records) + "\n" + trailer).encode()


def test_a_well_formed_real_file_has_no_problem() -> None:
    parsed = parse_path(real("sample1.txt"))

    assert codes(parsed) == []
    assert [len(each.lines) for each in parsed.statements] == [11, 6]
    assert parsed.statements[0].currency == "CAD"
    assert sum(line.amount for line in parsed.statements[0].lines) == Decimal("0.00")
    assert parsed.statements[0].lines[0].value_date == date(2006, 3, 16)


def test_several_records_on_one_line_are_told_apart() -> None:
    parsed = parse_path(real("sample3.txt"))

    assert len(parsed.statements) == 15
    assert ProblemCode.COUNT_MISMATCH not in codes(parsed)
    assert ProblemCode.SUM_MISMATCH not in codes(parsed)
    assert ProblemCode.BALANCE_MISMATCH not in codes(parsed)


def test_texts_with_slashes_and_commas_stay_whole() -> None:
    parsed = parse_path(real("sample5-issue113.txt"))
    references = {line.references.end_to_end for each in parsed.statements for line in each.lines}
    wire = next(
        line for each in parsed.statements for line in each.lines if "08/18/23" in line.text
    )

    assert "AB/GS/RPFILERP0001/RPBA0001" in references
    assert 'Remittance Info: "08/18/23 Invoice - Sample", Client Ref ID: 3785726' in wire.text
    assert (wire.counterparty.name, wire.counterparty.account) == ("TEST AND COMPANY", "609873838")
    assert wire.amount == Decimal("-300000.00")


def test_credits_add_and_debits_take_away_in_the_currency_s_minor_units() -> None:
    records = ("03,ACC,{},010,100000,,,015,150000,,/", "16,195,75000,,B1,OUR1,Wire in/",
               "16,475,25000,,B2,OUR2,Cheque/", "49,350000,4/")  # fmt: skip
    for currency, places in (("USD", 2), ("JPY", 0), ("KWD", 3)):
        parsed = parse_bytes(
            file(*(record.format(currency) for record in records), currency=currency)
        )
        statement = parsed.statements[0]
        assert codes(parsed) == []
        assert [line.amount for line in statement.lines] == [
            Decimal(75000).scaleb(-places),
            Decimal(-25000).scaleb(-places),
        ]
        assert statement.closing == Decimal(150000).scaleb(-places)
        assert [line.references.bank for line in statement.lines] == ["B1", "B2"]


def test_funds_types_do_not_shift_the_references() -> None:
    parsed = parse_bytes(
        file(
            "03,ACC,USD,010,0,,/",
            "16,195,100,S,50,30,20,BANK1,OUR1,text one/",
            "16,195,100,V,260304,1200,BANK2,OUR2,text two/",
            "16,195,100,D,2,0,60,1,40,BANK3,OUR3,text three/",
            "16,195,100,Z,BANK4,OUR4,text four/",
        )
    )
    lines = parsed.statements[0].lines

    assert [line.references.bank for line in lines] == ["BANK1", "BANK2", "BANK3", "BANK4"]
    assert [line.references.our for line in lines] == ["OUR1", "OUR2", "OUR3", "OUR4"]
    assert [line.text for line in lines] == ["text one", "text two", "text three", "text four"]
    assert lines[1].value_date == date(2026, 3, 4)


def test_an_entry_that_moves_no_money_or_can_t_be_read_is_listed() -> None:
    parsed = parse_bytes(
        file(
            "03,ACC,USD,010,0,,/",
            "16,890,,,,,Free text/",
            "16,195,12x,,B,O,broken/",
            "16,195,100,,B,O,good/",
            "49,100,5/",
        )
    )
    statement = parsed.statements[0]

    assert [line.amount for line in statement.lines] == [Decimal("1.00")]
    assert [problem.code for problem in statement.problems] == [
        ProblemCode.LINE_NOT_MONEY,
        ProblemCode.LINE_UNREADABLE,
    ]
    assert (parsed.entries_seen, parsed.lines_parsed, parsed.lines_lost) == (3, 1, 2)


def test_totals_that_do_not_hold_are_listed_and_lose_nothing() -> None:
    parsed = parse_bytes(
        file("03,ACC,USD,010,0,,,015,300,,,100,200,2,/", "16,195,100,,B,O,x/", "49,1,9/")
    )

    assert codes(parsed) == [
        ProblemCode.SUM_MISMATCH,
        ProblemCode.COUNT_MISMATCH,
        ProblemCode.BALANCE_MISMATCH,
        ProblemCode.COUNT_MISMATCH,
        ProblemCode.SUM_MISMATCH,
    ]
    assert parsed.lines_parsed == 1


def test_a_deletion_is_for_information_only() -> None:
    data = file("03,ACC,USD,010,0,,/", "16,195,100,,B,O,x/").replace(b"R,O,1,", b"R,O,2,")
    statement = parse_bytes(data).statements[0]

    assert ProblemCode.NOT_AN_UPDATE in [problem.code for problem in statement.problems]
    assert [line.status for line in statement.lines] == ["information"]


def test_a_file_cut_off_says_so() -> None:
    data = file("03,ACC,USD,010,0,,/", "16,195,100,,B,O,x/")
    parsed = parse_bytes(data[: data.index(b"98,0")])

    assert codes(parsed) == [ProblemCode.TRUNCATED, ProblemCode.TRUNCATED]
    assert parsed.lines_parsed == 1


def test_an_entry_outside_any_account_is_listed() -> None:
    parsed = parse_bytes(file("16,195,100,,B,O,x/"))

    assert (parsed.entries_seen, parsed.lines_lost) == (1, 1)
