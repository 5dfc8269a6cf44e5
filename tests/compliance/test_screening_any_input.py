"""Whatever comes in, the engine answers or says what is wrong with the file; it never breaks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.screening.entities import Kind, ListEntity, ListName
from compliance.screening.index import WatchIndex
from compliance.screening.lists import (
    ListFileError,
    parse_list,
    parse_ofac_csv,
    parse_tenant_csv,
    parse_un_xml,
)
from compliance.screening.match import Subject
from compliance.screening.score import name_score

from .test_screening_lists import ADD, ALT, COMMENTS, SDN, UN

LETTERS = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("abcdeé ,.-'’&0123"),
        st.sampled_from("АбвЖш محمد عبد 金正恩习近平 김정은 משה 山田 สมชาย"),
    ),
    max_size=40,
)
KINDS = st.sampled_from(list(Kind))
INDEX = WatchIndex(
    ListEntity(source="demo", id=str(number), kind=kind, names=(ListName.of(name),))
    for number, (kind, name) in enumerate(
        [(Kind.PERSON, "ORLOK, Graf"), (Kind.PERSON, "金正恩"), (Kind.ENTITY, "Night Lines Ltd")]
    )
)


@settings(max_examples=300, deadline=None)
@given(LETTERS, LETTERS, KINDS)
def test_a_score_is_between_nought_and_one_and_the_same_both_ways_when_equal(
    left: str, right: str, kind: Kind
) -> None:
    assert 0.0 <= name_score(left, right, kind).score <= 1.0
    assert name_score(left, left, kind).score in (0.0, 1.0)


@settings(max_examples=200, deadline=None)
@given(LETTERS)
def test_any_text_can_be_searched_for(name: str) -> None:
    for match in INDEX.search(Subject(name, None), score_min=0.5):
        assert 0.5 <= match.score <= 1.0
        assert sum(line.effect for line in match.features) == pytest.approx(match.score, abs=0.005)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=300), LETTERS.map(lambda text: text.encode(errors="replace"))))
def test_any_bytes_are_a_list_or_refused_with_a_sentence(data: bytes) -> None:
    try:
        parsed = parse_list(data)
    except ListFileError as error:
        assert error.sentence.endswith(".")
    else:
        assert parsed.balanced


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(SDN)), st.integers(0, len(SDN)), st.binary(max_size=8))
def test_a_damaged_ofac_file_loses_no_row_unseen(start: int, stop: int, put: bytes) -> None:
    damaged = SDN[: min(start, stop)] + put + SDN[max(start, stop) :]
    try:
        parsed = parse_ofac_csv(damaged, ALT, ADD, COMMENTS)
    except ListFileError:
        return
    assert parsed.balanced


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(UN)), st.integers(0, len(UN)), st.binary(max_size=8))
def test_a_damaged_un_file_is_refused_or_accounted_for(start: int, stop: int, put: bytes) -> None:
    damaged = UN[: min(start, stop)] + put + UN[max(start, stop) :]
    try:
        parsed = parse_un_xml(damaged)
    except ListFileError:
        return
    assert parsed.balanced


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(LETTERS, LETTERS), max_size=6))
def test_a_tenant_list_of_any_cells_is_accounted_for(rows: list[tuple[str, str]]) -> None:
    text = "id,name\n" + "".join(f"{left},{right}\n" for left, right in rows)
    try:
        parsed = parse_tenant_csv(text.encode(errors="replace"))
    except ListFileError:
        return
    assert parsed.balanced
