"""The pages of clients, as people with different rights see them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.audit.models import AuditEntry
from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from clients import services, tabs
from clients.models import Client, ClientAction, ClientDocument, Note, Restriction, UploadLink
from tests.clients.factories import make_active, make_desk, make_document, make_lead, picture
from tests.world import World

Browse = Callable[[str], Browser]
Queries = Callable[[int], AbstractContextManager[Any]]
TABS = ("identity", "documents", "kyc", "restrictions", "notes", "timeline")


def _made(world: World, **values: Any) -> Client:
    actor = world.actor("olivia")
    with tenant_scope(actor.tenant_id, actor):
        return make_lead(actor, **values)


def _db(world: World) -> AbstractContextManager[None]:
    return tenant_scope(world.aurora.pk, world.actor("adam"))


def test_the_list_is_empty_with_a_way_on_then_shows_who_came(world: World, browse: Browse) -> None:
    sam = browse("sam")
    empty = sam.get("/clients/").content.decode()
    assert "No clients yet" in empty
    assert 'href="/clients/new/"' in empty
    client = _made(world)
    full = sam.get("/clients/").content.decode()
    assert client.reference in full
    assert "anna.eriksson@mail.example" not in full  # support sees no personal data
    assert "anna.eriksson@mail.example" in browse("carla").get("/clients/").content.decode()


def test_the_list_filters_by_words_and_shows_when_nothing_matches(
    world: World, browse: Browse
) -> None:
    _made(world)
    sam = browse("sam")
    assert "Anna Eriksson" in sam.get("/clients/?q=eri").content.decode()
    assert "Nothing matches these filters" in sam.get("/clients/?q=zzz").content.decode()
    assert "Anna Eriksson" not in sam.get("/clients/?state=active").content.decode()
    assert sam.get("/clients/?state=nonsense&after=broken").status_code == 200


def test_a_client_is_made_by_form_and_mistakes_stand_beside_their_fields(
    world: World, browse: Browse
) -> None:
    sam = browse("sam")
    bad = {"kind": "person", "email": "nobody", "language": "en", "birth_date": "2020-01-01"}
    answer = sam.post("/clients/new/", bad)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "This is not an e-mail address." in text
    assert "A person needs a surname." in text
    assert "at least 18 years old" in text
    good = {**bad, "email": "bo@berg.example", "last_name": "Berg", "birth_date": "1980-01-01"}
    answer = sam.post("/clients/new/", good)
    with _db(world):
        client = Client.objects.get()
        assert answer["Location"] == f"/clients/{client.pk}/"
        assert (client.last_name, client.birth_date) == ("Berg", date(1980, 1, 1))


def test_each_tab_of_each_domain_stands_on_the_clients_page(world: World, browse: Browse) -> None:
    client = _made(world)
    adam = browse("adam")
    with _db(world):
        codes = [tab.code for tab in tabs.tabs_for(world.actor("adam"), client)]
    assert {"kyc", "accounts", "money", "risk", "partner"} < set(codes)
    for code in codes:
        page = adam.get(f"/clients/{client.pk}/{code}/").content.decode()
        assert page.startswith("<!doctype html>"), code
        assert client.reference in page
        assert f'href="/clients/{client.pk}/timeline/"' in page, code


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_opens_empty_and_full(world: World, browse: Browse, tab: str) -> None:
    client = _made(world)
    carla = browse("carla")
    assert carla.get(f"/clients/{client.pk}/{tab}/").status_code == 200
    with _db(world):
        adam = world.actor("adam")
        make_document(adam, client)
        services.note_add(actor=adam, client=client, text="Called <b>twice</b>.")
        services.restriction_place(
            actor=adam, client=client, action="deposit", reason="x", text="Card <i>lost</i>"
        )
    answer = carla.get(f"/clients/{client.pk}/{tab}/").content.decode()
    assert "Deposit is stopped" in answer
    assert "<i>lost</i>" not in answer


def test_stops_of_one_reason_are_said_together(world: World, browse: Browse) -> None:
    client = _made(world)
    with _db(world):
        adam = world.actor("adam")
        for action in ("deposit", "withdraw"):
            services.restriction_place(
                actor=adam, client=client, action=action, reason="x", text="Frozen"
            )
        services.restriction_place(actor=adam, client=client, action="trade", reason="x", text="No")
    answer = browse("carla").get(f"/clients/{client.pk}/").content.decode()
    assert (
        answer.count("Withdraw, Deposit are stopped")
        + answer.count("Deposit, Withdraw are stopped")
        == 1
    )
    assert "Trade is stopped" in answer
    with _db(world):
        for action in ClientAction:
            services.restriction_place(
                actor=adam, client=client, action=action, reason="y", text="All of it"
            )
    assert (
        "All actions are stopped" in browse("carla").get(f"/clients/{client.pk}/").content.decode()
    )


def test_an_unknown_tab_is_not_found_and_one_without_the_right_is_refused(
    world: World, browse: Browse
) -> None:
    client = _made(world)
    assert browse("carla").get(f"/clients/{client.pk}/nothing/").status_code == 404
    assert browse("pavel").get(f"/clients/{client.pk}/kyc/").status_code == 403
    assert "/kyc/" not in browse("pavel").get(f"/clients/{client.pk}/").content.decode()


def test_personal_data_is_masked_and_its_sight_recorded(world: World, browse: Browse) -> None:
    client = _made(world)
    path = f"/clients/{client.pk}/identity/"
    masked = browse("sam").get(path).content.decode()
    assert "1 Makarios" not in masked
    assert "•••••" in masked
    assert "1 Makarios" in browse("carla").get(path).content.decode()
    with _db(world):
        seen = AuditEntry.objects.filter(action="clients.data_shown", subject_id=client.pk)
        assert [entry.actor_name for entry in seen] == ["Carla"]


def test_who_may_not_see_data_replaces_it_without_reading_it(world: World, browse: Browse) -> None:
    client = _made(world)
    sam = browse("sam")
    path = f"/clients/{client.pk}/edit/"
    assert "anna.eriksson" not in sam.get(path).content.decode()
    answer = sam.post(
        path, {"kind": "person", "last_name": "Eriksson", "language": "de", "phone": "+35722000000"}
    )
    assert answer.status_code == 302
    with _db(world):
        row = Client.objects.get(pk=client.pk)
        assert (row.email, row.phone, row.language) == (
            "anna.eriksson@mail.example",
            "+35722000000",
            "de",
        )


def test_restrict_and_lift_through_the_pages(world: World, browse: Browse) -> None:
    client = _made(world)
    carla = browse("carla")
    path = f"/clients/{client.pk}/restrict/"
    assert carla.post(path, {"actions": ["fly"], "text": "x"}).status_code == 422
    carla.post(path, {"actions": ["deposit", "trade"], "text": "Passport lost"})
    with _db(world):
        rows = list(Restriction.objects.order_by("action"))
        assert [row.action for row in rows] == ["deposit", "trade"]
    lift = f"/clients/{client.pk}/restrictions/{rows[0].pk}/lift/"
    assert carla.post(lift, {"reason": "found"}).status_code == 302
    again = carla.post(lift, {"reason": "found"})
    assert again.status_code == 422
    assert "Carla has lifted it already." in again.content.decode()
    assert browse("sam").post(path, {"actions": ["trade"], "text": "x"}).status_code == 403


def test_a_move_that_is_not_offered_is_not_found(world: World, browse: Browse) -> None:
    client = _made(world)
    carla = browse("carla")
    for state in ("active", "lead", "nonsense"):
        path = f"/clients/{client.pk}/move/{state}/"
        assert carla.post(path, {"reason": "x"}).status_code == 404
    assert carla.post(f"/clients/{client.pk}/move/closed/", {"reason": ""}).status_code == 422
    assert carla.post(f"/clients/{client.pk}/move/closed/", {"reason": "x"}).status_code == 302
    with _db(world):
        assert Client.objects.get(pk=client.pk).state == "closed"


def test_a_note_is_written_once_and_an_empty_one_is_refused(world: World, browse: Browse) -> None:
    client = _made(world)
    sam = browse("sam")
    assert sam.post(f"/clients/{client.pk}/note/", {"text": " "}).status_code == 422
    answer = sam.post(
        f"/clients/{client.pk}/note/", {"text": "Hello", "mentions": [world.user("carla").pk]}
    )
    assert answer.status_code == 302
    with _db(world):
        assert Note.objects.get().mentions == [world.user("carla").pk]


def _file(content: bytes, name: str) -> object:
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile(name, content)


def test_a_document_is_uploaded_and_a_disguised_one_refused_beside_its_field(
    world: World, browse: Browse
) -> None:
    client = _made(world)
    sam = browse("sam")
    path = f"/clients/{client.pk}/upload/"
    bad = sam.post(path, {"type": "passport", "file": _file(b"<html>hi</html>", "p.jpg")})
    assert bad.status_code == 422
    assert "This is a web page, not a document." in bad.content.decode()
    assert sam.post(path, {"type": "passport"}).status_code == 422
    good = {"type": "passport", "file": _file(picture(), "p.jpg"), "expires_on": "2031-01-01"}
    assert sam.post(path, good).status_code == 302
    with _db(world):
        row = ClientDocument.objects.get()
        assert (row.uploaded_by, row.expires_on) == ("Sam", date(2031, 1, 1))


def test_the_file_opens_for_who_may_look_in_a_frame_of_ours_only(
    world: World, browse: Browse
) -> None:
    client = _made(world)
    with _db(world):
        row = make_document(world.actor("adam"), client)
    path = reverse("clients:document", args=[row.pk])
    answer = browse("carla").get(path)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert answer["Cache-Control"] == "no-store, private"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in answer["Content-Security-Policy"]
    assert "script-src" not in answer["Content-Security-Policy"]
    assert browse("sam").get(path).status_code == 403
    assert browse("zoe").get(path).status_code == 404


def test_a_desk_sees_its_clients_and_not_the_others(world: World, browse: Browse) -> None:
    from guardian.shortcuts import assign_perm

    from backoffice.staff.models import Role

    with _db(world):
        adam = world.actor("adam")
        mine = make_desk(adam)
        seen, hidden = make_lead(adam, desk=mine), make_lead(adam, email="h@mail.example")
        document = make_document(adam, hidden)
        group = Role.objects.get(code="compliance-officer").group
        group.permissions.remove(*group.permissions.filter(codename="view_all_desks"))
    assign_perm("clients.work_desk", world.user("carla"), mine)
    carla = browse("carla")
    text = carla.get("/clients/").content.decode()
    assert seen.reference in text
    assert hidden.reference not in text
    assert carla.get(f"/clients/{seen.pk}/").status_code == 200
    twin = carla.get(f"/clients/{seen.pk}/").content.decode()
    assert "A client of another desk" in twin
    assert hidden.reference not in twin
    for path in (
        f"/clients/{hidden.pk}/",
        f"/clients/{hidden.pk}/identity/",
        reverse("clients:document", args=[document.pk]),
    ):
        assert carla.get(path).status_code == 404
    with _db(world):
        assert AuditEntry.objects.filter(action="clients.document_viewed").count() == 0


def test_an_upload_link_is_shown_once_and_withdrawn(world: World, browse: Browse) -> None:
    client = _made(world)
    sam = browse("sam")
    path = f"/clients/{client.pk}/upload-link/"
    assert sam.post(path, {"types": [], "valid_days": 7, "uses_max": 3}).status_code == 422
    made = sam.post(path, {"types": ["passport"], "valid_days": 7, "uses_max": 3})
    assert "http://testserver/upload/" in made.content.decode()
    with _db(world):
        link = UploadLink.objects.get()
        assert link.secret_hash not in made.content.decode()
    tab = sam.get(f"/clients/{client.pk}/documents/").content.decode()
    assert "/upload/" not in tab.replace(f"/clients/{client.pk}/upload/", "")
    sam.post(f"/clients/{client.pk}/upload-link/{link.pk}/withdraw/")
    with _db(world):
        assert UploadLink.objects.get().revoked_by == "Sam"


def test_a_clients_page_costs_the_same_with_much_history(
    world: World, browse: Browse, django_assert_num_queries: Queries
) -> None:
    with _db(world):
        adam: Actor = world.actor("adam")
        client = make_active(adam)
    carla = browse("carla")
    path = f"/clients/{client.pk}/"
    carla.get(path)
    # Other domains add tabs and numbers of their own, so the count is not pinned here.
    with CaptureQueriesContext(connection) as few:
        carla.get(path)
    with _db(world):
        for number in range(12):
            services.note_add(actor=adam, client=client, text=f"note {number}")
            make_lead(adam, email=f"{number}@mail.example")
    with django_assert_num_queries(len(few)):
        carla.get(path)
