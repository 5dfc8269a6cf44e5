"""Forms that change a client: one service each."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_http_methods, require_POST

from backoffice.core.clock import today
from backoffice.core.errors import DomainError
from backoffice.portal.lists import FULL_DATA
from backoffice.portal.once import once
from backoffice.staff.access import StaffRequest, needs
from clients import means, services
from clients.access import client_for, restriction_for
from clients.forms import (
    AssignForm,
    MeansForm,
    NewClientForm,
    NoteForm,
    ParticularsForm,
    ReasonForm,
    RestrictForm,
    show_error,
)
from clients.models import Client
from clients.services import PARTICULARS
from clients.states import CLIENT, ClientState
from clients.views.pages import head

UNPROCESSABLE = 422
MEANS = (
    "occupation",
    "employer",
    "currency",
    "income",
    "wealth",
    "deposits",
    "sources",
    "purpose",
)
PERSONAL = ("email", "phone", "birth_date", "address")
GET_POST = require_http_methods(["GET", "POST"])


def form_page(
    request: StaffRequest,
    form: forms.Form,
    *,
    client: Client | None,
    title: str,
    label: str,
    back: str,
    says: str = "",
    danger: bool = False,
) -> HttpResponse:
    """A page with one form under the client's head; 422 when what was sent was refused."""
    context: dict[str, Any] = {
        **(head(request.actor, client) if client else {}),
        "form": form,
        "title": title,
        "label": label,
        "back_url": back,
        "says": says,
        "danger": danger,
        "has_file": form.is_multipart(),
    }
    status = UNPROCESSABLE if form.errors else 200
    template = "clients/client_form.html" if client else "clients/new_form.html"
    return render(request, template, context, status=status)


def tried(form: forms.Form, work: Callable[[], Any]) -> bool:
    """Whether the form is valid and the service took it; a refusal goes beside its fields."""
    if not form.is_valid():
        return False
    try:
        work()
    except DomainError as error:
        show_error(form, error)
        return False
    return True


def data_of(request: StaffRequest) -> MultiValueDict[str, Any] | None:
    return request.POST if request.method == "POST" else None


@GET_POST
@needs("clients.add_client")
@once
def client_new(request: StaffRequest) -> HttpResponse:
    form = NewClientForm(request.actor, data_of(request), initial={"language": "en"})
    made: list[Client] = []

    def work() -> None:
        values = form.cleaned_data
        made.append(
            services.client_create(
                actor=request.actor,
                desk=values["desk"],
                manager=values["manager"],
                source=values["source"],
                **form.particulars(),
            )
        )

    if request.method == "POST" and tried(form, work):
        messages.success(request, f"{made[0].name} is created as {made[0].reference}.")
        return redirect("clients:client", pk=made[0].pk)
    back = reverse("clients:list")
    return form_page(
        request, form, client=None, title="New client", label="Create the client", back=back
    )


