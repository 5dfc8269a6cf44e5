"""Whatever the bytes: no exception, every entry accounted for, and JSON that can be written."""

from __future__ import annotations

import io
import json
import os
import re
import time
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciliation.importers import (
    CsvMapping,
    ParsedFile,
    ParsedStatement,
    Problem,
    parse_bytes,
    read_events,
)

from .test_parse_camt import document, entry

FUZZ = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "150")),
    deadline=10_000,  # ms: a file that takes longer is one that was meant to
    suppress_health_check=[HealthCheck.too_slow],
)

MT940_SEED = (
    b":20:STARTUMS\r\n:25:12345678/1020304050\r\n:28C:1/1\r\n:60F:C240229EUR100,00\r\n"
    b":61:2403010301CR10,00NTRFREF//BANK\r\n:86:166?00GUTSCHRIFT?20EREF+W-1?21SVWZ+Text?32Name\r\n"
    b":61:2403010301D5,00NMSCNONREF\r\n:86:/EREF/W-2/REMI/Text/NAME/Someone\r\n"
    b":62F:C240301EUR105,00\r\n-\r\n"
)
BAI2_SEED = (
    b"01,S,R,260302,0800,1,,,2/\n02,R,O,1,260302,,USD,2/\n03,ACC,USD,010,100,,,015,200,,/\n"
    b"16,195,100,V,260303,,B1,O1,Wire/\n88,EREF: W-1\n49,500,4/\n98,500,1,6/\n99,500,1,8/\n"
)
CAMT_SEED = document(
    entry("5.50", details="<NtryDtls><TxDtls><Refs><EndToEndId>W-1</EndToEndId></Refs></TxDtls>"
          "</NtryDtls>"),
    entry("2.00", "DBIT"),
    closing="103.50",
)  # fmt: skip
CSV_SEED = b"d;a;t\n2026-03-02;5,00;one\n2026-03-03;-1,00;two\n"
CSV_MAPPING = CsvMapping(date="d", amount="a", text=("t",), decimal_mark=",")

PIECES = st.sampled_from(
    [b":61:", b":86:", b":20:", b":62F:", b"-\n", b"-}", b"{4:", b"16,", b"88,", b"03,", b"/", b",",
     b"<Ntry>", b"</Ntry>", b"<Stmt>", b"</Stmt>", b"<TxDtls>", b"</TxDtls>", b"<Amt>", b"&x;",
     b"<!DOCTYPE a>", b"\xff\xfe", b"\x00", b"\n", b"\r", b'"', b";", b"9" * 30, b"\xc3", b":",
     b"?20", b"]]>", b"<![CDATA[", b"240231", b"C1,00", b"EUR"]
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, seed: bytes) -> bytes:
    """A real file with pieces cut out, doubled, overwritten and put in."""
    data = seed
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        piece = draw(st.one_of(PIECES, st.binary(max_size=8), st.just(data[start:end] * 2)))
        data = data[:start] + piece + data[end:]
    return data


def check(parsed: ParsedFile) -> None:
    assert parsed.entries_seen == parsed.lines_parsed + parsed.lines_lost
    assert parsed.statements or parsed.problems
    json.dumps(parsed.to_json()).encode("ascii")


@FUZZ
@given(damaged(MT940_SEED))
def test_damaged_mt940_loses_no_entry(data: bytes) -> None:
    check(parse_bytes(data))


@FUZZ
@given(damaged(CAMT_SEED))
def test_damaged_camt_loses_no_entry(data: bytes) -> None:
    check(parse_bytes(data))


@FUZZ
@given(damaged(BAI2_SEED))
def test_damaged_bai2_loses_no_entry(data: bytes) -> None:
    check(parse_bytes(data))


@FUZZ
@given(damaged(CSV_SEED))
def test_damaged_csv_loses_no_row(data: bytes) -> None:
    check(parse_bytes(data, mapping=CSV_MAPPING))


@FUZZ
@given(st.binary(max_size=2000))
def test_any_bytes_are_answered(data: bytes) -> None:
    check(parse_bytes(data))
    check(parse_bytes(data, mapping=CSV_MAPPING))


@FUZZ
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=60)))
def test_an_mt940_entry_with_any_details_is_one_entry(lines: list[str]) -> None:
    text = "\n".join(line for line in lines if not re.match(r":(\d\d[A-Z]?|NS):|-|\{|\d\d:", line))
    data = f":20:X\n:61:240301C1,00NTRFREF\n:86:{text}\n:62F:C240301EUR1,00\n"
    parsed = parse_bytes(data.encode())

    assert (parsed.entries_seen, parsed.lines_parsed) == (1, 1)


HOSTILE = {
    "an account of one digit without end": b":20:X\n:25:" + b"1" * 60_000 + b"\n",
    "details without an entry": b":20:X\n" + b":86:some information\n" * 100_000,
    "an entry with details without end": b":20:X\n:61:240301C1,00NTRF\n" + b":86:x\n" * 100_000,
    "entries that are no entries": b":20:X\n" + b":61:nothing\n" * 50_000,
    "slashes and spaces": BAI2_SEED[:60] + b"\n" + (b"/" + b" " * 500) * 4000,
    "odd lines in one record": BAI2_SEED[:140] + b"\nodd line" * 100_000,
    "an open quote": b'd;a;t\n2026-03-02;5,00;"' + b"x;y\n" * 100_000,
    "cells over many lines": b"d;a;t\n" + b'"a\nb";' * 200_000,
    "tiny elements": document("<Ntry>" + "<a/>" * 1_000_000 + "</Ntry>"),
    "angle brackets": b"<?xml version='1.0'?>" + b"<" * 60_000,
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_take_bounded_time_and_memory(data: bytes) -> None:
    mapping = CSV_MAPPING if data.startswith(b"d;") else None
    lost = seen = 0
    before = time.process_time()
    tracemalloc.start()
    for event in read_events(io.BytesIO(data), mapping=mapping):
        lost += isinstance(event, Problem) and event.loses_line
        seen += event.entries_seen if isinstance(event, ParsedStatement) else 0
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert lost <= seen
    assert peak < 40 * 1024 * 1024
    assert time.process_time() - before < 30  # a second or two; minutes if it were quadratic
