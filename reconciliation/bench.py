"""``manage.py bench reconcile``: a gateway's report of 995,000 lines against a million transfers of
its clearing account, with matches and breaks written, beside polars matching the same rows in
memory.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection

from backoffice.core.bench import BenchDatabase, Figure, Goal, Options, register
from backoffice.core.bulk import stage
from backoffice.core.clock import today
from backoffice.core.context import Actor, system_actor
from backoffice.core.ids import uuid7
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope
from ledger import chart
from ledger.entries import AccountRef
from ledger.services import account_for
from payments.books import house
from payments.gateways.reports import ReportRow
from payments.models import GatewayAccount
from payments.services.setup import gateway_connect
from reconciliation import bench_parse  # noqa: F401 - it registers
from reconciliation.models import SettlementReport, SettlementTerms
from reconciliation.settlements.models import SettlementMatch
from reconciliation.settlements.reports import gateway_match, lines_keep

ROWS, ROWS_QUICK = 1_000_000, 4_000
DAYS = 30
WITHOUT_REFERENCE, NET_OF_FEE, IN_TEXT, MISSING = 0.10, 0.02, 0.03, 0.005
FEE_PERCENT, FEE_FIXED = 2, 25
SEED = 20260901
_LEDGER = """
    INSERT INTO ledger_journal
        (tenant_id, id, kind, business_ref, meta, actor_kind, actor_ref, actor_name, approved_by,
         ip, request_id, effective_at, created_at)
    SELECT %(tenant)s, r.id, r.kind, r.ref, '{}', 'system', 'bench', 'bench', '', '', '',
           r.day + time '12:00', r.day + time '12:00'
    FROM pg_temp.ledger_row r;
    INSERT INTO ledger_transfer
        (tenant_id, journal_id, line, debit_account_id, credit_account_id, currency, amount, code,
         effective_at, created_at, debit_version, credit_version, debit_balance, credit_balance,
         ahead)
    SELECT %(tenant)s, r.id, 0,
           CASE WHEN r.minor > 0 THEN (%(house)s::uuid[])[1 + r.lane] ELSE %(other)s END,
           CASE WHEN r.minor > 0 THEN %(other)s ELSE (%(house)s::uuid[])[1 + r.lane] END,
           'EUR', abs(r.minor), 'principal', r.day + time '12:00', r.day + time '12:00',
           0, 0, 0, 0, false
    FROM pg_temp.ledger_row r
