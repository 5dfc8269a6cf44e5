"""Lists of reconciliation: files, lines, breaks."""

from collections.abc import Sequence
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from backoffice.core.context import Actor
from backoffice.portal.actions import Button
from backoffice.portal.lists import Column, Empty, ListPage, Segment, register
from backoffice.portal.templatetags import portal as tags
from reconciliation import selectors
from reconciliation.models import Break, StatementFile, StatementLine
from reconciliation.states import BREAK_COLOURS, BreakKind, BreakState

FILE_COLOURS = {
    "received": "going",
    "mapping": "attention",
    "read": "going",
    "done": "good",
    "refused": "bad",
}
LINE_COLOURS = {"open": "neutral", "matched": "good", "broken": "attention", "left_out": "neutral"}


def file_url(row: Any) -> str:
    return reverse("reconciliation:file", args=[row.pk])


def break_url(row: Any) -> str:
    return reverse("reconciliation:break", args=[row.pk])


def _file_buttons(actor: Actor) -> list[Button]:
    if not actor.can("reconciliation.import_statement"):
        return []
    url = reverse("reconciliation:import")
    return [
        Button("Picked up", reverse("reconciliation:pickups"), icon="inbox", method="get"),
        Button("Import a statement", url, kind="primary", icon="upload", method="get"),
    ]


FILES = register(
    ListPage(
        code="reconciliation.files",
        title="Statements",
        permission="reconciliation.view_break",
        rows=selectors.files,
        buttons=_file_buttons,
        columns=[
            Column("name", "File", lambda f: f.name, link=file_url, grow=True, fixed=True),
            Column("format", "Format", lambda f: f.file_format),
            Column("lines", "Lines", lambda f: f.lines_read, num=True),
            Column("matched", "Matched", lambda f: f.matched, num=True),
            Column("problems", "Problems", lambda f: len(f.problems), num=True),
            Column("by", "Imported by", lambda f: f.received_by, show=tags.actor),
            Column("at", "When", lambda f: f.received_at),
            Column(
                "state",
                "State",
                lambda f: f,
                show=lambda f: tags.badge(FILE_COLOURS[f.state], f.get_state_display()),
            ),
        ],
        empty=Empty(
            "No statements yet",
            "Import the bank's file of the day: its lines are matched to deposits and withdrawals.",
            icon="building-bank",
            action="Import a statement",
            url=lambda: reverse("reconciliation:import"),
        ),
    )
)


PICKUP_COLOURS = {"taken": "good", "known": "neutral", "failed": "bad"}


def _picked_file(row: Any) -> str:
    return reverse("reconciliation:file", args=[row.file_id]) if row.file_id else ""


PICKUPS = register(
    ListPage(
        code="reconciliation.pickups",
        title="Picked up",
        permission="reconciliation.view_break",
        rows=selectors.pickups,
        note="What lies in the brokerage's pickup folder is taken within a minute, then moved to "
        "done or failed.",
        columns=[
            Column(
                "name",
                "File",
                lambda p: p.name,
                link=lambda p: (
                    reverse("reconciliation:file", args=[p.file_id]) if p.file_id else ""
                ),
                grow=True,
                fixed=True,
            ),
            Column("note", "Note", lambda p: p.note or None),
            Column("at", "When", lambda p: p.at),
            Column(
                "state",
                "State",
                lambda p: p,
                show=lambda p: tags.badge(PICKUP_COLOURS[p.state], p.get_state_display()),
            ),
        ],
        empty=Empty(
            "Nothing was picked up yet",
            "A bank's files that are left in the pickup folder are imported by themselves.",
            icon="building-bank",
        ),
    )
)


