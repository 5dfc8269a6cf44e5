"""From synced deals to commission lines: in chunks, each exactly once, however often it is run.

Deals are read in the order in which they were synced. The cursor is kept a little behind, as a
transaction may commit later than its rows say; what is met again is seen to be reckoned and left.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from backoffice.audit.services import audit
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from ib import actions, changes, lines, rules
from ib.directory import directory_of
from ib.locks import commissions_locked, tree_locked
from ib.models import AccrualCursor
from ib.rules import Directory, Trade
from trading.models import Symbol

CHUNK_DEALS = 5_000
RUN_CHUNKS_MAX = 400
SETTLE = timedelta(minutes=2)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
LEAST_ID = UUID(int=0)
RECALCULATE = "ib.recalculate"


@dataclass(frozen=True, slots=True)
class Accrued:
    """What a run did: deals looked at, lines written (reversals among them), lines taken back."""

    deals: int = 0
    lines: int = 0
    reversals: int = 0

    def __add__(self, other: "Accrued") -> "Accrued":
        return Accrued(
            self.deals + other.deals,
            self.lines + other.lines,
            self.reversals + other.reversals,
        )


class Scanned(NamedTuple):
    """A row of the scan, in the order of ``_SCAN``."""

    moment: datetime
    id: UUID
    server_id: UUID
    ticket: int
    login: int
    position_ticket: int
    action: int
    entry: int
    symbol: str
    lots: Decimal
    lots_closed: Decimal
    at: datetime
    revision: int
    deleted: bool
    client_id: UUID | None
    partner_id: UUID | None
    opened_at: datetime | None

    @property
    def held_s(self) -> int | None:
        return None if self.opened_at is None else int((self.at - self.opened_at).total_seconds())

    @property
    def closes(self) -> bool:
        return self.entry in rules.CLOSING_ENTRIES and self.action in rules.ACTIONS_TRADED


# {moment} is synced_at (as it comes) or at (looking again from a day on).
_SCAN = """
WITH scan AS MATERIALIZED (
    SELECT d.* FROM trading_deal d
    WHERE d.tenant_id = %(tenant)s AND (d.{moment}, d.id) > (%(moment)s, %(id)s)
    ORDER BY d.{moment}, d.id LIMIT %(most)s
)
SELECT s.{moment}, s.id, s.server_id, s.ticket, s.login, s.position_ticket, s.action, s.entry,
       s.symbol, s.lots, s.lots_closed, s.at, s.revision, s.deleted_at IS NOT NULL,
       a.client_id, t.partner_id,
       CASE WHEN t.partner_id IS NOT NULL AND s.entry <> 0 AND s.position_ticket > 0 THEN (
           SELECT min(o.at) FROM trading_deal o
           WHERE o.tenant_id = s.tenant_id AND o.server_id = s.server_id
             AND o.position_ticket = s.position_ticket AND o.position_ticket > 0
             AND o.entry IN (0, 2) AND o.at <= s.at AND o.id <> s.id
       ) END
FROM scan s
LEFT JOIN trading_account a ON a.tenant_id = s.tenant_id AND a.id = s.account_id AND a.live
LEFT JOIN ib_clientattribution t ON t.tenant_id = s.tenant_id AND t.client_id = a.client_id
     AND t.from_at <= s.at AND (t.until_at IS NULL OR s.at < t.until_at)
