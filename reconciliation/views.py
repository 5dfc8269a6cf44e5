"""Statements in, matches out, breaks decided."""

from decimal import Decimal
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.core.errors import DomainError, InvalidInput
from backoffice.core.money import Money
from backoffice.portal.actions import Button
from backoffice.portal.decisions import decided, decision_response, refused
from backoffice.portal.lists import list_response
from backoffice.portal.once import once
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow.approvals import pending_for
from backoffice.workflow.queues import item_for
from ledger import chart
from reconciliation import (
    adjustments,
    books,
    breaks,
    intake,
    matching,
    queues,
    selectors,
    tables,
    writeoffs,
)
from reconciliation.adjusting import Proposed
from reconciliation.forms import (
    AcceptForm,
    AccountForm,
    AdjustmentForm,
    ImportForm,
    MatchForm,
    OutcomeForm,
    SettlementForm,
)
from reconciliation.models import Break, Match, StatementFile
from reconciliation.settlements import by_hand
from reconciliation.settlements import selectors as reported
from reconciliation.settlements.forms import LineMatchForm, LineUnmatchForm
from reconciliation.states import (
    ADJUSTMENT_COLOURS,
    BREAK_COLOURS,
    AdjustmentKind,
    AdjustmentState,
    BreakState,
)

SEE = "reconciliation.view_break"


@require_GET
@needs(SEE)
def file_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, tables.FILES)


@require_GET
@needs(SEE)
def pickup_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, tables.PICKUPS)


@require_GET
@needs(SEE)
def line_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, tables.LINES)


@require_GET
@needs(SEE)
def break_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, tables.BREAKS)


@require_http_methods(["GET", "POST"])
@needs("reconciliation.import_statement")
@once
def statement_import(request: StaffRequest) -> HttpResponse:
    """Keep the file, read it, match it. What is wrong is shown on the file's own page."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["file"]
        try:
            file = intake.file_take(actor=request.actor, name=given.name, content=given.read())
        except DomainError as error:
            form.add_error("file", error.sentence)
        else:
            if file.state == StatementFile.State.DONE:
                messages.success(request, f"{file.lines_read} lines read, {file.matched} matched.")
            if file.state == StatementFile.State.MAPPING:
                return redirect("reconciliation:file-columns", pk=file.pk)
            return redirect("reconciliation:file", pk=file.pk)
    status = 422 if form.errors else 200
    return render(request, "reconciliation/statement_import.html", {"form": form}, status=status)


@require_GET
@needs(SEE)
def file_detail(request: StaffRequest, pk: UUID) -> HttpResponse:
    file = selectors.files(request.actor).filter(pk=pk).first()
    if file is None:
        raise Http404
    context = {
        "file": file,
        "going": file.state not in intake.STANDS,
        "chooses": file.state == StatementFile.State.MAPPING,
        "colour": tables.FILE_COLOURS[file.state],
        "statements": selectors.statements_of(request.actor, file),
        "events": timeline(request.actor, file.pk),
    }
    return list_response(request, tables.lines_of(file), {} if request.htmx else context)


@require_GET
@needs(SEE)
def file_live(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Nothing while a file is where the page knows it to be (``state``); else it is told to
    refresh."""
    file = selectors.files(request.actor).filter(pk=pk).first()
    if file is None:
        raise Http404
    response = HttpResponse(status=HTTPStatus.NO_CONTENT)
    if file.state in intake.STANDS or request.GET.get("state") != file.state:
        response = HttpResponse()
        response["HX-Refresh"] = "true"
    return response


@require_http_methods(["GET", "POST"])
@needs("reconciliation.import_statement")
@once
def account_list(request: StaffRequest) -> HttpResponse:
    form = AccountForm(request.POST or None, currencies=request.tenant.currencies)
    if request.method == "POST" and form.is_valid():
        try:
            statements = intake.account_take(actor=request.actor, **form.cleaned_data)
        except DomainError as error:
            form.add_error(next(iter(error.fields), None), error.sentence)
        else:
            waiting = ngettext(
                " %d statement of it was here already; its lines are being matched.",
                " %d statements of it were here already; their lines are being matched.",
                statements,
            )
            more = waiting % statements if statements else ""
            messages.success(request, f"The bank account is added.{more}")
            return redirect("reconciliation:accounts")
    context = {"form": form, "accounts": selectors.bank_accounts(request.actor)}
    status = 422 if form.errors else 200
    return render(request, "reconciliation/account_list.html", context, status=status)


