"""Reports of gateways in, matches and costs out."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.core.errors import DomainError
from backoffice.core.money import Money
from backoffice.portal.actions import Button
from backoffice.portal.decisions import decided, refused
from backoffice.portal.lists import list_response
from backoffice.portal.once import once
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow.approvals import pending_for
from backoffice.workflow.queues import item_for
from payments.models import GatewayAccount
from reconciliation import breaks, queues
from reconciliation.models import SettlementCost, SettlementReport
from reconciliation.settlements import by_hand, costs, reports, selectors, tables, terms
from reconciliation.settlements.forms import LineUnmatchForm, ReportForm, TermsForm
from reconciliation.settlements.states import COST_COLOURS, CostState
from reconciliation.views import SEE, break_or_404, break_page, line_match_form

IMPORT = "reconciliation.import_statement"
OVER = (SettlementReport.State.DONE, SettlementReport.State.REFUSED)


@require_GET
@needs(SEE)
def report_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, tables.REPORTS)


@require_http_methods(["GET", "POST"])
@needs(IMPORT)
@once
def report_import(request: StaffRequest) -> HttpResponse:
    """Keep the report, read it, match it. What is wrong is shown on its own page."""
    gateways = selectors.gateways(request.actor)
    form = ReportForm(request.POST or None, request.FILES or None, gateways=gateways)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["file"]
        gateway = _gateway(gateways, form.cleaned_data["gateway"])
        try:
            report = reports.report_take(
                actor=request.actor, gateway=gateway, name=given.name, content=given.read()
            )
        except DomainError as error:
            form.add_error("file", error.sentence)
        else:
            if report.state == SettlementReport.State.DONE:
                messages.success(
                    request, f"{report.rows_read} lines read, {report.rows_open} of them open."
                )
            return redirect("reconciliation:report", pk=report.pk)
    context = {"form": form, "gateways": gateways}
    status = 422 if form.errors else 200
    return render(request, "settlements/report_import.html", context, status=status)


def _gateway(gateways: list[GatewayAccount], key: str) -> GatewayAccount:
    return next(each for each in gateways if str(each.pk) == key)


def _report_or_404(request: StaffRequest, pk: UUID) -> SettlementReport:
    report = selectors.reports(request.actor).filter(pk=pk).first()
    if report is None:
        raise Http404
    return report


@require_GET
@needs(SEE)
def report_detail(request: StaffRequest, pk: UUID) -> HttpResponse:
    report = _report_or_404(request, pk)
    context = {} if request.htmx else _about(request, report)
    return list_response(request, tables.lines_of(report), context)


def _about(request: StaffRequest, report: SettlementReport) -> dict[str, Any]:
    return {
        "report": report,
        "going": report.state not in OVER,
        "colour": tables.COLOURS[report.state],
        "matched": sum(report.by_rung.values()),
        "rungs": [(selectors.RUNGS[int(rung)], n) for rung, n in sorted(report.by_rung.items())],
        "sums": selectors.sums_of(report),
        "costs": [_cost(request, cost) for cost in selectors.costs_of(request.actor, report)],
        "unbooked": _unbooked(request, report),
        "events": timeline(request.actor, report.pk),
    }


def _cost(request: StaffRequest, cost: SettlementCost) -> dict[str, Any]:
    return {
        "row": cost,
        "money": costs.money_of(cost),
        "colour": COST_COLOURS[CostState(cost.state)],
        "approval": pending_for(request.actor, cost.pk),
    }


def _unbooked(request: StaffRequest, report: SettlementReport) -> list[tuple[Money, Button]]:
    if report.state != SettlementReport.State.DONE:
        return []
    url = reverse("reconciliation:report-cost", args=[report.pk])
    waiting = {
        cost.currency
        for cost in selectors.costs_of(request.actor, report)
        if cost.state == CostState.PROPOSED
    }
    may = request.actor.can("reconciliation.work_break")
    return [
        (
            money,
            Button(
                f"Propose {money}",
                url,
                fields={"currency": money.currency},
                why_not="" if may else "You may look at reports, not work on them.",
            ),
        )
        for money in costs.unbooked(request.actor, report)
        if money.currency not in waiting
    ]


@require_GET
@needs(SEE)
def report_live(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Nothing while a report is where the page knows it to be (``state``); else it is told to
    refresh."""
    report = _report_or_404(request, pk)
    response = HttpResponse(status=HTTPStatus.NO_CONTENT)
    if report.state in OVER or request.GET.get("state") != report.state:
        response = HttpResponse()
        response["HX-Refresh"] = "true"
    return response


@require_POST
@needs("reconciliation.work_break")
def cost_propose(request: StaffRequest, pk: UUID) -> HttpResponse:
    report = _report_or_404(request, pk)
    back = reverse("reconciliation:report", args=[pk])
    try:
        costs.cost_propose(
            actor=request.actor, report=report, currency=request.POST.get("currency", "")
        )
    except DomainError as error:
        return refused(request, error, back)
    messages.success(request, f"The cost of {report.reference} waits for a colleague's approval.")
    return redirect(back)


@require_GET
@needs(SEE)
def cost_record(request: StaffRequest, pk: UUID) -> HttpResponse:
    """A cost is looked at on the page of its report."""
    cost = SettlementCost.objects.filter(tenant_id=request.actor.tenant_id, pk=pk).first()
    if cost is None:
        raise Http404
    return redirect("reconciliation:report", pk=cost.report_id)


@require_http_methods(["GET", "POST"])
@needs("payments.manage_gateways")
def terms_page(request: StaffRequest) -> HttpResponse:
    """What gateways keep by contract."""
    gateways = selectors.gateways(request.actor)
    form = TermsForm(request.POST or None, gateways=gateways, currencies=request.tenant.currencies)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        gateway = _gateway(gateways, given.pop("gateway"))
        try:
            terms.terms_save(actor=request.actor, gateway=gateway, **given)
        except DomainError as error:
            form.add_error(next(iter(error.fields), None), error.sentence)
        else:
            messages.success(request, f"What {gateway.name} keeps is saved.")
            return redirect("reconciliation:terms")
    context = {"form": form, "rows": terms.rows(request.actor)}
    status = 422 if form.errors else 200
    return render(request, "settlements/terms.html", context, status=status)


@require_POST
@needs("reconciliation.work_break")
def break_line_match(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Say which booking the break's line of a report is."""
    row = break_or_404(request, pk)
    before = item_for(request.actor, breaks.QUEUE, pk)
    form = line_match_form(request, row, request.POST)
    if form is None or not form.is_valid():
        return break_page(request, row, {"line_match_form": form})
    try:
        by_hand.line_match(
            actor=request.actor,
            row=row,
            item=form.cleaned_data["item"],
            reason=form.cleaned_data["reason"],
        )
    except DomainError as error:
        form.add_error(None, error.sentence)
        return break_page(request, row, {"line_match_form": form})
    return decided(
        request, queue=queues.BREAKS, before=before, sentence=f"{row.reference} is resolved."
    )


@require_POST
@needs("reconciliation.work_break")
def break_line_unmatch(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Take back what a person said of the break's line of a report."""
    row = break_or_404(request, pk)
    form = LineUnmatchForm(request.POST)
    if not form.is_valid():
        return break_page(request, row, {"line_unmatch_form": form})
    try:
        by_hand.line_unmatch(actor=request.actor, row=row, reason=form.cleaned_data["reason"])
    except DomainError as error:
        form.add_error(None, error.sentence)
        return break_page(request, row, {"line_unmatch_form": form})
    messages.success(request, "The match is taken back. What is open again is under Breaks.")
    return redirect("reconciliation:break", pk=pk)
