"""Bank statements of every format, read into one neutral shape. Pure: no database, no Django."""

from .csv_mapping import CsvMapping, MappingError, csv_preview
from .reading import parse_bytes, parse_path, read_events
from .results import (
    Balance,
    Counterparty,
    Event,
    ParsedDetail,
    ParsedFile,
    ParsedLine,
    ParsedStatement,
    Problem,
    ProblemCode,
    References,
    collect,
)
from .sniffing import Format, detect_format

__all__ = [
    "Balance",
    "Counterparty",
    "CsvMapping",
    "Event",
    "Format",
    "MappingError",
    "ParsedDetail",
    "ParsedFile",
    "ParsedLine",
    "ParsedStatement",
    "Problem",
    "ProblemCode",
    "References",
    "collect",
    "csv_preview",
    "detect_format",
    "parse_bytes",
    "parse_path",
    "read_events",
]
