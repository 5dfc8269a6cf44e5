"""MT940 and MT942: the real files against their expected parses, and what odd files become."""

from __future__ import annotations

import base64
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciliation.importers import (
    ParsedFile,
    ParsedLine,
    ParsedStatement,
    ProblemCode,
    parse_bytes,
    parse_path,
)
from tests.shared_data import statement_files

FILES = statement_files("mt940", ".sta", ".txt")
EXPECTED = [each for each in FILES if each.with_suffix(".yml").exists()]


def expected_of(path: Path) -> dict[str, Any]:
    """The expected parse: {"data": {..}, "transactions": [{..}]}; built from the YAML nodes,
    because the file describes Python objects that refer to each other."""
    root = yaml.compose(path.with_suffix(".yml").read_text(encoding="utf-8"), yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)
    parts = {key.value: value for key, value in root.value}
    return {
        "data": value_of(parts["data"]),
        "transactions": [value_of(each)["data"] for each in parts["transactions"].value],
    }


def value_of(node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        if node.tag.endswith(":binary"):
            high, low, month, day = base64.b64decode(node.value)[:4]
            return date(high * 256 + low, month, day)
        return None if node.tag.endswith(":null") else node.value
    if isinstance(node, yaml.SequenceNode):
        values = [value_of(each) for each in node.value]
        return values[0] if len(values) == 1 else values
    assert isinstance(node, yaml.MappingNode)
    skipped = ("processors", "tags", "transactions")
    return {key.value: value_of(each) for key, each in node.value if key.value not in skipped}


def squeezed(text: str | None) -> str:
    return re.sub(r"\s+", "", text or "")


def only_statement(parsed: ParsedFile) -> ParsedStatement:
    assert len(parsed.statements) == 1
    return parsed.statements[0]


def all_lines(parsed: ParsedFile) -> list[ParsedLine]:
    return [line for statement in parsed.statements for line in statement.lines]


def codes(parsed: ParsedFile) -> list[ProblemCode]:
    found = [problem.code for problem in parsed.problems]
    return found + [problem.code for each in parsed.statements for problem in each.problems]


# Where the expected parses are wrong, and why ours is what a person would book.
#
# RC takes back a credit, so it lowers the balance; the expected parses show it as positive. In
# sepa_mt9401 every statement's opening plus our signed lines is its closing balance.
REVERSED_CREDITS = {"sepa_mt9401.sta"}
# `:62M:C020315105000,00` has no currency; the expected parse takes "105" for it and loses the
# amount. Ours keeps 105000,00, and the statement adds up.
BALANCES_WITHOUT_CURRENCY = {"raphaelm.sta"}
# The line after the closing balance is the bank's own summary, not details of the last entry.
SUMMARY_AFTER_CLOSING = {"ing.sta"}
# `:28C:1810118101` is kept as it stands instead of being cut into 18101 and 18101.
LONG_SEQUENCE = {"long_statement_number.sta"}
# `:25:166?00..` after an entry is that entry's misnamed `:86:`, not another account.
MISNAMED_DETAILS = {"sepa_snippet_broken.sta"}


@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: path.name)
def test_each_real_file_has_the_amounts_and_dates_of_its_expected_parse(path: Path) -> None:
    lines = all_lines(parse_path(path))
    expected = expected_of(path)["transactions"]

    amounts = [Decimal(each["amount"]["amount"]) for each in expected]
    if path.name in REVERSED_CREDITS:
        amounts = [
            -amount if each["status"] == "RC" else amount
            for each, amount in zip(expected, amounts, strict=True)
        ]
    assert [line.amount for line in lines] == amounts
    assert [line.value_date for line in lines] == [each["date"] for each in expected]
    assert [line.date for line in lines] == [
        each.get("entry_date") or each["date"] for each in expected
    ]


