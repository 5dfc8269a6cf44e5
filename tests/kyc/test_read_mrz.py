"""Zones of travel documents: real specimens, damaged ones, and what OCR does to them."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kyc.mrz import STATES, MrzError, check_digit, parse
from tests.kyc.factories import passport_zone

TODAY = date(2026, 11, 22)
TD3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"


def _specimens(shared_data: Path, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        (shared_data / "kyc" / "mrz_specimens.json").read_text()
    )[kind]
    return found


def test_every_specimen_of_icao_is_read_and_holds(shared_data: Path) -> None:
    specimens = _specimens(shared_data, "valid")
    assert len(specimens) == 5
    for specimen in specimens:
        zone = parse("\n".join(specimen["lines"]), TODAY)
        assert zone.layout == specimen["type"]
        assert list(zone.checks.values()) == specimen["checks"]
        assert (zone.surname, zone.given_names) == ("ERIKSSON", "ANNA MARIA")
        assert zone.problems == ()
        assert zone.holds


def test_every_damaged_specimen_is_noticed(shared_data: Path) -> None:
    specimens = _specimens(shared_data, "invalid")
    assert len(specimens) == 3
    for specimen in specimens:
        zone = parse("\n".join(specimen["lines"]), TODAY)
        assert list(zone.checks.values()) == specimen["checks"], specimen["why"]
        assert zone.problems, specimen["why"]
        assert not zone.holds


def test_the_fields_of_apassport_zone() -> None:
    zone = parse(TD3, TODAY)
    assert (zone.kind, zone.issuing_state, zone.nationality) == ("P", "UTO", "UTO")
    assert (zone.number, zone.sex, zone.optional) == ("L898902C3", "F", "ZE184226B")
    assert (zone.birth_date, zone.expires_on) == (date(1974, 8, 12), date(2012, 4, 15))
    assert zone.nationality_alpha_2 == ""


def test_no_digit_covers_the_state_so_the_list_of_codes_does() -> None:
    zone = parse(TD3.replace("P<UTO", "P<UT0").replace("36UTO", "36UT0"), TODAY)
    assert all(zone.checks.values())
    assert zone.repaired == {"issuing state": "UT0", "nationality": "UT0"}
    assert zone.nationality == "UTO"
    assert not zone.holds
    assert "is no code" in parse(TD3.replace("UTO", "QQQ"), TODAY).problems[0]


def test_letters_read_for_digits_in_dates_are_repaired_and_both_readings_kept() -> None:
    zone = parse(TD3.replace("7408122", "74O8I22"), TODAY)
    assert zone.birth_date == date(1974, 8, 12)
    assert zone.repaired == {"birth date": "74O8I2"}
    assert zone.checks["birth date"]


def test_a_number_that_holds_with_one_twin_is_suggested_and_not_taken() -> None:
    digit = check_digit("AB2234767")
    zone = parse(passport_zone("A82234767", digit), TODAY)
    assert (zone.number, zone.checks["number"]) == ("A82234767", False)
    assert zone.number_alternative == "AB2234767"


def test_a_number_with_two_possible_readings_gets_no_suggestion() -> None:
    zone = parse(passport_zone("A82134767", check_digit("AB2134767")), TODAY)
    assert (zone.checks["number"], zone.number_alternative) == (False, "")


def test_a_long_number_of_an_identity_card_goes_on_in_the_optional_data() -> None:
    whole = "D23145890734"
    rest = whole[9:] + check_digit(whole)
    first = f"I<UTO{whole[:9]}<{rest}".ljust(30, "<")
    second = "7408122F1204159UTO<<<<<<<<<<<"
    composite = check_digit(first[5:30] + second[0:7] + second[8:15] + second[18:29])
    zone = parse(f"{first}\n{second}{composite}\nERIKSSON<<ANNA<MARIA<<<<<<<<<<", TODAY)
    assert zone.number == whole
    assert zone.holds


def test_a_germans_state_is_one_letter() -> None:
    zone = parse(passport_zone("C01X0006H", check_digit("C01X0006H"), state="D"), TODAY)
    assert (zone.issuing_state, zone.nationality_alpha_2) == ("D", "DE")
    assert zone.expires_on == date(2032, 4, 15)
    assert zone.holds


@pytest.mark.parametrize("change", [str.lower, lambda text: text.replace("\n", ""), str.strip])
def test_a_zone_pasted_carelessly_is_read(change: Any) -> None:
    assert parse(change("  " + TD3.replace("\n", " \n ")), TODAY).number == "L898902C3"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "lines of nothing"),
        ("hello", "lines of 5"),
        (TD3[:-1], "lines of 44, 43"),
        (TD3.replace("ANNA", "AÑNA"), "Line 1 has characters that no zone has: Ñ"),
        (TD3 + "\n" + "<" * 44, "lines of 44, 44, 44"),
        ("<" * 5000, "lines of 5000"),
    ],
)
def test_what_is_no_zone_is_refused_with_what_is_wrong(text: str, sentence: str) -> None:
    with pytest.raises(MrzError, match=sentence):
        parse(text, TODAY)


def test_a_date_that_does_not_exist_is_a_problem_and_no_date() -> None:
    zone = parse(TD3.replace("7408122", "7413122"), TODAY)
    assert zone.birth_date is None
    assert any("is no date" in problem for problem in zone.problems)


@given(st.text(alphabet="ABCIOSB0158<", min_size=44, max_size=44))
def test_any_line_of_the_right_length_is_read_without_an_accident(line: str) -> None:
    zone = parse(TD3.split("\n")[0] + "\n" + line, TODAY)
    assert set(zone.checks) == {"number", "birth date", "expiry", "optional data", "whole"}


@given(st.integers(0, 43), st.sampled_from("0123456789"))
def test_one_wrong_digit_in_a_checked_place_never_holds(at: int, digit: str) -> None:
    first, second = TD3.split("\n")
    if not second[at].isdigit() or second[at] == digit:
        return
    assert not parse(f"{first}\n{second[:at]}{digit}{second[at + 1 :]}", TODAY).holds


def test_the_list_of_states_has_the_codes_that_are_no_countries() -> None:
    assert {"D", "GBN", "RKS", "UNO", "XXA", "XXX", "UTO", "EUE"} <= set(STATES)
    assert len(STATES) == 250 + 26
