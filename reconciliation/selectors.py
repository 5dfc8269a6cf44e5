"""Reading verbs of reconciliation."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from backoffice.core.context import Actor
from reconciliation import books
from reconciliation.models import (
    Adjustment,
    BankAccount,
    Break,
    Match,
    Pickup,
    Statement,
    StatementFile,
    StatementLine,
)


def bank_accounts(actor: Actor) -> QuerySet[BankAccount]:
    return BankAccount.objects.filter(tenant_id=actor.tenant_id).order_by("name", "id")


def files(actor: Actor) -> QuerySet[StatementFile]:
    return StatementFile.objects.filter(tenant_id=actor.tenant_id)


def pickups(actor: Actor) -> QuerySet[Pickup]:
    return Pickup.objects.filter(tenant_id=actor.tenant_id)


def statements_of(actor: Actor, file: StatementFile) -> list[Statement]:
    """With ``total``, ``matched_count`` and ``broken_count`` of their lines."""
    counted = Statement.objects.filter(tenant_id=actor.tenant_id, file=file).annotate(
        total=Count("lines"),
        matched_count=Count("lines", filter=Q(lines__state="matched")),
        broken_count=Count("lines", filter=Q(lines__state="broken")),
    )
    return list(counted.select_related("account").order_by("id"))


def lines(actor: Actor) -> QuerySet[StatementLine]:
    return StatementLine.objects.filter(tenant_id=actor.tenant_id).select_related(
        "account", "statement__file"
    )


def lines_of(actor: Actor, file: StatementFile) -> QuerySet[StatementLine]:
    """The lines of one file, in the bank's order by ``id``."""
    statements = list(
        Statement.objects.filter(tenant_id=actor.tenant_id, file=file).values_list("pk", flat=True)
    )
    return lines(actor).filter(statement_id__in=statements)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a line: the payment that it stands for, or the break that it opened."""

    label: str
    note: str
    url: str

    def __str__(self) -> str:
        return f"{self.label}: {self.note}"


def with_outcomes(actor: Actor, rows: Sequence[StatementLine]) -> Sequence[StatementLine]:
    """``rows`` with ``outcome``, None for a line that nobody looked at yet: two queries for all."""
    mine = {"tenant_id": actor.tenant_id, "line__in": [row.pk for row in rows]}
    matches = {match.line_id: match for match in Match.objects.filter(**mine, standing=True)}
    # The last one where a line was broken again.
    broken = {each.line_id: each for each in Break.objects.filter(**mine).order_by("id")}
    urls = books.payment_urls(
        actor, [(m.subject_type, m.subject_id, m.subject_label) for m in matches.values()]
    )
    for row in rows:
        row.outcome = None
        if match := matches.get(row.pk):
            url = urls.get(match.subject_id, "")
            if match.subject_type == books.BREAK:
                url = reverse("reconciliation:break", args=[match.subject_id])
            row.outcome = Outcome(match.subject_label, match.explanation, url)
        elif found := broken.get(row.pk):
            url = reverse("reconciliation:break", args=[found.pk])
            row.outcome = Outcome(found.reference, found.get_kind_display(), url)
    return rows


def breaks(actor: Actor) -> QuerySet[Break]:
    return Break.objects.filter(tenant_id=actor.tenant_id).select_related(
        "line__account", "line__statement__file"
    )


def adjustment_of(actor: Actor, row: Break) -> Adjustment | None:
    """The last adjustment that was proposed for a break."""
    rows = Adjustment.objects.filter(tenant_id=actor.tenant_id, of_break=row)
    return rows.order_by("-id").first()


def match_of(actor: Actor, line_id: UUID) -> Match | None:
    """The match that stands for a line."""
    return Match.objects.filter(tenant_id=actor.tenant_id, line_id=line_id, standing=True).first()
