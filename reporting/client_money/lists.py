"""The reports, and the client balances behind one."""

from collections.abc import Sequence
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html_join

from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.money import Money
from backoffice.portal.actions import Button
from backoffice.portal.lists import Column, Empty, ListPage, Segment, register
from backoffice.portal.templatetags import portal as tags
from reporting.models import ClientMoneyBalance, ClientMoneyFigure, ClientMoneyReport
from reporting.states import REPORT_COLOURS, ReportState

VIEW = "reporting.view_report"
RUN = "reporting.run_report"


def reports(actor: Actor) -> QuerySet[ClientMoneyReport]:
    return ClientMoneyReport.objects.filter(tenant_id=actor.tenant_id)


def balances(actor: Actor) -> QuerySet[ClientMoneyBalance]:
    return ClientMoneyBalance.objects.filter(tenant_id=actor.tenant_id)


def _with_figures(actor: Actor, rows: Sequence[ClientMoneyReport]) -> Sequence[ClientMoneyReport]:
    figures: dict[Any, list[str]] = {row.pk: [] for row in rows}
    for figure in ClientMoneyFigure.objects.filter(
        tenant_id=actor.tenant_id, report__in=list(figures)
    ).order_by("currency"):
        amount = Money(figure.difference, figure.currency)
        figures[figure.report_id].append(tags.money(amount, signed=True))
    for row in rows:
        row.differences = format_html_join(" ", "{}", ((f,) for f in figures[row.pk]))  # type: ignore[attr-defined]
    return rows


def badge(report: ClientMoneyReport) -> Any:
    state = ReportState(report.state)
    return tags.badge(REPORT_COLOURS[state], report.get_state_display())


def _buttons(actor: Actor) -> list[Button]:
    if not actor.can(RUN):
        return []
    return [
        Button(
            "How it is counted",
            reverse("reporting:client-money-policy"),
            icon="adjustments-horizontal",
            method="get",
        ),
        Button(
            "Run for a day",
            reverse("reporting:client-money-run"),
            icon="player-play",
            kind="primary",
            method="get",
        ),
    ]


REPORTS = register(
    ListPage(
        code="reporting.client_money",
        title="Client money",
        permission=VIEW,
        rows=reports,
        order="-day",
        prepare=_with_figures,
        buttons=_buttons,
        note="Every business day: what must be held for clients, what is held, and what to move.",
        segments=[
            Segment("current", "Current", lambda rows, actor: rows.exclude(state="replaced")),
            Segment("open", "To sign", lambda rows, actor: rows.filter(state="prepared")),
            Segment("all", "All", lambda rows, actor: rows),
        ],
        columns=[
            Column("day", "Day", lambda r: r.day, order="day", fixed=True),
            Column(
                "reference",
                "Reference",
                lambda r: r.reference,
                link=lambda r: reverse("reporting:client-money-report", args=[r.pk]),
                fixed=True,
            ),
            Column("difference", "Difference", lambda r: r.differences, num=True),
            Column("state", "State", lambda r: r, show=badge),
            Column("prepared", "Prepared by", lambda r: r.prepared_by, show=tags.actor),
            Column("signed", "Signed by", lambda r: r.signed_by or None),
            Column("signed_at", "Signed", lambda r: r.signed_at),
        ],
        empty=Empty(
            "No report yet",
            "The first one is prepared in the night after the first closed day.",
            icon="file-certificate",
        ),
    )
)


class BalanceFilters(django_filters.FilterSet):  # type: ignore[misc]
    report = django_filters.CharFilter(label="Report", method="_of_report")
    currency = django_filters.CharFilter(label="Currency", lookup_expr="exact")
    client = django_filters.CharFilter(
        label="Client", field_name="client_reference", lookup_expr="exact"
    )

    class Meta:
        model = ClientMoneyBalance
        fields: Sequence[str] = []

    def _of_report(
        self, rows: QuerySet[ClientMoneyBalance], name: str, value: str
    ) -> QuerySet[ClientMoneyBalance]:
        # By the id, found first: a join would sort all rows of a report for one page of them.
        known = ClientMoneyReport.objects.filter(tenant_id=current_tenant_id(), reference=value)
        return rows.filter(report_id=known.values_list("pk", flat=True).first())


def _amount(name: str, label: str, **more: Any) -> Column:
    def value(row: ClientMoneyBalance) -> Money:
        return Money(getattr(row, name), row.currency)

    return Column(name, label, value, num=True, **more)


BALANCES = register(
    ListPage(
        code="reporting.client_money_balances",
        title="Client balances",
        permission=VIEW,
        rows=balances,
        filters=BalanceFilters,
        order="-counted",
        note="The rows behind the client balances of one report; this view is recorded.",
        columns=[
            Column(
                "client",
                "Client",
                lambda r: r.client_reference or r.owner_ref,
                show=tags.ref,
                fixed=True,
            ),
            Column("currency", "Currency", lambda r: r.currency),
            _amount("wallet", "Wallet"),
            _amount("trading", "Trading"),
            _amount("open_positions", "Open positions"),
            _amount("negatives", "Below zero"),
            _amount("counted", "Counted", order="counted"),
        ],
        empty=Empty("No client had a balance", "Nothing was owed at the end of that day."),
    )
)
