"""OFAC's SDN list in its classic XML layout (`sdn.xml`, root `sdnList`)."""

from lxml import etree

from ..entities import Gender, Identifier, Kind, ListEntity, ListName, Quality
from .base import Draft, ListFileError, ParsedList, partial_date, sha256_of, xml_elements, xml_root
from .ofac_csv import SOURCE

_KINDS = {"individual": Kind.PERSON, "entity": Kind.ENTITY, "vessel": Kind.VESSEL,
          "aircraft": Kind.AIRCRAFT}  # fmt: skip


def parse_ofac_xml(data: bytes) -> ParsedList:
    """Raises ListFileError when the file is cut, hostile or another format."""
    root, _ = xml_root(data)
    if root != "sdnList":
        raise ListFileError(f"This is not OFAC's sdn.xml: its root element is {root!r}.")
    parsed = ParsedList(SOURCE, sha256_of(data))
    for element in xml_elements(data, "The OFAC list", "sdnEntry", "Publish_Date"):
        if etree.QName(element).localname == "Publish_Date":
            parsed.issued = (element.text or "").strip()
            continue
        parsed.rows_counted += 1
        where = f"line {element.sourceline}, entity {_text(element, 'uid') or 'without number'}"
        try:
            parsed.entities.append(_entity(element, where, parsed))
        except ValueError as error:
            parsed.refuse(where, str(error))
        else:
            parsed.rows_parsed += 1
    if not parsed.rows_counted:
        raise ListFileError("The OFAC list holds no sdnEntry.")
    return parsed


def _text(element: etree._Element, tag: str) -> str:
    return " ".join((element.findtext(f"{{*}}{tag}") or "").split())


def _all(element: etree._Element, group: str, item: str) -> list[etree._Element]:
    return list(element.iterfind(f"{{*}}{group}/{{*}}{item}"))


def _name(element: etree._Element, quality: Quality) -> ListName:
    last, first = _text(element, "lastName"), _text(element, "firstName")
    return ListName.of(f"{last}, {first}" if first else last, quality)


def _entity(element: etree._Element, where: str, parsed: ParsedList) -> ListEntity:
    number, kind_text = _text(element, "uid"), _text(element, "sdnType").lower()
    if not number:
        raise ValueError("It has no uid.")
    if kind_text not in _KINDS:
        raise ValueError(f"Its type {kind_text!r} is not known.")
    draft = Draft(SOURCE, number, _KINDS[kind_text], where)
    draft.add_name(_name(element, Quality.PRIMARY))
    for alias in _all(element, "akaList", "aka"):
        weak = _text(alias, "category").lower() == "weak"
        draft.add_name(_name(alias, Quality.WEAK if weak else Quality.STRONG))
    for born in _all(element, "dateOfBirthList", "dateOfBirthItem"):
        try:
            draft.add_birth_date(partial_date(_text(born, "dateOfBirth")))
        except ValueError as error:
            parsed.note(where, f"Birth date not read: {error}")
    for group in ("nationality", "citizenship", "address"):
        for place in _all(element, f"{group}List", group):
            draft.add_country(_text(place, "country"), parsed)
    gender = _add_identifiers(draft, element)
    return ListEntity(
        source=SOURCE,
        id=number,
        kind=draft.kind,
        names=tuple(draft.names.values()),
        birth_dates=tuple(draft.birth_dates),
        countries=tuple(draft.countries),
        gender=gender,
        identifiers=tuple(dict.fromkeys(draft.identifiers)),
        programmes=tuple(
            (each.text or "").strip() for each in _all(element, "programList", "program")
        ),
        remarks=_text(element, "remarks"),
    )


def _add_identifiers(draft: Draft, element: etree._Element) -> Gender | None:
    """The list keeps the gender among the identifiers."""
    gender = None
    for item in _all(element, "idList", "id"):
        kind, value = _text(item, "idType").lower(), _text(item, "idNumber")
        if kind == "gender" and (_text(item, "idNumber") or "").lower() in set(Gender):
            gender = Gender(value.lower())
        elif kind.startswith("digital currency address") and value:
            draft.identifiers.append(Identifier("crypto address", value))
        elif value:
            kind = kind.removesuffix(" no.").removesuffix(" #").removesuffix(" number")
            draft.identifiers.append(Identifier(kind, value, _text(item, "idCountry")))
    return gender
