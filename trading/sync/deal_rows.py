"""Deals into our table: each ticket once, edits seen, nothing lost.

A ticket's time may be edited, and the table is partitioned by time: so a known ticket is found by
(server, ticket) and updated, only an unknown one is inserted. One writer per server at a time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.backends.utils import CursorWrapper

from backoffice.audit.actions import Action
from backoffice.audit.services import audit
from backoffice.core.bulk import rows_of, stage
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.ids import uuid7
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from trading import actions
from trading.bridge import port
from trading.models import BalanceOperation, Deal, TradingServer
from trading.states import OperationState
from trading.sync.bulk import lock_server

# What the server says of a deal; ``at`` follows from ``server_msc``.
VALUES = (
    ("login", "bigint"),
    ("order_ticket", "bigint"),
    ("position_ticket", "bigint"),
    ("action", "smallint"),
    ("entry", "smallint"),
    ("symbol", "text"),
    ("lots", "numeric(18, 8)"),
    ("lots_closed", "numeric(18, 8)"),
    ("price", "numeric(20, 8)"),
    ("contract_size", "numeric(20, 8)"),
    ("profit", "numeric(20, 8)"),
    ("swap", "numeric(20, 8)"),
    ("commission", "numeric(20, 8)"),
    ("fee", "numeric(20, 8)"),
    ("comment", "text"),
    ("at", "timestamptz"),
    ("server_msc", "bigint"),
)
COLUMNS = (("id", "uuid"), ("ticket", "bigint"), *VALUES)
_NAMES = [name for name, _ in VALUES]
_OURS = ", ".join(f"d.{name}" for name in _NAMES)
_THEIRS = ", ".join(f"s.{name}" for name in _NAMES)
_SET = ", ".join(f"{name} = s.{name}" for name in _NAMES)
_BEFORE = ", ".join(f"d.{name} AS before_{name}, s.{name} AS after_{name}" for name in _NAMES)

_NEWEST = """
SELECT max(ticket) FROM trading_deal WHERE tenant_id = %(tenant)s AND server_id = %(server)s
"""
_EDITED = f"""
SELECT d.id, d.ticket, d.deleted_at IS NOT NULL AS was_gone, {_BEFORE}
FROM pg_temp.deals_read s
JOIN trading_deal d ON d.tenant_id = %(tenant)s AND d.server_id = %(server)s
    AND d.ticket = s.ticket
WHERE s.ticket <= %(newest)s
  AND (d.deleted_at IS NOT NULL OR ({_OURS}) IS DISTINCT FROM ({_THEIRS}))
"""  # noqa: S608 - names of columns, from the table above
_EDIT = f"""
UPDATE trading_deal d
SET {_SET}, revision = d.revision + 1, synced_at = %(moment)s, deleted_at = NULL
FROM pg_temp.deals_read s
WHERE d.tenant_id = %(tenant)s AND d.server_id = %(server)s AND d.ticket = ANY(%(tickets)s)
  AND s.ticket = d.ticket
"""  # noqa: S608 - names of columns, from the table above
_INSERT = f"""
INSERT INTO trading_deal (tenant_id, id, server_id, account_id, ticket, {", ".join(_NAMES)},
    synced_at, revision)
SELECT %(tenant)s, s.id, %(server)s, a.id, s.ticket, {_THEIRS}, %(moment)s, 0
FROM pg_temp.deals_read s
LEFT JOIN trading_account a ON a.tenant_id = %(tenant)s AND a.server_id = %(server)s
    AND a.login = s.login
ON CONFLICT DO NOTHING
"""  # noqa: S608 - names of columns, from the table above
# A join, so that the planner may choose: by index for a few rows, by hash for many.
_FORGET_KNOWN = """
DELETE FROM pg_temp.deals_read s USING trading_deal d
WHERE d.tenant_id = %(tenant)s AND d.server_id = %(server)s AND d.ticket = s.ticket
"""
_VANISHED = """
UPDATE trading_deal SET deleted_at = %(moment)s, synced_at = %(moment)s
WHERE tenant_id = %(tenant)s AND server_id = %(server)s AND login = %(login)s
  AND server_msc BETWEEN %(first)s AND %(last)s AND deleted_at IS NULL
  AND NOT ticket = ANY(%(tickets)s)
RETURNING id, ticket, profit, symbol
"""
_COUNTED = """
SELECT count(*) FROM trading_deal
WHERE tenant_id = %s AND server_id = %s AND login = %s AND deleted_at IS NULL
  AND server_msc BETWEEN %s AND %s
