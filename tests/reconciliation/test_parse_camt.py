"""camt.052, 053 and 054: the real files against their expected parses, and odd and hostile XML."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from reconciliation.importers import ParsedFile, ProblemCode, parse_bytes, parse_path
from tests.shared_data import statement_files

FILES = [each for each in statement_files("camt", ".xml") if "wrong" not in each.name]
EXPONENTS = {"JPY": 0}
BALANCE_TYPES = {
    "opening": ("OPBD", "PRCD"),
    "opening_available": ("OPAV",),
    "closing": ("CLBD",),
    "closing_available": ("CLAV",),
}


def money(value: dict[str, Any]) -> tuple[Decimal, str]:
    currency = value["getCurrency"]["getCode"]
    return Decimal(value["getAmount"]).scaleb(-EXPONENTS.get(currency, 2)), currency


def day(value: dict[str, Any] | None) -> date | None:
    return date.fromisoformat(value["0"][:10]) if value else None


def expected_entries(path: Path) -> list[dict[str, Any]]:
    """The expected entries; a file of several statements writes out its last one only."""
    found: list[dict[str, Any]] = json.loads(path.with_suffix(".json").read_text())["getEntries"]
    return found


def codes(parsed: ParsedFile) -> list[ProblemCode]:
    found = [problem.code for problem in parsed.problems]
    return found + [problem.code for each in parsed.statements for problem in each.problems]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_real_file_has_the_entries_of_its_expected_parse(path: Path) -> None:
    parsed = parse_path(path)
    expected = expected_entries(path)
    lines = parsed.statements[-1].lines

    assert [(line.amount, line.currency) for line in lines] == [
        money(each["getAmount"]) for each in expected
    ]
    assert [(line.date, line.value_date) for line in lines] == [
        (day(each["getBookingDate"]), day(each["getValueDate"])) for each in expected
    ]
    assert [line.is_reversal for line in lines] == [
        bool(each["getReversalIndicator"]) for each in expected
    ]
    for line, each in zip(lines, expected, strict=True):
        assert each["getAdditionalInfo"] in line.text
        assert line.references.batch == (each["getBatchPaymentId"] or "")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_real_file_has_the_transactions_of_its_expected_parse(path: Path) -> None:
    lines = parse_path(path).statements[-1].lines
    for line, entry in zip(lines, expected_entries(path), strict=True):
        expected = entry["getTransactionDetails"]
        assert len(line.details) == len(expected)
        for detail, each in zip(line.details, expected, strict=True):
            if isinstance(each, str):  # the one written out before, by reference
                continue
            references = each["getReference"] or {}
            assert detail.references.end_to_end == (references.get("getEndToEndId") or "")
            assert detail.references.instruction == (references.get("getInstructionId") or "")
            names = {party_name(party) for party in each["getRelatedParties"]}
            assert detail.counterparty.name in names
            for text in remittances(each["getRemittanceInformation"]):
                assert text in detail.text
            if each["getAmount"]:
                # The expected parse gives a transaction the sign of its entry; ours gives it its
                # own (CdtDbtInd), which in camt.054 samples is the other one.
                amount, currency = money(each["getAmount"])
                assert detail.amount is not None
                assert (abs(detail.amount), detail.currency) == (abs(amount), currency)


def party_name(party: dict[str, Any]) -> str:
    return str(party["getRelatedPartyType"]["getName"] or "")


def remittances(information: dict[str, Any] | None) -> Iterator[str]:
    for block in (information or {}).get("getUnstructuredBlocks") or []:
        if isinstance(block, dict):
            yield block["getMessage"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_real_file_has_the_account_and_balances_of_its_expected_parse(path: Path) -> None:
    statement = parse_path(path).statements[-1]
    record = expected_entries(path)[0]["getRecord"]

    assert statement.account == record["getAccount"]["getIdentification"]
    assert statement.statement_id == record["getId"]
    assert statement.sequence == (record["getElectronicSequenceNumber"] or "")
    assert (statement.from_date, statement.to_date) == (
        day(record["getFromDate"]),
        day(record["getToDate"]),
    )
    ours = {(each.amount, each.currency, each.date) for each in statement.balances}
    expected = record.get("getBalances") or []
    assert len(statement.balances) == len(expected)
    assert ours == {(*money(each["getAmount"]), day(each["getDate"])) for each in expected}


def test_a_message_without_a_statement_says_so() -> None:
    path = next((each for each in statement_files("camt", ".xml") if "wrong" in each.name), None)
    if path is None:
        pytest.skip("The real bank files are not on this machine.")

    assert codes(parse_path(path)) == [ProblemCode.NO_STATEMENT]


ENTRY = """<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>{more}
<Sts>BOOK</Sts><BookgDt><Dt>2026-03-02</Dt></BookgDt><ValDt><Dt>2026-03-03</Dt></ValDt>
{details}</Ntry>"""
DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{version}"><BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId>
</GrpHdr>{statements}</BkToCstmrStmt></Document>"""
STATEMENT = """<Stmt><Id>S1</Id><ElctrncSeqNb>7</ElctrncSeqNb><Acct><Id><IBAN>{account}</IBAN></Id>
<Ccy>EUR</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">100.00</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-02</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{closing}</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-02</Dt></Dt></Bal>{summary}{entries}</Stmt>"""
OWN_ACCOUNT = "DE89370400440532013000"


