"""Who a signed-in person is inside a tenant."""

from uuid import UUID

from django.contrib.auth.models import Permission
from guardian.models import UserObjectPermission

from backoffice.core.context import Actor, ActorKind
from backoffice.staff.models import MemberIndex, Membership, Role, User
from backoffice.tenancy.models import Tenant

WORK_DESK = "work_desk"
ALL_DESKS = "clients.view_all_desks"


def tenants_of(user: User) -> list[Tenant]:
    """The active brokerages a person works for, by name."""
    ids = MemberIndex.objects.filter(user=user).values("membership_tenant_id")
    return list(Tenant.objects.filter(id__in=ids, active=True).order_by("name"))


def actor_for(user: User, tenant_id: int, ip: str = "") -> Actor | None:
    """The actor that ``user`` is in the tenant in scope; None without an active membership."""
    membership = (
        Membership.objects.filter(tenant_id=tenant_id, user=user, active=True)
        .prefetch_related("held__role")
        .first()
    )
    if membership is None or not user.is_active:
        return None
    roles: list[Role] = [held.role for held in membership.held.all()]
    permissions = frozenset(
        f"{app}.{codename}"
        for app, codename in Permission.objects.filter(group__in=[r.group_id for r in roles])
        .values_list("content_type__app_label", "codename")
        .distinct()
    )
    return Actor(
        kind=ActorKind.STAFF,
        ref=f"user:{user.pk}",
        name=user.name,
        tenant_id=tenant_id,
        user_id=user.pk,
        permissions=permissions,
        desks=None if ALL_DESKS in permissions else desks_of(user),
        roles=tuple(sorted(role.name for role in roles)),
        ip=ip,
    )


def desks_of(user: User) -> frozenset[UUID]:
    """Desks whose clients the person may see, granted one by one (django-guardian)."""
    keys = UserObjectPermission.objects.filter(
        user=user, permission__codename=WORK_DESK
    ).values_list("object_pk", flat=True)
    return frozenset(UUID(key) for key in keys)


def known_permissions() -> frozenset[str]:
    """Every permission that the installed apps declare."""
    return frozenset(
        f"{app}.{codename}"
        for app, codename in Permission.objects.values_list("content_type__app_label", "codename")
    )
