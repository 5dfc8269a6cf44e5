"""How long a file takes to read, and what the process grows by: for a process of its own, which
has nothing of the product in it but the readers."""

from __future__ import annotations

import resource
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from .reading import read_events
from .results import ParsedLine


def weigh(path: Path, answer: Connection[Any, Any]) -> None:
    """Answer (lines, seconds, MB at the peak beyond those at the start)."""
    before, started = _peak_mb(), time.perf_counter()
    with path.open("rb") as source:
        lines = sum(isinstance(event, ParsedLine) for event in read_events(source))
    answer.send((lines, time.perf_counter() - started, _peak_mb() - before))
    answer.close()


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
