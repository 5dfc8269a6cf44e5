"""Watch-list files become entities, and no row of them gets lost without a word."""

from datetime import date
from pathlib import Path

import pytest

from compliance.screening.countries import country_code
from compliance.screening.entities import Gender, Identifier, Kind, ListName, PartialDate, Quality
from compliance.screening.lists import (
    ListFileError,
    parse_eu_xml,
    parse_list,
    parse_ofac_csv,
    parse_ofac_xml,
    parse_opensanctions_csv,
    parse_tenant_csv,
    parse_un_xml,
    read_list,
)
from compliance.screening.lists.base import day_of, partial_date
from tests.shared_data import shared_data

SDN = (
    b'100,"ORLOK, Graf","individual","DEMO] [SDGT","Count",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,'
    b'"DOB 18 Jun 1974; alt. DOB circa 1970; nationality Romania; Gender Male; Passport X12345 '
    b"(Romania) issued 20 May 2014; a.k.a. 'NOSFERATU'; Digital Currency Address - XBT 1Abc9; "
    b'Linked To: SOME"\r\n'
    b'101,"SEA SHADOW",vessel,"DEMO","-0-","9XYZ","Tanker",-0- ,-0- ,"Panama",-0- ,'
    b'"Vessel Registration Identification IMO 9387786."\r\n'
)
ALT = b'100,1,"aka","ORLOCK, Count",-0- \r\n999,2,"aka","NOBODY",-0- \r\n'
ADD = b'100,1,"Castle","Wisborg","Germany",-0- \r\n101,2,-0- ,-0- ,"Atlantis",-0- \r\n'
COMMENTS = b'100," COMPANY; citizen Germany."\r\n'

UN = """<?xml version="1.0" encoding="UTF-8"?>
<CONSOLIDATED_LIST dateGenerated="2026-02-27T00:00:09.554Z"><INDIVIDUALS>
<INDIVIDUAL><DATAID>77</DATAID><FIRST_NAME>GRAF</FIRST_NAME><SECOND_NAME>ORLOK</SECOND_NAME>
<THIRD_NAME>na</THIRD_NAME><UN_LIST_TYPE>Demo</UN_LIST_TYPE>
<REFERENCE_NUMBER>XDi.001</REFERENCE_NUMBER><GENDER>Male</GENDER>
<NAME_ORIGINAL_SCRIPT>أورلوك</NAME_ORIGINAL_SCRIPT>
<NATIONALITY><VALUE>Iran (Islamic Republic of)</VALUE></NATIONALITY>
<INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>Nosferatu</ALIAS_NAME></INDIVIDUAL_ALIAS>
<INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY><ALIAS_NAME>Count Orlok</ALIAS_NAME></INDIVIDUAL_ALIAS>
<INDIVIDUAL_ALIAS><QUALITY/><ALIAS_NAME/></INDIVIDUAL_ALIAS>
<INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>BETWEEN</TYPE_OF_DATE><FROM_YEAR>1973</FROM_YEAR>
<TO_YEAR>1975</TO_YEAR></INDIVIDUAL_DATE_OF_BIRTH>
<INDIVIDUAL_DOCUMENT><TYPE_OF_DOCUMENT>Passport</TYPE_OF_DOCUMENT><NUMBER>Q1</NUMBER>
<ISSUING_COUNTRY>Iraq</ISSUING_COUNTRY></INDIVIDUAL_DOCUMENT></INDIVIDUAL>
<INDIVIDUAL><DATAID>78</DATAID><REFERENCE_NUMBER>XDi.002</REFERENCE_NUMBER></INDIVIDUAL>
</INDIVIDUALS><ENTITIES><ENTITY><DATAID>79</DATAID><FIRST_NAME>NIGHT LINES</FIRST_NAME>
<REFERENCE_NUMBER>XDe.001</REFERENCE_NUMBER></ENTITY></ENTITIES></CONSOLIDATED_LIST>
""".encode()

