# ruff: noqa: E501 - rows of list files, as long as they are published
"""The UK list in both its layouts and OpenSanctions' JSON lines become entities."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.screening.entities import Gender, Identifier, Kind, PartialDate, Quality
from compliance.screening.lists import (
    ListFileError,
    parse_eu_xml,
    parse_ftm_json,
    parse_list,
    parse_ofac_xml,
    parse_uk_csv,
    parse_uk_xml,
    parse_un_xml,
)

UK_XML = """<?xml version="1.0" encoding="utf-8"?>
<Designations><DateGenerated>13/02/2026</DateGenerated>
<Designation><UniqueID>DEM0006</UniqueID><OFSIGroupID>7172</OFSIGroupID>
<UNReferenceNumber>XDi.002</UNReferenceNumber><Names>
<Name><Name6>Nosferatu</Name6><NameType>ALias</NameType><AliasStrength>Low quality a.k.a</AliasStrength></Name>
<Name><Name1>GRAF</Name1><Name2>VON</Name2><Name6>ORLOK</Name6><NameType>Primary name</NameType></Name>
<Name><Name6>Count Orlok</Name6><NameType>Primary Name Variation</NameType></Name></Names>
<NonLatinNames><NonLatinName><NameNonLatinScript>أورلوك</NameNonLatinScript></NonLatinName></NonLatinNames>
<RegimeName>The Demo (Sanctions) Regulations</RegimeName>
<IndividualEntityShip>Individual</IndividualEntityShip>
<OtherInformation>Sails at night.</OtherInformation>
<Addresses><Address><AddressLine6>Wisborg</AddressLine6><AddressCountry>Germany</AddressCountry></Address></Addresses>
<IndividualDetails><Individual><DOBs><DOB>dd/mm/1945</DOB><DOB>18/06/1944</DOB><DOB>31/02/1944</DOB></DOBs>
<Nationalities><Nationality>Romania</Nationality></Nationalities><Genders><Gender>Male</Gender></Genders>
<PassportDetails><Passport><PassportNumber>X12345</PassportNumber></Passport></PassportDetails>
</Individual></IndividualDetails></Designation>
<Designation><UniqueID>DEM0009</UniqueID><Names><Name><Name6>EMPUSA</Name6><NameType>Primary Name</NameType></Name></Names>
<IndividualEntityShip>Ship</IndividualEntityShip><ShipDetails><Ship><IMONumbers><IMONumber>9387786</IMONumber></IMONumbers>
<CurrentBelievedFlagOfShips><CurrentBelievedFlagOfShip>Panama</CurrentBelievedFlagOfShip></CurrentBelievedFlagOfShips>
</Ship></ShipDetails></Designation>
<Designation><UniqueID>DEM0010</UniqueID><IndividualEntityShip>Entity</IndividualEntityShip></Designation>
</Designations>""".encode()

UK_HEADER = (
    "Last Updated,Unique ID,OFSI Group ID,UN Reference Number,Name 6,Name 1,Name 2,Name 3,Name 4,"
    "Name 5,Name type,Alias strength,Title,Name non-latin script,Regime Name,Designation Type,"
    "Address Country,D.O.B,Nationality(/ies),Passport number,Gender,IMO number"
)
UK_CSV = f"""Report Date: 13-Feb-2026
{UK_HEADER}
12/01/2022,DEM0006,7172,XDi.002,ORLOK,GRAF,VON,,,,Primary Name,,Count,أورلوك,Demo,Individual,Germany,18/06/1944,Romania,X12345,Male,
12/01/2022,DEM0006,7172,XDi.002,Nosferatu,,,,,,Alias,Low quality a.k.a,,,Demo,Individual,,dd/mm/1945,,,,
12/01/2022,DEM0009,,,EMPUSA,,,,,,Primary Name,,,,Demo,Ship,,,,,,9387786
12/01/2022,,,,NOBODY,,,,,,Primary Name,,,,Demo,Entity,,,,,,
""".encode()


def _ftm(**changes: Any) -> dict[str, Any]:
    return {
        "id": "NK-1",
        "caption": "Graf Orlok",
        "schema": "Person",
        "target": True,
        "datasets": ["demo_list"],
        "referents": ["demo-1"],
        "properties": {
            "name": ["Graf Orlok", "أورلوك"],
            "weakAlias": ["Nosferatu"],
            "birthDate": ["1944-06-18", "soon"],
            "nationality": ["ro"],
            "gender": ["male"],
            "passportNumber": ["X12345"],
            "topics": ["sanction"],
            "sanctions": [{"schema": "Sanction", "properties": {"programId": ["DEMO"]}}],
            "walletOf": [{"schema": "CryptoWallet", "properties": {"publicKey": ["1Abc9"]}}],
        },
        **changes,
    }


def _lines(*rows: dict[str, Any]) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def test_the_uk_xml_gives_persons_ships_and_what_is_wrong_with_the_rest() -> None:
    parsed = parse_list(UK_XML)
    assert (parsed.source, parsed.issued, parsed.rows_counted) == ("uk_sanctions", "13/02/2026", 3)
    assert parsed.balanced
    assert [problem.reason for problem in parsed.problems] == ["It has no name."]
    orlok, ship = parsed.entities
    assert [(name.text, name.quality) for name in orlok.names] == [
        ("GRAF VON ORLOK", Quality.PRIMARY),
        ("Nosferatu", Quality.WEAK),
        ("Count Orlok", Quality.STRONG),
        ("أورلوك", Quality.STRONG),
    ]
    assert orlok.birth_dates == (PartialDate(1945), PartialDate(1944, 6, 18))
    assert orlok.countries == ("RO", "DE")
    assert orlok.gender == Gender.MALE
    assert orlok.identifiers == (Identifier("passport", "X12345"),)
    assert orlok.other_ids == ("7172", "XDi.002")
    assert "Birth date not read" in parsed.notes[0].reason
    assert (ship.kind, ship.countries) == (Kind.VESSEL, ("PA",))
    assert ship.identifiers == (Identifier("imo", "9387786"),)


def test_the_uk_csv_joins_its_rows_by_their_unique_id() -> None:
    parsed = parse_list(UK_CSV)
    assert (parsed.issued, parsed.rows_counted, parsed.rows_parsed) == ("13-Feb-2026", 4, 3)
    assert [problem.reason for problem in parsed.problems] == ["It has no Unique ID."]
    orlok, ship = parsed.entities
    assert [name.text for name in orlok.names] == ["GRAF VON ORLOK", "Nosferatu", "أورلوك"]
    assert orlok.birth_dates == (PartialDate(1944, 6, 18), PartialDate(1945))
    assert (orlok.countries, ship.kind) == (("RO", "DE"), Kind.VESSEL)


def test_a_uk_csv_without_its_header_is_refused() -> None:
    with pytest.raises(ListFileError, match="no header"):
        parse_uk_csv(UK_CSV.replace(b"Unique ID", b"Number"))
    with pytest.raises(ListFileError, match="no designation"):
        parse_uk_csv(UK_HEADER.encode())


def test_an_ftm_file_gives_targets_with_what_is_nested_in_them() -> None:
    near = _ftm(id="NK-2", target=False)
    sanction = {"id": "s1", "schema": "Sanction", "properties": {"entity": ["NK-1"]}}
    parsed = parse_list(_lines(_ftm(), near, sanction))
    assert (parsed.source, parsed.rows_counted, parsed.rows_parsed) == ("opensanctions", 1, 1)
    (orlok,) = parsed.entities
    assert [(name.text, name.quality) for name in orlok.names] == [
        ("Graf Orlok", Quality.PRIMARY),
        ("أورلوك", Quality.PRIMARY),
        ("Nosferatu", Quality.WEAK),
    ]
    assert (orlok.birth_dates, orlok.countries) == ((PartialDate(1944, 6, 18),), ("RO",))
    assert orlok.identifiers == (
        Identifier("passport", "X12345"),
        Identifier("crypto address", "1Abc9"),
    )
    assert orlok.programmes == ("sanction", "DEMO", "demo_list")
    assert orlok.other_ids == ("demo-1",)
    assert len(parsed.notes) == 1


def test_ftm_rows_that_cannot_be_kept_are_problems_and_a_cut_file_is_refused() -> None:
    parsed = parse_ftm_json(_lines(_ftm(), _ftm(), _ftm(id="", caption="")))
    assert (parsed.rows_parsed, len(parsed.problems)) == (1, 2)
    whole = _lines(_ftm(), _ftm(id="NK-2"))
    with pytest.raises(ListFileError, match="Line 2 is cut short"):
        parse_ftm_json(whole[:-20])
    with pytest.raises(ListFileError, match="no entity with properties"):
        parse_ftm_json(b'{"schema": "Person"}')
    with pytest.raises(ListFileError, match="no one"):
        parse_ftm_json(_lines({"schema": "Sanction", "properties": {}}))


# The bomb: each entity is ten of the one before.
BOMB = b"".join(
    b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10 if level else b"ha")
    for level in range(10)
)


@pytest.mark.parametrize(
    ("parse", "root"),
    [
        (parse_uk_xml, b"Designations"),
        (parse_un_xml, b"CONSOLIDATED_LIST"),
        (parse_eu_xml, b"export"),
        (parse_ofac_xml, b"sdnList"),
    ],
)
def test_entity_expansion_is_refused_in_every_list(parse: Any, root: bytes) -> None:
    with pytest.raises(ListFileError, match="document type or entities"):
        parse(b"<!DOCTYPE x [" + BOMB + b"]><" + root + b">&l9;</" + root + b">")


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([UK_XML, UK_CSV, _lines(_ftm(), _ftm(id="NK-2"), _ftm(id="NK-3"))]),
    st.integers(0, 2_500),
    st.integers(0, 60),
    st.binary(max_size=12),
)
def test_a_damaged_file_is_refused_or_accounted_for(
    data: bytes, start: int, length: int, put: bytes
) -> None:
    try:
        parsed = parse_list(data[:start] + put + data[start + length :])
    except ListFileError as error:
        assert error.sentence
    else:
        assert parsed.balanced


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([UK_XML, UK_CSV]), st.floats(0, 0.99))
def test_a_truncated_file_never_passes_for_the_whole(data: bytes, share: float) -> None:
    whole = parse_list(data)
    try:
        parsed = parse_list(data[: int(len(data) * share)])
    except ListFileError:
        return
    assert data is UK_CSV, "XML that is cut is always refused"
    assert len(parsed.entities) <= len(whole.entities)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["name", "birthDate", "gender", "nationality", "sanctions", "number"]),
        JSON_VALUES,
    ),
    JSON_VALUES,
    JSON_VALUES,
)
def test_any_json_in_an_ftm_line_is_kept_or_named(
    properties: dict[str, Any], given_id: Any, referents: Any
) -> None:
    row = _ftm(id=given_id, referents=referents, properties=properties)
    parsed = parse_ftm_json(_lines(row))
    assert parsed.balanced
    assert parsed.rows_counted == 1
