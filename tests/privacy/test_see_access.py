"""Who of the staff saw whose data: counted as they look, shown by client and by person."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test import Client as Browser

from backoffice.core.clock import today
from backoffice.tenancy.scope import tenant_scope
from clients.looks import look
from clients.models import Client, Look, LookKind
from privacy import staff_access
from tests.clients.factories import make_document, make_lead
from tests.world import World

Scope = Callable[..., AbstractContextManager[None]]
Browse = Callable[[str], Browser]


def _looks(world: World) -> dict[tuple[str, str], int]:
    with tenant_scope(world.aurora.pk):
        rows = Look.objects.values_list("user_name", "kind", "times")
        return {(name, kind): times for name, kind, times in rows}


def test_pages_unmasked_data_and_documents_are_counted(
    world: World, scope: Scope, browse: Browse
) -> None:
    with scope(world.actor("carla")):
        client = make_lead(world.actor("carla"))
        document = make_document(world.actor("carla"), client)
    carla, sam = browse("carla"), browse("sam")
    for _ in range(2):
        carla.get(f"/clients/{client.pk}/")
    carla.get(f"/clients/{client.pk}/identity/")
    carla.get(f"/documents/{document.pk}/file/")
    sam.get(f"/clients/{client.pk}/identity/")  # masked: a page, and nothing unmasked
    assert _looks(world) == {
        ("Carla", "page"): 3, ("Carla", "full"): 1, ("Carla", "document"): 1, ("Sam", "page"): 1,
    }  # fmt: skip


def test_what_the_product_does_by_itself_is_no_look(world: World, scope: Scope) -> None:
    with scope(world.actor("carla")):
        client = make_lead(world.actor("carla"))
        look(actor=world.system(), client=client, kind=LookKind.PAGE)
    assert _looks(world) == {}


def test_a_look_is_never_taken_back(world: World, scope: Scope) -> None:
    with scope(world.actor("carla")):
        client = make_lead(world.actor("carla"))
        look(actor=world.actor("carla"), client=client, kind=LookKind.PAGE)
        with connection.cursor() as cursor, pytest.raises(ProgrammingError), transaction.atomic():
            cursor.execute("DELETE FROM clients_look")
    assert _looks(world) == {("Carla", "page"): 1}


def test_the_page_shows_a_client_and_everyone_who_looked(
    world: World, scope: Scope, browse: Browse
) -> None:
    with scope(world.actor("carla")):
        client = make_lead(world.actor("carla"))
    browse("sam").get(f"/clients/{client.pk}/")
    page = browse("carla").get(f"/privacy/access/?client={client.reference}").content.decode()
    assert "Sam" in page
    assert "Client page 1" in page
    everyone = browse("mary").get("/privacy/access/").content.decode()
    assert "Sam" in everyone
    assert "Support coordinator" in everyone
    one = browse("mary").get("/privacy/access/", {"person": f"user:{world.user('adam').pk}"})
    assert "Nobody looked" in one.content.decode()
    assert browse("sam").get("/privacy/access/").status_code == 403


@pytest.mark.parametrize(
    "query",
    ["since=2026-11-02&until=2026-11-01", "since=2020-01-01", "since=soon", "person=user:0"],
)
def test_odd_dates_and_people_are_refused_beside_their_field(
    world: World, browse: Browse, query: str
) -> None:
    answer = browse("carla").get(f"/privacy/access/?{query}")
    assert answer.status_code == 422
    assert len(answer.context["form"].errors) == 1


def test_far_more_than_the_role_is_marked_and_less_is_not(world: World, scope: Scope) -> None:
    carla = world.actor("carla")
    with scope(carla):
        people = [make_lead(carla, email=f"n{n}@mail.example") for n in range(12)]
        day = today()
        for number, (ref, opened) in enumerate((("a", 2), ("b", 3), ("c", 12))):
            _opened(carla.tenant_id, f"user:9{number}", ref, people[:opened], day)
        lines = {line.user_name: line for line in staff_access.days(carla, day, day)}
        assert {name: line.unusual for name, line in lines.items()} == {
            "a": False, "b": False, "c": True,
        }  # fmt: skip
        assert (lines["c"].clients, lines["c"].median) == (12, 3)
        assert staff_access.days(carla, day - timedelta(days=3), day - timedelta(days=1)) == []


def _opened(tenant_id: int, ref: str, name: str, clients: list[Client], day: date) -> None:
    Look.objects.bulk_create(
        Look(tenant_id=tenant_id, client=client, user_ref=ref, user_name=name, day=day, kind="page")
        for client in clients
    )


def test_two_of_a_role_have_no_median(world: World, scope: Scope) -> None:
    carla = world.actor("carla")
    with scope(carla):
        people = [make_lead(carla, email=f"n{n}@mail.example") for n in range(11)]
        _opened(carla.tenant_id, "user:90", "a", people[:1], today())
        _opened(carla.tenant_id, "user:91", "b", people, today())
        lines = staff_access.days(carla, today(), today())
        assert [(line.median, line.unusual) for line in lines] == [(0, False), (0, False)]
