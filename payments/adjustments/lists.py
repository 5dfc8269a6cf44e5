"""The list of wallet adjustments."""

from collections.abc import Sequence

import django_filters
from django.db.models import QuerySet
from django.utils.safestring import SafeString

from backoffice.core.columns import narrowed
from backoffice.core.context import Actor
from backoffice.portal.addresses import object_url
from backoffice.portal.filters import ReferenceFilter, SinceFilter
from backoffice.portal.lists import Column, Empty, ListPage, Segment, register
from backoffice.portal.templatetags import portal as tags
from clients.models import Client
from payments.adjustment_states import ADJUSTMENT_COLOURS, AdjustmentState, Direction, Why
from payments.adjustments import access
from payments.adjustments.services import money_of
from payments.models import WalletAdjustment

VIEW = "payments.view_payment"


def badge(state: str) -> SafeString:
    value = AdjustmentState(state)
    return tags.badge(ADJUSTMENT_COLOURS[value], value.label)


class AdjustmentFilters(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(label="State", choices=AdjustmentState.choices)
    direction = django_filters.ChoiceFilter(label="Direction", choices=Direction.choices)
    why = django_filters.ChoiceFilter(label="For", choices=Why.choices)
    reference = ReferenceFilter(label="Reference")
    since = SinceFilter(label="Since")

    class Meta:
        model = WalletAdjustment
        fields: Sequence[str] = []


def _rows(actor: Actor) -> QuerySet[WalletAdjustment]:
    own = ("reference", "state", "direction", "why", "amount", "currency", "created_at")
    people = ("asked_by", "decided_by", "decided_at")
    return narrowed(access.adjustments_for(actor), (*own, *people), client=Client.NAMED)


def _waiting(rows: QuerySet[WalletAdjustment], actor: Actor) -> QuerySet[WalletAdjustment]:
    return rows.filter(state=AdjustmentState.ASKED)


ADJUSTMENTS = register(
    ListPage(
        code="payments.adjustments",
        title="Wallet adjustments",
        permission=VIEW,
        rows=_rows,
        filters=AdjustmentFilters,
        segments=(
            Segment("all", "All", lambda rows, actor: rows),
            Segment("waiting", "Wait for approval", _waiting, count=True),
        ),
        columns=[
            Column(
                "reference",
                "Reference",
                lambda row: row.reference,
                show=str,
                link=lambda row: object_url("payments:adjustment", row.pk),
                fixed=True,
            ),
            Column("client_ref", "Client's number", lambda row: row.client.reference, shown=False),
            Column(
                "client",
                "Client",
                lambda row: row.client.name,
                link=lambda row: object_url("clients:client", row.client_id),
                grow=True,
            ),
            Column("amount", "Amount", money_of, num=True, fixed=True),
            Column("direction", "Direction", lambda row: row.get_direction_display()),
            Column("why", "For", lambda row: row.get_why_display()),
            Column("asked", "Asked by", lambda row: row.asked_by, show=tags.actor),
            Column("decided", "Decided by", lambda row: row.decided_by or None, shown=False),
            Column("created", "Asked", lambda row: row.created_at, show=tags.time),
            Column("ended", "Decided", lambda row: row.decided_at, show=tags.time, shown=False),
            Column("state", "State", lambda row: row.state, show=badge, fixed=True),
        ],
        empty=Empty(
            "No adjustments here",
            "One is asked for on the Money tab of a client, and booked when a colleague approves.",
            icon="scale",
        ),
    )
)
