"""Approving many at once: the POST that begins a batch, and the page that follows it."""

from collections import Counter
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError, InvalidInput
from backoffice.core.money import Money
from backoffice.portal import batches
from backoffice.portal.actions import Button
from backoffice.portal.approval_pages import with_about
from backoffice.portal.decisions import back_url, refused
from backoffice.portal.lists import Column, Empty, ListPage, Segment, list_response, register
from backoffice.portal.models import Batch
from backoffice.portal.once import once
from backoffice.portal.states import BATCH_COLOURS, ITEM_COLOURS, BatchState, ItemState
from backoffice.portal.templatetags import portal as tags
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow import approvals

HTMX_STOP = 286  # htmx stops asking


def _badge(state: str) -> Any:
    value = BatchState(state)
    return tags.badge(BATCH_COLOURS[value], value.label)


BATCHES = register(
    ListPage(
        code="portal.batches",
        title="Batches",
        permission="",
        rows=batches.batches_for,
        segments=[
            Segment("mine", "Mine", lambda rows, actor: rows.filter(asked_by_ref=actor.ref)),
            Segment("all", "All", lambda rows, actor: rows),
        ],
        exportable=False,
        columns=[
            Column(
                "label",
                "What",
                lambda row: row.label,
                link=lambda row: reverse("portal:batch", args=[row.pk]),
                grow=True,
                fixed=True,
            ),
            Column("asked", "Asked by", lambda row: row.asked_by_name, show=tags.actor),
            Column("at", "At", lambda row: row.created_at, show=tags.time),
            Column("done", "Ended", lambda row: row.done_at, show=tags.time),
            Column("state", "State", lambda row: row.state, show=_badge),
        ],
        empty=Empty(
            "No batches yet",
            "Choose several rows of a list (x) and approve them at once; how it goes is seen here.",
            icon="checklist",
        ),
    )
)


@require_GET
@needs()
def batch_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, BATCHES)


@require_POST
@once
@needs()
def batch_new(request: StaffRequest) -> HttpResponse:
    """Begin to approve what was chosen in a list."""
    try:
        chosen = [UUID(text) for text in request.POST.getlist("selected")]
        batch = batches.batch_ask(actor=request.actor, chosen=chosen)
    except ValueError:
        error: DomainError = InvalidInput("That is no approval.")
        return refused(request, error, back_url(request, reverse("portal:approvals")))
    except DomainError as problem:
        return refused(request, problem, back_url(request, reverse("portal:approvals")))
    return redirect("portal:batch", pk=batch.pk)


def _batch(actor: Actor, pk: UUID) -> Batch:
    row = batches.batches_for(actor).filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


@require_GET
@needs()
def batch_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    """How far it is, item by item; asked for again by the page itself until it has ended."""
    batch = _batch(request.actor, pk)
    context = _context(request.actor, batch)
    if not request.htmx:
        return render(request, "portal/batch.html", context)
    ended = batch.state != BatchState.RUNNING
    return render(request, "portal/batch_body.html", context, status=HTMX_STOP if ended else 200)


def _context(actor: Actor, batch: Batch) -> dict[str, Any]:
    kind = approvals.kind(batch.kind)
    rows = batch.items.filter(tenant_id=actor.tenant_id).select_related("approval")
    items = list(rows.order_by("place"))
    with_about(actor, [item.approval for item in items])
    count = Counter(item.state for item in items)
    stops = actor.ref == batch.asked_by_ref or actor.can(kind.permission)
    url = reverse("portal:batch-stop", args=[batch.pk])
    running = batch.state == BatchState.RUNNING
    return {
        "batch": batch,
        "colour": BATCH_COLOURS[BatchState(batch.state)],
        "running": running,
        "over": batch.total - count[ItemState.WAITING],
        "stats": [
            {"name": state.label, "value": f"{count[state]:,}"}
            for state in ItemState
            if count[state] or state in (ItemState.DONE, ItemState.SKIPPED, ItemState.REFUSED)
        ],
        "lines": [_line(kind, item) for item in items],
        "action": Button("Stop", url, kind="danger") if running and stops else None,
    }


def _line(kind: approvals.ApprovalKind, item: Any) -> dict[str, Any]:
    approval = item.approval
    amount = Money(approval.amount, approval.currency) if approval.amount is not None else None
    return {
        "item": item,
        "approval": approval,
        "url": kind.url(approval),
        "amount": amount,
        "colour": ITEM_COLOURS[ItemState(item.state)],
    }


@require_POST
@needs()
def batch_stop(request: StaffRequest, pk: UUID) -> HttpResponse:
    batch, back = _batch(request.actor, pk), reverse("portal:batch", args=[pk])
    try:
        batches.batch_stop(actor=request.actor, batch=batch)
    except DomainError as error:
        return refused(request, error, back)
    messages.success(request, "Stopped: what was not begun stays undone.")
    return redirect(back)