def entry(amount: str, direction: str = "CRDT", details: str = "", more: str = "") -> str:
    return ENTRY.format(amount=amount, direction=direction, details=details, more=more)


def document(
    *entries: str, closing: str = "100.00", version: str = "camt.053.001.08", summary: str = ""
) -> bytes:
    statement = STATEMENT.format(
        account=OWN_ACCOUNT, closing=closing, entries="".join(entries), summary=summary
    )
    return DOCUMENT.format(version=version, statements=statement).encode()


@pytest.mark.parametrize("number", range(1, 15))
def test_any_version_of_the_message_is_read(number: int) -> None:
    version = f"camt.053.001.{number:02}"
    parsed = parse_bytes(document(entry("5.50"), closing="105.50", version=version))

    assert codes(parsed) == []
    assert parsed.statements[0].message_type == version
    assert parsed.statements[0].lines[0].amount == Decimal("5.50")


def test_a_prefixed_namespace_and_none_are_read_alike() -> None:
    plain = document(entry("5.50"), closing="105.50")
    without = plain.replace(b' xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"', b"")
    prefixed = plain.replace(b"<", b"<n:").replace(b"<n:/", b"</n:").replace(b"<n:?", b"<?")
    prefixed = prefixed.replace(b"xmlns=", b"xmlns:n=")

    for data in (plain, without, prefixed):
        parsed = parse_bytes(data)
        assert codes(parsed) == []
        assert parsed.statements[0].lines[0].amount == Decimal("5.50")


def test_a_namespace_that_no_name_may_have_does_not_stop_the_reader() -> None:
    data = document(entry("5.50"), closing="105.50").replace(b"urn:iso", b"-}urn:iso")

    assert parse_bytes(data).statements[0].lines[0].amount == Decimal("5.50")


def test_lines_that_do_not_add_up_to_the_closing_balance_are_a_problem() -> None:
    parsed = parse_bytes(document(entry("5.50"), entry("2.00", "DBIT"), closing="105.50"))

    assert codes(parsed) == [ProblemCode.BALANCE_MISMATCH]
    assert "gives 103.50" in parsed.statements[0].problems[0].message
    assert len(parsed.statements[0].lines) == 2


def test_a_pending_entry_is_a_line_but_moves_no_balance() -> None:
    pending = entry("5.50").replace("<Sts>BOOK</Sts>", "<Sts><Cd>PDNG</Cd></Sts>")
    parsed = parse_bytes(document(pending, entry("1.00"), closing="101.00"))

    assert codes(parsed) == []
    assert [line.status for line in parsed.statements[0].lines] == ["pending", "booked"]


def test_the_totals_of_the_bank_are_checked() -> None:
    summary = (
        "<TxsSummry><TtlNtries><NbOfNtries>3</NbOfNtries></TtlNtries>"
        "<TtlCdtNtries><NbOfNtries>1</NbOfNtries><Sum>9.00</Sum></TtlCdtNtries></TxsSummry>"
    )
    parsed = parse_bytes(document(entry("5.50"), closing="105.50", summary=summary))

    assert codes(parsed) == [ProblemCode.COUNT_MISMATCH, ProblemCode.SUM_MISMATCH]


