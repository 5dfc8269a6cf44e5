"""The page of what is late: the first of each queue, and the way to the rest."""

from collections.abc import Callable
from datetime import timedelta

from django.test import Client

from backoffice.core.clock import now
from backoffice.core.ids import uuid7
from backoffice.portal.views import LATE_MAX
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.models import WorkItem
from tests.world import World

Browse = Callable[[str], Client]


def _late(world: World, count: int) -> None:
    actor = world.actor("adam")
    with tenant_scope(actor.tenant_id, actor):
        WorkItem.objects.bulk_create(
            WorkItem(
                tenant_id=actor.tenant_id,
                queue="withdrawals",
                subject_type="payments.withdrawal",
                subject_id=uuid7(),
                due_at=now() - timedelta(hours=hours),
            )
            for hours in range(1, count + 1)
        )


def test_the_most_late_of_a_queue_are_shown_with_the_way_to_the_rest(
    world: World, browse: Browse
) -> None:
    _late(world, LATE_MAX + 2)
    page = browse("adam").get("/late/").content.decode()
    assert page.count('class="queue-item"') == LATE_MAX
    assert f"The {LATE_MAX} most late of {LATE_MAX + 2}." in page
    assert 'href="/money/withdrawals/">Open Withdrawals</a>' in page
    assert "late 11:59" in page or "late 12:00" in page
    assert "late 2:00" not in page
    assert page.count("queue-when") == LATE_MAX


def test_a_queue_whose_late_items_are_all_shown_says_no_more(world: World, browse: Browse) -> None:
    _late(world, 2)
    page = browse("adam").get("/late/").content.decode()
    assert page.count('class="queue-item"') == 2
    assert "most late of" not in page
