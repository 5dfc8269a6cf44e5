"""Deals from the server: a stream with an overlap, and sweeps where the stream can't be trusted.

The stream reads all logins within our masks from a little before where it stopped to a frozen
end. A login that is new here is read from its first deal on. Counts are compared with the
server's; a login whose count differs is read again, and what still differs is a gap in sight.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import F

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.ids import uuid7
from backoffice.tenancy.scope import tenant_scope
from trading.bridge import port
from trading.bridge.errors import NotFound
from trading.connections import settings_of, speak
from trading.models import Account, DealCursor, SyncRun, TradingServer
from trading.sync.deal_rows import deals_counted, deals_vanished, deals_write

HISTORY_FROM = datetime(2005, 1, 1, tzinfo=UTC)  # before the platform's first deal
OVERLAP = timedelta(minutes=10)
GAP_CHECKS_MAX = 200  # logins per reading; the nightly check takes all
SWEEPS_MAX = 200
GAPS_RETRIED_MAX = 20
DEEP_STRETCH = timedelta(days=35)
DEEP_LOGINS_MAX = 20_000

_SUMS = """
SELECT login, count(*),
    sum(CASE WHEN action IN (0, 1) THEN profit + swap + commission + fee
             WHEN action NOT IN (3, 6, 13, 14) THEN profit ELSE 0 END)
FROM trading_deal
WHERE tenant_id = %s AND server_id = %s AND deleted_at IS NULL
GROUP BY login
"""


def deals_read(actor: Actor, server: TradingServer, run: SyncRun) -> None:
    """What is new since the last reading."""
    start = server.deals_until - OVERLAP if server.deals_until else HISTORY_FROM
    window, touched = _stream(actor, server, run, start)
    until = settings_of(server).clock
    assert until is not None
    end = until.to_utc(window.end_server_s)
    if server.deals_until is None:
        _begin_cursors(actor, server, end)
    with tenant_scope(actor.tenant_id, actor):
        TradingServer.objects.filter(tenant_id=actor.tenant_id, pk=server.pk).update(
            deals_until=end
        )
    server.deals_until = end
    whole = speak(actor, server, lambda platform: platform.deal_window(HISTORY_FROM))
    for login in _unread_logins(actor, server):
        _sweep(actor, server, run, login, whole)
    for login in _gapped_logins(actor, server):
        _sweep(actor, server, run, login, whole)
    if start > HISTORY_FROM:
        _check_counts(actor, server, run, sorted(touched)[:GAP_CHECKS_MAX], window)


def _stream(
    actor: Actor, server: TradingServer, run: SyncRun, start: datetime
) -> tuple[port.DealWindow, set[int]]:
    """Read and write all logins from ``start`` to now; returns the window and whom it changed."""
    masks = server.group_masks
    window = speak(actor, server, lambda platform: platform.deal_window(start))
    touched: set[int] = set()
    newest: datetime | None = None

    def read(platform: port.TradingPlatform) -> None:
        nonlocal newest
        for batch in platform.deals(window, group=masks):
            run.rows_read += len(batch.deals)
            written = deals_write(actor, server, batch.deals)
            run.rows_new += written.new
            run.rows_changed += written.edited
            touched.update(written.logins)
            if written.new:
                newest = max(deal.time_utc for deal in batch.deals)

    speak(actor, server, read)
    if newest is not None:
        run.lag_s = round(max(0.0, (now() - newest).total_seconds()), 3)
    return window, touched


def _begin_cursors(actor: Actor, server: TradingServer, until: datetime) -> None:
    """The first stream read every known login from its first deal on."""
    with tenant_scope(actor.tenant_id, actor):
        logins = Account.objects.filter(
            tenant_id=actor.tenant_id, server=server, login__isnull=False
        ).values_list("login", flat=True)
        DealCursor.objects.bulk_create(
            [
                DealCursor(
                    id=uuid7(), tenant_id=actor.tenant_id, server=server, login=login, until=until
                )
                for login in logins
                if login is not None
            ],
            ignore_conflicts=True,
        )


def _unread_logins(actor: Actor, server: TradingServer) -> list[int]:
    """Logins that came after the stream began: what they did before is not in it."""
    with tenant_scope(actor.tenant_id, actor), connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.login FROM trading_account a
            WHERE a.tenant_id = %s AND a.server_id = %s AND a.login IS NOT NULL
              AND a.gone_at IS NULL
              AND NOT EXISTS (SELECT FROM trading_dealcursor c WHERE c.tenant_id = a.tenant_id
                    AND c.server_id = a.server_id AND c.login = a.login)
            ORDER BY a.id LIMIT %s
            """,
            [actor.tenant_id, server.pk, SWEEPS_MAX],
        )
        return [login for (login,) in cursor.fetchall()]


