"""What a return code means; for money only proof counts."""

import csv

import pytest

from tests.shared_data import shared_data
from trading.bridge.mt5 import retcodes
from trading.bridge.mt5.retcodes import Meaning, MoneyMeaning


def vendor_codes() -> dict[int, str]:
    with shared_data("mt5_retcodes.tsv").open() as file:
        return {int(row[0]): row[1] for row in csv.reader(file, delimiter="\t")}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("0 Done", (0, "Done")),
        ("3006 Invalid account password", (3006, "Invalid account password")),
        ("14", (14, "")),
        (0, (0, "")),
        (" 13  Not found ", (13, "Not found")),
    ],
)
def test_codes_are_read_from_text_and_numbers(raw: object, expected: tuple[int, str]) -> None:
    assert retcodes.parse(raw) == expected


@pytest.mark.parametrize("raw", [None, "", "Done", True, 1.5, [], "x 1"])
def test_what_is_no_code_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match="."):
        retcodes.parse(raw)


@pytest.mark.parametrize("code", [7, 9, 10, 11, 12, 15, 1018])
def test_a_read_may_be_asked_again_after_these(code: int) -> None:
    assert retcodes.meaning(code) is Meaning.TRANSIENT


@pytest.mark.parametrize("code", [3, 4, 8, 1001, 1012, 3006, 3010, 4005, 10019])
def test_asking_again_does_not_heal_these(code: int) -> None:
    assert retcodes.meaning(code) is Meaning.PERMANENT


def test_two_codes_of_the_vendor_mean_success_and_one_a_part() -> None:
    by_meaning = {code: retcodes.meaning(code) for code in vendor_codes()}
    assert [code for code, m in by_meaning.items() if m is Meaning.SUCCESS] == [0, 1]
    assert [code for code, m in by_meaning.items() if m is Meaning.PARTIAL] == [14]
    assert [code for code, m in by_meaning.items() if m is Meaning.NOT_FOUND] == [13]


@pytest.mark.parametrize("code", [2, 5, 6, 7, 9, 10, 11, 14, 15, 16, 17, 4006, 10001, 10012, 12003])
def test_money_is_in_doubt_after_these(code: int) -> None:
    assert retcodes.money_meaning(code) is MoneyMeaning.UNKNOWN


@pytest.mark.parametrize("code", [3, 4, 8, 12, 13, 1002, 3006, 4005, 10017, 10019, 12001])
def test_money_is_not_booked_after_these(code: int) -> None:
    assert retcodes.money_meaning(code) is MoneyMeaning.REFUSED


def test_money_is_booked_after_three_codes_only() -> None:
    codes = vendor_codes()
    applied = [code for code in codes if retcodes.money_meaning(code) is MoneyMeaning.APPLIED]
    assert applied == [0, 1, 10009]


def test_a_code_that_nobody_knows_leaves_money_in_doubt() -> None:
    codes = [-1, 99, 777, 20000]
    assert {retcodes.money_meaning(code) for code in codes} == {MoneyMeaning.UNKNOWN}