def test_a_reversal_keeps_the_sign_of_its_indicator_and_the_parties_of_the_payment() -> None:
    details = f"""<NtryDtls><TxDtls><Refs><EndToEndId>W-1</EndToEndId></Refs><RltdPties>
<Dbtr><Nm>Our firm</Nm></Dbtr><DbtrAcct><Id><IBAN>{OWN_ACCOUNT}</IBAN></Id></DbtrAcct>
<Cdtr><Nm>Anna</Nm></Cdtr><CdtrAcct><Id><IBAN>FR7630006000011234567890189</IBAN></Id></CdtrAcct>
</RltdPties><RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls></NtryDtls>"""
    returned = entry("5.50", "CRDT", details, "<RvslInd>true</RvslInd>")
    line = parse_bytes(document(returned, closing="105.50")).statements[0].lines[0]

    assert line.amount == Decimal("5.50")
    assert line.is_reversal
    assert line.return_reason == "AC04"
    assert (line.counterparty.name, line.references.end_to_end) == ("Anna", "W-1")


def test_a_batch_is_one_line_with_its_transactions() -> None:
    transactions = "".join(
        f"<TxDtls><Refs><EndToEndId>W-{number}</EndToEndId></Refs><Amt Ccy='EUR'>1.50</Amt>"
        f"<RmtInf><Ustrd>Deposit {number}</Ustrd></RmtInf></TxDtls>"
        for number in range(120)
    )
    batch = "<Btch><PmtInfId>B7</PmtInfId><NbOfTxs>120</NbOfTxs></Btch>"
    details = f"<NtryDtls>{batch}{transactions}</NtryDtls><AddtlNtryInf>Batch</AddtlNtryInf>"
    parsed = parse_bytes(document(entry("180.00", "CRDT", details), closing="280.00"))
    line = parsed.statements[0].lines[0]

    assert codes(parsed) == []
    assert (line.entry_count, len(line.details), line.references.batch) == (120, 120, "B7")
    assert [each.references.end_to_end for each in line.details] == [f"W-{n}" for n in range(120)]
    assert len(line.to_json()["references"]["transactions"]) == 120
    for number in range(120):  # the raw text is whole although the tree was cut
        assert line.raw.count(f"<EndToEndId>W-{number}<") == 1
    assert line.raw.endswith("</NtryDtls><AddtlNtryInf>Batch</AddtlNtryInf></Ntry>")


def test_a_batch_that_does_not_add_up_is_a_problem() -> None:
    transactions = "<TxDtls><Amt Ccy='EUR'>1.50</Amt></TxDtls>" * 2
    details = f"<NtryDtls>{transactions}</NtryDtls>"
    parsed = parse_bytes(document(entry("4.00", "CRDT", details), closing="104.00"))

    assert codes(parsed) == [ProblemCode.BATCH_MISMATCH]


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (entry("5,50"), "amount"),
        (entry("-5.50"), "amount"),
        (entry("5.50", "CREDIT"), "amount"),
        ("<Ntry/>", "amount"),
        (entry("5.50").replace("2026-03-0", "2026-13-0"), "date"),
    ],
)
def test_an_unreadable_entry_is_listed_and_the_others_stay(broken: str, what: str) -> None:
    parsed = parse_bytes(document(entry("1.00"), broken, entry("2.00"), closing="103.00"))
    statement = parsed.statements[0]

    assert [line.amount for line in statement.lines] == [Decimal("1.00"), Decimal("2.00")]
    assert [problem.code for problem in statement.problems] == [ProblemCode.LINE_UNREADABLE]
    assert f"The {what} of entry 2" in statement.problems[0].message
    assert statement.problems[0].raw.startswith("<Ntry")
    assert (parsed.entries_seen, parsed.lines_parsed, parsed.lines_lost) == (3, 2, 1)


def test_an_entry_outside_any_statement_is_listed() -> None:
    data = DOCUMENT.format(version="camt.053.001.08", statements=entry("5.00")).encode()
    parsed = parse_bytes(data)

    assert codes(parsed) == [ProblemCode.LINE_UNREADABLE, ProblemCode.NO_STATEMENT]
    assert (parsed.entries_seen, parsed.lines_lost) == (1, 1)


def test_a_file_cut_off_inside_an_entry_keeps_what_stands_before() -> None:
    data = document(entry("1.00"), entry("2.00"), closing="103.00")
    cut = data[: data.rindex(b"<Sts>")]
    parsed = parse_bytes(cut)
    statement = parsed.statements[0]

    assert [line.amount for line in statement.lines] == [Decimal("1.00")]
    assert [problem.code for problem in parsed.problems] == [ProblemCode.MALFORMED]
    assert parsed.problems[0].source_line == cut.count(b"\n") + 1
    assert [problem.code for problem in statement.problems] == [
        ProblemCode.LINE_UNREADABLE,
        ProblemCode.TRUNCATED,
    ]
    assert parsed.entries_seen == 2


