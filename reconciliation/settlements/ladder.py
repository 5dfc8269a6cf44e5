"""The ladder in sets: the open lines of a gateway against the open transfers of its clearing
account, rung by rung, each with what the one before it left.

What belongs to no reference is never matched by amount alone unless the pair is the only one on
both sides. Temporary tables hold what is open; they go with the transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.backends.utils import CursorWrapper

from backoffice.core.clock import today

RULE_VERSION = "sets-1"
ALIKE_MAX = 20  # of one amount on either side: more are not told apart by their dates
PAYOUT_EXPECTED = timedelta(days=5)
DAYS_BEFORE = timedelta(days=10)  # how long before its line a transfer may have been booked
# Hash joins and sorts of a million rows stay in memory. The planner guesses of what the rungs leave
# are far too low, and a loop within a loop over a million rows does not end.
_PREPARE = """
    SET LOCAL work_mem = '192MB'; SET LOCAL jit = off; SET LOCAL enable_nestloop = off;
    DROP TABLE IF EXISTS pg_temp.entry, pg_temp.item, pg_temp.named, pg_temp.met, pg_temp.pair,
        pg_temp.left_entry, pg_temp.left_item, pg_temp.alike_set
"""
_AS_BEFORE = """
    SET LOCAL work_mem TO DEFAULT; SET LOCAL jit TO DEFAULT; SET LOCAL enable_nestloop TO DEFAULT
"""
# T to T+3 business days.
_UNTIL = """
    {0}.day + CASE WHEN extract(isodow FROM {0}.day) IN (3, 4, 5) THEN 5
                   WHEN extract(isodow FROM {0}.day) = 6 THEN 4 ELSE 3 END
"""
# A side without a reference has no hash, and so meets nothing.
_HASH = "CASE WHEN {0} <> '' THEN hashtextextended({0}, 0) END"
# All of a report that waits for its first run; of earlier ones what nothing was found for.
_ENTRY = """
    CREATE TEMPORARY TABLE entry ON COMMIT DROP AS
    SELECT e.*, CASE WHEN e.is_payout THEN {until} END AS until FROM (
    SELECT l.id, l.report_id, l.gross AS minor, l.booked_on AS day, l.our_ref AS ref,
           {hash} AS hash, l.in_text, l.kind = 'payout' AS is_payout,
           l.source_ref, l.kind = 'dispute' AS is_dispute
    FROM reconciliation_settlementline l
    WHERE l.tenant_id = %(tenant)s AND l.currency = %(currency)s AND l.kind <> 'fee'
      AND l.report_id = ANY(%(reports)s)
    UNION ALL
    SELECT l.id, l.report_id, l.gross, l.booked_on, l.our_ref, {hash},
           l.in_text, l.kind = 'payout', l.source_ref, l.kind = 'dispute'
    FROM reconciliation_settlementline l
    WHERE l.tenant_id = %(tenant)s AND l.currency = %(currency)s AND l.kind <> 'fee'
      AND l.report_id = ANY(%(earlier)s)
      AND NOT EXISTS (
          SELECT FROM reconciliation_settlementmatch m
          WHERE m.tenant_id = l.tenant_id AND m.id = l.id)
    ) e
"""
# Lines that give the gateway's number of the payment, and not ours.
_NAME_ENTRIES = """
    UPDATE entry e SET ref = d.reference, hash = hashtextextended(d.reference, 0)
    FROM reconciliation_settlementline l, payments_deposit d
    WHERE e.ref = '' AND l.tenant_id = %(tenant)s AND l.id = e.id AND l.source_ref <> ''
      AND d.tenant_id = %(tenant)s AND d.gateway_id = %(gateway)s AND d.provider_ref = l.source_ref
