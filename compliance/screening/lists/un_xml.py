"""The United Nations Security Council Consolidated List in XML."""

from lxml import etree

from ..entities import Gender, Identifier, Kind, ListEntity, ListName, PartialDate, Quality
from .base import Draft, ListFileError, ParsedList, partial_date, sha256_of, xml_elements, xml_root

SOURCE = "un_consolidated"
_NAME_FIELDS = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME")
# The list writes "na" where an Afghan or Iraqi name has no further part.
_NO_NAME_PART = {"na", "n/a", "nil", "-"}


def parse_un_xml(data: bytes) -> ParsedList:
    """Raises ListFileError when the file is cut, hostile or another format."""
    root, attributes = xml_root(data)
    if root != "CONSOLIDATED_LIST":
        raise ListFileError(f"This is not the UN consolidated list: its root element is {root!r}.")
    parsed = ParsedList(SOURCE, sha256_of(data), issued=attributes.get("dateGenerated", ""))
    for element in xml_elements(data, "The UN list", "INDIVIDUAL", "ENTITY"):
        parsed.rows_counted += 1
        where = f"line {element.sourceline}, {_text(element, 'REFERENCE_NUMBER') or 'no reference'}"
        try:
            parsed.entities.append(_entity(element, where, parsed))
        except ValueError as error:
            parsed.refuse(where, str(error))
        else:
            parsed.rows_parsed += 1
    if not parsed.rows_counted:
        raise ListFileError("The UN list holds no individual and no entity.")
    return parsed


def _text(element: etree._Element, tag: str) -> str:
    return " ".join((element.findtext(tag) or "").split())


def _values(element: etree._Element, tag: str) -> list[str]:
    found = (" ".join((value.text or "").split()) for value in element.iterfind(f"{tag}/VALUE"))
    return [value for value in found if value]


def _entity(element: etree._Element, where: str, parsed: ParsedList) -> ListEntity:
    person = element.tag == "INDIVIDUAL"
    reference, data_id = _text(element, "REFERENCE_NUMBER"), _text(element, "DATAID")
    if not reference and not data_id:
        raise ValueError("It has neither a reference number nor a DATAID.")
    kind = Kind.PERSON if person else Kind.ENTITY
    draft = Draft(SOURCE, reference or data_id, kind, where)
    _add_names(draft, element, "INDIVIDUAL_ALIAS" if person else "ENTITY_ALIAS")
    if not draft.names:
        raise ValueError("It has no name.")
    for born in element.iterfind("INDIVIDUAL_DATE_OF_BIRTH"):
        _add_birth_date(draft, born, parsed)
    for nationality in _values(element, "NATIONALITY"):
        draft.add_country(nationality, parsed)
    for address in element.iterfind("INDIVIDUAL_ADDRESS" if person else "ENTITY_ADDRESS"):
        draft.add_country(_text(address, "COUNTRY"), parsed)
    for document in element.iterfind("INDIVIDUAL_DOCUMENT"):
        _add_document(draft, document)
    gender = _text(element, "GENDER").lower()
    return ListEntity(
        source=SOURCE,
        id=draft.id,
        kind=kind,
        names=tuple(draft.names.values()),
        birth_dates=tuple(draft.birth_dates),
        countries=tuple(draft.countries),
        gender=Gender(gender) if gender in {"male", "female"} else None,
        identifiers=tuple(dict.fromkeys(draft.identifiers)),
        programmes=tuple(filter(None, [_text(element, "UN_LIST_TYPE")])),
        remarks="; ".join(
            filter(None, [*_values(element, "DESIGNATION"), _text(element, "COMMENTS1")])
        ),
        other_ids=(data_id,) if reference and data_id else (),
    )


def _add_names(draft: Draft, element: etree._Element, alias_tag: str) -> None:
    parts = [_text(element, tag) for tag in _NAME_FIELDS]
    whole = " ".join(part for part in parts if part and part.lower() not in _NO_NAME_PART)
    draft.add_name(ListName.of(whole, Quality.PRIMARY))
    draft.add_name(ListName.of(_text(element, "NAME_ORIGINAL_SCRIPT"), Quality.STRONG))
    for alias in element.iterfind(alias_tag):
        weak = _text(alias, "QUALITY").lower() == "low"
        name = _text(alias, "ALIAS_NAME")
        draft.add_name(ListName.of(name, Quality.WEAK if weak else Quality.STRONG))


def _add_birth_date(draft: Draft, born: etree._Element, parsed: ParsedList) -> None:
    circa = _text(born, "TYPE_OF_DATE").upper() == "APPROXIMATELY"
    first, last = _text(born, "FROM_YEAR"), _text(born, "TO_YEAR")
    text = _text(born, "DATE") or _text(born, "YEAR")
    try:
        if first and last:
            when = PartialDate(int(first), year_last=int(last), circa=circa)
        elif first or last or text:
            when = partial_date(text or first or last)
            when = PartialDate(when.year, when.month, when.day, when.year_last, circa or when.circa)
        else:
            return
    except ValueError as error:
        parsed.note(draft.where, f"Birth date not read: {error}")
    else:
        draft.add_birth_date(when)


def _add_document(draft: Draft, document: etree._Element) -> None:
    number = _text(document, "NUMBER")
    if number:
        kind = (_text(document, "TYPE_OF_DOCUMENT") or "document").lower()
        country = _text(document, "ISSUING_COUNTRY") or _text(document, "COUNTRY_OF_ISSUE")
        draft.identifiers.append(Identifier(kind, number, country))
