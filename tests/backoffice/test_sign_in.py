"""Signing in and choosing a brokerage: who may come in, from where, with what."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client, override_settings

from backoffice.staff.models import MemberIndex, Membership, User
from backoffice.tenancy.scope import tenant_scope
from tests.world import World

Browse = Callable[[str], Client]


def test_with_mandatory_mfa_a_password_alone_opens_no_page(world: World, browse: Browse) -> None:
    with override_settings(MFA_MANDATORY=True):
        response = browse("adam").get("/")
    assert (response.status_code, response["Location"]) == (302, "/accounts/2fa/")


def test_a_deployment_without_mandatory_mfa_fails_its_check() -> None:
    with (
        override_settings(MFA_MANDATORY=False),
        pytest.raises(SystemCheckError, match="staff.E001"),
    ):
        call_command("check", deploy=True, tags=["security"])


def test_an_address_outside_the_allow_list_is_refused(world: World, browse: Browse) -> None:
    world.aurora.ip_allow_list = ["203.0.113.7"]
    world.aurora.save(update_fields=["ip_allow_list"])
    client = browse("adam")
    assert client.get("/").status_code == 403
    assert client.get("/", REMOTE_ADDR="203.0.113.7").status_code == 200


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
