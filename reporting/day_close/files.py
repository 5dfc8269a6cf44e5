"""The files of a closed day: its totals as CSV and the record of its close as PDF, made by a worker
after the commit, kept by hash, never made again."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation

from backoffice.audit.services import audit
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.money import Money
from backoffice.portal.figures import amount_text
from backoffice.tenancy.models import LegalEntity
from backoffice.tenancy.scope import brokerage, tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem
from ledger.days import snapshots_take
from reporting import actions
from reporting.client_money.document import STYLE
from reporting.client_money.files import folder
from reporting.errors import FileDamaged
from reporting.kept_files import file_make, hash_file
from reporting.models import BusinessDay, DayFile, DayTotal
from reporting.states import DAY_FILES_TOPIC

Kind = DayFile.Kind
HEADS = ("day", "code", "currency", "kind", "accounts", "debits", "credits", "balance", "sha256")


@outbox.handles(DAY_FILES_TOPIC, attempts_max=5, slow=True)
def make_files(actor: Actor, item: OutboxItem) -> None:
    """Take the ledger's snapshots of the day, then make what is missing. The totals come first:
    the record carries their hash."""
    assert item.subject_id is not None
    with tenant_scope(actor.tenant_id, actor):
        snapshots_take(actor=actor)
    with tenant_scope(actor.tenant_id, actor):
        row = BusinessDay.objects.get(tenant_id=actor.tenant_id, pk=item.subject_id)
        files_make(actor=actor, row=row)


def files_make(*, actor: Actor, row: BusinessDay) -> list[DayFile]:
    """The files of a closed day; those that exist are left alone."""
    totals = list(DayTotal.objects.filter(tenant_id=actor.tenant_id, day=row).order_by("id"))
    table = _file(actor, row, Kind.TOTALS, lambda path: write_totals(path, row, totals))
    record = _file(actor, row, Kind.RECORD, lambda path: write_record(path, row, totals, table))
    return [table, record]


def file_path(file: DayFile) -> Path:
    return folder(file.tenant_id) / file.name


def _file(actor: Actor, row: BusinessDay, kind: Kind, write: Callable[[Path], None]) -> DayFile:
    kept = DayFile.objects.filter(tenant_id=actor.tenant_id, day=row, kind=kind)
    if (found := kept.first()) is not None:
        return found
    suffix = "csv" if kind == Kind.TOTALS else "pdf"
    name = f"day-close-{row.day:%Y-%m-%d}-{kind.value}.{suffix}"

    def record(digest: str, size: int) -> None:
        kept.create(
            tenant_id=current_tenant_id(), day=row, kind=kind, name=name, sha256=digest, size=size
        )
        data = {"name": name, "sha256": digest, "size": size}
        audit(actor=actor, action=actions.FILE_MADE, subject=row, data=data)

    file_make(folder(row.tenant_id) / name, write, record)
    return kept.get()


def write_totals(path: Path, row: BusinessDay, totals: list[DayTotal]) -> None:
    """One line for each code and currency; amounts in major units with a point."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADS)
        for total in totals:
            amounts = (total.debits, total.credits, total.balance)
            plain = [str(Money(amount, total.currency).amount) for amount in amounts]
            writer.writerow(
                [row.day, total.code, total.currency, total.kind, total.accounts, *plain]
                + [total.sha256]
            )


def write_record(path: Path, row: BusinessDay, totals: list[DayTotal], table: DayFile) -> None:
    from backoffice.core.pdf import (
        write_pdf,
    )  # its library takes a second that no other process owes

    with translation.override("en"):
        html = render_to_string("reporting/day_pdf.html", context(row, totals, table))
    write_pdf(path, html=html, style=STYLE.read_text())


def context(row: BusinessDay, totals: list[DayTotal], table: DayFile) -> dict[str, Any]:
    """What the template shows; amounts as text, so that no digit is lost on the way."""
    return {
        "row": row,
        "brokerage": brokerage(),
        "entity": LegalEntity.objects.filter(tenant_id=current_tenant_id()).first(),
        "totals": [total_texts(total) for total in totals],
        "table": table,
    }


def total_texts(total: DayTotal) -> dict[str, Any]:
    def text(amount: Any) -> str:
        return amount_text(Money(amount, total.currency).amount, total.currency)

    return {
        "code": total.code,
        "currency": total.currency,
        "accounts": total.accounts,
        "debits": text(total.debits),
        "credits": text(total.credits),
        "balance": text(total.balance),
        "sha256": total.sha256,
    }


def opened(*, actor: Actor, file: DayFile) -> Path:
    """Where the file is, after its hash was checked and the download written to the trail.

    Raises ``FileDamaged`` when it is gone or no longer what was made.
    """
    path = file_path(file)
    if not path.is_file() or hash_file(path)[0] != file.sha256:
        raise FileDamaged
    data = {"name": file.name, "sha256": file.sha256}
    audit(actor=actor, action=actions.DOWNLOADED, subject=file.day, data=data)
    return path
