"""Gateways, methods and rates, with a light that says what is missing."""

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
from payments.models import GatewayAccount, Method, Rate
from payments.services import bands, setup

MANAGE = "payments.manage_gateways"
GET_POST = require_http_methods(["GET", "POST"])


def missing(gateway: GatewayAccount) -> list[str]:
    """What stands between a gateway and working, in sentences."""
    found = []
    if not gateway.active:
        found.append("It is switched off.")
    if adapter_for(gateway).needs_secret and not gateway.secret_sealed:
        found.append("It has no secret.")
    if adapter_for(gateway).needs_api_key and not gateway.api_key_sealed:
        found.append("It has no API key.")
    if adapter_for(gateway).by_statement and not gateway.holder:
        found.append("It does not say whose bank account it is.")
    if not any(method.active for method in gateway.methods.all()):
        found.append("No method in use goes through it.")
    if not adapter_for(gateway).needs_address:
        return found  # there is nobody to reach
    error_at, ok_at = gateway.last_error_at, gateway.last_ok_at
    if error_at is not None and (ok_at is None or error_at > ok_at):
        found.append(f"The last contact failed: {gateway.last_error}")
    elif ok_at is None:
        found.append("It was never reached; test it.")
    return found


def _line(gateway: GatewayAccount) -> dict[str, Any]:
    gaps = missing(gateway)
    failed = any("failed" in gap for gap in gaps)
    colour = "good" if not gaps else "bad" if failed else "attention"
    word = "Works" if not gaps else "Failing" if failed else "Not ready"
    url = reverse("payments:gateway-test", args=[gateway.pk])
    test = Button("Test", url, icon="plug-connected")
    return {
        "row": gateway,
        "kind": adapter_for(gateway).label,
        "missing": gaps,
        "colour": colour,
        "word": word,
        "test": test,
    }


@require_GET
@needs(MANAGE)
def setup_page(request: StaffRequest) -> HttpResponse:
    mine = {"tenant_id": request.actor.tenant_id}
    gateways = GatewayAccount.objects.filter(**mine).prefetch_related("methods").order_by("name")
    context = {
        "gateways": [_line(gateway) for gateway in gateways],
        "methods": [
            _method_line(row)
            for row in Method.objects.filter(**mine).select_related("gateway").order_by("position")
        ],
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


def _method_line(row: Method) -> dict[str, Any]:
    url = reverse("payments:method-switch", args=[row.pk])
    label, wanted = ("Switch off", "off") if row.active else ("Switch on", "on")
    switch = Button(label, url, kind="quiet", fields={"active": wanted})
    return {"row": row, "switch": switch}


def _form_page(
    request: StaffRequest,
    form: forms.Form,
    *,
    title: str,
    label: str,
    says: str = "",
    hears_at: str = "",
) -> HttpResponse:
    context = {
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
    return _form_page(request, form, title=row.name, label="Save", says=says, hears_at=hears_at)


@require_POST
@needs(MANAGE)
def gateway_test(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.gateway_for(request.actor, pk)
    outbox.put("payments.gateway_test", subject_id=row.pk)
    messages.info(request, f"{row.name} is being tested; its light shows what came of it.")
    return redirect("payments:setup")


def _method_values(form: forms.Form) -> dict[str, Any]:
    return {name: value for name, value in form.cleaned_data.items() if name != "code"}


@GET_POST
@needs(MANAGE)
@once
def method_new(request: StaffRequest) -> HttpResponse:
    form = money_forms.MethodForm(_data(request))
    if _done(
        request,
        form,
        lambda: setup.method_save(
            actor=request.actor, code=form.cleaned_data["code"], values=_method_values(form)
        ),
    ):
        return redirect("payments:setup")
    return _form_page(request, form, title="New method", label="Save")


@GET_POST
@needs(MANAGE)
def method_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.method_for(request.actor, pk)
    initial = {name: getattr(row, name) for name in setup.METHOD_FIELDS} | {
        "code": row.code,
        "gateway": row.gateway_id,
    }
    form = money_forms.MethodForm(_data(request), initial=initial)
    form.fields["code"].disabled = True
    if _done(
        request,
        form,
        lambda: setup.method_save(
            actor=request.actor, code=row.code, values=_method_values(form), method=row
        ),
    ):
        return redirect("payments:setup")
    return _form_page(request, form, title=row.name, label="Save")


@require_POST
@needs(MANAGE)
def method_switch(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Offer a method, or offer it no more; what is under way by it goes on."""
    row = access.method_for(request.actor, pk)
    active = request.POST.get("active") == "on"
    setup.method_save(actor=request.actor, code=row.code, values={"active": active}, method=row)
    messages.success(request, f"{row.name} is {'offered' if active else 'offered no more'}.")
    return redirect("payments:setup")


@GET_POST
@needs(MANAGE)
def rate_set(request: StaffRequest) -> HttpResponse:
    form = money_forms.RateForm(_data(request))
    if _done(request, form, lambda: setup.rate_set(actor=request.actor, **form.cleaned_data)):
        return redirect("payments:setup")
    says = "For limits and bands alone: no money is converted by it."
    return _form_page(request, form, title="Set a rate", label="Save", says=says)
