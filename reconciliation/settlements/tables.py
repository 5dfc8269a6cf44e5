"""Lists of gateways' reports and of their lines."""

from collections.abc import Sequence
from typing import Any

import django_filters
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from backoffice.core.context import Actor
from backoffice.core.money import Money
from backoffice.portal.actions import Button
from backoffice.portal.lists import Column, Empty, ListPage, register
from backoffice.portal.templatetags import portal as tags
from reconciliation.models import SettlementLine, SettlementReport
from reconciliation.settlements import selectors
from reconciliation.settlements.models import LineKind

SEE = "reconciliation.view_break"
COLOURS = {"received": "going", "read": "going", "done": "good", "refused": "bad"}


def report_url(row: Any) -> str:
    return reverse("reconciliation:report", args=[row.pk])


def _buttons(actor: Actor) -> list[Button]:
    if not actor.can("reconciliation.import_statement"):
        return []
    url = reverse("reconciliation:report-import")
    found = [Button("Import a report", url, kind="primary", icon="upload", method="get")]
    if actor.can("payments.manage_gateways"):
        found.append(Button("Agreed fees", reverse("reconciliation:terms"), method="get"))
    return found


REPORTS = register(
    ListPage(
        code="reconciliation.reports",
        title="Gateway reports",
        permission=SEE,
        rows=selectors.reports,
        buttons=_buttons,
        columns=[
            Column("ref", "Reference", lambda r: r.reference, link=report_url, fixed=True),
            Column("gateway", "Gateway", lambda r: r.gateway.name),
            Column("name", "File", lambda r: r.name, grow=True),
            Column("until", "Up to", lambda r: r.to_date),
            Column("lines", "Lines", lambda r: r.rows_read, num=True),
            Column("open", "Open", lambda r: r.rows_open, num=True),
            Column("by", "Imported by", lambda r: r.received_by, show=tags.actor),
            Column("at", "When", lambda r: r.received_at),
            Column(
                "state",
                "State",
                lambda r: r,
                show=lambda r: tags.badge(COLOURS[r.state], r.get_state_display()),
            ),
        ],
        empty=Empty(
            "No reports yet",
            "Import what a gateway says of its payments and fees: each line is matched to the "
            "booking that it is.",
            icon="credit-card",
            action="Import a report",
            url=lambda: reverse("reconciliation:report-import"),
        ),
    )
)


class LineFilters(django_filters.FilterSet):  # type: ignore[misc]
    kind = django_filters.ChoiceFilter(label="Kind", choices=LineKind.choices, empty_label="Any")

    class Meta:
        model = SettlementLine
        fields: Sequence[str] = []


def _minor(name: str, *, signed: bool = False) -> Any:
    def show(row: Any) -> SafeString:
        money = Money.from_minor(getattr(row, name), row.currency)
        return tags.money(money, signed=signed)

    return show


def _outcome(outcome: Any) -> SafeString:
    if outcome is None:
        return SafeString()
    return format_html('<span title="{}">{}</span>', outcome.note, outcome.label)


def _about(row: Any) -> str | None:
    return row.our_ref or row.batch_ref or row.source_ref or None


def lines_of(report: SettlementReport) -> ListPage:
    """The lines of one report, in its own order, under its name."""
    return ListPage(
        code="reconciliation.report_lines",
        title=report.reference,
        permission=SEE,
        rows=lambda actor: selectors.lines_of(actor, report),
        filters=LineFilters,
        columns=[
            Column("day", "Day", lambda x: x.booked_on, fixed=True),
            Column("kind", "Kind", lambda x: x.get_kind_display()),
            Column("ref", "About", _about, show=tags.ref),
            Column(
                "name", "Gateway's number", lambda x: x.transaction_ref, show=tags.ref, shown=False
            ),
            Column("text", "Text", lambda x: x.text, grow=True),
            Column(
                "gross",
                "Gross",
                lambda x: x,
                show=_minor("gross", signed=True),
                num=True,
                fixed=True,
            ),
            Column("fee", "Fee", lambda x: x, show=_minor("fee"), num=True),
            Column("net", "Net", lambda x: x, show=_minor("net", signed=True), num=True),
            Column(
                "outcome",
                "Booking or break",
                lambda x: x.outcome,
                show=_outcome,
                link=lambda x: x.outcome.url if x.outcome else "",
            ),
        ],
        prepare=selectors.with_outcomes,
        order="id",
        exportable=False,
        template="settlements/report_detail.html",
        empty=Empty("No line was read", "What is wrong with the report is said above."),
    )