@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: path.name)
def test_each_real_file_has_the_references_of_its_expected_parse(path: Path) -> None:
    lines = all_lines(parse_path(path))
    for line, expected in zip(lines, expected_of(path)["transactions"], strict=True):
        known = squeezed(" ".join(map(str, line.references.to_json().values())))
        known += squeezed(line.counterparty.account) + squeezed(line.text)
        end_to_end = squeezed(expected.get("end_to_end_reference"))
        # The expected parse lets the bank's own message run on behind the reference.
        end_to_end = re.split(r"MTLG:|000000012345BIC", end_to_end)[0]
        end_to_end = end_to_end.replace("NONREF", "")
        assert not end_to_end or squeezed(line.references.end_to_end) == end_to_end
        assert squeezed(expected.get("additional_position_reference")) in known
        bank = squeezed(expected.get("bank_reference"))
        assert not bank or squeezed(line.references.bank) == bank
        for piece in reference_pieces(expected):
            assert piece in known


def reference_pieces(expected: dict[str, Any]) -> list[str]:
    """The references that an expected parse finds in `:61:`, put together again.

    It cuts at 16 characters, through the bank's reference if need be ("NONREF//07247102" and
    "90621954"), and in KREF+ lines it appends what the details say.
    """
    owner, _, from_details = (expected.get("customer_reference") or "").partition("\n")
    extra = expected.get("extra_details") or ""
    if len(owner) == 16 and "//" in owner + extra:
        owner, extra = owner + extra, ""
    pieces = [*owner.split("//"), extra, *from_details.split("MTLG:")]
    return [
        squeezed(each) for each in pieces if each.strip() not in ("", "NONREF", "EREF", "KREF+")
    ]


@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: path.name)
def test_each_real_file_has_the_parties_and_texts_of_its_expected_parse(path: Path) -> None:
    lines = all_lines(parse_path(path))
    last = len(lines) - 1
    for place, (line, expected) in enumerate(
        zip(lines, expected_of(path)["transactions"], strict=True)
    ):
        assert squeezed(line.counterparty.name) == squeezed(expected.get("applicant_name")) or (
            expected.get("applicant_name") is None
        )
        assert squeezed(expected.get("applicant_iban")) in squeezed(line.counterparty.account)
        assert squeezed(expected.get("applicant_bin")) in squeezed(line.counterparty.bank)
        purpose = squeezed(expected.get("purpose")).replace("MTLG:", "")
        assert purpose in squeezed(line.text)
        free_text = squeezed(expected.get("transaction_details"))
        if path.name in SUMMARY_AFTER_CLOSING and place == last:
            free_text = free_text.removesuffix("D000004C000002D25,24C28,71-XXX")
        if not re.match(r"/\w{4}/|\d{3}>", free_text):  # sub-fields we read and they do not
            assert free_text in squeezed(line.text)


@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: path.name)
def test_each_real_file_ends_with_the_balances_of_its_expected_parse(path: Path) -> None:
    """The expected parse of a file keeps the last statement's head only; ours keeps all."""
    parsed = parse_path(path)
    expected = expected_of(path)["data"]
    if not parsed.statements:
        assert expected == {}
        return
    last = parsed.statements[-1]
    if "final_opening_balance" in expected:
        opening = Decimal(expected["final_opening_balance"]["amount"]["amount"])
        assert opening in {each.opening for each in parsed.statements}
    if "final_closing_balance" in expected and path.name not in BALANCES_WITHOUT_CURRENCY:
        closing = Decimal(expected["final_closing_balance"]["amount"]["amount"])
        assert closing in {each.closing for each in parsed.statements}
        assert expected["final_closing_balance"]["date"] in {
            each.to_date for each in parsed.statements
        }
    account = expected.get("account_identification")
    if account and path.name not in MISNAMED_DETAILS:
        assert account.replace("/HUF", "").removesuffix("EUR") == last.account
    if expected.get("statement_number") and path.name not in LONG_SEQUENCE:
        numbers = (expected["statement_number"], expected["sequence_number"])
        assert last.sequence == "/".join(each for each in numbers if each)


def test_every_statement_of_the_sepa_file_adds_up_with_reversed_credits_as_debits() -> None:
    path = next((each for each in FILES if each.name == "sepa_mt9401.sta"), None)
    if path is None:
        pytest.skip("The real bank files are not on this machine.")
    parsed = parse_path(path)

    assert len(parsed.statements) == 26
    for statement in parsed.statements:
        assert statement.opening is not None
        total = sum((line.amount for line in statement.lines), statement.opening)
        assert total == statement.closing
    assert [line.amount for line in all_lines(parsed) if line.is_reversal] != []
    assert ProblemCode.BALANCE_MISMATCH not in codes(parsed)


