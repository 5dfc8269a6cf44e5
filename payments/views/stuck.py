"""Transfers that stand still: what happened, and the way on."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.core.money import Money
from backoffice.portal.actions import Button
from backoffice.portal.decisions import decided, decision_response, describe, refused
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow.queues import item_for
from payments import access, queues, watch
from payments import forms as money_forms
from payments.models import Transfer
from payments.selectors import wallet_rows
from payments.services import transfers
from payments.services.transfers import way
from payments.states import TRANSFER, TRANSFER_COLOURS, TransferState
from payments.views.decide import GET_POST, WORK, data, form_of, next_of, tried
from trading import services as trading
from trading.models import BalanceOperation
from trading.states import OPERATION_COLOURS, OperationState

RESOLVE = "payments.resolve_unknown"
NO_RIGHT = "You don't hold the right to settle it."
_T = TransferState
_SAYS = {
    _T.DEBITING: "It has not left its source for certain.",
    _T.CREDITING: "It has left its source; nobody knows yet whether it arrived.",
    _T.RETURNING: "Its target did not take it, and it is going back to its source.",
    _T.STRANDED: "Neither the target nor the source took it.",
}


@describe("transfers")
def _transfers(actor: Actor, ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, str, Any]]:
    rows = access.transfers_for(actor).filter(pk__in=ids)
    return {
        row.pk: (
            f"{row.client.reference} {row.client.name}",
            f"{row.reference} · {way(row)}",
            transfers.money_of(row),
        )
        for row in rows
    }


def _legs(row: Transfer) -> list[tuple[str, BalanceOperation]]:
    named = (
        ("Leaves", row.debit_operation),
        ("Arrives", row.credit_operation),
        ("Goes back", row.return_operation),
    )
    return [(label, leg) for label, leg in named if leg is not None]


def _open_leg(row: Transfer) -> BalanceOperation | None:
    """The leg that is not at its end."""
    ended = (OperationState.APPLIED, OperationState.REFUSED, OperationState.VOIDED)
    return next((leg for _, leg in _legs(row) if leg.state not in ended), None)


@require_GET
@needs(WORK)
def transfer_decide(request: StaffRequest, pk: UUID) -> HttpResponse:
    actor = request.actor
    row = access.transfer_for(actor, pk)
    legs = _legs(row)
    sees = actor.can("trading.view_account")
    context = {
        "title": row.reference,
        "row": row,
        "client": row.client,
        "colour": TRANSFER_COLOURS[TransferState(row.state)],
        "amount": transfers.money_of(row),
        "way": way(row),
        "says": _SAYS.get(TransferState(row.state), f"It is {row.get_state_display().lower()}."),
        "since": watch.since(actor, row.pk, row.state),
        "waits": row.state in (_T.CREDITING, _T.RETURNING, _T.STRANDED),
        "legs": [
            {
                "label": label,
                "operation": leg,
                "colour": OPERATION_COLOURS[OperationState(leg.state)],
                "url": reverse("trading:operation", args=[leg.pk]) if sees else "",
            }
            for label, leg in legs
        ],
        "wallets": wallet_rows(actor, row.client),
        "events": timeline(actor, row.pk, *(leg.pk for _, leg in legs)),
    }
    return decision_response(
        request,
        queue=queues.TRANSFERS,
        subject_id=row.pk,
        template="payments/transfer_decide.html",
        context=context,
        actions=transfer_actions(actor, row),
    )


def transfer_actions(actor: Actor, row: Transfer) -> list[Button]:
    """What a person may do with a transfer that stands still."""
    why = "" if actor.can(RESOLVE) else NO_RIGHT

    def button(label: str, verb: str, **more: Any) -> Button:
        return Button(label, reverse(f"payments:transfer-{verb}", args=[row.pk]), **more)

    if row.state == _T.STRANDED:
        money = transfers.money_of(row)
        return [
            button("Give it back again", "again", key="a", kind="primary", why_not=why),
            button(f"Book {money} to the wallet", "wallet", key="r", method="get", why_not=why),
        ]
    if row.state in TRANSFER.final:
        return []
    leg = _open_leg(row)
    if leg is None or leg.state != OperationState.UNKNOWN:
        wait = "The server has not had it yet; it is sent when its turn comes."
        return [button("Look again", "look", key="a", icon="refresh", why_not=wait)]
    return [
        button("Look again", "look", key="a", kind="primary", icon="refresh"),
        button("Settle with proof", "settle", key="r", method="get", why_not=why),
    ]


@require_POST
@needs(WORK)
def transfer_look(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.transfer_for(request.actor, pk)
    back = queues.TRANSFERS.url(row.pk)
    leg = _open_leg(row)
    try:
        with transaction.atomic():
            if leg is not None:
                trading.operation_look(actor=request.actor, operation=leg)
    except DomainError as error:
        return refused(request, error, back)
    messages.info(request, "The server is searched for it; what is found appears here.")
    return redirect(back)


@require_POST
@needs(RESOLVE)
def transfer_again(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.transfer_for(request.actor, pk)
    before = item_for(request.actor, queues.TRANSFERS.code, row.pk)
    try:
        with transaction.atomic():
            transfers.transfer_return_again(actor=request.actor, transfer=row)
    except DomainError as error:
        return refused(request, error, queues.TRANSFERS.url(row.pk))
    sentence = f"{row.reference} is offered to its source again."
    return decided(request, queue=queues.TRANSFERS, before=before, sentence=sentence)


@GET_POST
@needs(RESOLVE)
def transfer_wallet(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.transfer_for(request.actor, pk)
    before = item_for(request.actor, queues.TRANSFERS.code, row.pk)
    form = money_forms.ReasonForm(data(request))

    def book() -> None:
        transfers.transfer_to_wallet(actor=request.actor, transfer=row, **form.cleaned_data)

    money = transfers.money_of(row)
    if request.method == "POST" and tried(form, book):
        sentence = f"{money} of {row.reference} is in the wallet."
        return next_of(request, queues.TRANSFERS, before, sentence)
    return form_of(
        request,
        row,
        form,
        title=f"Book {row.reference} to the wallet",
        label=f"Book {money}",
        back=queues.TRANSFERS.url(row.pk),
        says=f"{money} goes from the bridge into the wallet of {row.client.name}.",
        danger=True,
    )


@GET_POST
@needs(RESOLVE)
def transfer_settle(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Say whether the trading server has booked the leg that nobody knows of."""
    row = access.transfer_for(request.actor, pk)
    before = item_for(request.actor, queues.TRANSFERS.code, row.pk)
    leg = _open_leg(row)
    if leg is None:
        raise Http404("There is no open leg.")
    form = money_forms.LegForm(data(request))

    def settle() -> None:
        trading.operation_resolve(
            actor=request.actor,
            operation=leg,
            booked=form.cleaned_data["outcome"] == "booked",
            ticket=form.cleaned_data["ticket"],
            proof=form.cleaned_data["proof"],
        )

    if request.method == "POST" and tried(form, settle):
        sentence = f"{row.reference} goes on from what you found."
        return next_of(request, queues.TRANSFERS, before, sentence)
    money = Money(abs(leg.amount), leg.currency)
    verb = "onto" if leg.amount > 0 else "off"
    says = f"Look on the server for {money} {verb} login {leg.account.login}, comment {leg.token}."
    return form_of(
        request,
        row,
        form,
        title=f"Settle {leg.token}",
        label="Settle",
        back=queues.TRANSFERS.url(row.pk),
        says=says,
        danger=True,
    )
