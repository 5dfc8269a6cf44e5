"""Searching the lists finds who is on them, says why, and decides within the law's bounds."""

from collections.abc import Callable

import pytest

from backoffice.core.errors import InvalidInput
from compliance.screening.decide import Category, Outcome, Thresholds, decide, tenant_thresholds
from compliance.screening.entities import (
    Gender,
    Identifier,
    Kind,
    ListEntity,
    ListName,
    PartialDate,
    Quality,
)
from compliance.screening.index import WatchIndex
from compliance.screening.lists import read_list
from compliance.screening.match import Match, Subject
from tests.shared_data import shared_data


def listed(
    number: str, *names: str, source: str = "demo", kind: Kind = Kind.PERSON, **more: object
) -> ListEntity:
    own = (ListName.of(names[0]), *(ListName.of(name, Quality.STRONG) for name in names[1:]))
    return ListEntity(source=source, id=number, kind=kind, names=own, **more)  # type: ignore[arg-type]


ORLOK = listed(
    "1",
    "ORLOK, Graf Maximilian",
    "Count Orlock",
    birth_dates=(PartialDate(1974, 6, 18),),
    countries=("RO",),
    gender=Gender.MALE,
    identifiers=(Identifier("passport", "X-12345"), Identifier("crypto address", "1AbC")),
)
LINES = listed("2", "NIGHT LINES SHIPPING LTD", kind=Kind.ENTITY)
STAR = listed("3", "NIGHT STAR", kind=Kind.VESSEL, source="other")
HARKER = listed("4", "Jonathan Harker", source="other")


@pytest.fixture(scope="module")
def index() -> WatchIndex:
    return WatchIndex([ORLOK, LINES, STAR, HARKER])


def ids(matches: list[Match]) -> list[str]:
    return [match.entity.id for match in matches]


@pytest.mark.parametrize(
    "name",
    [
        "Graf Maximilian Orlok",
        "Graf Maximillian Orlok",
        "Maximilian Orlok Graf",
        "GrafMaximilianOrlok",
        "Graf Maxi milian Orlok",
        "Kount Orlock",
        "count orlok",
        "Graf M. Orlok",
    ],
)
def test_a_listed_person_is_found_however_the_name_is_written(index: WatchIndex, name: str) -> None:
    assert ids(index.search(Subject(name))) == ["1"]


def test_an_unlisted_person_is_not_found(index: WatchIndex) -> None:
    assert index.search(Subject("Wilhelmina Murray")) == []
    assert index.search(Subject("")) == []
    assert index.search(Subject("Ж")) == []


def test_a_search_keeps_to_the_kind_and_the_sources_asked_for(index: WatchIndex) -> None:
    assert index.search(Subject("Night Star", Kind.PERSON)) == []
    assert ids(index.search(Subject("Night Star", Kind.VESSEL))) == ["3"]
    assert ids(index.search(Subject("Night Star", None))) == ["3"]
    assert index.search(Subject("Night Star", None), sources=frozenset({"demo"})) == []


def test_a_replaced_list_leaves_the_other_lists_as_they_are() -> None:
    index = WatchIndex([ORLOK, HARKER])
    index.replace_source("demo", [listed("9", "Abraham Van Helsing"), STAR])
    assert index.search(Subject("Graf Maximilian Orlok")) == []
    assert ids(index.search(Subject("Abraham van Helsing"))) == ["9"]
    assert ids(index.search(Subject("Jonathan Harker"))) == ["4"]
    assert index.search(Subject("Night Star", Kind.VESSEL)) == []
    assert index.sources == {"demo", "other"}


def test_the_lines_of_the_explanation_add_up_to_the_score(index: WatchIndex) -> None:
    subject = Subject(
        "Graf Maximillian Orlok",
        birth_date=PartialDate(1974, 6, 18),
        countries=("DE",),
        gender=Gender.FEMALE,
    )
    (match,) = index.search(subject)
    assert sum(line.effect for line in match.features) == pytest.approx(match.score)
    assert {line.feature: line.value for line in match.features} == {
        "name": "Graf Maximillian Orlok against ORLOK, Graf Maximilian",
        "spelling": "maximillian for maximilian",
        "birth date equal": "18 Jun 1974 against 18 Jun 1974",
        "country differs": "DE against RO",
        "gender differs": "female against male",
    }
    assert (match.corroborated, match.contradicted) == (True, True)


@pytest.mark.parametrize(
    ("born", "line", "effect"),
    [
        (PartialDate(1974, 6, 18), "birth date equal", 0.05),
        (PartialDate(1974, 2, 1), "birth year equal", 0.02),
        (PartialDate(1974), "birth year equal", 0.02),
        (PartialDate(1975, 6, 18), "birth year near", -0.04),
        (PartialDate(1990, 6, 18), "birth date differs", -0.15),
    ],
)
def test_a_birth_date_speaks_for_or_against(
    index: WatchIndex, born: PartialDate, line: str, effect: float
) -> None:
    (match,) = index.search(Subject("Graf M. Orlok", birth_date=born), score_min=0.6)
    assert [(each.feature, each.effect) for each in match.features][-1] == (line, effect)


