"""Deals, open positions with exposure, and balance operations."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.portal.actions import Button
from backoffice.portal.decisions import refused
from backoffice.portal.lists import list_response
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from trading import selectors, services
from trading.access import operation_for
from trading.forms import ReasonForm
from trading.lists import DEALS, OPERATIONS, POSITIONS, Amount, plain_number
from trading.models import BalanceOperation
from trading.states import OPERATION_COLOURS, OperationState
from trading.views.common import GET_POST, OPERATE, VIEW, data_of, form_page, tried


@require_GET
@needs(VIEW)
def deal_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, DEALS)


@require_GET
@needs(VIEW)
def position_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, POSITIONS)


@require_GET
@needs(VIEW)
def exposure(request: StaffRequest) -> HttpResponse:
    found = selectors.exposure(request.actor)
    largest = max((abs(one.net_lots) for one in found), default=selectors.ZERO)
    rows = [
        {
            "one": one,
            "buy": plain_number(one.buy_lots),
            "sell": plain_number(one.sell_lots),
            "net": plain_number(one.net_lots),
            "units": plain_number(one.net_units),
            "share": int(abs(one.net_lots) * 100 / largest) if largest else 0,
            "url": reverse("trading:positions") + f"?symbol={one.symbol}",
        }
        for one in found
    ]
    return render(request, "trading/exposure.html", {"rows": rows})


@require_GET
@needs(VIEW)
def operation_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, OPERATIONS)


@require_GET
@needs(VIEW)
def operation_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = operation_for(request.actor, pk)
    context = {
        "row": row,
        "amount": Amount(row.amount, row.currency),
        "colour": OPERATION_COLOURS[OperationState(row.state)],
        "going": row.state
        in (OperationState.QUEUED, OperationState.SENDING, OperationState.UNKNOWN),
        "facts": _facts(row),
        "buttons": _buttons(request.actor, row),
        "events": timeline(request.actor, row.pk),
    }
    return render(request, "trading/operation.html", context)


def _facts(row: BalanceOperation) -> list[dict[str, object]]:
    account = row.account
    client = account.client
    return [
        {"label": "Amount", "value": Amount(row.amount, row.currency)},
        {"label": "Booked as", "value": row.kind.capitalize()},
        {
            "label": "Login",
            "value": str(account.login),
            "url": reverse("trading:account", args=[account.pk]),
        },
        {
            "label": "Client",
            "value": client.name if client else None,
            "url": reverse("clients:client", args=[client.pk]) if client else "",
        },
        {"label": "Asked for by", "value": row.purpose},
        {"label": "Asked by", "value": row.asked_by},
        {"label": "Deal", "value": str(row.deal_ticket) if row.deal_ticket else None},
        {"label": "Sent", "value": row.sent_at},
        {"label": "Times sent", "value": row.sends},
        {"label": "Searched", "value": row.looks},
        {"label": "If it is not there", "value": row.get_on_missing_display()},
    ]


def _buttons(actor: Actor, row: BalanceOperation) -> list[Button]:
    if not actor.can(OPERATE):
        return []
    if row.state == OperationState.UNKNOWN:
        url = reverse("trading:operation-look", args=[row.pk])
        return [Button("Look again", url, icon="search", kind="primary", key="l")]
    if row.state == OperationState.QUEUED:
        url = reverse("trading:operation-cancel", args=[row.pk])
        return [Button("Give it up", url, icon="x", kind="danger", method="get")]
    return []


@require_POST
@needs(OPERATE)
def operation_look(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = operation_for(request.actor, pk)
    back = reverse("trading:operation", args=[row.pk])
    try:
        services.operation_look(actor=request.actor, operation=row)
    except DomainError as error:
        return refused(request, error, back)
    messages.success(request, "The server is being searched for its token.")
    return redirect(back)


@GET_POST
@needs(OPERATE)
def operation_cancel(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = operation_for(request.actor, pk)
    form = ReasonForm(data_of(request))

    def work() -> None:
        services.operation_cancel(actor=request.actor, operation=row, **form.cleaned_data)

    back = reverse("trading:operation", args=[row.pk])
    if request.method == "POST" and tried(form, work):
        messages.success(request, "It was given up. Nothing was booked.")
        return redirect(back)
    amount = Amount(row.amount, row.currency)
    return form_page(
        request,
        form,
        title="Give up the operation",
        subtitle=row.token,
        label="Give it up",
        back=back,
        says=f"{amount} will not be booked on login {row.account.login}. Whoever asked is told.",
        danger=True,
    )
