"""The lists of money: deposits, withdrawals, transfers, gateways' messages."""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from backoffice.core.columns import narrowed
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.money import Money
from backoffice.portal.actions import Button
from backoffice.portal.addresses import object_url
from backoffice.portal.approval_pages import bulk
from backoffice.portal.filters import ReferenceFilter, SinceFilter
from backoffice.portal.lists import Column, Empty, ListPage, Segment, register
from backoffice.portal.templatetags import portal as tags
from backoffice.workflow.approvals import why_not_alone
from backoffice.workflow.models import Approval
from clients.models import Client
from payments import access
from payments.models import Deposit, Method, Transfer, WebhookMessage, Withdrawal
from payments.services.transfers import way
from payments.services.withdrawals import KIND
from payments.states import (
    DEPOSIT_COLOURS,
    TRANSFER_COLOURS,
    WITHDRAWAL_COLOURS,
    DepositState,
    TransferState,
    WithdrawalState,
)

VIEW = "payments.view_payment"
MESSAGE_COLOURS = {
    "received": "going",
    "processed": "good",
    "stale": "neutral",
    "parked": "attention",
    "refused": "bad",
}
_W, _D, _T = WithdrawalState, DepositState, TransferState
DEPOSIT_DECIDE = (_D.REVIEW, _D.AMOUNT_MISMATCH)
WITHDRAWAL_DECIDE = (_W.REVIEW, _W.PART_FAILED)


def deposit_badge(state: str) -> SafeString:
    value = DepositState(state)
    return tags.badge(DEPOSIT_COLOURS[value], value.label)


def withdrawal_badge(state: str) -> SafeString:
    value = WithdrawalState(state)
    return tags.badge(WITHDRAWAL_COLOURS[value], value.label)


def transfer_badge(state: str) -> SafeString:
    value = TransferState(state)
    return tags.badge(TRANSFER_COLOURS[value], value.label)


def message_badge(state: str) -> SafeString:
    return tags.badge(MESSAGE_COLOURS[state], WebhookMessage.State(state).label)


def _methods(request: Any) -> QuerySet[Method]:
    return Method.objects.filter(tenant_id=current_tenant_id()).order_by("position", "name")


