"""Support sessions: a platform administrator inside one brokerage, reading, for a while.

The session of the browser names the row; the row, in the brokerage's own tables, says whether it
still holds. Each page that is opened is in the brokerage's audit trail.
"""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, ActorKind
from backoffice.staff import actions
from backoffice.staff.models import SupportSession
from backoffice.staff.network import client_ip
from backoffice.staff.selectors import known_permissions
from backoffice.tenancy.models import Tenant

SESSION_KEY = "support_session"
READS = frozenset({"GET", "HEAD"})
# What a look from outside never needs: unmasked data, and what a client may not be tipped off on.
WITHHELD = frozenset(
    {
        "staff.view_full_data",
        "staff.view_audit",
        "compliance.view_monitoring",
        "compliance.view_hit",
    }
)


def remember(request: HttpRequest, row: SupportSession) -> None:
    request.session[SESSION_KEY] = [row.tenant_id, str(row.pk)]


def forget(request: HttpRequest) -> None:
    request.session.pop(SESSION_KEY, None)


def supported_tenant(request: Any) -> Tenant | None:
    """The brokerage that the browser's support session names; only for superusers."""
    named = request.session.get(SESSION_KEY)
    if not named or not request.user.is_superuser:
        return None
    return Tenant.objects.filter(pk=named[0]).first()


def support_of(request: Any, tenant: Tenant) -> SupportSession | None:
    """The row behind it while it holds. Call it in the brokerage's scope."""
    return SupportSession.objects.filter(
        tenant_id=tenant.pk,
        pk=UUID(request.session[SESSION_KEY][1]),
        user=request.user,
        ended_at=None,
        expires_at__gt=now(),
    ).first()


def support_actor(row: SupportSession, ip: str) -> Actor:
    """May open what may be viewed, masked; holds no right to change anything."""
    views = {code for code in known_permissions() if code.partition(".")[2].startswith("view_")}
    return Actor(
        kind=ActorKind.STAFF,
        ref=f"operator:{row.user_id}",
        name=f"{row.user_name} (platform support)",
        tenant_id=row.tenant_id,  # type: ignore[arg-type]
        user_id=row.user_id,
        permissions=frozenset(views - WITHHELD),
        roles=("Platform support",),
        ip=ip,
    )


def page_opened(request: HttpRequest, actor: Actor, row: SupportSession) -> None:
    audit(
        actor=actor,
        action=actions.SUPPORT_LOOKED,
        subject=row,
        label=request.path[:120],
        data={"path": request.get_full_path()[:500], "ip": client_ip(request)},
    )


@transaction.atomic
def support_end(*, actor: Actor, row: SupportSession) -> SupportSession:
    """Over, from the next click on; by the operator, or by the brokerage's administrator."""
    locked = SupportSession.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=row.pk)
    if locked.ended_at is None:
        locked.ended_at, locked.ended_by = now(), actor.name
        locked.save(update_fields=["ended_at", "ended_by"])
        audit(actor=actor, action=actions.SUPPORT_ENDED, subject=locked, label=locked.user_name)
    return locked
