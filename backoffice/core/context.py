"""Who acts, for which tenant. Set once at the edge (request, task, command), read everywhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from backoffice.core.errors import TenantScopeError


class ActorKind(StrEnum):
    STAFF = "staff"
    CLIENT = "client"
    API = "api"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does a thing: a member of staff, a client, an API key, or the product itself.

    ``permissions`` are codes such as ``payments.approve_withdrawal``. ``desks`` limits whose
    clients are visible; None means every desk. ``ref`` is stable and goes into the audit trail.
    """

    kind: ActorKind
    ref: str
    name: str
    tenant_id: int
    user_id: int | None = None
    permissions: frozenset[str] = frozenset()
    desks: frozenset[UUID] | None = None
    roles: tuple[str, ...] = ()
    ip: str = ""

    def can(self, permission: str) -> bool:
        return self.kind is ActorKind.SYSTEM or permission in self.permissions

    def sees_desk(self, desk_id: UUID | None) -> bool:
        return self.desks is None or (desk_id is not None and desk_id in self.desks)


def system_actor(tenant_id: int, name: str) -> Actor:
    """The product acting by itself: ``name`` says which part, such as ``deposit sync``."""
    return Actor(ActorKind.SYSTEM, f"system:{name.replace(' ', '-')}", name, tenant_id)


_tenant: ContextVar[int | None] = ContextVar("tenant", default=None)
_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)
request_id: ContextVar[str] = ContextVar("request_id", default="")


def current_tenant_id() -> int:
    """The tenant in scope. Raises ``TenantScopeError`` when there is none."""
    tenant_id = _tenant.get()
    if tenant_id is None:
        raise TenantScopeError("No tenant is in scope.")
    return tenant_id


def tenant_in_scope() -> int | None:
    return _tenant.get()


def current_actor() -> Actor | None:
    return _actor.get()


@contextmanager
def tenant_context(tenant_id: int, actor: Actor | None = None) -> Iterator[None]:
    """Python's half of a tenant scope. Use ``backoffice.tenancy.scope.tenant_scope``: it also
    sets the database's half. Scopes of two tenants never nest."""
    outer = _tenant.get()
    if outer is not None and outer != tenant_id:
        raise TenantScopeError(f"Tenant {tenant_id} asked for inside the scope of {outer}.")
    if actor is not None and actor.tenant_id != tenant_id:
        raise TenantScopeError("The actor belongs to another tenant.")
    tenant_token = _tenant.set(tenant_id)
    actor_token = _actor.set(actor) if actor is not None else None
    try:
        yield
    finally:
        if actor_token is not None:
            _actor.reset(actor_token)
        _tenant.reset(tenant_token)


def with_ip(actor: Actor, ip: str) -> Actor:
    return replace(actor, ip=ip)
