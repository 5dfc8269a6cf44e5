"""Filters that an index serves find what those that none serves would find."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client as Browser

from backoffice.tenancy.scope import tenant_scope
from tests.clients.factories import make_lead
from tests.payments.factories import make_deposit
from tests.world import World

Browse = Callable[[str], Browser]
MIDNIGHT = datetime(2026, 3, 11, tzinfo=UTC)


@pytest.fixture
def leads(world: World) -> list[str]:
    """The references of clients who came half an hour before midnight and half an hour after."""
    found = []
    for moment in (MIDNIGHT - timedelta(minutes=30), MIDNIGHT + timedelta(minutes=30)):
        with time_machine.travel(moment, tick=False), tenant_scope(world.aurora.pk):
            lead = make_lead(world.actor("olivia"), email=f"{moment:%H%M}@mail.example")
            found.append(lead.reference)
    return found


def _shown(browser: Browser, url: str, names: list[str]) -> list[bool]:
    page = browser.get(url).content.decode()
    return [name in page for name in names]


def test_since_begins_at_midnight_where_the_viewer_is(
    world: World, browse: Browse, leads: list[str]
) -> None:
    adam = browse("adam")
    url = "/audit/?action=clients.created&since="
    assert _shown(adam, f"{url}2026-03-10", leads) == [True, True]
    assert _shown(adam, f"{url}2026-03-11", leads) == [False, True]
    assert _shown(adam, f"{url}2026-03-12", leads) == [False, False]
    user = world.user("adam")
    user.timezone = "Asia/Tokyo"  # nine hours ahead: both came on the eleventh
    user.save(update_fields=["timezone"])
    assert _shown(adam, f"{url}2026-03-11", leads) == [True, True]
    assert _shown(adam, f"{url}2026-03-12", leads) == [False, False]


def test_a_day_that_is_none_filters_nothing(world: World, browse: Browse, leads: list[str]) -> None:
    assert _shown(browse("adam"), "/audit/?since=31.31.2026", leads) == [True, True]


def test_a_reference_is_found_in_whatever_case_it_is_typed(world: World, browse: Browse) -> None:
    with tenant_scope(world.aurora.pk):
        deposit = make_deposit(world)
    found = f"/money/deposits/{deposit.pk}/"
    pavel = browse("pavel")
    typed = f"/money/deposits/?segment=all&reference={deposit.reference.lower()}"
    assert _shown(pavel, typed, [found]) == [True]
    assert _shown(pavel, f"{typed}1", [found]) == [False]
