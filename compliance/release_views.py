"""Payments that compliance holds, and letting one of them go."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.core.money import Money
from backoffice.portal.decisions import refused
from backoffice.staff.access import StaffRequest, needs
from compliance.release import payment_clear
from payments.models import Withdrawal
from payments.states import WithdrawalState

SHOWN_MAX = 100


def _held(actor: Actor) -> list[Withdrawal]:
    rows = Withdrawal.objects.filter(
        tenant_id=actor.tenant_id, state=WithdrawalState.COMPLIANCE
    ).select_related("client", "destination")
    if actor.desks is not None:
        rows = rows.filter(client__desk_id__in=actor.desks)
    return list(rows.order_by("-id")[:SHOWN_MAX])


@require_GET
@needs("compliance.view_monitoring")
def held_list(request: StaffRequest) -> HttpResponse:
    """Withdrawals that wait for compliance."""
    lines = [
        {"row": row, "money": Money.rounded(row.amount, row.currency)}
        for row in _held(request.actor)
    ]
    may = request.actor.can("compliance.approve_release")
    return render(request, "compliance/held.html", {"lines": lines, "may_release": may})


@require_http_methods(["GET", "POST"])
@needs("compliance.approve_release")
def release(request: StaffRequest, pk: UUID) -> HttpResponse:
    """A reason, then the payment goes back to payments staff."""
    actor, back = request.actor, reverse("compliance:held")
    row = Withdrawal.objects.filter(tenant_id=actor.tenant_id, pk=pk).first()
    if row is None or not actor.sees_desk(row.client.desk_id):
        raise Http404("No such payment.")
    if request.method == "GET":
        context = {
            "title": f"Release {row.reference}, {Money.rounded(row.amount, row.currency)}",
            "label": "Release",
            "prompt": "Why it may go although something is open",
            "back_url": back,
        }
        return render(request, "compliance/send_back.html", context)
    try:
        payment_clear(actor=actor, payment=row, reason=request.POST.get("reason", ""))
    except DomainError as error:
        return refused(request, error, back)
    messages.success(request, f"{row.reference} goes back to payments staff.")
    return redirect(back)
