"""The queue of hits and the page on which a hit is decided."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.portal.actions import Button
from backoffice.portal.decisions import decided, decision_response, refused
from backoffice.portal.lists import (
    FULL_DATA,
    Column,
    Empty,
    ListPage,
    Segment,
    list_response,
    register,
)
from backoffice.portal.templatetags import portal as tags
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow import approvals, queues
from compliance import compare, hits, reasons, selectors
from compliance.access import hit_for
from compliance.models import CATEGORIES, Hit
from compliance.queues import HITS
from compliance.states import HIT_COLOURS, HIT_UNDECIDED, HitState

VERDICT_WORDS = {
    HitState.FALSE_POSITIVE: ("Someone else", "The client is not the one on the list."),
    HitState.CONFIRMED: ("Confirm the hit", "The client is the one on the list."),
}


class HitFilters(django_filters.FilterSet):  # type: ignore[misc]
    category = django_filters.ChoiceFilter(label="Meaning", choices=CATEGORIES)
    source = django_filters.CharFilter(label="List code", lookup_expr="exact")
    client = django_filters.CharFilter(
        label="Client reference", field_name="client__reference", lookup_expr="exact"
    )

    class Meta:
        model = Hit
        fields: Sequence[str] = []


def _undecided(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    return rows.filter(state__in=HIT_UNDECIDED)


def _in_state(state: str) -> Any:
    return lambda rows, actor: rows.filter(state=state)


HITS_PAGE = register(
    ListPage(
        code="compliance.hits",
        title="Hits",
        permission="compliance.view_hit",
        rows=selectors.hits_for,
        filters=HitFilters,
        segments=[
            Segment("undecided", "To be decided", _undecided, count=True),
            Segment("confirmed", "Confirmed", _in_state(HitState.CONFIRMED)),
            Segment("dismissed", "Someone else", _in_state(HitState.FALSE_POSITIVE)),
            Segment("all", "All", lambda rows, actor: rows),
        ],
        columns=[
            Column(
                "reference", "Hit", lambda hit: hit.reference, show=tags.ref, fixed=True,
                link=lambda hit: reverse("compliance:hit", args=[hit.pk]),
            ),
            Column("client", "Client", lambda hit: hit.subject["name"], grow=True, fixed=True),
            Column("listed", "Listed as", lambda hit: hit.listed_name, grow=True),
            Column("list", "List", lambda hit: hit.source_title, grow=True),
            Column("score", "Score", lambda hit: f"{hit.score:.2f}", num=True),
            Column("found", "Found", lambda hit: hit.found_at, show=tags.time),
            Column(
                "state", "State", lambda hit: hit,
                show=lambda hit: tags.badge(HIT_COLOURS[hit.state], hit.get_state_display()),
            ),
        ],
        empty=Empty(
            "No one is like a listed name",
            "When a client's name is like one on a watch list, the pair waits here for a person.",
            icon="shield-check",
        ),
    )
)  # fmt: skip


@require_GET
@needs("compliance.view_hit")
def hit_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, HITS_PAGE)


@require_GET
@needs("compliance.view_hit")
def hit_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    actor, hit = request.actor, hit_for(request.actor, pk)
    approval = approvals.pending_for(actor, hit.pk, hits.APPROVAL)
    context = {
        "title": hit.reference,
        "hit": hit,
        "colour": HIT_COLOURS[HitState(hit.state)],
        "lines": selectors.feature_lines(hit.features),
        "pairs": compare.side_by_side(hit, full=request.actor.can(FULL_DATA)),
        "names": hit.entity["names"],
        "remarks": hit.entity["remarks"],
        "programmes": hit.entity["programmes"],
        "reason": reasons.label(reasons.HIT_REASONS, hit.reason),
        "proposed": HitState(hit.proposed).label if hit.proposed else "",
        "approval": approval,
        "others": selectors.hits_of(actor, hit.client).exclude(pk=hit.pk)[:10],
        "events": timeline(actor, hit.pk),
    }
    return decision_response(
        request,
        queue=HITS,
        subject_id=hit.pk,
        template="compliance/hit.html",
        context=context,
        actions=_actions(actor, hit, approval),
    )


def _actions(actor: Actor, hit: Hit, approval: Any) -> list[Button]:
    if hit.state == HitState.PENDING and approval is not None:
        why = approvals.why_not(actor, approval)
        vote = reverse("compliance:hit-vote", args=[hit.pk])
        verdict = HitState(hit.proposed)
        effect = (
            "Everything stops for this client at once: sign-in, deposits, withdrawals, trading."
            if verdict == HitState.CONFIRMED
            else ""
        )
        return [
            Button(
                f"Agree: {verdict.label.lower()}", vote, "a", "primary", why_not=why,
                confirm=effect, fields={"approves": "yes"},
            ),
            Button("Send back", vote, "r", "danger", method="get", why_not=why),
        ]  # fmt: skip
    if hit.state != HitState.OPEN:
        return []
    why = hits.why_not_decide(actor, hit)
    return [
        Button(
            VERDICT_WORDS[verdict][0],
            reverse("compliance:hit-decide", args=[hit.pk, str(verdict)]),
            key,
            kind,
            method="get",
            why_not=why,
        )
        for verdict, key, kind in (
            (HitState.FALSE_POSITIVE, "a", "primary"),
            (HitState.CONFIRMED, "r", "danger"),
        )
    ]


@require_http_methods(["GET", "POST"])
@needs("compliance.decide_hit")
def hit_decide(request: StaffRequest, pk: UUID, verdict: str) -> HttpResponse:
    """A page with the reasons, then the decision."""
    hit = hit_for(request.actor, pk)
    if verdict not in hits.VERDICTS:
        raise Http404("No such verdict.")
    if request.method == "GET":
        return _reason_page(request, hit, HitState(verdict))
    before = queues.item_for(request.actor, HITS.code, hit.pk)
    try:
        done = hits.hit_decide(
            actor=request.actor,
            hit=hit,
            verdict=verdict,
            reason=request.POST.get("reason", ""),
            note=request.POST.get("note", ""),
        )
    except DomainError as error:
        if error.fields:
            return _reason_page(request, hit, HitState(verdict), error)
        return refused(request, error, reverse("compliance:hit", args=[hit.pk]))
    said = f"{done.reference}: {done.get_state_display().lower()}."
    return decided(request, queue=HITS, before=before, sentence=said)


def _reason_page(
    request: StaffRequest, hit: Hit, verdict: HitState, error: DomainError | None = None
) -> HttpResponse:
    label, says = VERDICT_WORDS[verdict]
    context = {
        "title": f"{hit.reference}: {label.lower()}",
        "says": f"{hit.subject['name']}, and {hit.listed_name} of {hit.source_title}. {says}",
        "reasons": reasons.HIT_REASONS[verdict],
        "chosen": request.POST.get("reason", ""),
        "note": request.POST.get("note", ""),
        "errors": list(error.fields.values()) if error else [],
        "label": label,
        "danger": verdict == HitState.CONFIRMED,
        "back_url": reverse("compliance:hit", args=[hit.pk]),
    }
    return render(request, "compliance/decide.html", context, status=422 if error else 200)


@require_http_methods(["GET", "POST"])
@needs("compliance.decide_hit")
def hit_vote(request: StaffRequest, pk: UUID) -> HttpResponse:
    """The second person agrees or, with a reason, sends it back."""
    hit = hit_for(request.actor, pk)
    back = reverse("compliance:hit", args=[hit.pk])
    approval = approvals.pending_for(request.actor, hit.pk, hits.APPROVAL)
    if approval is None:
        return redirect(back)
    if request.method == "GET":
        context = {"title": f"Send {hit.reference} back", "label": "Send back", "back_url": back}
        return render(request, "compliance/send_back.html", context)
    before = queues.item_for(request.actor, HITS.code, hit.pk)
    try:
        done = approvals.approval_vote(
            actor=request.actor,
            approval=approval,
            approves=request.POST.get("approves") == "yes",
            reason=request.POST.get("reason", "").strip()[:300],
        )
    except DomainError as error:
        return refused(request, error, back)
    said = f"{hit.reference}: {done.get_state_display().lower()}."
    return decided(request, queue=HITS, before=before, sentence=said)
