"""The list of bonuses."""

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
from payments.bonus_states import BONUS_COLOURS, BONUS_OPEN, BonusState
from payments.bonuses import access
from payments.bonuses.services import left_of, money_of
from payments.models import Bonus

VIEW = "payments.view_payment"


def badge(state: str) -> SafeString:
    value = BonusState(state)
    return tags.badge(BONUS_COLOURS[value], value.label)


class BonusFilters(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(label="State", choices=BonusState.choices)
    reference = ReferenceFilter(label="Reference")
    since = SinceFilter(label="Since")

    class Meta:
        model = Bonus
        fields: Sequence[str] = []


def _rows(actor: Actor) -> QuerySet[Bonus]:
    own = ("reference", "state", "amount", "left_amount", "currency", "created_at", "asked_by")
    more = ("lots_needed", "expires_at", "decided_by", "ended_at")
    rows = access.bonuses_for(actor)
    return narrowed(rows, (*own, *more), client=Client.NAMED, account=("login",))


def _open(rows: QuerySet[Bonus], actor: Actor) -> QuerySet[Bonus]:
    return rows.filter(state__in=BONUS_OPEN)


BONUSES = register(
    ListPage(
        code="payments.bonuses",
        title="Bonuses",
        permission=VIEW,
        rows=_rows,
        filters=BonusFilters,
        segments=(
            Segment("all", "All", lambda rows, actor: rows),
            Segment("open", "Open", _open, count=True),
        ),
        columns=[
            Column(
                "reference",
                "Reference",
                lambda row: row.reference,
                show=str,
                link=lambda row: object_url("payments:bonus", row.pk),
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
            Column("login", "Account", lambda row: str(row.account.login or "–")),
            Column("amount", "Bonus", money_of, num=True, fixed=True),
            Column("left", "On the account", left_of, num=True),
            Column("lots", "Lots needed", lambda row: row.lots_needed, num=True, shown=False),
            Column("ends", "Ends", lambda row: row.expires_at, show=tags.time),
            Column("asked", "Asked by", lambda row: row.asked_by, show=tags.actor, shown=False),
            Column("decided", "Decided by", lambda row: row.decided_by or None, shown=False),
            Column("created", "Asked", lambda row: row.created_at, show=tags.time),
            Column("ended", "Ended", lambda row: row.ended_at, show=tags.time, shown=False),
            Column("state", "State", lambda row: row.state, show=badge, fixed=True),
        ],
        empty=Empty(
            "No bonuses here",
            "One is asked for on the Money tab of a client, where the law allows it.",
            icon="star",
        ),
    )
)