"""
_LEDGER_COLUMNS = (
    ("id", "uuid"),
    ("kind", "text"),
    ("ref", "text"),
    ("day", "date"),
    ("minor", "bigint"),
    ("lane", "int"),
)


@register("reconcile", match_1m=Goal(value_max=15))
def reconcile(database: BenchDatabase, options: Options) -> list[Figure]:
    """Seconds from a report that is read to matches and breaks on the disk."""
    count = ROWS_QUICK if options.quick else ROWS
    books = Books(count)
    books.load()
    options.say(f"{count:,} transfers, {len(books.lines):,} lines")
    took, yardstick = [], []
    for number in range(1, max(1, min(options.rounds, 3)) + 1):
        yardstick.append(books.in_memory())
        took.append(books.match())
        options.say(f"round {number}: {took[-1]:.2f} s, in memory {yardstick[-1]:.2f} s")
    options.say(books.told)
    beside = "polars, the same rows in memory"
    return [Figure("match_1m", _middle(took), "s", beside, _middle(yardstick))]


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


@dataclass(frozen=True, slots=True)
class Booked:
    """A transfer of the clearing account, as the kernel would have written it."""

    ref: str
    day: date
    minor: int


class Books:
    """A brokerage with a card gateway, a month of deposits and the gateway's report of it."""

    def __init__(self, count: int) -> None:
        tenant = Tenant.objects.create(slug="bench", name="Bench")
        self.actor: Actor = system_actor(tenant.pk, "bench")
        self.random = random.Random(SEED)  # noqa: S311 - the same data in each run
        self.last = today() - timedelta(days=7)
        self.told = ""
        payouts = DAYS
        self.booked = [self._deposit(number) for number in range(count - payouts)]
        self.lines = list(self._lines())

    def _deposit(self, number: int) -> Booked:
        day = self.last - timedelta(days=self.random.randrange(DAYS))
        minor = int(self.random.lognormvariate(10, 1.2)) + 100
        return Booked(f"D-2026-{number:07d}", day, minor)

    def _lines(self) -> Iterator[ReportRow]:
        sums: dict[date, int] = {}
        draw = self.random.random
        for number, row in enumerate(self.booked):
            if draw() < MISSING:
                continue
            way, net = draw(), row.minor
            named, text = row.ref, ""
            if way < WITHOUT_REFERENCE:
                named = ""
            elif way < WITHOUT_REFERENCE + NET_OF_FEE:
                net -= round(row.minor * FEE_PERCENT / 100) + FEE_FIXED
            elif way < WITHOUT_REFERENCE + NET_OF_FEE + IN_TEXT:
                text = f"Deposit {row.ref}, thank you"
            day = row.day + timedelta(days=self.random.randrange(2))
            sums[row.day] = sums.get(row.day, 0) + net
            yield ReportRow(
                number=number + 2,
                kind="payment",
                transaction_ref=f"txn_{number:08d}",
                booked_on=day,
                currency="EUR",
                gross=net,
                our_ref=named,
                in_text=bool(text),
                batch_ref=f"po_{row.day:%Y%m%d}",
                text=text,
            )
        for day, total in sorted(sums.items()):
            self.booked.append(Booked("", day + timedelta(days=2), -total))
            yield ReportRow(
                number=len(self.booked) + 2,
                kind="payout",
                transaction_ref=f"txn_po_{day:%Y%m%d}",
                booked_on=day + timedelta(days=2),
                currency="EUR",
                gross=-total,
                source_ref=f"po_{day:%Y%m%d}",
            )

    def load(self) -> None:
        with tenant_scope(self.actor.tenant_id, self.actor):
            self.gateway = self._gateway()
            clearing = house(self.actor, self.gateway, "EUR")
            spec = chart.client_wallet(str(uuid7()))
            wallet = account_for(actor=self.actor, spec=spec, currency="EUR")
            SettlementTerms.objects.create(
                tenant_id=self.actor.tenant_id,
                gateway=self.gateway,
                currency="EUR",
                percent=FEE_PERCENT,
                fixed=FEE_FIXED,
                tolerance=1,
            )
            self._book(clearing, wallet)
            self._report()
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            for table in ("ledger_journal", "ledger_transfer", "reconciliation_settlementline"):
                cursor.execute(f"VACUUM ANALYZE {table}")
            cursor.execute("SET ROLE backoffice_app")

    def _gateway(self) -> GatewayAccount:
        return gateway_connect(
            actor=self.actor,
            kind="cashier",
            name="Cards",
            base_url="http://127.0.0.1:1",
            merchant_id="bench",
            secret="a secret of the benchmark",  # noqa: S106 - signs nothing outside of it
        )

    def _book(self, clearing: AccountRef, wallet: AccountRef) -> None:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute(
                "SELECT ledger_make_partitions(%s, %s)",
                [self.last - timedelta(days=DAYS), self.last + timedelta(days=7)],
            )
            rows = (
                (uuid7(), "deposit" if row.minor > 0 else "gateway_settlement", *_parts(row, lane))
                for lane, row in enumerate(self.booked)
            )
            stage(cursor, "ledger_row", _LEDGER_COLUMNS, rows)
            cursor.execute(
                _LEDGER,
                {
                    "tenant": self.actor.tenant_id,
                    "house": list(clearing.ids),
                    "other": wallet.id,
                },
            )
            cursor.execute("SET LOCAL ROLE backoffice_app")

    def _report(self) -> None:
        self.report = SettlementReport(
            tenant_id=self.actor.tenant_id,
            reference="SR-2026-000001",
            gateway=self.gateway,
            name="report.csv",
            sha256="0" * 64,
            size=0,
            state=SettlementReport.State.READ,
            received_by="bench",
        )
        self.report.save(force_insert=True)
        lines_keep(actor=self.actor, report=self.report, rows=self.lines)

    def match(self) -> float:
        """Seconds of a whole run, committed; what the run before wrote is gone by then."""
        self._forget()
        started = time.perf_counter()
        with tenant_scope(self.actor.tenant_id, self.actor):
            runs = gateway_match(actor=self.actor, gateway=self.gateway)
        took = time.perf_counter() - started
        run = runs[0]
        rungs = ", ".join(f"rung {rung} {count:,}" for rung, count in sorted(run.by_rung.items()))
        self.told = f"{rungs}; {run.breaks:,} breaks"
        return took

    def _forget(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute(
                "TRUNCATE reconciliation_settlementmatch, reconciliation_break, workflow_workitem,"
                " reconciliation_adjustment"
            )
            cursor.execute("SET ROLE backoffice_app")
        with tenant_scope(self.actor.tenant_id, self.actor):
            assert not SettlementMatch.objects.exists()
            SettlementReport.objects.update(state=SettlementReport.State.READ)

    def in_memory(self) -> float:
        """Seconds in which polars matches the same rows: by reference and amount, by reference
        less the fee, by amount and date where the pair is the only one."""
        import polars as pl

        items = pl.DataFrame(
            {
                "item": range(len(self.booked)),
                "ref": [row.ref for row in self.booked],
                "minor": [row.minor for row in self.booked],
                "day": [row.day for row in self.booked],
            }
        )
        lines = pl.DataFrame(
            {
                "line": range(len(self.lines)),
                "ref": [row.our_ref for row in self.lines],
                "minor": [row.gross for row in self.lines],
                "on": [row.booked_on for row in self.lines],
            }
        )
        started = time.perf_counter()
        _matched_in_memory(pl, items, lines)
        return time.perf_counter() - started


def _parts(row: Booked, lane: int) -> tuple[Any, ...]:
    return (row.ref, row.day, row.minor, lane % chart.HOUSE_SHARDS)


def _matched_in_memory(pl: Any, items: Any, lines: Any) -> int:
    named = lines.filter(pl.col("ref") != "")
    same = named.join(items.filter(pl.col("ref") != ""), on=["ref", "minor"])
    items = items.join(same, on="item", how="anti")
    named = named.join(same, on="line", how="anti")
    pairs = named.join(items.filter(pl.col("ref") != ""), on="ref", suffix="_there")
    fee = (pl.col("minor_there") * FEE_PERCENT / 100).round() + FEE_FIXED
    less = pairs.filter((pl.col("minor_there") - pl.col("minor") - fee).abs() <= 1)
    items = items.join(less, on="item", how="anti")
    alone = lines.filter(pl.col("ref") == "").join(items, on="minor")
    after = (pl.col("on") - pl.col("day")).dt.total_days()
    alone = alone.filter(after.is_between(-1, 5)).filter(
        (pl.len().over("line") == 1) & (pl.len().over("item") == 1)
    )
    return int(same.height + less.height + alone.height)