def break_or_404(request: StaffRequest, pk: UUID) -> Break:
    row = selectors.breaks(request.actor).filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


@require_GET
@needs(SEE)
def break_detail(request: StaffRequest, pk: UUID) -> HttpResponse:
    return break_page(request, break_or_404(request, pk))


def _subjects(row: Break, match: Match | None) -> list[tuple[str, UUID | None, str]]:
    found = [(row.subject_type, row.subject_id, row.subject_label)]
    return found + ([(match.subject_type, match.subject_id, match.subject_label)] if match else [])


def break_page(
    request: StaffRequest, row: Break, forms: dict[str, Any] | None = None
) -> HttpResponse:
    """The decision page of a break; ``forms`` are those that were sent and have errors."""
    may = request.actor.can("reconciliation.work_break")
    why_not = "" if may else "You may look at breaks, not work on them."
    if row.closed_at is not None:
        why_not = f"It is {row.get_state_display().lower()}."
    elif row.state == BreakState.PROPOSED:
        why_not = "An adjustment waits for approval: that is decided first."
    take = Button(
        "Look into it",
        reverse("reconciliation:break-take", args=[row.pk]),
        key="h",
        why_not=why_not or ("You are at it." if row.state == BreakState.INVESTIGATING else ""),
    )
    match = selectors.match_of(request.actor, row.line_id) if row.line_id else None
    urls = books.payment_urls(request.actor, _subjects(row, match))
    line = reported.subject_line(request.actor, row)
    revocable = may and by_hand.standing(request.actor, line) is not None
    context = {
        "title": row.reference,
        "row": row,
        "colour": BREAK_COLOURS[BreakState(row.state)],
        "may_work": not why_not,
        "outcome_form": OutcomeForm(),
        "offer": None if why_not else writeoffs.offer(request.actor, row),
        "accept_form": AcceptForm(),
        "match_form": MatchForm(),
        "settlement_form": _settlement_form(request, row),
        "adjustment_form": None if why_not else adjustment_form(request, row),
        **_adjustment(request, row, may=may),
        "reported": line,
        "line_unmatch_form": LineUnmatchForm() if revocable else None,
        "of_reports": reported.is_of_reports(row),
        "line_match_form": None if why_not else line_match_form(request, row),
        "match": match,
        "about_url": urls.get(row.subject_id, "") if row.subject_id else "",
        "match_url": urls.get(match.subject_id, "") if match else "",
        "events": timeline(request.actor, row.pk),
        **(forms or {}),
    }
    return decision_response(
        request,
        queue=queues.BREAKS,
        subject_id=row.pk,
        template="reconciliation/break_decide.html",
        context=context,
        actions=[take],
        status=422 if forms else 200,
    )


def _adjustment(request: StaffRequest, row: Break, *, may: bool) -> dict[str, Any]:
    """What was proposed for the break last, and what waits: who decides, and where."""
    found = selectors.adjustment_of(request.actor, row)
    if found is None:
        return {}
    unallocated = (found.kind, found.state) == (AdjustmentKind.UNALLOCATED, AdjustmentState.BOOKED)
    return {
        "adjustment": found,
        "adjustment_colour": ADJUSTMENT_COLOURS[AdjustmentState(found.state)],
        "debit": chart.words(found.debit),
        "credit": chart.words(found.credit),
        "approval": pending_for(request.actor, found.pk),
        "identify_form": MatchForm() if unallocated and may else None,
    }


def adjustment_form(request: StaffRequest, row: Break, data: Any = None) -> AdjustmentForm | None:
    """Nothing where the line can't be booked by an adjustment."""
    fitting = adjustments.fitting(request.actor, row)
    kinds = [(str(kind), f"{kind.label} ({_side(found)})") for kind, found in fitting.items()]
    return AdjustmentForm(data, kinds=kinds) if kinds else None


