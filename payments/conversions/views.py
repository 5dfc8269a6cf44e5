"""The list and the page of conversions, the form that makes an offer, and what is done with it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_POST

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.core.money import Money
from backoffice.portal.actions import Button
from backoffice.portal.decisions import refused
from backoffice.portal.lists import list_response
from backoffice.portal.once import once
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow.approvals import pending_for
from clients.access import client_for
from clients.models import Client
from payments import selectors
from payments.conversion_states import CONVERSION, CONVERSION_COLOURS, ConversionState
from payments.conversions import access, lists, quotes, services
from payments.conversions.books import get_of, give_of
from payments.conversions.forms import ConversionForm
from payments.conversions.rules import rate_text
from payments.conversions.services import ASK
from payments.forms import ReasonForm
from payments.models import Conversion, Transfer
from payments.states import TRANSFER_COLOURS, TransferState
from payments.views.decide import GET_POST, data, tried
from payments.views.pages import journal_rows

VIEW = lists.VIEW
Row = dict[str, Any]
SAYS = (
    "You see the rate before anything moves, and it stands for {stands}. Nothing is booked or held"
    " until it is accepted."
)


@require_GET
@needs(VIEW)
def conversion_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, lists.CONVERSIONS)


@GET_POST
@needs(ASK)
@once
def conversion_new(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Ask for an offer; its page shows the rate."""
    client = client_for(request.actor, pk)
    book = quotes.book()
    wallets = _wallets(request.actor, client, book.currencies)
    initial = {"to": next((code for code in book.currencies if code != wallets[0][0]), None)}
    form = ConversionForm(client, wallets, book.currencies, data(request), initial=initial)
    made: list[Conversion] = []

    def offer() -> None:
        values = form.cleaned_data
        made.append(
            services.conversion_offer(
                actor=request.actor,
                client=client,
                give=values["money"],
                currency=values["to"],
                account=values["account"],
            )
        )

    if request.method == "POST" and tried(form, offer):
        return redirect("payments:conversion", pk=made[0].pk)
    context = {
        "client": client,
        "form": form,
        "title": "Exchange",
        "label": "Show the rate",
        "says": SAYS.format(stands=quotes.age_words(book.policy.offer_s)),
        "back_url": reverse("clients:tab", args=[client.pk, "money"]),
    }
    return render(request, "payments/form.html", context, status=422 if form.errors else 200)


def _wallets(actor: Actor, client: Client, currencies: Sequence[str]) -> list[tuple[str, str]]:
    """Those that hold something first, with what is available."""
    found = selectors.wallets(actor, client)
    holding = {
        row.posted.currency: f"{row.available} available" for row in found if row.available.minor
    }
    return list((holding | {code: holding.get(code, code) for code in currencies}).items())


@require_GET
@needs(VIEW)
def conversion_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    actor, row = request.actor, access.conversion_for(request.actor, pk)
    context = {
        "row": row,
        "client": row.client,
        "give": give_of(row),
        "get": get_of(row),
        "colour": CONVERSION_COLOURS[ConversionState(row.state)],
        "stands": row.state == ConversionState.OFFERED and not _is_over(row),
        "over": _is_over(row),
        "follows": row.state not in CONVERSION.final,
        "approval": pending_for(actor, row.pk, services.KIND),
        "facts": _facts(row),
        "made_of": _made_of(row),
        "transfer": _transfer(row.transfer, get_of(row)) if row.transfer else None,
        "wallets": selectors.wallet_rows(actor, row.client),
        "actions": _buttons(actor, row),
        "journals": journal_rows(actor, row.reference),
        "events": timeline(actor, row.pk),
    }
    return render(request, "payments/conversion.html", context)


def _is_over(row: Conversion) -> bool:
    late = row.state == ConversionState.OFFERED and now() >= row.expires_at
    return late or row.state == ConversionState.EXPIRED


