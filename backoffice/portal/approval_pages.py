"""One place for everything that waits for other eyes, whatever domain asked for it."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import django_filters
from django.contrib import messages
from django.db.models import Exists, OuterRef, QuerySet, prefetch_related_objects
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_POST

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.core.money import Money
from backoffice.portal.actions import Button
from backoffice.portal.batches import visible
from backoffice.portal.decisions import refused
from backoffice.portal.lists import Bulk, Column, Empty, ListPage, Segment, list_response, register
from backoffice.portal.templatetags import portal as tags
from backoffice.portal.timeline import audit_events
from backoffice.portal.wording import content_lines, permission_words
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow import approvals
from backoffice.workflow.models import Approval, ApprovalVote

TO_DECIDE_MAX = 1_000

COLOURS = {
    Approval.State.PENDING: "attention",
    Approval.State.APPROVED: "good",
    Approval.State.REFUSED: "bad",
    Approval.State.CANCELLED: "neutral",
    Approval.State.STALE: "neutral",
}


def _waiting(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    return rows.filter(state=Approval.State.PENDING)


def _mine(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    """Those that a right of the actor's may bring further, and that they neither shaped nor
    have voted on."""
    voted = ApprovalVote.objects.filter(
        tenant_id=actor.tenant_id, approval=OuterRef("pk"), voter_ref=actor.ref
    )
    rows = _waiting(rows, actor).filter(steps__overlap=sorted(actor.permissions))
    return rows.exclude(barred_refs__contains=[actor.ref]).filter(~Exists(voted))


def types(request: StaffRequest) -> list[dict[str, Any]]:
    """What waits for this person, by kind: each narrows the list to itself."""
    chosen = request.GET.get("kind", "")
    mine = _mine(visible(request.actor), request.actor)[:TO_DECIDE_MAX]
    count = Counter(mine.values_list("kind", flat=True))
    url = reverse("portal:approvals")
    found = [
        {
            "label": approvals.kind(code).label,
            "count": f"{number:,}",
            "url": f"{url}?kind={code}",
            "active": code == chosen,
        }
        for code, number in sorted(count.items(), key=lambda each: approvals.kind(each[0]).label)
    ]
    return [{"label": "Every type", "url": url, "active": not chosen}, *found]


def to_decide(actor: Actor) -> int:
    """How many requests wait for this person's vote; at most ``TO_DECIDE_MAX`` are counted."""
    return _mine(visible(actor), actor)[:TO_DECIDE_MAX].count()


def with_about(actor: Actor, rows: Sequence[Approval]) -> Sequence[Approval]:
    """``rows`` with ``about``: whom or what each is about, one query for each kind that says so."""
    subjects: dict[str, list[Approval]] = {}
    for row in rows:
        subjects.setdefault(row.kind, []).append(row)
    for found in subjects.values():
        about = approvals.kind_of(found[0]).about
        said = about(actor, [row.subject_id for row in found]) if about else {}
        for row in found:
            row.about = said.get(row.subject_id)
    return rows


def _prepared(actor: Actor, rows: Sequence[Approval]) -> Sequence[Approval]:
    """With what each is about, and with its votes where it may be approved with others."""
    choosable = [
        row
        for row in with_about(actor, rows)
        if row.state == Approval.State.PENDING and approvals.kind_of(row).in_batches
    ]
    prefetch_related_objects(choosable, "votes")
    for row in choosable:
        row.may_be_chosen = not approvals.why_not_alone(actor, row)
    return rows


def bulk(
    may: Callable[[Actor], bool],
    value: Callable[[Any], str],
    amount: Callable[[Any], Money | None],
) -> Bulk:
    """Approving in one go, for a list whose rows wait for approvals."""
    confirm = "Each is approved by itself; what changed since you saw it is skipped."
    button = Button(
        "Approve", reverse("portal:batch-new"), key="a", kind="primary", confirm=confirm
    )
    return Bulk([button], may, value, amount)


def _amount(row: Approval) -> Money | None:
    return Money(row.amount, row.currency) if row.amount is not None else None


