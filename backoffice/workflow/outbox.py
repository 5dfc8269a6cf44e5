"""Work that follows a commit. Handlers run outside any transaction and at least once.

A handler gets an ``OutboxItem``; it must find by itself, from the state of its subject, whether
the work was done before: a worker may die after the work and before the tick in the box.
"""

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from kombu.exceptions import OperationalError

from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import DomainError, OutsideError
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.models import OutboxItem

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=120)
BATCH_MAX = 20
ATTEMPTS_MAX = 12
BACKOFF_S = (1, 2, 5, 15, 30, 60, 120, 300, 600, 1800, 3600)


class TryLater(Exception):  # noqa: N818 - it is a wish, not an error
    """Raised by a handler: nothing is wrong, but it is too early; run again after ``delay``."""

    def __init__(self, delay: timedelta) -> None:
        self.delay = delay
        super().__init__(str(delay))


Handler = Callable[[Actor, OutboxItem], None]


@dataclass(frozen=True)
class Topic:
    name: str
    handler: Handler
    attempts_max: int
    slow: bool


_topics: dict[str, Topic] = {}


def handles(
    name: str, *, attempts_max: int = ATTEMPTS_MAX, slow: bool = False
) -> Callable[[Handler], Handler]:
    """Register the handler of a topic (import its module in ``AppConfig.ready``). ``slow``: it may
    take seconds, so what somebody waits for goes before it."""

    def decorate(handler: Handler) -> Handler:
        _topics[name] = Topic(name, handler, attempts_max, slow)
        return handler

    return decorate


def put(
    topic: str,
    *,
    subject_id: UUID | None = None,
    payload: Mapping[str, Any] | None = None,
    due_at: datetime | None = None,
) -> OutboxItem:
    """Leave work in the current transaction; a worker is woken at its commit."""
    tenant_id = current_tenant_id()
    item = OutboxItem.objects.create(
        tenant_id=tenant_id,
        topic=topic,
        subject_id=subject_id,
        payload=dict(payload or {}),
        due_at=due_at or now(),
    )
    if due_at is None:
        transaction.on_commit(lambda: _wake(tenant_id), robust=True)
    return item


def put_again(item: OutboxItem) -> bool:
    """Give failed work a fresh start; False when it is not failed (any more)."""
    row = OutboxItem.objects.select_for_update().get(tenant_id=current_tenant_id(), pk=item.pk)
    if row.state != OutboxItem.State.FAILED:
        return False
    row.state, row.attempts, row.due_at, row.done_at = OutboxItem.State.WAITING, 0, now(), None
    row.save(update_fields=["state", "attempts", "due_at", "done_at"])
    tenant_id = current_tenant_id()
    transaction.on_commit(lambda: _wake(tenant_id), robust=True)
    return True


def _wake(tenant_id: int) -> None:
    from backoffice.workflow.tasks import outbox_drain

    try:
        outbox_drain.delay(tenant_id)
    except (OSError, OperationalError):  # the broker is away: beat drains the outbox a little later
        log.warning("worker not woken", extra={"tenant_id": tenant_id})


def drain(actor: Actor, *, batches_max: int = 50) -> int:
    """Do the due work of the actor's tenant; returns how many items were handled."""
    done = 0
    for _ in range(batches_max):
        items = _lease(actor)
        handled = _work(actor, items)
        done += handled
        if handled == len(items) < BATCH_MAX:
            break
    return done


def _work(actor: Actor, items: Sequence[OutboxItem]) -> int:
    """Handle what is leased, slow work last and one at a time: what is behind it is given back, for
    another worker or this one's next look. How many were handled."""
    ordered = sorted(items, key=_is_slow)
    for number, item in enumerate(ordered, start=1):
        if _is_slow(item) and ordered[number:]:
            _give_back(actor, ordered[number:])
            _handle(actor, item)
            return number
        _handle(actor, item)
    return len(ordered)


def _is_slow(item: OutboxItem) -> bool:
    topic = _topics.get(item.topic)
    return topic is not None and topic.slow


def _give_back(actor: Actor, items: Sequence[OutboxItem]) -> None:
    with tenant_scope(actor.tenant_id, actor):
        for item in items:
            # Only while the lease is ours.
            OutboxItem.objects.filter(
                tenant_id=actor.tenant_id,
                pk=item.pk,
                state=OutboxItem.State.WAITING,
                due_at=item.due_at,
            ).update(due_at=item.due_at - LEASE, attempts=item.attempts - 1)


def _lease(actor: Actor) -> list[OutboxItem]:
    moment = now()
    with tenant_scope(actor.tenant_id, actor):
        items = list(
            OutboxItem.objects.select_for_update(skip_locked=True)
            .filter(tenant_id=actor.tenant_id, state=OutboxItem.State.WAITING, due_at__lte=moment)
            .order_by("due_at", "id")[:BATCH_MAX]
        )
        for item in items:
            item.attempts += 1
            item.due_at = moment + LEASE  # comes back by itself if this worker dies
            item.save(update_fields=["attempts", "due_at"])
    return items


def _handle(actor: Actor, item: OutboxItem) -> None:
    topic = _topics.get(item.topic)
    if topic is None:
        _finish(actor, item, OutboxItem.State.FAILED, error=f"no handler for {item.topic}")
        return
    try:
        topic.handler(actor, item)
    except TryLater as wish:
        item.attempts -= 1
        _again(actor, item, wish.delay, "")
    except OutsideError as error:
        if error.permanent or item.attempts >= topic.attempts_max:
            _finish(actor, item, OutboxItem.State.FAILED, error=str(error))
        else:
            _again(actor, item, _backoff(item.attempts), str(error))
    except DomainError as error:
        _finish(actor, item, OutboxItem.State.FAILED, error=error.sentence)
    except Exception as error:  # noqa: BLE001 - a fault of ours: keep it visible, try a few times
        log.exception("outbox handler failed", extra={"topic": item.topic})
        if item.attempts >= topic.attempts_max:
            _finish(actor, item, OutboxItem.State.FAILED, error=repr(error))
        else:
            _again(actor, item, _backoff(item.attempts), repr(error))
    else:
        _finish(actor, item, OutboxItem.State.DONE)


def _backoff(attempts: int) -> timedelta:
    base = BACKOFF_S[min(attempts - 1, len(BACKOFF_S) - 1)]
    return timedelta(seconds=base * random.uniform(0.8, 1.2))  # noqa: S311 - spread, not secrecy


def _again(actor: Actor, item: OutboxItem, delay: timedelta, error: str) -> None:
    item.due_at, item.error = now() + delay, error[:500]
    with tenant_scope(actor.tenant_id, actor):
        item.save(update_fields=["due_at", "attempts", "error"])


def _finish(actor: Actor, item: OutboxItem, state: str, error: str = "") -> None:
    item.state, item.error, item.done_at = state, error[:500], now()
    with tenant_scope(actor.tenant_id, actor):
        item.save(update_fields=["state", "error", "done_at"])
