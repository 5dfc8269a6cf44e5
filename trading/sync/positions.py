"""Open positions as the server has them; what is closed there goes here."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection

from backoffice.core.bulk import stage
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.ids import uuid7
from backoffice.tenancy.scope import tenant_scope
from trading.bridge import port
from trading.connections import speak
from trading.models import SyncRun, TradingServer
from trading.sync.bulk import lock_server

COLUMNS = (
    ("id", "uuid"),
    ("ticket", "bigint"),
    ("login", "bigint"),
    ("symbol", "text"),
    ("side", "text"),
    ("lots", "numeric"),
    ("price_open", "numeric"),
    ("price_current", "numeric"),
    ("profit", "numeric"),
    ("swap", "numeric"),
    ("opened_at", "timestamptz"),
)
_CLOSED = """
DELETE FROM trading_position p
WHERE p.tenant_id = %(tenant)s AND p.server_id = %(server)s
  AND NOT EXISTS (SELECT FROM pg_temp.positions_read s WHERE s.ticket = p.ticket)
"""
_OPEN = """
INSERT INTO trading_position AS p (tenant_id, id, server_id, account_id, ticket, login, symbol,
    side, lots, price_open, price_current, profit, swap, opened_at, seen_at)
SELECT %(tenant)s, s.id, %(server)s, a.id, s.ticket, s.login, s.symbol,
    s.side, s.lots, s.price_open, s.price_current, s.profit, s.swap, s.opened_at, %(moment)s
FROM pg_temp.positions_read s
LEFT JOIN trading_account a ON a.tenant_id = %(tenant)s AND a.server_id = %(server)s
    AND a.login = s.login
ON CONFLICT (tenant_id, server_id, ticket) DO UPDATE
SET lots = excluded.lots, side = excluded.side, price_open = excluded.price_open,
    price_current = excluded.price_current, profit = excluded.profit, swap = excluded.swap,
    account_id = excluded.account_id, seen_at = excluded.seen_at
WHERE (p.lots, p.side, p.price_open, p.price_current, p.profit, p.swap, p.account_id)
    IS DISTINCT FROM (excluded.lots, excluded.side, excluded.price_open,
        excluded.price_current, excluded.profit, excluded.swap, excluded.account_id)
"""


def positions_read(actor: Actor, server: TradingServer, run: SyncRun) -> None:
    """Replace our picture of the open positions of every account within our masks."""
    masks = server.group_masks
    found = speak(
        actor,
        server,
        lambda platform: {
            one.position: one for batch in platform.positions(group=masks) for one in batch
        },
    )
    run.rows_read = len(found)
    here: dict[str, Any] = {"tenant": actor.tenant_id, "server": server.pk, "moment": now()}
    with tenant_scope(actor.tenant_id, actor), connection.cursor() as cursor:
        lock_server("positions", actor.tenant_id, server.pk)
        stage(cursor, "positions_read", COLUMNS, _rows(found.values()))
        cursor.execute(_CLOSED, here)
        run.rows_gone = cursor.rowcount
        cursor.execute(_OPEN, here)
        run.rows_changed = cursor.rowcount


def _rows(positions: Iterable[port.Position]) -> Iterator[tuple[Any, ...]]:
    for one in positions:
        yield (
            uuid7(),
            one.position,
            one.login,
            one.symbol[:32],
            "sell" if one.action == port.ACTION_SELL else "buy",
            one.lots,
            one.price_open,
            one.price_current,
            one.profit,
            one.swap,
            one.opened_utc,
        )