SDN_XML = b"""<?xml version="1.0"?>
<sdnList xmlns="https://example.test/sdn"><publshInformation>
<Publish_Date>02/27/2026</Publish_Date></publshInformation>
<sdnEntry><uid>36</uid><firstName>Graf</firstName><lastName>ORLOK</lastName>
<sdnType>Individual</sdnType><programList><program>DEMO</program></programList>
<akaList><aka><category>weak</category><lastName>NOSFERATU</lastName></aka></akaList>
<idList><id><idType>Gender</idType><idNumber>Male</idNumber></id>
<id><idType>Passport</idType><idNumber>X1</idNumber><idCountry>Romania</idCountry></id></idList>
<nationalityList><nationality><country>Romania</country></nationality></nationalityList>
<dateOfBirthList><dateOfBirthItem><dateOfBirth>Jun 1974</dateOfBirth></dateOfBirthItem>
</dateOfBirthList></sdnEntry>
<sdnEntry><uid>37</uid><lastName>GHOST</lastName><sdnType>Spirit</sdnType></sdnEntry></sdnList>"""


def test_the_ofac_files_become_one_entity_per_number() -> None:
    parsed = parse_ofac_csv(SDN, ALT, ADD, COMMENTS)
    orlok, ship = parsed.entities
    assert orlok.names == (
        ListName("ORLOK, Graf", Quality.PRIMARY),
        ListName("ORLOCK, Count", Quality.STRONG),
        ListName("NOSFERATU", Quality.WEAK),
    )
    assert (orlok.kind, orlok.gender, orlok.programmes) == (
        Kind.PERSON,
        Gender.MALE,
        ("DEMO", "SDGT"),
    )
    assert orlok.birth_dates == (PartialDate(1974, 6, 18), PartialDate(1970, circa=True))
    assert orlok.countries == ("DE", "RO")
    assert orlok.identifiers == (
        Identifier("passport", "X12345", "Romania"),
        Identifier("crypto address", "1Abc9"),
    )
    assert orlok.remarks.endswith("Linked To: SOME COMPANY; citizen Germany.")
    assert (ship.kind, ship.countries) == (Kind.VESSEL, ("PA",))
    assert ship.identifiers == (Identifier("call sign", "9XYZ"), Identifier("imo", "9387786"))


def test_every_row_of_the_ofac_files_is_parsed_or_a_problem() -> None:
    parsed = parse_ofac_csv(SDN, ALT, ADD, COMMENTS)
    assert (parsed.rows_counted, parsed.rows_parsed, len(parsed.problems)) == (7, 6, 1)
    assert parsed.balanced
    assert parsed.problems[0].where == "alt.csv line 2"
    assert "999" in parsed.problems[0].reason
    assert [note.reason for note in parsed.notes] == ["The country 'Atlantis' is not known."]


def test_short_rows_and_doubles_and_nameless_rows_are_problems() -> None:
    bad = SDN + b'102,"A","individual"\r\n100,"B",-0- ,"X",' + b"-0- ," * 7 + b"-0- \r\n"
    bad += (
        b"103,-0- ,-0- ,X," + b"-0- ," * 7 + b"-0- \r\nname,B,-0- ,X," + b"-0- ," * 7 + b"-0- \r\n"
    )
    parsed = parse_ofac_csv(bad)
    assert [problem.reason for problem in parsed.problems] == [
        "It has 3 columns instead of 12.",
        "Entity 100 is there twice.",
        "Entity 103 has no name.",
        "It starts with 'name' instead of an entity number.",
    ]
    assert parsed.balanced


def test_a_file_cut_inside_a_quoted_field_is_refused() -> None:
    with pytest.raises(ListFileError, match="cut short or malformed near line"):
        parse_ofac_csv(SDN[:-40])


@pytest.mark.parametrize("data", [b"", b"\x1a", b"hello,world\n", b"\x00\x01\x02"])
def test_what_is_no_sdn_file_is_refused(data: bytes) -> None:
    with pytest.raises(ListFileError):
        parse_ofac_csv(data)


def test_the_un_list_gives_persons_and_entities_with_original_script() -> None:
    parsed = parse_un_xml(UN)
    orlok, company = parsed.entities
    assert (orlok.id, orlok.other_ids, company.id) == ("XDi.001", ("77",), "XDe.001")
    assert orlok.names == (
        ListName("GRAF ORLOK", Quality.PRIMARY),
        ListName("أورلوك", Quality.STRONG, "arabic"),
        ListName("Nosferatu", Quality.WEAK),
        ListName("Count Orlok", Quality.STRONG),
    )
    assert orlok.birth_dates == (PartialDate(1973, year_last=1975),)
    assert (orlok.countries, orlok.gender) == (("IR",), Gender.MALE)
    assert orlok.identifiers == (Identifier("passport", "Q1", "Iraq"),)
    assert (company.kind, company.names) == (Kind.ENTITY, (ListName("NIGHT LINES"),))
    assert parsed.issued == "2026-02-27T00:00:09.554Z"
    assert [problem.reason for problem in parsed.problems] == ["It has no name."]
    assert (parsed.rows_counted, parsed.balanced) == (3, True)


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.99])
def test_a_truncated_un_list_is_refused(cut: float) -> None:
    with pytest.raises(ListFileError, match="cut short or malformed"):
        parse_un_xml(UN[: int(len(UN) * cut)])


