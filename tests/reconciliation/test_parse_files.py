"""The door of the importers: which format, which limits, and that no entry is ever lost."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from reconciliation.importers import (
    Format,
    ProblemCode,
    detect_format,
    limits,
    parse_bytes,
    parse_path,
    reading,
)
from reconciliation.importers.cli import statement_parse
from tests.shared_data import statement_files

MT940_FILES = statement_files("mt940", ".sta", ".txt")
CAMT_FILES = statement_files("camt", ".xml")
BAI2_FILES = statement_files("bai2", ".txt")
ALL_FILES = [*MT940_FILES, *CAMT_FILES, *BAI2_FILES]

# How entries are counted without any of our readers.
COUNTERS = {
    "mt940": re.compile(rb"^:61:", re.MULTILINE),
    "camt": re.compile(rb"<Ntry>"),
    "bai2": re.compile(rb"(?:^|/\s+)16,", re.MULTILINE),
}


@pytest.mark.parametrize("path", ALL_FILES, ids=lambda path: path.name)
def test_every_entry_of_every_real_file_is_a_line_or_a_listed_problem(path: Path) -> None:
    folder = path.relative_to(path.parents[2]).parts
    kind = next(part for part in ("mt940", "camt", "bai2") if part in path.parts)
    parsed = parse_path(path)
    counted = len(COUNTERS[kind].findall(path.read_bytes()))

    assert folder
    assert parsed.entries_seen == counted
    assert parsed.lines_parsed + parsed.lines_lost == counted


@pytest.mark.parametrize("path", ALL_FILES, ids=lambda path: path.name)
def test_the_raw_text_of_every_line_stands_in_its_file(path: Path) -> None:
    text = re.sub(r"\s+|xmlns(:\w+)?=\"[^\"]*\"|/|88,", "", readable(path))
    for statement in parse_path(path).statements:
        for line in statement.lines:
            raw = re.sub(r"\s+|xmlns(:\w+)?=\"[^\"]*\"|/|88,", "", line.raw)
            assert raw in text, line.raw


def readable(path: Path) -> str:
    data = path.read_bytes()
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("cp852")
    # Mended by the readers: a tag broken after its colon, a code with a colon.
    return text.replace(":\n:86:", ":86:").replace(":\n86:", ":86:").replace("88:", "88,")


@pytest.mark.parametrize("path", ALL_FILES, ids=lambda path: path.name)
def test_every_real_file_but_the_invalid_ones_is_recognised_by_its_content(path: Path) -> None:
    found = detect_format(path.read_bytes()[: limits.SNIFF_BYTES])

    if path.name in ("invalid_statement.sta",):
        assert found == Format.UNKNOWN
    elif path in BAI2_FILES:
        assert found == Format.BAI2
    else:
        assert found == (Format.CAMT if path in CAMT_FILES else Format.MT940)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", ProblemCode.EMPTY),
        (b" \r\n\t", ProblemCode.EMPTY),
        (b"hello", ProblemCode.UNKNOWN_FORMAT),
        (b"<html><body>Please sign in</body></html>", ProblemCode.UNKNOWN_FORMAT),
        (b"\x00\x01\x02\x03" * 100, ProblemCode.UNKNOWN_FORMAT),
        (b"%PDF-1.7 ...", ProblemCode.REFUSED),
        (b"date;amount\n2026-03-02;5.00\n", ProblemCode.MAPPING_NEEDED),
        (b"1\n2\n3\n", ProblemCode.UNKNOWN_FORMAT),
    ],
)
def test_what_is_no_statement_gives_one_clear_problem(data: bytes, code: ProblemCode) -> None:
    parsed = parse_bytes(data)

    assert parsed.statements == ()
    assert [problem.code for problem in parsed.problems] == [code]
    assert parsed.problems[0].message.endswith(".")


def test_archives_are_refused_without_being_opened() -> None:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("statement.xml", b"\0" * 1_000_000)
    for data in (zipped.getvalue(), gzip.compress(b":20:X\n" * 100_000)):
        parsed = parse_bytes(data)
        assert [problem.code for problem in parsed.problems] == [ProblemCode.REFUSED]


def test_a_file_over_the_limit_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "FILE_BYTES_MAX", 10)
    parsed = parse_bytes(b":20:STARTUMS\n")

    assert [problem.code for problem in parsed.problems] == [ProblemCode.TOO_LARGE]


def test_a_line_of_megabytes_without_an_end_takes_bounded_memory_and_is_listed() -> None:
    parsed = parse_bytes(b":20:X\n:61:240301C1,00NTRFREF\n:86:" + b"x" * 3_000_000)

    assert parsed.lines_parsed == 1
    problems = [problem.code for problem in parsed.statements[0].problems]
    assert ProblemCode.FIELD_TOO_LONG in problems


@pytest.mark.parametrize("path", ALL_FILES, ids=lambda path: path.name)
def test_the_printed_json_is_that_of_the_parsed_file(path: Path) -> None:
    pieces: list[str] = []
    statement_parse(path, pieces.append)

    assert json.loads("".join(pieces)) == json.loads(json.dumps(parse_path(path).to_json()))


def test_the_json_has_exactly_the_agreed_keys(tmp_path: Path) -> None:
    file = tmp_path / "any.name"
    file.write_bytes(
        b":20:X\n:25:DE1\n:28C:1/1\n:60F:C240229EUR1,00\n:61:2403010302D6,50NTRFREF//B1\n"
        b":86:h\xc3\xa9llo\n:62F:D240301EUR5,50\n-\n"
    )
    pieces: list[str] = []
    statement_parse(file, pieces.append)

    assert json.loads("".join(pieces)) == {
        "statements": [
            {
                "account": "DE1",
                "currency": "EUR",
                "opening": "1.00",
                "closing": "-5.50",
                "lines": [
                    {
                        "date": "2024-03-02",
                        "value_date": "2024-03-01",
                        "amount": "-6.50",
                        "references": {"our": "REF", "bank": "B1"},
                        "text": "héllo",
                        "raw": ":61:2403010302D6,50NTRFREF//B1\n:86:héllo",
                    }
                ],
                "problems": [],
            }
        ],
        "problems": [],
    }


def test_the_command_prints_the_json(tmp_path: Path) -> None:
    file = tmp_path / "statement.sta"
    entry = ":61:240301C1,00NTRFREF\n:86:" + "text " * 20_000 + "\n"
    file.write_text(":20:X\n:25:DE1\n:60F:C240229EUR1,00\n" + entry + ":62F:C240301EUR2,00\n")
    output = io.StringIO()
    call_command("statement_parse", file, stdout=output)

    assert json.loads(output.getvalue())["statements"][0]["closing"] == "2.00"


def test_the_command_reads_csv_by_a_mapping_file(tmp_path: Path) -> None:
    file, mapping = tmp_path / "statement.csv", tmp_path / "mapping.json"
    file.write_text("Date;Amount\n2026-03-02;5.00\n")
    mapping.write_text('{"date": "Date", "amount": "Amount", "fixed_currency": "EUR"}')
    output = io.StringIO()
    call_command("statement_parse", file, mapping=mapping, stdout=output)

    assert json.loads(output.getvalue())["statements"][0]["lines"][0]["amount"] == "5.00"


@pytest.mark.parametrize("content", ["[]", "{", '{"date": 1}', '{"nope": "x"}', "{}"])
def test_the_command_says_what_is_wrong_with_a_mapping(content: str, tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.json"
    mapping.write_text(content)

    with pytest.raises(CommandError, match="mapping can't be used"):
        call_command("statement_parse", tmp_path / "any.csv", mapping=mapping)


def test_the_command_says_when_the_file_is_absent(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="can't be read"):
        call_command("statement_parse", tmp_path / "absent")
