"""Desks are made, given to people with four eyes, and taken away."""

from collections.abc import Callable

import pytest
from django.test import Client

from backoffice.audit.models import AuditEntry
from backoffice.staff.models import Membership, MembershipRole, Role
from backoffice.staff.services import role_grant, roles_install
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.models import Approval
from clients.models import Desk
from tests.clients.factories import make_lead
from tests.world import World

Browse = Callable[[str], Client]


@pytest.fixture
def second(world: World, browse: Browse) -> Client:
    """Mary holds the administrator's role too."""
    system = world.system()
    with tenant_scope(world.aurora.pk, system):
        member = Membership.objects.get(user=world.user("mary"))
        role = Role.objects.get(code="administrator")
        role_grant(actor=system, membership=member, role=role)
    return browse("mary")


@pytest.fixture
def desk(world: World, browse: Browse) -> Desk:
    browse("adam").post("/settings/desks/", {"name": "  Limassol  "})
    with tenant_scope(world.aurora.pk):
        return Desk.objects.get(name="Limassol")


def _sam(world: World) -> str:
    with tenant_scope(world.aurora.pk):
        return str(Membership.objects.get(user=world.user("sam")).pk)


def _bind_sam(world: World) -> None:
    """Sam's role is changed for the one that is bound to desks."""
    system = world.system()
    with tenant_scope(world.aurora.pk, system):
        member = Membership.objects.get(user=world.user("sam"))
        MembershipRole.objects.filter(membership=member).delete()
        roles_install(actor=system)
        role_grant(actor=system, membership=member, role=Role.objects.get(code="desk"))


def _pending(world: World) -> Approval:
    with tenant_scope(world.aurora.pk):
        return Approval.objects.get(kind="clients.desk_join", state="pending")


def test_a_member_sees_a_desks_clients_once_a_second_person_agrees(
    world: World, browse: Browse, second: Client, desk: Desk
) -> None:
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        mine = make_lead(adam, desk=desk)
        other = make_lead(adam, email="other@mail.example")
    _bind_sam(world)
    sam = browse("sam")
    assert mine.reference not in sam.get("/clients/").content.decode()
    path = f"/settings/desks/{desk.pk}/join/"
    browse("adam").post(path, {"member": _sam(world)})
    assert mine.reference not in sam.get("/clients/").content.decode()
    decide = f"/approvals/{_pending(world).pk}/decide/"
    browse("adam").post(decide, {"decision": "approve"})  # not by who asked
    assert mine.reference not in sam.get("/clients/").content.decode()
    second.post(decide, {"decision": "approve"})
    page = sam.get("/clients/").content.decode()
    assert mine.reference in page
    assert other.reference not in page
    browse("adam").post(f"/settings/desks/{desk.pk}/leave/", {"member": _sam(world)})
    assert mine.reference not in sam.get("/clients/").content.decode()
    with tenant_scope(world.aurora.pk):
        told = AuditEntry.objects.filter(subject_id=desk.pk).order_by("id")
        assert [row.action.partition(".")[2] for row in told] == [
            "desk_created",
            "approval_asked",
            "desk_joined",
            "desk_left",
        ]


def test_nobody_asks_for_a_desk_for_themselves(world: World, browse: Browse, desk: Desk) -> None:
    with tenant_scope(world.aurora.pk):
        adam = Membership.objects.get(user=world.user("adam"))
    browse("adam").post(f"/settings/desks/{desk.pk}/join/", {"member": str(adam.pk)})
    with tenant_scope(world.aurora.pk):
        assert not Approval.objects.filter(kind="clients.desk_join").exists()


@pytest.mark.parametrize("member", ["", "x", "stranger"])
def test_only_a_member_gets_a_desk(world: World, browse: Browse, desk: Desk, member: str) -> None:
    if member == "stranger":
        with tenant_scope(world.borealis.pk):
            member = str(Membership.objects.get(user=world.user("zoe")).pk)
    browse("adam").post(f"/settings/desks/{desk.pk}/join/", {"member": member})
    with tenant_scope(world.aurora.pk):
        assert not Approval.objects.filter(kind="clients.desk_join").exists()


def test_a_desk_is_renamed_and_its_history_says_so(
    world: World, browse: Browse, desk: Desk
) -> None:
    adam = browse("adam")
    path = f"/settings/desks/{desk.pk}/"
    assert adam.post(path, {"name": "Nicosia"}).status_code == 302
    page = adam.get(path).content.decode()
    assert '<span class="was">Limassol</span>' in page
    assert '<span class="changed">Nicosia</span>' in page
    assert "Renamed the desk Limassol to Nicosia" in page
    adam.post("/settings/desks/", {"name": "Sofia"})
    assert adam.post(path, {"name": "Sofia"}).status_code == 422
    assert adam.post("/settings/desks/", {"name": "Sofia"}).status_code == 422
    assert "Sofia" in adam.get("/settings/desks/").content.decode()


def test_a_member_is_invited_with_a_role_that_a_second_person_gives(
    world: World, browse: Browse, second: Client
) -> None:
    form = {"name": "Nora Lang", "email": "nora@aurora.example", "role": "support"}
    answer = browse("adam").post("/staff/invite/", form)
    with tenant_scope(world.aurora.pk):
        nora = Membership.objects.get(user__email="nora@aurora.example")
        approval = Approval.objects.get(kind="staff.role_grant")
        assert not MembershipRole.objects.filter(membership=nora).exists()
    assert answer["Location"] == f"/staff/{nora.pk}/"
    second.post(f"/approvals/{approval.pk}/decide/", {"decision": "approve"})
    with tenant_scope(world.aurora.pk):
        held = MembershipRole.objects.filter(membership=nora)
        assert [row.role.code for row in held.select_related("role")] == ["support"]
    assert browse("adam").post("/staff/invite/", form).status_code == 422
