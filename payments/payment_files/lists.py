"""The list of payment files."""

from collections.abc import Sequence
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from backoffice.core.columns import narrowed
from backoffice.core.context import Actor, current_tenant_id
from backoffice.portal.actions import Button
from backoffice.portal.addresses import object_url
from backoffice.portal.filters import ReferenceFilter, SinceFilter
from backoffice.portal.lists import Column, Empty, ListPage, Segment, register
from backoffice.portal.templatetags import portal as tags
from payments.models import GatewayAccount, PaymentFile
from payments.payment_file_states import (
    PAYMENT_FILE_COLOURS,
    PAYMENT_FILE_HERE,
    PAYMENT_FILE_OUT,
    PaymentFileState,
)
from payments.payment_files import access, files
from payments.watch import BY_FILE

VIEW = "payments.view_payment"


def badge(state: str) -> SafeString:
    value = PaymentFileState(state)
    return tags.badge(PAYMENT_FILE_COLOURS[value], value.label)


def _totals(text: str) -> SafeString:
    return format_html('<span class="money">{}</span>', text)


def _gateways(request: Any) -> QuerySet[GatewayAccount]:
    rows = GatewayAccount.objects.filter(tenant_id=current_tenant_id(), kind__in=BY_FILE)
    return rows.order_by("name")


class FileFilters(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(label="State", choices=PaymentFileState.choices)
    gateway = django_filters.ModelChoiceFilter(label="Account", queryset=_gateways)
    reference = ReferenceFilter(label="Reference")
    since = SinceFilter(label="Since")

    class Meta:
        model = PaymentFile
        fields: Sequence[str] = []


def _rows(actor: Actor) -> QuerySet[PaymentFile]:
    own = ("reference", "state", "execution_on", "payments_count", "totals", "created_at")
    people = ("prepared_by", "released_by", "handed_over_at")
    return narrowed(access.files_for(actor), (*own, *people), gateway=("name",))


def _in(states: Sequence[str]) -> Any:
    return lambda rows, actor: rows.filter(state__in=states)


def _buttons(actor: Actor) -> Sequence[Button]:
    if not actor.can(files.WORK) or actor.desks is not None:
        return ()
    url = reverse("payments:file-new")
    return (Button("Prepare a file", url, kind="primary", method="get", icon="plus"),)


FILES = register(
    ListPage(
        code="payments.files",
        title="Payment files",
        permission=VIEW,
        rows=_rows,
        filters=FileFilters,
        buttons=_buttons,
        segments=(
            Segment("here", "To do", _in(PAYMENT_FILE_HERE), count=True),
            Segment("out", "With the bank", _in(PAYMENT_FILE_OUT), count=True),
            Segment("all", "All", lambda rows, actor: rows),
        ),
        columns=[
            Column(
                "reference",
                "Reference",
                lambda row: row.reference,
                show=str,
                link=lambda row: object_url("payments:file", row.pk),
                fixed=True,
            ),
            Column("gateway", "From", lambda row: row.gateway.name, grow=True),
            Column("count", "Payouts", lambda row: row.payments_count, num=True),
            Column("amount", "Amount", files.totals_text, num=True, fixed=True, show=_totals),
            Column("on", "Carried out on", lambda row: row.execution_on),
            Column("prepared", "Prepared by", lambda row: row.prepared_by, show=tags.actor),
            Column("released", "Released by", lambda row: row.released_by or None, shown=False),
            Column("created", "Prepared", lambda row: row.created_at, show=tags.time),
            Column("handed", "Handed over", lambda row: row.handed_over_at, show=tags.time),
            Column("state", "State", lambda row: row.state, show=badge, fixed=True),
        ],
        empty=Empty(
            "No payment files here",
            "Approved payouts of an account that is paid from by files wait until they are put "
            "into one.",
            icon="file-export",
        ),
    )
)
