"""Clients whose band changed: a queue, a page that says why, and a note of what follows."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import django_filters
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from backoffice.audit.services import audit
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError, InvalidInput, StateConflict
from backoffice.portal.actions import Button
from backoffice.portal.decisions import decided, decision_response, describe, refused
from backoffice.portal.lists import Column, Empty, ListPage, list_response, register
from backoffice.portal.templatetags import portal as tags
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow import queues
from clients.lists import RISK_COLOURS
from clients.locks import client_locked
from clients.models import RiskBand
from compliance import actions
from compliance.risk.forms import SeenForm
from compliance.risk.models import RiskAssessment
from compliance.risk.rules import BY_CODE, ORDER
from compliance.risk.services import QUEUE, last_of

VIEW, DECIDE = "compliance.view_monitoring", "compliance.decide_alert"
CHANGES = queues.register(
    queues.Queue(
        code=QUEUE,
        label="Risk changes",
        permission=VIEW,
        icon="activity",
        list_url="compliance:risk-changes",
        url=lambda pk: reverse("compliance:risk-change", args=[pk]),
        due_minutes=5 * 24 * 60,
        due_minutes_urgent=24 * 60,
        order=27,
    )
)


@describe(QUEUE)
def _describe(actor: Actor, ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, str, Any]]:
    rows = RiskAssessment.objects.filter(tenant_id=actor.tenant_id, pk__in=ids)
    return {
        row.pk: (row.client.name, _words(row), row.score) for row in rows.select_related("client")
    }


def _words(row: RiskAssessment) -> str:
    return f"{row.get_was_display()} to {row.get_band_display().lower()}"


def changes_for(actor: Actor) -> QuerySet[RiskAssessment]:
    """Assessments that put a client of the actor's desks into another band."""
    rows = RiskAssessment.objects.filter(tenant_id=actor.tenant_id).exclude(band=F("was"))
    if actor.desks is not None:
        rows = rows.filter(client__desk_id__in=actor.desks)
    return rows.select_related("client", "model")


class _Filters(django_filters.FilterSet):  # type: ignore[misc]
    band = django_filters.ChoiceFilter(label="Band", choices=RiskBand.choices)

    class Meta:
        model = RiskAssessment
        fields: Sequence[str] = []


def _band(value: RiskBand) -> Any:
    return tags.badge(RISK_COLOURS[value], value.label, look="plain")


PAGE = register(
    ListPage(
        code="compliance.risk_changes",
        title="Risk changes",
        permission=VIEW,
        rows=changes_for,
        filters=_Filters,
        columns=[
            Column("client", "Client", lambda row: row.client.reference, show=tags.ref, fixed=True,
                   link=lambda row: reverse("compliance:risk-change", args=[row.pk])),
            Column("name", "Name", lambda row: row.client.name, grow=True, fixed=True),
            Column("was", "Was", lambda row: RiskBand(row.was), show=_band),
            Column("band", "Is", lambda row: RiskBand(row.band), show=_band),
            Column("score", "Score", lambda row: row.score),
            Column("why", "Because", lambda row: row.why),
            Column("at", "When", lambda row: row.at),
        ],
        empty=Empty(
            "Nobody changed their band",
            "When what is known of a client moves them into another band, it waits here.",
            icon="activity",
        ),
    )
)  # fmt: skip


@require_GET
@needs(VIEW)
def change_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, PAGE)


def explained(row: RiskAssessment, before: RiskAssessment | None) -> list[dict[str, Any]]:
    """Each factor of an assessment, what weighs most first, with what moved since ``before``."""
    old = {line[0]: line for line in before.lines} if before else {}
    found = []
    for code, words, value, weight, points in row.lines:
        then = old.get(code)
        found.append(
            {
                "title": BY_CODE[code].title,
                "words": words,
                "value": float(value),
                "weight": weight,
                "points": float(points),
                "moved": float(points) - float(then[4]) if then else 0.0,
                "was": then[1] if then and then[1] != words else "",
            }
        )
    return sorted(found, key=lambda line: -line["points"])


def _change(actor: Actor, pk: UUID) -> RiskAssessment:
    row = changes_for(actor).filter(pk=pk).first()
    if row is None:
        raise Http404("No such change.")
    return row


@require_GET
@needs(VIEW)
def change_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    actor, row = request.actor, _change(request.actor, pk)
    mine = RiskAssessment.objects.filter(tenant_id=actor.tenant_id, client=row.client)
    before = mine.filter(pk__lt=row.pk).order_by("-id").first()
    context = {
        "title": f"{row.client.name}, risk",
        "row": row,
        "words": _words(row),
        "colour": RISK_COLOURS[RiskBand(row.band)],
        "up": ORDER.index(RiskBand(row.band)) > ORDER.index(RiskBand(row.was)),
        "before": before,
        "lines": explained(row, before),
        "newest": last_of(row.client)[0],
        "events": timeline(actor, row.pk, row.client_id),
    }
    return decision_response(
        request,
        queue=CHANGES,
        subject_id=row.pk,
        template="compliance/risk_change.html",
        context=context,
        actions=_buttons(actor, row),
    )


def _buttons(actor: Actor, row: RiskAssessment) -> list[Button]:
    if queues.item_for(actor, QUEUE, row.pk) is None:
        return []
    why = "" if actor.can(DECIDE) else "You don't hold the right to decide on this."
    url = reverse("compliance:risk-seen", args=[row.pk])
    return [Button("Seen", url, "a", "primary", method="get", why_not=why)]


@require_http_methods(["GET", "POST"])
@needs(VIEW, DECIDE)
def change_seen(request: StaffRequest, pk: UUID) -> HttpResponse:
    """What follows from the change, in a sentence; the item leaves the queue."""
    row = _change(request.actor, pk)
    form = SeenForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        item = queues.item_for(request.actor, QUEUE, row.pk)
        try:
            seen(actor=request.actor, row=row, note=form.cleaned_data["note"])
        except DomainError as error:
            return refused(request, error, reverse("compliance:risk-change", args=[pk]))
        said = f"{row.client.name}: noted."
        return decided(request, queue=CHANGES, before=item, sentence=said)
    context = {"form": form, "row": row, "words": _words(row)}
    status = 422 if form.errors else 200
    return render(request, "compliance/risk_seen.html", context, status=status)


@transaction.atomic
def seen(*, actor: Actor, row: RiskAssessment, note: str) -> None:
    """Raises ``StateConflict`` when somebody has seen to it already."""
    if not note.strip():
        raise InvalidInput(fields={"note": "Say what follows from it."})
    client = client_locked(actor, row.client_id)
    if queues.item_for(actor, QUEUE, row.pk) is None:
        raise StateConflict("Somebody has seen to it already.")
    queues.item_close(actor=actor, queue=QUEUE, subject_id=row.pk)
    data = {"client": client.name, "note": note.strip()[:300], "band": row.band, "was": row.was}
    audit(actor=actor, action=actions.RISK_CHANGE_SEEN, subject=row, label=str(row), data=data)
