"""The decision page of a queue: the list on the left, one item on the right, the next by itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.db.models import Subquery
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString, mark_safe

from backoffice.audit.selectors import newest_change
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.portal.actions import Button
from backoffice.portal.context import queue_counts
from backoffice.portal.templatetags import portal as tags
from backoffice.staff.access import StaffRequest
from backoffice.workflow import queues
from backoffice.workflow.models import WorkItem
from backoffice.workflow.queues import Queue

SIDE_MAX = 30
ITEM = ("subject_id", "opened_at", "due_at", "owner_ref", "owner_name")  # what is shown of it
CURRENT = ' aria-current="true"'


@dataclass(frozen=True)
class SideLine:
    """A queue item in the narrow list: who, how much, what, and its clock."""

    item: WorkItem
    url: str
    who: str
    what: str
    amount: Any = None
    at: bool = False

    @property
    def html(self) -> SafeString:
        """Written here as the rows of lists are: thirty stand on each decision page."""
        amount = tags.shown(self.amount) if self.amount else ""
        return mark_safe(  # noqa: S308 - each part is escaped
            f'<a class="queue-item{" is-at" if self.at else ""}" data-row data-open'
            f' href="{escape(self.url)}"{CURRENT if self.at else ""}>'
            f'<span class="queue-who">{conditional_escape(self.who)}</span>'
            f'<span class="num strong">{amount}</span>'
            f'<span class="queue-what">{conditional_escape(self.what)}</span>'
            f'<span class="queue-when">{tags.due(self.item.due_at)}</span></a>'
        )


Describe = Callable[[Actor, Sequence[UUID]], Mapping[UUID, tuple[str, str, Any]]]
_describers: dict[str, Describe] = {}


def describe(queue: str) -> Callable[[Describe], Describe]:
    """Register how a queue's items read in the narrow list: id -> (who, what, amount or None)."""

    def decorate(function: Describe) -> Describe:
        _describers[queue] = function
        return function

    return decorate


def side_lines(
    actor: Actor,
    queue: Queue,
    items: Sequence[WorkItem],
    current: UUID | None = None,
    *,
    owners: bool = False,
) -> list[SideLine]:
    """The items as lines; the one of the subject ``current`` is marked; ``owners`` says whose."""
    described = _describers[queue.code](actor, [item.subject_id for item in items])
    lines = []
    for item in items:
        who, what, amount = described.get(item.subject_id, ("", "", None))
        if owners and item.owner_name:
            what = f"{what} · {item.owner_name}"
        lines.append(
            SideLine(
                item=item,
                url=queue.url(item.subject_id),
                who=who,
                what=what,
                amount=amount,
                at=item.subject_id == current,
            )
        )
    return lines


def decision_response(
    request: StaffRequest,
    *,
    queue: Queue,
    subject_id: UUID,
    template: str,
    context: Mapping[str, Any],
    actions: Sequence[Button],
    status: int = 200,
) -> HttpResponse:
    """A decision page; ``template`` extends ``portal/decision.html``.

    In context besides: ``item`` (None when nothing waits), ``side``, ``next``, ``actions`` (the
    domain's, then assign and snooze), ``taken_by`` when a colleague has it, ``seen`` (the last
    change of the subject that the page knows, for ``components/watch.html``).
    """
    actor = request.actor
    changed = newest_change(actor, subject_id)
    waiting = queues.open_items(actor, queue.code).annotate(
        for_others=queues.for_others(actor), seen=Subquery(changed)
    )
    items: list[Any] = list(waiting.only(*ITEM)[:SIDE_MAX])
    item = next((each for each in items if each.subject_id == subject_id), None)
    if item is None:  # further down, or snoozed
        item = queues.item_for(actor, queue.code, subject_id)
    next_item = _next_item(actor, queue, items, item) if item else None
    side = side_lines(actor, queue, items, subject_id)
    taken_by = item.owner_name if item and item.owner_ref not in ("", actor.ref) else ""
    following = None
    if next_item is not None:
        line = next((line for line in side if line.item.pk == next_item.pk), None)
        following = {"url": queue.url(next_item.subject_id), "label": _next_label(line)}
    full = {
        "queue": queue,
        "item": item,
        "side": side,
        "side_count": next((c for c in queue_counts(request) if c.queue.code == queue.code), None),
        "next": following,
        "taken_by": taken_by,
        "subject_id": subject_id,
        "seen": (items[0].seen if items else changed.first()) or "",
        "actions": [*actions, *_item_buttons(actor, item)],
        "list_url": reverse(queue.list_url),
        **context,
    }
    return render(request, template, full, status=status)


def _next_item(actor: Actor, queue: Queue, items: Sequence[Any], item: WorkItem) -> WorkItem | None:
    """As ``queues.next_item``, which is asked when the queue's first items don't say it."""
    free = [each for each in items if each.pk != item.pk and each.owner_ref in ("", actor.ref)]
    mine = [each for each in free if not each.for_others]
    later = [each for each in mine if (each.due_at, each.pk) > (item.due_at, item.pk)]
    if not later and len(items) == SIDE_MAX:
        return queues.next_item(actor, queue.code, item)
    past = [each for each in free if (each.due_at, each.pk) > (item.due_at, item.pk)]
    return next(iter([*later, *mine, *past, *free]), None)


def _next_label(line: SideLine | None) -> SafeString | str:
    if line is None:
        return "next"
    amount = format_html(", {}", tags.shown(line.amount)) if line.amount else ""
    return format_html("{}{}{}", "next: ", line.who, amount)


def _item_buttons(actor: Actor, item: WorkItem | None) -> list[Button]:
    if item is None:
        return []
    if item.owner_ref == actor.ref:
        url = reverse("portal:item-release", args=[item.pk])
        return [Button("Release", url, key="m", kind="quiet")]
    label = "Take over" if item.owner_ref else "Take"
    return [Button(label, reverse("portal:item-claim", args=[item.pk]), key="m", kind="quiet")]


def decided(
    request: StaffRequest, *, queue: Queue, before: WorkItem | None, sentence: str
) -> HttpResponse:
    """After a decision: say what happened and open the next item, or the queue when it is empty."""
    messages.success(request, sentence)
    following = queues.next_item(request.actor, queue.code, before)
    if following is None:
        return redirect(queue.list_url)
    return redirect(queue.url(following.subject_id))


def refused(request: StaffRequest, error: DomainError, back: str) -> HttpResponse:
    """A service said no: its sentence is shown where the person was; nothing was changed."""
    messages.error(request, error.sentence)
    return redirect(back)


def back_url(request: StaffRequest, default: str) -> str:
    """Where a form came from, when that is a page of ours."""
    given = request.POST.get("back", "") or request.META.get("HTTP_REFERER", "")
    if given and url_has_allowed_host_and_scheme(given, {request.get_host()}):
        parts = urlsplit(given)
        return parts.path + (f"?{parts.query}" if parts.query else "")
    return default
