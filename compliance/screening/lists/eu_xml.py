"""The European Union's consolidated financial sanctions file (FSF), XML 1.1."""

from lxml import etree

from ..entities import Gender, Identifier, Kind, ListEntity, ListName, PartialDate, Quality
from .base import Draft, ListFileError, ParsedList, partial_date, sha256_of, xml_elements, xml_root

SOURCE = "eu_fsf"
_KINDS = {"person": Kind.PERSON, "enterprise": Kind.ENTITY, "vessel": Kind.VESSEL,
          "aircraft": Kind.AIRCRAFT}  # fmt: skip
_GENDERS = {"M": Gender.MALE, "F": Gender.FEMALE}


def parse_eu_xml(data: bytes) -> ParsedList:
    """Raises ListFileError when the file is cut, hostile or another format."""
    root, attributes = xml_root(data)
    if root != "export":
        raise ListFileError(f"This is not the EU FSF file: its root element is {root!r}.")
    parsed = ParsedList(SOURCE, sha256_of(data), issued=attributes.get("generationDate", ""))
    for element in xml_elements(data, "The EU list", "sanctionEntity"):
        parsed.rows_counted += 1
        where = f"line {element.sourceline}, entity {element.get('logicalId', 'without id')}"
        try:
            parsed.entities.append(_entity(element, where, parsed))
        except ValueError as error:
            parsed.refuse(where, str(error))
        else:
            parsed.rows_parsed += 1
    if not parsed.rows_counted:
        raise ListFileError("The EU list holds no sanctionEntity.")
    return parsed


def _children(element: etree._Element, tag: str) -> list[etree._Element]:
    return list(element.iterfind(f"{{*}}{tag}"))


def _entity(element: etree._Element, where: str, parsed: ParsedList) -> ListEntity:
    logical_id, reference = element.get("logicalId", ""), element.get("euReferenceNumber", "")
    if not logical_id:
        raise ValueError("It has no logicalId.")
    subjects = [subject.get("code", "") for subject in _children(element, "subjectType")]
    if not subjects or subjects[0] not in _KINDS:
        raise ValueError(f"Its subject type {subjects[:1]} is not known.")
    draft = Draft(SOURCE, logical_id, _KINDS[subjects[0]], where)
    aliases = _children(element, "nameAlias")
    _add_names(draft, aliases)
    if not draft.names:
        raise ValueError("It has no name.")
    for born in _children(element, "birthdate"):
        _add_birth_date(draft, born, parsed)
        draft.add_country(born.get("countryIso2Code"), parsed)
    for tag in ("citizenship", "address"):
        for place in _children(element, tag):
            draft.add_country(place.get("countryIso2Code"), parsed)
    for document in _children(element, "identification"):
        number = document.get("number") or document.get("latinNumber") or ""
        if number:
            kind = document.get("identificationTypeCode", "document").lower()
            draft.identifiers.append(
                Identifier(kind, number, document.get("countryIso2Code", "").replace("00", ""))
            )
    genders = (_GENDERS.get(alias.get("gender", "")) for alias in aliases)
    return ListEntity(
        source=SOURCE,
        id=logical_id,
        kind=draft.kind,
        names=tuple(draft.names.values()),
        birth_dates=tuple(draft.birth_dates),
        countries=tuple(draft.countries),
        gender=next((gender for gender in genders if gender), None),
        identifiers=tuple(dict.fromkeys(draft.identifiers)),
        programmes=_programmes(element),
        remarks="; ".join(
            " ".join((remark.text or "").split()) for remark in _children(element, "remark")
        ),
        other_ids=tuple(filter(None, [reference, element.get("unitedNationId", "")])),
    )


def _programmes(element: etree._Element) -> tuple[str, ...]:
    found = (each.get("programme", "") for each in _children(element, "regulation"))
    return tuple(dict.fromkeys(filter(None, found)))


def _add_names(draft: Draft, aliases: list[etree._Element]) -> None:
    for alias in aliases:
        text = alias.get("wholeName", "").strip() or " ".join(
            filter(None, (alias.get(part, "") for part in ("firstName", "middleName", "lastName")))
        )
        if alias.get("strong", "true") == "false":
            quality = Quality.WEAK
        else:
            quality = Quality.STRONG if draft.names else Quality.PRIMARY
        draft.add_name(ListName.of(text, quality))


def _add_birth_date(draft: Draft, born: etree._Element, parsed: ParsedList) -> None:
    circa = born.get("circa") == "true"
    first, last = born.get("yearRangeFrom", ""), born.get("yearRangeTo", "")
    whole, year = born.get("birthdate", ""), born.get("year", "")
    month, day = born.get("monthOfYear", ""), born.get("dayOfMonth", "")
    try:
        if whole:
            read = partial_date(whole)
            when = PartialDate(read.year, read.month, read.day, circa=circa)
        elif first and last:
            when = PartialDate(int(first), year_last=int(last), circa=circa)
        elif year:
            numbers = int(month) if month else None, int(day) if month and day else None
            when = PartialDate(int(year), *numbers, circa=circa)
        else:
            return
    except ValueError as error:
        parsed.note(draft.where, f"Birth date not read: {error}")
    else:
        draft.add_birth_date(when)
