"""Writing commission lines in bulk, and the daily figures beside them."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from django.db import connection

from backoffice.core.context import Actor
from backoffice.core.ids import uuid7
from ib.changes import Change, History, Standing
from ib.rules import Earned
from ib.states import LineState


class DealFacts(Protocol):
    """What a line keeps of its deal."""

    @property
    def server_id(self) -> UUID: ...
    @property
    def ticket(self) -> int: ...
    @property
    def login(self) -> int: ...
    @property
    def position_ticket(self) -> int: ...
    @property
    def symbol(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def revision(self) -> int: ...
    @property
    def client_id(self) -> UUID | None: ...
    @property
    def held_s(self) -> int | None: ...


def database_now() -> datetime:
    """The database's clock: the one that every worker shares, for what is counted by time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment.astimezone(UTC)


_HISTORIES = """
SELECT l.server_id, l.deal_ticket, l.id, l.partner_id, l.sequence, l.deal_revision, l.tier, l.lots,
       l.rate, l.amount, l.currency, l.version_id, l.state, l.reason, l.reverses_id IS NOT NULL
FROM unnest(%s::uuid[], %s::bigint[]) AS d (server_id, ticket)
JOIN ib_commissionline l ON l.tenant_id = %s AND l.server_id = d.server_id
     AND l.deal_ticket = d.ticket
"""


def histories(actor: Actor, deals: Sequence[tuple[UUID, int]]) -> dict[tuple[UUID, int], History]:
    """All lines of these deals (server, ticket)."""
    found: dict[tuple[UUID, int], History] = defaultdict(History)
    with connection.cursor() as cursor:
        cursor.execute(_HISTORIES, [[s for s, _ in deals], [t for _, t in deals], actor.tenant_id])
        for server_id, ticket, *rest in cursor.fetchall():
            found[server_id, ticket].lines.append(Standing(*rest))
    return found


# One array per column: a statement of fixed size whatever the number of lines.
_COLUMNS = {
    "id": "uuid",
    "server_id": "uuid",
    "deal_ticket": "bigint",
    "deal_at": "timestamptz",
    "deal_revision": "smallint",
    "position_ticket": "bigint",
    "login": "bigint",
    "symbol": "text",
    "client_id": "uuid",
    "partner_id": "uuid",
    "tier": "smallint",
    "sequence": "smallint",
    "lots": "numeric",
    "rate": "numeric",
    "amount": "numeric",
    "currency": "text",
    "pattern": "text",
    "held_s": "bigint",
    "version_id": "uuid",
    "tree": "jsonb",
    "state": "text",
    "reason": "text",
}
_INSERT = (
    f"INSERT INTO ib_commissionline (tenant_id, accrued_at, {', '.join(_COLUMNS)})"  # noqa: S608
    f" SELECT %s, %s, * FROM unnest({', '.join(f'%s::{kind}[]' for kind in _COLUMNS.values())})"
)
# The mirror image of a line: what it gave is taken back, by a line of its own unless it gave
# nothing. While the line is unpaid both are done with; a paid one's reversal waits for a payout.
_MIRROR = """
INSERT INTO ib_commissionline (tenant_id, id, accrued_at, server_id, deal_ticket, deal_at,
    deal_revision, position_ticket, login, symbol, client_id, partner_id, tier, sequence, lots,
    rate, amount, currency, pattern, held_s, version_id, tree, state, reason, reverses_id)
SELECT l.tenant_id, r.id, %s, l.server_id, l.deal_ticket, l.deal_at, l.deal_revision,
    l.position_ticket, l.login, l.symbol, l.client_id, l.partner_id, l.tier, l.sequence + 1,
    -l.lots, l.rate, -l.amount, l.currency, l.pattern, l.held_s, l.version_id, l.tree,
    CASE WHEN l.state = 'accrued' THEN 'reversed' ELSE 'accrued' END, 'changed', l.id
FROM unnest(%s::uuid[], %s::uuid[]) AS r (id, line)
JOIN ib_commissionline l ON l.tenant_id = %s AND l.id = r.line
WHERE l.state IN ('accrued', 'in_payout', 'paid')
"""
_TAKE_BACK = """
UPDATE ib_commissionline SET state = 'reversed'
WHERE tenant_id = %s AND id = ANY (%s::uuid[]) AND state IN ('accrued', 'excluded')
"""
_DAYS = """
INSERT INTO ib_partnerday (tenant_id, id, partner_id, day, currency, lots_own, lots_below, amount)
SELECT %s, * FROM unnest(%s::uuid[], %s::uuid[], %s::date[], %s::text[], %s::numeric[],
                         %s::numeric[], %s::numeric[])
ON CONFLICT (tenant_id, partner_id, day, currency) DO UPDATE SET
    lots_own = ib_partnerday.lots_own + EXCLUDED.lots_own,
    lots_below = ib_partnerday.lots_below + EXCLUDED.lots_below,
    amount = ib_partnerday.amount + EXCLUDED.amount
"""


