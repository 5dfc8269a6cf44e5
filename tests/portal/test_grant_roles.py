"""Roles are given by two people, and never to oneself."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.staff.models import ApiKey, Membership, MembershipRole
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.models import Approval
from tests.world import World

Browse = Callable[[str], Client]


@pytest.fixture
def second_admin(world: World) -> str:
    """Mary becomes an administrator too, so that there is someone to approve."""
    from backoffice.staff.models import Role
    from backoffice.staff.services import role_grant

    with tenant_scope(world.aurora.pk, world.system()):
        membership = Membership.objects.get(tenant=world.aurora, user=world.user("mary"))
        role = Role.objects.get(tenant=world.aurora, code="administrator")
        role_grant(actor=world.system(), membership=membership, role=role)
    return "mary"


def _member(world: World, name: str) -> Membership:
    with tenant_scope(world.aurora.pk):
        return Membership.objects.get(tenant=world.aurora, user=world.user(name))


def _holds(world: World, name: str, code: str) -> bool:
    with tenant_scope(world.aurora.pk):
        return MembershipRole.objects.filter(
            tenant=world.aurora, membership__user=world.user(name), role__code=code
        ).exists()


def test_a_role_is_given_by_a_second_person_and_not_before(
    world: World, browse: Browse, second_admin: str
) -> None:
    adam, mary = browse("adam"), browse(second_admin)
    page = reverse("portal:member-grant", args=[_member(world, "sam").pk])
    adam.post(page, {"role": "analyst"})
    assert not _holds(world, "sam", "analyst")
    with tenant_scope(world.aurora.pk):
        approval = Approval.objects.get(tenant=world.aurora)
    decide = reverse("portal:approval-decide", args=[approval.pk])
    adam.post(decide, {"decision": "approve"})
    assert not _holds(world, "sam", "analyst")
    mary.post(decide, {"decision": "approve"})
    assert _holds(world, "sam", "analyst")
    mary.post(decide, {"decision": "refuse", "reason": "twice"})
    assert _holds(world, "sam", "analyst")


def test_nobody_asks_for_a_role_for_themselves(world: World, browse: Browse) -> None:
    page = reverse("portal:member-grant", args=[_member(world, "adam").pk])
    browse("adam").post(page, {"role": "mlro"})
    with tenant_scope(world.aurora.pk):
        assert Approval.objects.filter(tenant=world.aurora).count() == 0


def test_a_member_kept_out_is_out_and_cant_keep_themselves_out(
    world: World, browse: Browse
) -> None:
    adam, sam = browse("adam"), browse("sam")
    adam.post(reverse("portal:member-active", args=[_member(world, "sam").pk]), {"active": "no"})
    assert sam.get("/").status_code == 302
    adam.post(reverse("portal:member-active", args=[_member(world, "adam").pk]), {"active": "no"})
    assert adam.get("/").status_code == 200


def test_a_keys_secret_is_shown_once_and_kept_as_a_hash(world: World, browse: Browse) -> None:
    adam = browse("adam")
    url = reverse("portal:api-keys")
    page = adam.post(url, {"name": "Website", "permissions": ["staff.view_audit"]})
    with tenant_scope(world.aurora.pk):
        key = ApiKey.objects.get(tenant=world.aurora)
    secret = page.context["made"].secret
    assert secret in page.content.decode()
    assert secret not in adam.get(url).content.decode()
    assert secret not in key.key_hash


def test_a_key_can_hold_only_what_its_maker_holds(world: World, browse: Browse) -> None:
    browse("adam").post(
        reverse("portal:api-keys"), {"name": "Greedy", "permissions": ["kyc.nothing_such"]}
    )
    with tenant_scope(world.aurora.pk):
        assert ApiKey.objects.filter(tenant=world.aurora).count() == 0
