"""OpenSanctions' FollowTheMoney files: one JSON object per line.

`entities.ftm.json` lists everything apart, sanctions and passports too; `targets.nested.json` puts
what belongs to a target inside its properties. Only who can be screened becomes an entity: of
passports, wallets and sanctions what is nested is read, what stands apart is passed over.
The data needs the tenant's own licence from OpenSanctions.
"""

import json
from collections.abc import Iterator
from typing import Any

from ..entities import Gender, Identifier, Kind, ListEntity, ListName, Quality
from .base import FILE_BYTES_MAX, Draft, ListFileError, ParsedList, partial_date, sha256_of
from .simple_csv import OPENSANCTIONS_SOURCE

KINDS = {
    "Person": Kind.PERSON, "Vessel": Kind.VESSEL, "Airplane": Kind.AIRCRAFT,
    "Company": Kind.ENTITY, "Organization": Kind.ENTITY, "LegalEntity": Kind.ENTITY,
    "PublicBody": Kind.ENTITY, "CryptoWallet": Kind.ENTITY, "Asset": Kind.ENTITY,
}  # fmt: skip
_NAMES = (("name", Quality.PRIMARY), ("alias", Quality.STRONG), ("previousName", Quality.STRONG),
          ("weakAlias", Quality.WEAK))  # fmt: skip
_DATES = ("birthDate",)
_COUNTRIES = ("country", "nationality", "citizenship", "jurisdiction", "flag", "mainCountry")
_IDENTIFIERS = {
    "passportNumber": "passport", "idNumber": "national id", "taxNumber": "tax id",
    "registrationNumber": "registration number", "ogrnCode": "ogrn", "innCode": "inn",
    "leiCode": "lei", "imoNumber": "imo", "mmsi": "mmsi", "swiftBic": "bic",
    "publicKey": "crypto address", "cryptoWallet": "crypto address", "number": "document",
}  # fmt: skip
_REMARKS = ("notes", "position")
_REMARKS_MAX = 4_000


def is_ftm_json(data: bytes) -> bool:
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:4_096]
    return start.startswith(b"{") and b'"schema"' in data[:1_000_000].split(b"\n", 1)[0]


def parse_ftm_json(data: bytes) -> ParsedList:
    """Raises ListFileError when the file is cut, too large or not one object per line."""
    if len(data) > FILE_BYTES_MAX:
        raise ListFileError(f"The list is larger than {FILE_BYTES_MAX // 1024 // 1024} MB.")
    parsed = ParsedList(OPENSANCTIONS_SOURCE, sha256_of(data))
    seen: set[str] = set()
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        if not line.strip():
            continue
        row = _object(line, number)
        if row.get("schema") not in KINDS or row.get("target") is False:
            continue  # a sanction, a document, a relation, or someone who is only near a target
        parsed.rows_counted += 1
        where = f"line {number}, {str(row.get('id', 'without id'))[:80]}"
        try:
            entity = _entity(row, where, parsed)
            if entity.id in seen:
                raise ValueError(f"The id {entity.id!r} is there twice.")
        except ValueError as error:
            parsed.refuse(where, str(error))
        else:
            seen.add(entity.id)
            parsed.entities.append(entity)
            parsed.rows_parsed += 1
    if not parsed.rows_counted:
        raise ListFileError("The list holds no one who can be screened.")
    return parsed


def _object(line: bytes, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ListFileError(f"Line {number} is cut short or no JSON: {error}.") from error
    if not isinstance(row, dict) or not isinstance(row.get("properties"), dict):
        raise ListFileError(f"Line {number} is no entity with properties.")
    return row


def _entity(row: dict[str, Any], where: str, parsed: ParsedList) -> ListEntity:
    entity_id = row.get("id")
    if not isinstance(entity_id, str) or not entity_id or len(entity_id) > 120:  # noqa: PLR2004 - the column
        raise ValueError("It has no id that can be kept.")
    properties: dict[str, Any] = row["properties"]
    draft = Draft(OPENSANCTIONS_SOURCE, entity_id, KINDS[str(row["schema"])], where)
    for field, quality in _NAMES:
        for text in _values(properties, field):
            draft.add_name(ListName.of(text, quality))
    if not draft.names and isinstance(row.get("caption"), str):
        draft.add_name(ListName.of(row["caption"], Quality.PRIMARY))
    for field in _DATES:
        for text in _values(properties, field):
            try:
                draft.add_birth_date(partial_date(text))
            except ValueError as error:
                parsed.note(where, f"Birth date not read: {error}")
    for field in _COUNTRIES:
        for text in _values(properties, field):
            draft.add_country(text, parsed)
    gender = next(iter(_values(properties, "gender")), "")
    return ListEntity(
        source=OPENSANCTIONS_SOURCE,
        id=entity_id,
        kind=draft.kind,
        names=tuple(draft.names.values()),
        birth_dates=tuple(draft.birth_dates),
        countries=tuple(draft.countries),
        gender=Gender(gender) if gender in set(Gender) else None,
        identifiers=tuple(dict.fromkeys(_identifiers(properties))),
        programmes=tuple(dict.fromkeys(_programmes(row, properties))),
        remarks="; ".join(t for f in _REMARKS for t in _values(properties, f))[:_REMARKS_MAX],
        other_ids=tuple(each for each in _listed(row.get("referents")) if isinstance(each, str)),
    )


def _values(properties: dict[str, Any], field: str) -> list[str]:
    """The texts of a property; nested entities in its place are not texts."""
    values = properties.get(field)
    return [" ".join(each.split()) for each in _listed(values) if isinstance(each, str)]


def _listed(values: Any) -> list[Any]:
    return values if isinstance(values, list) else []


def _nested(properties: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The properties of what is nested one level deep: passports, wallets, sanctions."""
    for values in properties.values():
        for each in _listed(values):
            if isinstance(each, dict) and isinstance(each.get("properties"), dict):
                yield each


def _identifiers(properties: dict[str, Any]) -> Iterator[Identifier]:
    for field, kind in _IDENTIFIERS.items():
        for value in _values(properties, field):
            yield Identifier(kind, value)
    for each in _nested(properties):
        if each.get("schema") in {"Passport", "Identification", "CryptoWallet"}:
            kind = "passport" if each["schema"] == "Passport" else "document"
            for value in _values(each["properties"], "number"):
                yield Identifier(kind, value)
            for value in _values(each["properties"], "publicKey"):
                yield Identifier("crypto address", value)


def _programmes(row: dict[str, Any], properties: dict[str, Any]) -> Iterator[str]:
    yield from _values(properties, "programId")
    yield from _values(properties, "topics")
    for each in _nested(properties):
        if each.get("schema") == "Sanction":
            yield from _values(each["properties"], "programId")
    yield from (each for each in _listed(row.get("datasets")) if isinstance(each, str))
