"""Forms for a client: a deposit, a withdrawal, a transfer, a destination."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from backoffice.core.errors import DomainError
from backoffice.portal.decisions import back_url, refused
from backoffice.portal.once import once
from backoffice.staff.access import StaffRequest, needs
from clients.access import client_for
from clients.models import Client
from payments import access
from payments import forms as money_forms
from payments.methods import choosing
from payments.services import deposits, destinations, transfers, withdrawals

GET_POST = require_http_methods(["GET", "POST"])
WORK = "payments.work_payment"


def _tab(client: Client) -> str:
    return reverse("clients:tab", args=[client.pk, "money"])


def _form_page(
    request: StaffRequest,
    client: Client,
    form: forms.Form,
    *,
    title: str,
    label: str,
    says: str = "",
    danger: bool = False,
) -> HttpResponse:
    context = {
        "client": client,
        "form": form,
        "title": title,
        "label": label,
        "says": says,
        "danger": danger,
        "back_url": _tab(client),
        "methods": choosing.table(getattr(form, "lines", ())),
        "zone": request.tenant.timezone,
    }
    return render(request, "payments/form.html", context, status=422 if form.errors else 200)


def _made(form: forms.Form, make: Callable[[], Any]) -> Any:
    """What the service made, or None with its refusal on the form."""
    if not form.is_valid():
        return None
    try:
        with transaction.atomic():
            return make()
    except DomainError as error:
        money_forms.show_error(form, error)
        return None


def _data(request: StaffRequest) -> Any:
    return request.POST if request.method == "POST" else None


@GET_POST
@needs(WORK)
def deposit_new(request: StaffRequest, pk: UUID) -> HttpResponse:
    client = client_for(request.actor, pk)
    form = money_forms.DepositForm(client, _data(request))

    def make() -> Any:
        values = form.cleaned_data
        return deposits.deposit_create(
            actor=request.actor,
            client=client,
            method=values["method"],
            money=values["money"],
            account=values["account"],
            idempotency_key=form.idempotency_key,
        )

    made = _made(form, make) if request.method == "POST" else None
    if made is not None:
        return redirect("payments:deposit", pk=made.pk)
    return _form_page(request, client, form, title="New deposit", label="Make the payment link")


@GET_POST
@needs("payments.request_withdrawal")
def withdrawal_new(request: StaffRequest, pk: UUID) -> HttpResponse:
    client = client_for(request.actor, pk)
    form = money_forms.WithdrawalForm(client, _data(request))

    def make() -> Any:
        values = form.cleaned_data
        return withdrawals.withdrawal_request(
            actor=request.actor,
            client=client,
            method=values["method"],
            destination=values["destination"],
            money=values["money"],
            account=values["account"],
            idempotency_key=form.idempotency_key,
        )

    made = _made(form, make) if request.method == "POST" else None
    if made is not None:
        return redirect("payments:withdrawal", pk=made.pk)
    says = "The amount is held in the wallet at once. You ask, so someone else approves."
    return _form_page(request, client, form, title="New withdrawal", label="Ask for it", says=says)


@GET_POST
@needs("payments.transfer_money")
def transfer_new(request: StaffRequest, pk: UUID) -> HttpResponse:
    client = client_for(request.actor, pk)
    form = money_forms.TransferForm(client, _data(request))

    def make() -> Any:
        values = form.cleaned_data
        return transfers.transfer_request(
            actor=request.actor,
            client=client,
            source=values["source"],
            target=values["target"],
            money=values["money"],
            idempotency_key=form.idempotency_key,
        )

    made = _made(form, make) if request.method == "POST" else None
    if made is not None:
        return redirect("payments:transfer", pk=made.pk)
    return _form_page(request, client, form, title="New transfer", label="Move it")


@GET_POST
@needs("payments.request_withdrawal")
@once
def destination_new(request: StaffRequest, pk: UUID) -> HttpResponse:
    client = client_for(request.actor, pk)
    initial = {"holder": client.name}
    form = money_forms.DestinationForm(_data(request), initial=initial)

    def make() -> Any:
        return destinations.destination_add(actor=request.actor, client=client, **form.cleaned_data)

    made = _made(form, make) if request.method == "POST" else None
    if made is not None:
        messages.success(request, f"{made.label} is added; someone else approves it.")
        return redirect(_tab(client))
    says = "Someone else approves it, and it can be paid to a day later."
    return _form_page(request, client, form, title="New destination", label="Add it", says=says)


@require_POST
@needs(WORK)
def destination_approve(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.destination_for(request.actor, pk)
    back = back_url(request, _tab(row.client))
    try:
        with transaction.atomic():
            destinations.destination_approve(actor=request.actor, destination=row)
    except DomainError as error:
        return refused(request, error, back)
    messages.success(request, f"{row.label} is approved; it can be paid to in a day.")
    return redirect(back)


@GET_POST
@needs(WORK)
def destination_suspend(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.destination_for(request.actor, pk)
    form = money_forms.ReasonForm(_data(request))

    def suspend() -> Any:
        return destinations.destination_suspend(
            actor=request.actor, destination=row, reason=form.cleaned_data["reason"]
        )

    if request.method == "POST" and _made(form, suspend) is not None:
        messages.success(request, f"{row.label} is suspended.")
        return redirect(_tab(row.client))
    title, says = f"Suspend {row.label}", "Nothing is paid to it until it is approved again."
    return _form_page(
        request, row.client, form, title=title, label="Suspend", says=says, danger=True
    )


@GET_POST
@needs("payments.request_withdrawal")
def destination_edit(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.destination_for(request.actor, pk)
    initial = {name: getattr(row, name) for name in ("holder", "label", "bic", "town")}
    form = money_forms.DestinationEditForm(_data(request), initial=initial)

    def change() -> Any:
        return destinations.destination_change(
            actor=request.actor, destination=row, **form.cleaned_data
        )

    if request.method == "POST" and _made(form, change) is not None:
        messages.success(request, f"{row.label} is changed; someone else approves it anew.")
        return redirect(_tab(row.client))
    says = (
        "It is approved anew by someone else, and so is every withdrawal that waits to be paid to "
        "it. The number itself never changes: add another destination for another number."
    )
    return _form_page(
        request, row.client, form, title=f"Change {row.label}", label="Change", says=says
    )


@GET_POST
@needs(WORK)
def destination_retire(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.destination_for(request.actor, pk)
    form = money_forms.ReasonForm(_data(request))

    def retire() -> Any:
        return destinations.destination_retire(
            actor=request.actor, destination=row, reason=form.cleaned_data["reason"]
        )

    if request.method == "POST" and _made(form, retire) is not None:
        messages.success(request, f"{row.label} is retired.")
        return redirect(_tab(row.client))
    title, says = f"Retire {row.label}", "It stays in the record; nothing is paid to it any more."
    return _form_page(
        request, row.client, form, title=title, label="Retire", says=says, danger=True
    )
