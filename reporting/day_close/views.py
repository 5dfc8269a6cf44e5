"""Pages of the day close."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.core.money import Money
from backoffice.portal.decisions import refused
from backoffice.portal.lists import list_response
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow.approvals import pending_for
from reporting.day_close import services
from reporting.day_close.checklist import Check, checklist, last_check
from reporting.day_close.files import opened
from reporting.day_close.forms import PolicyForm, ReasonsForm
from reporting.day_close.lists import DAYS, VIEW, badge, days
from reporting.day_close.policy import policy_of
from reporting.models import BusinessDay, DayFile, DayTotal
from reporting.states import VERIFY_COLOURS, DayState, VerifyState

FILES = 2


def day_for(actor: Actor, pk: UUID) -> BusinessDay:
    row = days(actor).filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


@require_GET
@needs(VIEW)
def day_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, DAYS)


@require_GET
@needs(VIEW)
def day_detail(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = day_for(request.actor, pk)
    return _page(request, row)


def _page(request: StaffRequest, row: BusinessDay, form: ReasonsForm | None = None) -> HttpResponse:
    actor, closed = request.actor, row.state == DayState.CLOSED
    checks = [] if closed else checklist(actor, row)
    verified = last_check(actor, row)
    may = actor.can(services.CLOSE)
    context = {
        "row": row,
        "badge": badge(row),
        "checks": _frozen(row) if closed else _lines(row, checks),
        "red": sum(each.stops for each in checks),
        "amber": sum(each.carried for each in checks),
        "verified": verified,
        "verified_colour": VERIFY_COLOURS[VerifyState(verified.state)] if verified else "",
        "verifying": verified is not None and verified.state == VerifyState.ASKED,
        "may_close": may,
        "form": form or (_form(checks) if may and row.state != DayState.CLOSING else None),
        "approval": pending_for(actor, row.pk, services.APPROVAL),
        "mine": row.asked_by_ref == actor.ref,
        "totals": _totals(actor, row) if closed else [],
        "files": (files := list(row.files.filter(tenant_id=actor.tenant_id).order_by("id"))),
        "making": closed and len(files) < FILES,
        "events": timeline(actor, row.pk),
    }
    return render(request, "reporting/day.html", context, status=422 if form else 200)


def _form(checks: list[Check], data: Any = None) -> ReasonsForm | None:
    """Nothing while a line is red."""
    if any(each.stops for each in checks):
        return None
    return ReasonsForm(data, checks=[each for each in checks if each.carried])


WORDS = {Check.GOOD: "In order", Check.CARRY: "Needs a reason", Check.STOPS: "Keeps it open"}
WAS = {Check.GOOD: "In order", Check.CARRY: "Carried over"}


def _lines(row: BusinessDay, checks: list[Check]) -> list[dict[str, Any]]:
    return [
        {
            "label": each.label,
            "light": each.light,
            "word": WORDS[each.light],
            "says": each.says,
            "url": each.url,
            "reason": row.reasons.get(each.code, ""),
        }
        for each in checks
    ]


def _frozen(row: BusinessDay) -> list[dict[str, Any]]:
    return [{**line, "word": WAS[line["light"]]} for line in row.checklist]


def _totals(actor: Actor, row: BusinessDay) -> list[tuple[DayTotal, Money]]:
    found = DayTotal.objects.filter(tenant_id=actor.tenant_id, day=row).order_by("id")
    return [(total, Money(total.balance, total.currency)) for total in found]


@require_POST
@needs(VIEW, services.CLOSE)
def day_verify(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = day_for(request.actor, pk)
    back = reverse("reporting:day", args=[pk])
    try:
        services.verify_ask(actor=request.actor, row=row)
    except DomainError as error:
        return refused(request, error, back)
    return redirect(back)


@require_POST
@needs(VIEW, services.CLOSE)
def day_close(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Ask for the close, with the reasons."""
    row = day_for(request.actor, pk)
    back = reverse("reporting:day", args=[pk])
    form = _form(checklist(request.actor, row), request.POST)
    if form is not None and not form.is_valid():
        return _page(request, row, form)
    try:
        reasons = form.reasons() if form else {}
        services.close_ask(actor=request.actor, row=row, reasons=reasons)
    except DomainError as error:
        return refused(request, error, back)
    messages.success(request, "The close waits for a second person's approval.")
    return redirect(back)


@require_POST
@needs(VIEW, services.CLOSE)
def day_cancel(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = day_for(request.actor, pk)
    back = reverse("reporting:day", args=[pk])
    try:
        services.close_cancel(actor=request.actor, row=row)
    except DomainError as error:
        return refused(request, error, back)
    messages.success(request, "The request is taken back; the day is open.")
    return redirect(back)


@require_GET
@needs(VIEW)
def file_download(request: StaffRequest, pk: UUID) -> HttpResponse | FileResponse:
    file = (
        DayFile.objects.filter(tenant_id=request.actor.tenant_id, pk=pk)
        .select_related("day")
        .first()
    )
    if file is None:
        raise Http404
    try:
        path = opened(actor=request.actor, file=file)
    except DomainError as error:
        return refused(request, error, reverse("reporting:day", args=[file.day_id]))
    return FileResponse(path.open("rb"), as_attachment=True, filename=file.name)


@require_http_methods(["GET", "POST"])
@needs(VIEW, services.CLOSE)
def policy_edit(request: StaffRequest) -> HttpResponse:
    form = PolicyForm(request.POST or None, initial=vars(policy_of(request.actor.tenant_id)))
    if request.method == "POST" and form.is_valid():
        services.policy_set(actor=request.actor, values=form.cleaned_data)
        messages.success(request, "Days from now on are closed so.")
        return redirect("reporting:days")
    status = 422 if form.errors else 200
    return render(request, "reporting/day_policy.html", {"form": form}, status=status)
