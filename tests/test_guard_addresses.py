"""Every address x {stranger to the product, other tenant, no right, right}."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from backoffice.staff.models import MembershipRole
from backoffice.tenancy.scope import tenant_scope
from tests.addresses import OBJECTS, Address, addresses
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


def _name(address: Address) -> str:
    return address.name


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


def _objects(world: World, address: Address) -> dict[str, object]:
    make = OBJECTS.get(address.name)
    assert make is not None, f"{address.name} has no row in tests/addresses.py"
    with tenant_scope(world.aurora.pk, world.actor("adam")):
        return dict(make(world))


def _both(client: Client, path: str) -> set[int]:
    return {client.get(path).status_code, client.post(path).status_code}


@pytest.mark.parametrize("address", ALL, ids=_name)
def test_every_view_says_what_it_needs_or_why_it_is_public(address: Address) -> None:
    assert address.needs is not None or address.public or address.operator


@pytest.mark.parametrize("address", STAFF, ids=_name)
def test_someone_not_signed_in_is_sent_to_sign_in(db: None, address: Address) -> None:
    path = _path(address, _anything(address))
    for response in (Client().get(path), Client().post(path)):
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("address", [a for a in STAFF if a.needs], ids=_name)
def test_a_member_without_the_right_is_refused(
    world: World, browse: Browse, address: Address
) -> None:
    with tenant_scope(world.aurora.pk):
        MembershipRole.objects.filter(
            tenant=world.aurora, membership__user=world.user("sam")
        ).delete()
    assert _both(browse("sam"), _path(address, _anything(address))) <= {403, 405}


@pytest.mark.parametrize(
    "address", [a for a in WITH_OBJECT if a.name not in OF_THE_PRODUCT], ids=_name
)
def test_another_brokerage_does_not_find_it(world: World, browse: Browse, address: Address) -> None:
    path = _path(address, _objects(world, address))
    assert _both(browse("zoe"), path) <= set(NOT_HERE)


@pytest.mark.parametrize("address", WITH_OBJECT, ids=_name)
def test_what_does_not_exist_is_not_found(world: World, browse: Browse, address: Address) -> None:
    assert _both(browse("adam"), _path(address, _anything(address))) <= set(NOT_HERE)


@pytest.mark.parametrize(
    "address",
    [a for a in STAFF if not a.arguments and a.name not in ASKED_ABOUT],
    ids=_name,
)
def test_with_the_right_the_page_opens(world: World, browse: Browse, address: Address) -> None:
    status = browse("adam").get(_path(address, {})).status_code
    assert status in (200, 405), status