def _gapped_logins(actor: Actor, server: TradingServer) -> list[int]:
    with tenant_scope(actor.tenant_id, actor):
        rows = DealCursor.objects.filter(tenant_id=actor.tenant_id, server=server).exclude(
            counted=F("seen")
        )
        return list(rows.order_by("checked_at").values_list("login", flat=True)[:GAPS_RETRIED_MAX])


def _check_counts(
    actor: Actor,
    server: TradingServer,
    run: SyncRun,
    logins: Iterable[int],
    window: port.DealWindow,
) -> None:
    """Compare counts of a window; a login that differs is read again, and then counted again."""
    for login in logins:
        if _total(actor, server, login, window) != deals_counted(actor, server, login, window):
            _sweep(actor, server, run, login, window)


def _total(actor: Actor, server: TradingServer, login: int, window: port.DealWindow) -> int:
    return speak(actor, server, lambda platform: platform.deal_total(login, window))


def _sweep(
    actor: Actor, server: TradingServer, run: SyncRun, login: int, window: port.DealWindow
) -> None:
    """Read one login's deals of a window page by page, against the server's own count."""
    try:
        speak(actor, server, lambda platform: platform.account_get(login))
        sweep = speak(actor, server, lambda platform: platform.deals_of(login, window))
    except NotFound:
        return  # out of our sight: that proves nothing about its deals
    run.rows_read += len(sweep.deals)
    written = deals_write(actor, server, sweep.deals)
    run.rows_new += written.new
    run.rows_changed += written.edited
    if sweep.gap is None:
        tickets = [deal.deal for deal in sweep.deals]
        run.rows_gone += deals_vanished(actor, server, login, window, tickets)
    counted = sweep.gap.counted if sweep.gap else len(sweep.deals)
    seen = deals_counted(actor, server, login, window)
    run.gaps += counted != seen
    _keep_cursor(actor, server.pk, login, counted, seen)


def _keep_cursor(actor: Actor, server_id: UUID, login: int, counted: int, seen: int) -> None:
    moment = now()
    with tenant_scope(actor.tenant_id, actor):
        DealCursor.objects.update_or_create(
            tenant_id=actor.tenant_id,
            server_id=server_id,
            login=login,
            defaults={"counted": counted, "seen": seen, "checked_at": moment, "until": moment},
        )


# -- nightly ----------------------------------------------------------------------------------


def deep_read(actor: Actor, server: TradingServer, run: SyncRun) -> None:
    """Read the last weeks again, compare every login's count and balance with its deals, and read
    from the first deal on whoever differs: finds edits, old dates, and what was taken out."""
    _stream(actor, server, run, now() - DEEP_STRETCH)
    whole = speak(actor, server, lambda platform: platform.deal_window(HISTORY_FROM))
    sums = _sums(actor, server)
    checked: list[int] = []
    for login, balance in _logins_to_check(actor, server):
        counted, total = sums.get(login, (0, 0))
        try:
            agrees = _total(actor, server, login, whole) == counted and total == balance
        except NotFound:
            continue
        if agrees:
            checked.append(login)
        else:
            _sweep(actor, server, run, login, whole)
    _note_deep(actor, server, checked, sums)


def _sums(actor: Actor, server: TradingServer) -> dict[int, tuple[int, object]]:
    with tenant_scope(actor.tenant_id, actor), connection.cursor() as cursor:
        cursor.execute(_SUMS, [actor.tenant_id, server.pk])
        return {login: (count, total) for login, count, total in cursor.fetchall()}


def _logins_to_check(actor: Actor, server: TradingServer) -> list[tuple[int, object]]:
    """The logins that were not looked at for the longest time, with their balances."""
    with tenant_scope(actor.tenant_id, actor), connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.login, a.balance FROM trading_account a
            LEFT JOIN trading_dealcursor c ON c.tenant_id = a.tenant_id
                AND c.server_id = a.server_id AND c.login = a.login
            WHERE a.tenant_id = %s AND a.server_id = %s AND a.login IS NOT NULL
              AND a.gone_at IS NULL
            ORDER BY c.deep_checked_at NULLS FIRST, a.id LIMIT %s
            """,
            [actor.tenant_id, server.pk, DEEP_LOGINS_MAX],
        )
        return list(cursor.fetchall())


def _note_deep(
    actor: Actor,
    server: TradingServer,
    logins: list[int],
    sums: dict[int, tuple[int, object]],
) -> None:
    moment = now()
    rows = [
        DealCursor(
            id=uuid7(),
            tenant_id=actor.tenant_id,
            server=server,
            login=login,
            until=moment,
            counted=sums.get(login, (0, 0))[0],
            seen=sums.get(login, (0, 0))[0],
            checked_at=moment,
            deep_checked_at=moment,
        )
        for login in logins
    ]
    fields = ["until", "counted", "seen", "checked_at", "deep_checked_at"]
    with tenant_scope(actor.tenant_id, actor):
        DealCursor.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["tenant", "server", "login"],
            update_fields=fields,
        )
