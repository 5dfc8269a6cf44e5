"""Erasure requests and legal holds: the list, the pages, the forms."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError, InvalidInput
from backoffice.portal.actions import Button
from backoffice.portal.decisions import refused
from backoffice.portal.lists import list_response
from backoffice.portal.once import once
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow.approvals import pending_for
from clients.access import client_for
from clients.views.changes import GET_POST, data_of, form_page, tried
from privacy import actions, due, erasure, holds, letters, lists, selectors
from privacy.forms import ErasureForm, ReasonForm
from privacy.models import ErasureRequest, ErasureStep
from privacy.rules import Category, Outcome
from privacy.states import REQUEST, REQUEST_COLOURS, RequestState, StepState

VIEW, WORK, HOLD = lists.VIEW, erasure.WORK, holds.HOLD
OUTCOME_COLOURS = {
    Outcome.DELETED: "good",
    Outcome.ANONYMISED: "good",
    Outcome.RESTRICTED: "attention",
    Outcome.NEEDED: "neutral",
}
LEFT_MAX = 20


@require_GET
@needs(VIEW)
def request_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, lists.REQUESTS)


def answer_lines(answers: Any) -> list[dict[str, Any]]:
    return [
        {
            "category": Category(each.category).label,
            "outcome": Outcome(each.outcome).label,
            "colour": OUTCOME_COLOURS[Outcome(each.outcome)],
            "until": each.until,
            "basis": each.basis,
        }
        for each in answers
    ]


@require_GET
@needs(VIEW)
def request_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    """What was asked, what becomes of each category, what has gone by now."""
    actor, row = request.actor, selectors.request_for(request.actor, pk)
    steps = list(row.steps.order_by("place"))
    done = sum(step.state == StepState.DONE for step in steps)
    told = [step for step in steps if step.rows or step.state != StepState.DONE or _closes(step)]
    context = {
        "row": row,
        "client": row.client,
        "colour": REQUEST_COLOURS[RequestState(row.state)],
        "follows": row.state not in REQUEST.final,
        "approval": pending_for(actor, row.pk, erasure.KIND),
        "answers": answer_lines(erasure.answers_of(row)),
        "steps": steps,
        "told": told,
        "empty_steps": [step for step in steps if step not in told],
        "done": done,
        "facts": _facts(row),
        "left": row.left[:LEFT_MAX],
        "actions": _buttons(actor, row),
        # Each step is in the trail too; here they stand in their own table.
        "events": timeline(actor, row.pk, without=[actions.ERASURE_STEP.code]),
    }
    return render(request, "privacy/request.html", context)


def _closes(step: ErasureStep) -> bool:
    """The step that says the most by finding nothing."""
    return step.code == "look"


def _facts(row: ErasureRequest) -> list[dict[str, Any]]:
    pairs = [
        ("Asked by", row.get_source_display()),
        ("How it came", row.get_channel_display()),
        ("Received on", row.received_on),
        ("Recorded by", row.asked_by),
        ("Recorded at", row.asked_at),
        ("What was said", row.reason),
        ("Kept for longer", f"{row.longer_years} years" if row.longer_years else ""),
        ("Rules", str(row.version)),
        ("Decided by", row.decided_by),
        ("Decided at", row.decided_at),
        ("Answered at", row.done_at),
    ]
    return [{"label": label, "value": value, "url": ""} for label, value in pairs if value]


def _buttons(actor: Actor, row: ErasureRequest) -> list[Button]:
    found = []
    if row.state == RequestState.ASKED and actor.can(WORK):
        url = reverse("privacy:request-cancel", args=[row.pk])
        found.append(Button("Take back", url, method="get"))
    if row.state == RequestState.DONE:
        url = reverse("privacy:letter", args=[row.pk])
        why = "" if row.letter_sha256 else "It is being made."
        found.append(
            Button("Letter", url, icon="file-type-pdf", method="get", why_not=why, kind="primary")
        )
    return found


@GET_POST
@needs(WORK)
@once
def request_new(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Record a request; a colleague decides."""
    client = client_for(request.actor, pk)
    form = ErasureForm(data_of(request))
    made: list[ErasureRequest] = []

    def work() -> None:
        made.append(erasure.erasure_ask(actor=request.actor, client=client, **form.cleaned_data))

    if request.method == "POST" and tried(form, work):
        messages.success(request, f"{made[0].reference} waits for a colleague's decision.")
        return redirect("privacy:request", pk=made[0].pk)
    return form_page(
        request,
        form,
        client=client,
        title="Record an erasure request",
        label="Record it",
        back=reverse("clients:tab", args=[client.pk, "privacy"]),
        says="What may go and what has to stay follows from the rules, and a colleague decides on "
        "exactly that. Nothing goes before.",
    )


