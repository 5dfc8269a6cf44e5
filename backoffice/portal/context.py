"""What every page's frame shows: navigation by permission, counters, the brand, who is here."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from backoffice.core.context import Actor, tenant_in_scope
from backoffice.portal.navigation import navigation
from backoffice.staff.selectors import tenants_of
from backoffice.workflow.queues import counts

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
    queue_counts = counts(actor)
    late = sum(count.late for count in queue_counts)
    return {
        "actor": actor,
        "navigation": navigation(actor, request.path, queue_counts),
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


def _tenants(request: HttpRequest, current: Any) -> list[dict[str, Any]]:
    mine = tenants_of(request.user)  # type: ignore[arg-type]
    if len(mine) < 2:
        return []
    choose = reverse("staff:tenant-choose")
    return [{"name": t.name, "url": choose, "active": t.pk == current.pk} for t in mine]
