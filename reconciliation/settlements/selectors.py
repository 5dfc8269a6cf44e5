"""Reading verbs of gateways' reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.core.money import Money
from ledger import selectors as ledger
from ledger.models import Journal
from payments.accounts import adapter_for
from payments.books import house_spec
from payments.models import GatewayAccount
from reconciliation.models import Break, SettlementCost, SettlementLine, SettlementReport
from reconciliation.settlements.models import LineKind, SettlementMatch
from reconciliation.settlements.reports import ITEM, LINE

RUNGS = {
    1: "by reference and amount",
    2: "by reference, less the agreed fee",
    3: "by reference in the text",
    4: "by amount and date, the only pair",
    5: "as a sum of several bookings",
    6: "in pieces",
    7: "by hand",
}
DAYS_AROUND = timedelta(days=10)
SHOWN_MAX = 20
_OPEN_ITEMS = """
    SELECT t.journal_id, t.line, t.effective_at::date, j.business_ref, j.kind
    FROM ledger_transfer t
    JOIN ledger_journal j ON j.tenant_id = t.tenant_id AND j.id = t.journal_id
    WHERE t.tenant_id = %(tenant)s AND t.code <> 'fee' AND t.amount = abs(%(minor)s)
      AND t.{side} = ANY(%(accounts)s) AND t.created_at >= %(since)s
      AND t.effective_at >= %(since)s AND t.effective_at < %(until)s
      AND NOT EXISTS (
          SELECT FROM reconciliation_settlementmatch m
          WHERE m.tenant_id = t.tenant_id AND m.journal_id = t.journal_id
            AND m.journal_line = t.line)
    ORDER BY t.effective_at, t.journal_id LIMIT %(most)s
"""


def reports(actor: Actor) -> QuerySet[SettlementReport]:
    return SettlementReport.objects.filter(tenant_id=actor.tenant_id).select_related("gateway")


def gateways(actor: Actor) -> list[GatewayAccount]:
    """Those that have reports, by name."""
    rows = GatewayAccount.objects.filter(tenant_id=actor.tenant_id).order_by("name", "id")
    return [each for each in rows if adapter_for(each).reports]


def lines_of(actor: Actor, report: SettlementReport) -> QuerySet[SettlementLine]:
    return SettlementLine.objects.filter(tenant_id=actor.tenant_id, report=report)


def costs_of(actor: Actor, report: SettlementReport) -> list[SettlementCost]:
    return list(
        SettlementCost.objects.filter(tenant_id=actor.tenant_id, report=report).order_by("id")
    )


@dataclass(frozen=True, slots=True)
class Sum:
    """What a report says of one kind of movement in one currency."""

    kind: str
    count: int
    gross: Money
    fee: Money
    net: Money


def sums_of(report: SettlementReport) -> list[Sum]:
    """As they were added up when the report was worked through."""
    return [
        Sum(str(LineKind(kind).label), count, *(Money.from_minor(x, currency) for x in amounts))
        for kind, currency, count, *amounts in report.sums
    ]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a line: a booking, or a break."""

    label: str
    note: str
    url: str

    def __str__(self) -> str:
        return f"{self.label}: {self.note}"


def with_outcomes(actor: Actor, rows: Sequence[SettlementLine]) -> Sequence[SettlementLine]:
    """``rows`` with ``outcome``, None for a line that is not over: three queries for all."""
    ids = [row.pk for row in rows]
    matches = {
        match.pk: match
        for match in SettlementMatch.objects.filter(tenant_id=actor.tenant_id, pk__in=ids)
    }
    journals = Journal.objects.filter(
        tenant_id=actor.tenant_id, pk__in={match.journal_id for match in matches.values()}
    ).in_bulk()
    broken = {
        each.subject_id: each
        for each in Break.objects.filter(
            tenant_id=actor.tenant_id, line=None, subject_type=LINE, subject_id__in=ids
        ).order_by("id")
    }
    for row in rows:
        row.outcome = None
        if match := matches.get(row.pk):
            journal = journals[match.journal_id]
            label = journal.business_ref or journal.kind.replace("_", " ").capitalize()
            row.outcome = Outcome(label, RUNGS[match.rung], "")
        elif found := broken.get(row.pk):
            url = reverse("reconciliation:break", args=[found.pk])
            row.outcome = Outcome(found.reference, found.get_kind_display(), url)
    return rows


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A booking on the clearing account that no report has had yet."""

    journal_id: UUID
    journal_line: int
    day: date
    reference: str
    kind: str

    @property
    def key(self) -> str:
        return f"{self.journal_id}:{self.journal_line}"


def subject_line(actor: Actor, row: Break) -> SettlementLine | None:
    """The report's line that a break is about."""
    if row.subject_type != LINE or row.subject_id is None:
        return None
    lines = SettlementLine.objects.filter(tenant_id=actor.tenant_id, pk=row.subject_id)
    return lines.select_related("report__gateway").first()


def is_of_reports(row: Break) -> bool:
    return row.subject_type in (LINE, ITEM) and row.line_id is None


def open_items(actor: Actor, line: SettlementLine) -> list[OpenItem]:
    """Bookings of the line's amount around its day that nothing is matched to."""
    account = ledger.account(actor.tenant_id, house_spec(line.report.gateway).code, line.currency)
    if account is None:
        return []
    facts: dict[str, Any] = {
        "tenant": actor.tenant_id,
        "minor": line.gross,
        "accounts": list(account.ids),
        "since": line.booked_on - DAYS_AROUND,
        "until": line.booked_on + DAYS_AROUND,
        "most": SHOWN_MAX,
    }
    side = "debit_account_id" if line.gross > 0 else "credit_account_id"
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_ITEMS.format(side=side), facts)
        return [OpenItem(*row) for row in cursor.fetchall()]
