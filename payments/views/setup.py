"""Gateways, methods and rates at one glance, each with a light; and the pages of gateways."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.core.errors import DomainError
from backoffice.portal.actions import Button
from backoffice.portal.once import once
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow import outbox
from payments import access, evaluation, sources
from payments import forms as money_forms
from payments.accounts import adapter_for, notify_url
from payments.methods.health import gateway_health
from payments.methods.views import lines
from payments.models import GatewayAccount, Rate
from payments.services import bands, setup

MANAGE = "payments.manage_gateways"
GET_POST = require_http_methods(["GET", "POST"])


def _line(gateway: GatewayAccount) -> dict[str, Any]:
    url = reverse("payments:gateway-test", args=[gateway.pk])
    return {
        "row": gateway,
        "kind": adapter_for(gateway).label,
        "health": gateway_health(gateway),
        "test": Button("Test", url, icon="plug-connected"),
    }


@require_GET
@needs(MANAGE)
def setup_page(request: StaffRequest) -> HttpResponse:
    mine = {"tenant_id": request.actor.tenant_id}
    gateways = GatewayAccount.objects.filter(**mine).prefetch_related("methods").order_by("name")
    context = {
        "gateways": [_line(gateway) for gateway in gateways],
        "methods": lines(request.actor),
        "policy": sources.policy(),
        "bands": bands.current(request.actor),
        "pending": bands.pending(request.actor),
        "rates": Rate.objects.filter(**mine).order_by("currency"),
        "base": evaluation.base_currency(),
        "actions": [
            Button("Connect a gateway", reverse("payments:gateway-new"), method="get", icon="plug"),
            Button("New method", reverse("payments:method-new"), method="get", icon="plus"),
            Button("Withdrawal rules", reverse("payments:policy"), method="get"),
            Button("Bands of approval", reverse("payments:bands"), method="get"),
            Button("Set a rate", reverse("payments:rate-set"), method="get"),
        ],
    }
    return render(request, "payments/setup.html", context)


def _form_page(
    request: StaffRequest,
    form: forms.Form,
    *,
    title: str,
    label: str,
    says: str = "",
    hears_at: str = "",
    **more: Any,
) -> HttpResponse:
    context = {
        **more,
        "hears_at": hears_at,
        "form": form,
        "title": title,
        "label": label,
        "says": says,
        "back_url": reverse("payments:setup"),
    }
    return render(request, "payments/form.html", context, status=422 if form.errors else 200)


def _done(request: StaffRequest, form: forms.Form, work: Callable[[], Any]) -> bool:
    if request.method != "POST" or not form.is_valid():
        return False
    try:
        with transaction.atomic():
            work()
    except DomainError as error:
        money_forms.show_error(form, error)
        return False
    messages.success(request, "Saved.")
    return True


def _data(request: StaffRequest) -> Any:
    return request.POST if request.method == "POST" else None


@GET_POST
@needs(MANAGE)
@once
def gateway_new(request: StaffRequest) -> HttpResponse:
    form = money_forms.GatewayForm(None, _data(request))
    made: list[GatewayAccount] = []

    def connect() -> None:
        values = {name: value for name, value in form.cleaned_data.items() if name != "active"}
        made.append(setup.gateway_connect(actor=request.actor, **values))
        outbox.put("payments.gateway_test", subject_id=made[0].pk)

    if _done(request, form, connect):
        return redirect("payments:gateway", made[0].pk)
    return _form_page(request, form, title="Connect a gateway", label="Connect")


@GET_POST
@needs(MANAGE)
def gateway_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.gateway_for(request.actor, pk)
    kept = ("base_url", "merchant_id", "active", *money_forms.GatewayForm.BANK)
    initial = {name: getattr(row, name) for name in kept}
    form = money_forms.GatewayForm(row, _data(request), initial=initial)
    if _done(
        request,
        form,
        lambda: setup.gateway_change(actor=request.actor, gateway=row, **form.cleaned_data),
    ):
        return redirect("payments:setup")
    says = (
        "With a new secret the old one is accepted for another day."
        if "secret" in form.fields
        else "Clients who are about to pay in read a changed account at once."
    )
    hears_at = "" if adapter_for(row).by_statement else notify_url(row)
    line = _line(row)
    return _form_page(
        request,
        form,
        title=row.name,
        label="Save",
        says=says,
        hears_at=hears_at,
        health=line["health"],
        actions=[line["test"]],
    )


@require_POST
@needs(MANAGE)
def gateway_test(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.gateway_for(request.actor, pk)
    outbox.put("payments.gateway_test", subject_id=row.pk)
    messages.info(request, f"{row.name} is being tested; its light shows what came of it.")
    return redirect("payments:setup")


@GET_POST
@needs(MANAGE)
def rate_set(request: StaffRequest) -> HttpResponse:
    form = money_forms.RateForm(_data(request))
    if _done(request, form, lambda: setup.rate_set(actor=request.actor, **form.cleaned_data)):
        return redirect("payments:setup")
    says = "For limits and bands alone: no money is converted by it."
    return _form_page(request, form, title="Set a rate", label="Save", says=says)
