"""Reports of gateways: kept, read into lines by COPY, run through the ladder, counted."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max, QuerySet

from backoffice.audit.services import audit
from backoffice.core.bulk import stage
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput
from backoffice.core.money import Money, exponent
from backoffice.tenancy.references import next_reference
from backoffice.workflow import outbox
from ledger import selectors as ledger
from payments.accounts import adapter_for
from payments.books import house_spec
from payments.gateways.reports import ReportProblem, ReportRow
from payments.models import GatewayAccount
from reconciliation import actions, raw
from reconciliation.breaks import Found, breaks_open, breaks_settled
from reconciliation.errors import FileKnown
from reconciliation.matching import payouts_arrived
from reconciliation.models import Break, SettlementLine, SettlementReport, SettlementTerms
from reconciliation.settlements import ladder
from reconciliation.settlements.models import LineKind, SettlementMatch, SettlementRun
from reconciliation.states import BreakKind

S = SettlementReport.State
FOLDER, WORK, AGAIN = "settlements", "reconciliation.report", "reconciliation.gateway"
REPORT_BYTES_MAX = 300 * 2**20
AT_ONCE_BYTES = 256 * 1024  # a report of this size is worked through while a person waits
LINE, ITEM = "reconciliation.settlementline", "ledger.journal"
PROBLEMS_MAX = 200
_COLUMNS = (
    ("number", "int"),
    ("kind", "text"),
    ("transaction_ref", "text"),
    ("source_ref", "text"),
    ("our_ref", "text"),
    ("in_text", "boolean"),
    ("batch_ref", "text"),
    ("booked_on", "date"),
    ("currency", "text"),
    ("gross", "bigint"),
    ("fee", "bigint"),
    ("text", "text"),
)
# Ids are made in the file's order: the ladder walks the lines by them.
_KEEP = """
    INSERT INTO reconciliation_settlementline
        (tenant_id, id, report_id, gateway_id, number, kind, transaction_ref, source_ref, our_ref,
         in_text, batch_ref, booked_on, currency, gross, fee, net, text)
    SELECT %(tenant)s, uuidv7(), %(report)s, %(gateway)s, number, kind, transaction_ref, source_ref,
           our_ref, in_text, batch_ref, booked_on, currency, gross, fee, gross - fee, text
    FROM pg_temp.report_row
    ON CONFLICT (tenant_id, gateway_id, transaction_ref) DO NOTHING
"""
# Which payout brings a movement to our bank is known later than the movement.
_BATCH = """
    UPDATE reconciliation_settlementline l SET batch_ref = r.batch_ref
    FROM pg_temp.report_row r
    WHERE l.tenant_id = %(tenant)s AND l.gateway_id = %(gateway)s
      AND l.transaction_ref = r.transaction_ref AND l.batch_ref = '' AND r.batch_ref <> ''
"""


def lines_keep(
    *,
    actor: Actor,
    report: SettlementReport,
    rows: Iterable[ReportRow | ReportProblem],
) -> SettlementReport:
    """Write the rows of a locked report as its lines. What an earlier report had already is
    counted and not written again; what can't be read is listed."""
    problems: list[dict[str, Any]] = []
    with connection.cursor() as cursor:
        read = stage(cursor, "report_row", _COLUMNS, _staged(rows, problems))
        facts: dict[str, Any] = {
            "tenant": actor.tenant_id,
            "report": report.pk,
            "gateway": report.gateway_id,
        }
        cursor.execute(_KEEP, facts)
        kept = cursor.rowcount
        if kept < read:
            cursor.execute(_BATCH, facts)
        cursor.execute("SELECT min(booked_on), max(booked_on) FROM pg_temp.report_row")
        report.from_date, report.to_date = cursor.fetchone()
    report.rows_seen = read + len(problems)
    report.rows_read, report.rows_known = kept, read - kept
    report.problems = problems[:PROBLEMS_MAX]
    return report


def _staged(
    rows: Iterable[ReportRow | ReportProblem], problems: list[dict[str, Any]]
) -> Iterator[Sequence[Any]]:
    for row in rows:
        if isinstance(row, ReportProblem):
            problems.append({"number": row.number, "message": row.message})
            continue
        yield (
            row.number,
            row.kind,
            row.transaction_ref,
            row.source_ref,
            row.our_ref,
            row.in_text,
            row.batch_ref,
            row.booked_on,
            row.currency,
            row.gross,
            row.fee,
            row.text,
        )


