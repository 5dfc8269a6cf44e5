"""An adjustment proposed for a break, and unallocated money whose owner became known."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from backoffice.core.errors import DomainError, InvalidInput
from backoffice.portal.decisions import decided, refused
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow.queues import item_for
from reconciliation import adjustments, breaks, queues, selectors
from reconciliation.forms import MatchForm
from reconciliation.models import Adjustment
from reconciliation.views import SEE, adjustment_form, break_or_404, break_page


@require_POST
@needs("reconciliation.work_break")
def propose(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Say what the line is for the books; a colleague approves."""
    row = break_or_404(request, pk)
    before = item_for(request.actor, breaks.QUEUE, pk)
    form = adjustment_form(request, row, request.POST)
    if form is None:
        error = InvalidInput("The line of this break can't be booked by an adjustment.")
        return refused(request, error, reverse("reconciliation:break", args=[pk]))
    if not form.is_valid():
        return break_page(request, row, {"adjustment_form": form})
    try:
        adjustments.adjustment_propose(
            actor=request.actor,
            row=row,
            kind=form.cleaned_data["kind"],
            reason=form.cleaned_data["reason"],
        )
    except DomainError as error:
        form.add_error(None, error.sentence)
        return break_page(request, row, {"adjustment_form": form})
    sentence = f"The adjustment of {row.reference} waits for a colleague's approval."
    return decided(request, queue=queues.BREAKS, before=before, sentence=sentence)


@require_POST
@needs("reconciliation.work_break")
def identify(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Give unallocated money to the deposit that it turned out to be."""
    row = break_or_404(request, pk)
    form = MatchForm(request.POST)
    if not form.is_valid():
        return break_page(request, row, {"identify_form": form})
    try:
        match = adjustments.receipt_identify(
            actor=request.actor,
            row=row,
            reference=form.cleaned_data["reference"],
            reason=form.cleaned_data["reason"],
        )
    except DomainError as error:
        form.add_error(None, error.sentence)
        return break_page(request, row, {"identify_form": form})
    messages.success(request, f"The money is {match.subject_label}'s now.")
    return redirect("reconciliation:break", pk=pk)


@require_GET
@needs(SEE)
def record(request: StaffRequest, pk: UUID) -> HttpResponse:
    """An adjustment is looked at on the page of its break."""
    row = Adjustment.objects.filter(tenant_id=request.actor.tenant_id, pk=pk).first()
    if row is None or selectors.breaks(request.actor).filter(pk=row.of_break_id).first() is None:
        raise Http404
    return redirect("reconciliation:break", pk=row.of_break_id)