ORDER BY s.{moment}, s.id
"""


def accrual_run(*, actor: Actor, chunks_max: int = RUN_CHUNKS_MAX) -> Accrued:
    """Reckon what has been synced since the last run. Opens its own scopes, one per chunk."""
    done = Accrued()
    with tenant_scope(actor.tenant_id, actor):
        place = _cursor(actor)
    for _ in range(chunks_max):
        with tenant_scope(actor.tenant_id, actor):
            more, place, full = _chunk(actor, place, "synced_at", again=False)
            _keep_cursor(actor, place)
        done += more
        if not full:
            break
    return done


def recalculation_ask(*, actor: Actor, since: datetime, reason: str) -> None:
    """Reckon unpaid lines of deals since a moment again, soon: their terms were changed.

    Call it inside the transaction of the change. Lines in a payout or paid stay as they are.
    Before the first run there is nothing to do anew: it will see the change.
    """
    if not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": "Say why."})
    if not AccrualCursor.objects.filter(tenant_id=actor.tenant_id).exists():
        return
    audit(
        actor=actor,
        action=actions.RECALCULATION_ASKED,
        data={"since": since, "reason": reason},
    )
    outbox.put(RECALCULATE, subject_id=None, payload={"since": since.isoformat()})


def recalculate(*, actor: Actor, since: datetime) -> Accrued:
    """Reckon every deal since a moment again under what is true now. Opens its own scopes."""
    done = Accrued()
    place = (since, LEAST_ID)
    full = True
    while full:
        with tenant_scope(actor.tenant_id, actor):
            more, place, full = _chunk(actor, place, "at", again=True)
        done += more
    with tenant_scope(actor.tenant_id, actor):
        audit(
            actor=actor,
            action=actions.RECALCULATED,
            data={"since": since, "deals": done.deals, "lines": done.lines},
        )
    return done


def _cursor(actor: Actor) -> tuple[datetime, UUID]:
    row = AccrualCursor.objects.filter(tenant_id=actor.tenant_id).first()
    return (row.synced_at, row.deal_id) if row else (BEGINNING, LEAST_ID)


def _keep_cursor(actor: Actor, place: tuple[datetime, UUID]) -> None:
    moment = lines.database_now()
    late = (moment - SETTLE, LEAST_ID)
    synced_at, deal_id = min(place, late)
    AccrualCursor.objects.update_or_create(
        tenant_id=actor.tenant_id,
        defaults={"synced_at": synced_at, "deal_id": deal_id, "ran_at": moment},
    )


def _chunk(
    actor: Actor, place: tuple[datetime, UUID], moment: str, *, again: bool
) -> tuple[Accrued, tuple[datetime, UUID], bool]:
    """One chunk in the open scope: what was done, where it ended, whether there may be more."""
    commissions_locked(actor)
    tree_locked(actor)
    scanned = _scan(actor, place, moment)
    if not scanned:
        return Accrued(), place, False
    written = _reckon(actor, scanned, again=again)
    end = (scanned[-1].moment, scanned[-1].id)
    return Accrued(len(scanned), *written), end, len(scanned) == CHUNK_DEALS


def _scan(actor: Actor, place: tuple[datetime, UUID], moment: str) -> list[Scanned]:
    with connection.cursor() as cursor:
        cursor.execute(
            _SCAN.format(moment=moment),
            {
                "tenant": actor.tenant_id,
                "moment": place[0],
                "id": place[1],
                "most": CHUNK_DEALS,
            },
        )
        return [Scanned(*row) for row in cursor.fetchall()]


def _reckon(actor: Actor, scanned: Sequence[Scanned], *, again: bool) -> tuple[int, int]:
    """Write what has to be written of these deals: (lines, lines taken back)."""
    concerned = [deal for deal in scanned if deal.closes or deal.revision or deal.deleted]
    if not concerned:
        return 0, 0
    histories = lines.histories(actor, [(deal.server_id, deal.ticket) for deal in concerned])
    directory = directory_of(actor)
    paths = _paths(actor, concerned)
    batch = lines.Batch(actor, lines.database_now())
    for deal in concerned:
        history = histories.get((deal.server_id, deal.ticket), changes.History())
        if not again and changes.is_settled(history, deal.revision, deleted=deal.deleted):
            continue
        wanted = list(_wanted(deal, directory, paths))
        changed = not again and bool(history.lines)
        batch.add(deal, changes.change(history, wanted, paid_too=changed))
    return batch.write()


def _wanted(
    deal: Scanned, directory: Directory, paths: dict[tuple[UUID, str], str]
) -> Iterator[rules.Earned]:
    closed = rules.closed_lots(deal.entry, deal.lots, deal.lots_closed)
    if deal.partner_id is None or deal.client_id is None or not deal.closes or not closed:
        return
    yield from rules.commissions(
        Trade(
            partner_id=deal.partner_id,
            client_id=deal.client_id,
            symbol=deal.symbol,
            path=paths.get((deal.server_id, deal.symbol), ""),
            lots=closed,
            at=deal.at,
            held_s=deal.held_s,
            cancelled=deal.action in rules.ACTIONS_CANCELLED,
            deleted=deal.deleted,
        ),
        directory,
    )


def _paths(actor: Actor, scanned: Sequence[Scanned]) -> dict[tuple[UUID, str], str]:
    wanted: dict[UUID, set[str]] = defaultdict(set)
    for deal in scanned:
        if deal.partner_id is not None:
            wanted[deal.server_id].add(deal.symbol)
    found: dict[tuple[UUID, str], str] = {}
    for server_id, names in wanted.items():
        rows: Any = Symbol.objects.filter(
            tenant_id=actor.tenant_id, server_id=server_id, name__in=names
        ).values_list("name", "path")
        found.update({(server_id, name): path for name, path in rows})
    return found
