"""Services for desks: their names, and whose clients a member of staff sees.

A desk binds only those whose roles do not see every desk. Seeing more needs a second person's
approval; seeing less does not.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.urls import reverse
from guardian.models import UserObjectPermission
from guardian.shortcuts import assign_perm, remove_perm

from backoffice.audit.services import audit
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError, InvalidInput
from backoffice.portal.keyset import COUNT_MAX
from backoffice.staff.models import Membership, User
from backoffice.staff.selectors import WORK_DESK
from backoffice.workflow import approvals
from backoffice.workflow.approvals import ApprovalKind, approval_ask
from backoffice.workflow.models import Approval
from clients import actions
from clients.models import Desk

MANAGE = "staff.manage_staff"
JOIN = "clients.desk_join"


def desks(actor: Actor) -> QuerySet[Desk]:
    """The brokerage's desks by name."""
    return Desk.objects.filter(tenant_id=actor.tenant_id).order_by("name", "id")


_SIZES = """
SELECT desk.id, (
    SELECT count(*) FROM (
        SELECT FROM clients_client
        WHERE tenant_id = %(tenant)s AND desk_id = desk.id LIMIT %(most)s
    ) client
), (
    SELECT count(DISTINCT member.id) FROM guardian_userobjectpermission given
    JOIN auth_permission permission ON permission.id = given.permission_id
    JOIN staff_membership member ON member.user_id = given.user_id
    WHERE permission.codename = %(right)s AND given.object_pk = desk.id::text
      AND member.tenant_id = %(tenant)s AND member.active
)
FROM clients_desk desk WHERE desk.tenant_id = %(tenant)s
"""


def sizes(actor: Actor) -> dict[UUID, tuple[int, int]]:
    """Of each desk how many clients it has, counted no further than a list would, and how many
    active members were given it. For who manages staff: they see every desk. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SIZES, {"tenant": actor.tenant_id, "most": COUNT_MAX + 1, "right": WORK_DESK}
        )
        return {pk: (clients, members) for pk, clients, members in cursor.fetchall()}


def people_of(actor: Actor, desk: Desk) -> list[Membership]:
    """The active members who were given the desk."""
    ids = UserObjectPermission.objects.filter(
        permission__codename=WORK_DESK, object_pk=str(desk.pk)
    ).values("user_id")
    return list(
        Membership.objects.filter(tenant_id=actor.tenant_id, active=True, user__in=ids)
        .select_related("user")
        .order_by("user__name", "id")
    )


def join_content(desk: Desk, membership: Membership) -> dict[str, Any]:
    """What the second person reads."""
    return {
        "member": f"{membership.user.name} ({membership.user.email})",
        "member_id": str(membership.pk),
        "desk": desk.name,
    }


@transaction.atomic
def desk_join_ask(*, actor: Actor, desk: Desk, membership: Membership) -> Approval:
    """Ask that a member may see the desk's clients."""
    if membership.user_id == actor.user_id:
        raise InvalidInput("No one asks for a desk for themselves.")
    if membership in people_of(actor, desk):
        raise InvalidInput(f"{membership.user.name} has this desk already.")
    if approvals.pending_for(actor, desk.pk, JOIN):
        raise DomainError("A member of this desk waits for approval already.")
    return approval_ask(
        actor=actor,
        kind=JOIN,
        subject=desk,
        label=f"{desk.name} for {membership.user.name}",
        content=join_content(desk, membership),
    )


@transaction.atomic
def desk_leave(*, actor: Actor, desk: Desk, user: User) -> None:
    """The member sees the desk's clients no longer, from their next click on."""
    remove_perm(f"clients.{WORK_DESK}", user, desk)
    audit(
        actor=actor,
        action=actions.DESK_LEFT,
        subject=desk,
        label=desk.name,
        data={"member": user.name},
    )


@transaction.atomic
def desk_rename(*, actor: Actor, desk: Desk, name: str) -> Desk:
    clean = " ".join(name.split())
    if not clean:
        raise InvalidInput(fields={"name": "A desk needs a name."})
    same = Desk.objects.filter(tenant_id=actor.tenant_id, name=clean).exclude(pk=desk.pk)
    if same.exists():
        raise InvalidInput(fields={"name": "There is a desk of this name."})
    row = Desk.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=desk.pk)
    if row.name != clean:
        said = {"was": row.name}
        row.name = clean
        row.save(update_fields=["name"])
        audit(actor=actor, action=actions.DESK_RENAMED, subject=row, label=clean, data=said)
    return row


def _content(actor: Actor, approval: Approval) -> Mapping[str, Any]:
    desk, membership = _of(actor, approval)
    return join_content(desk, membership) if membership else {}


def _of(actor: Actor, approval: Approval) -> tuple[Desk, Membership | None]:
    desk = Desk.objects.get(tenant_id=actor.tenant_id, pk=approval.subject_id)
    membership = Membership.objects.filter(
        tenant_id=actor.tenant_id, pk=approval.content["member_id"], active=True
    ).first()
    return desk, membership


def _execute(actor: Actor, approval: Approval) -> None:
    desk, membership = _of(actor, approval)
    assert membership is not None  # its content was compared in this same transaction
    assign_perm(f"clients.{WORK_DESK}", membership.user, desk)
    audit(
        actor=actor,
        action=actions.DESK_JOINED,
        subject=desk,
        label=desk.name,
        data={"member": membership.user.name},
    )


def register() -> None:
    approvals.register(
        ApprovalKind(
            code=JOIN,
            label="Desk",
            permission=MANAGE,
            content=_content,
            execute=_execute,
            refused=approvals.nothing_to_undo,
            url=lambda approval: reverse("clients:desk", args=[approval.subject_id]),
        )
    )