BOMB = b"""<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL><FIRST_NAME>&b;</FIRST_NAME></INDIVIDUAL></INDIVIDUALS>
</CONSOLIDATED_LIST>"""
OUTSIDE = b"""<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]><CONSOLIDATED_LIST>&x;
</CONSOLIDATED_LIST>"""


@pytest.mark.parametrize("hostile", [BOMB, OUTSIDE])
def test_hostile_xml_is_refused_before_it_is_parsed(hostile: bytes) -> None:
    with pytest.raises(ListFileError, match="document type or entities"):
        parse_list(hostile)


def test_xml_in_an_odd_encoding_is_refused_because_it_hides_what_it_declares() -> None:
    utf16 = '<?xml version="1.0" encoding="UTF-16"?><CONSOLIDATED_LIST/>'.encode("utf-16")
    utf7 = b'<?xml version="1.0" encoding="UTF-7"?><CONSOLIDATED_LIST></CONSOLIDATED_LIST>'
    with pytest.raises(ListFileError):
        parse_un_xml(utf16)
    with pytest.raises(ListFileError, match="UTF-7"):
        parse_un_xml(utf7)


def test_the_classic_ofac_xml_gives_what_the_csv_gives() -> None:
    parsed = parse_list(SDN_XML)
    (orlok,) = parsed.entities
    assert (orlok.source, orlok.id) == ("ofac_sdn", "36")
    assert orlok.names == (
        ListName("ORLOK, Graf", Quality.PRIMARY),
        ListName("NOSFERATU", Quality.WEAK),
    )
    assert (orlok.gender, orlok.countries) == (Gender.MALE, ("RO",))
    assert orlok.birth_dates == (PartialDate(1974, 6),)
    assert orlok.identifiers == (Identifier("passport", "X1", "Romania"),)
    assert [problem.reason for problem in parsed.problems] == ["Its type 'spirit' is not known."]
    assert (parsed.issued, parsed.balanced) == ("02/27/2026", True)
    with pytest.raises(ListFileError, match="root element"):
        parse_ofac_xml(UN)


def test_an_opensanctions_row_gives_aliases_and_countries() -> None:
    header = b"id,schema,name,aliases,birth_date,countries,identifiers,sanctions,dataset\n"
    rows = b'Q1,Person,Graf Orlok,Orlock;"Orlok; the Count",1974-06,ro;de,,,demo\n'
    rows += b"Q2,Security,ISIN,,,,,,demo\nQ3,CryptoWallet,wallet,,,,1Abc,,demo\n"
    parsed = parse_opensanctions_csv(header + rows)
    orlok, wallet = parsed.entities
    assert [name.text for name in orlok.names] == ["Graf Orlok", "Orlock", "Orlok; the Count"]
    assert (orlok.birth_dates, orlok.countries) == ((PartialDate(1974, 6),), ("RO", "DE"))
    assert wallet.identifiers == (Identifier("crypto address", "1Abc"),)
    assert (parsed.problems[0].where, parsed.balanced) == ("line 3", True)


def test_a_tenant_list_takes_few_columns_and_refuses_bad_rows_one_by_one() -> None:
    text = """id,name,kind,aliases,weak_aliases,birth_dates,countries,identifiers
1,Graf Orlok,person,Count Orlok;Orlock,Nosferatu,1974;1970 to 1975,Romania;DE,passport:X1:RO
2,Night Lines Ltd,entity,,,,,
3,,person,,,,,
4,Odd,robot,,,,,
2,Again,entity,,,,,
5,Badly Identified,person,,,,,X1
6,Short
7,No Such Day,person,,,1974-02-30,Narnia,
"""
    parsed = parse_tenant_csv(text.encode(), "acme_do_not_onboard")
    assert [entity.id for entity in parsed.entities] == ["1", "2", "7"]
    assert parsed.entities[0].birth_dates == (PartialDate(1974), PartialDate(1970, year_last=1975))
    assert parsed.entities[0].source == "acme_do_not_onboard"
    assert [problem.where for problem in parsed.problems] == [
        "line 4",
        "line 5",
        "line 6",
        "line 7",
        "line 8",
    ]
    assert (parsed.rows_counted, parsed.balanced) == (8, True)
    assert len(parsed.notes) == 2


