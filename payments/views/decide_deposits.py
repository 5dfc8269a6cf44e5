"""The decision page of a deposit, and the verbs behind its buttons."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from backoffice.core.context import Actor
from backoffice.core.money import Money
from backoffice.portal.actions import Button
from backoffice.portal.decisions import decision_response, describe
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow.queues import item_for
from payments import access, evaluation, queues
from payments import forms as money_forms
from payments.models import Deposit
from payments.selectors import wallet_rows
from payments.services import deposits, holds
from payments.services.deposits import paid_money
from payments.states import DEPOSIT_COLOURS, DepositState
from payments.views.decide import (
    GET_POST,
    WORK,
    contradictions,
    data,
    form_of,
    holds_on,
    next_of,
    tried,
)


@describe("deposits")
def _deposits(actor: Actor, ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, str, Any]]:
    rows = access.deposits_for(actor).filter(pk__in=ids)
    return {
        row.pk: (
            f"{row.client.reference} {row.client.name}",
            f"{row.reference} · {row.instrument_label or row.method.name}",
            paid_money(row) if row.paid_amount is not None else None,
        )
        for row in rows
    }


@require_GET
@needs(WORK)
def deposit_decide(request: StaffRequest, pk: UUID) -> HttpResponse:
    actor = request.actor
    row = access.deposit_for(actor, pk)
    paid = paid_money(row) if row.paid_amount is not None else None
    asked = Money(row.asked_amount, row.asked_currency)
    context = {
        "title": row.reference,
        "row": row,
        "client": row.client,
        "colour": DEPOSIT_COLOURS[DepositState(row.state)],
        "amount": paid or asked,
        "asked": asked,
        "paid": paid,
        "checks": evaluation.deposit_checks(actor, row),
        "wallets": wallet_rows(actor, row.client),
        "holds": holds_on(actor, row),
        "messages_about": contradictions(actor, row.pk),
        "events": timeline(actor, row.pk),
    }
    return decision_response(
        request,
        queue=queues.DEPOSITS,
        subject_id=row.pk,
        template="payments/deposit_decide.html",
        context=context,
        actions=_deposit_actions(actor, row, paid or asked),
    )


def _deposit_actions(actor: Actor, row: Deposit, money: Money) -> list[Button]:
    open_ = row.state in (DepositState.REVIEW, DepositState.AMOUNT_MISMATCH)
    why = "" if open_ else f"It is {row.get_state_display().lower()}."

    def url(verb: str) -> str:
        return reverse(f"payments:deposit-{verb}", args=[row.pk])

    hold_why = "" if actor.can(holds.RIGHT) else "Compliance holds payments; ask them."
    return [
        Button(
            f"Credit {money}", url("credit"), key="a", kind="primary", method="get", why_not=why
        ),
        Button("Give back", url("return"), key="r", kind="danger", method="get", why_not=why),
        Button("Hold", url("hold"), key="h", method="get", why_not=hold_why or why),
    ]


def _deposit_verb(
    request: StaffRequest,
    pk: UUID,
    verb: Callable[..., Deposit],
    *,
    title: str,
    says: str,
    done: str,
    danger: bool = False,
    back: str = "",
) -> HttpResponse:
    row = access.deposit_for(request.actor, pk)
    before = item_for(request.actor, queues.DEPOSITS.code, row.pk)
    form = money_forms.ReasonForm(data(request))

    def run() -> None:
        verb(actor=request.actor, deposit=row, reason=form.cleaned_data["reason"])

    if request.method == "POST" and tried(form, run):
        return next_of(request, queues.DEPOSITS, before, f"{row.reference} {done}.")
    money = paid_money(row) if row.paid_amount is not None else None
    return form_of(
        request,
        row,
        form,
        title=f"{title} {row.reference}",
        label=f"{title} {money}" if money else title,
        back=back or queues.DEPOSITS.url(row.pk),
        says=says.format(money=money, client=row.client.name),
        danger=danger,
    )


@GET_POST
@needs(WORK)
def deposit_credit(request: StaffRequest, pk: UUID) -> HttpResponse:
    return _deposit_verb(
        request,
        pk,
        deposits.deposit_credit,
        title="Credit",
        says="{money} goes into the wallet of {client}.",
        done="is credited",
    )


@GET_POST
@needs(WORK)
def deposit_return(request: StaffRequest, pk: UUID) -> HttpResponse:
    return _deposit_verb(
        request,
        pk,
        deposits.deposit_return,
        title="Give back",
        says="{money} goes back to the payer through the gateway. This can't be undone.",
        done="goes back to the payer",
        danger=True,
    )


@GET_POST
@needs(WORK)
def deposit_cancel(request: StaffRequest, pk: UUID) -> HttpResponse:
    return _deposit_verb(
        request,
        pk,
        deposits.deposit_cancel,
        title="Cancel",
        says="Money that comes all the same is still credited.",
        done="is cancelled",
        back=reverse("payments:deposit", args=[pk]),
    )
