"""Pages of the daily client money report."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.core.money import Money
from backoffice.portal.decisions import refused
from backoffice.portal.lists import list_response
from backoffice.portal.once import once
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from reporting.client_money import services
from reporting.client_money.collect import Policy
from reporting.client_money.document import transfer_words
from reporting.client_money.files import opened
from reporting.client_money.forms import PolicyForm, RunForm, SignForm
from reporting.client_money.lists import BALANCES, REPORTS, RUN, VIEW, badge, reports
from reporting.day_close.policy import last_business_day
from reporting.errors import AlreadySigned
from reporting.models import ClientMoneyFigure, ClientMoneyReport, ReportFile
from reporting.states import ReportState


def report_for(actor: Actor, pk: UUID) -> ClientMoneyReport:
    report = reports(actor).filter(pk=pk).first()
    if report is None:
        raise Http404
    return report


@require_GET
@needs(VIEW)
def report_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, REPORTS)


@require_http_methods(["GET", "POST"])
@needs(RUN)
@once
def report_run(request: StaffRequest) -> HttpResponse:
    posted = request.method == "POST"
    # Most often the report of the last business day is run anew.
    day = None if posted else last_business_day(request.actor)
    form = RunForm(request.POST if posted else None, initial={"day": day})
    if posted and form.is_valid():
        try:
            report = services.report_prepare(actor=request.actor, day=form.cleaned_data["day"])
        except DomainError as error:
            form.add_error("day", error.sentence)
        else:
            messages.success(request, f"{report.reference} is prepared; someone else signs it.")
            return redirect("reporting:client-money-report", pk=report.pk)
    status = 422 if form.errors else 200
    return render(request, "reporting/client_money_run.html", {"form": form}, status=status)


@require_GET
@needs(VIEW)
def report_detail(request: StaffRequest, pk: UUID) -> HttpResponse:
    report = report_for(request.actor, pk)
    return _detail(request, report, SignForm())


def _detail(
    request: StaffRequest, report: ClientMoneyReport, form: SignForm, status: int = 200
) -> HttpResponse:
    actor = request.actor
    files = list(report.files.filter(tenant_id=actor.tenant_id).order_by("id"))
    wanted = {"workbook", "signed" if report.state == ReportState.SIGNED else "prepared"}
    context = {
        "report": report,
        "badge": badge(report),
        "figures": [_figure(each) for each in _figures(actor, report)],
        "accounts": [
            (account, Money(account.balance, account.currency))
            for account in report.accounts.filter(tenant_id=actor.tenant_id).order_by(
                "group", "code", "currency"
            )
        ],
        "files": files,
        "making": not wanted <= {file.kind for file in files},
        "why_not_sign": services.why_not_sign(actor, report),
        "form": form,
        "events": timeline(actor, report.pk),
    }
    return render(request, "reporting/client_money_report.html", context, status=status)


def _figures(actor: Actor, report: ClientMoneyReport) -> list[ClientMoneyFigure]:
    return list(report.figures.filter(tenant_id=actor.tenant_id).order_by("currency"))


def _figure(figure: ClientMoneyFigure) -> dict[str, Any]:
    """Amounts as Money, with the sentence about the transfer and where the rows are."""
    amounts = {
        field.name: Money(getattr(figure, field.name), figure.currency)
        for field in figure._meta.get_fields()
        if getattr(field, "decimal_places", None)
    }
    query = f"?report={figure.report.reference}&currency={figure.currency}"
    return amounts | {
        "currency": figure.currency,
        "clients": figure.clients,
        "short": figure.difference < 0,
        "transfer": transfer_words(figure),
        "balances_url": reverse("reporting:client-money-balances") + query,
    }


@require_GET
@needs(VIEW)
def balance_list(request: StaffRequest) -> HttpResponse:
    """The rows of one report; without one named, those of the newest."""
    if not request.GET.get("report"):
        newest = reports(request.actor).exclude(state=ReportState.REPLACED).order_by("-day").first()
        shown = newest.reference if newest else "none"
        request.GET = QueryDict(f"report={shown}&{request.GET.urlencode()}")
    return list_response(request, BALANCES)


@require_POST
@needs(VIEW, services.SIGN)
def report_sign(request: StaffRequest, pk: UUID) -> HttpResponse:
    report = report_for(request.actor, pk)
    form = SignForm(request.POST)
    if not form.is_valid():
        return _detail(request, report, form, status=422)
    try:
        services.report_sign(actor=request.actor, report=report, note=form.cleaned_data["note"])
    except AlreadySigned as error:  # by a colleague, at this moment
        return refused(request, error, reverse("reporting:client-money-report", args=[pk]))
    except DomainError as error:
        form.add_error("note", error.sentence)
        return _detail(request, report, form, status=error.status)
    messages.success(request, f"{report.reference} is signed.")
    return redirect("reporting:client-money-report", pk=report.pk)


@require_GET
@needs(VIEW)
def file_download(request: StaffRequest, pk: UUID) -> HttpResponse | FileResponse:
    file = (
        ReportFile.objects.filter(tenant_id=request.actor.tenant_id, pk=pk)
        .select_related("report")
        .first()
    )
    if file is None:
        raise Http404
    try:
        path = opened(actor=request.actor, file=file)
    except DomainError as error:
        back = reverse("reporting:client-money-report", args=[file.report_id])
        return refused(request, error, back)
    return FileResponse(path.open("rb"), as_attachment=True, filename=file.name)


@require_http_methods(["GET", "POST"])
@needs(RUN)
def policy_edit(request: StaffRequest) -> HttpResponse:
    policy = services.policy_of(request.actor.tenant_id)
    form = PolicyForm(request.POST or None, initial=vars(policy))
    if request.method == "POST" and form.is_valid():
        services.policy_set(
            actor=request.actor,
            policy=Policy(
                gateway_counts=form.cleaned_data["gateway_counts"],
                positions_at_equity=form.cleaned_data["positions_at_equity"],
                prudent_percent=form.cleaned_data["prudent_percent"],
            ),
        )
        messages.success(request, "Reports from now on are counted so.")
        return redirect("reporting:client-money")
    status = 422 if form.errors else 200
    return render(request, "reporting/client_money_policy.html", {"form": form}, status=status)
