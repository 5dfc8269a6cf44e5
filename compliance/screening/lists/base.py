"""What all list parsers share: the result, its accounting, safe XML, date and file helpers."""

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from lxml import etree

from backoffice.core.errors import InvalidInput

from ..countries import country_code
from ..entities import Identifier, Kind, ListEntity, ListName, PartialDate

FILE_BYTES_MAX = 400 * 1024 * 1024
NAME_LENGTH_MAX = 1_000


class ListFileError(InvalidInput):
    """The file as a whole cannot be trusted: cut short, hostile, or of another format."""

    code = "list-file"
    sentence = "This file can't be read as a watch list. The list in use stays as it is."


@dataclass(frozen=True, slots=True)
class ListProblem:
    """A row of the file that became no part of any entity, and why."""

    where: str
    reason: str


@dataclass(slots=True)
class ParsedList:
    """Entities of one file, with every row accounted for: counted = parsed + problems.

    `notes` are losses inside a row that was kept (an unknown country, an unreadable date).
    """

    source: str
    sha256: str
    issued: str = ""
    entities: list[ListEntity] = field(default_factory=list)
    rows_counted: int = 0
    rows_parsed: int = 0
    problems: list[ListProblem] = field(default_factory=list)
    notes: list[ListProblem] = field(default_factory=list)

    @property
    def balanced(self) -> bool:
        return self.rows_counted == self.rows_parsed + len(self.problems)

    def refuse(self, where: str, reason: str) -> None:
        self.problems.append(ListProblem(where, reason))

    def note(self, where: str, reason: str) -> None:
        self.notes.append(ListProblem(where, reason))


@dataclass(slots=True)
class Draft:
    """An entity being put together from several rows or elements."""

    source: str
    id: str
    kind: Kind
    where: str
    names: dict[str, ListName] = field(default_factory=dict)
    birth_dates: list[PartialDate] = field(default_factory=list)
    countries: list[str] = field(default_factory=list)
    identifiers: list[Identifier] = field(default_factory=list)
    programmes: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    other_ids: list[str] = field(default_factory=list)

    def add_name(self, name: ListName) -> None:
        """The first mention of a text decides its quality: lists print the best one first."""
        if name.text:
            self.names.setdefault(name.text, name)

    def add_country(self, text: str | None, parsed: ParsedList) -> None:
        text = (text or "").strip()
        if not text or text.lower() in {
            "-0-",
            "undetermined",
            "none identified",
            "unknown",
            "na",
            "00",
        }:
            return
        code = country_code(text)
        if code is None:
            parsed.note(self.where, f"The country {text!r} is not known.")
        elif code not in self.countries:
            self.countries.append(code)

    def add_birth_date(self, when: PartialDate) -> None:
        if when not in self.birth_dates:
            self.birth_dates.append(when)


