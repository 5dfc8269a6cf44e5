"""What changes a case: one address and one service each."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.portal.decisions import decided, refused
from backoffice.portal.once import once
from backoffice.staff.access import StaffRequest, View, needs
from backoffice.workflow.models import Approval
from backoffice.workflow.queues import item_for, queues
from clients import documents
from clients.access import client_for
from clients.forms import show_error
from clients.views.changes import data_of, form_page, tried
from kyc import approvals, reviews, selectors, services
from kyc.access import case_document_for, case_for
from kyc.forms import (
    AnswersForm,
    AskForm,
    CatalogueForm,
    FactsForm,
    OpenForm,
    RejectForm,
    RiskForm,
    SayForm,
    UnfreezeForm,
    ZoneForm,
)
from kyc.models import KycCase, ReasonCode, ReasonUse
from kyc.moving import QUEUE
from kyc.states import QUEUED
from kyc.views import papers

UNPROCESSABLE = 422
GET_POST = require_http_methods(["GET", "POST"])
Work = Callable[[Actor, KycCase, dict[str, Any]], KycCase]
MakeForm = Callable[[StaffRequest, KycCase], forms.Form]


def _page(case: KycCase) -> str:
    return reverse("kyc:case", args=[case.pk])


def _after(
    request: StaffRequest, case: KycCase, before: Any, sentence: str, *, stays: bool = False
) -> HttpResponse:
    """The next item when the case has left the person's hands; else the case itself. ``stays``:
    what follows is the same person's to do."""
    row = case_for(request.actor, case.pk)
    left = row.state not in QUEUED or row.state != case.state
    if before is not None and left and not stays:
        return decided(request, queue=queues[QUEUE], before=before, sentence=sentence)
    messages.success(request, sentence)
    return redirect(_page(case))


def _verb(permission: str, sentence: str, work: Work) -> View:
    """A button without a form: POST, one service, the next item."""

    @require_POST
    @needs(permission)
    def view(request: StaffRequest, pk: UUID) -> HttpResponse:
        case = case_for(request.actor, pk)
        before = item_for(request.actor, QUEUE, case.pk)
        try:
            row = work(request.actor, case, {})
        except DomainError as error:
            return refused(request, error, _page(case))
        return _after(request, case, before, sentence.format(case=row))

    return view


def _form_verb(
    permission: str,
    title: str,
    label: str,
    sentence: str,
    make_form: MakeForm,
    work: Work,
    *,
    says: str = "",
    danger: bool = False,
    use: str = "",
    stays: bool = False,
) -> View:
    """A decision that needs words: its own page with a form, then the next item."""

    @GET_POST
    @needs(permission)
    def view(request: StaffRequest, pk: UUID) -> HttpResponse:
        case = case_for(request.actor, pk)
        before = item_for(request.actor, QUEUE, case.pk)
        form = make_form(request, case)
        if request.method == "POST" and form.is_valid():
            try:
                row = work(request.actor, case, form.cleaned_data)
            except DomainError as error:
                show_error(form, error)
            else:
                return _after(request, case, before, sentence.format(case=row), stays=stays)
        context = {
            "case": case,
            "client": case.client,
            "form": form,
            "title": title.format(case=case),
            "label": label,
            "says": says,
            "danger": danger,
            "back_url": _page(case),
            **_catalogue(case, form, use),
        }
        status = UNPROCESSABLE if form.errors else 200
        return render(request, "kyc/verb.html", context, status=status)

    return view


def _catalogue(case: KycCase, form: forms.Form, use: str, proposed: str = "") -> dict[str, Any]:
    """Reasons with the words that this client will read, in their language; ``proposed`` is chosen
    until someone chooses."""
    if not use:
        return {}
    rows: Sequence[ReasonCode] = list(selectors.reasons(use))
    return {
        "reasons": [
            {
                "code": row.code,
                "label": row.label,
                "client_text": row.text_for(case.client.language),
            }
            for row in rows
        ],
        "chosen": form.data.get("reason", proposed),
        "note": form.data.get("note", ""),
        "errors": form.errors.get("reason", []),
        "other_fields": [form[name] for name in form.fields if name not in ("reason", "note")],
    }


def _say(request: StaffRequest, case: KycCase) -> forms.Form:
    return SayForm(data_of(request))


def _from_catalogue(form: type[CatalogueForm], use: str) -> MakeForm:
    def make(request: StaffRequest, case: KycCase) -> forms.Form:
        return form(selectors.reasons(use), data_of(request))

    return make


def _vote(actor: Actor, case: KycCase, approves: bool, reason: str = "") -> KycCase:
    row, approval = approvals.case_vote(actor=actor, case=case, approves=approves, reason=reason)
    if approval.state == Approval.State.STALE:
        # The vote's own transaction has sent the case back; the sentence says so.
        row.approval_stale = True  # type: ignore[attr-defined]
    return row


PREPARE, REVIEW, VIEW = "kyc.prepare_case", "kyc.review_case", "kyc.view_case"

