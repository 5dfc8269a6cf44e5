"""The list of erasure requests."""

from collections.abc import Sequence

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString

from backoffice.core.columns import narrowed
from backoffice.core.context import Actor
from backoffice.portal.actions import Button
from backoffice.portal.addresses import object_url
from backoffice.portal.filters import ReferenceFilter
from backoffice.portal.lists import Bulk, Column, Empty, ListPage, Segment, register
from backoffice.portal.templatetags import portal as tags
from clients.models import Client
from privacy import due, selectors
from privacy.erasure import WORK
from privacy.models import ErasureRequest, Source
from privacy.states import REQUEST_COLOURS, RequestState

VIEW = "privacy.view_privacy"
OPEN = (RequestState.ASKED, RequestState.RUNNING, RequestState.STOPPED)


def badge(state: str) -> SafeString:
    value = RequestState(state)
    return tags.badge(REQUEST_COLOURS[value], value.label)


class RequestFilters(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(label="State", choices=RequestState.choices)
    source = django_filters.ChoiceFilter(label="Asked by", choices=Source.choices)
    reference = ReferenceFilter(label="Reference")

    class Meta:
        model = ErasureRequest
        fields: Sequence[str] = []


def _rows(actor: Actor) -> QuerySet[ErasureRequest]:
    own = ("reference", "state", "source", "channel", "received_on", "asked_by", "asked_at")
    return narrowed(
        selectors.requests_for(actor), (*own, "decided_by", "done_at"), client=Client.NAMED
    )


def _open(rows: QuerySet[ErasureRequest], actor: Actor) -> QuerySet[ErasureRequest]:
    return rows.filter(state__in=OPEN)


def _may_ask(actor: Actor) -> bool:
    return actor.can(WORK)


def _ask_bulk() -> Bulk:
    confirm = "Each is put before a colleague, who decides. Nothing is erased before."
    url = reverse("privacy:due-ask")
    button = Button("Ask for erasure", url, key="a", kind="primary", confirm=confirm)
    return Bulk([button], _may_ask, lambda row: str(row.pk), lambda row: None)


DUE = register(
    ListPage(
        code="privacy.due",
        title="Retention due",
        permission=VIEW,
        rows=lambda actor: narrowed(
            due.due_for(actor), ("due_on", "found_at"), client=Client.NAMED
        ),
        bulk=_ask_bulk,
        columns=[
            Column(
                "client",
                "Client",
                lambda row: f"{row.client.reference} {row.client.name}",
                link=lambda row: object_url("clients:client", row.client_id),
                grow=True,
                fixed=True,
            ),
            Column("due", "Nothing to be kept since", lambda row: row.due_on),
            Column("found", "Found", lambda row: row.found_at, show=tags.time),
        ],
        empty=Empty(
            "Nothing is due",
            "Every night, clients of whom nothing has to be kept any longer are listed here.",
            icon="clock",
        ),
    )
)


def _buttons(actor: Actor) -> Sequence[Button]:
    found = [
        Button("Retention due", reverse("privacy:due"), icon="clock", method="get"),
        Button("Retention rules", reverse("privacy:retention"), icon="scale", method="get"),
    ]
    if actor.can("privacy.view_access"):
        url = reverse("privacy:access")
        found.append(Button("Staff access", url, icon="eye-check", method="get"))
    return found


REQUESTS = register(
    ListPage(
        code="privacy.requests",
        title="Erasure requests",
        permission=VIEW,
        rows=_rows,
        filters=RequestFilters,
        buttons=_buttons,
        segments=(
            Segment("open", "Open", _open, count=True),
            Segment("all", "All", lambda rows, actor: rows),
        ),
        columns=[
            Column(
                "reference",
                "Reference",
                lambda row: row.reference,
                show=str,
                link=lambda row: object_url("privacy:request", row.pk),
                fixed=True,
            ),
            Column(
                "client",
                "Client",
                lambda row: f"{row.client.reference} {row.client.name}",
                link=lambda row: object_url("clients:client", row.client_id),
                grow=True,
            ),
            Column("source", "Asked by", lambda row: row.get_source_display()),
            Column("channel", "How", lambda row: row.get_channel_display(), shown=False),
            Column("received", "Received", lambda row: row.received_on),
            Column("recorded", "Recorded by", lambda row: row.asked_by, show=tags.actor),
            Column("decided", "Decided by", lambda row: row.decided_by or None),
            Column("done", "Answered", lambda row: row.done_at, show=tags.time),
            Column("state", "State", lambda row: row.state, show=badge, fixed=True),
        ],
        empty=Empty(
            "No requests here",
            "A request is recorded on the Privacy tab of a client and decided by a colleague.",
            icon="lock",
        ),
    )
)