def _wrapped(about: str | None) -> SafeString:
    """Names are read to their end here: someone decides by them."""
    return format_html('<span class="may-wrap">{}</span>', about) if about else SafeString()


class ApprovalFilters(django_filters.FilterSet):  # type: ignore[misc]
    kind = django_filters.ChoiceFilter(
        label="Type",
        choices=lambda: [(kind.code, kind.label) for kind in approvals.kinds()],
        empty_label="Any",
    )
    state = django_filters.ChoiceFilter(
        label="State", choices=Approval.State.choices, empty_label="Any"
    )

    class Meta:
        model = Approval
        fields: Sequence[str] = []


APPROVALS = register(
    ListPage(
        code="workflow.approvals",
        title="Approvals",
        permission="",
        rows=visible,
        filters=ApprovalFilters,
        segments=[
            Segment("todo", "To decide", _mine, count=True),
            Segment("waiting", "All that wait", _waiting, count=True),
            Segment("asked", "Asked by me", lambda rows, actor: rows.filter(maker_ref=actor.ref)),
            Segment("all", "All", lambda rows, actor: rows),
        ],
        exportable=False,
        page_size=40,
        prepare=_prepared,
        template="portal/approvals.html",
        bulk=lambda: bulk(
            lambda actor: True, lambda a: str(a.pk) if a.may_be_chosen else "", _amount
        ),
        buttons=lambda actor: [Button("Batches", reverse("portal:batches"), method="get")],
        columns=[
            Column(
                "label",
                "What",
                lambda a: a.label,
                link=lambda a: reverse("portal:approval", args=[a.pk]),
                grow=True,
                fixed=True,
            ),
            Column("about", "About", lambda a: a.about, show=_wrapped),
            Column("kind", "Type", lambda a: approvals.kind_of(a).label),
            Column(
                "amount",
                "Amount",
                _amount,
                num=True,
            ),
            Column("maker", "Asked by", lambda a: a.maker_name, show=tags.actor),
            Column("at", "Waiting", lambda a: a.created_at, show=tags.time),
            Column(
                "state",
                "State",
                lambda a: a,
                show=lambda a: tags.badge(COLOURS[a.state], a.get_state_display()),
            ),
        ],
        empty=Empty(
            "Nothing waits for your approval",
            "What colleagues ask a second person for appears here.",
            icon="check",
        ),
    )
)


@require_GET
@needs()
def approval_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, APPROVALS, {"types": types(request)})


def _approval(request: StaffRequest, pk: UUID) -> Approval:
    row = visible(request.actor).filter(pk=pk).prefetch_related("votes").first()
    if row is None:
        raise Http404
    return row


@require_GET
@needs()
def approval_detail(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Who asked, exactly for what, who has said yes, who is missing."""
    row = _approval(request, pk)
    votes = {vote.step: vote for vote in row.votes.all()}
    kind = approvals.kind_of(row)
    shown = kind.shown(row) if kind.shown else row.content
    context = {
        "row": row,
        "kind": kind,
        "colour": COLOURS[Approval.State(row.state)],
        "content": content_lines(shown),
        "steps": [
            {"right": permission_words(permission), "vote": votes.get(index)}
            for index, permission in enumerate(row.steps)
        ],
        "why_not": approvals.why_not(request.actor, row),
        "record_url": kind.url(row),
        "events": audit_events(request.actor, row.subject_id),
    }
    return render(request, "portal/approval.html", context)


@require_POST
@needs()
def approval_decide(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = _approval(request, pk)
    back = reverse("portal:approval", args=[pk])
    approves = request.POST.get("decision") == "approve"
    try:
        if approves:
            done = approvals.approval_approve(actor=request.actor, approval=row)
        else:
            done = approvals.approval_vote(
                actor=request.actor,
                approval=row,
                approves=False,
                reason=request.POST.get("reason", "").strip()[:300],
            )
    except DomainError as error:
        return refused(request, error, back)
    if done.state == Approval.State.STALE:
        messages.warning(request, "It has changed since it was asked, so nothing was done.")
        return redirect(back)
    messages.success(request, f"{row.label}: {done.get_state_display().lower()}.")
    return redirect("portal:approvals")