"""
# A dispute names the payment; the books know it by the chargeback.
_NAME_DISPUTES = """
    UPDATE entry e SET ref = c.reference, hash = hashtextextended(c.reference, 0)
    FROM payments_chargeback c
    JOIN payments_deposit d ON d.tenant_id = c.tenant_id AND d.id = c.deposit_id
    WHERE e.is_dispute AND c.tenant_id = %(tenant)s AND c.gateway_id = %(gateway)s
      AND d.reference = e.ref
"""
# What the bank wrote beside a settlement may name the payout: then both are known by that name.
_PAYOUTS_NAMED = """
    WITH payout AS MATERIALIZED (
        SELECT id, source_ref FROM entry WHERE is_payout AND source_ref <> ''
    ), settlement AS MATERIALIZED (
        SELECT journal_id, text FROM item WHERE is_settlement
    )
    SELECT p.id, s.journal_id, p.source_ref FROM payout p
    JOIN settlement s ON strpos(s.text, p.source_ref) > 0
"""
_NAME_PAYOUTS = """
    CREATE TEMPORARY TABLE named ON COMMIT DROP AS
    SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS n (id, journal_id, ref);
    UPDATE item i SET ref = n.ref, hash = hashtextextended(n.ref, 0)
    FROM named n WHERE n.journal_id = i.journal_id;
    UPDATE entry e SET ref = n.ref, hash = hashtextextended(n.ref, 0), in_text = true
    FROM named n WHERE n.id = e.id
"""
_FIRST = "SELECT min(day) FROM entry"
# Costs are booked out of reports, so no report has them as movements of their own.
_ITEM = """
    CREATE TEMPORARY TABLE item ON COMMIT DROP AS
    SELECT i.*, {until} AS until
    FROM (
        SELECT t.journal_id, t.line AS journal_line, t.effective_at::date AS day,
               CASE WHEN t.debit_account_id = ANY(%(accounts)s) THEN t.amount ELSE -t.amount END
                   AS minor,
               j.business_ref AS ref, {hash} AS hash,
               j.kind = 'gateway_settlement' AS is_settlement,
               CASE WHEN j.kind = 'gateway_settlement' THEN j.meta ->> 'text' END AS text
        FROM ledger_transfer t
        JOIN ledger_journal j ON j.tenant_id = t.tenant_id AND j.id = t.journal_id
        WHERE t.tenant_id = %(tenant)s AND t.effective_at >= %(since)s
          AND t.code <> 'fee'
          AND t.created_at >= %(since)s
          AND (t.debit_account_id = ANY(%(accounts)s)) <> (t.credit_account_id = ANY(%(accounts)s))
          AND NOT EXISTS (
              SELECT FROM reconciliation_settlementmatch m
              WHERE m.tenant_id = t.tenant_id AND m.journal_id = t.journal_id
                AND m.journal_line = t.line)
    ) i
"""
_PAIR = """
    CREATE TEMPORARY TABLE pair (
        line_id uuid, journal_id uuid, journal_line int, part int, share int, rung smallint,
        difference bigint
    ) ON COMMIT DROP
"""
# 1 and 3: the same reference and amount. What met nothing stands here with one side only, so that
# what is left needs no second search.
_MET = """
    CREATE TEMPORARY TABLE met ON COMMIT DROP AS
    SELECT e.id AS line_id, e.in_text, i.journal_id, i.journal_line
    FROM {entries} e FULL JOIN {items} i
      ON i.hash = e.hash AND i.minor = e.minor AND i.ref = e.ref
"""
# The first of several alike goes with the first.
_NUMBERED = """
    (SELECT *, row_number() OVER (PARTITION BY hash, minor ORDER BY {order}) AS nth FROM {table})
"""
# As many as there are on either side: none was met twice.
_SIDES = "SELECT count(line_id), count(journal_id) FROM met"
_SAME = """
    SELECT line_id, journal_id, journal_line, 0 AS part, 0 AS share,
           CASE WHEN in_text THEN 3 ELSE 1 END AS rung, 0 AS difference
    FROM met WHERE line_id IS NOT NULL AND journal_id IS NOT NULL
