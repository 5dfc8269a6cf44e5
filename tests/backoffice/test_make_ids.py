"""Ids sort in the order of making and carry the time at which they were made."""

from datetime import UTC, datetime, timedelta

import time_machine

from backoffice.core.ids import uuid7


def _made_at(moment: datetime) -> datetime:
    with time_machine.travel(moment, tick=False):
        return datetime.fromtimestamp((uuid7().int >> 80) / 1000, UTC)


def test_ids_made_together_increase() -> None:
    made = [uuid7() for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_a_clock_that_is_set_back_far_is_followed() -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    assert _made_at(now + timedelta(days=400)) == now + timedelta(days=400)
    assert _made_at(now) == now


def test_a_small_step_back_keeps_the_order() -> None:
    now = datetime(2031, 1, 1, tzinfo=UTC)
    with time_machine.travel(now, tick=False):
        first = uuid7()
    with time_machine.travel(now - timedelta(seconds=3), tick=False):
        assert uuid7() > first
