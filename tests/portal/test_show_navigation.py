"""The navigation is made once for each set of rights, and shown to none but who holds them."""

import re
from collections.abc import Callable

from django.contrib.auth.models import Permission
from django.test import Client

from backoffice.staff.models import Role
from backoffice.tenancy.scope import tenant_scope
from tests.world import World

Browse = Callable[[str], Client]
LINE = re.compile(r'<a class="side-link" href="([^"]+)"( aria-current="page")?')


def _lines(client: Client, path: str) -> dict[str, bool]:
    """Address -> whether it is marked as the place where one is."""
    page = client.get(path).content.decode()
    return {url: bool(here) for url, here in LINE.findall(page)}


def test_a_right_taken_away_takes_its_line_away_with_the_next_click(
    world: World, browse: Browse
) -> None:
    pavel = browse("pavel")
    assert "/clients/" in _lines(pavel, "/search/")
    with tenant_scope(world.aurora.pk):
        role = Role.objects.get(tenant=world.aurora, code="payments")
        role.group.permissions.remove(Permission.objects.get(codename="view_client"))
    assert "/clients/" not in _lines(pavel, "/search/")


def test_people_who_take_turns_see_each_their_own_lines(world: World, browse: Browse) -> None:
    adam, anna = browse("adam"), browse("anna")
    seen = [set(_lines(one, "/search/")) for one in (adam, anna, adam, anna)]
    assert seen[0] == seen[2]
    assert seen[1] == seen[3]
    assert seen[0] > seen[1]


def test_the_line_of_the_page_is_marked_and_no_other(world: World, browse: Browse) -> None:
    adam = browse("adam")
    for path in ("/clients/", "/kyc/", "/clients/"):
        assert [url for url, here in _lines(adam, path).items() if here] == [path]
