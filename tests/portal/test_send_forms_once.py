"""A form that is sent twice is done once: a double click, a reload, a request sent again."""

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from backoffice.core.tenant import TenantModel
from backoffice.portal.models import FormSent
from backoffice.staff.models import ApiKey
from backoffice.tenancy.scope import tenant_scope
from clients.models import Client as Person
from clients.models import Note, UploadLink
from ib.models import Agreement, Partner
from tests.addresses import Address, addresses
from tests.clients.factories import make_lead
from tests.objects import OBJECTS
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


LINK = {"types": ["passport"], "valid_days": 7, "uses_max": 5}
# Forms that make something and are not done once by their key: why twice makes no second thing.
SAFE = {
    "payments:deposit-new": "its form's own key is unique on the deposit",
    "payments:withdrawal-new": "its form's own key is unique on the withdrawal",
    "payments:transfer-new": "its form's own key is unique on the transfer",
    "payments:rate-set": "a currency has one rate",
    "payments:chargeback-add": "a bundle has one piece of a kind; a repeat takes its place",
    "payments:policy": "an approval waits for a subject once",
    "payments:bands-change": "an approval waits for a subject once",
    "payments:rules-propose": "a draft is proposed once",
    "compliance:policy-propose": "an approval waits for a subject once",
    "portal:view-save": "a name has one view",
    "portal:export-ask": "a copy of what is read; its page stays open, and may ask again",
    "portal:member-grant": "an approval waits for a subject once",
    "portal:settings-access": "an approval waits for a subject once",
    "ib:version-propose": "a draft is proposed once",
    "compliance:risk-propose": "a draft is proposed once",
    "trading:leverage-propose": "a draft is proposed once",
    "kyc:submit": "a case moves from a state once",
    "kyc:form-propose": "a draft is proposed once",
    "reconciliation:break-match": "a line has one standing match",
    "reconciliation:break-line-match": "a line has one standing match",
    "reconciliation:report-cost": "one cost of a report waits at a time",
    "reconciliation:terms": "a gateway has one row of terms for each currency",
    "reconciliation:break-settle": "a line has one standing match",
    "reporting:client-money-sign": "a report is signed once",
    "reporting:client-money-policy": "a brokerage has one policy",
    "operations:template": "a message has one text in a language",
    "platform:tenant-new": "a short name has one brokerage",
    "platform:tenant-invite": "a person is a member once",
    "platform:support-start": "a look of its own, read only, over by itself",
    "privacy:due-ask": "who is asked about is off the list, and has one open request",
    "clients:upload": "the same bytes of one kind are kept once",
}
MAKES = re.compile(
    r"(^|-)(new|add|ask|save|invite|propose|restrict|note|upload|import|assign|snooze|correct"
    r"|run|desks|accounts|api-keys|open|password|grant)$"
)
# A POST by its name is not enough: these read, or change what stands.
OTHERS = {
    "payments:withdrawal-ask": "a question moves the withdrawal's state",
    "kyc:ask": "a question moves the case's state",
    "clients:assign": "an edit: a client has one desk",
    "trading:server-ask": "the server is read anew",
    "trading:accounts": "a list",
    "payments:destination-approve": "an approval",
    "portal:exports": "a list",
    "platform:backup-run": "one that runs is enough",
    "portal:member-invite-again": "a second letter; the first link stops working",
}
ONCE = [address for address in addresses() if getattr(address.view, "once", False)]


def test_every_form_that_makes_something_is_done_once_or_says_why_not() -> None:
    silent = [
        address.name
        for address in addresses()
        if MAKES.search(address.name.partition(":")[2])
        and not getattr(address.view, "once", False)
        and address.name not in SAFE | OTHERS
    ]
    assert silent == []
    known = {address.name for address in addresses()}
    assert {*SAFE, *OTHERS} <= known


# Their forms stand on another page, or only beside something to pay.
ELSEWHERE = {
    "clients:note",
    "compliance:list-upload",
    "ib:payout-new",
    "kyc:identity-start",
    "kyc:level-tax",
    "payments:file-new",
    "portal:batch-new",
}


@pytest.mark.parametrize(
    "address",
    [each for each in ONCE if each.name not in ELSEWHERE],
    ids=lambda each: each.name,
)
def test_the_page_of_a_form_that_is_done_once_carries_its_key(
    world: World, browse: Browse, address: Address
) -> None:
    with tenant_scope(world.aurora.pk, world.actor("adam")):
        arguments = dict(OBJECTS[address.name](world)) if address.arguments else {}
    page = browse("adam").get(reverse(address.name, kwargs=arguments)).content.decode()
    assert len(re.findall(r'name="form_key" value="\w+"', page)) == 1


def test_the_page_with_the_lists_carries_the_key(world: World, browse: Browse) -> None:
    assert 'name="form_key"' in browse("adam").get("/compliance/lists/").content.decode()


def test_a_link_is_made_and_shown_once(world: World, browse: Browse) -> None:
    olivia = browse("olivia")
    with tenant_scope(world.aurora.pk, world.actor("olivia")):
        client = make_lead(world.actor("olivia"))
    url = reverse("clients:link-new", args=[client.pk])
    form = LINK | {"form_key": "k"}
    first, again = olivia.post(url, form), olivia.post(url, form, follow=True)
    address = re.search(r"/upload/[^\s\"<]+", first.content.decode())
    assert address is not None
    assert again.redirect_chain == [(reverse("clients:tab", args=[client.pk, "documents"]), 302)]
    assert address[0] not in again.content.decode()
    assert _count(world, UploadLink) == 1


def test_a_key_for_the_interface_is_made_and_shown_once(world: World, browse: Browse) -> None:
    adam, url = browse("adam"), reverse("portal:api-keys")
    form = {"name": "Website", "permissions": ["staff.view_audit"], "form_key": "k"}
    first, again = adam.post(url, form), adam.post(url, form, follow=True)
    secret = re.search(r"bo_\w+\.[\w-]+|[\w-]{40,}", first.content.decode())
    assert secret is not None
    assert again.redirect_chain == [(url, 302)]
    assert _count(world, ApiKey) == 1


AT_ONCE: list[tuple[str, str, dict[str, Any], type[TenantModel]]] = [
    ("olivia", "clients:new", PARTICULARS, Person),
    (
        "olivia",
        "clients:link-new",
        {"types": ["passport"], "valid_days": 7, "uses_max": 5},
        UploadLink,
    ),
    ("igor", "ib:agreement-new", {"name": "Gold", "currency": "EUR"}, Agreement),
    ("igor", "ib:new", {}, Partner),
]


@pytest.mark.slow
@pytest.mark.parametrize(("who", "name", "form", "made"), AT_ONCE, ids=lambda each: str(each)[:20])
def test_at_the_same_moment_they_make_one(
    committed: None, who: str, name: str, form: dict[str, Any], made: type[TenantModel]
) -> None:
    world = load_world()
    with tenant_scope(world.aurora.pk, world.system()):
        arguments = [make_lead(world.actor("olivia")).pk] if name in OBJECTS else []
    before, url = _count(world, made), reverse(name, args=arguments)
    start, answers = threading.Barrier(3), []

    def send() -> None:
        client = Client()
        client.force_login(world.user(who))
        start.wait()
        answers.append(client.post(url, form | {"form_key": "double"}))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers)[1:] == [302, 302]
    assert len({answer.headers.get("Location") for answer in answers} - {None}) == 1
    assert _count(world, made) - before == 1
