"""Agreements: the list, one agreement with its versions, the editor of the next version."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.portal.actions import Button
from backoffice.portal.decisions import refused
from backoffice.portal.lists import list_response
from backoffice.portal.once import once
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow.approvals import pending_for
from clients.forms import show_error
from clients.views.changes import data_of
from ib import lists, rules, selectors, services
from ib.access import agreement_for
from ib.forms import AgreementForm, VersionForm, rate_rows, starting, tiers_shown
from ib.models import Agreement, AgreementVersion
from ib.states import VERSION_COLOURS, VersionState
from ib.views.partners import GET_POST, UNPROCESSABLE, done, form_page


@require_GET
@needs("ib.view_partner")
def agreement_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, lists.AGREEMENTS)


@GET_POST
@needs("ib.change_partner")
@once
def agreement_new(request: StaffRequest) -> HttpResponse:
    form = AgreementForm(request.tenant.currencies, data_of(request))
    made: list[Agreement] = []

    def work() -> None:
        made.append(services.agreement_create(actor=request.actor, **form.cleaned_data))

    if done(request, form, work):
        return redirect("ib:version-edit", pk=made[0].pk)
    return form_page(
        request,
        form,
        title="New agreement",
        label="Make the agreement",
        back=reverse("ib:agreements"),
    )


@require_GET
@needs("ib.view_partner")
def agreement_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    agreement = agreement_for(request.actor, pk)
    versions = list(agreement.versions.order_by("-number"))
    partners = selectors.partners_by_agreement(request.actor, [agreement.pk])
    context = {
        "agreement": agreement,
        "versions": [_version(request.actor, version) for version in versions],
        "partner_count": partners.get(agreement.pk, 0),
        "buttons": _buttons(request.actor, agreement, versions),
        "events": timeline(request.actor, agreement.pk, *[version.pk for version in versions]),
    }
    return render(request, "ib/agreement.html", context)


def _version(actor: Actor, version: AgreementVersion) -> dict[str, Any]:
    width = max((len(rate["amounts"]) for rate in version.rates), default=1)
    waiting = version.state == VersionState.PROPOSED
    return {
        "row": version,
        "colour": VERSION_COLOURS[VersionState(version.state)],
        "tiers": range(1, width + 1),
        "approval": pending_for(actor, version.pk) if waiting else None,
        "rates": [
            {"pattern": rate["pattern"], "amounts": [*rate["amounts"], *[""] * width][:width]}
            for rate in version.rates
        ],
    }


def _buttons(actor: Actor, agreement: Agreement, versions: list[AgreementVersion]) -> list[Button]:
    if not actor.can("ib.change_partner"):
        return []
    edit = reverse("ib:version-edit", args=[agreement.pk])
    draft = versions[0] if versions and versions[0].state != VersionState.PUBLISHED else None
    if draft is None:
        return [Button("New version", edit, "e", "primary", "plus", method="get")]
    waits = "It waits for approval." if draft.state == VersionState.PROPOSED else ""
    return [
        Button("Edit the draft", edit, "e", icon="pencil", method="get", why_not=waits),
        Button(
            f"Propose v{draft.number}",
            reverse("ib:version-propose", args=[agreement.pk]),
            kind="primary",
            icon="send",
            why_not=waits,
        ),
    ]


@GET_POST
@needs("ib.change_partner")
def version_edit(request: StaffRequest, pk: UUID) -> HttpResponse:
    """The terms and the table of rates of the draft, or of the next version."""
    agreement = agreement_for(request.actor, pk)
    newest = agreement.versions.order_by("-number").first()
    data = data_of(request)
    form = VersionForm(data, initial=starting(newest))
    rows = rate_rows(data, newest)
    if request.method == "POST" and form.is_valid():
        try:
            version = services.version_save(
                actor=request.actor,
                agreement=agreement,
                rates=rules.parse_rates(rows),
                effective_from=form.cleaned_data["effective_from"],
                minimum_holding_s=form.cleaned_data["minimum_holding_s"] or 0,
                pays_self_referral=form.cleaned_data["pays_self_referral"],
            )
        except DomainError as error:
            show_error(form, error)
        else:
            messages.success(request, f"Version {version.number} is written down.")
            return redirect("ib:agreement", pk=agreement.pk)
    context = {
        "agreement": agreement,
        "form": form,
        "rows": rows,
        "tiers": range(1, tiers_shown(newest) + 1),
        "back_url": reverse("ib:agreement", args=[agreement.pk]),
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "ib/version_edit.html", context, status=status)


@require_POST
@needs("ib.change_partner")
def version_propose(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Put the agreement's draft before other eyes."""
    agreement = agreement_for(request.actor, pk)
    back = reverse("ib:agreement", args=[agreement.pk])
    draft = agreement.versions.exclude(state=VersionState.PUBLISHED).first()
    if draft is None:
        raise Http404
    try:
        services.version_propose(actor=request.actor, version=draft)
    except DomainError as error:
        return refused(request, error, back)
    messages.success(request, f"{draft} waits for a colleague's approval.")
    return redirect(back)
