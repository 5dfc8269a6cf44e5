"""Partners: the list, a partner's page, moves, and one commission line explained."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from backoffice.core.context import Actor
from backoffice.core.money import Money
from backoffice.portal.actions import Button
from backoffice.portal.lists import list_response
from backoffice.portal.once import once
from backoffice.portal.timeline import Event, timeline
from backoffice.staff.access import StaffRequest, needs
from clients.access import client_for
from clients.views.changes import data_of, tried
from ib import lists, selectors, services
from ib.access import line_for, partner_for
from ib.forms import AssignForm, AttributeForm, MoveForm, NewPartnerForm, ReasonForm
from ib.models import Partner
from ib.states import (
    LINE_COLOURS,
    PARTNER,
    PARTNER_COLOURS,
    PAYOUT_COLOURS,
    PartnerState,
    PayoutState,
)

UNPROCESSABLE = 422
LINES_SHOWN = 15
PAYOUTS_SHOWN = 6
CLIENTS_SHOWN = 12
EVENTS_SHOWN = 20
GET_POST = require_http_methods(["GET", "POST"])
VERBS = {
    PartnerState.ACTIVE: "Activate",
    PartnerState.SUSPENDED: "Suspend",
    PartnerState.CLOSED: "Close",
}


@require_GET
@needs("ib.view_partner")
def partner_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, lists.PARTNERS)


@require_GET
@needs("ib.view_partner")
def line_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, lists.LINES)


@require_GET
@needs("ib.view_partner")
def partner_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    actor = request.actor
    partner = partner_for(actor, pk)
    lines = selectors.lines_for(actor).filter(partner=partner).order_by("-id")
    clients = selectors.clients_of(actor, partner)
    context = {
        "partner": partner,
        "state_colour": PARTNER_COLOURS[PartnerState(partner.state)],
        "placement": selectors.parent_of(partner),
        "buttons": _buttons(actor, partner),
        "stats": _stats(actor, partner),
        "tree": selectors.tree(actor, partner),
        "agreements": selectors.agreements_of(partner),
        "placements": selectors.placements_of(partner),
        "clients": clients[:CLIENTS_SHOWN],
        "client_count": clients.count(),
        "lines": [line_shown(line) for line in lines[:LINES_SHOWN]],
        "lines_url": f"{reverse('ib:lines')}?partner={partner.reference}",
        "payouts": [
            {
                "row": payout,
                "colour": PAYOUT_COLOURS[PayoutState(payout.state)],
                "amount": Money(payout.amount, payout.currency),
            }
            for payout in partner.payouts.order_by("-id")[:PAYOUTS_SHOWN]
        ],
        "events": timeline(
            actor, partner.pk, others=_clients_put(actor, partner), most=EVENTS_SHOWN
        ),
    }
    return render(request, "ib/partner.html", context)


def _clients_put(actor: Actor, partner: Partner) -> list[Event]:
    """Who put clients under a partner: the entries of the trail are the clients' own."""
    rows = selectors.clients_of(actor, partner).order_by("-id")[:EVENTS_SHOWN]
    return [
        Event(
            moment=row.set_at,
            text=f"Put {row.client.reference} under it",
            actor=row.set_by,
            note=row.reason,
            url=reverse("clients:client", args=[row.client_id]),
        )
        for row in rows
    ]


def line_shown(line: Any) -> dict[str, Any]:
    return {
        "row": line,
        "amount": lists.line_amount(line),
        "colour": LINE_COLOURS[line.state],
        "reason": lists.reason_text(line),
        "url": reverse("ib:line", args=[line.pk]),
    }


def _stats(actor: Actor, partner: Partner) -> list[dict[str, Any]]:
    figures = selectors.figures_of(actor, [partner.pk])[partner.pk]
    stats: list[dict[str, Any]] = [
        {
            "name": "Lots of own clients",
            "value": figures.lots_own.normalize(),
            "note": "last 30 days",
        },
        {
            "name": "Lots from below",
            "value": figures.lots_below.normalize(),
            "note": "last 30 days",
        },
    ]
    for money in figures.earned:
        stats.append(
            {
                "name": "Earned",
                "value": money,
                "note": "last 30 days",
                "series": selectors.daily(actor, partner, money.currency),
                "series_label": "Commission per day over the last 30 days",
            }
        )
    for unpaid in selectors.unpaid_of(actor, partner):
        stats.append({"name": "Unpaid", "value": unpaid.money, "note": f"{unpaid.lines:,} lines"})
    for owed in selectors.owed_to(actor, partner):
        stats.append({"name": "Owed in the books", "value": owed, "note": "booked every night"})
    return stats


def _buttons(actor: Actor, partner: Partner) -> list[Button]:
    found: list[Button] = []
    closed = "The partner is closed." if partner.state == PartnerState.CLOSED else ""
    if actor.can("ib.propose_payout"):
        idle = "" if partner.state == PartnerState.ACTIVE else "Only active partners are paid."
        url = reverse("ib:payout-new", args=[partner.pk])
        found.append(
            Button("Propose payout", url, "p", "primary", "cash", method="get", why_not=idle)
        )
    if actor.can("ib.change_partner"):
        found += [
            _button("Move", "ib:move", partner, "arrows-exchange", closed, key="m"),
            _button("Add client", "ib:client-add", partner, "user-plus", closed),
            _button("Agreement", "ib:assign", partner, "certificate", closed),
        ]
        for state, label in VERBS.items():
            if PARTNER.allows(partner.state, state):
                url = reverse("ib:state", args=[partner.pk, state.value])
                kind = "danger" if state == PartnerState.CLOSED else ""
                found.append(Button(label, url, kind=kind, method="get"))
    return found


