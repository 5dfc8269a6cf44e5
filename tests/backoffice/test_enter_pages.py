"""What each request asks before its view runs: little, and nothing that was true a moment ago."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client, override_settings

from backoffice.staff.models import Membership, Role
from backoffice.staff.selectors import actor_for
from backoffice.staff.services import role_grant, role_withdraw
from backoffice.tenancy.scope import tenant_scope
from tests.world import World

Browse = Callable[[str], Client]
FRAME = 7  # session, user, brokerages, scope, rights, queues, notifications


@contextmanager
def statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(execute: Any, statement: str, *rest: Any) -> Any:
        if "SAVEPOINT" not in statement:  # of the test's own transaction
            seen.append(statement)
        return execute(statement, *rest)

    with connection.execute_wrapper(note):
        yield seen


def _member(world: World, name: str) -> Membership:
    return Membership.objects.get(tenant=world.aurora, user=world.user(name))


def test_a_role_withdrawn_is_gone_with_the_next_click(world: World, browse: Browse) -> None:
    pavel = browse("pavel")
    assert pavel.get("/money/withdrawals/").status_code == 200
    with tenant_scope(world.aurora.pk):
        role = Role.objects.get(tenant=world.aurora, code="payments")
        role_withdraw(actor=world.system(), membership=_member(world, "pavel"), role=role)
    assert pavel.get("/money/withdrawals/").status_code == 403
    with tenant_scope(world.aurora.pk):
        role_grant(actor=world.system(), membership=_member(world, "pavel"), role=role)
    assert pavel.get("/money/withdrawals/").status_code == 200


def test_a_right_taken_out_of_a_role_is_gone_with_the_next_click(
    world: World, browse: Browse
) -> None:
    pavel = browse("pavel")
    assert pavel.get("/money/withdrawals/").status_code == 200
    with tenant_scope(world.aurora.pk):
        role = Role.objects.get(tenant=world.aurora, code="payments")
        role.group.permissions.remove(Permission.objects.get(codename="view_payment"))
    assert pavel.get("/money/withdrawals/").status_code == 403


def test_someone_who_may_no_longer_sign_in_is_out_with_the_next_click(
    world: World, browse: Browse
) -> None:
    sam = browse("sam")
    assert sam.get("/").status_code == 200
    user = world.user("sam")
    user.is_active = False
    user.save(update_fields=["is_active"])
    assert sam.get("/")["Location"] == "/accounts/login/?next=/"


def test_a_brokerage_that_is_closed_lets_nobody_in(world: World, browse: Browse) -> None:
    sam = browse("sam")
    assert sam.get("/").status_code == 200
    world.aurora.active = False
    world.aurora.save(update_fields=["active"])
    assert sam.get("/")["Location"] == "/brokerage/"


def test_another_brokerages_host_name_is_no_way_in(world: World, browse: Browse) -> None:
    world.borealis.hostname = "testserver"
    world.borealis.save(update_fields=["hostname"])
    assert browse("sam").get("/")["Location"] == "/brokerage/"
    assert browse("zoe").get("/").status_code == 200


def test_a_person_with_two_roles_holds_what_either_gives(world: World) -> None:
    with tenant_scope(world.aurora.pk):
        role = Role.objects.get(tenant=world.aurora, code="analyst")
        role_grant(actor=world.system(), membership=_member(world, "sam"), role=role)
        both = actor_for(world.user("sam"), world.aurora.pk)
    sam, anna = world.actor("sam"), world.actor("anna")
    assert both is not None
    assert both.permissions == sam.permissions | anna.permissions
    assert both.roles == tuple(sorted((*sam.roles, *anna.roles)))


def test_a_member_without_a_role_may_nothing(world: World) -> None:
    with tenant_scope(world.aurora.pk):
        role = Role.objects.get(tenant=world.aurora, code="support")
        role_withdraw(actor=world.system(), membership=_member(world, "sam"), role=role)
        actor = actor_for(world.user("sam"), world.aurora.pk)
    assert actor is not None
    assert (actor.permissions, actor.roles, actor.desks) == (frozenset(), (), frozenset())


def test_a_page_asks_seven_statements_before_its_own(world: World, browse: Browse) -> None:
    adam = browse("adam")
    adam.get("/search/")
    with statements() as seen:
        assert adam.get("/search/").status_code == 200
    assert len(seen) == FRAME, "\n".join(seen)


def test_a_session_is_noted_once_a_minute_and_from_elsewhere_at_once(
    world: World, browse: Browse
) -> None:
    adam = browse("adam")

    def writes(**more: Any) -> int:
        with statements() as seen:
            adam.get("/search/", **more)
        return sum("usersessions" in one and not one.startswith("SELECT") for one in seen)

    assert [writes(), writes(), writes()] == [1, 0, 0]
    assert [writes(REMOTE_ADDR="192.0.2.9"), writes(REMOTE_ADDR="192.0.2.9")] == [1, 0]
    assert [writes(), writes(HTTP_USER_AGENT="another browser")] == [1, 1]
    with override_settings(SESSION_SEEN_EVERY_S=0):
        assert [writes(), writes()] == [1, 1]
