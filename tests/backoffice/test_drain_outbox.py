"""The outbox: at least once, back-off for what can heal, visible failure for what can't."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from celery import current_app
from django.conf import settings

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import OutsideError
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem
from backoffice.workflow.tasks import outbox_drain
from tests.world import World

TOPIC = "tests.work"
Behaviour = Callable[[], None]
seen: list[str] = []
behaviour: list[Behaviour] = []


@pytest.fixture(autouse=True)
def topic() -> Iterator[None]:
    seen.clear()
    behaviour.clear()

    @outbox.handles(TOPIC, attempts_max=3)
    def work(actor: Actor, item: OutboxItem) -> None:
        seen.append(str(item.payload.get("n", "")))
        if behaviour:
            behaviour[0]()

    yield


def _put(world: World, **payload: object) -> OutboxItem:
    with tenant_scope(world.aurora.pk):
        return outbox.put(TOPIC, payload=payload, due_at=now())


def _state(world: World, item: OutboxItem) -> OutboxItem:
    with tenant_scope(world.aurora.pk):
        return OutboxItem.objects.get(pk=item.pk)


def test_due_work_is_done_once(world: World) -> None:
    item = _put(world, n=1)
    assert outbox.drain(world.system()) == 1
    assert outbox.drain(world.system()) == 0
    assert (seen, _state(world, item).state) == (["1"], "done")


def test_what_can_heal_is_tried_again_later_and_then_given_up_in_sight(world: World) -> None:
    def away() -> None:
        raise OutsideError("gateway away", permanent=False)

    behaviour.append(away)
    item = _put(world)
    with time_machine.travel(now(), tick=False) as clock:
        for attempt in range(1, 4):
            outbox.drain(world.system())
            assert _state(world, item).attempts == attempt
            clock.shift(timedelta(hours=2))
    row = _state(world, item)
    assert (row.state, row.error, len(seen)) == ("failed", "gateway away", 3)


def test_what_cant_heal_fails_at_once(world: World) -> None:
    def no() -> None:
        raise OutsideError("no such account", permanent=True)

    behaviour.append(no)
    item = _put(world)
    outbox.drain(world.system())
    assert (_state(world, item).state, len(seen)) == ("failed", 1)


def test_too_early_costs_no_attempt(world: World) -> None:
    def early() -> None:
        raise outbox.TryLater(timedelta(minutes=5))

    behaviour.append(early)
    item = _put(world)
    outbox.drain(world.system())
    row = _state(world, item)
    assert (row.state, row.attempts) == ("waiting", 0)
    assert row.due_at > now() + timedelta(minutes=4)


def test_the_work_of_a_dead_worker_comes_back_after_its_lease(world: World) -> None:
    def die() -> None:
        raise KeyboardInterrupt  # the process is gone in the middle of a handler

    behaviour.append(die)
    item = _put(world)
    with pytest.raises(KeyboardInterrupt):
        outbox.drain(world.system())
    behaviour.clear()
    assert outbox.drain(world.system()) == 0
    with time_machine.travel(now() + outbox.LEASE + timedelta(seconds=1)):
        assert outbox.drain(world.system()) == 1
    assert _state(world, item).state == "done"


def test_slow_work_is_done_last_and_nothing_waits_in_its_lease(world: World) -> None:
    others: list[tuple[int, bool]] = []

    @outbox.handles("tests.slow", slow=True)
    def slow(actor: Actor, item: OutboxItem) -> None:
        seen.append("slow")
        with tenant_scope(world.aurora.pk):
            rows = OutboxItem.objects.filter(state="waiting").exclude(pk=item.pk)
            others.extend((row.attempts, row.due_at <= now()) for row in rows)

    with tenant_scope(world.aurora.pk):
        for _ in range(2):
            outbox.put("tests.slow", due_at=now())
    _put(world, n=1)
    assert outbox.drain(world.system()) == 3
    # The second slow one was free for others while the first was at work.
    assert (seen, others) == (["1", "slow", "slow"], [(0, True)])


def test_a_topic_without_a_handler_fails_in_sight(world: World) -> None:
    with tenant_scope(world.aurora.pk):
        item = outbox.put("tests.unknown", due_at=now())
    outbox.drain(world.system())
    assert "no handler" in _state(world, item).error


def test_the_worker_is_woken_through_the_configured_broker() -> None:
    assert current_app.main == "backoffice"
    assert outbox_drain.app.conf.broker_url == settings.CELERY_BROKER_URL
