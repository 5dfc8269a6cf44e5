"""Payouts: the queue, one payout with its decision, and proposing one."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError, StateConflict
from backoffice.core.money import Money
from backoffice.portal.actions import Button
from backoffice.portal.decisions import decided, decision_response, describe, refused
from backoffice.portal.lists import list_response
from backoffice.portal.once import once
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow.approvals import approval_vote, pending_for, why_not
from backoffice.workflow.models import Approval
from backoffice.workflow.queues import item_for, queues
from clients.views.changes import data_of
from ib import lists, selectors, services
from ib.access import partner_for, payout_for
from ib.forms import PayoutForm
from ib.models import Payout
from ib.services.payouts import QUEUE, payout_content
from ib.states import PAYOUT_COLOURS, PayoutState
from ib.views.partners import GET_POST, done, form_page, line_shown

LINES_SHOWN = 25


@describe(QUEUE)
def _describe(actor: Actor, ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, str, Any]]:
    rows = selectors.payouts_for(actor).filter(pk__in=ids)
    return {
        row.pk: (
            row.partner.name,
            f"{row.reference} · {row.lines_count:,} lines",
            Money(row.amount, row.currency),
        )
        for row in rows
    }


@require_GET
@needs("ib.view_partner")
def payout_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, lists.PAYOUTS)


@require_GET
@needs("ib.view_partner")
def payout_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    """What is asked, why it is owed, what speaks against it; then the decision."""
    actor = request.actor
    payout = payout_for(actor, pk)
    approval = pending_for(actor, payout.pk)
    lines = selectors.lines_for(actor).filter(payout=payout).order_by("-amount", "-id")
    context = {
        "title": payout.reference,
        "payout": payout,
        "amount": Money(payout.amount, payout.currency),
        "colour": PAYOUT_COLOURS[PayoutState(payout.state)],
        "checks": _checks(payout),
        "by_symbol": selectors.payout_by_symbol(payout),
        "lines": [line_shown(line) for line in lines[:LINES_SHOWN]],
        "approval": approval,
        "why_not": why_not(actor, approval) if approval else "",
        "events": timeline(actor, payout.pk),
    }
    return decision_response(
        request,
        queue=queues[QUEUE],
        subject_id=payout.pk,
        template="ib/payout.html",
        context=context,
        actions=_actions(actor, payout, approval),
    )


def _checks(payout: Payout) -> list[dict[str, Any]]:
    content = payout_content(payout)
    taken_back = content["lines_taken_back_since"]
    restricted = selectors.payout_stop(payout.partner)
    return [
        {
            "colour": "good" if content["partner_active"] else "bad",
            "title": "Partner active",
            "note": payout.partner.get_state_display(),
        },
        {
            "colour": "bad" if restricted else "good",
            "title": "Client may be paid",
            "note": restricted or "no restriction",
        },
        {
            "colour": "bad" if taken_back else "good",
            "title": "Deals unchanged since",
            "note": f"{taken_back} changed: approving will send it back" if taken_back else "all",
        },
    ]


def _actions(actor: Actor, payout: Payout, approval: Approval | None) -> list[Button]:
    if approval is None:
        return []
    url = reverse("ib:payout-decide", args=[payout.pk])
    amount = Money(payout.amount, payout.currency)
    why = why_not(actor, approval)
    return [
        Button(
            f"Approve {amount}",
            url,
            key="a",
            kind="primary",
            icon="check",
            fields={"decision": "approve"},
            why_not=why,
            confirm=f"Pay {amount} to the wallet of {payout.partner.name} now?",
        )
    ]


@require_POST
@needs("ib.approve_payout")
def payout_decide(request: StaffRequest, pk: UUID) -> HttpResponse:
    """One person's word. The last one needed pays, in the same transaction."""
    actor = request.actor
    payout = payout_for(actor, pk)
    page = reverse("ib:payout", args=[payout.pk])
    approval = pending_for(actor, payout.pk)
    before = item_for(actor, QUEUE, payout.pk)
    approves = request.POST.get("decision") == "approve"
    try:
        if approval is None:
            raise StateConflict(f"{payout.reference} is decided already. Nothing was done.")
        voted = approval_vote(
            actor=actor,
            approval=approval,
            approves=approves,
            reason=request.POST.get("reason", "").strip()[:300],
        )
    except DomainError as error:
        return refused(request, error, page)
    return decided(
        request, queue=queues[QUEUE], before=before, sentence=_said(payout_for(actor, pk), voted)
    )


def _said(payout: Payout, approval: Approval) -> str:
    if approval.state == Approval.State.APPROVED:
        return f"{payout.reference} is paid: {Money(payout.amount, payout.currency)}."
    if approval.state == Approval.State.STALE:
        return f"{payout.reference} had changed since it was proposed; nothing was paid."
    if approval.state == Approval.State.REFUSED:
        return f"{payout.reference} is refused; its lines are unpaid again."
    return f"{payout.reference} needs one more approval."


@GET_POST
@needs("ib.propose_payout")
@once
def payout_new(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Collect a partner's unpaid lines and ask a colleague."""
    partner = partner_for(request.actor, pk)
    unpaid = selectors.unpaid_of(request.actor, partner)
    form = PayoutForm([line.currency for line in unpaid], data_of(request))
    made: list[Payout] = []

    def work() -> None:
        values = form.cleaned_data
        made.append(
            services.payout_propose(
                actor=request.actor,
                partner=partner,
                currency=values["currency"],
                until=values["until"],
                minimum=values["minimum"] or Decimal(0),
            )
        )

    if done(request, form, work):
        return redirect("ib:payout", pk=made[0].pk)
    return form_page(
        request,
        form,
        title=f"Payout to {partner.name}",
        label="Propose",
        back=reverse("ib:partner", args=[partner.pk]),
        template="ib/payout_new.html",
        partner=partner,
        unpaid=unpaid,
    )