"""
# ``alike``: how many of what is left say the same reference.
_LEFT = """
    CREATE TEMPORARY TABLE left_entry ON COMMIT DROP AS
    SELECT e.*, count(*) OVER (PARTITION BY e.hash) AS alike,
           (sum(e.minor) OVER (PARTITION BY e.hash))::bigint AS whole
    FROM entry e JOIN met m ON m.line_id = e.id WHERE m.journal_id IS NULL;
    CREATE TEMPORARY TABLE left_item ON COMMIT DROP AS
    SELECT i.*, count(*) OVER (PARTITION BY i.hash) AS alike,
           (sum(i.minor) OVER (PARTITION BY i.hash))::bigint AS whole
    FROM item i
    JOIN met m ON m.journal_id = i.journal_id AND m.journal_line = i.journal_line
    WHERE m.line_id IS NULL;
    CREATE INDEX ON left_item (minor, day);
    ANALYZE left_entry; ANALYZE left_item
"""
# 6: one transfer, several lines: captured or paid back in pieces.
_PIECES = """
    INSERT INTO pair
    SELECT e.id, i.journal_id, i.journal_line, 0,
           row_number() OVER (PARTITION BY i.journal_id, i.journal_line ORDER BY e.id) - 1, 6, 0
    FROM left_entry e
    JOIN left_item i ON i.hash = e.hash AND i.ref = e.ref AND i.minor = e.whole
    WHERE e.ref <> '' AND e.alike > 1 AND i.alike = 1
"""
# 5, by the reference: one line, several transfers, such as a chargeback that the wallet could not
# bear whole.
_WHOLE = """
    INSERT INTO pair
    SELECT e.id, i.journal_id, i.journal_line,
           row_number() OVER (PARTITION BY e.id ORDER BY i.journal_id, i.journal_line) - 1, 0, 5, 0
    FROM left_entry e JOIN left_item i ON i.hash = e.hash AND i.ref = e.ref AND i.whole = e.minor
    WHERE e.ref <> '' AND e.alike = 1 AND i.alike > 1
"""
# 2: the same reference, less by what the gateway keeps by contract. Once on both sides.
_FEE = """
    INSERT INTO pair
    SELECT e.id, i.journal_id, i.journal_line, 0, 0, 2, i.minor - e.minor
    FROM left_entry e JOIN left_item i ON i.hash = e.hash AND i.ref = e.ref
    WHERE e.ref <> '' AND e.alike = 1 AND i.alike = 1 AND i.minor > 0 AND e.minor > 0
      AND abs(i.minor - e.minor - round(i.minor * %(percent)s / 100) - %(fixed)s) <= %(tolerance)s
"""
# A report has a payment on its day or soon after; the bank has a payout soon after the report.
_IN_TIME = """
    CASE WHEN e.is_payout THEN i.day BETWEEN e.day - 1 AND e.until
         ELSE e.day BETWEEN i.day - 1 AND i.until END
"""
# 4: amount and date, the only pair on both sides.
_ALONE = """
    WITH few AS (
        SELECT minor FROM left_entry WHERE ref = '' GROUP BY minor HAVING count(*) <= %(alike)s
        INTERSECT
        SELECT minor FROM left_item GROUP BY minor HAVING count(*) <= %(alike)s
    ), candidate AS (
        SELECT e.id, i.journal_id, i.journal_line,
               count(*) OVER (PARTITION BY e.id) AS of_line,
               count(*) OVER (PARTITION BY i.journal_id, i.journal_line) AS of_item
        FROM left_entry e JOIN few USING (minor)
        JOIN left_item i ON i.minor = e.minor AND {in_time}
        WHERE e.ref = ''
    )
    INSERT INTO pair
    SELECT id, journal_id, journal_line, 0, 0, 4, 0 FROM candidate
    WHERE of_line = 1 AND of_item = 1
