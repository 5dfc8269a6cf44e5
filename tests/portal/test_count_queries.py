"""What each page costs in statements, pinned: a page that asks once per row shows itself here.

A page that costs more than it did, or that is new, fails by its name. When that is meant, pin it
anew: ``PIN_QUERY_COUNTS=1 pytest tests/portal/test_count_queries.py`` and commit the file.
"""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client

from backoffice.staff.models import User
from operations.load.brokerage import email, make
from operations.walk import Page, pages_of, query_count
from tests.world import World

PINNED = Path(__file__).parents[1] / "query_counts.json"
SCALE = 0.0002  # 200 clients: lists have whole pages
UNTIL = datetime(2026, 6, 30, 12, tzinfo=UTC)


@pytest.fixture
def visitor(world: World, settings: LazySettings) -> Iterator[Client]:
    """The administrator of a brokerage with full lists."""
    settings.MFA_MANDATORY = False
    settings.SESSION_SEEN_EVERY_S = 3600
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE backoffice_owner")
        make(slug="plenty", scale=SCALE, seed=1, until=UNTIL, say=lambda text: None)
        cursor.execute("SET ROLE backoffice_app")
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(email=email("plenty")))
    yield client


def test_every_page_costs_the_statements_that_are_pinned(visitor: Client) -> None:
    pages = pages_of(visitor)
    found = {page.name: _cost(visitor, page) for page in pages}
    if os.environ.get("PIN_QUERY_COUNTS"):
        PINNED.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    pinned: dict[str, int] = json.loads(PINNED.read_text())
    grown = [
        f"{name}: {cost}, pinned {pinned.get(name, 'nothing')}"
        for name, cost in sorted(found.items())
        if cost > pinned.get(name, -1)
    ]
    assert not grown, (
        "Pages cost more statements than tests/query_counts.json says. Mend them, or pin them"
        " with PIN_QUERY_COUNTS=1:\n" + "\n".join(grown)
    )
    gone = sorted({*pinned} - {*found})
    assert not gone, f"No longer opened by the walk; mend them or pin anew: {', '.join(gone)}"


def _cost(client: Client, page: Page) -> int:
    """Of the second visit: what is worked out once is not a page's cost."""
    client.get(page.urls[0])
    return query_count(client, page.urls[0])
