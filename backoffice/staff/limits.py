"""How often something may be asked without signing in. Counted in the cache, as sign-in is."""

from allauth.core.internal import ratelimit
from django.conf import settings
from django.http import HttpRequest, HttpResponse


def refused(request: HttpRequest, action: str, key: str = "") -> HttpResponse | None:
    """The page 429 when ``action`` was asked too often, by the rate that RATE_LIMITS gives it."""
    used = ratelimit.consume(
        request,
        app="backoffice",
        action=action,
        config=settings.RATE_LIMITS,
        key=key or None,
        limit_get=True,
    )
    return None if used is not None else ratelimit.respond_429(request)