def _side(proposed: Proposed) -> str:
    """The side of the journal that is not the bank's own account, which goes without saying."""
    if proposed.debit.code.startswith(("bank:client:", "bank:own:")):
        return f"credit {chart.words(proposed.credit.code)}"
    return f"debit {chart.words(proposed.debit.code)}"


def line_match_form(request: StaffRequest, row: Break, data: Any = None) -> LineMatchForm | None:
    """Nothing where the break has no line of a report, or no booking could be it."""
    line = reported.subject_line(request.actor, row)
    if line is None:
        return None
    items = [
        (each.key, f"{each.reference or each.kind.replace('_', ' ')}, {each.day:%-d %b %Y}")
        for each in reported.open_items(request.actor, line)
    ]
    return LineMatchForm(data, items=items) if items else None


def _settlement_form(request: StaffRequest, row: Break, data: Any = None) -> SettlementForm | None:
    """Nothing when no gateway has anything that the line could be."""
    gateways = books.collected(request.actor, row.line) if row.line else []
    return SettlementForm(data, gateways=gateways) if gateways else None


@require_POST
@needs("reconciliation.work_break")
def break_take(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = break_or_404(request, pk)
    back = reverse("reconciliation:break", args=[pk])
    try:
        breaks.break_take(actor=request.actor, row=row)
    except DomainError as error:
        return refused(request, error, back)
    return redirect(back)


@require_POST
@needs("reconciliation.work_break")
def break_close(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Close because both sides agree now."""
    row = break_or_404(request, pk)
    before = item_for(request.actor, breaks.QUEUE, pk)
    form = OutcomeForm(request.POST)
    if not form.is_valid():
        return break_page(request, row, {"outcome_form": form})
    try:
        breaks.break_resolve(actor=request.actor, row=row, outcome=form.cleaned_data["outcome"])
    except DomainError as error:
        return refused(request, error, reverse("reconciliation:break", args=[pk]))
    return decided(
        request, queue=queues.BREAKS, before=before, sentence=f"{row.reference} is resolved."
    )


@require_POST
@needs("reconciliation.work_break")
def break_match(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Say which payment the break's line is about."""
    row = break_or_404(request, pk)
    before = item_for(request.actor, breaks.QUEUE, pk)
    form = MatchForm(request.POST)
    if row.line is None or not form.is_valid():
        return break_page(request, row, {"match_form": form})
    try:
        match = matching.line_match_by_hand(
            actor=request.actor,
            line=row.line,
            reference=form.cleaned_data["reference"],
            reason=form.cleaned_data["reason"],
        )
    except DomainError as error:
        form.add_error(None, error.sentence)
        return break_page(request, row, {"match_form": form})
    return decided(
        request,
        queue=queues.BREAKS,
        before=before,
        sentence=f"Matched to {match.subject_label}; {row.reference} is resolved.",
    )


@require_POST
@needs("reconciliation.work_break")
def break_settle(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Say that the break's line is what a gateway had collected."""
    row = break_or_404(request, pk)
    before = item_for(request.actor, breaks.QUEUE, pk)
    form = _settlement_form(request, row, request.POST)
    if row.line is None or form is None:
        error = InvalidInput("No gateway holds money that this could be.")
        return refused(request, error, reverse("reconciliation:break", args=[pk]))
    if not form.is_valid():
        return break_page(request, row, {"settlement_form": form})
    try:
        match = matching.line_settle_gateway(
            actor=request.actor,
            line=row.line,
            gateway=UUID(form.cleaned_data["gateway"]),
            cost=Money(form.cleaned_data["cost"] or Decimal(0), row.line.currency),
        )
    except DomainError as error:
        form.add_error(None, error.sentence)
        return break_page(request, row, {"settlement_form": form})
    return decided(
        request,
        queue=queues.BREAKS,
        before=before,
        sentence=f"Settlement of {match.subject_label} is booked; {row.reference} is resolved.",
    )
