"""What is asked of withdrawals: their rules, and who decides them by amount."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from backoffice.core.errors import DomainError
from backoffice.portal.actions import Button
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from payments import evaluation, sources
from payments import forms as money_forms
from payments.services import bands, setup

MANAGE = "payments.manage_gateways"
GET_POST = require_http_methods(["GET", "POST"])


def _form_page(
    request: StaffRequest, form: forms.Form, *, title: str, label: str, says: str, back: str
) -> HttpResponse:
    context = {"form": form, "title": title, "label": label, "says": says, "back_url": back}
    return render(request, "payments/form.html", context, status=422 if form.errors else 200)


@GET_POST
@needs(MANAGE)
def policy(request: StaffRequest) -> HttpResponse:
    found = sources.policy()
    initial = {"source_first": found.source_first, "lots_per_1000": found.lots_per_1000}
    form = money_forms.PolicyForm(
        request.POST if request.method == "POST" else None, initial=initial
    )
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                setup.policy_save(actor=request.actor, **form.cleaned_data)
        except DomainError as error:
            money_forms.show_error(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect("payments:setup")
    return _form_page(
        request,
        form,
        title="Withdrawal rules",
        label="Save",
        says="They hold from the next decision on; what is approved goes out as it was approved.",
        back=reverse("payments:setup"),
    )


@require_GET
@needs(MANAGE)
def bands_page(request: StaffRequest) -> HttpResponse:
    """The bands as they stand, the change that waits, and every change there was."""
    actor = request.actor
    waits = bands.pending(actor)
    why = "A change waits already; decide on it first." if waits else ""
    row = sources.policy()
    context = {
        "bands": bands.current(actor),
        "pending": waits,
        "base": evaluation.base_currency(),
        "events": timeline(actor, row.pk),
        "actions": [Button("Change", reverse("payments:bands-change"), method="get", why_not=why)],
    }
    return render(request, "payments/bands.html", context)


def _initial(request: StaffRequest) -> dict[str, Any]:
    values: dict[str, Any] = {"who_rest": "one"}
    for number, band in enumerate(bands.current(request.actor), 1):
        if band.limit is None:
            values["who_rest"] = band.code
        else:
            values[f"most_{number}"] = band.limit.normalize() + Decimal(0)
            values[f"who_{number}"] = band.code
    return values


@GET_POST
@needs(MANAGE)
def bands_change(request: StaffRequest) -> HttpResponse:
    who = [(code, words) for code, (_, words) in bands.WHO.items()]
    form = money_forms.BandsForm(
        who, request.POST if request.method == "POST" else None, initial=_initial(request)
    )
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                bands.bands_propose(actor=request.actor, proposal=form.bands())
        except DomainError as error:
            money_forms.show_error(form, error)
        else:
            messages.success(request, "Proposed; a second person sets it.")
            return redirect("payments:bands")
    numbers = range(1, money_forms.BAND_ROWS + 1)
    context = {
        "form": form,
        "rows": [(form[f"most_{number}"], form[f"who_{number}"]) for number in numbers],
        "rest": form["who_rest"],
        "title": "Change the bands of approval",
        "label": "Propose",
        "says": "A second person who manages gateways sets it. Clear a limit to drop its band.",
        "back_url": reverse("payments:bands"),
    }
    status = 422 if form.errors else 200
    return render(request, "payments/bands_form.html", context, status=status)
