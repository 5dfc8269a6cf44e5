"""Effective shares: the product down each path, summed over paths, exact."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.ownership import rules
from clients.ownership.figures import THRESHOLDS, threshold_on
from clients.ownership.rules import Share, effective, percent_words, unexplained, why_not

Percent = Decimal


def share(owner: str, of: str | None, percent: str) -> Share:
    return Share(owner, of, Decimal(percent))


def test_a_share_through_two_companies_is_their_product_and_paths_add_up() -> None:
    shares = [
        share("holding", None, "60"),
        share("fund", "holding", "50"),
        share("maria", "fund", "40"),
        share("maria", "holding", "10"),
        share("maria", None, "5"),
    ]
    told = effective(shares)
    assert told["fund"] == 30
    assert told["maria"] == 60 * Fraction(1, 2) * Fraction(2, 5) + 6 + 5
    assert unexplained(shares, ["maria"]) == 100 - told["maria"]


def test_a_third_of_three_quarters_is_a_quarter_and_not_a_little_less() -> None:
    shares = [share("holding", None, "75"), share("maria", "holding", "33.3333")]
    assert effective(shares)["maria"] < 25
    assert percent_words(effective(shares)["maria"]) == "24.99 %"
    exact = [share("holding", None, "50"), share("maria", "holding", "50")]
    assert rules.must_be_cleared(effective(exact)["maria"], [], Decimal(25))


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        (share("maria", None, "0"), "more than 0"),
        (share("maria", None, "100.5"), "more than 0"),
        (share("maria", None, "1.00001"), "decimals"),
        (share("nikos", "maria", "10"), "Only a company"),
        (share("maria", None, "30.0001"), "70 % are told already, so 30 % are left"),
        (share("holding", "holding", "10"), "circle"),
        (share("holding", "fund", "10"), "circle"),
    ],
)
def test_what_can_not_be_is_said(new: Share, sentence: str) -> None:
    shares = [
        share("holding", None, "70"),
        share("fund", "holding", "50"),
        share("maria", "fund", "100"),
    ]
    if new.of == "fund":
        shares[2] = share("maria", "fund", "50")
    assert sentence in why_not(shares, new, ["holding", "fund"])


def test_a_listed_company_explains_what_it_owns() -> None:
    shares = [
        share("listed", None, "40"),
        share("maria", None, "30"),
        share("maria", "listed", "5"),
    ]
    assert unexplained(shares, ["maria"]) == 68
    assert unexplained(shares, ["maria"], ["listed"]) == 30
    assert unexplained(shares, ["maria"], ["listed", None]) == 0


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (Fraction(100), "100 %"),
        (Fraction(100, 3), "33.33 %"),
        (Fraction(1, 1000), "less than 0.01 %"),
        (Fraction(1, 100), "0.01 %"),
        (Fraction(5, 2), "2.5 %"),
    ],
)
def test_shares_are_cut_and_never_rounded_to_nothing(share: Fraction, words: str) -> None:
    assert percent_words(share) == words


def test_the_threshold_is_dated_and_has_its_source() -> None:
    assert threshold_on(date(2010, 1, 1)) == threshold_on(date(2026, 1, 1)) == THRESHOLDS[0]
    assert threshold_on(date(2027, 7, 10)) == THRESHOLDS[1]
    assert all(each.source and each.percent == 25 for each in THRESHOLDS)


COMPANIES = ["a", "b", "c", "d"]
NAMES = [*COMPANIES, "p", "q", "r"]
PLACES = st.sampled_from([None, *NAMES])
NEW = st.builds(
    Share,
    st.sampled_from(NAMES),
    PLACES,
    st.decimals("0.0001", "100", places=4, allow_nan=False, allow_infinity=False),
)


@given(st.lists(NEW, max_size=25))
def test_whatever_is_let_in_never_exceeds_the_whole(proposed: list[Share]) -> None:
    shares: list[Share] = []
    for new in proposed:
        if not why_not(shares, new, COMPANIES):
            shares.append(new)
    told = effective(shares)
    people = [name for name in told if name not in COMPANIES]
    rest = unexplained(shares, people)
    assert all(0 < each <= 100 for each in told.values())
    assert 0 <= rest <= 100
    assert sum((told[name] for name in people), Fraction()) + rest == 100
    # What no person has is lost at the company itself or at one of those between: the same sum.
    lost = [
        (Fraction(100) if node is None else told.get(node, Fraction()))
        * (100 - Fraction(rules.held_of(shares, node)))
        / 100
        for node in (None, *COMPANIES)
    ]
    assert sum(lost) == rest


@given(st.lists(NEW, max_size=25))
def test_what_is_let_in_has_no_circle(proposed: list[Share]) -> None:
    shares: list[Share] = []
    for new in proposed:
        if not why_not(shares, new, COMPANIES):
            shares.append(new)
    for start in COMPANIES:
        reached: set[object] = set()
        waiting: list[object] = [start]
        while waiting:
            node = waiting.pop()
            for each in shares:
                if each.owner == node and each.of is not None and each.of not in reached:
                    reached.add(each.of)
                    waiting.append(each.of)
        assert start not in reached
