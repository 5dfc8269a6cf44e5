"""A form that is sent twice is done once: a double click, a reload, a request sent again."""

import re
import threading
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from backoffice.core.tenant import TenantModel
from backoffice.portal.models import FormSent
from backoffice.tenancy.scope import tenant_scope
from clients.models import Client as Person
from clients.models import Note
from tests.clients.factories import make_lead
from tests.world import World, load_world

Browse = Callable[[str], Client]
PARTICULARS = {
    "first_name": "Anna",
    "last_name": "Eriksson",
    "email": "anna.eriksson@mail.example",
    "birth_date": "1990-04-02",
    "nationality": "SE",
    "residence": "SE",
    "language": "en",
    "category": "retail",
    "kind": "person",
}


def _form(client: Client, url: str) -> dict[str, str]:
    """What the page's form would send."""
    page = client.get(url).content.decode()
    key = re.search(r'name="form_key" value="(\w+)"', page)
    assert key is not None
    return PARTICULARS | {"form_key": key.group(1)}


def _count(world: World, model: type[TenantModel]) -> int:
    with tenant_scope(world.aurora.pk, world.system()):
        return model.objects.filter(tenant=world.aurora).count()


def test_the_same_form_again_leads_to_what_it_made(world: World, browse: Browse) -> None:
    olivia, url = browse("olivia"), reverse("clients:new")
    form = _form(olivia, url)
    first, again = olivia.post(url, form), olivia.post(url, form, follow=True)
    assert first.status_code == 302
    assert again.redirect_chain == [(first["Location"], 302)]
    assert "The form was sent twice. It was done once." in again.content.decode()
    assert _count(world, Person) == 1
    # A form of its own is a wish of its own, and so is a colleague's of the same name.
    assert olivia.post(url, _form(olivia, url) | {"email": "x@mail.example"}).status_code == 302
    assert browse("adam").post(url, form | {"email": "y@mail.example"}).status_code == 302
    assert _count(world, Person) == 3


def test_a_form_with_a_mistake_is_mended_and_sent_again(world: World, browse: Browse) -> None:
    olivia, url = browse("olivia"), reverse("clients:new")
    form = _form(olivia, url)
    assert olivia.post(url, form | {"birth_date": "1790-01-01"}).status_code == 422
    assert _count(world, FormSent) == 0
    assert olivia.post(url, form).status_code == 302


def test_a_note_is_kept_once(world: World, browse: Browse) -> None:
    olivia = browse("olivia")
    with tenant_scope(world.aurora.pk, world.actor("olivia")):
        client = make_lead(world.actor("olivia"))
    url = reverse("clients:note", args=[client.pk])
    tab = olivia.get(reverse("clients:tab", args=[client.pk, "notes"])).content.decode()
    key = re.findall(r'name="form_key" value="(\w+)"', tab)[0]
    for _ in range(2):
        assert olivia.post(url, {"text": "Called back.", "form_key": key}).status_code == 302
    assert _count(world, Note) == 1


@pytest.mark.slow
def test_two_at_the_same_moment_make_one(committed: None) -> None:
    world, url = load_world(), reverse("clients:new")
    form = PARTICULARS | {"form_key": "double"}
    start, places = threading.Barrier(3), []

    def send() -> None:
        olivia = Client()
        olivia.force_login(world.user("olivia"))
        start.wait()
        places.append(olivia.post(url, form).headers.get("Location"))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(places) == 3
    assert len(set(places)) == 1
    assert None not in places
    assert _count(world, Person) == 1
