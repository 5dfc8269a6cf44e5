"""A difference accepted, and how much may be."""

from decimal import Decimal
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from backoffice.core.errors import DomainError
from backoffice.portal.decisions import decided, refused
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow.approvals import pending_for
from backoffice.workflow.queues import item_for
from payments.evaluation import base_currency
from reconciliation import breaks, queues, writeoffs
from reconciliation.forms import AcceptForm, LimitsForm
from reconciliation.views import break_or_404, break_page


@require_POST
@needs("reconciliation.work_break")
def accept(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Write the difference off, or ask a second person to."""
    row = break_or_404(request, pk)
    before = item_for(request.actor, breaks.QUEUE, pk)
    form = AcceptForm(request.POST)
    if not form.is_valid():
        return break_page(request, row, {"accept_form": form})
    try:
        approval = writeoffs.difference_accept(
            actor=request.actor, row=row, outcome=form.cleaned_data["outcome"]
        )
    except DomainError as error:
        return refused(request, error, reverse("reconciliation:break", args=[pk]))
    sentence = f"The difference of {row.reference} is written off."
    if approval is not None:
        sentence = f"The write-off of {row.reference} waits for a colleague's approval."
    return decided(request, queue=queues.BREAKS, before=before, sentence=sentence)


@require_http_methods(["GET", "POST"])
@needs("reconciliation.manage_limits")
def limits(request: StaffRequest) -> HttpResponse:
    """The limits as they stand, and a proposal of others that a second person sets."""
    policy = writeoffs.policy_of(request.actor.tenant_id)
    roles = writeoffs.roles_of(request.actor)
    form = LimitsForm(request.POST or None, policy=policy, roles=roles)
    if request.method == "POST" and form.is_valid():
        try:
            writeoffs.limits_propose(
                actor=request.actor,
                alone_max=form.cleaned_data["alone_max"],
                top_max=form.cleaned_data["top_max"],
                roles=form.limits_of_roles(),
            )
        except DomainError as error:
            form.add_error(None, error.sentence)
        else:
            messages.success(request, "The limits wait for a second person.")
            return redirect("reconciliation:write-offs")
    context = {
        "form": form,
        "policy": policy,
        "base": base_currency(),
        "given": [(r.name, Decimal(policy.roles[r.code])) for r in roles if r.code in policy.roles],
        "pending": pending_for(request.actor, policy.pk, writeoffs.LIMITS_APPROVAL),
        "events": timeline(request.actor, policy.pk),
    }
    status = 422 if form.errors else 200
    return render(request, "reconciliation/write_offs.html", context, status=status)