@GET_POST
@needs(WORK)
def request_cancel(request: StaffRequest, pk: UUID) -> HttpResponse:
    row, form = selectors.request_for(request.actor, pk), ReasonForm(data_of(request))
    back = reverse("privacy:request", args=[row.pk])

    def work() -> None:
        reason = form.cleaned_data["reason"]
        erasure.erasure_cancel(actor=request.actor, request=row, reason=reason)

    if request.method == "POST" and tried(form, work):
        messages.success(request, f"{row.reference} is taken back. Nothing was erased.")
        return redirect(back)
    title = f"Take back {row.reference}"
    return form_page(request, form, client=row.client, title=title, label="Take it back", back=back)


@require_GET
@needs(VIEW)
def letter(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = selectors.request_for(request.actor, pk)
    try:
        body = letters.opened(actor=request.actor, row=row)
    except DomainError as error:
        return refused(request, error, reverse("privacy:request", args=[row.pk]))
    answer = HttpResponse(body, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{row.reference}.pdf"'
    return answer


@require_GET
@needs(VIEW)
def due_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, lists.DUE)


@require_POST
@needs(WORK)
def due_ask(request: StaffRequest) -> HttpResponse:
    """Ask for the erasure of those chosen; a colleague decides on each."""
    back = reverse("privacy:due")
    try:
        chosen = [UUID(text) for text in request.POST.getlist("selected")]
        asked, left = due.due_ask(actor=request.actor, chosen=chosen)
    except ValueError:
        return refused(request, InvalidInput("Choose from the list."), back)
    except DomainError as error:
        return refused(request, error, back)
    if asked:
        messages.success(request, f"{asked} put before a colleague. Nothing is erased before.")
    for sentence in left:
        messages.warning(request, sentence)
    return redirect(back)


@GET_POST
@needs(HOLD)
@once
def hold_new(request: StaffRequest, pk: UUID) -> HttpResponse:
    client, form = client_for(request.actor, pk), ReasonForm(data_of(request))
    back = reverse("clients:tab", args=[client.pk, "privacy"])

    def work() -> None:
        reason = form.cleaned_data["reason"]
        holds.hold_place(actor=request.actor, client=client, reason=reason)

    if request.method == "POST" and tried(form, work):
        messages.success(request, "The hold stands. Nothing of this client goes.")
        return redirect(back)
    return form_page(
        request,
        form,
        client=client,
        title="Place a legal hold",
        label="Place the hold",
        back=back,
        says="While it stands nothing of this client is erased, whatever the rules say. It takes "
        "two people to lift it. The client is not told.",
    )


@GET_POST
@needs(HOLD)
def hold_lift(request: StaffRequest, pk: UUID) -> HttpResponse:
    hold, form = selectors.hold_for(request.actor, pk), ReasonForm(data_of(request))
    back = reverse("clients:tab", args=[hold.client_id, "privacy"])

    def work() -> None:
        reason = form.cleaned_data["reason"]
        holds.hold_lift_ask(actor=request.actor, hold=hold, reason=reason)

    if request.method == "POST" and tried(form, work):
        messages.success(request, "A colleague decides on it. Until then the hold stands.")
        return redirect(back)
    return form_page(
        request,
        form,
        client=hold.client,
        title="Ask to lift a legal hold",
        label="Ask a colleague",
        back=back,
        says=f"Placed by {hold.placed_by} on {hold.placed_at:%-d %b %Y}: {hold.reason}",
    )
