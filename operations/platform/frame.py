"""The frame of the operator's pages: their own navigation, no brokerage's name or counters."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from backoffice.portal.navigation import Group, Item

PAGES = (
    ("Brokerages", "platform:tenants", "building"),
    ("Backups", "platform:backups", "database-export"),
    ("Trail", "platform:trail", "list"),
)


def operator_page(
    request: HttpRequest, name: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    frame = {
        "navigation": [Group("Platform", _items(request.path))],
        "portal": {
            "brand": {"name": "Platform", "accent": "graphite"},
            "user": {"name": str(request.user), "role": "Platform administrator"},
            "home_url": reverse("platform:tenants"),
        },
    }
    return render(request, f"platform/{name}.html", frame | context, status=status)


def _items(path: str) -> list[Item]:
    """The pages of the navigation; the first holds every address that is none of the others'."""
    urls = [reverse(url_name) for _, url_name, _ in PAGES]
    here = next((url for url in urls[1:] if path.startswith(url)), urls[0])
    return [
        Item(label=label, url=url, icon=icon, active=url == here)
        for (label, _, icon), url in zip(PAGES, urls, strict=True)
    ]
