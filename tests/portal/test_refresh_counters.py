"""The frame's counters come anew by themselves, for next to nothing."""

from collections.abc import Callable

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import queues
from clients.models import Client as Person
from operations.models import Notification
from tests.clients.factories import make_lead
from tests.world import World

Browse = Callable[[str], Client]
STATEMENTS = 2  # the queues, the bell


def _wait(world: World) -> None:
    """One item waits in the queue of withdrawals, one message is unread."""
    actor = world.actor("adam")
    with tenant_scope(actor.tenant_id, actor):
        person: Person = make_lead(actor)
        queues.item_open(actor=actor, queue="withdrawals", subject=person)
        Notification.objects.create(
            user=world.user("adam"), code="x", title="x", once="x", item_id=person.pk
        )


def test_a_page_asks_for_its_counters_every_minute(world: World, browse: Browse) -> None:
    page = browse("adam").get("/clients/").content.decode()
    assert 'hx-get="/counters/" hx-trigger="every 60s"' in page
    assert 'id="count-withdrawals"></span>' in page


def test_what_came_in_since_is_swapped_into_the_frame(world: World, browse: Browse) -> None:
    client = browse("adam")
    _wait(world)
    answer = client.get("/counters/", headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert 'id="count-withdrawals" hx-swap-oob="true">1</span>' in text
    assert 'class="bell-count" aria-hidden="true">1</span>' in text
    assert answer["Cache-Control"] == "no-store"
    assert len(text) < 4_000


def test_counters_are_those_that_one_may_see(world: World, browse: Browse) -> None:
    _wait(world)
    text = browse("igor").get("/counters/").content.decode()
    assert "count-withdrawals" not in text
    assert "count-alerts" not in text
    assert "bell-count" not in text


def test_the_counters_cost_no_more_than_their_statements(world: World, browse: Browse) -> None:
    client = browse("adam")
    client.get("/counters/")
    with CaptureQueriesContext(connection) as bare:
        client.get("/search/", headers={"Accept": "application/json"})
    with CaptureQueriesContext(connection) as asked:
        client.get("/counters/")
    assert len(asked) - len(bare) == STATEMENTS
