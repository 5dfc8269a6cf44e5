"""Watch-list files to entities. `read_list` finds the format by content, never by extension."""

from pathlib import Path

from .base import FILE_BYTES_MAX, ListFileError, ListProblem, ParsedList, csv_rows, xml_root
from .eu_xml import parse_eu_xml
from .ftm_json import is_ftm_json, parse_ftm_json
from .ofac_csv import SDN_COLUMNS, parse_ofac_csv
from .ofac_xml import parse_ofac_xml
from .simple_csv import (
    OPENSANCTIONS_COLUMNS,
    TENANT_SOURCE,
    parse_opensanctions_csv,
    parse_tenant_csv,
)
from .uk import ROOT as UK_ROOT
from .uk import is_uk_csv, parse_uk_csv, parse_uk_xml
from .un_xml import parse_un_xml

__all__ = [
    "ListFileError",
    "ListProblem",
    "ParsedList",
    "parse_eu_xml",
    "parse_ftm_json",
    "parse_list",
    "parse_ofac_csv",
    "parse_ofac_xml",
    "parse_opensanctions_csv",
    "parse_tenant_csv",
    "parse_uk_csv",
    "parse_uk_xml",
    "parse_un_xml",
    "read_list",
]

_XML_PARSERS = {
    "CONSOLIDATED_LIST": parse_un_xml,
    "export": parse_eu_xml,
    "sdnList": parse_ofac_xml,
    UK_ROOT: parse_uk_xml,
}
OFAC_COMPANIONS = ("alt.csv", "add.csv", "sdn_comments.csv")


def parse_list(data: bytes, *, tenant_source: str = TENANT_SOURCE) -> ParsedList:
    """One file of any known format; OFAC's companions need `parse_ofac_csv` or `read_list`."""
    if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
        root, _ = xml_root(data)
        if root not in _XML_PARSERS:
            raise ListFileError(f"No list format has the root element {root!r}.")
        return _XML_PARSERS[root](data)
    if is_ftm_json(data):
        return parse_ftm_json(data)
    rows = csv_rows(data, "The list")
    _, first = next(rows)
    if is_uk_csv(first, next(rows, (0, []))[1]):
        return parse_uk_csv(data)
    columns = {column.strip().lower() for column in first}
    if columns.issuperset(OPENSANCTIONS_COLUMNS):
        return parse_opensanctions_csv(data)
    if len(first) == SDN_COLUMNS and first[0].strip().isdigit():
        return parse_ofac_csv(data)
    return parse_tenant_csv(data, tenant_source)


def read_list(path: Path, *, tenant_source: str = TENANT_SOURCE) -> ParsedList:
    """A file, or OFAC's folder; beside an `sdn.csv` its alias and address files are read too."""
    if path.is_dir():
        path = path / "sdn.csv"
    if not path.is_file():
        raise ListFileError(f"There is no file {path.name}.")
    if path.stat().st_size > FILE_BYTES_MAX:
        raise ListFileError(f"{path.name} is larger than {FILE_BYTES_MAX // 1024 // 1024} MB.")
    data = path.read_bytes()
    if path.name.lower() != "sdn.csv":
        return parse_list(data, tenant_source=tenant_source)
    parts = [path.with_name(name) for name in OFAC_COMPANIONS]
    return parse_ofac_csv(data, *(part.read_bytes() if part.is_file() else b"" for part in parts))
