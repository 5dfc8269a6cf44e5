"""The decision pages of the queues, and the verbs behind their buttons."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.core.clock import now
from backoffice.core.columns import narrowed
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.core.money import Money
from backoffice.portal.actions import Button
from backoffice.portal.decisions import decided, decision_response, describe, refused
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow import outbox
from backoffice.workflow import queues as work
from backoffice.workflow.approvals import pending_for, why_not
from backoffice.workflow.models import Approval
from backoffice.workflow.queues import Queue, item_for
from clients.models import Client
from clients.services import note_add
from payments import access, books, evaluation, lists, queues, rules, watch
from payments import forms as money_forms
from payments.automatic import decisions
from payments.chargebacks.lists import badge as chargeback_badge
from payments.holds import standing
from payments.methods.facts import fee_fact, limit_facts
from payments.methods.selectors import limits_of
from payments.models import Deposit, PaymentHold, WebhookMessage, Withdrawal
from payments.reasons import REJECTIONS
from payments.selectors import Flow, history, wallet_rows
from payments.services import holds, parts, payouts, withdrawals
from payments.services.withdrawals import KIND
from payments.sources import Plan, plan_of
from payments.states import WITHDRAWAL_COLOURS, WithdrawalState
from payments.views.parts import part_lines
from trading.selectors import accounts_now

WORK = "payments.work_payment"
GET_POST = require_http_methods(["GET", "POST"])
STEPS = {
    "payments.approve_withdrawal": "one who approves withdrawals",
    "payments.approve_large_withdrawal": "one who approves large withdrawals",
}


@describe("withdrawals")
def _withdrawals(actor: Actor, ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, str, Any]]:
    rows = narrowed(
        access.withdrawals_for(actor).filter(pk__in=ids),
        ("reference", "amount", "currency"),
        client=Client.NAMED,
        destination=("label",),
    )
    return {
        row.pk: (
            f"{row.client.reference} {row.client.name}",
            f"{row.reference} · {row.destination.label}",
            Money(row.amount, row.currency),
        )
        for row in rows
    }


# Withdrawals


@require_GET
@needs(WORK)
def withdrawal_decide(request: StaffRequest, pk: UUID) -> HttpResponse:
    actor = request.actor
    row = access.withdrawal_for(actor, pk)
    approval = pending_for(actor, row.pk, KIND)
    found = plan_of(row)
    held, limits = holds_on(actor, row), limits_of(row)
    checks = evaluation.checks(actor, row, found, held["rows"], limits)
    lines = part_lines(actor, row)
    events = timeline(actor, row.pk, row.destination_id, *(line["row"].pk for line in lines))
    context = {
        "title": row.reference,
        "row": row,
        "client": row.client,
        "colour": WITHDRAWAL_COLOURS[WithdrawalState(row.state)],
        "amount": Money(row.amount, row.currency),
        "checks": checks,
        "wallets": wallet_rows(actor, row.client, Money(row.amount, row.currency), row),
        "known": _known(row.client),
        "method": [fee_fact(books.fee_of(row)), *limit_facts(row, limits)],
        "accounts": accounts_now(row.client_id) if actor.can("trading.view_account") else None,
        "history": [_flow(flow) for flow in history(row.client, row)],
        "plan": found,
        "said": _said(row, checks, found, approval),
        "parts": lines,
        "approval": _approval(approval, row),
        "holds": held,
        "messages_about": contradictions(actor, row.pk),
        "events": events,
        "since": watch.since(actor, row.pk, row.state, events),
    }
    return decision_response(
        request,
        queue=queues.WITHDRAWALS,
        subject_id=row.pk,
        template="payments/withdrawal_decide.html",
        context=context,
        actions=_withdrawal_actions(actor, row, approval, checks),
    )


def _known(client: Client) -> list[dict[str, Any]]:
    """Who it is, for a decision; nothing of it costs a query."""
    band = client.get_risk_band_display()
    risk = band if client.risk_score is None else f"{band}, score {client.risk_score}"
    exposed = ["politically exposed"] if client.politically_exposed else []
    return [
        {"label": "Client since", "value": client.created_at},
        {"label": "Country", "value": client.residence},
        {"label": "Category", "value": client.get_category_display()},
        {"label": "KYC level", "value": client.level},
        {"label": "Risk", "value": ", ".join([risk, *exposed])},
    ]


_BADGES: Mapping[str, Callable[[str], Any]] = {
    "deposit": lists.deposit_badge,
    "withdrawal": lists.withdrawal_badge,
    "chargeback": chargeback_badge,
}


def _flow(flow: Flow) -> dict[str, Any]:
    url = reverse(f"payments:{flow.kind}", args=[flow.pk])
    return {"flow": flow, "url": url, "badge": _BADGES[flow.kind](flow.state)}


def _said(
    row: Withdrawal, checks: Sequence[rules.Check], found: Plan, approval: Approval | None
) -> dict[str, Any] | None:
    """What the rules say: of one that waits as things stand, of any other as they stood."""
    if row.state != WithdrawalState.REVIEW:
        return decisions.said_then(row)
    steps = approval.steps if approval else None
    return decisions.said(decisions.judge(row, checks, found.policy, steps))


def holds_on(actor: Actor, row: Deposit | Withdrawal) -> dict[str, Any]:
    """Who may know why reads it; everyone else reads that it is held."""
    knows = actor.can(holds.RIGHT)
    return {"rows": standing(row), "knows": knows}


def contradictions(actor: Actor, pk: UUID) -> list[WebhookMessage]:
    rows = WebhookMessage.objects.filter(
        tenant_id=actor.tenant_id, subject_id=pk, state=WebhookMessage.State.REFUSED
    )
    return list(rows.order_by("-id")[:5])


def _approval(approval: Approval | None, row: Withdrawal) -> dict[str, Any] | None:
    if approval is None:
        return None
    votes = list(approval.votes.all())
    taken = {vote.step for vote in votes}
    return {
        "row": approval,
        "votes": votes,
        "missing": [
            STEPS.get(step, step) for index, step in enumerate(approval.steps) if index not in taken
        ],
        "changed": [
            {"name": name, "was": old, "now": new}
            for name, (old, new) in row.decision.get("changed", {}).items()
        ],
    }


def _withdrawal_actions(
    actor: Actor, row: Withdrawal, approval: Approval | None, checks: Sequence[rules.Check]
) -> list[Button]:
    amount = Money(row.amount, row.currency)
    waits = row.state == WithdrawalState.REVIEW
    state_why = "" if waits else f"It is {row.get_state_display().lower()}."
    stop = next((check for check in rules.worst(checks) if check.stops), None)
    why = state_why or (why_not(actor, approval) if approval else "Nothing is asked for.")
    if not why and stop is not None:
        why = f"{stop.title}: {stop.note}."
    seen = str(approval.pk) if approval else ""

    def url(verb: str) -> str:
        return reverse(f"payments:withdrawal-{verb}", args=[row.pk])

    may_reject = actor.can("payments.approve_withdrawal")
    reject_why = state_why or ("" if may_reject else "You don't hold the right to reject.")
    hold_why = "" if actor.can(holds.RIGHT) else "Compliance holds payments; ask them."
    if row.state not in holds.STOPPABLE and not hold_why:
        hold_why = state_why
    edit_why = state_why or (
        "" if actor.can("payments.request_withdrawal") else "You don't hold the right to change it."
    )
    buttons = [
        Button(
            f"Approve {amount}",
            url("approve"),
            key="a",
            kind="primary",
            why_not=why,
            fields={"approval": seen},
        ),
        Button("Reject", url("reject"), key="r", kind="danger", method="get", why_not=reject_why),
        Button("Ask client", url("ask"), key="q", method="get", why_not=state_why),
        Button("Hold", url("hold"), key="h", method="get", why_not=hold_why),
        Button("Change", url("edit"), key="e", method="get", why_not=edit_why),
    ]
    if row.state in (WithdrawalState.PAYING, WithdrawalState.PART_FAILED):
        return [Button("Ask the gateways", url("look"), key="a", kind="primary", icon="refresh")]
    if row.state == WithdrawalState.APPROVED:
        return [
            Button("Send it now", url("look"), key="a", kind="primary", icon="refresh"),
            Button("Hold", url("hold"), key="h", method="get", why_not=hold_why),
        ]
    if row.state in payouts.OUT:
        may = actor.can("payments.resolve_unknown")
        buttons = [
            Button("Ask the gateway", url("look"), key="a", kind="primary", icon="refresh"),
            Button(
                "Settle with proof",
                url("resolve"),
                key="r",
                method="get",
                why_not="" if may else "You don't hold the right to settle it.",
            ),
        ]
    return buttons


@require_POST
@needs(WORK)
def withdrawal_approve(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.withdrawal_for(request.actor, pk)
    before = item_for(request.actor, queues.WITHDRAWALS.code, row.pk)
    try:
        with transaction.atomic():
            done = withdrawals.withdrawal_approve(
                actor=request.actor,
                withdrawal=row,
                approval_id=request.POST.get("approval", ""),
            )
    except DomainError as error:
        return refused(request, error, queues.WITHDRAWALS.url(row.pk))
    second = done.state == WithdrawalState.REVIEW
    sentence = (
        f"{row.reference}: your approval is noted; a second person decides."
        if second
        else f"{row.reference} is approved and goes out."
    )
    return decided(request, queue=queues.WITHDRAWALS, before=before, sentence=sentence)


def form_of(
    request: StaffRequest,
    row: Any,
    form: forms.Form,
    *,
    title: str,
    label: str,
    back: str,
    says: str = "",
    danger: bool = False,
    reasons: Sequence[Any] = (),
) -> HttpResponse:
    context = {
        "row": row,
        "client": row.client,
        "form": form,
        "title": title,
        "label": label,
        "back_url": back,
        "says": says,
        "danger": danger,
        "reasons": reasons,
    }
    return render(request, "payments/form.html", context, status=422 if form.errors else 200)


def tried(form: forms.Form, work: Callable[[], Any]) -> bool:
    """Whether the form is valid and the service took it; a refusal stands on the form."""
    if not form.is_valid():
        return False
    try:
        with transaction.atomic():
            work()
    except DomainError as error:
        money_forms.show_error(form, error)
        return False
    return True


def data(request: StaffRequest) -> Any:
    return request.POST if request.method == "POST" else None


def next_of(request: StaffRequest, queue: Queue, before: Any, sentence: str) -> HttpResponse:
    return decided(request, queue=queue, before=before, sentence=sentence)


@GET_POST
@needs(WORK)
def withdrawal_reject(request: StaffRequest, pk: UUID) -> HttpResponse:
    actor = request.actor
    row = access.withdrawal_for(actor, pk)
    before = item_for(actor, queues.WITHDRAWALS.code, row.pk)
    form = money_forms.RejectForm(data(request))

    def reject() -> None:
        withdrawals.withdrawal_reject(
            actor=actor,
            withdrawal=row,
            reason_code=form.cleaned_data["reason"],
            note=form.cleaned_data["note"],
        )

    if request.method == "POST" and tried(form, reject):
        return next_of(request, queues.WITHDRAWALS, before, f"{row.reference} is rejected.")
    amount = Money(row.amount, row.currency)
    context = {
        "row": row,
        "client": row.client,
        "form": form,
        "title": f"Reject {row.reference}",
        "label": f"Reject {amount}",
        "says": f"{amount} is free again in the wallet of {row.client.name}.",
        "back_url": queues.WITHDRAWALS.url(row.pk),
        "reasons": REJECTIONS.values(),
        "danger": True,
        "picker_only": True,
    }
    return render(request, "payments/form.html", context, status=422 if form.errors else 200)


@GET_POST
@needs("payments.request_withdrawal")
def withdrawal_edit(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.withdrawal_for(request.actor, pk)
    approval = pending_for(request.actor, row.pk, KIND)
    initial = {
        "amount": Money(row.amount, row.currency).amount,
        "currency": row.currency,
        "destination": row.destination_id,
        "waived": row.source_waived,
        "key": str(approval.pk) if approval else "",
    }
    form = money_forms.EditForm(row.client, data(request), initial=initial)

    def edit() -> None:
        withdrawals.withdrawal_edit(
            actor=request.actor,
            withdrawal=row,
            money=form.cleaned_data["money"],
            destination=form.cleaned_data["destination"],
            waived=form.cleaned_data["waived"],
            approval_id=form.cleaned_data["key"],
        )

    back = queues.WITHDRAWALS.url(row.pk)
    if request.method == "POST" and tried(form, edit):
        messages.success(request, f"{row.reference} is changed; approvals begin anew.")
        return redirect(back)
    says = "Approvals given so far lapse, and you will not approve it yourself."
    return form_of(
        request, row, form, title=f"Change {row.reference}", label="Change", back=back, says=says
    )


@GET_POST
@needs("payments.request_withdrawal")
def withdrawal_cancel(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.withdrawal_for(request.actor, pk)
    form = money_forms.ReasonForm(data(request))

    def cancel() -> None:
        withdrawals.withdrawal_cancel(
            actor=request.actor, withdrawal=row, reason=form.cleaned_data["reason"]
        )

    back = reverse("payments:withdrawal", args=[row.pk])
    if request.method == "POST" and tried(form, cancel):
        messages.success(request, f"{row.reference} is cancelled.")
        return redirect(back)
    says = f"{Money(row.amount, row.currency)} is free again in the wallet."
    title = f"Cancel {row.reference}"
    return form_of(
        request, row, form, title=title, label="Cancel it", back=back, says=says, danger=True
    )


def _write_to(row: Withdrawal, text: str) -> None:
    """By the message that the brokerage words itself; operations sends it."""
    outbox.put(
        "operations.notify",
        subject_id=row.client_id,
        payload={
            "to": f"client:{row.client_id}",
            "template": "payments.info_requested",
            "language": row.client.language,
            "reference": row.reference,
            "text": text,
        },
    )


@GET_POST
@needs(WORK)
def withdrawal_ask(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Ask the client by message and note it (the note alone for who must not be contacted); the
    item comes back when the answer should be here."""
    actor = request.actor
    row = access.withdrawal_for(actor, pk)
    item = item_for(actor, queues.WITHDRAWALS.code, row.pk)
    form = money_forms.AskForm(data(request))

    def ask() -> None:
        text = form.cleaned_data["text"]
        note_add(actor=actor, client=row.client, text=f"{row.reference}, asked: {text}")
        if not row.client.do_not_contact:
            _write_to(row, text)
        if item is not None:
            until = now() + timedelta(hours=form.cleaned_data["hours"])
            work.item_snooze(actor=actor, item=item, until=until, reason=f"Asked: {text}"[:200])

    if request.method == "POST" and tried(form, ask):
        return next_of(request, queues.WITHDRAWALS, item, f"{row.reference} waits for the client.")
    return form_of(
        request,
        row,
        form,
        title=f"Ask {row.client.name}",
        label="Ask",
        back=queues.WITHDRAWALS.url(row.pk),
    )


