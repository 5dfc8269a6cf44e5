"""Pages and forms about who is behind a company: one service each."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from backoffice.core.clock import today
from backoffice.core.errors import DomainError
from backoffice.portal.decisions import refused
from backoffice.portal.lists import FULL_DATA
from backoffice.portal.once import once
from backoffice.staff.access import StaffRequest, needs
from clients.access import client_for, party_for, tie_for
from clients.models import Client, ClientKind, Party
from clients.ownership import services as ownership
from clients.ownership.services import PARTICULARS
from clients.ownership.states import PartyKind
from clients.services import data_shown
from clients.views.changes import GET_POST, data_of, form_page, tried
from clients.views.pages import head
from kyc import tax
from kyc.access import level_for
from kyc.forms import SayForm
from kyc.parties import services
from kyc.parties.forms import EndForm, FlagsForm, NewPartyForm, PartyForm, RoleForm, ShareForm
from kyc.parties.pages import CHANGE, CODE, party_context

REVIEW = services.RIGHT
ROLE_FIELDS = ("role", "percent", "of", "from_on", "evidence")


def _company(request: StaffRequest, pk: UUID) -> Client:
    client = client_for(request.actor, pk)
    if client.kind != ClientKind.COMPANY:
        raise Http404("Not a company.")
    return client


def _party(request: StaffRequest, pk: UUID, party_pk: UUID) -> Party:
    return party_for(request.actor, _company(request, pk), party_pk)


def _tab(client: Client) -> str:
    return reverse("clients:tab", args=[client.pk, CODE])


def _page(party: Party) -> str:
    return reverse("kyc:party", args=[party.client_id, party.pk])


@require_GET
@needs("clients.view_client")
def party_page(request: StaffRequest, pk: UUID, party_pk: UUID) -> HttpResponse:
    party = _party(request, pk, party_pk)
    if request.actor.can(FULL_DATA):
        data_shown(actor=request.actor, client=party.client)
    context = {
        **head(request.actor, party.client, CODE),
        **party_context(request.actor, party),
    }
    return render(request, "kyc/party.html", context)


@GET_POST
@needs(CHANGE)
@once
def party_new(request: StaffRequest, pk: UUID, kind: str) -> HttpResponse:
    client = _company(request, pk)
    if kind not in PartyKind.values:
        raise Http404
    initial = {"from_on": today(request.tenant.timezone), "of": request.GET.get("of", "")}
    form = NewPartyForm(data_of(request), kind=kind, client=client, initial=initial)
    made: list[Party] = []

    def work() -> None:
        role = {name: form.cleaned_data[name] for name in ROLE_FIELDS}
        made.append(
            ownership.party_add(actor=request.actor, client=client, **role, **form.particulars())
        )

    if request.method == "POST" and tried(form, work):
        messages.success(request, f"{made[0].name} is named.")
        return redirect(_page(made[0]))
    return form_page(
        request, form, client=client, title=f"Add a {PartyKind(kind).label.lower()}",
        label="Add", back=_tab(client),
    )  # fmt: skip


@GET_POST
@needs(CHANGE, FULL_DATA)
def party_edit(request: StaffRequest, pk: UUID, party_pk: UUID) -> HttpResponse:
    party = _party(request, pk, party_pk)
    initial = {name: getattr(party, name) for name in PARTICULARS}
    form = PartyForm(data_of(request), kind=party.kind, initial=initial)

    def work() -> None:
        ownership.party_change(actor=request.actor, party=party, **form.particulars())

    if request.method == "POST" and tried(form, work):
        messages.success(request, "The particulars are saved.")
        return redirect(_page(party))
    return form_page(
        request, form, client=party.client, title=f"Edit {party.name}", label="Save",
        back=_page(party), says="Who was cleared is looked at again after a change.",
    )  # fmt: skip


@GET_POST
@needs(CHANGE)
@once
def role_new(request: StaffRequest, pk: UUID, party_pk: UUID) -> HttpResponse:
    party = _party(request, pk, party_pk)
    initial = {"from_on": today(request.tenant.timezone)}
    form = RoleForm(data_of(request), client=party.client, initial=initial)

    def work() -> None:
        ownership.tie_add(actor=request.actor, party=party, **form.cleaned_data)

    return _done(
        request, party, form, work, f"Another role of {party.name}", "Add the role",
        "The role is written down.",
    )  # fmt: skip


@GET_POST
@needs(CHANGE)
@once
def share_change(request: StaffRequest, pk: UUID, party_pk: UUID, tie_pk: UUID) -> HttpResponse:
    party = _party(request, pk, party_pk)
    tie = tie_for(request.actor, party, tie_pk)
    initial = {"from_on": today(request.tenant.timezone), "percent": tie.percent}
    form = ShareForm(data_of(request), client=party.client, initial=initial)

    def work() -> None:
        ownership.share_change(actor=request.actor, tie=tie, **form.cleaned_data)

    return _done(
        request, party, form, work, f"Another share of {party.name}", "Change the share",
        "The share is changed.", says="The share that stands now ends on that day and stays in "
        "the history.",
    )  # fmt: skip


@GET_POST
@needs(CHANGE)
def role_end(request: StaffRequest, pk: UUID, party_pk: UUID, tie_pk: UUID) -> HttpResponse:
    party = _party(request, pk, party_pk)
    tie = tie_for(request.actor, party, tie_pk)
    form = EndForm(data_of(request), initial={"until_on": today(request.tenant.timezone)})

    def work() -> None:
        ownership.tie_end(actor=request.actor, tie=tie, **form.cleaned_data)

    return _done(
        request, party, form, work, f"End {party.name} as {tie.words()}", "End it", "It is ended.",
        says="It stays in the history. With the last role the party ends too.",
    )  # fmt: skip


@GET_POST
@needs(CHANGE)
def flags_change(request: StaffRequest, pk: UUID) -> HttpResponse:
    client = _company(request, pk)
    form = FlagsForm(data_of(request), initial={"flags": client.flags})

    def work() -> None:
        ownership.company_flag(actor=request.actor, client=client, flags=form.cleaned_data["flags"])

    if request.method == "POST" and tried(form, work):
        messages.success(request, "It is noted.")
        return redirect(_tab(client))
    return form_page(
        request, form, client=client, title="The company itself", label="Save", back=_tab(client)
    )


@require_POST
@needs(REVIEW)
def party_clear(request: StaffRequest, pk: UUID, party_pk: UUID) -> HttpResponse:
    party = _party(request, pk, party_pk)
    try:
        services.party_clear(actor=request.actor, party=party)
    except DomainError as error:
        return refused(request, error, _page(party))
    messages.success(request, f"{party.name} is cleared.")
    return redirect(_page(party))


@GET_POST
@needs(REVIEW)
def party_refuse(request: StaffRequest, pk: UUID, party_pk: UUID) -> HttpResponse:
    party = _party(request, pk, party_pk)
    form = SayForm(data_of(request))

    def work() -> None:
        reason = form.cleaned_data["reason"]
        services.party_refuse(actor=request.actor, party=party, reason=reason)

    return _done(
        request, party, form, work, f"Refuse {party.name}", "Refuse", f"{party.name} is refused.",
        says="The company is not approved while they stand behind it.", danger=True,
    )  # fmt: skip


@GET_POST
@needs(REVIEW)
def party_again(request: StaffRequest, pk: UUID, party_pk: UUID) -> HttpResponse:
    party = _party(request, pk, party_pk)
    form = SayForm(data_of(request))

    def work() -> None:
        reason = form.cleaned_data["reason"]
        services.party_look_again(actor=request.actor, party=party, reason=reason)

    return _done(
        request, party, form, work, f"Look at {party.name} again", "Look again",
        f"{party.name} is to be cleared again.",
    )  # fmt: skip


@require_POST
@needs(tax.PROPOSE)
@once
def level_tax(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Propose to ask for the tax self-certification at a level, or to ask no longer."""
    level = level_for(request.actor, pk)
    try:
        approval = tax.level_tax_propose(actor=request.actor, level=level)
    except DomainError as error:
        return refused(request, error, reverse("kyc:levels"))
    messages.success(request, f"{approval.label}: a second person decides it.")
    return redirect("kyc:levels")


def _done(
    request: StaffRequest,
    party: Party,
    form: forms.Form,
    work: Any,
    title: str,
    label: str,
    sentence: str,
    *,
    says: str = "",
    danger: bool = False,
) -> HttpResponse:
    """The party's page when the service took the form; else the form with what is wrong."""
    if request.method == "POST" and tried(form, work):
        messages.success(request, sentence)
        return redirect(_page(party))
    return form_page(
        request, form, client=party.client, title=title, label=label, back=_page(party),
        says=says, danger=danger,
    )  # fmt: skip