class LineFilters(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(
        label="State", choices=StatementLine.State.choices, empty_label="Any"
    )
    end_to_end = django_filters.CharFilter(label="End-to-end id", lookup_expr="exact")
    since = django_filters.DateFilter(label="Since", field_name="value_date", lookup_expr="gte")

    class Meta:
        model = StatementLine
        fields: Sequence[str] = []


def _money(row: Any) -> Any:
    return tags.money(row.amount, row.currency, signed=True)


def _outcome(outcome: Any) -> SafeString:
    if outcome is None:
        return SafeString()
    return format_html('<span title="{}">{}</span>', outcome.note, outcome.label)


def _outcome_url(row: Any) -> str:
    return row.outcome.url if row.outcome else ""


_VALUE_DATE = Column("value_date", "Value date", lambda x: x.value_date, fixed=True)
_ACCOUNT = Column(
    "account", "Account", lambda x: x.account.name if x.account else x.statement.account_number
)
_LINE_COLUMNS = (
    Column("who", "Counterparty", lambda x: x.counterparty_name, masked=True),
    Column("text", "Text", lambda x: x.text, grow=True),
    Column("ref", "End-to-end id", lambda x: x.end_to_end or None, show=tags.ref, shown=False),
    Column("amount", "Amount", lambda x: x, show=_money, num=True, fixed=True),
    Column("outcome", "Payment or break", lambda x: x.outcome, show=_outcome, link=_outcome_url),
    Column(
        "state",
        "State",
        lambda x: x,
        show=lambda x: tags.badge(LINE_COLOURS[x.state], x.get_state_display()),
    ),
)

LINES = register(
    ListPage(
        code="reconciliation.lines",
        title="Statement lines",
        permission="reconciliation.view_break",
        rows=selectors.lines,
        filters=LineFilters,
        columns=[_VALUE_DATE, _ACCOUNT, *_LINE_COLUMNS],
        prepare=selectors.with_outcomes,
        empty=Empty("No lines yet", "They appear when a statement is imported."),
    )
)


def lines_of(file: StatementFile) -> ListPage:
    """The lines of one file, in the bank's order, under the file's name."""
    return ListPage(
        code="reconciliation.lines",  # saved views fit here, too
        title=file.name,
        permission="reconciliation.view_break",
        rows=lambda actor: selectors.lines_of(actor, file),
        filters=LineFilters,
        columns=[_VALUE_DATE, *_LINE_COLUMNS],
        prepare=selectors.with_outcomes,
        order="id",
        # An export finds a list by its code alone; all lines are exported from their own list.
        exportable=False,
        template="reconciliation/file_detail.html",
        empty=Empty("No line was read", "What is wrong with the file is said above."),
    )


class BreakFilters(django_filters.FilterSet):  # type: ignore[misc]
    kind = django_filters.ChoiceFilter(label="Kind", choices=BreakKind.choices, empty_label="Any")
    currency = django_filters.CharFilter(label="Currency", lookup_expr="exact")

    class Meta:
        model = Break
        fields: Sequence[str] = []


def _payer(row: Break) -> str | None:
    return (row.line.counterparty_name or None) if row.line is not None else None


def _open(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    return rows.filter(closed_at=None)


def _closed(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    return rows.filter(closed_at__isnull=False)


BREAKS = register(
    ListPage(
        code="reconciliation.breaks",
        title="Breaks",
        permission="reconciliation.view_break",
        rows=selectors.breaks,
        filters=BreakFilters,
        segments=[
            Segment("open", "Open", _open, count=True),
            Segment("closed", "Closed", _closed),
            Segment("all", "All", lambda rows, actor: rows),
        ],
        columns=[
            Column("ref", "Reference", lambda b: b.reference, link=break_url, fixed=True),
            Column("kind", "What", lambda b: b.get_kind_display()),
            Column("who", "Counterparty", _payer, masked=True),
            Column("why", "Why", lambda b: b.explanation, grow=True),
            Column("about", "About", lambda b: b.subject_label or None, show=tags.ref, shown=False),
            Column("amount", "Amount", lambda b: b, show=_money, num=True, fixed=True),
            Column("age", "Open since", lambda b: b.opened_at),
            Column(
                "state",
                "State",
                lambda b: b,
                show=lambda b: tags.badge(
                    BREAK_COLOURS[BreakState(b.state)], b.get_state_display()
                ),
            ),
        ],
        empty=Empty(
            "Nothing is broken",
            "Differences between statements and books appear here.",
            icon="check",
        ),
    )
)