@transaction.atomic
def report_receive(
    *, actor: Actor, gateway: GatewayAccount, name: str, content: bytes
) -> SettlementReport:
    """Keep a report as it came. Raises ``FileKnown`` for bytes that were received before and
    ``InvalidInput`` for none, too many, or of a gateway whose reports we don't read."""
    if not adapter_for(gateway).reports:
        raise InvalidInput(f"{gateway.name} has no reports: the bank's statement says it.")
    if not content.strip():
        raise InvalidInput("The file is empty. Nothing was imported.")
    if len(content) > REPORT_BYTES_MAX:
        raise InvalidInput(
            f"The file has {len(content) // 2**20} MB; at most {REPORT_BYTES_MAX // 2**20} MB can "
            "be uploaded. Ask the gateway for shorter periods."
        )
    digest = hashlib.sha256(content).hexdigest()
    known = SettlementReport.objects.filter(tenant_id=actor.tenant_id, sha256=digest).first()
    if known is not None:
        raise FileKnown(
            f"This file was imported on {known.received_at:%d %b %Y} by {known.received_by}, as "
            f"{known.reference}. Nothing was counted twice."
        )
    # The bytes first: a row without them could never be read.
    raw.keep(tenant_id=actor.tenant_id, folder=FOLDER, digest=digest, content=content)
    return SettlementReport.objects.create(
        tenant_id=actor.tenant_id,
        reference=next_reference("SR"),
        gateway=gateway,
        name=Path(name).name[:200] or "report",
        sha256=digest,
        size=len(content),
        received_by_ref=actor.ref,
        received_by=actor.name,
    )


def report_bytes(report: SettlementReport) -> bytes:
    """The report as it came."""
    return raw.read(tenant_id=report.tenant_id or 0, folder=FOLDER, digest=report.sha256)


@transaction.atomic
def report_read(*, actor: Actor, report: SettlementReport) -> SettlementReport:
    """Read a kept report into its lines; refused, with the reason, when it has none."""
    row = (
        SettlementReport.objects.select_for_update(of=("self",))
        .select_related("gateway")
        .get(tenant_id=actor.tenant_id, pk=report.pk)
    )
    if row.state != S.RECEIVED:
        return row
    rows = adapter_for(row.gateway).read_report(report_bytes(row))
    lines_keep(actor=actor, report=row, rows=rows)
    row.state = S.READ if row.rows_read or row.rows_known else S.REFUSED
    row.save()
    problem = row.problems[0]["message"] if row.problems else "It has no movement."
    refused = row.state == S.REFUSED
    audit(
        actor=actor,
        action=actions.REPORT_REFUSED if refused else actions.REPORT_IMPORTED,
        subject=row,
        label=row.reference,
        data={"problem": problem}
        if refused
        else {"gateway": row.gateway.name, "lines": row.rows_read, "sha256": row.sha256},
    )
    return row


@transaction.atomic
def report_take(
    *, actor: Actor, gateway: GatewayAccount, name: str, content: bytes
) -> SettlementReport:
    """Keep a report and work it through, or leave a large one to a worker. Raises what
    ``report_receive`` does."""
    report = report_receive(actor=actor, gateway=gateway, name=name, content=content)
    if report.size > AT_ONCE_BYTES:
        outbox.put(WORK, subject_id=report.pk)
        return report
    return report_work(actor=actor, report=report)


def report_work(*, actor: Actor, report: SettlementReport) -> SettlementReport:
    """All steps of a report, in the caller's transaction; nothing when it is worked through."""
    row = report_read(actor=actor, report=report)
    if row.state == S.READ:
        payouts_arrived(actor=actor, report=row)
        gateway_match(actor=actor, gateway=row.gateway)
        row.refresh_from_db()
    return row


@transaction.atomic
def gateway_match(*, actor: Actor, gateway: GatewayAccount) -> list[SettlementRun]:
    """Run the ladder over all that is open between a gateway's reports and the books, one run for
    each currency; reports that wait for it are worked through then."""
    # One run at a time: two would both find the same lines open.
    GatewayAccount.objects.select_for_update(no_key=True).get(
        tenant_id=actor.tenant_id, pk=gateway.pk
    )
    reports = SettlementReport.objects.select_for_update().filter(
        tenant_id=actor.tenant_id, gateway=gateway
    )
    fresh = list(reports.filter(state=S.READ))
    earlier = list(reports.filter(state=S.DONE, rows_open__gt=0))
    left: Counter[UUID] = Counter()
    runs = []
    for currency in _currencies(actor, [*fresh, *earlier]):
        run, outcome = _run(actor, gateway, currency, fresh, earlier)
        left.update(outcome.open_of_reports)
        runs.append(run)
    for report in (*fresh, *earlier):
        _worked_through(actor, report, left[report.pk])
    return runs


