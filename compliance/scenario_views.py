"""What is monitored and with which figures; proposing others, and approving what was proposed."""

from decimal import Decimal
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.core.errors import DomainError
from backoffice.portal.decisions import refused
from backoffice.portal.once import once
from backoffice.staff.access import StaffRequest, needs
from compliance.access import scenario_for
from compliance.models import MonitoringRun, Scenario
from compliance.monitoring import definitions
from compliance.monitoring.days import base_currency
from compliance.monitoring.kinds import KINDS

RUNS_SHOWN = 10
VERBS = {
    Scenario.State.DRAFT: "Take back to draft",
    Scenario.State.SHADOW: "Only count, raise nothing",
    Scenario.State.LIVE: "Make it live",
    Scenario.State.RETIRED: "Retire",
}
COLOURS = {
    Scenario.State.DRAFT: "attention",
    Scenario.State.SHADOW: "going",
    Scenario.State.LIVE: "good",
    Scenario.State.RETIRED: "neutral",
}


def _grouped(text: str | None) -> str:
    """A stored figure with its thousands apart."""
    return f"{Decimal(text):,f}" if text else ""


@require_GET
@needs("compliance.view_monitoring")
def scenario_list(request: StaffRequest) -> HttpResponse:
    actor = request.actor
    rows = list(Scenario.objects.filter(tenant_id=actor.tenant_id).order_by("code", "-version"))
    kinds = [
        {
            "kind": kind,
            "versions": [
                {
                    "row": row,
                    "colour": COLOURS[Scenario.State(row.state)],
                    "figures": [
                        (figure.label, _grouped(row.parameters.get(figure.name)), figure.money)
                        for figure in kind.figures
                    ],
                    "moves": [
                        (state, VERBS[state])
                        for state in sorted(definitions.FOLLOWING[Scenario.State(row.state)])
                    ],
                    "why_not": definitions.why_not_move(actor, row),
                }
                for row in rows
                if row.code == kind.code
            ],
        }
        for kind in KINDS.values()
    ]
    runs = MonitoringRun.objects.filter(tenant_id=actor.tenant_id).order_by("-id")[:RUNS_SHOWN]
    context = {"kinds": kinds, "runs": runs, "currency": base_currency(actor.tenant_id)}
    return render(request, "compliance/scenarios.html", context)


@require_http_methods(["GET", "POST"])
@needs("compliance.decide_alert")
@once
def propose(request: StaffRequest) -> HttpResponse:
    """A form with the figures of the version in use of ``?code=``; saving makes a draft."""
    code = request.GET.get("code", next(iter(KINDS)))
    kind = KINDS.get(code)
    if kind is None:
        raise Http404("No such scenario.")
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            made = definitions.scenario_propose(
                actor=request.actor,
                code=code,
                parameters=request.POST.dict(),
                severity=request.POST.get("severity", ""),
                reason=request.POST.get("reason", ""),
            )
        except DomainError as error:
            errors = error.fields or {"": error.sentence}
        else:
            messages.success(request, f"{made} waits for someone else's approval.")
            return redirect("compliance:scenarios")
    newest = Scenario.objects.filter(tenant_id=request.actor.tenant_id, code=code).order_by(
        "-version"
    )
    in_use = newest.filter(state=Scenario.State.LIVE).first() or newest.first()
    stored = in_use.parameters if in_use else {}
    context = {
        "kind": kind,
        "fields": [
            {
                "figure": figure,
                "value": request.POST.get(figure.name, stored.get(figure.name, figure.default)),
                "error": errors.get(figure.name, ""),
            }
            for figure in kind.figures
        ],
        "severities": Scenario.Severity.choices,
        "severity": request.POST.get("severity", in_use.severity if in_use else "medium"),
        "reason": request.POST.get("reason", ""),
        "errors": [text for name, text in errors.items() if name in ("", "reason")],
        "currency": base_currency(request.actor.tenant_id),
        "back_url": reverse("compliance:scenarios"),
    }
    return render(request, "compliance/propose.html", context, status=422 if errors else 200)


@require_POST
@needs("compliance.approve_release")
def scenario_move(request: StaffRequest, pk: UUID) -> HttpResponse:
    scenario = scenario_for(request.actor, pk)
    back = reverse("compliance:scenarios")
    state = request.POST.get("state", "")
    if state not in Scenario.State:
        raise Http404("No such state.")
    try:
        done = definitions.scenario_move(actor=request.actor, scenario=scenario, state=state)
    except DomainError as error:
        return refused(request, error, back)
    messages.success(request, f"{done} is {done.get_state_display().lower()}.")
    return redirect(back)
