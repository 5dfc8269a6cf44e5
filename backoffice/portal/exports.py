"""Exports: exactly what a list shows, in its order and columns, streamed to a file."""

import csv
import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import xlsxwriter
from django.conf import settings
from django.db import transaction
from django.http import QueryDict

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, NotPermitted
from backoffice.core.money import Money
from backoffice.portal import actions, keyset
from backoffice.portal.lists import ListState, page_by_code
from backoffice.portal.models import Export
from backoffice.staff.models import User
from backoffice.staff.selectors import actor_for
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem

INLINE_ROWS_MAX = 5_000
ROWS_MAX = 1_000_000
CHUNK = 1_000
# What a spreadsheet runs: at the start of a cell, also where it parts the columns elsewhere than we
# do, as it does at semicolons and tabs wherever a comma is a decimal point.
FORMULA = re.compile(r"(^\s*|[;\t\r\n])([=+\-@])")
TOPIC = "portal.export"


@transaction.atomic
def export_ask(*, actor: Actor, list_code: str, query: str, file_format: str) -> Export:
    """Ask for a file of a list. Small ones are made at once, large ones by a worker.

    Raises ``NotPermitted`` without the list's permission and the right to export.
    """
    page = page_by_code(list_code)
    if not actor.can("staff.export_data") or not actor.can(page.permission):
        raise NotPermitted("You don't have the right to export this list.")
    if file_format not in ("csv", "xlsx"):
        raise InvalidInput("Export as CSV or XLSX.")
    state = ListState(page, actor, QueryDict(query))
    export = Export.objects.create(
        tenant_id=actor.tenant_id,
        list_code=list_code,
        title=page.title,
        query=query[:2000],
        file_format=file_format,
        asked_by_ref=actor.ref,
        asked_by_name=actor.name,
        asked_by_user_id=actor.user_id,
    )
    audit(
        actor=actor,
        action=actions.EXPORT_ASKED,
        subject=export,
        label=page.title,
        data={"query": query, "file_format": file_format},
    )
    if keyset.bounded_count(state.rows) <= INLINE_ROWS_MAX:
        _write(actor, export, state)
    else:
        outbox.put(TOPIC, subject_id=export.pk)
    return export


@outbox.handles(TOPIC, attempts_max=3, slow=True)
def export_make(system: Actor, item: OutboxItem) -> None:
    """Make a large export with the rights that its asker has now, not then."""
    with tenant_scope(system.tenant_id, system):
        assert item.subject_id is not None
        export = Export.objects.get(tenant_id=system.tenant_id, pk=item.subject_id)
        if export.state != Export.State.WAITING:
            return
        user = User.objects.filter(pk=export.asked_by_user_id or 0).first()
        actor = actor_for(user, system.tenant_id) if user else None
        page = page_by_code(export.list_code)
        if actor is None or not actor.can("staff.export_data") or not actor.can(page.permission):
            export.state, export.error = Export.State.FAILED, "The right to export is gone."
            export.save(update_fields=["state", "error"])
            return
        _write(actor, export, ListState(page, actor, QueryDict(export.query)))


def _write(actor: Actor, export: Export, state: ListState) -> None:
    path = export_path(export)
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = _rows(state)
    heads = [column.label for column in state.columns]
    export.rows = (_write_csv if export.file_format == "csv" else _write_xlsx)(path, heads, rows)
    body = path.read_bytes()
    export.path, export.size = path.name, len(body)
    export.sha256 = hashlib.sha256(body).hexdigest()
    export.state, export.done_at = Export.State.READY, now()
    export.save(update_fields=["rows", "path", "size", "sha256", "state", "done_at"])
    audit(
        actor=actor,
        action=actions.EXPORTED,
        subject=export,
        label=export.title,
        data={
            "rows": export.rows,
            "file_format": export.file_format,
            "sha256": export.sha256,
            "columns": heads,
            "query": export.query,
        },
    )


def export_path(export: Export) -> Path:
    """Files of a tenant stand under its own folder."""
    folder = Path(settings.MEDIA_ROOT) / str(export.tenant_id) / "exports"
    return folder / f"{export.pk}.{export.file_format}"


def _rows(state: ListState) -> Iterator[list[Any]]:
    """Page by page through the same keyset as the screen, so the order is the screen's."""
    after, sent = "", 0
    while sent < ROWS_MAX:
        page = keyset.keyset_page(state.rows, order=state.order, size=CHUNK, after=after)
        for row in state.page.prepare(state.actor, page.rows):
            yield [column.plain(row, state.actor) for column in state.columns]
        sent += len(page.rows)
        after = page.older
        if not after:
            return


def _plain(value: Any) -> Any:
    if isinstance(value, Money):
        return value.amount
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, UUID):
        return str(value)
    if value is None or isinstance(value, int | Decimal):
        return value
    return str(getattr(value, "label", value))


def _unarmed(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula is quoted."""
    return FORMULA.sub(r"\1'\2", value) if isinstance(value, str) else value


def _write_csv(path: Path, heads: list[str], rows: Iterator[list[Any]]) -> int:
    count = 0
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(heads)
        for row in rows:
            writer.writerow([_unarmed(_plain(value)) for value in row])
            count += 1
    return count


def _write_xlsx(path: Path, heads: list[str], rows: Iterator[list[Any]]) -> int:
    count = 0
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet("Export")
        bold = book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        for index, head in enumerate(heads):
            sheet.write(0, index, head, bold)
        for count, row in enumerate(rows, start=1):
            for index, value in enumerate(row):
                plain = _plain(value)
                sheet.write(count, index, float(plain) if isinstance(plain, Decimal) else plain)
    return count
