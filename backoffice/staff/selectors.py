"""Who a signed-in person is inside a tenant."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Permission
from django.db import connection
from guardian.models import UserObjectPermission

from backoffice.core.context import Actor, ActorKind
from backoffice.staff.models import User
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
        "payments.quote_currencies",
        "payments.manage_bonuses",
        "payments.manage_rules",
        "privacy.manage_retention",
        "privacy.view_access",
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


# Written here: a request begins with these two, and Django takes five times as long to compose
# them as to send them and read their answers.
_ENTRANCE = """
SELECT near.* FROM (
    SELECT t.*, EXISTS (
        SELECT FROM staff_memberindex i
        WHERE i.membership_tenant_id = t.id AND i.user_id = %(user)s
    ) AS mine
    FROM tenancy_tenant t
) near
WHERE near.mine OR near.hostname = %(hostname)s
ORDER BY near.name, near.id
"""
_RIGHTS = """
SELECT array_agg(DISTINCT r.name) FILTER (WHERE r.id IS NOT NULL),
       array_agg(DISTINCT c.app_label || '.' || p.codename) FILTER (WHERE p.id IS NOT NULL)
FROM staff_membership m
LEFT JOIN staff_membershiprole h ON h.tenant_id = m.tenant_id AND h.membership_id = m.id
LEFT JOIN staff_role r ON r.tenant_id = h.tenant_id AND r.id = h.role_id
LEFT JOIN auth_group_permissions g ON g.group_id = r.group_id
LEFT JOIN auth_permission p ON p.id = g.permission_id
LEFT JOIN django_content_type c ON c.id = p.content_type_id
WHERE m.tenant_id = %(tenant)s AND m.user_id = %(user)s AND m.active
GROUP BY m.id
"""


def entrance_of(user: User, hostname: str) -> Entrance:
    """One statement: each request starts with it."""
    parameters = {"user": user.pk, "hostname": hostname or None}
    near: list[Any] = list(Tenant.objects.raw(_ENTRANCE, parameters))  # with ``mine``
    return Entrance(
        tenants=[tenant for tenant in near if tenant.mine and tenant.active],
        by_host=next((t for t in near if hostname and t.hostname == hostname), None),
    )


def actor_for(user: User, tenant_id: int, ip: str = "") -> Actor | None:
    """The actor that ``user`` is in the tenant in scope; None without an active membership.

    One statement (two for who is bound to desks), asked anew with each request: what was
    withdrawn a moment ago is gone. So it is not cached.
    """
    with connection.cursor() as cursor:
        cursor.execute(_RIGHTS, {"tenant": tenant_id, "user": user.pk})
        found = cursor.fetchone()
    if found is None or not user.is_active:
        return None
    names, codes = found
    permissions = frozenset(codes or ())
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
        roles=tuple(sorted(name for name in names or () if name)),
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
