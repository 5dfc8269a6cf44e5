"""What every page's frame shows: navigation by permission, counters, the brand, who is here."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.timezone import localtime

from backoffice.core.context import Actor, tenant_in_scope
from backoffice.portal.navigation import navigation
from backoffice.workflow.queues import QueueCount, counts, late_text

_notifications: list[Callable[[Actor], dict[str, Any]]] = []
_notices: list[Callable[[HttpRequest], list[dict[str, Any]]]] = []


def register_notifications(provider: Callable[[Actor], dict[str, Any]]) -> None:
    """The bell: ``provider(actor)`` answers ``{"count", "url"}``."""
    _notifications.append(provider)


def register_notices(provider: Callable[[HttpRequest], list[dict[str, Any]]]) -> None:
    """Banners over the page: ``{"colour", "text", "url", "link", "icon"}`` each."""
    _notices.append(provider)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Only inside a staff view: error pages and sign-in have no tenant and no navigation."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None or tenant_in_scope() is None or getattr(request, "htmx", False):
        return {"actor": actor, "portal": {}, "navigation": []}
    tenant: Any = request.tenant  # type: ignore[attr-defined]
    waiting = queue_counts(request)
    return {
        "actor": actor,
        "navigation": navigation(actor, request.path, waiting),
        "portal": {
            "brand": {"name": tenant.name, "entity": tenant.entity, "accent": tenant.accent},
            "user": {"name": actor.name, "role": ", ".join(actor.roles)},
            "search_url": reverse("portal:search"),
            "home_url": "/",
            "counters_url": reverse("portal:counters"),
            **topbar_counts(actor, waiting),
            "notices": [notice for provider in _notices for notice in provider(request)],
            "tenants": _tenants(request, tenant),
        },
    }


def topbar_counts(actor: Actor, waiting: list[QueueCount]) -> dict[str, Any]:
    """What is late in all queues together, and the bell."""
    late = late_text(waiting) if any(count.late for count in waiting) else ""
    return {
        "late": {"count": late, "url": reverse("portal:late")} if late else {},
        "notifications": _notifications[0](actor) if _notifications else {},
    }


def queue_counts(request: Any) -> list[QueueCount]:
    """What waits in the queues, asked once for the frame and the page."""
    if not hasattr(request, "queue_counts"):
        request.queue_counts = counts(request.actor)
    found: list[QueueCount] = request.queue_counts
    return found


def support_notice(request: HttpRequest) -> list[dict[str, Any]]:
    """The banner of a support session: whose, why, until when."""
    row = getattr(request, "support", None)
    if row is None:
        return []
    until = localtime(row.expires_at).strftime("%H:%M")
    text = (
        f"Support session of {row.user_name}: {row.reason}. To read only, masked, recorded page "
        f"by page; it ends at {until}."
    )
    return [
        {
            "colour": "held",
            "text": text,
            "url": reverse("staff:support"),
            "link": "End it",
            "icon": "lifebuoy",
        }
    ]


def _tenants(request: HttpRequest, current: Any) -> list[dict[str, Any]]:
    mine = request.tenants  # type: ignore[attr-defined]
    if len(mine) < 2:
        return []
    choose = reverse("staff:tenant-choose")
    return [{"name": t.name, "url": choose, "active": t.pk == current.pk} for t in mine]