case_submit = _verb(
    PREPARE,
    "{case.reference} is submitted; its checks are being asked.",
    lambda actor, case, values: services.case_submit(actor=actor, case=case),
)
case_send = _verb(
    REVIEW,
    "{case.reference} waits for the approval of a colleague.",
    lambda actor, case, values: approvals.case_send(actor=actor, case=case),
)
case_begin = _verb(
    REVIEW,
    "The review of {case.reference} has begun; its checks are asked anew.",
    lambda actor, case, values: services.case_begin_review(actor=actor, case=case),
)
case_return = _form_verb(
    REVIEW,
    "Return {case.reference} to review",
    "Return to review",
    "{case.reference} is back in review.",
    _say,
    lambda actor, case, values: services.case_return(actor=actor, case=case, **values),
    says="Say what the enhanced due diligence has found.",
    stays=True,
)
case_escalate = _form_verb(
    REVIEW,
    "Escalate {case.reference}",
    "Escalate",
    "{case.reference} is escalated.",
    _say,
    lambda actor, case, values: services.case_escalate(actor=actor, case=case, **values),
)
case_ask = _form_verb(
    REVIEW,
    "Ask the client of {case.reference}",
    "Ask the client",
    "The client of {case.reference} is asked.",
    _from_catalogue(AskForm, ReasonUse.INFO),
    lambda actor, case, values: services.case_ask_client(actor=actor, case=case, **values),
    says="The case waits until everything is handed in; then it goes on by itself.",
    use=ReasonUse.INFO,
)
case_reject = _form_verb(
    REVIEW,
    "Reject {case.reference}",
    "Reject the case",
    "{case.reference} is rejected.",
    _from_catalogue(RejectForm, ReasonUse.REJECTION),
    lambda actor, case, values: services.case_reject(actor=actor, case=case, **values),
    danger=True,
    use=ReasonUse.REJECTION,
)
case_freeze = _form_verb(
    REVIEW,
    "Freeze {case.client.name}",
    "Freeze",
    "{case.reference} is frozen; everything is stopped for the client.",
    _say,
    lambda actor, case, values: services.case_freeze(actor=actor, case=case, **values),
    says="All six actions of the client stop at once. Two officers together undo it.",
    danger=True,
)
case_suspend = _form_verb(
    REVIEW,
    "Suspend {case.client.name}",
    "Suspend",
    "{case.reference} is suspended.",
    _say,
    lambda actor, case, values: services.case_suspend(actor=actor, case=case, **values),
    says="Only taking money out stays possible for the client.",
)
case_offboard = _form_verb(
    REVIEW,
    "Offboard {case.client.name}",
    "Offboard",
    "{case.reference} is being offboarded.",
    _say,
    lambda actor, case, values: services.case_offboard(actor=actor, case=case, **values),
)
case_close = _form_verb(
    REVIEW,
    "Close {case.client.name}",
    "Close",
    "{case.reference} and its client are closed.",
    _say,
    lambda actor, case, values: services.case_close(actor=actor, case=case, **values),
    says="A closed client can't be opened again.",
    danger=True,
)
case_risk = _form_verb(
    REVIEW,
    "Rate the risk of {case.client.name}",
    "Set the band",
    "The risk of {case.reference} is set.",
    lambda request, case: RiskForm(data_of(request), initial={"band": case.client.risk_band}),
    lambda actor, case, values: reviews.risk_rate(actor=actor, case=case, **values),
    says="Who rates the risk by hand neither sends this case to approval nor approves it.",
)
case_send_back = _form_verb(
    VIEW,
    "Send {case.reference} back",
    "Send back",
    "{case.reference} is back with its reviewer.",
    _say,
    lambda actor, case, values: _vote(actor, case, approves=False, **values),
)


def _unfreeze(actor: Actor, case: KycCase, values: dict[str, Any]) -> KycCase:
    approvals.unfreeze_ask(actor=actor, case=case, **values)
    return case


case_unfreeze = _form_verb(
    REVIEW,
    "Leave the frozen state: {case.reference}",
    "Ask a second officer",
    "A second officer has to agree before {case.reference} leaves the frozen state.",
    lambda request, case: UnfreezeForm(data_of(request)),
    _unfreeze,
)


@require_POST
@needs(VIEW)
def case_approve(request: StaffRequest, pk: UUID) -> HttpResponse:
    """The vote of the second pair of eyes; the approval itself says who may."""
    case = case_for(request.actor, pk)
    before = item_for(request.actor, QUEUE, case.pk)
    try:
        row = _vote(request.actor, case, approves=True)
    except DomainError as error:
        return refused(request, error, _page(case))
    if getattr(row, "approval_stale", False):
        messages.error(
            request,
            f"{row.reference} changed after it was sent. Nothing was approved; its reviewer "
            "looks again.",
        )
        return redirect(_page(row))
    return _after(request, case, before, f"{row.reference} is {row.get_state_display().lower()}.")


@require_POST
@needs(REVIEW)
def document_accept(request: StaffRequest, pk: UUID, document_pk: UUID) -> HttpResponse:
    case = case_for(request.actor, pk)
    document = case_document_for(request.actor, case, document_pk)
    try:
        reviews.document_decide(actor=request.actor, case=case, document=document, accepted=True)
    except DomainError as error:
        return refused(request, error, papers.address(case, document))
    messages.success(request, f"{document.get_type_display()} accepted.")
    return redirect(papers.after(case, document))