def test_wrong_nesting_is_a_problem_with_its_line() -> None:
    data = document(entry("1.00")).replace(b"</Stmt>", b"</Smtt>")
    parsed = parse_bytes(data)

    assert parsed.problems[0].code == ProblemCode.MALFORMED
    assert parsed.problems[0].source_line == data[: data.index(b"</Smtt>")].count(b"\n") + 1
    assert len(parsed.statements[0].lines) == 1


BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;">]>"""
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE d SYSTEM "file:///etc/passwd" [<!ENTITY c SYSTEM "x">]>'


@pytest.mark.parametrize("prolog", [BOMB, OUTSIDE])
@pytest.mark.parametrize("padding", [0, 200_000])
def test_a_document_type_is_refused_wherever_it_stands(prolog: bytes, padding: int) -> None:
    body = document(entry("5.50", details="<AddtlNtryInf>&c;</AddtlNtryInf>"))
    head, _, rest = prolog.partition(b"?>")
    comment = b"<!-- camt.053 " + b" " * padding + b" -->"
    data = head + b"?>" + comment + rest + body[body.index(b"<Document") :]
    parsed = parse_bytes(data)

    assert codes(parsed) == [ProblemCode.REFUSED]
    assert parsed.statements == ()


def test_an_undeclared_entity_is_malformed_and_never_resolved() -> None:
    parsed = parse_bytes(document(entry("5.50", details="<AddtlNtryInf>&c;</AddtlNtryInf>")))

    assert ProblemCode.MALFORMED in codes(parsed)


def test_elements_nested_too_deep_are_refused() -> None:
    depth = 5000
    nested = "<a>" * depth + "</a>" * depth
    parsed = parse_bytes(document(entry("5.50", details=nested), closing="105.50"))

    assert [problem.code for problem in parsed.problems] == [ProblemCode.MALFORMED]
    assert "depth" in parsed.problems[0].message.lower()


def test_one_element_without_end_is_refused_before_it_fills_memory() -> None:
    padding = "<Strd>x</Strd>" * 1_500_000
    parsed = parse_bytes(document(entry("5.50", details=padding), closing="105.50"))

    assert [problem.code for problem in parsed.problems] == [ProblemCode.REFUSED]
    assert parsed.entries_seen == 1
    assert parsed.lines_lost == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_the_declared_encoding_is_followed(encoding: str) -> None:
    text = document(
        entry("5.50", details="<AddtlNtryInf>Überweisung</AddtlNtryInf>"), closing="105.50"
    ).decode()
    data = text.replace("UTF-8", encoding).encode(encoding)
    parsed = parse_bytes(data)

    assert codes(parsed) == []
    assert parsed.statements[0].lines[0].text == "Überweisung"


def test_statements_of_one_account_must_follow_each_other() -> None:
    first = STATEMENT.format(
        account=OWN_ACCOUNT, closing="105.50", entries=entry("5.50"), summary=""
    )
    data = DOCUMENT.format(version="camt.053.001.08", statements=first + first).encode()

    assert codes(parse_bytes(data)) == [ProblemCode.SEQUENCE_BREAK]


def test_a_page_of_a_statement_may_open_and_close_with_interim_balances() -> None:
    data = document(entry("5.50"), closing="105.50")
    page = data.replace(b"OPBD", b"ITBD").replace(b"CLBD", b"ITBD")
    statement = parse_bytes(page).statements[0]

    assert (statement.opening, statement.closing) == (Decimal("100.00"), Decimal("105.50"))
    assert statement.problems == ()


def test_the_own_account_is_never_the_counterparty() -> None:
    details = f"""<NtryDtls><TxDtls><RltdPties>
<Dbtr><Pty><Nm>Us</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>{OWN_ACCOUNT}</IBAN></Id></DbtrAcct>
<Cdtr><Pty><Nm>Ben</Nm></Pty></Cdtr><CdtrAcct><Id><Othr><Id>99</Id></Othr></Id></CdtrAcct>
</RltdPties></TxDtls></NtryDtls>"""
    lines = (
        parse_bytes(document(entry("1.00", "CRDT", details), entry("1.00", "DBIT", details)))
        .statements[0]
        .lines
    )

    assert [line.counterparty.name for line in lines] == ["Ben", "Ben"]
    assert [line.counterparty.account for line in lines] == ["99", "99"]