"""
# 5: one line for all that is open of a day: the gateway adds up what it settles.
_DAY = """
    WITH day AS (
        SELECT day, until, sum(minor) AS minor FROM left_item GROUP BY day, until
        HAVING count(*) > 1
    ), whole AS (
        SELECT e.id, day.day, count(*) OVER (PARTITION BY e.id) AS of_line,
               count(*) OVER (PARTITION BY day.day) AS of_day
        FROM left_entry e
        JOIN day ON day.minor = e.minor AND e.day BETWEEN day.day - 1 AND day.until
        WHERE e.ref = ''
    )
    INSERT INTO pair
    SELECT w.id, i.journal_id, i.journal_line,
           row_number() OVER (PARTITION BY w.id ORDER BY i.journal_id, i.journal_line) - 1, 0, 5, 0
    FROM whole w JOIN left_item i ON i.day = w.day
    WHERE w.of_line = 1 AND w.of_day = 1
"""
_DROP_PAIRED = """
    DELETE FROM left_entry e USING pair p WHERE p.rung = {rung} AND p.line_id = e.id;
    DELETE FROM left_item i USING pair p
    WHERE p.rung = {rung} AND p.journal_id = i.journal_id AND p.journal_line = i.journal_line
"""
_WRITE = """
    INSERT INTO reconciliation_settlementmatch
        (tenant_id, id, line_id, journal_id, journal_line, part, share, rung, difference, run_id)
    SELECT %(tenant)s, CASE WHEN part = 0 THEN line_id ELSE uuidv7() END, line_id, journal_id,
           journal_line, part, share, rung, difference, %(run)s
    FROM ({same} UNION ALL SELECT * FROM pair) found ORDER BY line_id
"""
_COUNTS = """
    SELECT rung, count(*), sum(difference) FROM ({same} UNION ALL SELECT * FROM pair) found
    GROUP BY rung ORDER BY rung
"""
_NAMED_LEFT = """
    SELECT e.id, e.minor, e.ref, count(i.journal_id), min(i.minor)
    FROM left_entry e LEFT JOIN left_item i ON i.hash = e.hash AND i.ref = e.ref
    WHERE e.ref <> '' GROUP BY e.id, e.minor, e.ref ORDER BY e.id
"""
# Lines and transfers of one amount that the dates don't tell apart: one question for a person.
_SETS = """
    CREATE TEMPORARY TABLE alike_set ON COMMIT DROP AS
    SELECT DISTINCT e.minor FROM left_entry e JOIN left_item i ON i.minor = e.minor
    WHERE e.ref = '' AND {in_time}
"""
_SETS_LEFT = """
    SELECT e.first, minor, e.count, i.count, i.some
    FROM (SELECT minor, (array_agg(id ORDER BY id))[1] AS first, count(*) AS count
          FROM left_entry JOIN alike_set USING (minor) WHERE ref = '' GROUP BY minor) e
    JOIN (SELECT minor, count(*) AS count, (array_agg(ref ORDER BY day, ref))[1:5] AS some
          FROM left_item JOIN alike_set USING (minor) GROUP BY minor) i USING (minor)
    ORDER BY e.first
"""
# A payout to our bank is booked when the bank's statement has it: expected for a few days.
_NAMELESS_LEFT = """
    SELECT e.id, e.minor, '', 0, NULL FROM left_entry e
    WHERE e.ref = '' AND NOT (e.is_payout AND e.day >= %(expected_since)s)
      AND NOT EXISTS (SELECT FROM alike_set s WHERE s.minor = e.minor)
    ORDER BY e.id