@dataclass
class Batch:
    """Lines to write together, ``moment`` by the database's clock."""

    actor: Actor
    moment: datetime
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    taken_back: list[Standing] = field(default_factory=list)
    days: dict[tuple[UUID, date, str], list[Decimal]] = field(default_factory=dict)

    def add(self, deal: DealFacts, change: Change) -> None:
        for line in change.reversed:
            self.taken_back.append(line)
            if line.state != LineState.EXCLUDED:
                day = deal.at.astimezone(UTC).date()
                self._count(
                    line.partner_id, day, line.currency, line.tier, -line.lots, -line.amount
                )
        for sequence, earned in change.added:
            self._add_line(deal, sequence, earned)

    def _add_line(self, deal: DealFacts, sequence: int, earned: Earned) -> None:
        self.rows.append(
            (
                uuid7(),
                deal.server_id,
                deal.ticket,
                deal.at,
                deal.revision,
                deal.position_ticket,
                deal.login,
                deal.symbol,
                deal.client_id,
                earned.partner_id,
                earned.tier,
                sequence,
                earned.lots,
                earned.rate,
                earned.amount,
                earned.currency,
                earned.pattern,
                deal.held_s,
                earned.version_id,
                json.dumps(earned.tree),
                (LineState.EXCLUDED if earned.reason else LineState.ACCRUED).value,
                earned.reason,
            )
        )
        if not earned.reason:
            self._count(
                earned.partner_id,
                deal.at.astimezone(UTC).date(),
                earned.currency,
                earned.tier,
                earned.lots,
                earned.amount,
            )

    def _count(
        self, partner: UUID, day: date, currency: str, tier: int, lots: Decimal, amount: Decimal
    ) -> None:
        sums = self.days.setdefault((partner, day, currency), [Decimal(0)] * 3)
        sums[0 if tier == 1 else 1] += lots
        sums[2] += amount

    def write(self) -> tuple[int, int]:
        """(lines written, lines taken back)."""
        written = 0
        with connection.cursor() as cursor:
            if self.taken_back:
                ids = [line.id for line in self.taken_back]
                new = [uuid7() for _ in ids]
                cursor.execute(_MIRROR, [self.moment, new, ids, self.actor.tenant_id])
                written += cursor.rowcount
                cursor.execute(_TAKE_BACK, [self.actor.tenant_id, ids])
            if self.rows:
                columns = [list(column) for column in zip(*self.rows, strict=True)]
                cursor.execute(_INSERT, [self.actor.tenant_id, self.moment, *columns])
                written += cursor.rowcount
            if self.days:
                self._write_days(cursor)
        return written, len(self.taken_back)

    def _write_days(self, cursor: Any) -> None:
        days = sorted(self.days.items(), key=lambda pair: str(pair[0]))
        cursor.execute(
            _DAYS,
            [
                self.actor.tenant_id,
                [uuid7() for _ in days],
                [key[0] for key, _ in days],
                [key[1] for key, _ in days],
                [key[2] for key, _ in days],
                *[[sums[place] for _, sums in days] for place in range(3)],
            ],
        )
