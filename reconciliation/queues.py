"""The queue of breaks."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.core.money import Money
from backoffice.portal.decisions import describe
from backoffice.portal.lists import FULL_DATA
from backoffice.workflow.queues import Queue, register
from reconciliation import selectors
from reconciliation.breaks import QUEUE
from reconciliation.models import Break

BREAKS = register(
    Queue(
        code=QUEUE,
        label="Breaks",
        permission="reconciliation.view_break",
        icon="arrows-diff",
        list_url="reconciliation:breaks",
        url=lambda pk: reverse("reconciliation:break", args=[pk]),
        due_minutes=24 * 60,
        due_minutes_urgent=4 * 60,
        order=60,
    )
)


@describe(QUEUE)
def _described(actor: Actor, ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, str, Any]]:
    rows = selectors.breaks(actor).filter(pk__in=ids)
    return {
        row.pk: (*_words(row, full=actor.can(FULL_DATA)), Money.rounded(row.amount, row.currency))
        for row in rows
    }


def _words(row: Break, *, full: bool) -> tuple[str, str]:
    """Who paid, where the statement says it: most breaks are of one kind."""
    kind, about = row.get_kind_display(), row.subject_label or "no payment named"
    payer = row.line.counterparty_name if row.line is not None and full else ""
    return (payer, f"{kind} · {about}") if payer else (kind, f"{row.reference} · {about}")
