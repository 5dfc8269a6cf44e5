"""What every page's frame shows: navigation by permission, counters, the brand, who is here."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

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
    late = late_text(waiting) if any(count.late for count in waiting) else ""
    return {
        "actor": actor,
        "navigation": navigation(actor, request.path, waiting),
        "portal": {
            "brand": {"name": tenant.name, "accent": tenant.slug},
            "user": {"name": actor.name, "role": ", ".join(actor.roles)},
            "search_url": reverse("portal:search"),
            "home_url": "/",
            "late": {"count": late, "url": reverse("portal:late")} if late else {},
            "notifications": _notifications[0](actor) if _notifications else {},
            "notices": [notice for provider in _notices for notice in provider(request)],
            "tenants": _tenants(request, tenant),
        },
    }


def queue_counts(request: Any) -> list[QueueCount]:
    """What waits in the queues, asked once for the frame and the page."""
    if not hasattr(request, "queue_counts"):
        request.queue_counts = counts(request.actor)
    found: list[QueueCount] = request.queue_counts
    return found


def _tenants(request: HttpRequest, current: Any) -> list[dict[str, Any]]:
    mine = request.tenants  # type: ignore[attr-defined]
    if len(mine) < 2:
        return []
    choose = reverse("staff:tenant-choose")
    return [{"name": t.name, "url": choose, "active": t.pk == current.pk} for t in mine]
