"""One reading of a server, from lock to record."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.core.cache import cache

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.ids import uuid7
from backoffice.tenancy.scope import tenant_scope
from trading.bridge.errors import BridgeError
from trading.models import SyncKind, SyncRun, TradingServer

LOCK_S = 15 * 60  # as long as a task may run
KEPT = timedelta(days=7)
Reader = Callable[[Actor, TradingServer, SyncRun], None]


@contextmanager
def only_one(actor: Actor, server: TradingServer, kind: str) -> Iterator[bool]:
    """Whether this process may do ``kind`` now: readings of one server do not pile up."""
    key = f"{actor.tenant_id}:trading:sync:{server.pk}:{kind}"
    mine = uuid7().hex
    got = cache.add(key, mine, LOCK_S)
    try:
        yield got
    finally:
        if got and cache.get(key) == mine:
            cache.delete(key)


def sync(actor: Actor, server: TradingServer, kind: SyncKind, read: Reader) -> SyncRun | None:
    """Run ``read`` and keep what came of it; None when another process is at it already.

    What fails on the server's side is kept on the run, not raised: the next beat tries again.
    """
    with only_one(actor, server, kind) as mine:
        if not mine:
            return None
        run = SyncRun(tenant_id=actor.tenant_id, server=server, kind=kind, started_at=now())
        started = time.monotonic()
        try:
            read(actor, server, run)
        except BridgeError as error:
            run.error = str(error)[:300]
        run.finished_at = run.started_at + timedelta(seconds=time.monotonic() - started)
        _keep(actor, run)
    return run


def _keep(actor: Actor, run: SyncRun) -> None:
    """Every run is kept that found or failed something; of the quiet ones only the newest."""
    with tenant_scope(actor.tenant_id, actor):
        mine = SyncRun.objects.filter(
            tenant_id=actor.tenant_id, server_id=run.server_id, kind=run.kind
        )
        last = mine.order_by("-id").first()
        if last is not None and _is_quiet(last) and _is_quiet(run):
            mine.filter(pk=last.pk).delete()
        run.save(force_insert=True)


def _is_quiet(run: SyncRun) -> bool:
    counted = run.rows_new + run.rows_changed + run.rows_gone + run.gaps
    return (
        not counted
        and not run.error
        and run.kind
        in (
            SyncKind.DEALS,
            SyncKind.ACCOUNTS,
            SyncKind.POSITIONS,
        )
    )


def forget_old(actor: Actor) -> int:
    """Drop runs older than a week; returns how many."""
    with tenant_scope(actor.tenant_id, actor):
        old = SyncRun.objects.filter(tenant_id=actor.tenant_id, started_at__lt=now() - KEPT)
        return old.delete()[0]
