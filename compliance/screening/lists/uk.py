"""The UK Sanctions List of the FCDO, as XML and as CSV.

In the XML each designation is whole; in the CSV each name, birth date or address of it has a row,
joined by `Unique ID`. Unknown days and months are written as the letters ``dd`` and ``mm``.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from lxml import etree

from ..entities import Gender, Identifier, Kind, ListEntity, ListName, PartialDate, Quality
from .base import (
    Draft,
    ListFileError,
    ListProblem,
    ParsedList,
    csv_rows,
    sha256_of,
    xml_elements,
    xml_root,
)

SOURCE = "uk_sanctions"
ROOT = "Designations"
CSV_COLUMNS = ("unique id", "name 6", "name type", "regime name", "designation type")
_KINDS = {"individual": Kind.PERSON, "entity": Kind.ENTITY, "ship": Kind.VESSEL}
_DATE = re.compile(r"^(\d{1,2}|dd)/(\d{1,2}|mm)/(\d{4})$", re.IGNORECASE)
_NAME_FIELDS = ("Name1", "Name2", "Name3", "Name4", "Name5", "Name6")
_TEXTS_MAX = 4_000


class _Facts(NamedTuple):
    """What a designation says, from either file: field -> its values in order."""

    id: str
    kind: str
    names: list[ListName]
    birth_dates: list[str]
    countries: list[str]
    genders: list[str]
    identifiers: list[Identifier]
    programmes: list[str]
    remarks: list[str]
    other_ids: list[str]


def parse_uk_xml(data: bytes) -> ParsedList:
    """Raises ListFileError when the file is cut, hostile or another format."""
    root, _ = xml_root(data)
    if root != ROOT:
        raise ListFileError(f"This is not the UK sanctions list: its root element is {root!r}.")
    parsed = ParsedList(SOURCE, sha256_of(data))
    for element in xml_elements(data, "The UK list", "Designation", "DateGenerated"):
        if etree.QName(element).localname == "DateGenerated":
            parsed.issued = (element.text or "").strip()
            continue
        parsed.rows_counted += 1
        unique_id = _text(element, "UniqueID")
        where = f"line {element.sourceline}, {unique_id or 'without Unique ID'}"
        _keep(parsed, where, _facts_of_element(element, unique_id), rows=1)
    if not parsed.rows_counted:
        raise ListFileError("The UK list holds no Designation.")
    return parsed


def is_uk_csv(first: list[str], second: list[str]) -> bool:
    """The header is the first row or, after ``Report Date``, the second."""
    return any(_is_header(row) for row in (first, second))


def parse_uk_csv(data: bytes) -> ParsedList:
    """Raises ListFileError when the file is cut or has another header."""
    parsed = ParsedList(SOURCE, sha256_of(data))
    columns: list[str] = []
    grouped: dict[str, list[tuple[int, dict[str, str]]]] = {}
    for line, cells in csv_rows(data, "The UK list"):
        if not columns:
            if _is_header(cells):
                columns = [cell.strip().lower() for cell in cells]
            elif line == 1 and cells[0].lower().startswith("report date"):
                parsed.issued = cells[0].partition(":")[2].strip()
            else:
                raise ListFileError("The UK list has no header with Unique ID and Name 6.")
            continue
        parsed.rows_counted += 1
        row = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
        if not row.get("unique id"):
            parsed.refuse(f"line {line}", "It has no Unique ID.")
        else:
            grouped.setdefault(row["unique id"], []).append((line, row))
    if not grouped:
        raise ListFileError("The UK list holds no designation.")
    for unique_id, rows in grouped.items():
        facts = _facts_of_rows(unique_id, [row for _, row in rows])
        _keep(parsed, f"line {rows[0][0]}, {unique_id}", facts, rows=len(rows))
    return parsed


def _is_header(cells: list[str]) -> bool:
    return {cell.strip().lower() for cell in cells}.issuperset(CSV_COLUMNS)


def _keep(parsed: ParsedList, where: str, facts: _Facts, *, rows: int) -> None:
    notes = len(parsed.notes)
    try:
        parsed.entities.append(_entity(facts, where, parsed))
    except ValueError as error:
        del parsed.notes[notes:]
        parsed.problems += [ListProblem(where, str(error))] * rows
    else:
        parsed.rows_parsed += rows


def _entity(facts: _Facts, where: str, parsed: ParsedList) -> ListEntity:
    if not facts.id:
        raise ValueError("It has no Unique ID.")
    if facts.kind.lower() not in _KINDS:
        raise ValueError(f"Its type {facts.kind!r} is not known.")
    draft = Draft(SOURCE, facts.id, _KINDS[facts.kind.lower()], where)
    # Primary names first, whatever the order of the rows.
    for name in sorted(facts.names, key=lambda name: name.quality != Quality.PRIMARY):
        draft.add_name(name)
    if not draft.names:
        raise ValueError("It has no name.")
    for text in dict.fromkeys(facts.birth_dates):
        try:
            draft.add_birth_date(_birth_date(text))
        except ValueError as error:
            parsed.note(where, f"Birth date not read: {error}")
    for country in dict.fromkeys(facts.countries):
        draft.add_country(country, parsed)
    gender = next((each.lower() for each in facts.genders if each), "")
    return ListEntity(
        source=SOURCE,
        id=facts.id,
        kind=draft.kind,
        names=tuple(draft.names.values()),
        birth_dates=tuple(draft.birth_dates),
        countries=tuple(draft.countries),
        gender=Gender(gender) if gender in set(Gender) else None,
        identifiers=tuple(dict.fromkeys(facts.identifiers)),
        programmes=tuple(dict.fromkeys(filter(None, facts.programmes))),
        remarks="; ".join(dict.fromkeys(filter(None, facts.remarks)))[:_TEXTS_MAX],
        other_ids=tuple(dict.fromkeys(filter(None, facts.other_ids))),
    )


def _birth_date(text: str) -> PartialDate:
    """`15/03/1980`, `dd/03/1980`, `dd/mm/1980`. Raises ValueError for anything else."""
    found = _DATE.match(text.strip())
    if not found:
        raise ValueError(f"{text!r} is not a date.")
    day, month, year = found.groups()
    known_month = int(month) if month.isdigit() and int(month) else None
    known_day = int(day) if day.isdigit() and int(day) and known_month else None
    return PartialDate(int(year), known_month, known_day)


def _quality(name_type: str, strength: str) -> Quality:
    kind = " ".join(name_type.split()).lower()
    if kind == "primary name":
        return Quality.PRIMARY
    return Quality.WEAK if "low" in strength.lower() else Quality.STRONG


def _named(parts: list[str], name_type: str, strength: str) -> ListName:
    return ListName.of(" ".join(filter(None, parts)), _quality(name_type, strength))


# The XML


def _text(element: etree._Element, path: str) -> str:
    return " ".join((element.findtext(path) or "").split())


def _texts(element: etree._Element, path: str) -> list[str]:
    found = (" ".join((each.text or "").split()) for each in element.iterfind(path))
    return [text for text in found if text]


def _facts_of_element(element: etree._Element, unique_id: str) -> _Facts:
    names = [
        _named(
            [_text(name, field) for field in _NAME_FIELDS],
            _text(name, "NameType"),
            _text(name, "AliasStrength"),
        )
        for name in element.iterfind("Names/Name")
    ]
    scripts = _texts(element, "NonLatinNames/NonLatinName/NameNonLatinScript")
    person = "IndividualDetails/Individual"
    return _Facts(
        id=unique_id,
        kind=_text(element, "IndividualEntityShip"),
        names=names + [ListName.of(text, Quality.STRONG) for text in scripts],
        birth_dates=_texts(element, f"{person}/DOBs/DOB"),
        countries=[
            *_texts(element, f"{person}/Nationalities/Nationality"),
            *_texts(element, f"{person}/BirthDetails/Location/CountryOfBirth"),
            *_texts(element, "Addresses/Address/AddressCountry"),
            *_texts(
                element, "ShipDetails/Ship/CurrentBelievedFlagOfShips/CurrentBelievedFlagOfShip"
            ),
        ],
        genders=_texts(element, f"{person}/Genders/Gender"),
        identifiers=list(_identifiers_of_element(element, person)),
        programmes=_texts(element, "RegimeName"),
        remarks=_texts(element, f"{person}/Positions/Position")
        + _texts(element, "OtherInformation"),
        other_ids=[_text(element, "OFSIGroupID"), _text(element, "UNReferenceNumber")],
    )  # fmt: skip


def _identifiers_of_element(element: etree._Element, person: str) -> Iterator[Identifier]:
    national = f"{person}/NationalIdentifierDetails/NationalIdentifier/NationalIdentifierNumber"
    business = "EntityDetails/Entity/BusinessRegistrationNumbers/BusinessRegistrationNumber"
    for kind, path in (
        ("passport", f"{person}/PassportDetails/Passport/PassportNumber"),
        ("national id", national),
        ("registration number", business),
        ("imo", "ShipDetails/Ship/IMONumbers/IMONumber"),
    ):
        for value in _texts(element, path):
            yield Identifier(kind, value)


# The CSV

_CSV_IDENTIFIERS = {
    "passport number": "passport", "national identifier number": "national id",
    "business registration number (s)": "registration number", "imo number": "imo",
}  # fmt: skip
_CSV_COUNTRIES = ("nationality(/ies)", "country of birth", "address country",
                  "current believed flag of ship")  # fmt: skip


def _facts_of_rows(unique_id: str, rows: list[dict[str, str]]) -> _Facts:
    def every(*columns: str) -> list[str]:
        return [row[column] for column in columns for row in rows if row.get(column)]

    names = [
        _named(
            [row.get(f"name {number}", "") for number in (1, 2, 3, 4, 5, 6)],
            row.get("name type", ""),
            row.get("alias strength", ""),
        )
        for row in rows
    ]
    scripts = [ListName.of(text, Quality.STRONG) for text in every("name non-latin script")]
    return _Facts(
        id=unique_id,
        kind=rows[0].get("designation type", ""),
        names=names + scripts,
        birth_dates=every("d.o.b"),
        countries=every(*_CSV_COUNTRIES),
        genders=every("gender"),
        identifiers=[
            Identifier(kind, value)
            for column, kind in _CSV_IDENTIFIERS.items()
            for value in every(column)
        ],
        programmes=every("regime name"),
        remarks=every("position", "other information"),
        other_ids=every("ofsi group id", "un reference number"),
    )
