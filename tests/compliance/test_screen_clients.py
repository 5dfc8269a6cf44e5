"""Clients against the lists: hits, what is remembered of them, and who is asked again."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import queues
from clients.models import Client
from clients.services import client_move, client_update
from clients.states import ClientState
from compliance.hits import hit_decide
from compliance.models import Hit, Screening
from compliance.rescreen import lists_follow
from compliance.screen import client_screen
from compliance.screening.decide import Category
from compliance.states import HitState
from tests.clients.factories import make_lead
from tests.compliance.factories import ROWS, make_hit, make_ines, make_own_list, make_un_list
from tests.world import World


@pytest.fixture
def carla(world: World) -> Iterator[Actor]:
    actor = world.actor("carla")
    with tenant_scope(world.aurora.pk, actor):
        yield actor


def _dismissed(carla: Actor, folder: Path) -> Hit:
    hit = make_hit(carla, folder, Category.INTERNAL)
    return hit_decide(actor=carla, hit=hit, verdict=HitState.FALSE_POSITIVE, reason="document")


def test_a_client_like_an_entry_becomes_a_hit_whose_lines_add_up(
    carla: Actor, tmp_path: Path
) -> None:
    hit = make_hit(carla, tmp_path)
    assert (hit.entity_id, hit.state, hit.blocking, hit.category) == (
        "X1", HitState.OPEN, True, "sanctions",
    )  # fmt: skip
    assert hit.score >= Decimal("0.92")
    total = sum(effect for _, _, effect in hit.features)
    assert round(min(1.0, total), 2) == round(float(hit.score), 2)
    assert {"birth date equal", "country equal"} <= {feature for feature, _, _ in hit.features}
    item = queues.item_for(carla, "hits", hit.pk)
    assert item is not None
    assert item.urgent


def test_a_client_like_no_one_has_no_hit_and_the_search_is_remembered(
    carla: Actor, tmp_path: Path
) -> None:
    make_own_list(carla, tmp_path)
    client = make_lead(carla)
    assert client_screen(actor=carla, client=client) == []
    seen = Screening.objects.get()
    assert (seen.client_id, seen.versions, seen.matches) == (client.pk, {"tenant": 1}, 0)


def test_screening_twice_finds_the_same_hit_once(carla: Actor, tmp_path: Path) -> None:
    hit = make_hit(carla, tmp_path)
    (again,) = client_screen(actor=carla, client=hit.client)
    assert again.pk == hit.pk
    assert Hit.objects.count() == 1


def test_a_dismissal_is_remembered_while_both_sides_stay(carla: Actor, tmp_path: Path) -> None:
    hit = _dismissed(carla, tmp_path)
    assert client_screen(actor=carla, client=hit.client) == []
    hit.refresh_from_db()
    assert (hit.state, hit.times_opened) == (HitState.FALSE_POSITIVE, 1)
    assert queues.item_for(carla, "hits", hit.pk) is None


def test_it_opens_again_when_the_client_changes(carla: Actor, tmp_path: Path) -> None:
    hit = _dismissed(carla, tmp_path)
    client = client_update(actor=carla, client=hit.client, last_name="Valderramia")
    (again,) = client_screen(actor=carla, client=client)
    assert (again.pk, again.state, again.times_opened) == (hit.pk, HitState.OPEN, 2)
    assert again.subject["name"] == "Ines Valderramia"
    assert queues.item_for(carla, "hits", hit.pk) is not None


def test_it_opens_again_when_the_entry_changes(carla: Actor, tmp_path: Path) -> None:
    hit = _dismissed(carla, tmp_path)
    rows = (ROWS[0] + "A new remark", *ROWS[1:])
    make_own_list(carla, tmp_path, *rows)
    (again,) = client_screen(actor=carla, client=hit.client)
    assert (again.pk, again.state) == (hit.pk, HitState.OPEN)
    assert again.content_hash != hit.content_hash


def test_a_hit_whose_entry_left_the_list_closes_and_comes_back_with_it(
    carla: Actor, tmp_path: Path
) -> None:
    hit = make_hit(carla, tmp_path)
    make_own_list(carla, tmp_path, *ROWS[1:], category=Category.SANCTIONS)
    assert client_screen(actor=carla, client=hit.client) == []
    hit.refresh_from_db()
    assert hit.state == HitState.GONE
    assert queues.item_for(carla, "hits", hit.pk) is None
    make_own_list(carla, tmp_path, *ROWS, category=Category.SANCTIONS)
    (back,) = client_screen(actor=carla, client=hit.client)
    assert (back.pk, back.state) == (hit.pk, HitState.OPEN)


def test_a_proposal_is_taken_back_when_what_it_was_about_changes(
    carla: Actor, tmp_path: Path
) -> None:
    hit = make_hit(carla, tmp_path)
    hit_decide(actor=carla, hit=hit, verdict=HitState.FALSE_POSITIVE, reason="document")
    client = client_update(actor=carla, client=hit.client, birth_date=date(1990, 7, 22))
    (again,) = client_screen(actor=carla, client=client)
    assert (again.state, again.proposed) == (HitState.OPEN, "")
    with connection.cursor() as cursor:
        cursor.execute("SELECT state FROM workflow_approval WHERE subject_id = %s", [hit.pk])
        assert cursor.fetchall() == [("cancelled",)]


def test_a_changed_list_concerns_only_whose_name_is_like_a_changed_entry(
    world: World, tmp_path: Path
) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        ines = make_ines(carla)
        others = [
            _applicant(carla, first, last)
            for first, last in (("Bertil", "Lagerkvist"), ("Noor", "Haddadine"), ("Kim", "Ostrow"))
        ]
        make_own_list(carla, tmp_path, *ROWS[1:])
    first = lists_follow(carla)
    assert [(run.screened, run.clients, run.hits) for run in first] == [(0, 4, 0)]
    with tenant_scope(world.aurora.pk, carla):
        make_own_list(carla, tmp_path, *ROWS)
    (run,) = lists_follow(carla)
    assert (run.entities, run.clients, run.screened, run.hits) == (1, 4, 1, 1)
    with tenant_scope(world.aurora.pk, carla):
        assert Hit.objects.get().client_id == ines.pk
        assert not Hit.objects.filter(client__in=others).exists()
    assert lists_follow(carla) == []


def _applicant(actor: Actor, first: str, last: str) -> Client:
    client = make_lead(
        actor, first_name=first, last_name=last, email=f"{last.lower()}@mail.example"
    )
    return client_move(actor=actor, client=client, state=ClientState.APPLICANT, reason="test")


def test_a_brokerage_that_missed_versions_is_brought_up_to_the_last(
    world: World, tmp_path: Path
) -> None:
    carla = world.actor("carla")
    jon = (1, "Jon", "Skallagrimsson", "1960-01-02", "Iceland")
    olga = (4, "Olga", "Dzerzhinovska", "1955-11-12", "Poland")
    ines = (9, "Ines", "Valderramia", "1990-07-21", "Spain")
    with tenant_scope(world.aurora.pk, carla):
        make_un_list(tmp_path, jon)
    lists_follow(carla)
    with tenant_scope(world.aurora.pk, carla):
        for first, last in (("Bertil", "Lagerkvist"), ("Noor", "Haddadine"), ("Kim", "Ostrow")):
            _applicant(carla, first, last)
        make_ines(carla)
        make_un_list(tmp_path, jon, ines)
        make_un_list(tmp_path, jon, ines, olga)
    (run,) = lists_follow(carla)
    assert (run.version, run.entities, run.screened, run.hits) == (3, 2, 1, 1)


def test_another_brokerages_client_is_not_screened_for_us(world: World, tmp_path: Path) -> None:
    zoe, carla = world.actor("zoe"), world.actor("carla")
    with tenant_scope(world.borealis.pk, zoe):
        make_ines(zoe)
    with tenant_scope(world.aurora.pk, carla):
        make_own_list(carla, tmp_path)
    (run,) = lists_follow(carla)
    assert (run.clients, run.screened) == (0, 0)
    assert lists_follow(zoe) == []
    with tenant_scope(world.borealis.pk, zoe):
        assert Hit.objects.count() == 0


def test_the_database_refuses_one_persons_word_on_a_sanctions_hit(
    carla: Actor, tmp_path: Path
) -> None:
    hit = make_hit(carla, tmp_path)
    with (
        pytest.raises(DatabaseError, match="hit_sanctions_need_two"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE compliance_hit SET state = 'false_positive', reason = 'x' WHERE id = %s",
            [hit.pk],
        )