"""
YEARS_KEPT_APART = 10
EDITS_AUDITED_MAX = 1_000


@dataclass(slots=True)
class Written:
    """What a batch changed here; ``logins`` have new or edited deals."""

    new: int = 0
    edited: int = 0
    logins: frozenset[int] = frozenset()


def deals_write(actor: Actor, server: TradingServer, deals: Sequence[port.Deal]) -> Written:
    """Write one batch in a transaction of its own."""
    if not deals:
        return Written()
    moment = now()
    here: dict[str, Any] = {"tenant": actor.tenant_id, "server": server.pk, "moment": moment}
    with tenant_scope(actor.tenant_id, actor), connection.cursor() as cursor:
        lock_server("deals", actor.tenant_id, server.pk)
        cursor.execute(_NEWEST, here)
        here["newest"] = cursor.fetchone()[0] or 0
        _make_months(cursor, deals, moment)
        stage(cursor, "deals_read", COLUMNS, _rows(deals))
        edited = _edit(actor, cursor, here, deals)
        if min(deal.deal for deal in deals) <= here["newest"]:
            cursor.execute(_FORGET_KNOWN, here)
        cursor.execute(_INSERT, here)
        new = cursor.rowcount
        if new:
            _tokens_seen(actor, server, deals)
    logins = frozenset(deal.login for deal in deals) if new or edited else frozenset()
    return Written(new, edited, logins)


def _rows(deals: Iterable[port.Deal]) -> Iterator[tuple[Any, ...]]:
    for deal in deals:
        yield (
            uuid7(),
            deal.deal,
            deal.login,
            deal.order,
            deal.position,
            deal.action,
            deal.entry,
            deal.symbol[:32],
            deal.lots,
            deal.lots_closed,
            deal.price,
            deal.contract_size,
            deal.profit,
            deal.swap,
            deal.commission,
            deal.fee,
            deal.comment[:64],
            deal.time_utc,
            deal.time_server_msc,
        )


def _make_months(cursor: CursorWrapper, deals: Sequence[port.Deal], moment: datetime) -> None:
    """Old history gets its months before its rows; the default partition stays empty."""
    oldest = date(moment.year - YEARS_KEPT_APART, 1, 1)
    months = {deal.time_utc.date().replace(day=1) for deal in deals}
    for month in sorted(months):
        if oldest <= month <= moment.date():
            cursor.execute("SELECT to_regclass(%s) IS NULL", [f"trading_deal_{month:%Y_%m}"])
            if cursor.fetchone()[0]:
                cursor.execute("SELECT trading_deal_partitions(%s, %s)", [month, month])


def _edit(
    actor: Actor, cursor: CursorWrapper, here: dict[str, Any], deals: Sequence[port.Deal]
) -> int:
    if min(deal.deal for deal in deals) > here["newest"]:
        return 0
    cursor.execute(_EDITED, here)
    found = rows_of(cursor)
    if not found:
        return 0
    cursor.execute(_EDIT, {**here, "tickets": [row["ticket"] for row in found]})
    for row in found[:EDITS_AUDITED_MAX]:
        _audit_edit(actor, row)
    return len(found)


def _audit_edit(actor: Actor, row: dict[str, Any]) -> None:
    changed = [name for name in _NAMES if row[f"before_{name}"] != row[f"after_{name}"]]
    _audit_deal(
        actor,
        actions.DEAL_BACK if row["was_gone"] and not changed else actions.DEAL_EDITED,
        row["id"],
        {
            "ticket": row["ticket"],
            "before": {name: str(row[f"before_{name}"]) for name in changed},
            "after": {name: str(row[f"after_{name}"]) for name in changed},
        },
    )


def _audit_deal(actor: Actor, action: Action, pk: UUID, data: dict[str, Any]) -> None:
    audit(actor=actor, action=action, subject=Deal(pk=pk), label=str(data["ticket"]), data=data)


def deals_vanished(
    actor: Actor, server: TradingServer, login: int, window: port.DealWindow, seen: Sequence[int]
) -> int:
    """Mark deals of a wholly read stretch that the server no longer has; returns how many."""
    with tenant_scope(actor.tenant_id, actor), connection.cursor() as cursor:
        lock_server("deals", actor.tenant_id, server.pk)
        cursor.execute(
            _VANISHED,
            {
                "tenant": actor.tenant_id,
                "server": server.pk,
                "login": login,
                "moment": now(),
                "first": window.start_server_s * 1000,
                "last": window.end_server_s * 1000 + 999,
                "tickets": list(seen),
            },
        )
        gone = rows_of(cursor)
        for row in gone:
            _audit_deal(
                actor,
                actions.DEAL_GONE,
                row["id"],
                {
                    "ticket": row["ticket"],
                    "login": login,
                    "profit": str(row["profit"]),
                    "symbol": row["symbol"],
                },
            )
    return len(gone)


def deals_counted(actor: Actor, server: TradingServer, login: int, window: port.DealWindow) -> int:
    """How many deals of a login we have in a window."""
    first, last = window.start_server_s * 1000, window.end_server_s * 1000 + 999
    with tenant_scope(actor.tenant_id, actor), connection.cursor() as cursor:
        cursor.execute(_COUNTED, [actor.tenant_id, server.pk, login, first, last])
        counted: int = cursor.fetchone()[0]
    return counted


def _tokens_seen(actor: Actor, server: TradingServer, deals: Sequence[port.Deal]) -> None:
    """A deal that carries the token of an unsettled operation settles it sooner; of one that was
    given up, it is money that a person has to look at."""
    tokens = {
        deal.comment.split(" ", 1)[0]: deal
        for deal in deals
        if deal.is_balance_operation and deal.comment
    }
    if not tokens:
        return
    rows = BalanceOperation.objects.filter(
        tenant_id=actor.tenant_id, server=server, token__in=list(tokens)
    ).select_for_update()
    for row in rows:
        ticket = tokens[row.token].deal
        if row.state == OperationState.UNKNOWN:
            outbox.put("trading.operation_look", subject_id=row.pk, payload={"by": actor.name})
        elif row.state in (OperationState.VOIDED, OperationState.REFUSED) or (
            row.state == OperationState.APPLIED and row.deal_ticket != ticket
        ):
            row.late_ticket = ticket
            row.save(update_fields=["late_ticket"])
            audit(
                actor=actor,
                action=actions.OPERATION_LATE,
                subject=row,
                label=row.token,
                data={"ticket": ticket, "state": row.state},
            )