@GET_POST
@needs("clients.change_client")
def client_edit(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Particulars. Who may not see personal data can replace it, not read it."""
    client = client_for(request.actor, pk)
    initial = {name: getattr(client, name) for name in PARTICULARS}
    form = ParticularsForm(data_of(request), initial=initial)
    if not request.actor.can(FULL_DATA):
        form.hide(PERSONAL)

    def work() -> None:
        services.client_update(actor=request.actor, client=client, **form.particulars())

    back = reverse("clients:tab", args=[client.pk, "identity"])
    if request.method == "POST" and tried(form, work):
        messages.success(request, "The particulars are saved.")
        return redirect(back)
    return form_page(
        request, form, client=client, title="Edit particulars", label="Save", back=back
    )


@GET_POST
@needs("clients.change_client", FULL_DATA)
@once
def means_declare(request: StaffRequest, pk: UUID) -> HttpResponse:
    """A new declaration of means. It begins as the one that holds; that one is kept."""
    client = client_for(request.actor, pk)
    held = next(iter(means.means_of(client)), None)
    day = today(request.tenant.timezone)
    initial: dict[str, Any] = {"declared_on": day, "currency": request.tenant.base_currency}
    if held is not None:
        initial |= {name: getattr(held, name) for name in MEANS}
    form = MeansForm(data_of(request), initial=initial)

    def work() -> None:
        means.means_declare(actor=request.actor, client=client, **form.cleaned_data)

    back = reverse("clients:tab", args=[client.pk, "identity"])
    if request.method == "POST" and tried(form, work):
        messages.success(request, "The declaration is kept.")
        return redirect(back)
    return form_page(
        request, form, client=client, title="Declared means", label="Keep it", back=back,
        says="As the client declares it today. Earlier declarations stay as they are.",
    )  # fmt: skip


@GET_POST
@needs("clients.change_client")
def client_assign(request: StaffRequest, pk: UUID) -> HttpResponse:
    client = client_for(request.actor, pk)
    initial = {"desk": client.desk_id, "manager": client.manager_id}
    form = AssignForm(request.actor, data_of(request), initial=initial)

    def work() -> None:
        services.client_assign(actor=request.actor, client=client, **form.cleaned_data)

    back = reverse("clients:client", args=[client.pk])
    if request.method == "POST" and tried(form, work):
        messages.success(request, "The client is assigned.")
        return redirect(back)
    return form_page(request, form, client=client, title="Assign", label="Assign", back=back)


@GET_POST
@needs("clients.restrict_client")
@once
def client_restrict(request: StaffRequest, pk: UUID) -> HttpResponse:
    client = client_for(request.actor, pk)
    form = RestrictForm(data_of(request))

    def work() -> None:
        for action in form.cleaned_data["actions"]:
            services.restriction_place(
                actor=request.actor,
                client=client,
                action=action,
                reason="manual",
                text=form.cleaned_data["text"],
                until=form.cleaned_data["until"],
            )

    back = reverse("clients:tab", args=[client.pk, "restrictions"])
    if request.method == "POST" and tried(form, work):
        messages.success(request, "The restriction holds from now on.")
        return redirect(back)
    return form_page(
        request,
        form,
        client=client,
        title=f"Restrict {client.name}",
        label="Restrict",
        back=back,
        says="The client is stopped at once, in every system that asks here.",
        danger=True,
    )


@GET_POST
@needs("clients.restrict_client")
def restriction_lift(request: StaffRequest, pk: UUID, restriction_pk: UUID) -> HttpResponse:
    client = client_for(request.actor, pk)
    restriction = restriction_for(request.actor, client, restriction_pk)
    form = ReasonForm(data_of(request))

    def work() -> None:
        services.restriction_lift(
            actor=request.actor, restriction=restriction, reason=form.cleaned_data["reason"]
        )

    back = reverse("clients:tab", args=[client.pk, "restrictions"])
    action = restriction.get_action_display()
    if request.method == "POST" and tried(form, work):
        messages.success(request, f"{action} is open again.")
        return redirect(back)
    return form_page(
        request,
        form,
        client=client,
        title=f"Lift the stop on: {action}",
        label="Lift",
        back=back,
        says=f"{restriction.text}. Placed by {restriction.placed_by}.",
    )


_MOVES = {
    ClientState.SUSPENDED: ("Suspend", "Only taking money out stays possible."),
    ClientState.ACTIVE: ("Reactivate", "The rights of the client's level come back."),
    ClientState.CLOSED: ("Close", "A closed client can't be opened again."),
}


@GET_POST
@needs("clients.restrict_client")
def client_move(request: StaffRequest, pk: UUID, state: str) -> HttpResponse:
    """Suspend, reactivate, close. An applicant becomes active by a KYC decision only."""
    client = client_for(request.actor, pk)
    if state not in _MOVES or (
        state == ClientState.ACTIVE and client.state != ClientState.SUSPENDED
    ):
        raise Http404
    label, says = _MOVES[ClientState(state)]
    form = ReasonForm(data_of(request))

    def work() -> None:
        services.client_move(
            actor=request.actor, client=client, state=state, reason=form.cleaned_data["reason"]
        )

    back = reverse("clients:client", args=[client.pk])
    if request.method == "POST" and tried(form, work):
        messages.success(request, f"{client.reference} is {CLIENT.labels[state].lower()}.")
        return redirect(back)
    return form_page(
        request,
        form,
        client=client,
        title=f"{label} {client.name}",
        label=label,
        back=back,
        says=says,
        danger=state == ClientState.CLOSED,
    )


@require_POST
@needs("clients.change_client")
@once
def note_add(request: StaffRequest, pk: UUID) -> HttpResponse:
    client = client_for(request.actor, pk)
    form = NoteForm(request.actor, request.POST)

    def work() -> None:
        services.note_add(
            actor=request.actor,
            client=client,
            text=form.cleaned_data["text"],
            mentions=form.mentioned(),
        )

    back = reverse("clients:tab", args=[client.pk, "notes"])
    if tried(form, work):
        messages.success(request, "The note is kept.")
        return redirect(back)
    return form_page(
        request, form, client=client, title="Write a note", label="Keep the note", back=back
    )
