"""Signing in and choosing a brokerage: who may come in, from where, with what."""

from collections.abc import Callable
from typing import Any

from django.test import Client

from backoffice.staff.models import MemberIndex, Membership, User
from backoffice.tenancy.scope import tenant_scope
from tests.world import World

Browse = Callable[[str], Client]


def test_a_member_whose_place_is_taken_away_is_out_at_once(world: World, browse: Browse) -> None:
    client = browse("sam")
    assert client.get("/").status_code == 200
    with tenant_scope(world.aurora.pk):
        Membership.objects.filter(tenant=world.aurora, user=world.user("sam")).update(active=False)
    assert client.get("/")["Location"] == "/brokerage/"


def test_the_tenant_never_comes_from_a_form(world: World, browse: Browse) -> None:
    client = browse("adam")
    response = client.post("/brokerage/", {"tenant": world.borealis.pk})
    assert response.status_code == 200
    request: Any = client.get("/").wsgi_request
    assert request.tenant == world.aurora


def test_a_person_of_two_brokerages_chooses_and_sees_only_the_chosen(
    world: World, browse: Browse
) -> None:
    with tenant_scope(world.borealis.pk):
        Membership.objects.create(user=world.user("adam"))
    MemberIndex.objects.create(user=world.user("adam"), membership_tenant=world.borealis)
    client = browse("adam")
    assert client.get("/")["Location"] == "/brokerage/"
    client.post("/brokerage/", {"tenant": world.borealis.pk})
    request: Any = client.get("/").wsgi_request
    assert request.tenant == world.borealis
    assert request.actor.permissions == frozenset()


def test_nobody_can_sign_up(db: None) -> None:
    before = User.objects.count()
    Client().post(
        "/accounts/signup/", {"email": "new@stranger.example", "password1": "long-enough-9"}
    )
    assert User.objects.count() == before


def test_nobody_changes_the_address_that_they_sign_in_by(world: World, browse: Browse) -> None:
    client = browse("sam")
    assert client.get("/accounts/email/").status_code == 404
    form = {"email": "new@stranger.example", "action_add": ""}
    assert client.post("/accounts/email/", form).status_code == 404
    assert User.objects.get(pk=world.user("sam").pk).email == "sam@aurora.example"
