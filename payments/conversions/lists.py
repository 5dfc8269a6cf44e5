"""The list of conversions."""

from collections.abc import Sequence

import django_filters
from django.db.models import QuerySet
from django.utils.safestring import SafeString

from backoffice.core.columns import narrowed
from backoffice.core.context import Actor
from backoffice.core.money import Money
from backoffice.portal.addresses import object_url
from backoffice.portal.filters import ReferenceFilter, SinceFilter
from backoffice.portal.lists import Column, Empty, ListPage, Segment, register
from backoffice.portal.templatetags import portal as tags
from clients.models import Client
from payments.conversion_states import CONVERSION_COLOURS, ConversionState
from payments.conversions import access
from payments.conversions.books import get_of, give_of
from payments.conversions.rules import rate_text
from payments.models import Conversion

VIEW = "payments.view_payment"


def badge(state: str) -> SafeString:
    value = ConversionState(state)
    return tags.badge(CONVERSION_COLOURS[value], value.label)


class ConversionFilters(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(label="State", choices=ConversionState.choices)
    reference = ReferenceFilter(label="Reference")
    since = SinceFilter(label="Since")

    class Meta:
        model = Conversion
        fields: Sequence[str] = []


def _rows(actor: Actor) -> QuerySet[Conversion]:
    own = ("reference", "state", "created_at", "asked_by", "decided_by", "decided_at", "quoted_at")
    money = ("give_amount", "give_currency", "get_amount", "get_currency", "spread_amount")
    rates = ("mid", "client_rate", "spread")
    return narrowed(access.conversions_for(actor), (*own, *money, *rates), client=Client.NAMED)


def _waiting(rows: QuerySet[Conversion], actor: Actor) -> QuerySet[Conversion]:
    return rows.filter(state=ConversionState.WAITING)


def _booked(rows: QuerySet[Conversion], actor: Actor) -> QuerySet[Conversion]:
    return rows.filter(state=ConversionState.BOOKED)


CONVERSIONS = register(
    ListPage(
        code="payments.conversions",
        title="Conversions",
        permission=VIEW,
        rows=_rows,
        filters=ConversionFilters,
        segments=(
            Segment("all", "All", lambda rows, actor: rows),
            Segment("waiting", "Wait for approval", _waiting, count=True),
            Segment("booked", "Exchanged", _booked),
        ),
        columns=[
            Column(
                "reference",
                "Reference",
                lambda row: row.reference,
                show=str,
                link=lambda row: object_url("payments:conversion", row.pk),
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
            Column("give", "Gives", give_of, num=True, fixed=True),
            Column("get", "Gets", get_of, num=True, fixed=True),
            Column("rate", "Client's rate", lambda row: rate_text(row.client_rate), num=True),
            Column("mid", "Mid", lambda row: rate_text(row.mid), num=True, shown=False),
            Column(
                "spread",
                "Spread",
                lambda row: Money(row.spread_amount, row.get_currency),
                num=True,
                shown=False,
            ),
            Column("quoted", "Quoted", lambda row: row.quoted_at, show=tags.time, shown=False),
            Column("asked", "Asked by", lambda row: row.asked_by, show=tags.actor, shown=False),
            Column("decided", "Decided by", lambda row: row.decided_by or None, shown=False),
            Column("created", "Offered", lambda row: row.created_at, show=tags.time),
            Column("ended", "Ended", lambda row: row.decided_at, show=tags.time, shown=False),
            Column("state", "State", lambda row: row.state, show=badge, fixed=True),
        ],
        empty=Empty(
            "No conversions here",
            "One is offered on the Money tab of a client, and booked when it is accepted in time.",
            icon="switch-horizontal",
        ),
    )
)