def _worked_through(actor: Actor, report: SettlementReport, left: int) -> None:
    was = report.state
    report.state, report.rows_open = S.DONE, left
    report.by_rung, report.costs_found, report.sums = _summed(report)
    report.save(update_fields=["state", "rows_open", "by_rung", "costs_found", "sums"])
    if was != S.DONE:
        audit(
            actor=actor,
            action=actions.REPORT_DONE,
            subject=report,
            label=report.reference,
            data={"matched": sum(report.by_rung.values()), "open": left},
        )


_PARTS = """
    SELECT l.kind, l.currency, m.rung, count(*), sum(l.gross)::bigint, sum(l.fee)::bigint,
           sum(l.net)::bigint, coalesce(sum(m.difference), 0)::bigint
    FROM reconciliation_settlementline l
    LEFT JOIN reconciliation_settlementmatch m ON m.tenant_id = l.tenant_id AND m.id = l.id
    WHERE l.tenant_id = %(tenant)s AND l.report_id = %(report)s
    GROUP BY l.kind, l.currency, m.rung ORDER BY l.currency, l.kind, m.rung
"""


def _summed(report: SettlementReport) -> tuple[dict[str, int], dict[str, int], list[list[Any]]]:
    """(matches by rung, what the gateway kept by currency, sums by kind and currency)."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '192MB'")  # a million lines meet their matches
        cursor.execute(_PARTS, {"tenant": report.tenant_id, "report": report.pk})
        parts = cursor.fetchall()
        cursor.execute("SET LOCAL work_mem TO DEFAULT")
    rungs: Counter[str] = Counter()
    costs: Counter[str] = Counter()
    sums: dict[tuple[str, str], list[int]] = {}
    for kind, currency, rung, count, gross, fee, net, difference in parts:
        if rung is not None:
            rungs[str(rung)] += count
        costs[currency] += _kept(kind, gross, fee) + difference
        total = sums.setdefault((kind, currency), [0, 0, 0, 0])
        for place, value in enumerate((count, gross, fee, net)):
            total[place] += value
    kept = {currency: cost for currency, cost in costs.items() if cost}
    return dict(rungs), kept, [[*names, *total] for names, total in sums.items()]


def _kept(kind: str, gross: int, fee: int) -> int:
    """What the gateway kept: said on the line, or charged by a line of its own. Of a dispute the
    fee is booked with its chargeback."""
    if kind == LineKind.DISPUTE:
        return 0
    return fee - gross if kind == LineKind.FEE else fee


def gateways_open(actor: Actor) -> QuerySet[GatewayAccount]:
    """Gateways whose reports have lines that nothing was found for yet."""
    rows = SettlementReport.objects.filter(tenant_id=actor.tenant_id, rows_open__gt=0)
    return GatewayAccount.objects.filter(
        tenant_id=actor.tenant_id, pk__in=rows.values("gateway_id")
    ).order_by("id")


def _currencies(actor: Actor, reports: Sequence[SettlementReport]) -> list[str]:
    rows = SettlementLine.objects.filter(
        tenant_id=actor.tenant_id, report__in=[report.pk for report in reports]
    )
    return sorted(rows.values_list("currency", flat=True).distinct())


def _run(
    actor: Actor,
    gateway: GatewayAccount,
    currency: str,
    fresh: Sequence[SettlementReport],
    earlier: Sequence[SettlementReport],
) -> tuple[SettlementRun, ladder.Outcome]:
    run = SettlementRun.objects.create(
        tenant_id=actor.tenant_id, gateway=gateway, currency=currency, rule=ladder.RULE_VERSION
    )
    account = ledger.account(actor.tenant_id, house_spec(gateway).code, currency)
    given = ladder.Open(
        tenant_id=actor.tenant_id,
        gateway_id=gateway.pk,
        currency=currency,
        accounts=account.ids if account else (),
        reports=[report.pk for report in fresh],
        earlier=[report.pk for report in earlier],
        seen_until=_seen_until(actor, gateway),
    )
    outcome = ladder.climb(given, terms_of(actor, gateway, currency), run.pk)
    ended = _end_breaks(actor, run)
    run.lines, run.items = outcome.lines, outcome.items
    run.by_rung = {str(rung): count for rung, count in outcome.by_rung.items()}
    run.difference = outcome.difference
    run.breaks = breaks_open(actor=actor, found=list(_differences(currency, outcome)))
    run.ended_at = now()
    run.save()
    matched = sum(outcome.by_rung.values())
    if matched or run.breaks or ended:
        audit(
            actor=actor,
            action=actions.REPORTS_MATCHED,
            subject=run,
            label=gateway.name,
            data={
                "matched": matched,
                "breaks": run.breaks,
                "ended": ended,
                "currency": currency,
                "rungs": run.by_rung,
                "rule": run.rule,
            },
        )
    return run, outcome


def _seen_until(actor: Actor, gateway: GatewayAccount) -> date | None:
    """The last day of the reports that were worked through: what was booked since is looked at."""
    done = SettlementReport.objects.filter(tenant_id=actor.tenant_id, gateway=gateway, state=S.DONE)
    found: date | None = done.aggregate(last=Max("to_date"))["last"]
    return found


def terms_of(actor: Actor, gateway: GatewayAccount, currency: str) -> ladder.Terms:
    row = SettlementTerms.objects.filter(
        tenant_id=actor.tenant_id, gateway=gateway, currency=currency
    ).first()
    return ladder.Terms(row.percent, row.fixed, row.tolerance) if row else ladder.Terms()


def _end_breaks(actor: Actor, run: SettlementRun) -> int:
    """What was missing on one side has come; how many breaks that ended."""
    standing = Break.objects.filter(
        tenant_id=actor.tenant_id, closed_at=None, line=None, subject_type__in=(LINE, ITEM)
    ).values_list("subject_id", flat=True)
    matched: set[UUID] = set()
    rows = SettlementMatch.objects.filter(tenant_id=actor.tenant_id, run_id=run.pk)
    for name in ("line_id", "journal_id"):
        matched |= set(rows.filter(**{f"{name}__in": standing}).values_list(name, flat=True))
    return breaks_settled(actor=actor, subjects=matched, outcome="The other side has arrived.")


def _differences(currency: str, outcome: ladder.Outcome) -> Iterator[Found]:
    units = Decimal(10) ** exponent(currency)
    for line in outcome.lines_left:
        kind, why = _said_of_line(line, currency)
        label = line.ref or str(line.id)
        yield Found(kind, LINE, line.id, label, line.minor / units, currency, why)
    for item in outcome.items_left:
        why = f"Booked on {item.day:%-d %b %Y}; no report has had it since."
        yield Found(
            BreakKind.MISSING_IN_STATEMENT, ITEM, item.journal_id, item.ref or "without reference",
            -item.minor / units, currency, why,
        )  # fmt: skip
    for alike in outcome.sets_left:
        one = Money.from_minor(alike.minor, currency)
        named = ", ".join(ref for ref in alike.some if ref)
        yield Found(
            BreakKind.AMBIGUOUS, LINE, alike.first, f"{alike.lines} x {one}",
            alike.minor * alike.lines / units, currency,
            f"{alike.lines} lines of {one} without a reference and {alike.items} bookings of it"
            + (f": {named}." if named else "."),
        )  # fmt: skip
    for batch in outcome.batches_off:
        whole = Money.from_minor(-batch.minor, currency)
        parts = Money.from_minor(batch.lines_sum, currency)
        why = f"The payout is {whole}, its {batch.count} lines are {parts}."
        yield Found(
            BreakKind.AMOUNT_DIFF, LINE, batch.id, batch.batch_ref,
            (batch.minor + batch.lines_sum) / units, currency, why,
        )  # fmt: skip


def _said_of_line(line: ladder.LineLeft, currency: str) -> tuple[str, str]:
    here = Money.from_minor(line.minor, currency)
    if line.minor_there is not None and line.like == 1:
        there = Money.from_minor(line.minor_there, currency)
        less = 0 < line.minor < line.minor_there
        kind = BreakKind.FEE_DIFF if less else BreakKind.AMOUNT_DIFF
        rest = " That is not what the gateway keeps by contract." if less else ""
        return kind, f"{line.ref} is {there} in the books, {here} on the report.{rest}"
    if line.like:
        return BreakKind.AMBIGUOUS, f"{here}. The books have {line.like} open {line.ref}."
    named = f"The books have no open {line.ref}." if line.ref else "It names no payment of ours."
    return BreakKind.MISSING_IN_LEDGER, f"{here}. {named}"