def test_a_file_of_one_statement_a_day_gives_each_day_its_statement() -> None:
    path = next((each for each in FILES if each.parent.name == "ASNB"), None)
    if path is None:
        pytest.skip("The real bank files are not on this machine.")
    parsed = parse_path(path)

    assert len(parsed.statements) == 31
    assert codes(parsed) == []
    assert [each.sequence for each in parsed.statements] == [f"{day}/1" for day in range(1, 32)]
    assert parsed.statements[0].opening == Decimal("444.29")
    assert parsed.statements[-1].closing == Decimal("501.23")
    assert parsed.statements[0].lines[0].counterparty.account == "NL47INGB9999999999"


MINIMAL = """:20:STARTUMS
:25:12345678/1020304050
:28C:1/1
:60F:C240229EUR100,00
{entries}
:62F:C240301EUR{closing}
-
"""


def parse(entries: str, closing: str = "100,00") -> ParsedFile:
    return parse_bytes(MINIMAL.format(entries=entries, closing=closing).encode())


def test_a_day_that_does_not_exist_becomes_the_last_of_its_month_and_is_listed() -> None:
    statement = only_statement(parse(":61:2402300301D6,00N024NONREF", "94,00"))

    assert statement.lines[0].value_date == date(2024, 2, 29)
    assert statement.lines[0].date == date(2024, 3, 1)
    assert [problem.code for problem in statement.problems] == [ProblemCode.DATE_ADJUSTED]


def test_an_entry_date_takes_the_year_nearest_to_the_value_date() -> None:
    statement = only_statement(
        parse(":61:2401021231D1,00NTRFNONREF\n:61:2312310102C1,00NTRFNONREF")
    )

    assert [line.date for line in statement.lines] == [date(2023, 12, 31), date(2024, 1, 2)]


@pytest.mark.parametrize(
    ("mark", "amount"),
    [("C", "5.00"), ("D", "-5.00"), ("RC", "-5.00"), ("RD", "5.00"), ("CR", "5.00")],
)
def test_a_mark_gives_the_amount_its_sign(mark: str, amount: str) -> None:
    line = all_lines(parse(f":61:240301{mark}5,00NTRFNONREF"))[0]

    assert line.amount == Decimal(amount)
    assert line.is_reversal == mark.startswith("R")


def test_an_unreadable_entry_is_listed_with_its_text_and_the_others_stay() -> None:
    parsed = parse(
        ":61:240301C10,00NTRFREF1\n:86:first\n:61:24X301C1,00NTRFREF2\n:86:broken\n"
        ":61:240301C1.234NTRFREF3\n:61:240301C5,00NTRFREF4",
        "115,00",
    )
    statement = only_statement(parsed)

    assert [line.references.our for line in statement.lines] == ["REF1", "REF4"]
    lost = [problem for problem in statement.problems if problem.loses_line]
    assert [problem.code for problem in lost] == [ProblemCode.LINE_UNREADABLE] * 2
    assert lost[0].raw == ":61:24X301C1,00NTRFREF2\n:86:broken"
    assert lost[0].source_line == 7
    assert (parsed.entries_seen, parsed.lines_parsed, parsed.lines_lost) == (4, 2, 2)


def test_a_wrong_closing_balance_is_a_problem_that_says_the_sum() -> None:
    statement = only_statement(parse(":61:240301C10,00NTRFREF1", "111,00"))

    assert [problem.code for problem in statement.problems] == [ProblemCode.BALANCE_MISMATCH]
    assert "gives 110.00" in statement.problems[0].message


def test_a_statement_that_opens_elsewhere_than_the_last_closed_is_listed() -> None:
    first = MINIMAL.format(entries=":61:240301C10,00NTRFREF1", closing="110,00")
    parsed = parse_bytes((first + first).encode())

    assert codes(parsed) == [ProblemCode.SEQUENCE_BREAK]