def _button(
    label: str, name: str, partner: Partner, icon: str, why_not: str, key: str = ""
) -> Button:
    url = reverse(name, args=[partner.pk])
    return Button(label, url, key=key, icon=icon, method="get", why_not=why_not)


# Changes


def form_page(
    request: StaffRequest,
    form: forms.Form,
    *,
    title: str,
    label: str,
    back: str,
    says: str = "",
    template: str = "ib/form.html",
    **more: Any,
) -> HttpResponse:
    """A page with one form; 422 when what was sent was refused."""
    context = {
        "form": form,
        "title": title,
        "label": label,
        "back_url": back,
        "says": says,
        **more,
    }
    return render(request, template, context, status=UNPROCESSABLE if form.errors else 200)


def done(request: StaffRequest, form: forms.Form, work: Callable[[], Any]) -> bool:
    return request.method == "POST" and tried(form, work)


@GET_POST
@needs("ib.change_partner")
@once
def partner_new(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Make a client a partner. ``pk`` is the client's."""
    client = client_for(request.actor, pk)
    form = NewPartnerForm(request.actor, data_of(request))
    made: list[Partner] = []

    def work() -> None:
        values = form.cleaned_data
        made.append(
            services.partner_create(
                actor=request.actor,
                client=client,
                parent=values["parent"],
                agreement=values["agreement"],
            )
        )

    if done(request, form, work):
        messages.success(request, f"{client.name} is {made[0].reference} now.")
        return redirect("ib:partner", pk=made[0].pk)
    return form_page(
        request,
        form,
        title=f"Make {client.name} a partner",
        label="Make a partner",
        back=reverse("clients:client", args=[client.pk]),
    )


@GET_POST
@needs("ib.change_partner")
def partner_move(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Put a partner under another one: what goes along and who loses what stands beside it."""
    partner = partner_for(request.actor, pk)
    form = MoveForm(request.actor, data_of(request))
    back = reverse("ib:partner", args=[partner.pk])

    def work() -> None:
        values = form.cleaned_data
        services.partner_place(
            actor=request.actor,
            partner=partner,
            parent=values["parent"],
            from_at=values["from_at"],
            reason=values["reason"],
        )

    if done(request, form, work):
        messages.success(request, f"{partner.reference} is moved. Its history stays as it was.")
        return redirect(back)
    return form_page(
        request,
        form,
        title=f"Move {partner.name}",
        label="Move",
        back=back,
        template="ib/move.html",
        partner=partner,
        placement=selectors.parent_of(partner),
        moving=selectors.moving(request.actor, partner),
    )


@GET_POST
@needs("ib.change_partner")
def partner_state(request: StaffRequest, pk: UUID, state: str) -> HttpResponse:
    """Activate, suspend or close, with a reason."""
    partner = partner_for(request.actor, pk)
    if state not in VERBS:
        raise Http404
    target = PartnerState(state)
    form = ReasonForm(data_of(request))
    back = reverse("ib:partner", args=[partner.pk])

    def work() -> None:
        services.partner_move(
            actor=request.actor,
            partner=partner,
            state=target,
            reason=form.cleaned_data["reason"],
        )

    if done(request, form, work):
        messages.success(request, f"{partner.reference} is {target.label.lower()}.")
        return redirect(back)
    said = "From now on the partner earns nothing; what is earned stays unpaid until it is paid."
    return form_page(
        request,
        form,
        title=f"{VERBS[target]} {partner.name}",
        label=VERBS[target],
        back=back,
        says="" if target == PartnerState.ACTIVE else said,
        danger=target == PartnerState.CLOSED,
    )


@GET_POST
@needs("ib.change_partner")
@once
def client_add(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Say that a client came through this partner."""
    partner = partner_for(request.actor, pk)
    initial = {"client": request.GET.get("client", "")}
    form = AttributeForm(request.actor, data_of(request), initial=initial)
    back = reverse("ib:partner", args=[partner.pk])

    def work() -> None:
        services.client_attribute(actor=request.actor, partner=partner, **form.cleaned_data)

    if done(request, form, work):
        name = form.cleaned_data["client"].name
        messages.success(request, f"{name} is with {partner.reference}.")
        return redirect(back)
    return form_page(
        request,
        form,
        title=f"Add a client to {partner.name}",
        label="Add the client",
        back=back,
        says="Trades from then on are this partner's. Reaching back is possible while no"
        " commission was reckoned for them.",
    )


@GET_POST
@needs("ib.change_partner")
@once
def agreement_assign(request: StaffRequest, pk: UUID) -> HttpResponse:
    """By which agreement the partner earns."""
    partner = partner_for(request.actor, pk)
    form = AssignForm(request.actor, data_of(request))
    back = reverse("ib:partner", args=[partner.pk])

    def work() -> None:
        services.agreement_assign(actor=request.actor, partner=partner, **form.cleaned_data)

    if done(request, form, work):
        agreement = form.cleaned_data["agreement"]
        messages.success(request, f"{partner.reference} earns by {agreement}.")
        return redirect(back)
    return form_page(
        request,
        form,
        title=f"Agreement of {partner.name}",
        label="Give the agreement",
        back=back,
        says="Reaching back, unpaid commissions since then are reckoned anew; paid ones stay.",
    )


# One line


@require_GET
@needs("ib.view_partner")
def line_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Why a line says what it says: trade, lots, version, rate, tree."""
    line = line_for(request.actor, pk)
    context = {
        **line_shown(line),
        "line": line,
        "steps": selectors.steps_of(request.actor, line),
        "siblings": [line_shown(row) for row in selectors.lines_of_deal(request.actor, line)],
        "client_seen": request.actor.sees_desk(line.client.desk_id),
    }
    return render(request, "ib/line.html", context)
