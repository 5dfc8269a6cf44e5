"""Conversions over the API: a brokerage's website shows a client the rate, and takes their yes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from django.http import Http404
from ninja import Field, Query, Router, Schema

from backoffice.core.context import Actor
from backoffice.staff.api_auth import ApiHttpRequest, api_view
from payments.api import (
    VIEW,
    ListIn,
    account_named,
    amount_text,
    client_named,
    discreet,
    money_of,
    page_of,
)
from payments.conversion_states import ConversionState
from payments.conversions import access, services
from payments.conversions.rules import plain
from payments.conversions.services import ASK
from payments.models import Conversion

router = Router(tags=["conversions"])
_C = ConversionState

ConversionStatus = Literal["offered", "processing", "exchanged", "expired", "rejected", "cancelled"]
CONVERSION_STATUS: Mapping[str, ConversionStatus] = {
    _C.OFFERED: "offered",
    _C.WAITING: "processing",
    _C.BOOKED: "exchanged",
    _C.EXPIRED: "expired",
    _C.REFUSED: "rejected",
    _C.CANCELLED: "cancelled",
}


class ConversionIn(Schema, extra="forbid"):
    """``client`` is a reference; ``amount`` of ``currency`` is given, as text, for ``to``.
    ``account``: a trading account's reference, where it goes on to; empty for the wallet."""

    client: str = Field(max_length=20)
    amount: str = Field(max_length=30)
    currency: str = Field(max_length=8)
    to: str = Field(max_length=8)
    account: str = Field("", max_length=20)


class AcceptIn(Schema, extra="forbid"):
    """Nothing is said with it: the rate is the offer's."""


class ConversionOut(Schema):
    """``rate`` is what the client gets for one ``currency``; it stands until ``expires_at``.
    ``transfer``: the transfer that carries it on to the account, once there is one."""

    reference: str
    client: str
    status: ConversionStatus
    amount: str
    currency: str
    to_amount: str
    to_currency: str
    rate: str
    account: str
    transfer: str
    created_at: datetime
    expires_at: datetime


class ConversionsOut(Schema):
    """Newest first; ``next`` is the ``after`` of the following page, empty at the end."""

    items: list[ConversionOut]
    next: str


def _out(row: Conversion) -> ConversionOut:
    return ConversionOut(
        reference=row.reference,
        client=row.client.reference,
        status=CONVERSION_STATUS[row.state],
        amount=amount_text(row.give_amount, row.give_currency),
        currency=row.give_currency,
        to_amount=amount_text(row.get_amount, row.get_currency),
        to_currency=row.get_currency,
        rate=plain(row.client_rate),
        account=row.account.reference if row.account else "",
        transfer=row.transfer.reference if row.transfer else "",
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def _found(actor: Actor, reference: str) -> Conversion:
    rows = access.conversions_for(actor).select_related("client", "account", "transfer")
    row = rows.filter(reference=reference).first()
    if row is None:
        raise Http404
    return row


@router.post(
    "", response={201: ConversionOut}, summary="Ask for an offer", url_name="conversion-create"
)
@api_view(ASK, status=201)
def conversion_offer(request: Any, payload: ConversionIn) -> ConversionOut:
    """Nothing is booked or held: the rate stands until ``expires_at``."""
    actor = request.actor
    client = client_named(actor, payload.client)
    facts: dict[str, Any] = {
        "give": money_of(payload.amount, payload.currency),
        "account": account_named(actor, client, payload.account),
    }
    with discreet():
        row = services.conversion_offer(actor=actor, client=client, currency=payload.to, **facts)
    return _out(row)


@router.get("", response=ConversionsOut, summary="List conversions", url_name="conversions")
@api_view(VIEW)
def conversion_list(request: ApiHttpRequest, asked: Query[ListIn]) -> ConversionsOut:
    rows = access.conversions_for(request.actor).select_related("client", "account", "transfer")
    page, following = page_of(request.actor, rows, asked, CONVERSION_STATUS)
    return ConversionsOut(items=[_out(row) for row in page], next=following)


@router.get(
    "/{reference}", response=ConversionOut, summary="Read a conversion", url_name="conversion"
)
@api_view(VIEW)
def conversion_show(request: ApiHttpRequest, reference: str) -> ConversionOut:
    return _out(_found(request.actor, reference))


@router.post(
    "/{reference}/accept",
    response=ConversionOut,
    summary="Accept an offer",
    url_name="conversion-accept",
)
@api_view(ASK)
def conversion_accept(request: Any, reference: str, payload: AcceptIn) -> ConversionOut:
    """Once, within its time; accepted again it is the same. A large one is ``processing`` until
    staff have looked at it."""
    row = _found(request.actor, reference)
    with discreet():
        services.conversion_accept(actor=request.actor, conversion=row)
    return _out(_found(request.actor, reference))
