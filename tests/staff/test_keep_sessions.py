"""Sessions can't be planted, kept after signing out, or used by another site's form."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client

from backoffice.tenancy.scope import tenant_scope
from clients.models import Client as Person
from tests.world import World

Browse = Callable[[str], Client]
LOGIN = "/accounts/login/"
PASSWORD = "correct horse battery"  # noqa: S105 - of the tests' world


def _signed_in(client: Client) -> Client:
    answer = client.post(LOGIN, {"login": "olivia@aurora.example", "password": PASSWORD})
    assert answer.status_code == 302
    return client


def _key(client: Client) -> str:
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)


def test_a_session_that_was_planted_before_signing_in_is_worth_nothing(world: World) -> None:
    attacker = Client()
    attacker.session.save()  # a session of the server's own making, known to the attacker
    planted = attacker.session
    planted["anything"] = "x"
    planted.save()
    victim = Client()
    victim.cookies[settings.SESSION_COOKIE_NAME] = planted.session_key or ""
    _signed_in(victim)
    assert _key(victim) != planted.session_key
    attacker.cookies[settings.SESSION_COOKIE_NAME] = planted.session_key or ""
    assert attacker.get("/clients/")["Location"].startswith(LOGIN)
    assert victim.get("/clients/").status_code == 200


def test_a_key_of_the_attackers_own_choice_is_not_taken_up(world: World) -> None:
    victim = Client()
    victim.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    _signed_in(victim)
    assert _key(victim) != "a" * 32
    assert not Session.objects.filter(session_key="a" * 32).exists()


def test_after_signing_out_the_old_key_is_dead(world: World) -> None:
    client = _signed_in(Client())
    old = _key(client)
    assert client.get("/clients/").status_code == 200
    client.post("/accounts/logout/")
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = old
    assert thief.get("/clients/")["Location"].startswith(LOGIN)
    assert not Session.objects.filter(session_key=old).exists()


def test_signing_out_takes_a_post(world: World) -> None:
    client = _signed_in(Client())
    client.get("/accounts/logout/")
    assert client.get("/clients/").status_code == 200


@pytest.mark.parametrize("token", ["", "x" * 64])
def test_a_form_of_another_site_changes_nothing(world: World, token: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.user("olivia"))
    client.get("/clients/new/")
    form = {"kind": "person", "last_name": "Berg", "email": "a@b.example", "language": "en"}
    answer = client.post("/clients/new/", form | {"csrfmiddlewaretoken": token})
    assert answer.status_code == 403
    with tenant_scope(world.aurora.pk):
        assert not Person.objects.exists()


def test_a_token_of_another_person_is_worth_nothing(world: World) -> None:
    mine, theirs = Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True)
    for client, name in ((mine, "olivia"), (theirs, "adam")):
        client.force_login(world.user(name))
        client.get("/clients/new/")
    token = theirs.cookies[settings.CSRF_COOKIE_NAME].value
    form = {"kind": "person", "last_name": "Berg", "email": "a@b.example", "language": "en"}
    answer = mine.post("/clients/new/", form | {"csrfmiddlewaretoken": token})
    assert answer.status_code == 403


def test_signing_in_asks_for_a_token_too(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    form = {"login": "olivia@aurora.example", "password": PASSWORD}
    assert client.post(LOGIN, form).status_code == 403
