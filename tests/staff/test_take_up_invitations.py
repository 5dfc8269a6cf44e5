"""An invitation: written, opened once, and over."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client

from backoffice.audit.models import AuditEntry
from backoffice.core.clock import now
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.portal.invitations import member_invite
from backoffice.staff.models import MembershipRole, User
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.models import OutboxItem
from backoffice.workflow.outbox import drain
from tests.world import World

Browse = Callable[[str], Client]
PASSWORD = "plain words nobody joins"  # noqa: S105


def _invite(world: World, email: str = "Nora@aurora.example", name: str = "Nora Lang") -> str:
    """The path of the link in the letter; empty when the letter has none."""
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        member_invite(actor=adam, email=email, name=name)
    drain(world.system())
    found = re.search(r"http\S+(/invited/\S+)", str(mail.outbox[-1].body))
    return found[1] if found else ""


def test_a_person_is_written_to_chooses_a_password_and_signs_in(world: World) -> None:
    path = _invite(world)
    letter = mail.outbox[-1]
    assert letter.to == ["nora@aurora.example"]
    assert "Adam has made you a member of Aurora Markets" in letter.body
    visitor = Client()
    page = visitor.get(path)
    assert (page.status_code, page["Referrer-Policy"]) == (200, "no-referrer")
    assert "Welcome, Nora Lang" in page.content.decode()
    assert visitor.post(path, {"password": PASSWORD})["Location"] == "/accounts/login/"
    visitor.post("/accounts/login/", {"login": "nora@aurora.example", "password": PASSWORD})
    assert visitor.get("/").status_code == 200
    assert visitor.get("/clients/").status_code == 403  # a member without a role sees nothing
    with tenant_scope(world.aurora.pk):
        told = AuditEntry.objects.filter(actor_name="Nora Lang").order_by("id")
        assert [row.action for row in told] == ["staff.invitation_accepted", "staff.signed_in"]


def test_the_link_stands_in_no_table(world: World) -> None:
    path = _invite(world)
    with tenant_scope(world.aurora.pk):
        item = OutboxItem.objects.get(topic="staff.invite")
        assert path.split("/")[-2] not in str(item.payload)


def test_a_link_works_once(world: World) -> None:
    path = _invite(world)
    Client().post(path, {"password": PASSWORD})
    assert Client().get(path).status_code == 410
    assert Client().post(path, {"password": "another that is long"}).status_code == 410
    assert User.objects.get(email="nora@aurora.example").check_password(PASSWORD)


def test_a_link_ends_after_three_days(world: World) -> None:
    path = _invite(world)
    with time_machine.travel(now() + timedelta(days=3, minutes=1), tick=False):
        assert Client().get(path).status_code == 410


@pytest.mark.parametrize("change", ["uid", "token", "both"])
def test_a_link_that_is_not_whole_opens_nothing(world: World, change: str) -> None:
    _, _, uid, token, _ = _invite(world).split("/")
    uid = "x" if change in ("uid", "both") else uid
    if change in ("token", "both"):
        token = token[:-1] + ("1" if token[-1] == "0" else "0")
    assert Client().get(f"/invited/{uid}/{token}/").status_code == 410


def test_a_link_of_one_person_is_not_anothers(world: World) -> None:
    first = _invite(world)
    second = _invite(world, "omar@aurora.example", "Omar")
    mixed = f"/invited/{first.split('/')[2]}/{second.split('/')[3]}/"
    assert Client().get(mixed).status_code == 410


@pytest.mark.parametrize("password", ["short", "qwerty123456", "nora@aurora.example"])
def test_a_weak_password_is_refused_and_the_link_stays(world: World, password: str) -> None:
    path = _invite(world)
    assert Client().post(path, {"password": password}).status_code == 422
    assert Client().get(path).status_code == 200


def test_someone_of_another_brokerage_keeps_their_password(world: World) -> None:
    assert _invite(world, "zoe@borealis.example", "Not Zoe") == ""
    assert "Sign in with the password that you have" in mail.outbox[-1].body
    assert User.objects.get(email="zoe@borealis.example").name == "Zoe"


def test_a_member_is_not_invited_again(world: World) -> None:
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        with pytest.raises(StateConflict):
            member_invite(actor=adam, email="sam@aurora.example", name="Sam")
        with pytest.raises(InvalidInput):
            member_invite(actor=adam, email="no address", name="Sam")
        assert not OutboxItem.objects.filter(topic="staff.invite").exists()
        assert not MembershipRole.objects.filter(membership__user__name="Sam Two").exists()