def test_about_a_year_covers_two_years_either_way() -> None:
    entity = listed("5", "Graf Orlok", birth_dates=(PartialDate(1970, circa=True),))
    index = WatchIndex([entity])
    (match,) = index.search(Subject("Graf Orlok", birth_date=PartialDate(1972, 1, 1)))
    assert match.features[-1].feature == "birth year equal"


def test_a_weak_alias_counts_nine_tenths() -> None:
    names = (ListName.of("Someone Else"), ListName.of("Nosferatu Orlok", Quality.WEAK))
    index = WatchIndex([ListEntity(source="demo", id="6", kind=Kind.PERSON, names=names)])
    (match,) = index.search(Subject("Nosferatu Orlok"))
    assert match.score == pytest.approx(0.9)
    assert match.features[-1].feature == "weak alias"


def test_the_same_passport_is_the_same_person_whatever_the_name(index: WatchIndex) -> None:
    subject = Subject("Wilhelmina Murray", identifiers=(Identifier("passport no", "x 12345"),))
    (match,) = index.search(subject)
    assert (match.entity.id, match.score, match.corroborated) == ("1", 1.0, True)


def test_a_wallet_is_matched_letter_for_letter(index: WatchIndex) -> None:
    def found(address: str) -> list[str]:
        wallet = Identifier("crypto address", address)
        return ids(index.search(Subject("Wilhelmina Murray", identifiers=(wallet,))))

    assert found("1AbC") == ["1"]
    assert found("1abc") == []


def _match(score: float, *, corroborated: bool) -> Match:
    return Match(ORLOK, ORLOK.names[0], score, (), corroborated=corroborated)


@pytest.mark.parametrize(
    ("score", "corroborated", "category", "outcome"),
    [
        (0.95, True, Category.SANCTIONS, Outcome.BLOCK),
        (0.92, True, Category.INTERNAL, Outcome.BLOCK),
        (0.99, False, Category.SANCTIONS, Outcome.REVIEW),
        (0.99, True, Category.PEP, Outcome.REVIEW),
        (0.80, False, Category.PEP, Outcome.REVIEW),
        (0.75, True, Category.SANCTIONS, Outcome.REVIEW),
        (0.75, False, Category.SANCTIONS, Outcome.CLEAR),
        (0.75, True, Category.PEP, Outcome.CLEAR),
        (0.69, True, Category.SANCTIONS, Outcome.CLEAR),
    ],
)
def test_a_score_leads_to_an_outcome(
    score: float, corroborated: bool, category: Category, outcome: Outcome
) -> None:
    decision = decide(_match(score, corroborated=corroborated), category)
    assert decision.outcome == outcome
    assert decision.opens_case == (outcome == Outcome.BLOCK)


def test_a_tenant_may_tighten_sanctions_and_not_loosen_them() -> None:
    strict = Thresholds(block=0.85, review=0.75, review_agreeing=0.65)
    assert tenant_thresholds(Category.SANCTIONS, strict) == strict
    loose = Thresholds(block=0.92, review=0.85, review_agreeing=0.70)
    with pytest.raises(InvalidInput, match="stricter, not looser") as refused:
        tenant_thresholds(Category.SANCTIONS, loose)
    assert list(refused.value.fields) == ["review"]
    assert tenant_thresholds(Category.PEP, loose) == loose


@pytest.mark.parametrize(
    "make",
    [
        lambda: Thresholds(block=0.7, review=0.8),
        lambda: Thresholds(review_agreeing=0.4),
        lambda: Thresholds(block=1.01),
    ],
)
def test_thresholds_out_of_order_are_refused(make: Callable[[], Thresholds]) -> None:
    with pytest.raises(InvalidInput):
        make()


@pytest.mark.slow
def test_listed_names_of_the_real_lists_are_found_by_their_own_id() -> None:
    entities = (
        read_list(shared_data("screening/ofac")).entities
        + read_list(shared_data("screening/un/UN_consolidated.xml")).entities
    )
    index = WatchIndex(entities)
    persons = [entity for entity in entities if entity.kind == Kind.PERSON][::40]
    lost = []
    for entity in persons:
        name = entity.names[0].text
        typo = name[:3] + name[4:] if len(name) > 12 else name
        found = index.search(Subject(typo), score_min=0.85)
        if entity not in [match.entity for match in found]:
            lost.append(typo)
    assert (len(persons), len(lost) <= 1) == (115, True), lost
