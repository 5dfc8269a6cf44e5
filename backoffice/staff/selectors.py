"""Who a signed-in person is inside a tenant."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import Permission
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Concat
from guardian.models import UserObjectPermission

from backoffice.core.context import Actor, ActorKind
from backoffice.staff.models import MemberIndex, Membership, User
from backoffice.tenancy.models import Tenant

WORK_DESK = "work_desk"
ALL_DESKS = "clients.view_all_desks"
# Rights over the whole house, whose pages show every desk's clients: who is bound to desks does
# not hold them, whatever their roles say.
HOUSE_WIDE = frozenset(
    {
        "staff.view_audit",
        "staff.manage_staff",
        "staff.manage_settings",
        "operations.view_operations",
        "operations.manage_operations",
        "ledger.view_ledger",
        "ledger.post_manual",
        "ledger.approve_manual",
        "reconciliation.view_break",
        "reconciliation.work_break",
        "reconciliation.import_statement",
        "reconciliation.approve_adjustment",
        "reporting.view_report",
        "reporting.run_report",
        "reporting.sign_report",
        "compliance.manage_lists",
        "payments.manage_gateways",
        "trading.manage_servers",
    }
)


def tenants_of(user: User) -> list[Tenant]:
    """The active brokerages a person works for, by name."""
    return entrance_of(user, "").tenants


@dataclass(frozen=True)
class Entrance:
    """The active brokerages a person works for, by name, and the one whose host name was called."""

    tenants: list[Tenant]
    by_host: Tenant | None


def entrance_of(user: User, hostname: str) -> Entrance:
    """One statement: each request starts with it."""
    near = (
        Tenant.objects.annotate(
            mine=Exists(MemberIndex.objects.filter(user=user, membership_tenant=OuterRef("pk")))
        )
        .filter(Q(mine=True) | Q(hostname=hostname or None))
        .order_by("name", "id")
    )
    return Entrance(
        tenants=[tenant for tenant in near if tenant.mine and tenant.active],
        by_host=next((t for t in near if hostname and t.hostname == hostname), None),
    )


_PERMISSIONS = "held__role__group__permissions"


def actor_for(user: User, tenant_id: int, ip: str = "") -> Actor | None:
    """The actor that ``user`` is in the tenant in scope; None without an active membership.

    One statement (two for who is bound to desks), asked anew with each request: what was
    withdrawn a moment ago is gone. So it is not cached.
    """
    found = (
        Membership.objects.filter(tenant_id=tenant_id, user=user, active=True)
        .annotate(
            names=ArrayAgg("held__role__name", distinct=True, default=[]),
            codes=ArrayAgg(
                Concat(
                    f"{_PERMISSIONS}__content_type__app_label",
                    Value("."),
                    f"{_PERMISSIONS}__codename",
                ),
                distinct=True,
                filter=Q(**{f"{_PERMISSIONS}__isnull": False}),
                default=[],
            ),
        )
        .values_list("names", "codes")
        .first()
    )
    if found is None or not user.is_active:
        return None
    names, codes = found
    permissions = frozenset(codes)
    if ALL_DESKS not in permissions:
        permissions -= HOUSE_WIDE
    return Actor(
        kind=ActorKind.STAFF,
        ref=f"user:{user.pk}",
        name=user.name,
        tenant_id=tenant_id,
        user_id=user.pk,
        permissions=permissions,
        desks=None if ALL_DESKS in permissions else desks_of(user),
        roles=tuple(sorted(name for name in names if name)),
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
