"""What every page's frame shows: navigation by permission, counters, the brand."""

from typing import Any

from django.http import HttpRequest


def frame(request: HttpRequest) -> dict[str, Any]:
    return {"actor": getattr(request, "actor", None), "tenant": getattr(request, "tenant", None)}
