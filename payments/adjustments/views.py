"""The list and the page of wallet adjustments, and the forms that ask for one and take it back."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from backoffice.core.context import Actor
from backoffice.portal.actions import Button
from backoffice.portal.lists import list_response
from backoffice.portal.once import once
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow.approvals import pending_for
from clients.access import client_for
from clients.models import Client
from ledger import chart
from payments import selectors
from payments.adjustment_states import (
    ADJUSTMENT_COLOURS,
    WALLET_ADJUSTMENT,
    AdjustmentState,
)
from payments.adjustments import access, lists, services
from payments.adjustments.forms import AdjustmentForm
from payments.adjustments.services import ASK
from payments.forms import ReasonForm, currencies
from payments.models import WalletAdjustment
from payments.views.decide import GET_POST, data, tried
from payments.views.pages import journal_rows

VIEW = lists.VIEW
Row = dict[str, Any]
SAYS = (
    "Nothing is booked before a colleague approves. What is on hold can't be taken. What is booked "
    "stays: a mistake in it is made good by another adjustment."
)


@require_GET
@needs(VIEW)
def adjustment_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, lists.ADJUSTMENTS)


@GET_POST
@needs(ASK)
@once
def adjustment_new(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Ask for one; a colleague decides."""
    client = client_for(request.actor, pk)
    form = AdjustmentForm(_wallets(request.actor, client), data(request))
    made: list[WalletAdjustment] = []

    def ask() -> None:
        values = form.cleaned_data
        asked = {name: values[name] for name in ("direction", "why", "money", "reason")}
        made.append(services.adjustment_ask(actor=request.actor, client=client, **asked))

    if request.method == "POST" and tried(form, ask):
        messages.success(request, f"{made[0].reference} waits for a colleague's approval.")
        return redirect("payments:adjustment", pk=made[0].pk)
    context = {
        "client": client,
        "form": form,
        "title": "Adjust the wallet",
        "label": "Ask for approval",
        "says": SAYS,
        "back_url": reverse("clients:tab", args=[client.pk, "money"]),
    }
    return render(request, "payments/form.html", context, status=422 if form.errors else 200)


def _wallets(actor: Actor, client: Client) -> list[tuple[str, str]]:
    """Those that the client has, with what is available, and those that they could have."""
    found = {
        row.posted.currency: f"{row.available} available"
        for row in selectors.wallets(actor, client)
    }
    return list(({code: code for code, _ in currencies()} | found).items())


@require_GET
@needs(VIEW)
def adjustment_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    actor, row = request.actor, access.adjustment_for(request.actor, pk)
    context = {
        "row": row,
        "client": row.client,
        "amount": services.money_of(row),
        "colour": ADJUSTMENT_COLOURS[AdjustmentState(row.state)],
        "said": services.said(row),
        "follows": row.state not in WALLET_ADJUSTMENT.final,
        "approval": pending_for(actor, row.pk, services.KIND),
        "facts": _facts(row),
        "wallets": selectors.wallet_rows(actor, row.client),
        "actions": _buttons(actor, row),
        "journals": journal_rows(actor, row.reference),
        "events": timeline(actor, row.pk),
    }
    return render(request, "payments/adjustment.html", context)


def _facts(row: WalletAdjustment) -> list[Row]:
    pairs = [
        ("Direction", row.get_direction_display()),
        ("Amount", services.money_of(row)),
        ("For", row.get_why_display()),
        ("Booked against", chart.words(row.counter)),
        ("What happened", row.reason),
        ("Asked by", row.asked_by),
        ("Asked at", row.created_at),
        ("Decided by", row.decided_by),
        ("Decided at", row.decided_at),
    ]
    return [{"label": label, "value": value, "url": ""} for label, value in pairs]


def _buttons(actor: Actor, row: WalletAdjustment) -> Sequence[Button]:
    if row.state in WALLET_ADJUSTMENT.final or not actor.can(ASK):
        return ()
    return (Button("Cancel", reverse("payments:adjustment-cancel", args=[row.pk]), method="get"),)


@GET_POST
@needs(ASK)
def adjustment_cancel(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Take one back that waits."""
    row = access.adjustment_for(request.actor, pk)
    form, back = ReasonForm(data(request)), reverse("payments:adjustment", args=[row.pk])

    def cancel() -> None:
        services.adjustment_cancel(
            actor=request.actor, adjustment=row, reason=form.cleaned_data["reason"]
        )

    if request.method == "POST" and tried(form, cancel):
        messages.success(request, f"{row.reference} is cancelled. Nothing was booked.")
        return redirect(back)
    context = {
        "client": row.client,
        "form": form,
        "title": f"Cancel {row.reference}",
        "label": "Cancel it",
        "says": "Nothing is booked.",
        "danger": True,
        "back_url": back,
    }
    return render(request, "payments/form.html", context, status=422 if form.errors else 200)
