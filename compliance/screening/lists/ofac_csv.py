"""OFAC's Specially Designated Nationals in the comma-separated layout: SDN, ALT, ADD, comments.

Layout: the data dictionary that OFAC publishes beside the files ("dat_spec.txt"). `-0-` is null.
"""

import re
from collections.abc import Iterator, Mapping

from ..entities import Gender, Identifier, Kind, ListEntity, ListName, Quality
from .base import Draft, ListFileError, ParsedList, csv_rows, partial_date, sha256_of

SOURCE = "ofac_sdn"
SDN_COLUMNS, ALT_COLUMNS, ADD_COLUMNS, COMMENT_COLUMNS = 12, 5, 6, 2
_KINDS = {"": Kind.ENTITY, "individual": Kind.PERSON, "vessel": Kind.VESSEL,
          "aircraft": Kind.AIRCRAFT}  # fmt: skip


def parse_ofac_csv(
    sdn: bytes, alt: bytes = b"", add: bytes = b"", comments: bytes = b""
) -> ParsedList:
    """Raises ListFileError when a file is cut or is not of this layout."""
    parsed = ParsedList(SOURCE, sha256_of(sdn, alt, add, comments))
    drafts: dict[str, Draft] = {}
    for where, row in _rows(parsed, sdn, "sdn.csv", SDN_COLUMNS):
        _add_entity(parsed, drafts, where, row)
    if not drafts:
        raise ListFileError("sdn.csv holds no row of the SDN layout (12 columns, number first).")
    if alt:
        for _, row in _owned(parsed, drafts, alt, "alt.csv", ALT_COLUMNS):
            drafts[row[0]].add_name(ListName.of(row[3], Quality.STRONG))
    if add:
        for _, row in _owned(parsed, drafts, add, "add.csv", ADD_COLUMNS):
            drafts[row[0]].add_country(row[4], parsed)
    if comments:
        for _, row in _owned(parsed, drafts, comments, "sdn_comments.csv", COMMENT_COLUMNS):
            # A remark longer than its column goes on here, in the middle of a word.
            drafts[row[0]].remarks.append(row[1])
    parsed.entities = [_entity(draft, parsed) for draft in drafts.values()]
    return parsed


def _rows(
    parsed: ParsedList, data: bytes, name: str, columns: int
) -> Iterator[tuple[str, list[str]]]:
    for line, raw in csv_rows(data, name):
        where = f"{name} line {line}"
        parsed.rows_counted += 1
        row = ["" if cell.strip() == "-0-" else cell.strip() for cell in raw]
        if row[-1]:
            # The last column may go on in another file, so that its spaces count.
            row[-1] = raw[-1]
        if len(row) != columns:
            parsed.refuse(where, f"It has {len(row)} columns instead of {columns}.")
        elif not row[0].isdigit():
            parsed.refuse(where, f"It starts with {row[0]!r} instead of an entity number.")
        else:
            yield where, row


def _owned(
    parsed: ParsedList, drafts: Mapping[str, Draft], data: bytes, name: str, columns: int
) -> Iterator[tuple[str, list[str]]]:
    for where, row in _rows(parsed, data, name, columns):
        if row[0] in drafts:
            parsed.rows_parsed += 1
            yield where, row
        else:
            parsed.refuse(where, f"It belongs to entity {row[0]}, which sdn.csv does not hold.")


def _add_entity(parsed: ParsedList, drafts: dict[str, Draft], where: str, row: list[str]) -> None:
    number, name, kind_text, programmes = row[0], row[1], row[2].lower(), row[3]
    if number in drafts:
        parsed.refuse(where, f"Entity {number} is there twice.")
    elif not name:
        parsed.refuse(where, f"Entity {number} has no name.")
    elif kind_text not in _KINDS:
        parsed.refuse(where, f"The type {kind_text!r} is not known.")
    else:
        draft = drafts[number] = Draft(SOURCE, number, _KINDS[kind_text], where)
        draft.add_name(ListName.of(name, Quality.PRIMARY))
        draft.programmes = [each.strip("[] ") for each in programmes.split("] [") if each]
        draft.remarks = [row[11]]
        draft.add_country(row[9], parsed)
        if row[5]:
            draft.identifiers.append(Identifier("call sign", row[5]))
        parsed.rows_parsed += 1


