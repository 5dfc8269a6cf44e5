"""Without the right to full data nobody reads an address, a number or a document's, anywhere.

Ned holds every right but that one. Each page of the product is opened about a client (see
tests/objects.py) and searched for what the client's row holds.
"""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.audit.models import AuditEntry
from backoffice.core.context import Actor
from backoffice.core.errors import NotPermitted
from backoffice.portal import exports, lists, search
from backoffice.staff.models import Membership
from backoffice.staff.selectors import actor_for
from backoffice.staff.services import role_create
from backoffice.tenancy.scope import tenant_scope
from clients.models import Client as Person
from tests.addresses import Address, addresses, by_application, by_object
from tests.clients.factories import make_lead
from tests.objects import OBJECTS, Arguments
from tests.world import World

Browse = Callable[[str], Client]
FULL_DATA = "staff.view_full_data"
PAGES = [address for address in addresses() if address.needs is not None]
PHONE = "+35799345678"
CARD = "tok_1234567"  # tests/payments/factories.py


@pytest.fixture
def ned(world: World) -> Actor:
    """Signed in as sam, with every right but to see full data."""
    adam, boss = world.actor("adam"), world.system()
    with tenant_scope(adam.tenant_id, boss):
        rights = adam.permissions - {FULL_DATA}
        role = role_create(actor=boss, code="masked", name="Masked", permissions=rights)
        member = Membership.objects.get(user=world.user("sam"))
        member.held.all().delete()
        member.held.create(tenant_id=adam.tenant_id, membership=member, role=role)
        found = actor_for(world.user("sam"), adam.tenant_id)
    assert found is not None
    return found


def _complete(world: World) -> None:
    """Every client gets a phone, an address and a birth date to hide."""
    with tenant_scope(world.aurora.pk):
        Person.objects.update(phone=PHONE, address="12 Hidden Street, Nicosia")


def _secrets(world: World) -> Iterator[str]:
    with tenant_scope(world.aurora.pk):
        for person in Person.objects.all():
            yield from (person.email, person.phone, person.address)
            if person.birth_date:
                yield from (f"{person.birth_date:%Y-%m-%d}", f"{person.birth_date:%-d %b %Y}")
    yield CARD


def _told(world: World, address: Address, client: Client, arguments: Arguments) -> list[str]:
    """The secrets that the page says."""
    answer = client.get(reverse(address.name, kwargs=dict(arguments)))
    if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
        return []  # a paper itself, for who may see papers at all
    text = answer.content.decode()
    told = [secret for secret in _secrets(world) if secret and secret in text]
    if address.name == "compliance:hit":
        # The listed person's date, which is public, is the client's as well: that is the hit.
        assert lists.MASK in text
        assert [len(secret) for secret in told] == [len("21 Jul 1990")]
        return []
    return told


@pytest.mark.parametrize("group", by_object(page for page in PAGES if page.arguments))
def test_a_page_about_something_shows_no_secret_of_a_client(
    world: World, ned: Actor, browse: Browse, group: list[Address]
) -> None:
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        arguments = OBJECTS[group[0].name](world)
    _complete(world)
    client = browse("sam")
    told = {page.name: _told(world, page, client, arguments) for page in group}
    assert {name: secrets for name, secrets in told.items() if secrets} == {}


@pytest.mark.parametrize("group", by_application(page for page in PAGES if not page.arguments))
def test_a_page_shows_no_secret_of_a_client(
    world: World, ned: Actor, browse: Browse, group: list[Address]
) -> None:
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        make_lead(adam)
    _complete(world)
    client = browse("sam")
    told = {page.name: _told(world, page, client, {}) for page in group}
    assert {name: secrets for name, secrets in told.items() if secrets} == {}


@pytest.mark.parametrize("tab", ["identity", "documents", "notes", "timeline", "kyc", "money"])
def test_a_tab_of_the_client_shows_no_secret(
    world: World, ned: Actor, browse: Browse, tab: str
) -> None:
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        client = make_lead(adam)
    _complete(world)
    answer = browse("sam").get(f"/clients/{client.pk}/{tab}/")
    assert answer.status_code in (200, 404)
    text = answer.content.decode()
    assert [secret for secret in _secrets(world) if secret and secret in text] == []


def test_with_the_right_the_page_shows_it_and_says_so_in_the_trail(
    world: World, browse: Browse
) -> None:
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        client = make_lead(adam)
    text = browse("carla").get(f"/clients/{client.pk}/identity/").content.decode()
    assert client.email in text
    with tenant_scope(adam.tenant_id):
        seen = AuditEntry.objects.get(action="clients.data_shown")
        assert (seen.actor_name, seen.subject_id) == ("Carla", client.pk)


def test_search_finds_by_a_secret_and_does_not_say_it(
    world: World, ned: Actor, browse: Browse
) -> None:
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        client = make_lead(adam)
        (hit,) = search.find(ned, client.email)
    assert client.email not in f"{hit.label} {hit.detail}"
    for accept in ("text/html", "application/json"):
        page = browse("sam").get(
            "/search/", {"q": client.email.split("@")[0]}, headers={"Accept": accept}
        )
        assert client.reference in page.content.decode()
        assert client.email not in page.content.decode()


def test_an_export_is_masked_as_its_list_is_and_is_in_the_trail(world: World, ned: Actor) -> None:
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        make_lead(adam)
    _complete(world)
    with tenant_scope(ned.tenant_id, ned):
        made = exports.export_ask(
            actor=ned,
            list_code="clients.clients",
            query="columns=reference,name,email,phone",
            file_format="csv",
        )
        text = exports.export_path(made).read_text()
        assert made.rows == 1
        kept = AuditEntry.objects.filter(actor_ref=ned.ref, action__startswith="portal.export")
        assert sorted(kept.values_list("action", flat=True)) == [
            "portal.export_asked",
            "portal.exported",
        ]
    assert lists.MASK in text
    assert [secret for secret in _secrets(world) if secret and secret in text] == []


def test_without_the_right_nothing_is_exported(world: World, browse: Browse) -> None:
    sam = world.actor("sam")
    assert not sam.can("staff.export_data")
    form = {"list": "clients.clients", "format": "csv", "query": ""}
    assert browse("sam").post("/exports/ask/", form).status_code == 403
    assert "/exports/ask/" not in browse("sam").get("/clients/").content.decode()
    with tenant_scope(sam.tenant_id, sam):
        with pytest.raises(NotPermitted):
            exports.export_ask(actor=sam, list_code="clients.clients", query="", file_format="csv")
        assert not AuditEntry.objects.filter(action__startswith="portal.export").exists()
