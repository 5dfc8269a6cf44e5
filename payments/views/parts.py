"""The parts of a withdrawal on its pages, and what a person may do with one that failed."""

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

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.portal.actions import Button
from backoffice.portal.decisions import refused
from backoffice.staff.access import StaffRequest, needs
from payments import access
from payments import forms as money_forms
from payments.models import Withdrawal, WithdrawalPart
from payments.services import parts
from payments.states import PART_COLOURS, PartState

APPROVE, RESOLVE = "payments.approve_withdrawal", "payments.resolve_unknown"
GET_POST = require_http_methods(["GET", "POST"])
_OPEN = (PartState.UNKNOWN, PartState.SUBMITTED, PartState.IN_PROGRESS)


def part_lines(actor: Actor, withdrawal: Withdrawal) -> list[dict[str, Any]]:
    """Every part that was ever laid down, replaced ones too, with what may be done."""
    rows = (
        WithdrawalPart.objects.filter(tenant_id=actor.tenant_id, withdrawal_id=withdrawal.pk)
        .exclude(state=PartState.CANCELLED)
        .select_related("gateway")
        .order_by("id")
    )
    return [
        {
            "row": part,
            "amount": parts.money_of(part),
            "colour": PART_COLOURS[PartState(part.state)],
            "actions": _buttons(actor, withdrawal, part),
        }
        for part in rows
    ]


def _buttons(actor: Actor, withdrawal: Withdrawal, part: WithdrawalPart) -> list[Button]:
    mine = actor.ref in {withdrawal.requested_by_ref, *withdrawal.destination.edited_by_refs}

    def button(label: str, verb: str, right: str, **more: Any) -> Button:
        why = "You asked for it or shaped its destination; someone else decides." if mine else ""
        if not actor.can(right):
            why = "You don't hold the right to decide it."
        return Button(label, reverse(f"payments:part-{verb}", args=[part.pk]), why_not=why, **more)

    if part.state == PartState.FAILED:
        return [
            button("Send anew", "retry", APPROVE, kind="primary"),
            button("Give up", "give-up", APPROVE, method="get"),
        ]
    if part.state in _OPEN:
        return [button("Settle with proof", "resolve", RESOLVE, method="get", kind="quiet")]
    return []


def _back(part: WithdrawalPart) -> str:
    return reverse("payments:withdrawal-decide", args=[part.withdrawal_id])


@require_POST
@needs(APPROVE)
def part_retry(request: StaffRequest, pk: UUID) -> HttpResponse:
    part = access.part_for(request.actor, pk)
    try:
        with transaction.atomic():
            fresh = parts.part_retry(actor=request.actor, part=part)
    except DomainError as error:
        return refused(request, error, _back(part))
    messages.success(request, f"{part.reference} is sent anew as {fresh.reference}.")
    return redirect(_back(part))


@GET_POST
@needs(APPROVE)
def part_give_up(request: StaffRequest, pk: UUID) -> HttpResponse:
    part = access.part_for(request.actor, pk)
    form = money_forms.ReasonForm(request.POST if request.method == "POST" else None)
    money = parts.money_of(part)
    return _form(
        request,
        part,
        form,
        lambda: parts.part_give_up(actor=request.actor, part=part, **form.cleaned_data),
        title=f"Give {part.reference} up",
        label=f"Give {money} up",
        says=f"{money} to {part.label} is not sent again; it is free in the client's wallet.",
        done=f"{part.reference} is given up; {money} is free in the wallet.",
    )


@GET_POST
@needs(RESOLVE)
def part_resolve(request: StaffRequest, pk: UUID) -> HttpResponse:
    part = access.part_for(request.actor, pk)
    form = money_forms.ResolveForm(request.POST if request.method == "POST" else None)

    def resolve() -> Any:
        values = dict(form.cleaned_data)
        paid = values.pop("outcome") == "paid"
        return parts.part_resolve(actor=request.actor, part=part, paid=paid, **values)

    money = parts.money_of(part)
    return _form(
        request,
        part,
        form,
        resolve,
        title=f"Settle {part.reference}",
        label="Settle",
        says=f"Paid settles {money} out of the wallet for good; not paid lets you send it anew.",
        done=f"{part.reference} is settled.",
    )


def _form(
    request: StaffRequest,
    part: WithdrawalPart,
    form: forms.Form,
    work: Callable[[], Any],
    *,
    title: str,
    label: str,
    says: str,
    done: str,
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                work()
        except DomainError as error:
            money_forms.show_error(form, error)
        else:
            messages.success(request, done)
            return redirect(_back(part))
    context = {
        "client": part.withdrawal.client,
        "form": form,
        "title": title,
        "label": label,
        "says": says,
        "danger": True,
        "back_url": _back(part),
    }
    return render(request, "payments/form.html", context, status=422 if form.errors else 200)
