"""The queue of payments that compliance holds, and the page on which one is let go."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.portal.actions import Button
from backoffice.portal.decisions import decided, decision_response, refused
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow import queues
from compliance import flows, held
from compliance.models import Release
from compliance.release import payment_clear, why_not_clear
from payments.holds import standing
from payments.models import Withdrawal

SHOWN_MAX = 100


@require_GET
@needs(held.SEE)
def held_list(request: StaffRequest) -> HttpResponse:
    """What is held now, the most urgent first."""
    actor = request.actor
    items = list(queues.open_items(actor, held.HELD.code)[:SHOWN_MAX])
    payments = held.by_ids(actor, [item.subject_id for item in items])
    marks = held.marks(actor, {row.client_id for row in payments.values()})
    lines = [
        {
            "item": item,
            "row": row,
            "url": held.HELD.url(row.pk),
            "money": held.money_of(row),
            "out": isinstance(row, Withdrawal),
            "marks": marks[row.client_id],
        }
        for item in items
        if (row := payments.get(item.subject_id)) is not None
    ]
    return render(request, "compliance/held.html", {"lines": lines})


@require_GET
@needs(held.SEE)
def held_payment(request: StaffRequest, pk: UUID) -> HttpResponse:
    """One held payment beside everything that is open for its client."""
    actor, payment = request.actor, held.payment_for(request.actor, pk)
    out = isinstance(payment, Withdrawal)
    name = "payments:withdrawal" if out else "payments:deposit"
    context: dict[str, Any] = {
        "title": payment.reference,
        "payment": payment,
        "out": out,
        "is_held": held.is_held(payment),
        "money": held.money_of(payment),
        "party": held.party_of(payment),
        "payment_url": reverse(name, args=[payment.pk]),
        "holds": standing(payment),
        "matters": held.matters(actor, payment.client),
        "flows": flows.latest(actor, payment.client),
        "releases": Release.objects.filter(
            tenant_id=actor.tenant_id, payment_id=payment.pk
        ).order_by("-at"),
        "events": timeline(actor, payment.pk),
    }
    return decision_response(
        request,
        queue=held.HELD,
        subject_id=payment.pk,
        template="compliance/held_payment.html",
        context=context,
        actions=_actions(actor, payment),
    )


def _actions(actor: Actor, payment: held.Payment) -> list[Button]:
    if not held.is_held(payment):
        return []
    return [
        Button(
            "Release",
            reverse("compliance:release", args=[payment.pk]),
            "a",
            "primary",
            method="get",
            why_not=why_not_clear(actor, payment),
        )
    ]


@require_http_methods(["GET", "POST"])
@needs(held.SEE)
def release(request: StaffRequest, pk: UUID) -> HttpResponse:
    """A reason, then the payment goes back to payments staff."""
    actor, payment = request.actor, held.payment_for(request.actor, pk)
    back = held.HELD.url(payment.pk)
    if request.method == "GET":
        return _reason_page(request, payment, back)
    before = queues.item_for(actor, held.HELD.code, payment.pk)
    try:
        payment_clear(actor=actor, payment=payment, reason=request.POST.get("reason", ""))
    except DomainError as error:
        if error.fields:
            return _reason_page(request, payment, back, error)
        return refused(request, error, back)
    said = f"{payment.reference} goes back to payments staff."
    return decided(request, queue=held.HELD, before=before, sentence=said)


def _reason_page(
    request: StaffRequest, payment: held.Payment, back: str, error: DomainError | None = None
) -> HttpResponse:
    matters = held.matters(request.actor, payment.client)
    open_ones = ", ".join(f"{matter.reference} ({matter.kind})" for matter in matters)
    context = {
        "title": f"Release {payment.reference}, {held.money_of(payment)}",
        "says": f"Open for {payment.client.name}: {open_ones or 'nothing any more'}.",
        "label": "Release",
        "prompt": "Why it may go although something is open" if matters else "Why it may go",
        "errors": list(error.fields.values()) if error else [],
        "back_url": back,
    }
    return render(request, "compliance/send_back.html", context, status=422 if error else 200)
