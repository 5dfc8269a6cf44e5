"""The list of chargebacks."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import F, QuerySet
from django.utils.safestring import SafeString

from backoffice.core.columns import narrowed
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.money import Money
from backoffice.portal.addresses import object_url
from backoffice.portal.decisions import describe
from backoffice.portal.filters import ReferenceFilter, SinceFilter
from backoffice.portal.lists import Column, Empty, ListPage, Segment, register
from backoffice.portal.templatetags import portal as tags
from clients.models import Client
from payments.chargeback_states import (
    CHARGEBACK_ANSWERABLE,
    CHARGEBACK_COLOURS,
    ChargebackState,
)
from payments.chargebacks import access, books, debts
from payments.chargebacks.rules import REASONS, reason_word
from payments.models import Chargeback, GatewayAccount

VIEW = "payments.view_payment"
_C = ChargebackState
SHOWN = [choice for choice in ChargebackState.choices if choice[0] != _C.NOTED]


def badge(state: str) -> SafeString:
    value = ChargebackState(state)
    return tags.badge(CHARGEBACK_COLOURS[value], value.label)


def _gateways(request: Any) -> QuerySet[GatewayAccount]:
    return GatewayAccount.objects.filter(tenant_id=current_tenant_id()).order_by("name")


class ChargebackFilters(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(label="State", choices=SHOWN)
    reason = django_filters.ChoiceFilter(
        label="The bank's reason", field_name="reason_code", choices=list(REASONS.items())
    )
    gateway = django_filters.ModelChoiceFilter(label="Gateway", queryset=_gateways)
    reference = ReferenceFilter(label="Reference")
    since = SinceFilter(label="Since")

    class Meta:
        model = Chargeback
        fields: Sequence[str] = []


def _rows(actor: Actor) -> QuerySet[Chargeback]:
    own = ("reference", "state", "reason_code", "provider_ref", "due_at", "created_at", "closed_at")
    money = ("amount", "currency", "owed_amount", "repaid_amount", "written_off_amount")
    return narrowed(
        access.chargebacks_for(actor),
        (*own, *money),
        client=Client.NAMED,
        deposit=("reference",),
        gateway=("name",),
    )


def _in(*states: str) -> Any:
    return lambda rows, actor: rows.filter(state__in=states)


def _owing(rows: QuerySet[Chargeback], actor: Actor) -> QuerySet[Chargeback]:
    return rows.filter(owed_amount__gt=F("repaid_amount") + F("written_off_amount"))


def _due(row: Chargeback) -> SafeString | str:
    """Counted down while it is ours to answer."""
    if row.due_at is None or row.state not in CHARGEBACK_ANSWERABLE:
        return ""
    return tags.due(row.due_at)


def _owed(row: Chargeback) -> Money | None:
    return books.owed(row) or None


CHARGEBACKS = register(
    ListPage(
        code="payments.chargebacks",
        title="Chargebacks",
        permission=VIEW,
        rows=_rows,
        filters=ChargebackFilters,
        segments=(
            Segment("answer", "To answer", _in(*CHARGEBACK_ANSWERABLE), count=True),
            Segment("bank", "With the bank", _in(_C.EVIDENCE), count=True),
            Segment("owing", "Owed by clients", _owing, count=True),
            Segment("all", "All", lambda rows, actor: rows),
        ),
        columns=[
            Column(
                "reference",
                "Reference",
                lambda row: row.reference,
                show=str,
                link=lambda row: object_url("payments:chargeback", row.pk),
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
            Column("amount", "Taken back", books.money_of, num=True, fixed=True),
            Column("owed", "Still owed", _owed, num=True),
            Column("reason", "Reason", lambda row: reason_word(row.reason_code)),
            Column(
                "deposit",
                "Deposit",
                lambda row: row.deposit.reference,
                link=lambda row: object_url("payments:deposit", row.deposit_id),
            ),
            Column("gateway", "Gateway", lambda row: row.gateway.name, shown=False),
            Column("number", "Gateway's number", lambda row: row.provider_ref or None, shown=False),
            Column("created", "Opened", lambda row: row.created_at, show=tags.time),
            Column("due", "Evidence due", lambda row: row.due_at, show=tags.time, shown=False),
            Column("left", "Time left", _due, show=lambda value: value),
            Column("closed", "Closed", lambda row: row.closed_at, show=tags.time, shown=False),
            Column("state", "State", lambda row: row.state, show=badge, fixed=True),
        ],
        empty=Empty(
            "No chargebacks here",
            "One appears when a gateway says that a payer's bank takes a deposit back, or when "
            "you enter it on the deposit's page.",
            icon="receipt-refund",
        ),
    )
)


@describe(debts.QUEUE)
def _described(actor: Actor, ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, str, Any]]:
    rows = narrowed(
        access.chargebacks_for(actor).filter(pk__in=ids),
        ("reference", "state", "amount", "currency"),
        client=Client.NAMED,
    )
    return {
        row.pk: (
            f"{row.client.reference} {row.client.name}",
            f"{row.reference} · {row.get_state_display()}",
            books.money_of(row),
        )
        for row in rows
    }
