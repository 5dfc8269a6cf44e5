"""Members, roles and keys. No one grants what they don't hold."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, NotPermitted
from backoffice.staff import actions
from backoffice.staff.models import ApiKey, MemberIndex, Membership, MembershipRole, Role, User
from backoffice.staff.roles import ROLES
from backoffice.staff.selectors import known_permissions


def _permissions(codes: Iterable[str]) -> list[Permission]:
    wanted = set(codes)
    query = Q(pk__in=[])
    for code in wanted:
        app, _, codename = code.partition(".")
        query |= Q(content_type__app_label=app, codename=codename)
    found = list(Permission.objects.filter(query).select_related("content_type"))
    missing = wanted - {f"{p.content_type.app_label}.{p.codename}" for p in found}
    if missing:
        raise InvalidInput(f"There is no permission {', '.join(sorted(missing))}.")
    return found


@transaction.atomic
def role_create(*, actor: Actor, code: str, name: str, permissions: Iterable[str]) -> Role:
    """A role holding ``permissions``, each of which the actor must hold."""
    codes = set(permissions)
    _check_holds(actor, codes)
    group = Group.objects.create(name=f"{actor.tenant_id}:{code}")
    group.permissions.set(_permissions(codes))
    role = Role.objects.create(tenant_id=actor.tenant_id, code=code, name=name, group=group)
    audit(
        actor=actor,
        action=actions.ROLE_CREATED,
        subject=role,
        label=name,
        data={"permissions": sorted(codes)},
    )
    return role


@transaction.atomic
def roles_install(*, actor: Actor) -> list[Role]:
    """The roles that a new brokerage starts with; those that it has already stay as they are."""
    there = set(Role.objects.filter(tenant_id=actor.tenant_id).values_list("code", flat=True))
    known = known_permissions()
    return [
        role_create(
            actor=actor, code=code, name=template.name, permissions=template.permissions & known
        )
        for code, template in ROLES.items()
        if code not in there
    ]


@transaction.atomic
def member_add(*, actor: Actor, user: User, roles: Iterable[Role], title: str = "") -> Membership:
    membership = Membership.objects.create(tenant_id=actor.tenant_id, user=user, title=title)
    MemberIndex.objects.create(user=user, membership_tenant_id=actor.tenant_id)
    audit(
        actor=actor,
        action=actions.MEMBER_ADDED,
        subject=membership,
        label=user.name,
        data={"email": user.email},
    )
    for role in roles:
        role_grant(actor=actor, membership=membership, role=role)
    return membership


@transaction.atomic
def role_grant(*, actor: Actor, membership: Membership, role: Role) -> MembershipRole:
    """Give a role. Refused to the person themselves and to who lacks a permission of it."""
    if actor.user_id is not None and membership.user_id == actor.user_id:
        raise NotPermitted("No one gives a role to themselves.")
    codes = {
        f"{app}.{codename}"
        for app, codename in role.group.permissions.values_list(
            "content_type__app_label", "codename"
        )
    }
    _check_holds(actor, codes)
    held, created = MembershipRole.objects.get_or_create(
        tenant_id=actor.tenant_id, membership=membership, role=role
    )
    if created:
        audit(
            actor=actor,
            action=actions.ROLE_GRANTED,
            subject=membership,
            label=str(membership.user),
            data={"role": role.name},
        )
    return held


@transaction.atomic
def role_withdraw(*, actor: Actor, membership: Membership, role: Role) -> None:
    """Take a role away: it needs no second person, since it only narrows."""
    held = MembershipRole.objects.filter(
        tenant_id=actor.tenant_id, membership=membership, role=role
    ).first()
    if held is None:
        return
    held.delete()
    audit(
        actor=actor,
        action=actions.ROLE_WITHDRAWN,
        subject=membership,
        label=str(membership.user),
        data={"role": role.name},
    )


@transaction.atomic
def member_set_active(*, actor: Actor, membership: Membership, active: bool) -> Membership:
    """Let a member in or keep them out, from their next click on. Never oneself."""
    if membership.user_id == actor.user_id:
        raise NotPermitted("No one takes away their own place.")
    row = Membership.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=membership.pk)
    if row.active != active:
        row.active = active
        row.save(update_fields=["active"])
        audit(
            actor=actor,
            action=actions.MEMBER_LET_IN if active else actions.MEMBER_KEPT_OUT,
            subject=row,
            label=str(row.user),
        )
    return row


def _check_holds(actor: Actor, codes: set[str]) -> None:
    lacking = sorted(code for code in codes if not actor.can(code))
    if lacking:
        raise NotPermitted(f"You can't grant what you don't hold: {', '.join(lacking)}.")


@dataclass(frozen=True)
class NewApiKey:
    key: ApiKey
    secret: str


@transaction.atomic
def api_key_create(
    *, actor: Actor, name: str, permissions: Iterable[str], expires_at: datetime | None = None
) -> NewApiKey:
    """A key whose secret is returned once: ``bo_<tenant>_<prefix>_<secret>``."""
    codes = sorted(set(permissions))
    _check_holds(actor, set(codes))
    _permissions(codes)
    assert actor.user_id is not None
    prefix = secrets.token_hex(5)
    secret = f"bo_{actor.tenant_id}_{prefix}_{secrets.token_urlsafe(30)}"
    key = ApiKey.objects.create(
        tenant_id=actor.tenant_id,
        name=name,
        prefix=prefix,
        key_hash=hash_key(secret),
        permissions=codes,
        created_by_id=actor.user_id,
        expires_at=expires_at,
    )
    audit(
        actor=actor,
        action=actions.API_KEY_CREATED,
        subject=key,
        label=name,
        data={"permissions": codes},
    )
    return NewApiKey(key, secret)


@transaction.atomic
def api_key_revoke(*, actor: Actor, key: ApiKey) -> ApiKey:
    if key.revoked_at is None:
        key.revoked_at = now()
        key.save(update_fields=["revoked_at"])
        audit(actor=actor, action=actions.API_KEY_REVOKED, subject=key, label=key.name)
    return key


def hash_key(secret: str) -> str:
    """SHA-256 is enough for a random secret of 240 bits; it is looked up by its prefix."""
    return hashlib.sha256(secret.encode()).hexdigest()