@GET_POST
@needs(REVIEW)
def document_refuse(request: StaffRequest, pk: UUID, document_pk: UUID) -> HttpResponse:
    case = case_for(request.actor, pk)
    document = case_document_for(request.actor, case, document_pk)
    form = CatalogueForm(selectors.reasons(ReasonUse.DOCUMENT), data_of(request))

    def work() -> None:
        reviews.document_decide(
            actor=request.actor, case=case, document=document, accepted=False, **form.cleaned_data
        )

    if request.method == "POST" and tried(form, work):
        messages.success(request, f"{document.get_type_display()} refused.")
        return redirect(papers.after(case, document))
    context = {
        "case": case,
        "client": case.client,
        "form": form,
        "title": f"Refuse: {document.get_type_display()}",
        "label": "Refuse the document",
        "danger": True,
        "back_url": papers.address(case, document),
        **_catalogue(case, form, ReasonUse.DOCUMENT, request.GET.get("reason", "")),
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "kyc/verb.html", context, status=status)


@require_POST
@needs(REVIEW)
def document_zone(request: StaffRequest, pk: UUID, document_pk: UUID) -> HttpResponse:
    """Read the machine-readable zone that a person typed or pasted."""
    case = case_for(request.actor, pk)
    document = case_document_for(request.actor, case, document_pk)
    form = ZoneForm(request.POST)
    back = papers.address(case, document)
    if form.is_valid():
        try:
            zone = reviews.zone_read(
                actor=request.actor, case=case, document=document, text=form.cleaned_data["zone"]
            )
        except DomainError as error:
            return refused(request, error, back)
        if zone.holds:
            messages.success(request, "The zone is read and its check digits hold.")
        else:
            messages.warning(request, f"The zone is read. {' '.join(zone.problems)}")
    else:
        messages.error(request, "Type the lines of the zone.")
    return redirect(back)


@require_POST
@needs(REVIEW)
def document_facts(request: StaffRequest, pk: UUID, document_pk: UUID) -> HttpResponse:
    """Number and dates as a person reads them from the document."""
    case = case_for(request.actor, pk)
    document = case_document_for(request.actor, case, document_pk)
    form = FactsForm(request.POST)
    back = papers.address(case, document)
    if not form.is_valid():
        wrong = ", ".join(str(form.fields[name].label).lower() for name in form.errors)
        messages.error(request, f"Nothing was changed: look at {wrong}.")
        return redirect(back)
    try:
        documents.document_describe(actor=request.actor, document=document, **form.cleaned_data)
    except DomainError as error:
        return refused(request, error, back)
    messages.success(request, "What the document says is kept.")
    return redirect(back)


@require_POST
@needs(REVIEW)
def check_again(request: StaffRequest, pk: UUID, name: str) -> HttpResponse:
    case = case_for(request.actor, pk)
    try:
        services.check_ask_again(actor=request.actor, case=case, name=name)
    except DomainError as error:
        return refused(request, error, _page(case))
    messages.success(request, "The check is asked again; its answer appears here.")
    return redirect(_page(case))


@GET_POST
@needs(PREPARE)
def case_answers(request: StaffRequest, pk: UUID) -> HttpResponse:
    """The answers of the level's questionnaires."""
    case = case_for(request.actor, pk)
    requirements = selectors.requirements_of(case)
    form = AnswersForm(requirements, data_of(request), initial=case.answers)

    def work() -> None:
        services.case_answer(actor=request.actor, case=case, answers=form.cleaned_data)

    if request.method == "POST" and tried(form, work):
        messages.success(request, "The answers are kept.")
        return redirect(_page(case))
    context = {
        "case": case,
        "client": case.client,
        "form": form,
        "title": f"Answers of {case.client.name}",
        "says": "" if form.fields else "This level asks no questions: there is nothing to answer.",
        "label": "Save" if form.fields else "",
        "back_url": _page(case),
    }
    return render(request, "kyc/verb.html", context, status=UNPROCESSABLE if form.errors else 200)


@GET_POST
@needs(PREPARE, "clients.view_client")
@once
def case_open(request: StaffRequest, pk: UUID) -> HttpResponse:
    """A new case for a client, from their page."""
    client = client_for(request.actor, pk)
    levels = [
        level
        for level in selectors.levels(request.actor.tenant_id)
        if level.number > max(client.level, 0)
    ]
    form = OpenForm(levels, data_of(request))
    made: list[KycCase] = []

    def work() -> None:
        level = int(form.cleaned_data["level"])
        made.append(services.case_open(actor=request.actor, client=client, level=level))

    if request.method == "POST" and tried(form, work):
        messages.success(request, f"{made[0].reference} is opened.")
        return redirect(_page(made[0]))
    back = reverse("clients:tab", args=[client.pk, "kyc"])
    return form_page(
        request, form, client=client, title="Open a KYC case", label="Open the case", back=back
    )