"""
# Expected until the cut-off: a transfer whose window is not over may still come. What a line names
# or may mean is part of that line's difference.
_ITEMS_LEFT = """
    SELECT i.journal_id, i.minor, i.ref, i.day FROM left_item i
    WHERE i.until < (SELECT max(day) FROM entry)
      AND NOT EXISTS (SELECT FROM left_entry e
                      WHERE e.ref <> '' AND e.hash = i.hash AND e.ref = i.ref)
      AND NOT EXISTS (SELECT FROM alike_set s WHERE s.minor = i.minor)
    ORDER BY i.journal_id
"""
_OPEN_OF_REPORTS = "SELECT report_id, count(*) FROM left_entry GROUP BY report_id"
# 5, by the gateway's own batches: a payout is the sum of the lines that it names, less their fees.
_BATCHES = """
    SELECT p.id, p.source_ref, p.gross, sum(l.net)::bigint, count(*)
    FROM reconciliation_settlementline p
    JOIN reconciliation_settlementline l ON l.tenant_id = p.tenant_id
        AND l.gateway_id = p.gateway_id AND l.batch_ref = p.source_ref AND l.kind <> 'payout'
    WHERE p.tenant_id = %(tenant)s AND p.report_id = ANY(%(reports)s) AND p.kind = 'payout'
      AND p.currency = %(currency)s AND p.source_ref <> ''
    GROUP BY p.id, p.source_ref, p.gross HAVING p.gross + sum(l.net) <> 0
"""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a gateway keeps by contract; ``fixed`` and ``tolerance`` in minor units."""

    percent: Decimal = Decimal(0)
    fixed: int = 0
    tolerance: int = 0


@dataclass(frozen=True, slots=True)
class Open:
    """What a run is over. ``accounts``: the ids of the clearing account's shards; ``earlier``:
    reports that ran before and have lines that nothing was found for."""

    tenant_id: int
    gateway_id: UUID
    currency: str
    accounts: Sequence[UUID]
    reports: Sequence[UUID]
    earlier: Sequence[UUID] = ()
    seen_until: date | None = None


@dataclass(frozen=True, slots=True)
class LineLeft:
    """``like``: how many open transfers its reference names; ``minor_there``: the amount of one."""

    id: UUID
    minor: int
    ref: str
    like: int
    minor_there: int | None


@dataclass(frozen=True, slots=True)
class SetLeft:
    """``lines`` lines and ``items`` transfers of one amount; ``first`` is a line of it and ``some``
    are references of its transfers."""

    first: UUID
    minor: int
    lines: int
    items: int
    some: list[str]


@dataclass(frozen=True, slots=True)
class ItemLeft:
    journal_id: UUID
    minor: int
    ref: str
    day: date


@dataclass(frozen=True, slots=True)
class BatchOff:
    """A payout that is not the sum of its ``count`` lines; minor units."""

    id: UUID
    batch_ref: str
    minor: int
    lines_sum: int
    count: int


@dataclass(slots=True)
class Outcome:
    """``by_rung``: matches. ``difference``: what the ledger has more on them, in minor units."""

    lines: int = 0
    items: int = 0
    by_rung: dict[int, int] = field(default_factory=dict)
    difference: int = 0
    lines_left: list[LineLeft] = field(default_factory=list)
    sets_left: list[SetLeft] = field(default_factory=list)
    items_left: list[ItemLeft] = field(default_factory=list)
    open_of_reports: dict[UUID, int] = field(default_factory=dict)
    batches_off: list[BatchOff] = field(default_factory=list)


def climb(given: Open, terms: Terms, run_id: UUID) -> Outcome:
    """Match what is open and write the matches, inside the caller's transaction. The caller holds
    the gateway's lock: two runs at once would both find the same."""
    with connection.cursor() as cursor:
        cursor.execute(_PREPARE)
        outcome = _open(cursor, given)
        if outcome.lines:
            _rungs(cursor, terms, outcome)
            cursor.execute(_WRITE.format(same=_SAME), {"tenant": given.tenant_id, "run": run_id})
            _read_outcome(cursor, outcome)
        cursor.execute(_BATCHES, _facts(given))
        outcome.batches_off = [BatchOff(*row) for row in cursor.fetchall()]
        cursor.execute(_AS_BEFORE)
    return outcome


