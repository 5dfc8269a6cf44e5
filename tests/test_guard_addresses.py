"""Every address x {stranger to the product, other tenant, no right, right}."""

from collections.abc import Callable, Collection, Mapping
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from backoffice.staff.models import MembershipRole
from backoffice.tenancy.scope import tenant_scope
from tests.addresses import Address, addresses, by_application, by_object
from tests.objects import OBJECTS
from tests.world import World

ALL = list(addresses())
STAFF = [address for address in ALL if address.needs is not None]
WITH_OBJECT = [address for address in STAFF if address.arguments]
# Their argument is a word of the product, such as a queue's: each brokerage opens its own.
OF_THE_PRODUCT = {"portal:settings-level"}
# Asked by a page about one object of its own: nothing without it.
ASKED_ABOUT = {"portal:live"}
Browse = Callable[[str], Client]
NOT_HERE = (404, 405)  # the other verb of a view that answers one only


def _path(address: Address, arguments: dict[str, object]) -> str:
    return reverse(address.name, kwargs=arguments)


def _anything(address: Address) -> dict[str, object]:
    for value in (uuid4(), "x", 1):
        try:
            arguments: dict[str, object] = dict.fromkeys(address.arguments, value)
            reverse(address.name, kwargs=arguments)
        except NoReverseMatch:
            continue
        return arguments
    raise AssertionError(f"{address.name} needs an example of its arguments")


def _both(client: Client, path: str) -> set[int]:
    return {client.get(path).status_code, client.post(path).status_code}


def _others(
    client: Client, paths: Mapping[str, str], expected: Collection[int]
) -> dict[str, set[int]]:
    """The addresses that answer with anything else than what is expected, with their answers."""
    answers = {name: _both(client, path) for name, path in paths.items()}
    return {name: answer for name, answer in answers.items() if not answer <= set(expected)}


def _anywhere(group: list[Address]) -> dict[str, str]:
    return {address.name: _path(address, _anything(address)) for address in group}


def test_every_view_says_what_it_needs_or_why_it_is_public() -> None:
    silent = [a.name for a in ALL if a.needs is None and not (a.public or a.operator)]
    assert silent == []


@pytest.mark.parametrize("group", by_application(STAFF))
def test_someone_not_signed_in_is_sent_to_sign_in(db: None, group: list[Address]) -> None:
    for path in _anywhere(group).values():
        for response in (Client().get(path), Client().post(path)):
            assert response.status_code == 302, path
            assert response["Location"].startswith("/accounts/login/"), path


@pytest.mark.parametrize("group", by_application(a for a in STAFF if a.needs))
def test_a_member_without_the_right_is_refused(
    world: World, browse: Browse, group: list[Address]
) -> None:
    with tenant_scope(world.aurora.pk):
        MembershipRole.objects.filter(
            tenant=world.aurora, membership__user=world.user("sam")
        ).delete()
    assert _others(browse("sam"), _anywhere(group), {403, 405}) == {}


@pytest.mark.parametrize("group", by_object(a for a in WITH_OBJECT if a.name not in OF_THE_PRODUCT))
def test_another_brokerage_does_not_find_it(
    world: World, browse: Browse, group: list[Address]
) -> None:
    with tenant_scope(world.aurora.pk, world.actor("adam")):
        arguments = dict(OBJECTS[group[0].name](world))
    paths = {address.name: _path(address, arguments) for address in group}
    assert _others(browse("zoe"), paths, NOT_HERE) == {}


@pytest.mark.parametrize("group", by_application(WITH_OBJECT))
def test_what_does_not_exist_is_not_found(
    world: World, browse: Browse, group: list[Address]
) -> None:
    assert _others(browse("adam"), _anywhere(group), NOT_HERE) == {}


@pytest.mark.parametrize(
    "group",
    by_application(a for a in STAFF if not a.arguments and a.name not in ASKED_ABOUT),
)
def test_with_the_right_the_page_opens(world: World, browse: Browse, group: list[Address]) -> None:
    client = browse("adam")
    answers = {a.name: client.get(_path(a, {})).status_code for a in group}
    assert {name: answer for name, answer in answers.items() if answer not in (200, 405)} == {}