@GET_POST
@needs("payments.hold_payment")
def withdrawal_hold(request: StaffRequest, pk: UUID) -> HttpResponse:
    return _hold(request, access.withdrawal_for(request.actor, pk), queues.WITHDRAWALS)


@GET_POST
@needs("payments.hold_payment")
def deposit_hold(request: StaffRequest, pk: UUID) -> HttpResponse:
    return _hold(request, access.deposit_for(request.actor, pk), queues.DEPOSITS)


def _hold(request: StaffRequest, row: Any, queue: Queue) -> HttpResponse:
    before = item_for(request.actor, queue.code, row.pk)
    form = money_forms.HoldForm(data(request))

    def hold() -> None:
        holds.payment_hold(actor=request.actor, payment=row, **form.cleaned_data)

    back = _page_of(row)
    if request.method == "POST" and tried(form, hold):
        if request.actor.can(queue.permission):
            return next_of(request, queue, before, f"{row.reference} is held.")
        messages.success(request, f"{row.reference} is held.")
        return redirect(back)
    return form_of(request, row, form, title=f"Hold {row.reference}", label="Hold", back=back)


def _page_of(row: Any) -> str:
    name = "withdrawal" if isinstance(row, Withdrawal) else "deposit"
    return reverse(f"payments:{name}", args=[row.pk])