def sha256_of(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def decoded(data: bytes, name: str) -> str:
    """Text of a CSV file; UTF-8, else the Windows code page that OFAC's older files use."""
    if len(data) > FILE_BYTES_MAX:
        raise ListFileError(f"{name} is larger than {FILE_BYTES_MAX // 1024 // 1024} MB.")
    if b"\x00" in data:
        raise ListFileError(f"{name} holds NUL bytes: it is not a text file.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    # DOS tools end text files with 0x1A; it is a mark, not a row.
    text = text.rstrip("\x1a\r\n")
    if not text.strip():
        raise ListFileError(f"{name} is empty.")
    return text


def csv_rows(data: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the number of their last line. A quote that is never closed is a cut file."""
    reader = csv.reader(io.StringIO(decoded(data, name)), strict=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise ListFileError(
            f"{name} is cut short or malformed near line {reader.line_num}: {error}."
        ) from error


_ENCODING = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_SAFE_ENCODINGS = {b"utf-8", b"us-ascii", b"ascii", b"iso-8859-1", b"windows-1252"}


def _refuse_hostile(data: bytes, name: str) -> None:
    """Lists need no document type; with one come entities, and with those every XML attack."""
    if len(data) > FILE_BYTES_MAX:
        raise ListFileError(f"{name} is larger than {FILE_BYTES_MAX // 1024 // 1024} MB.")
    if not data.strip():
        raise ListFileError(f"{name} is empty.")
    if b"\x00" in data[:200]:
        raise ListFileError(f"{name} is not UTF-8; save it as UTF-8 first.")
    declared = _ENCODING.match(data.removeprefix(b"\xef\xbb\xbf")[:200])
    if declared and declared[1].lower() not in _SAFE_ENCODINGS:
        raise ListFileError(f"{name} declares the encoding {declared[1].decode()}; use UTF-8.")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise ListFileError(f"{name} declares a document type or entities and is refused.")


def xml_elements(data: bytes, name: str, *tags: str) -> Iterator[etree._Element]:
    """Elements with one of these local names, each cleared once the caller is done with it."""
    _refuse_hostile(data, name)
    context = etree.iterparse(
        io.BytesIO(data),
        events=("end",),
        tag=[pattern for tag in tags for pattern in (tag, "{*}" + tag)],
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    try:
        for _, element in context:
            yield element
            element.clear()
            while element.getprevious() is not None:
                parent = element.getparent()
                assert parent is not None
                del parent[0]
    except etree.XMLSyntaxError as error:
        raise ListFileError(f"{name} is cut short or malformed: {error.msg}.") from error


_ROOT = re.compile(rb"<(?![?!])(?:[\w.-]+:)?([\w.-]+)([^>]*)>")


def xml_root(data: bytes) -> tuple[str, dict[str, str]]:
    """Local name and attributes of the first element, read without parsing the rest."""
    found = _ROOT.search(data[:20_000])
    if not found:
        return "", {}
    pairs = re.findall(rb"""([\w:.-]+)\s*=\s*["']([^"']*)["']""", found[2])
    return found[1].decode(), {k.decode(): v.decode("utf-8", "replace") for k, v in pairs}


_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, start=1)}
_CIRCA = re.compile(r"^(?:circa|approximately|approx\.?|about|c\.)\s+", re.IGNORECASE)
_DAY_MONTH_YEAR = re.compile(r"^(?:(\d{1,2})\s+)?(?:([A-Za-z]{3})[A-Za-z]*\.?\s+)?(\d{4})$")
_ISO = re.compile(r"^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:T.*|[zZ+].*)?$")
_SPAN = re.compile(r"^(.*?)\s+(?:to|-)\s+(.*)$")


def partial_date(text: str) -> PartialDate:
    """`18 Jun 1974`, `Jun 1974`, `1974`, `circa 1970`, `1984 to 1986`, `1974-06-18`.

    Raises ValueError when the text is none of these.
    """
    text = " ".join(text.split())
    span = _SPAN.match(_CIRCA.sub("", text))
    if span:
        first, last = partial_date(span[1]), partial_date(span[2])
        return PartialDate(first.year, year_last=last.year, circa=bool(_CIRCA.match(text)))
    circa = bool(_CIRCA.match(text))
    text = _CIRCA.sub("", text)
    iso = _ISO.match(text)
    if iso:
        year, month, day = (int(part) if part else None for part in iso.groups())
        # Lists write 1970-00-00 for what they do not know.
        return PartialDate(year or 0, month or None, day or None if month else None, circa=circa)
    words = _DAY_MONTH_YEAR.match(text)
    if not words or (words[2] and words[2].lower() not in _MONTHS) or (words[1] and not words[2]):
        raise ValueError(f"{text!r} is not a date.")
    month = _MONTHS[words[2].lower()] if words[2] else None
    return PartialDate(int(words[3]), month, int(words[1]) if words[1] else None, circa=circa)


def day_of(when: PartialDate) -> date | None:
    """The calendar day when the date is complete, else None."""
    if when.month is None or when.day is None:
        return None
    return date(when.year, when.month, when.day)