_ALIAS = re.compile(r"^(?:alt\. )?[afn]\.k\.a\.,? '(.+?)'$")
_BIRTH = re.compile(r"^(?:alt\. )?DOB (.+)$")
_COUNTRY = re.compile(r"^(?:alt\. )?(?:nationality|citizen) (.+)$")
_GENDER = re.compile(r"^Gender (Male|Female)$")
_WALLET = re.compile(r"^(?:alt\. )?Digital Currency Address - (\w+) (\S+)$")
_VESSEL = re.compile(r"^(?:Vessel Registration Identification )?(IMO|MMSI) (\d+)$")
_NUMBER = re.compile(
    r"^(?:alt\. )?(?P<kind>Passport|National ID No\.|Identification Number|Tax ID No\.|"
    r"Registration (?:ID|Number)|Cedula No\.|C\.U\.R\.P\.|R\.F\.C\.|N\.?I\.?T\.?(?: #)?|RUC #|"
    r"SSN|D\.N\.I\.|Driver's License No\.|Electoral Registry No\.|Travel Document Number|"
    r"SWIFT/BIC|Commercial Registry Number|Company Number|Matricula Mercantil No\.?|"
    r"Folio Mercantil No\.|Legal Entity Number|Birth Certificate Number|Residency Number|"
    r"Stateless Person ID Card|Government Gazette Number|Business Number|"
    r"Business Registration (?:Document #|Number)|Cedula de Ciudadania|"
    r"Tarjeta Profesional|Unified Social Credit Code \(USCC\)|Personal ID Card|"
    r"Chinese Commercial Code|Aircraft Manufacturer's Serial Number \(MSN\))"
    r" (?P<value>[^()]*?)(?: \((?P<country>[^)]*)\))?"
    r"(?: (?:issued|expires|issue|Issued).*)?$"
)


def _entity(draft: Draft, parsed: ParsedList) -> ListEntity:
    remarks = "".join(draft.remarks).strip()
    gender = None
    for part in _parts(remarks):
        if match := _ALIAS.match(part):
            # OFAC prints its weak aliases in the remarks, in quotes, and nowhere else.
            draft.add_name(ListName.of(match[1], Quality.WEAK))
        elif match := _BIRTH.match(part):
            _add_birth_date(draft, match[1], parsed)
        elif match := _COUNTRY.match(part):
            draft.add_country(match[1], parsed)
        elif match := _GENDER.match(part):
            gender = Gender(match[1].lower())
        elif identifier := _identifier(part):
            draft.identifiers.append(identifier)
    return ListEntity(
        source=SOURCE,
        id=draft.id,
        kind=draft.kind,
        names=tuple(draft.names.values()),
        birth_dates=tuple(draft.birth_dates),
        countries=tuple(draft.countries),
        gender=gender,
        identifiers=tuple(dict.fromkeys(draft.identifiers)),
        programmes=tuple(draft.programmes),
        remarks=remarks,
    )


def _parts(remarks: str) -> Iterator[str]:
    text = remarks.removesuffix(".") if not remarks.endswith("a.") else remarks
    return (part.strip() for part in text.split(";"))


def _add_birth_date(draft: Draft, text: str, parsed: ParsedList) -> None:
    try:
        draft.add_birth_date(partial_date(text))
    except ValueError as error:
        parsed.note(draft.where, f"Birth date not read: {error}")


def _identifier(part: str) -> Identifier | None:
    if match := _WALLET.match(part):
        return Identifier("crypto address", match[2], "")
    if match := _VESSEL.match(part):
        return Identifier(match[1].lower(), match[2])
    match = _NUMBER.match(part)
    if match is None or not any(char.isdigit() for char in match["value"]):
        return None
    kind = match["kind"].lower().removesuffix(" no.").removesuffix(" #").removesuffix(" number")
    return Identifier(kind, match["value"].split(" issued")[0].strip(), match["country"] or "")