def test_a_tenant_list_with_a_wrong_header_is_refused() -> None:
    with pytest.raises(ListFileError, match="lacks the columns name"):
        parse_tenant_csv(b"id,surname\n1,Orlok\n")
    with pytest.raises(ListFileError, match="no one reads: surname"):
        parse_tenant_csv(b"id,name,surname\n1,Graf,Orlok\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("18 Jun 1974", PartialDate(1974, 6, 18)),
        ("Jun 1974", PartialDate(1974, 6)),
        ("1974", PartialDate(1974)),
        ("circa 1970", PartialDate(1970, circa=True)),
        ("1984 to 1986", PartialDate(1984, year_last=1986)),
        ("01 Jan 1970 to 31 Dec 1975", PartialDate(1970, year_last=1975)),
        ("1974-06-18", PartialDate(1974, 6, 18)),
        ("1974-00-00", PartialDate(1974)),
    ],
)
def test_birth_dates_are_read_as_far_as_they_go(text: str, expected: PartialDate) -> None:
    assert partial_date(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "31 Feb 1970", "1970-13-01", "18 1974", "0001"])
def test_what_is_no_date_raises(text: str) -> None:
    with pytest.raises(ValueError):
        partial_date(text)


def test_only_a_complete_date_is_a_day() -> None:
    assert day_of(PartialDate(1974, 6, 18)) == date(1974, 6, 18)
    assert day_of(PartialDate(1974, 6)) is None


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Korea, North", "KP"),
        ("Türkiye", "TR"),
        ("Cote d Ivoire", "CI"),
        ("ru", "RU"),
        ("Mars", None),
    ],
)
def test_country_names_of_the_lists_become_codes(name: str, code: str | None) -> None:
    assert country_code(name) == code


def test_the_content_hash_changes_with_any_field_and_with_nothing_else() -> None:
    first = parse_ofac_csv(SDN, ALT).entities[0]
    again = parse_ofac_csv(SDN, ALT).entities[0]
    changed = parse_ofac_csv(SDN.replace(b"1974", b"1975"), ALT).entities[0]
    assert first.content_hash == again.content_hash != changed.content_hash


def test_the_real_ofac_files_are_accounted_for_row_by_row() -> None:
    parsed = read_list(shared_data("screening/ofac"))
    assert len(parsed.entities) == 7379
    assert (parsed.rows_counted, parsed.rows_parsed, len(parsed.problems)) == (28770, 28760, 10)
    assert parsed.balanced
    assert sum(entity.kind == Kind.PERSON for entity in parsed.entities) == 3845


def test_the_real_un_list_is_read_whole() -> None:
    parsed = read_list(shared_data("screening/un/UN_consolidated.xml"))
    assert (len(parsed.entities), parsed.problems, parsed.balanced) == (1003, [], True)
    assert sum(entity.kind == Kind.PERSON for entity in parsed.entities) == 730
    assert all(entity.other_ids for entity in parsed.entities)


def test_the_eu_layout_is_read_with_its_weak_aliases() -> None:
    parsed = parse_eu_xml(shared_data("screening/eu_fsf_excerpt.xml").read_bytes())
    saddam, tarek = parsed.entities
    assert (saddam.id, saddam.other_ids, saddam.countries) == ("13", ("EU.27.28",), ("IQ",))
    assert saddam.birth_dates == (PartialDate(1937, 4, 28),)
    assert [name.quality for name in saddam.names] == [
        Quality.PRIMARY,
        Quality.STRONG,
        Quality.WEAK,
    ]
    assert (tarek.names[-1], tarek.programmes) == (ListName("T. Aziz", Quality.WEAK), ())


def test_the_opensanctions_sample_is_read() -> None:
    parsed = read_list(shared_data("screening/targets.simple.sample.csv"))
    (entity,) = parsed.entities
    assert (entity.id, entity.countries, len(entity.names)) == ("Q7747", ("RU",), 3)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ListFileError, match=r"There is no file sdn\.csv"):
        read_list(tmp_path)
