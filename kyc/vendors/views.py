"""The page of identity vendors with their lights, connecting one, and starting a check."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.portal.actions import Button
from backoffice.portal.decisions import refused
from backoffice.portal.once import once
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow import outbox
from kyc.access import case_for
from kyc.models import VendorAccount, VendorMessage
from kyc.states import VENDOR_COLOURS, VendorState
from kyc.vendors import services, setup
from kyc.vendors.accounts import adapter_for, health, notify_url
from kyc.vendors.forms import StartForm, VendorForm

MANAGE = "kyc.manage_vendors"
MESSAGES_SHOWN = 20
MESSAGE_COLOURS = {
    VendorMessage.State.RECEIVED: "going", VendorMessage.State.APPLIED: "good",
    VendorMessage.State.STALE: "neutral", VendorMessage.State.REFUSED: "attention",
}  # fmt: skip


def account_for(actor: Actor, pk: UUID) -> VendorAccount:
    """An account of the actor's brokerage; else 404."""
    row = VendorAccount.objects.filter(tenant_id=actor.tenant_id, pk=pk).first()
    if row is None:
        raise Http404("No such vendor.")
    return row


def accounts_in_use(actor: Actor) -> list[VendorAccount]:
    return list(
        VendorAccount.objects.filter(tenant_id=actor.tenant_id, active=True).order_by("name")
    )


@require_GET
@needs(MANAGE)
def vendor_list(request: StaffRequest) -> HttpResponse:
    rows = VendorAccount.objects.filter(tenant_id=request.actor.tenant_id).order_by("name")
    context = {
        "vendors": [
            {
                "row": row,
                "kind": adapter_for(row).label,
                "health": health(row),
                "test": Button(
                    "Test", reverse("kyc:vendor-test", args=[row.pk]), icon="plug-connected"
                ),
            }
            for row in rows
        ],
        "actions": [
            Button("Connect a vendor", reverse("kyc:vendor-new"), method="get", icon="plug")
        ],
    }
    return render(request, "kyc/vendors.html", context)


def _page(request: StaffRequest, form: VendorForm, **more: Any) -> HttpResponse:
    context = {"form": form, "back_url": reverse("kyc:vendors"), **more}
    return render(request, "kyc/vendor.html", context, status=422 if form.errors else 200)


def _show(form: VendorForm, error: DomainError) -> None:
    if not error.fields:
        form.add_error(None, error.sentence)
    for field, sentence in error.fields.items():
        form.add_error(field if field in form.fields else None, sentence)


@require_http_methods(["GET", "POST"])
@needs(MANAGE)
@once
def vendor_new(request: StaffRequest) -> HttpResponse:
    form = VendorForm(None, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = setup.vendor_connect(actor=request.actor, **form.cleaned_data)
        except DomainError as error:
            _show(form, error)
        else:
            messages.success(request, f"{made.name} is connected; it is being tried.")
            return redirect("kyc:vendor", made.pk)
    return _page(request, form, title="Connect a vendor", label="Connect")


@require_http_methods(["GET", "POST"])
@needs(MANAGE)
def vendor_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = account_for(request.actor, pk)
    initial = {name: getattr(row, name) for name in ("base_url", "key_id", "template", "active")}
    data = request.POST if request.method == "POST" else None
    form = VendorForm(row, data, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            setup.vendor_change(actor=request.actor, account=row, **form.cleaned_data)
        except DomainError as error:
            _show(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect("kyc:vendors")
    return _page(
        request,
        form,
        title=row.name,
        label="Save",
        says="With a new secret of its messages the old one is accepted for another day.",
        hears_at=notify_url(row),
        health=health(row),
        bad_signatures=row.bad_signatures,
        heard=[
            {"row": message, "colour": MESSAGE_COLOURS[message.state]}  # type: ignore[index]
            for message in VendorMessage.objects.filter(
                tenant_id=request.actor.tenant_id, account=row
            )
            .defer("body")
            .order_by("-id")[:MESSAGES_SHOWN]
        ],
    )


@require_POST
@needs(MANAGE)
def vendor_test(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Reach the vendor; the light follows."""
    row = account_for(request.actor, pk)
    outbox.put(setup.TEST_TOPIC, subject_id=row.pk)
    messages.success(request, f"{row.name} is being tried; look again in a moment.")
    return redirect("kyc:vendors")


@require_POST
@needs("kyc.view_case")
@once
def identity_start(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Ask a vendor to look at the client of a case."""
    case = case_for(request.actor, pk)
    back = reverse("kyc:case", args=[case.pk])
    form = StartForm(accounts_in_use(request.actor), request.POST)
    if not form.is_valid():
        messages.error(request, "Choose a vendor that is in use.")
        return redirect(back)
    account = account_for(request.actor, UUID(form.cleaned_data["account"]))
    try:
        services.identity_start(actor=request.actor, case=case, account=account)
    except DomainError as error:
        return refused(request, error, back)
    messages.success(request, f"{account.name} is asked; the client's link follows in a moment.")
    return redirect(back)


def identity_context(actor: Actor, case: Any) -> dict[str, Any]:
    """For the case's page: the checks at vendors, and whether another can be started."""
    accounts = accounts_in_use(actor)
    found = services.checks_of(case)
    if not accounts and not found:
        return {"identity": None}
    why = services.why_not_start(actor, case, next(iter(found), None))
    return {
        "identity": {
            "checks": [
                {"row": row, "colour": VENDOR_COLOURS[VendorState(row.state)]} for row in found[:5]
            ],
            "form": StartForm(accounts, auto_id="identity_%s"),
            "accounts": accounts,
            "why_not": why or ("" if accounts else "No vendor is connected."),
            "start": reverse("kyc:identity-start", args=[case.pk]),
            "again": bool(found),
        }
    }
