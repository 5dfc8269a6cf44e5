"""The queue of alerts and the page on which one is judged. For eyes that may know alone."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.portal.actions import Button
from backoffice.portal.decisions import decided, decision_response, refused
from backoffice.portal.lists import Column, Empty, ListPage, Segment, list_response, register
from backoffice.portal.once import once
from backoffice.portal.templatetags import portal as tags
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow import queues
from compliance import flows, reasons, selectors
from compliance.access import alert_for
from compliance.models import Alert, Scenario
from compliance.monitoring import alerts
from compliance.monitoring.days import base_currency
from compliance.monitoring.kinds import KINDS, values
from compliance.queues import ALERTS
from compliance.states import ALERT_COLOURS, ALERT_OPEN, AlertState

SEVERITY_COLOURS = {
    Scenario.Severity.LOW: "neutral",
    Scenario.Severity.MEDIUM: "going",
    Scenario.Severity.HIGH: "attention",
    Scenario.Severity.CRITICAL: "bad",
}
# verdict -> (button, key, kind, what it means)
VERDICTS = {
    AlertState.CLEARED: ("Clear", "a", "primary", "What was seen has an innocent explanation."),
    AlertState.DISMISSED: ("Dismiss", "d", "", "There was nothing to see: an error of ours."),
    AlertState.ESCALATED: (
        "Escalate", "r", "danger", "The reporting officer takes it over; payouts stay stopped.",
    ),
}  # fmt: skip


class AlertFilters(django_filters.FilterSet):  # type: ignore[misc]
    code = django_filters.ChoiceFilter(
        label="Scenario", choices=[(kind.code, kind.title) for kind in KINDS.values()]
    )
    severity = django_filters.ChoiceFilter(label="Severity", choices=Scenario.Severity.choices)
    client = django_filters.CharFilter(
        label="Client reference", field_name="client__reference", lookup_expr="exact"
    )

    class Meta:
        model = Alert
        fields: Sequence[str] = []


def _open(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    return rows.filter(state__in=ALERT_OPEN)


ALERTS_PAGE = register(
    ListPage(
        code="compliance.alerts",
        title="Alerts",
        permission="compliance.view_monitoring",
        rows=selectors.alerts_for,
        filters=AlertFilters,
        segments=[
            Segment("open", "Open", _open, count=True),
            Segment("all", "All", lambda rows, actor: rows),
        ],
        columns=[
            Column(
                "reference", "Alert", lambda row: row.reference, show=tags.ref, fixed=True,
                link=lambda row: reverse("compliance:alert", args=[row.pk]),
            ),
            Column("client", "Client", lambda row: row.client.name, grow=True, fixed=True),
            Column("scenario", "Scenario", lambda row: f"{row.code} {KINDS[row.code].title}"),
            Column(
                "severity", "Severity", lambda row: row,
                show=lambda row: tags.badge(
                    SEVERITY_COLOURS[row.severity], row.get_severity_display(), look="plain"
                ),
            ),
            Column("raised", "Raised", lambda row: row.raised_at),
            Column(
                "state", "State", lambda row: row,
                show=lambda row: tags.badge(ALERT_COLOURS[row.state], row.get_state_display()),
            ),
        ],
        empty=Empty(
            "Nothing has met a scenario",
            "Each night the scenarios look at money in, money out and trading; whom they meet"
            " waits here.",
            icon="shield-check",
        ),
        note="Never mention an alert to the client, nor to colleagues who can't see this page.",
    )
)  # fmt: skip


@require_GET
@needs("compliance.view_monitoring")
def alert_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, ALERTS_PAGE)


def explained(alert: Alert, currency: str) -> str:
    """What the scenario saw, in words with the client's figures."""
    return KINDS[alert.code].words(values(alert.scenario.parameters), alert.basis, currency)


@require_GET
@needs("compliance.view_monitoring")
def alert_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    actor, alert = request.actor, alert_for(request.actor, pk)
    currency = base_currency(actor.tenant_id)
    context = {
        "title": alert.reference,
        "alert": alert,
        "kind": KINDS[alert.code],
        "colour": ALERT_COLOURS[AlertState(alert.state)],
        "severity_colour": SEVERITY_COLOURS[Scenario.Severity(alert.severity)],
        "explained": explained(alert, currency),
        "stats": flows.totals(actor, alert, currency),
        "flows": flows.flows(actor, alert),
        "reason": reasons.label(reasons.ALERT_REASONS, alert.reason),
        "others": selectors.alerts_of(actor, alert.client).exclude(pk=alert.pk)[:10],
        "events": timeline(actor, alert.pk),
    }
    return decision_response(
        request,
        queue=ALERTS,
        subject_id=alert.pk,
        template="compliance/alert.html",
        context=context,
        actions=_actions(actor, alert),
    )


