"""`statement_parse`: what the importers understand of a file, as JSON, in bounded memory.

{"statements": [{"account", "currency", "opening", "closing", "lines": [{"date", "value_date",
"amount" (signed decimal string), "references", "text", "raw"}], "problems": []}],
"problems": []}
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from .csv_mapping import CsvMapping
from .reading import read_events
from .results import ParsedLine, Problem

SPOOL_BYTES_MAX = 8 * 1024 * 1024
_COPY_BYTES = 64 * 1024


def statement_parse(
    path: Path, write: Callable[[str], object], *, mapping: CsvMapping | None = None
) -> None:
    """Hand the JSON of one file to `write`, piece by piece.

    What is wrong with the file is in the JSON. Raises OSError when the file can't be opened.
    """
    file_problems: list[dict[str, Any]] = []
    statements = 0
    write('{"statements": [')
    with path.open("rb") as source, _spool() as lines:
        problems: list[dict[str, Any]] = []
        separator = ""
        for event in read_events(source, mapping=mapping):
            if isinstance(event, ParsedLine):
                lines.write((separator + json.dumps(event.to_json())).encode("ascii"))
                separator = ",\n"
            elif isinstance(event, Problem):
                (file_problems if event.of_file else problems).append(event.to_json())
            else:
                head = json.dumps(event.head_to_json())
                write(f'{"," if statements else ""}\n{head[:-1]}, "lines": [')
                lines.seek(0)
                while piece := lines.read(_COPY_BYTES):
                    write(piece.decode("ascii"))
                write(f'], "problems": {json.dumps(problems)}}}')
                statements += 1
                problems, separator = [], ""
                lines.seek(0)
                lines.truncate()
    write(f'], "problems": {json.dumps(file_problems)}}}\n')


def _spool() -> IO[bytes]:
    """Holds a statement's lines until its head is known; on disk once they are many."""
    return tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES_MAX)
