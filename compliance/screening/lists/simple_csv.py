"""Two comma-separated layouts with a header: OpenSanctions' simple targets and tenant lists."""

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

from ..entities import Gender, Identifier, Kind, ListEntity, ListName, Quality
from .base import Draft, ListFileError, ParsedList, csv_rows, partial_date, sha256_of

OPENSANCTIONS_SOURCE = "opensanctions"
TENANT_SOURCE = "tenant"
OPENSANCTIONS_COLUMNS = ("id", "schema", "name", "aliases", "birth_date", "countries",
                         "identifiers", "sanctions", "dataset")  # fmt: skip
TENANT_COLUMNS = ("id", "kind", "name", "aliases", "weak_aliases", "birth_dates", "countries",
                  "gender", "identifiers", "programmes", "remarks")  # fmt: skip
_TENANT_REQUIRED = ("id", "name")
_SCHEMAS = {
    "Person": Kind.PERSON, "Vessel": Kind.VESSEL, "Airplane": Kind.AIRCRAFT,
    "Company": Kind.ENTITY, "Organization": Kind.ENTITY, "LegalEntity": Kind.ENTITY,
    "PublicBody": Kind.ENTITY, "CryptoWallet": Kind.ENTITY, "Asset": Kind.ENTITY,
}  # fmt: skip


class Row(NamedTuple):
    where: str
    cells: dict[str, str]

    def many(self, column: str) -> list[str]:
        """A cell with several values, split at semicolons; OpenSanctions quotes those inside."""
        cell = self.cells.get(column, "")
        if not cell:
            return []
        (values,) = csv.reader(io.StringIO(cell.replace("\n", " ")), delimiter=";")
        return [value.strip() for value in values if value.strip()]


def _rows(
    parsed: ParsedList, data: bytes, required: tuple[str, ...], known: tuple[str, ...] | None
) -> Iterator[Row]:
    rows = csv_rows(data, "The list")
    _, header = next(rows)
    columns = [column.strip().lower() for column in header]
    missing = [column for column in required if column not in columns]
    if missing:
        raise ListFileError(f"The header lacks the columns {', '.join(missing)}.")
    unknown = [column for column in columns if known is not None and column not in known]
    if unknown:
        raise ListFileError(f"The header has columns that no one reads: {', '.join(unknown)}.")
    seen: set[str] = set()
    for line, cells in rows:
        parsed.rows_counted += 1
        where = f"line {line}"
        row = Row(where, dict(zip(columns, (cell.strip() for cell in cells), strict=False)))
        if len(cells) != len(columns):
            parsed.refuse(where, f"It has {len(cells)} columns, the header has {len(columns)}.")
        elif not row.cells["id"] or not row.cells["name"]:
            parsed.refuse(where, "It lacks an id or a name.")
        elif row.cells["id"] in seen:
            parsed.refuse(where, f"The id {row.cells['id']!r} is there twice.")
        else:
            seen.add(row.cells["id"])
            yield row


def parse_opensanctions_csv(data: bytes) -> ParsedList:
    """`targets.simple.csv`. The data needs the tenant's own licence from OpenSanctions."""
    parsed = ParsedList(OPENSANCTIONS_SOURCE, sha256_of(data))
    for row in _rows(parsed, data, OPENSANCTIONS_COLUMNS, None):
        schema = row.cells["schema"]
        if schema not in _SCHEMAS:
            parsed.refuse(row.where, f"The schema {schema!r} is not screened by name.")
            continue
        draft = Draft(OPENSANCTIONS_SOURCE, row.cells["id"], _SCHEMAS[schema], row.where)
        draft.add_name(ListName.of(row.cells["name"], Quality.PRIMARY))
        for alias in row.many("aliases"):
            draft.add_name(ListName.of(alias, Quality.STRONG))
        _add_dates_and_countries(draft, row, "birth_date", parsed)
        kind = "crypto address" if schema == "CryptoWallet" else "identifier"
        identifiers = tuple(Identifier(kind, each) for each in row.many("identifiers"))
        parsed.entities.append(
            ListEntity(
                source=OPENSANCTIONS_SOURCE,
                id=draft.id,
                kind=draft.kind,
                names=tuple(draft.names.values()),
                birth_dates=tuple(draft.birth_dates),
                countries=tuple(draft.countries),
                identifiers=identifiers,
                programmes=(*row.many("program_ids"), *row.many("dataset")),
                remarks=row.cells["sanctions"],
            )
        )
        parsed.rows_parsed += 1
    return parsed


def parse_tenant_csv(data: bytes, source: str = TENANT_SOURCE) -> ParsedList:
    """A list of the brokerage's own. Only `id` and `name` are needed; semicolons part values.

    An identifier is `kind:value` or `kind:value:country`.
    """
    parsed = ParsedList(source, sha256_of(data))
    for row in _rows(parsed, data, _TENANT_REQUIRED, TENANT_COLUMNS):
        try:
            parsed.entities.append(_tenant_entity(row, source, parsed))
        except ValueError as error:
            parsed.refuse(row.where, str(error))
        else:
            parsed.rows_parsed += 1
    return parsed


def _tenant_entity(row: Row, source: str, parsed: ParsedList) -> ListEntity:
    kind, gender = row.cells.get("kind", "").lower(), row.cells.get("gender", "").lower()
    if kind and kind not in set(Kind):
        raise ValueError(f"The kind {kind!r} is not one of {', '.join(Kind)}.")
    if gender and gender not in set(Gender):
        raise ValueError(f"The gender {gender!r} is not one of {', '.join(Gender)}.")
    draft = Draft(source, row.cells["id"], Kind(kind or Kind.PERSON), row.where)
    draft.add_name(ListName.of(row.cells["name"], Quality.PRIMARY))
    for column, quality in (("aliases", Quality.STRONG), ("weak_aliases", Quality.WEAK)):
        for alias in row.many(column):
            draft.add_name(ListName.of(alias, quality))
    _add_dates_and_countries(draft, row, "birth_dates", parsed)
    for text in row.many("identifiers"):
        name, _, rest = text.partition(":")
        value, _, country = rest.partition(":")
        if not value:
            raise ValueError(f"The identifier {text!r} is not kind:value or kind:value:country.")
        draft.identifiers.append(Identifier(name.lower(), value, country))
    return ListEntity(
        source=source,
        id=draft.id,
        kind=draft.kind,
        names=tuple(draft.names.values()),
        birth_dates=tuple(draft.birth_dates),
        countries=tuple(draft.countries),
        gender=Gender(gender) if gender else None,
        identifiers=tuple(draft.identifiers),
        programmes=tuple(row.many("programmes")),
        remarks=row.cells.get("remarks", ""),
    )


def _add_dates_and_countries(draft: Draft, row: Row, column: str, parsed: ParsedList) -> None:
    for text in row.many(column):
        try:
            draft.add_birth_date(partial_date(text))
        except ValueError as error:
            parsed.note(row.where, f"Birth date not read: {error}")
    for text in row.many("countries"):
        draft.add_country(text, parsed)