def _actions(actor: Actor, alert: Alert) -> list[Button]:
    if alert.state in (AlertState.CLEARED, AlertState.DISMISSED):
        return []
    why = alerts.why_not_decide(actor, alert)
    buttons = [
        Button(
            label,
            reverse("compliance:alert-decide", args=[alert.pk, str(verdict)]),
            key,
            kind,
            method="get",
            why_not=why,
        )
        for verdict, (label, key, kind, _) in VERDICTS.items()
        if alert.state != AlertState.ESCALATED or verdict == AlertState.CLEARED
    ]
    if alert.state == AlertState.TRIGGERED:
        url = reverse("compliance:alert-review", args=[alert.pk])
        buttons.append(Button("Begin review", url, "b", "quiet", why_not=why))
    url = reverse("compliance:alert-snooze", args=[alert.pk])
    return [*buttons, Button("Silence", url, "s", "quiet", method="get", why_not=why)]


@require_POST
@needs("compliance.decide_alert")
def alert_review(request: StaffRequest, pk: UUID) -> HttpResponse:
    alert = alert_for(request.actor, pk)
    back = reverse("compliance:alert", args=[alert.pk])
    try:
        alerts.alert_review(actor=request.actor, alert=alert)
    except DomainError as error:
        return refused(request, error, back)
    return redirect(back)


@require_http_methods(["GET", "POST"])
@needs("compliance.decide_alert")
def alert_decide(request: StaffRequest, pk: UUID, verdict: str) -> HttpResponse:
    """A page with the reasons, then the decision."""
    alert = alert_for(request.actor, pk)
    if verdict not in VERDICTS:
        raise Http404("No such verdict.")
    if request.method == "GET":
        return _reason_page(request, alert, AlertState(verdict))
    before = queues.item_for(request.actor, ALERTS.code, alert.pk)
    try:
        done = alerts.alert_decide(
            actor=request.actor,
            alert=alert,
            verdict=verdict,
            reason=request.POST.get("reason", ""),
            note=request.POST.get("note", ""),
        )
    except DomainError as error:
        if error.fields:
            return _reason_page(request, alert, AlertState(verdict), error)
        return refused(request, error, reverse("compliance:alert", args=[alert.pk]))
    said = f"{done.reference} is {done.get_state_display().lower()}."
    return decided(request, queue=ALERTS, before=before, sentence=said)


def _reason_page(
    request: StaffRequest, alert: Alert, verdict: AlertState, error: DomainError | None = None
) -> HttpResponse:
    label, _, kind, says = VERDICTS[verdict]
    seen = explained(alert, base_currency(request.actor.tenant_id))
    context = {
        "title": f"{label} {alert.reference}",
        "says": f"{alert.client.name}: {seen} {says}",
        "reasons": reasons.ALERT_REASONS[verdict],
        "chosen": request.POST.get("reason", ""),
        "note": request.POST.get("note", ""),
        "errors": list(error.fields.values()) if error else [],
        "label": label,
        "danger": kind == "danger",
        "back_url": reverse("compliance:alert", args=[alert.pk]),
    }
    return render(request, "compliance/decide.html", context, status=422 if error else 200)


@require_http_methods(["GET", "POST"])
@needs("compliance.decide_alert")
@once
def alert_snooze(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Silence the scenario for this client until a day."""
    alert = alert_for(request.actor, pk)
    back = reverse("compliance:alert", args=[alert.pk])
    error: DomainError | None = None
    if request.method == "POST":
        try:
            until = date.fromisoformat(request.POST.get("until", ""))
        except ValueError:
            until = date.min
        try:
            alerts.alert_snooze(
                actor=request.actor,
                alert=alert,
                until=until,
                reason=request.POST.get("reason", ""),
            )
        except DomainError as found:
            error = found
        else:
            return redirect(back)
    context = {
        "alert": alert,
        "kind": KINDS[alert.code],
        "errors": list(error.fields.values()) or [error.sentence] if error else [],
        "back_url": back,
    }
    return render(request, "compliance/snooze.html", context, status=422 if error else 200)
