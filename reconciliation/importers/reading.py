"""The one door of the importers: any statement file in, neutral events out.

Nothing in a bank's file raises here. A file that can't be read gives a problem that says why.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from .bai2 import read_bai2
from .camt import doctype_problem, read_camt
from .csv_mapping import CsvMapping, read_csv
from .limits import FILE_BYTES_MAX, SNIFF_BYTES
from .mt940 import read_mt940
from .results import Event, ParsedFile, Problem, ProblemCode, collect
from .sniffing import Format, container, detect_format, has_doctype


def read_events(
    source: BinaryIO, *, mapping: CsvMapping | None = None, encoding: str | None = None
) -> Iterator[Event]:
    """Read a seekable binary file as events, in bounded memory.

    The lines and problems of a statement come before the statement itself. With a `mapping` the
    file is read as CSV by these columns. `encoding` overrides the detected one of text formats.
    """
    size = source.seek(0, io.SEEK_END)
    source.seek(0)
    head = source.read(SNIFF_BYTES)
    source.seek(0)
    refusal = _refusal(head, size)
    if refusal is not None:
        yield refusal
    elif mapping is not None:
        yield from read_csv(source, mapping, encoding)
    else:
        yield from _read_as(detect_format(head), source, encoding)


def parse_bytes(data: bytes, *, mapping: CsvMapping | None = None) -> ParsedFile:
    """Parse a file that is in memory already."""
    return collect(read_events(io.BytesIO(data), mapping=mapping))


def parse_path(path: Path, *, mapping: CsvMapping | None = None) -> ParsedFile:
    """Parse a file into one value. For large files use `read_events`."""
    with path.open("rb") as source:
        return collect(read_events(source, mapping=mapping))


def _refusal(head: bytes, size: int) -> Problem | None:
    if size > FILE_BYTES_MAX:
        return _file_problem(
            ProblemCode.TOO_LARGE,
            f"The file has {size} bytes; at most {FILE_BYTES_MAX} are read. Ask the bank for "
            "shorter periods.",
        )
    if not head.strip():
        return _file_problem(ProblemCode.EMPTY, "The file is empty.")
    kind = container(head)
    if kind:
        return _file_problem(
            ProblemCode.REFUSED, f"The file is {kind}, not a statement. Unpack it first."
        )
    if has_doctype(head):
        return doctype_problem()
    return None


def _read_as(kind: Format, source: BinaryIO, encoding: str | None) -> Iterator[Event]:
    match kind:
        case Format.CAMT:
            yield from read_camt(source)
        case Format.MT940:
            yield from read_mt940(source, encoding)
        case Format.BAI2:
            yield from read_bai2(source, encoding)
        case Format.CSV:
            yield _file_problem(
                ProblemCode.MAPPING_NEEDED,
                "The file looks like CSV. It can be read once its columns are mapped.",
            )
        case Format.UNKNOWN:
            yield _file_problem(
                ProblemCode.UNKNOWN_FORMAT,
                "The file is none of camt.052, camt.053, camt.054, MT940, MT942, BAI2 and CSV.",
            )


def _file_problem(code: ProblemCode, message: str) -> Problem:
    return Problem(code, message, of_file=True)
