"""The sandbox's watch list is invented, reproducible, and gives the demo hits of each kind."""

from pathlib import Path

import pytest

from compliance.screening.decide import Category, decide
from compliance.screening.entities import Kind
from compliance.screening.index import WatchIndex
from compliance.screening.lists import read_list
from compliance.screening.lists.base import partial_date
from compliance.screening.match import Subject
from sandbox.lists.demo_watchlist import CLIENTS, DEMO_LIST, write
from tests.shared_data import shared_data


@pytest.fixture(scope="module")
def demo() -> WatchIndex:
    return WatchIndex(read_list(DEMO_LIST, tenant_source="demo").entities)


def test_the_demo_list_is_what_its_generator_writes(tmp_path: Path) -> None:
    assert write(tmp_path / "again.csv") == 200
    assert (tmp_path / "again.csv").read_bytes() == DEMO_LIST.read_bytes()
    write(tmp_path / "other.csv", seed=1)
    assert (tmp_path / "other.csv").read_bytes() != DEMO_LIST.read_bytes()


def test_the_demo_list_is_read_without_a_problem() -> None:
    parsed = read_list(DEMO_LIST, tenant_source="demo")
    assert (len(parsed.entities), parsed.problems, parsed.notes) == (200, [], [])
    kinds = [entity.kind for entity in parsed.entities]
    assert [kinds.count(kind) for kind in Kind] == [152, 36, 12, 0]


@pytest.mark.parametrize(("name", "born", "country", "outcome"), CLIENTS)
def test_each_demo_client_gets_the_outcome_that_it_is_there_for(
    demo: WatchIndex, name: str, born: str, country: str, outcome: str
) -> None:
    subject = Subject(name, birth_date=partial_date(born), countries=(country,))
    matches = demo.search(subject)
    decided = decide(matches[0], Category.SANCTIONS).outcome if matches else "clear"
    assert decided == outcome


@pytest.mark.slow
def test_no_invented_name_is_that_of_someone_really_listed() -> None:
    real = WatchIndex(
        read_list(shared_data("screening/ofac")).entities
        + read_list(shared_data("screening/un/UN_consolidated.xml")).entities
    )
    found = [
        (name.text, match.entity.id)
        for entity in read_list(DEMO_LIST).entities
        for name in entity.names
        for match in real.search(Subject(name.text, entity.kind), score_min=0.85)
    ]
    assert found == []
