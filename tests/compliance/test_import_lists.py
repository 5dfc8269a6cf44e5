"""List files become the active version of their list, whole, or nothing changes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from backoffice.audit.models import AuditEntry
from backoffice.core.errors import InvalidInput
from backoffice.tenancy.scope import tenant_scope
from compliance.entity_json import entity_from_json
from compliance.errors import ListShrunk
from compliance.indexes import lists_for
from compliance.lists import list_import, tenant_list_import
from compliance.models import TenantEntity, TenantList, WatchEntity, WatchList
from compliance.screening.lists import ListFileError, read_list
from compliance.screening.match import Subject
from tests.compliance.factories import ROWS, make_own_list, make_un_list, own_list_file, un_file
from tests.world import World

Browse = Callable[[str], Client]
JON = (1, "Jon", "Skallagrimsson", "1960-01-02", "Iceland")
MARTA = (2, "Marta", "Quispelaere", "1971-05-06", "Belgium")
PIET = (3, "Piet", "Vandersteenhoven", "1981-09-10", "Netherlands")
OLGA = (4, "Olga", "Dzerzhinovska", "1955-11-12", "Poland")


@pytest.fixture
def scoped(world: World) -> Iterator[World]:
    with tenant_scope(world.aurora.pk, world.actor("carla")):
        yield world


def test_a_public_list_is_read_into_rows_that_give_its_entities_back(
    scoped: World, tmp_path: Path
) -> None:
    version = make_un_list(tmp_path, JON, MARTA)
    assert (version.source, version.number, version.active) == ("un_consolidated", 1, True)
    assert (version.entities_count, version.names_count) == (2, 2)
    assert (version.rows_counted, version.rows_parsed, version.problems_count) == (2, 2, 0)
    assert (version.added, version.changed, version.removed) == (2, 0, 0)
    wanted = {entity.id: entity for entity in read_list(tmp_path / "un.xml").entities}
    rows = WatchEntity.objects.filter(watch_list=version)
    assert {row.entity_id: entity_from_json(row.entity) for row in rows} == wanted
    assert {row.content_hash for row in rows} == {e.content_hash for e in wanted.values()}


def test_a_new_version_takes_the_old_ones_place_and_says_what_changed(
    scoped: World, tmp_path: Path
) -> None:
    first = make_un_list(tmp_path, JON, MARTA, PIET)
    changed = (2, "Marta", "Quispelaere", "1972-05-06", "Belgium")
    second = make_un_list(tmp_path, changed, PIET, OLGA)
    first.refresh_from_db()
    assert (first.active, second.active, second.number) == (False, True, 2)
    assert (second.added, second.changed, second.removed) == (1, 1, 1)
    assert sorted(second.delta) == ["T.1", "T.2", "T.4"]
    assert second.changes == {
        "added": [["T.4", "Olga Dzerzhinovska"]],
        "changed": [["T.2", "Marta Quispelaere", ["birth dates"]]],
        "removed": [["T.1", "Jon Skallagrimsson"]],
    }
    assert WatchEntity.objects.count() == 3


def test_the_page_of_a_version_shows_who_came_changed_and_went(
    world: World, browse: Browse, tmp_path: Path
) -> None:
    with tenant_scope(world.aurora.pk, world.actor("carla")):
        make_un_list(tmp_path, JON, MARTA, PIET)
        make_un_list(tmp_path, (2, "Marta", "Quispelaere", "1972-05-06", "Belgium"), PIET, OLGA)
    carla = browse("carla")
    shown = reverse("compliance:list-version", args=["un_consolidated", 2])
    assert shown in carla.get(reverse("compliance:lists")).content.decode()
    text = carla.get(shown).content.decode()
    for said in ("Olga Dzerzhinovska", "Jon Skallagrimsson", "birth dates", "In use"):
        assert said in text
    first = carla.get(reverse("compliance:list-version", args=["un_consolidated", 1]))
    assert "Nothing to compare with" in first.content.decode()
    missing = reverse("compliance:list-version", args=["un_consolidated", 9])
    assert carla.get(missing).status_code == 404


def test_the_same_file_again_changes_nothing(scoped: World, tmp_path: Path) -> None:
    first = make_un_list(tmp_path, JON, MARTA)
    assert make_un_list(tmp_path, JON, MARTA).pk == first.pk
    assert WatchList.objects.count() == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01\x02",
        b"<CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL><DATAID>1</DATAID>",
        b"<shopping><item/></shopping>",
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><CONSOLIDATED_LIST>&e;'
        b"</CONSOLIDATED_LIST>",
        b"<CONSOLIDATED_LIST><INDIVIDUALS/></CONSOLIDATED_LIST>",
    ],
    ids=["empty", "binary", "cut", "another form", "hostile", "no one in it"],
)
def test_a_bad_file_leaves_the_list_in_use_as_it_is(
    scoped: World, tmp_path: Path, content: bytes
) -> None:
    make_un_list(tmp_path, JON, MARTA)
    bad = tmp_path / "bad.xml"
    bad.write_bytes(content)
    with pytest.raises((ListFileError, InvalidInput)):
        list_import(bad, imported_by="tests")
    version = WatchList.objects.get()
    assert (version.active, version.number) == (True, 1)
    assert WatchEntity.objects.count() == 2


def test_a_list_that_lost_more_than_half_is_taken_for_a_cut_file(
    scoped: World, tmp_path: Path
) -> None:
    make_un_list(tmp_path, JON, MARTA, PIET)
    short = un_file(tmp_path, JON)
    with pytest.raises(ListShrunk):
        list_import(short, imported_by="tests")
    assert WatchEntity.objects.count() == 3
    assert list_import(short, imported_by="tests", accept_fewer=True).removed == 2
    assert WatchEntity.objects.count() == 1


def test_a_brokerages_own_list_is_its_own(scoped: World, tmp_path: Path) -> None:
    carla = scoped.actor("carla")
    version = make_own_list(carla, tmp_path)
    assert (version.title, version.entities_count, version.number) == ("House list", 3, 1)
    assert [match.entity.id for match in lists_for(carla).search(Subject("Femi Drayle"))] == ["X2"]
    entry = AuditEntry.objects.get(action="compliance.list_imported")
    assert (entry.actor_name, entry.subject_label) == ("Carla", "House list, version 1")


def test_another_brokerage_sees_nothing_of_it(world: World, tmp_path: Path) -> None:
    with tenant_scope(world.aurora.pk, world.actor("carla")):
        make_own_list(world.actor("carla"), tmp_path)
    zoe = world.actor("zoe")
    with tenant_scope(world.borealis.pk, zoe):
        assert (TenantList.objects.count(), TenantEntity.objects.count()) == (0, 0)
        assert lists_for(zoe).search(Subject("Femi Drayle")) == []


def test_a_row_of_the_own_list_that_cannot_be_read_is_named(scoped: World, tmp_path: Path) -> None:
    rows = (*ROWS, "X4,person", 'X5,ghost,"NEMO, Captain",,,,,')
    version = make_own_list(scoped.actor("carla"), tmp_path, *rows)
    assert (version.rows_counted, version.rows_parsed, version.problems_count) == (5, 3, 2)
    assert [where for where, _ in version.problems] == ["line 5", "line 6"]


def test_a_public_file_is_no_own_list_and_an_own_file_no_public_one(
    scoped: World, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match="platform imports"):
        tenant_list_import(
            actor=scoped.actor("carla"), path=un_file(tmp_path, JON), title="House list"
        )
    with pytest.raises(InvalidInput, match="--tenant"):
        list_import(own_list_file(tmp_path), imported_by="tests")
    assert (TenantList.objects.count(), WatchList.objects.count()) == (0, 0)


def test_the_database_allows_one_active_version(scoped: World, tmp_path: Path) -> None:
    make_un_list(tmp_path, JON, MARTA)
    make_un_list(tmp_path, JON, MARTA, PIET)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE compliance_watchlist SET active = true")


def test_the_command_names_what_it_did_and_what_is_wrong(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("list_import", str(un_file(tmp_path, JON, MARTA)))
    said = capsys.readouterr().out
    assert "version 1: 2 entities, 2 names; 2 new, 0 changed, 0 gone" in said
    assert "aurora: un_consolidated version 1: 0 of 0 clients screened, 0 hits" in said
    with pytest.raises(CommandError, match="no file"):
        call_command("list_import", str(tmp_path / "missing.xml"))
    with pytest.raises(CommandError, match="no brokerage nowhere"):
        call_command("list_import", str(own_list_file(tmp_path)), "--tenant", "nowhere")


@pytest.mark.slow
def test_the_real_lists_are_imported_whole_and_searched(scoped: World, shared_data: Path) -> None:
    ofac = list_import(shared_data / "screening" / "ofac", imported_by="tests")
    un = list_import(shared_data / "screening" / "un" / "UN_consolidated.xml", imported_by="tests")
    for version in (ofac, un):
        assert version.rows_counted == version.rows_parsed + version.problems_count
        assert WatchEntity.objects.filter(watch_list=version).count() == version.entities_count
    assert (ofac.entities_count, un.entities_count) == (7379, 1003)
    lists = lists_for(scoped.actor("carla"))
    assert set(lists.sources) == {"ofac_sdn", "un_consolidated"}
    found = lists.search(Subject("Usama Bin Ladin"))
    assert found[0].score > 0.9