def _facts(given: Open) -> dict[str, Any]:
    return {
        "tenant": given.tenant_id,
        "gateway": given.gateway_id,
        "currency": given.currency,
        "reports": list(given.reports),
        "earlier": list(given.earlier),
        "accounts": list(given.accounts),
    }


def _open(cursor: CursorWrapper, given: Open) -> Outcome:
    facts = _facts(given)
    cursor.execute(_ENTRY.format(until=_UNTIL.format("e"), hash=_HASH.format("l.our_ref")), facts)
    lines = cursor.rowcount
    cursor.execute(_NAME_ENTRIES, facts)
    cursor.execute(_NAME_DISPUTES, facts)
    cursor.execute("ANALYZE entry")
    cursor.execute(_FIRST)
    (first,) = cursor.fetchone()
    if first is None:
        return Outcome()
    facts["since"] = min(first, given.seen_until or first) - DAYS_BEFORE
    named_by = _HASH.format("j.business_ref")
    cursor.execute(_ITEM.format(until=_UNTIL.format("i"), hash=named_by), facts)
    items = cursor.rowcount
    cursor.execute(_PAYOUTS_NAMED)
    if named := cursor.fetchall():
        cursor.execute(_NAME_PAYOUTS, [list(column) for column in zip(*named, strict=True)])
    cursor.execute("ANALYZE item")
    cursor.execute(_PAIR)
    return Outcome(lines=lines, items=items)


def _rungs(cursor: CursorWrapper, terms: Terms, outcome: Outcome) -> None:
    _meet(cursor, outcome)
    cursor.execute(_LEFT)
    facts: dict[str, Any] = {
        "percent": terms.percent,
        "fixed": terms.fixed,
        "tolerance": terms.tolerance,
        "alike": ALIKE_MAX,
    }
    for rung, statement in (
        (6, _PIECES),
        (5, _WHOLE),
        (2, _FEE),
        (4, _ALONE.format(in_time=_IN_TIME)),
        (5, _DAY),
    ):
        cursor.execute(statement, facts)
        if cursor.rowcount:
            cursor.execute(_DROP_PAIRED.format(rung=rung))


def _meet(cursor: CursorWrapper, outcome: Outcome) -> None:
    cursor.execute(_MET.format(entries="entry", items="item"))
    cursor.execute(_SIDES)
    if cursor.fetchone() != (outcome.lines, outcome.items):
        entries = _NUMBERED.format(table="entry", order="id")
        items = _NUMBERED.format(table="item", order="journal_id, journal_line")
        cursor.execute("DROP TABLE met")
        cursor.execute(_MET.format(entries=entries, items=items) + " AND i.nth = e.nth")
    cursor.execute("ANALYZE met")


def _read_outcome(cursor: CursorWrapper, outcome: Outcome) -> None:
    cursor.execute(_COUNTS.format(same=_SAME))
    for rung, count, difference in cursor.fetchall():
        outcome.by_rung[rung] = count
        outcome.difference += int(difference)
    cursor.execute(_SETS.format(in_time=_IN_TIME))
    facts: dict[str, Any] = {"expected_since": today() - PAYOUT_EXPECTED}
    for statement in (_NAMED_LEFT, _NAMELESS_LEFT):
        cursor.execute(statement, facts)
        outcome.lines_left += [LineLeft(*row) for row in cursor.fetchall()]
    cursor.execute(_SETS_LEFT)
    outcome.sets_left = [SetLeft(*row) for row in cursor.fetchall()]
    cursor.execute(_OPEN_OF_REPORTS)
    outcome.open_of_reports = dict(cursor.fetchall())
    cursor.execute(_ITEMS_LEFT)
    outcome.items_left = [ItemLeft(*row) for row in cursor.fetchall()]
