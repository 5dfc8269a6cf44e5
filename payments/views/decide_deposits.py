"""The decision page of a deposit, and the verbs behind its buttons."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from backoffice.core.clock import now
from backoffice.core.columns import narrowed
from backoffice.core.context import Actor
from backoffice.core.money import Money
from backoffice.portal.actions import Button
from backoffice.portal.decisions import decision_response, describe
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow import outbox
from backoffice.workflow.queues import item_for
from clients.models import Client
from payments import access, evaluation, queues, watch
from payments import forms as money_forms
from payments.methods.facts import deposit_fee, fee_fact, limit_facts
from payments.methods.selectors import limits_of
from payments.models import Deposit
from payments.selectors import wallet_rows
from payments.services import deposits, holds
from payments.services.deposits import paid_money
from payments.states import DEPOSIT_COLOURS, DEPOSIT_SET_ASIDE, DepositState
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
    rows = narrowed(
        access.deposits_for(actor).filter(pk__in=ids),
        ("reference", "instrument_label", "paid_amount", "paid_currency"),
        client=Client.NAMED,
        method=("name",),
    )
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
    held, events, limits = holds_on(actor, row), timeline(actor, row.pk), limits_of(row)
    context = {
        "title": row.reference,
        "row": row,
        "client": row.client,
        "colour": DEPOSIT_COLOURS[DepositState(row.state)],
        "amount": paid or asked,
        "asked": asked,
        "paid": paid,
        "checks": evaluation.deposit_checks(actor, row, held["rows"], limits),
        "wallets": wallet_rows(actor, row.client),
        "method": [fee_fact(deposit_fee(row, paid)), *limit_facts(row, limits)],
        "holds": held,
        "messages_about": contradictions(actor, row.pk),
        "events": events,
        "set_aside": DEPOSIT_SET_ASIDE,
        "since": watch.since(actor, row.pk, row.state, events),
    }
    return decision_response(
        request,
        queue=queues.DEPOSITS,
        subject_id=row.pk,
        template="payments/deposit_decide.html",
        context=context,
        actions=_deposit_actions(actor, row, paid or asked),
    )


# What a person can have done at once with a deposit that stands still, and by which topic.
LOOKS = {
    DepositState.CREATED: ("Ask the gateway", "payments.deposit_start"),
    DepositState.REDIRECTED: ("Ask the gateway", "payments.deposit_expire"),
    DepositState.PENDING: ("Ask the gateway", "payments.deposit_expire"),
    DepositState.AUTHORIZED: ("Ask the gateway", "payments.deposit_expire"),
    DepositState.CREDITED: ("Send it on", "payments.deposit_credited"),
    DepositState.RETURNING: ("Ask for the refund again", "payments.deposit_refund"),
}


def _too_early(row: Deposit, topic: str) -> str:
    """Why it is not given up yet: asking at its end decides whether it expires."""
    if topic != "payments.deposit_expire" or row.expires_at <= now():
        return ""
    return f"It may be paid until {row.expires_at:%-d %b %H:%M} UTC; then the gateway is asked."


def _deposit_actions(actor: Actor, row: Deposit, money: Money) -> list[Button]:
    open_ = row.state in (DepositState.REVIEW, DepositState.AMOUNT_MISMATCH)
    why = "" if open_ else f"It is {row.get_state_display().lower()}."

    def url(verb: str) -> str:
        return reverse(f"payments:deposit-{verb}", args=[row.pk])

    hold_why = "" if actor.can(holds.RIGHT) else "Compliance holds payments; ask them."
    if row.state in LOOKS:
        label, topic = LOOKS[DepositState(row.state)]
        look = Button(
            label,
            url("look"),
            key="a",
            kind="primary",
            icon="refresh",
            why_not=_too_early(row, topic),
        )
        if row.state != DepositState.RETURNING:
            return [look]
        may = actor.can("payments.resolve_unknown")
        settle_why = "" if may else "You don't hold the right to settle it."
        settle = Button(
            "Settle with proof", url("settle"), key="r", method="get", why_not=settle_why
        )
        return [look, settle]
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


@require_POST
@needs(WORK)
def deposit_look(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Have done now what the worker does at its time."""
    row = access.deposit_for(request.actor, pk)
    if row.state not in LOOKS:
        messages.info(request, f"It is {row.get_state_display().lower()}; there is nothing to ask.")
        return redirect(reverse("payments:deposit-decide", args=[row.pk]))
    topic = LOOKS[DepositState(row.state)][1]
    early = _too_early(row, topic)
    if early:
        messages.info(request, early)
    else:
        outbox.put(topic, subject_id=row.pk)
        messages.info(request, "It is on its way; what comes of it appears here.")
    return redirect(reverse("payments:deposit-decide", args=[row.pk]))


@GET_POST
@needs("payments.resolve_unknown")
def deposit_settle(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Say what became of a refund that the gateway says nothing of."""
    row = access.deposit_for(request.actor, pk)
    before = item_for(request.actor, queues.DEPOSITS.code, row.pk)
    form = money_forms.ReturnedForm(data(request))

    def settle() -> None:
        deposits.deposit_return_resolve(
            actor=request.actor,
            deposit=row,
            returned=form.cleaned_data["outcome"] == "returned",
            proof=form.cleaned_data["proof"],
        )

    if request.method == "POST" and tried(form, settle):
        return next_of(request, queues.DEPOSITS, before, f"{row.reference} is settled.")
    return form_of(
        request,
        row,
        form,
        title=f"Settle the return of {row.reference}",
        label="Settle",
        back=queues.DEPOSITS.url(row.pk),
        says="Given back takes it off our books for good; not given back puts it before you anew.",
        danger=True,
    )