def test_a_truncated_file_keeps_its_lines_and_says_so() -> None:
    text = MINIMAL.format(entries=":61:240301C10,00NTRFREF1\n:86:hello", closing="110,00")
    parsed = parse_bytes(text[: text.index(":62F:")].encode())

    assert [line.text for line in all_lines(parsed)] == ["hello"]
    assert codes(parsed) == [ProblemCode.TRUNCATED]


def test_a_clock_time_wrapped_at_its_colon_stays_in_the_details() -> None:
    parsed = parse(":61:240301C10,00NTRFREF1\n:86:paid 01-03-2024T16\n:20:37 receipt 7", "110,00")

    assert len(parsed.statements) == 1
    assert all_lines(parsed)[0].text == "paid 01-03-2024T16\n:20:37 receipt 7"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "cp852"])
def test_any_line_end_and_encoding_reads_the_same(newline: str, encoding: str) -> None:
    text = MINIMAL.format(
        entries=":61:240301C10,00NTRFREF1\n:86:Überweisung für Jörg Müller", closing="110,00"
    )
    parsed = parse_bytes(text.replace("\n", newline).encode(encoding))

    assert codes(parsed) == []
    assert all_lines(parsed)[0].text == "Überweisung für Jörg Müller"


def test_german_sub_fields_give_references_party_and_purpose() -> None:
    parsed = parse(
        ":61:2403010301CR10,00NTRFNONREF//BANK1\n"
        ":86:166?00GUTSCHRIFT?20EREF+W-2026-000?21123?22SVWZ+Einzahlung Konto ?2342?30COBADEFF\n"
        "XXX?31DE02120300000000202051?32Anna ?33Example?34000",
        "110,00",
    )
    line = all_lines(parsed)[0]

    assert line.references.to_json() == {"end_to_end": "W-2026-000123", "bank": "BANK1"}
    assert line.text == "Einzahlung Konto 42"
    assert (line.counterparty.name, line.counterparty.account, line.counterparty.bank) == (
        "Anna Example",
        "DE02120300000000202051",
        "COBADEFFXXX",
    )
    assert line.code == "NTRF/166"


def test_a_returned_payment_carries_its_reason() -> None:
    line = all_lines(parse(":61:240301C10,00NTRFR1\n:86:159?00RETOURE?20EREF+A1?34914"))[0]

    assert (line.return_reason, line.references.end_to_end) == ("914", "A1")


def test_slash_codes_give_references_party_and_purpose() -> None:
    line = all_lines(
        parse(
            ":61:240301D10,00N102EREF\nNL70ABNA0987654321\n"
            ":86:/EREF/W-77/BENM//NAME/CONTRA ACCOUN\nT HOLDER/REMI/Invoice 9/ISDT/2024-03-01"
        )
    )[0]

    assert line.references.to_json() == {"end_to_end": "W-77"}
    assert line.counterparty.name == "CONTRA ACCOUNT HOLDER"
    assert line.counterparty.account == "NL70ABNA0987654321"
    assert line.text.startswith("Invoice 9")


def test_a_currency_at_the_end_of_the_account_is_the_currency() -> None:
    statement = only_statement(parse_bytes(b":20:X\n:25:1291.99.348EUR\n:61:240301C1,00NTRF\n"))

    assert (statement.account, statement.currency) == ("1291.99.348", "EUR")
    assert statement.lines[0].currency == "EUR"


def test_an_interim_report_is_checked_against_its_own_totals() -> None:
    statement = only_statement(
        parse_bytes(
            b":20:X\n:25:GB1\n:28C:1/1\n:34F:EURD0,00\n:13D:2403011730+0000\n"
            b":61:2403010301D0,42MCI0NONREF//055\n:90D:1EUR2,30\n-\n"
        )
    )

    assert statement.message_type == "MT942"
    assert statement.lines[0].amount == Decimal("-0.42")
    assert [problem.code for problem in statement.problems] == [ProblemCode.SUM_MISMATCH]


def test_a_field_without_end_is_cut_and_listed() -> None:
    details = "\n".join(["x" * 1000] * 1000)
    parsed = parse(f":61:240301C10,00NTRFREF1\n:86:{details}", "110,00")

    assert codes(parsed) == [ProblemCode.FIELD_TOO_LONG]
    assert len(all_lines(parsed)[0].raw) < 300_000