class DepositFilters(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(label="State", choices=DepositState.choices)
    method = django_filters.ModelChoiceFilter(label="Method", queryset=_methods)
    reference = ReferenceFilter(label="Reference")
    since = SinceFilter(label="Since")

    class Meta:
        model = Deposit
        fields: Sequence[str] = []


class WithdrawalFilters(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(label="State", choices=WithdrawalState.choices)
    method = django_filters.ModelChoiceFilter(label="Method", queryset=_methods)
    least = django_filters.NumberFilter(label="From amount", field_name="amount", lookup_expr="gte")
    reference = ReferenceFilter(label="Reference")
    since = SinceFilter(label="Since")

    class Meta:
        model = Withdrawal
        fields: Sequence[str] = []


class TransferFilters(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(label="State", choices=TransferState.choices)
    reference = ReferenceFilter(label="Reference")

    class Meta:
        model = Transfer
        fields: Sequence[str] = []


class MessageFilters(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(label="State", choices=WebhookMessage.State.choices)
    delivery = django_filters.CharFilter(label="Message", lookup_expr="exact")

    class Meta:
        model = WebhookMessage
        fields: Sequence[str] = []


def _cut(name: str, label: str, states: Sequence[str], *, count: bool = False) -> Segment:
    return Segment(name, label, lambda rows, actor: rows.filter(state__in=states), count=count)


ALL = Segment("all", "All", lambda rows, actor: rows)


def _client_columns() -> list[Column]:
    def url(row: Any) -> str:
        return object_url("clients:client", row.client_id)

    return [
        Column("client_ref", "Client's number", lambda row: row.client.reference, shown=False),
        Column("client", "Client", lambda row: row.client.name, link=url, grow=True),
    ]


def _link(name: str) -> Callable[[Any], str]:
    return lambda row: object_url(name, row.pk)


def _decide(name: str, states: Sequence[str]) -> Column:
    """From the list straight to the decision; the row itself still opens the record."""
    link = _link(name)
    return Column(
        "decide",
        "Next step",
        lambda row: "Decide" if row.state in states else None,
        link=lambda row: link(row) if row.state in states else "",
        needs="payments.work_payment",
    )


def _deposits(actor: Actor) -> QuerySet[Deposit]:
    own = ("reference", "state", "reason", "instrument_label", "created_at", "credited_at")
    money = ("asked_amount", "asked_currency", "paid_amount", "paid_currency")
    rows = access.deposits_for(actor)
    return narrowed(rows, (*own, *money), client=Client.NAMED, method=("name",))


def _withdrawals(actor: Actor) -> QuerySet[Withdrawal]:
    return narrowed(
        access.withdrawals_for(actor),
        ("reference", "state", "amount", "currency", "why", "created_at"),
        client=(*Client.NAMED, "risk_band"),
        method=("name",),
        destination=("label",),
    )


def _transfers(actor: Actor) -> QuerySet[Transfer]:
    end = ("login", "reference")
    return narrowed(
        access.transfers_for(actor),
        ("reference", "state", "amount", "currency", "reason", "created_at"),
        client=Client.NAMED,
        source=end,
        target=end,
    )


def _paid_or_asked(row: Deposit) -> Money:
    if row.paid_amount is not None:
        return Money(row.paid_amount, row.paid_currency)
    return Money(row.asked_amount, row.asked_currency)


DEPOSITS = register(
    ListPage(
        code="payments.deposits",
        title="Deposits",
        permission=VIEW,
        rows=_deposits,
        filters=DepositFilters,
        segments=(
            _cut("decide", "To decide", DEPOSIT_DECIDE, count=True),
            _cut("held", "Held", [_D.HELD]),
            _cut(
                "open",
                "Under way",
                [_D.CREATED, _D.REDIRECTED, _D.PENDING, _D.AUTHORIZED, _D.MT_PENDING],
            ),
            ALL,
        ),
        columns=[
            Column(
                "reference",
                "Reference",
                lambda row: row.reference,
                show=str,
                link=_link("payments:deposit"),
                fixed=True,
            ),
            *_client_columns(),
            Column("amount", "Amount", _paid_or_asked, num=True, fixed=True),
            Column("method", "Method", lambda row: row.method.name),
            Column("instrument", "Paid with", lambda row: row.instrument_label or None),
            Column(
                "asked",
                "Asked",
                lambda row: Money(row.asked_amount, row.asked_currency),
                num=True,
                shown=False,
            ),
            Column("created", "Asked at", lambda row: row.created_at, show=tags.time),
            Column("credited", "Credited", lambda row: row.credited_at, show=tags.time),
            Column("reason", "Why", lambda row: row.reason or None, shown=False),
            Column("state", "State", lambda row: row.state, show=deposit_badge, fixed=True),
            _decide("payments:deposit-decide", DEPOSIT_DECIDE),
        ],
        empty=Empty(
            "No deposits here",
            "A deposit appears when a client, or you for them, asks for a payment link.",
            icon="arrow-down-left",
        ),
    )
)


def _band(row: Withdrawal) -> SafeString | str:
    band = row.client.risk_band
    colours = {"low": "good", "medium": "attention", "high": "bad", "prohibited": "bad"}
    return tags.badge(colours[band], row.client.get_risk_band_display(), look="plain")


def _with_approvals(actor: Actor, rows: Sequence[Withdrawal]) -> Sequence[Withdrawal]:
    """Those that wait, with the approval that the actor could give alone."""
    waiting = {row.pk: row for row in rows if row.state == _W.REVIEW}
    if waiting and actor.can("payments.approve_withdrawal"):
        asked = Approval.objects.filter(
            tenant_id=actor.tenant_id,
            kind=KIND,
            subject_id__in=list(waiting),
            state=Approval.State.PENDING,
        )
        for approval in asked.prefetch_related("votes"):
            if not why_not_alone(actor, approval):
                waiting[approval.subject_id].approval_seen = str(approval.pk)
    return rows


WITHDRAWALS = register(
    ListPage(
        code="payments.withdrawals",
        title="Withdrawals",
        permission=VIEW,
        rows=_withdrawals,
        filters=WithdrawalFilters,
        segments=(
            _cut("decide", "To decide", WITHDRAWAL_DECIDE, count=True),
            _cut("held", "Held", [_W.COMPLIANCE], count=True),
            _cut("unknown", "Unknown", [_W.UNKNOWN], count=True),
            _cut(
                "out",
                "Being paid",
                [_W.APPROVED, _W.SUBMITTING, _W.SUBMITTED, _W.IN_PROGRESS, _W.PAYING],
            ),
            ALL,
        ),
        page_size=45,
        columns=[
            Column(
                "reference",
                "Reference",
                lambda row: row.reference,
                show=str,
                link=_link("payments:withdrawal"),
                fixed=True,
            ),
            *_client_columns(),
            Column(
                "amount",
                "Amount",
                lambda row: Money(row.amount, row.currency),
                num=True,
                order="amount",
                fixed=True,
            ),
            Column("method", "Method", lambda row: row.method.name, shown=False),
            Column("to", "To", lambda row: row.destination.label),
            Column("risk", "Risk", _band, show=lambda value: value),
            Column("waiting", "Asked", lambda row: row.created_at, show=tags.time),
            Column("why", "Why it waits", lambda row: row.why or None, shown=False),
            Column("state", "State", lambda row: row.state, show=withdrawal_badge, fixed=True),
            _decide("payments:withdrawal-decide", WITHDRAWAL_DECIDE),
        ],
        prepare=_with_approvals,
        bulk=lambda: bulk(
            lambda actor: actor.can("payments.approve_withdrawal"),
            lambda row: row.approval_seen,
            lambda row: Money(row.amount, row.currency),
        ),
        buttons=lambda actor: [
            Button("Automatic approval", reverse("payments:rules"), method="get", icon="robot")
        ],
        empty=Empty(
            "No withdrawals here",
            "A withdrawal appears when a client, or you for them, asks for money out.",
            icon="arrow-up-right",
        ),
    )
)
TRANSFERS = register(
    ListPage(
        code="payments.transfers",
        title="Transfers",
        permission=VIEW,
        rows=_transfers,
        filters=TransferFilters,
        segments=(
            ALL,
            _cut("open", "Under way", [_T.DEBITING, _T.BRIDGED, _T.CREDITING, _T.RETURNING]),
            _cut("decide", "To decide", [_T.STRANDED], count=True),
            _cut("failed", "Not made", [_T.REFUSED, _T.RETURNED]),
        ),
        columns=[
            Column(
                "reference",
                "Reference",
                lambda row: row.reference,
                show=str,
                link=_link("payments:transfer"),
                fixed=True,
            ),
            *_client_columns(),
            Column(
                "amount",
                "Amount",
                lambda row: Money(row.amount, row.currency),
                num=True,
                fixed=True,
            ),
            Column("way", "Way", way),
            Column("created", "Asked", lambda row: row.created_at, show=tags.time),
            Column("reason", "Why", lambda row: row.reason or None, grow=True),
            Column("state", "State", lambda row: row.state, show=transfer_badge, fixed=True),
        ],
        empty=Empty("No transfers here", "Between a wallet and its trading accounts."),
    )
)


def _messages(actor: Actor) -> QuerySet[WebhookMessage]:
    rows = access.messages_for(actor)
    return rows.select_related("gateway").defer("body", "headers")


class Named(NamedTuple):
    """A payment as a message's line names it."""

    reference: str
    url: str

    def __str__(self) -> str:
        return self.reference


PAYMENT_TABLES: tuple[tuple[type[Deposit | Withdrawal], str], ...] = (
    (Deposit, "payments:deposit"),
    (Withdrawal, "payments:withdrawal"),
)


def message_payments(actor: Actor, rows: Sequence[WebhookMessage]) -> dict[UUID, Named]:
    """The payments that messages were applied to, by the message: two queries for all of them."""
    subjects = [row.subject_id for row in rows if row.subject_id]
    named: dict[UUID, Named] = {}
    for table, page in PAYMENT_TABLES:
        found = table.objects.filter(tenant_id=actor.tenant_id, pk__in=subjects)
        for pk, reference in found.values_list("pk", "reference"):
            named[pk] = Named(reference, object_url(page, pk))
    return {row.pk: named[row.subject_id] for row in rows if row.subject_id in named}


def named_payment(actor: Actor, row: WebhookMessage) -> Named | None:
    """The payment at its gateway that a message names, which was not understood otherwise."""
    try:
        reference = json.loads(bytes(row.body))["reference"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    if not isinstance(reference, str) or "\0" in reference:
        return None
    for table, page in PAYMENT_TABLES:
        found = table.objects.filter(
            tenant_id=actor.tenant_id, gateway=row.gateway_id, reference=reference
        )
        for pk in found.values_list("pk", flat=True):
            return Named(reference, object_url(page, pk))
    return None


def _with_payments(actor: Actor, rows: Sequence[WebhookMessage]) -> Sequence[WebhookMessage]:
    about = message_payments(actor, rows)
    for row in rows:
        row.about = about.get(row.pk)
    return rows


def _about_url(row: WebhookMessage) -> str:
    return row.about.url if row.about else ""


MESSAGES = register(
    ListPage(
        code="payments.messages",
        title="Gateway messages",
        permission="payments.work_payment",
        rows=_messages,
        prepare=_with_payments,
        filters=MessageFilters,
        segments=(
            ALL,
            _cut("person", "For a person", ["refused"]),
            _cut("parked", "No such payment", ["parked"], count=True),
        ),
        columns=[
            Column(
                "received",
                "Received",
                lambda row: row.received_at,
                show=lambda at: tags.time(at, exact=True),
                fixed=True,
            ),
            Column("gateway", "Gateway", lambda row: row.gateway.name),
            Column(
                "delivery",
                "Message",
                lambda row: row.delivery,
                show=lambda number: Truncator(number).chars(16),
                link=_link("payments:notice"),
                fixed=True,
            ),
            Column("about", "Payment", lambda row: row.about, link=_about_url),
            Column("note", "What came of it", lambda row: row.note or None, grow=True),
            Column("state", "State", lambda row: row.state, show=message_badge, fixed=True),
        ],
        empty=Empty("No messages yet", "What gateways post is kept here as it came."),
        note="Kept as it came. Messages with a wrong signature are counted, not kept.",
    )
)