def _facts(row: Conversion) -> list[Row]:
    one = f"1 {row.give_currency} = "
    pairs = [
        ("Gives", give_of(row)),
        ("Gets", get_of(row)),
        ("Client's rate", f"{one}{rate_text(row.client_rate)} {row.get_currency}"),
        ("Mid", f"{one}{rate_text(row.mid)} {row.get_currency}"),
        ("Spread", row.spread),
        ("Of it earned", Money(row.spread_amount, row.get_currency)),
        ("Then to", str(row.account.login) if row.account else "stays in the wallet"),
        ("Offered by", row.asked_by),
        ("Offered at", row.created_at),
        ("Stands until", row.expires_at),
        ("Ended by", row.decided_by),
        ("Ended at", row.decided_at),
    ]
    return [{"label": label, "value": value, "url": ""} for label, value in pairs if value]


def _made_of(row: Conversion) -> list[dict[str, str | datetime | None]]:
    """The quotes that the mid was made of, as they were."""
    return [{**quote, "at": parse_datetime(quote["at"])} for quote in row.quotes]


def _transfer(row: Transfer, get: Money) -> Row:
    """The second fact of the request, and where the money is if it did not arrive."""
    state = TransferState(row.state)
    note = ""
    if state in (TransferState.RETURNED, TransferState.REFUSED):
        note = f"The account did not take it: {get} is in the wallet."
    return {
        "reference": row.reference,
        "url": reverse("payments:transfer", args=[row.pk]),
        "colour": TRANSFER_COLOURS[state],
        "state": row.get_state_display(),
        "note": note,
    }


def _buttons(actor: Actor, row: Conversion) -> Sequence[Button]:
    if not actor.can(ASK):
        return ()

    def url(verb: str) -> str:
        return reverse(f"payments:conversion-{verb}", args=[row.pk])

    if _is_over(row):
        return (Button("A fresh offer", url("again"), kind="primary", icon="refresh"),)
    decline = Button("Decline", url("cancel"), method="get")
    if row.state == ConversionState.OFFERED:
        label = f"Exchange {give_of(row)} into {get_of(row)}"
        return (Button(label, url("accept"), kind="primary", key="a"), decline)
    if row.state == ConversionState.WAITING:
        return (Button("Cancel", url("cancel"), method="get"),)
    return ()


@require_POST
@needs(ASK)
def conversion_accept(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.conversion_for(request.actor, pk)
    back = reverse("payments:conversion", args=[row.pk])
    try:
        with transaction.atomic():
            done = services.conversion_accept(actor=request.actor, conversion=row)
    except DomainError as error:
        return refused(request, error, back)
    if done.state == ConversionState.WAITING:
        messages.success(request, f"{done.reference} waits for a colleague's approval.")
    else:
        messages.success(request, f"Exchanged {services.said(done)}.")
    return redirect(back)


@require_POST
@needs(ASK)
def conversion_again(request: StaffRequest, pk: UUID) -> HttpResponse:
    """The same once more, at the price now."""
    row = access.conversion_for(request.actor, pk)
    try:
        with transaction.atomic():
            fresh = services.conversion_offer(
                actor=request.actor,
                client=row.client,
                give=give_of(row),
                currency=row.get_currency,
                account=row.account,
            )
    except DomainError as error:
        return refused(request, error, reverse("payments:conversion", args=[row.pk]))
    return redirect("payments:conversion", pk=fresh.pk)


@GET_POST
@needs(ASK)
def conversion_cancel(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Decline an offer, or take one back that waits."""
    row = access.conversion_for(request.actor, pk)
    form, back = ReasonForm(data(request)), reverse("payments:conversion", args=[row.pk])

    def cancel() -> None:
        services.conversion_cancel(
            actor=request.actor, conversion=row, reason=form.cleaned_data["reason"]
        )

    if request.method == "POST" and tried(form, cancel):
        messages.success(request, f"{row.reference} is cancelled. Nothing was exchanged.")
        return redirect(back)
    context = {
        "client": row.client,
        "form": form,
        "title": f"Cancel {row.reference}",
        "label": "Cancel it",
        "says": "Nothing is exchanged.",
        "danger": True,
        "back_url": back,
    }
    return render(request, "payments/form.html", context, status=422 if form.errors else 200)
