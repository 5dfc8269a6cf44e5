"""Reading verbs of reconciliation."""

from uuid import UUID

from django.db.models import Count, Q, QuerySet

from backoffice.core.context import Actor
from reconciliation.models import BankAccount, Break, Match, Statement, StatementFile, StatementLine


def bank_accounts(actor: Actor) -> QuerySet[BankAccount]:
    return BankAccount.objects.filter(tenant_id=actor.tenant_id).order_by("name", "id")


def files(actor: Actor) -> QuerySet[StatementFile]:
    return StatementFile.objects.filter(tenant_id=actor.tenant_id)


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


def breaks(actor: Actor) -> QuerySet[Break]:
    return Break.objects.filter(tenant_id=actor.tenant_id).select_related(
        "line__account", "line__statement__file"
    )


def match_of(actor: Actor, line_id: UUID) -> Match | None:
    """The match that stands for a line."""
    return Match.objects.filter(tenant_id=actor.tenant_id, line_id=line_id, standing=True).first()