@GET_POST
@needs("payments.hold_payment")
def hold_release(request: StaffRequest, pk: UUID) -> HttpResponse:
    hold: PaymentHold = access.hold_for(request.actor, pk)
    is_out = hold.subject_type == "payments.withdrawal"
    fetch: Any = access.withdrawal_for if is_out else access.deposit_for
    row = fetch(request.actor, hold.subject_id)
    form = money_forms.ReasonForm(data(request))

    def release() -> None:
        holds.payment_release(actor=request.actor, hold=hold, reason=form.cleaned_data["reason"])

    back = _page_of(row)
    if request.method == "POST" and tried(form, release):
        messages.success(request, f"{row.reference} is released to payments staff.")
        return redirect(back)
    says = f"Held because: {hold.reason}. Payments staff decide on the payment afterwards."
    title = f"Release {row.reference}"
    return form_of(request, row, form, title=title, label="Release", back=back, says=says)


@GET_POST
@needs("payments.resolve_unknown")
def withdrawal_resolve(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.withdrawal_for(request.actor, pk)
    form = money_forms.ResolveForm(data(request))

    def resolve() -> None:
        withdrawals_paid = form.cleaned_data["outcome"] == "paid"
        payouts.withdrawal_resolve(
            actor=request.actor,
            withdrawal=row,
            paid=withdrawals_paid,
            proof=form.cleaned_data["proof"],
            provider_ref=form.cleaned_data["provider_ref"],
        )

    back = reverse("payments:withdrawal", args=[row.pk])
    if request.method == "POST" and tried(form, resolve):
        messages.success(request, f"{row.reference} is settled.")
        return redirect(back)
    amount = Money(row.amount, row.currency)
    says = f"Paid settles {amount} out of the wallet for good; not paid gives it back."
    title = f"Settle {row.reference}"
    return form_of(
        request, row, form, title=title, label="Settle", back=back, says=says, danger=True
    )


@require_POST
@needs(WORK)
def withdrawal_look(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Ask the gateway now instead of at the next look."""
    row = access.withdrawal_for(request.actor, pk)
    if not parts.parts_look(actor=request.actor, withdrawal=row):
        topic = "payments.look" if row.state in payouts.OUT else "payments.submit"
        outbox.put(topic, subject_id=row.pk)
    messages.info(request, "The gateway is asked; what it says appears here.")
    return redirect(_page_of(row))
