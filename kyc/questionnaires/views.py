"""Questionnaires for staff: what there is, how clients answer, answering on their behalf."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.portal.decisions import refused
from backoffice.portal.lists import FULL_DATA
from backoffice.portal.once import done_at, once
from backoffice.staff.access import StaffRequest, needs
from clients.access import client_for
from clients.models import Client
from clients.views.changes import data_of, form_page, tried
from clients.views.pages import head
from kyc import selectors as cases
from kyc.questionnaires import filling as services
from kyc.questionnaires.answering import Walk, answer, problem
from kyc.questionnaires.forms import DropForm, LinkForm
from kyc.questionnaires.models import Filling, Questionnaire

PREPARE = "kyc.prepare_case"
GET_POST = require_http_methods(["GET", "POST"])
VALID_DAYS = 7


def questionnaire_for(actor: Actor, pk: UUID) -> Questionnaire:
    row = Questionnaire.objects.filter(tenant_id=actor.tenant_id, pk=pk).first()
    if row is None:
        raise Http404("No such questionnaire.")
    return row


def filling_for(actor: Actor, pk: UUID) -> Filling:
    """The filling, when its client is of the actor's tenant and desks; else 404."""
    rows = Filling.objects.filter(tenant_id=actor.tenant_id, pk=pk)
    if actor.desks is not None:
        rows = rows.filter(client__desk_id__in=actor.desks)
    row = rows.select_related("client", "version", "questionnaire").first()
    if row is None:
        raise Http404("No such answers.")
    return row


def back_to(client: Client) -> str:
    """Where answers are looked at: the case that is worked on, else the client's KYC tab."""
    case = cases.working_case(client)
    if case is not None:
        return reverse("kyc:case", args=[case.pk])
    return reverse("clients:tab", args=[client.pk, "kyc"])


@require_POST
@needs(PREPARE, FULL_DATA)
def form_fill(request: StaffRequest, pk: UUID, form_pk: UUID) -> HttpResponse:
    """Begin to fill it in on the client's behalf, or go on."""
    client = client_for(request.actor, pk)
    form = questionnaire_for(request.actor, form_pk)
    try:
        row = services.filling_begin(actor=request.actor, client=client, questionnaire=form)
    except DomainError as error:
        return refused(request, error, back_to(client))
    return redirect("kyc:filling", pk=row.pk)


@GET_POST
@needs(PREPARE)
@once
def form_link(request: StaffRequest, pk: UUID, form_pk: UUID) -> HttpResponse:
    """A link at which the client answers; its address is shown this once."""
    client = client_for(request.actor, pk)
    questionnaire = questionnaire_for(request.actor, form_pk)
    form = LinkForm(data_of(request), initial={"valid_days": VALID_DAYS})
    back = back_to(client)
    made: list[Any] = []

    def work() -> None:
        values = form.cleaned_data
        made.append(
            services.filling_link(
                actor=request.actor, client=client, questionnaire=questionnaire, **values
            )
        )

    if request.method == "POST" and tried(form, work):
        address = request.build_absolute_uri(reverse("kyc:questions", args=[made[0].token]))
        context = {
            **head(request.actor, client),
            "link": made[0].link,
            "address": address,
            "back_url": back,
        }
        response = render(request, "clients/upload_link_made.html", context)
        response["Cache-Control"] = "no-store"
        return done_at(response, back)
    return form_page(
        request,
        form,
        client=client,
        title=f"Ask the client: {questionnaire.name}",
        label="Make the link",
        back=back,
        says="The client answers without signing in, page by page; what was answered is kept. "
        "The address is shown once; one made before stops working.",
    )


@GET_POST
@needs(PREPARE, FULL_DATA)
def filling(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Answering on the client's behalf; it is marked so."""
    row = filling_for(request.actor, pk)
    url = reverse("kyc:filling", args=[pk])

    def show(context: dict[str, Any], status: int) -> HttpResponse:
        page = {**context, "back_url": back_to(row.client), "name": row.questionnaire.name}
        return render(request, "kyc/questionnaires/filling.html", page, status=status)

    walk = Walk(request, request.actor, row, url, show)
    try:
        return answer(walk)
    except DomainError as error:
        return problem(walk, error)


@GET_POST
@needs(PREPARE)
def filling_drop(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Give up what was begun, so that the newest version can be begun."""
    row = filling_for(request.actor, pk)
    form = DropForm(data_of(request))
    back = back_to(row.client)

    def work() -> None:
        services.filling_drop(actor=request.actor, filling=row, **form.cleaned_data)

    if request.method == "POST" and tried(form, work):
        messages.success(request, f"“{row.questionnaire.name}” can be begun anew.")
        return redirect(back)
    return form_page(
        request,
        form,
        client=row.client,
        title=f"Drop what was begun: {row.questionnaire.name}",
        label="Drop it",
        back=back,
        says="What was answered so far stays kept and is not scored. A link to it stops working.",
        danger=True,
    )
