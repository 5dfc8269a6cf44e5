"""Deposits and withdrawals over the API: a brokerage's website asks for its clients.

``status`` says what a client may know: that compliance looks at a payment is never told here, so
what waits for staff and what compliance holds read the same.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from ninja import Field, Query, Router, Schema

from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.core.money import Money, exponent
from backoffice.staff.api_auth import ApiHttpRequest, api_view
from clients.errors import ActionStopped
from clients.models import Client
from clients.selectors import client_by_reference
from payments import access, wire
from payments.models import Deposit, Destination, Method, Withdrawal
from payments.reasons import REJECTIONS
from payments.services import destinations as destination_services
from payments.services.deposits import deposit_create
from payments.services.withdrawals import withdrawal_cancel, withdrawal_request
from payments.states import DepositState, WithdrawalState
from trading.models import Account

deposits = Router(tags=["deposits"])
withdrawals = Router(tags=["withdrawals"])
destinations = Router(tags=["destinations"])
VIEW, WORK, ASK = (
    "payments.view_payment",
    "payments.work_payment",
    "payments.request_withdrawal",
)
PAGE_MAX = 100
_D, _W = DepositState, WithdrawalState
_AMOUNT = re.compile(r"^-?\d{1,18}(\.\d{1,8})?$", re.ASCII)

DepositStatus = Literal[
    "waiting", "processing", "credited", "declined", "expired", "cancelled", "returned"
]
WithdrawalStatus = Literal[
    "pending", "processing", "paid", "rejected", "cancelled", "failed", "returned"
]
DEPOSIT_STATUS: Mapping[str, DepositStatus] = {
    _D.CREATED: "waiting",
    _D.REDIRECTED: "waiting",
    _D.PENDING: "processing",
    _D.AUTHORIZED: "processing",
    _D.PAID: "processing",
    _D.REVIEW: "processing",
    _D.AMOUNT_MISMATCH: "processing",
    _D.HELD: "processing",
    _D.CREDITED: "credited",
    _D.MT_PENDING: "credited",
    _D.DONE: "credited",
    _D.DECLINED: "declined",
    _D.EXPIRED: "expired",
    _D.CANCELLED: "cancelled",
    _D.RETURNING: "returned",
    _D.RETURNED: "returned",
}
WITHDRAWAL_STATUS: Mapping[str, WithdrawalStatus] = {
    _W.REQUESTED: "pending",
    _W.HELD: "pending",
    _W.REVIEW: "pending",
    _W.COMPLIANCE: "pending",
    _W.APPROVED: "processing",
    _W.SUBMITTING: "processing",
    _W.SUBMITTED: "processing",
    _W.IN_PROGRESS: "processing",
    _W.UNKNOWN: "processing",
    _W.PAYING: "processing",
    _W.PART_FAILED: "processing",
    _W.PAID: "paid",
    _W.REJECTED: "rejected",
    _W.CANCELLED: "cancelled",
    _W.FAILED: "failed",
    _W.RETURNED: "returned",
}


class MoneyIn(Schema, extra="forbid"):
    """``client`` is a reference, ``method`` a code; ``amount`` is text, such as "250.00", so that
    no digit is lost; ``account`` is a trading account's reference, empty for the wallet."""

    client: str = Field(max_length=20)
    method: str = Field(max_length=30)
    amount: str = Field(max_length=30)
    currency: str = Field(max_length=8)
    account: str = Field("", max_length=20)


class DepositIn(MoneyIn):
    """``account``: where it goes on to from the wallet."""


class PayToOut(Schema):
    """What the client writes into the bank transfer; ``reference`` is its text, word for word."""

    holder: str
    iban: str
    bic: str
    bank: str
    amount: str
    currency: str
    reference: str


class DepositOut(Schema):
    """``pay_url`` is where the client pays; empty when it is paid by bank transfer: then
    ``pay_to`` says to which account, until it is paid. ``paid_amount`` is what arrived."""

    reference: str
    client: str
    method: str
    status: DepositStatus
    amount: str
    currency: str
    paid_amount: str | None
    paid_currency: str | None
    pay_url: str
    pay_to: PayToOut | None
    created_at: datetime
    expires_at: datetime
    credited_at: datetime | None


class DepositsOut(Schema):
    """Newest first; ``next`` is the ``after`` of the following page, empty at the end."""

    items: list[DepositOut]
    next: str


class WithdrawalIn(MoneyIn):
    """``destination`` is the id of one of the client's destinations; ``account``: where it is
    taken from first."""

    destination: UUID


class WithdrawalOut(Schema):
    """``text`` is what the client may read, when there is something to say."""

    reference: str
    client: str
    method: str
    destination: UUID
    status: WithdrawalStatus
    amount: str
    currency: str
    fee: str
    paid_amount: str | None
    text: str
    created_at: datetime
    paid_at: datetime | None


class WithdrawalsOut(Schema):
    """As ``DepositsOut``."""

    items: list[WithdrawalOut]
    next: str


class CancelIn(Schema, extra="forbid"):
    reason: str = Field("Cancelled by the client", min_length=1, max_length=280)


class DestinationIn(Schema, extra="forbid"):
    """``number``: an IBAN, or the token that the gateway gave for a card or a wallet; where a
    country has no IBAN the account's number, with ``bic``. ``town``: the holder's, which banks
    outside SEPA ask for."""

    client: str = Field(max_length=20)
    kind: Literal["bank", "card", "wallet"]
    number: str = Field(max_length=120)
    holder: str = Field(max_length=140)
    label: str = Field("", max_length=60)
    bic: str = Field("", max_length=11)
    town: str = Field("", max_length=35)


class DestinationOut(Schema):
    """The number is never given out again; ``usable`` is false until staff approved it."""

    id: UUID
    client: str
    kind: str
    label: str
    usable: bool


class DestinationsOut(Schema):
    items: list[DestinationOut]


# Reading what was sent


def client_named(actor: Actor, reference: str) -> Client:
    client = client_by_reference(actor, reference)
    if client is None:
        raise InvalidInput(fields={"client": "There is no client of this reference."})
    return client


def _method(actor: Actor, code: str) -> Method:
    method = (
        Method.objects.filter(tenant_id=actor.tenant_id, code=code)
        .select_related("gateway")
        .first()
    )
    if method is None:
        raise InvalidInput(fields={"method": "There is no method of this code."})
    return method


def account_named(actor: Actor, client: Client, reference: str) -> Account | None:
    if not reference:
        return None
    account = Account.objects.filter(
        tenant_id=actor.tenant_id, client=client, reference=reference
    ).first()
    if account is None:
        raise InvalidInput(fields={"account": "The client has no account of this reference."})
    return account


def _money(payload: MoneyIn) -> Money:
    return money_of(payload.amount, payload.currency)


def money_of(amount: str, currency: str) -> Money:
    """An amount above zero. Raises ``InvalidInput`` beside its field."""
    try:
        exponent(currency)
    except InvalidInput as error:
        raise InvalidInput(fields={"currency": error.sentence}) from None
    if not _AMOUNT.match(amount):
        raise InvalidInput(fields={"amount": 'An amount is written like "250.00".'})
    try:
        money = Money.parse(amount, currency)
    except InvalidInput as error:
        raise InvalidInput(fields={"amount": error.sentence}) from None
    if money.minor <= 0:
        raise InvalidInput(fields={"amount": "The amount must be above zero."})
    return money


@contextmanager
def discreet() -> Iterator[None]:
    """Why a client may not do something is for staff; the caller learns that it is so."""
    try:
        yield
    except ActionStopped:
        raise ActionStopped("This client may not do this now. Nothing was done.") from None


def amount_text(amount: Decimal, currency: str) -> str:
    return format(Money.rounded(amount, currency).amount, "f")


class ListIn(Schema):
    """``after`` is the ``next`` of the page before."""

    client: str = Field("", max_length=20)
    status: str = Field("", max_length=20)
    after: UUID | None = None
    limit: int = Field(50, ge=1, le=PAGE_MAX)


def page_of(
    actor: Actor, rows: QuerySet[Any], asked: ListIn, statuses: Mapping[str, str]
) -> tuple[list[Any], str]:
    if asked.client:
        rows = rows.filter(client=client_named(actor, asked.client))
    if asked.status:
        states = [state for state, status in statuses.items() if status == asked.status]
        if not states:
            names = ", ".join(sorted(set(statuses.values())))
            raise InvalidInput(fields={"status": f"One of {names}."})
        rows = rows.filter(state__in=states)
    if asked.after is not None:
        rows = rows.filter(pk__lt=asked.after)
    found = list(rows.order_by("-id")[: asked.limit + 1])
    page = found[: asked.limit]
    return page, str(page[-1].pk) if len(found) > asked.limit else ""


# Deposits


def _pay_to(row: Deposit) -> PayToOut | None:
    found = wire.instructions(row)
    if found is None:
        return None
    return PayToOut(
        holder=found.holder,
        iban=found.iban,
        bic=found.bic,
        bank=found.bank,
        amount=amount_text(found.money.amount, found.money.currency),
        currency=found.money.currency,
        reference=found.reference,
    )


def _deposit(row: Deposit) -> DepositOut:
    arrived = row.paid_amount is not None
    return DepositOut(
        reference=row.reference,
        client=row.client.reference,
        method=row.method.code,
        status=DEPOSIT_STATUS[row.state],
        amount=amount_text(row.asked_amount, row.asked_currency),
        currency=row.asked_currency,
        paid_amount=amount_text(row.paid_amount, row.paid_currency) if row.paid_amount else None,
        paid_currency=row.paid_currency if arrived else None,
        pay_url=row.pay_url if row.state == _D.REDIRECTED else "",
        pay_to=_pay_to(row),
        created_at=row.created_at,
        expires_at=row.expires_at,
        credited_at=row.credited_at,
    )


@deposits.post("", response={201: DepositOut}, summary="Start a deposit", url_name="deposit-create")
@api_view(WORK, status=201)
def deposit_start(request: Any, payload: DepositIn) -> DepositOut:
    actor = request.actor
    client = client_named(actor, payload.client)
    facts: dict[str, Any] = {
        "method": _method(actor, payload.method),
        "money": _money(payload),
        "account": account_named(actor, client, payload.account),
    }
    with discreet():
        row = deposit_create(actor=actor, client=client, **facts)
    return _deposit(row)


@deposits.get("", response=DepositsOut, summary="List deposits", url_name="deposits")
@api_view(VIEW)
def deposit_list(request: ApiHttpRequest, asked: Query[ListIn]) -> DepositsOut:
    rows = access.deposits_for(request.actor)
    page, following = page_of(request.actor, rows, asked, DEPOSIT_STATUS)
    return DepositsOut(items=[_deposit(row) for row in page], next=following)


@deposits.get("/{reference}", response=DepositOut, summary="Read a deposit", url_name="deposit")
@api_view(VIEW)
def deposit_show(request: ApiHttpRequest, reference: str) -> DepositOut:
    row = access.deposits_for(request.actor).filter(reference=reference).first()
    if row is None:
        raise Http404
    return _deposit(row)


# Withdrawals


def _said(row: Withdrawal) -> str:
    if row.state == _W.REJECTED:
        reason = REJECTIONS.get(row.reason_code, REJECTIONS["other"])
        return reason.client_text
    return ""


def _withdrawal(row: Withdrawal) -> WithdrawalOut:
    return WithdrawalOut(
        reference=row.reference,
        client=row.client.reference,
        method=row.method.code,
        destination=row.destination_id,
        status=WITHDRAWAL_STATUS[row.state],
        amount=amount_text(row.amount, row.currency),
        currency=row.currency,
        fee=amount_text(row.fee_amount, row.currency),
        paid_amount=amount_text(row.paid_amount, row.currency) if row.paid_amount else None,
        text=_said(row),
        created_at=row.created_at,
        paid_at=row.paid_at,
    )


@withdrawals.post(
    "",
    response={201: WithdrawalOut},
    summary="Ask for a withdrawal",
    url_name="withdrawal-create",
)
@api_view(ASK, status=201)
def withdrawal_ask(request: Any, payload: WithdrawalIn) -> WithdrawalOut:
    actor = request.actor
    client = client_named(actor, payload.client)
    destination = Destination.objects.filter(
        tenant_id=actor.tenant_id, client=client, pk=payload.destination
    ).first()
    if destination is None:
        raise InvalidInput(fields={"destination": "The client has no such destination."})
    facts: dict[str, Any] = {
        "method": _method(actor, payload.method),
        "money": _money(payload),
        "account": account_named(actor, client, payload.account),
    }
    with discreet():
        row = withdrawal_request(actor=actor, client=client, destination=destination, **facts)
    return _withdrawal(row)


@withdrawals.get("", response=WithdrawalsOut, summary="List withdrawals", url_name="withdrawals")
@api_view(VIEW)
def withdrawal_list(request: ApiHttpRequest, asked: Query[ListIn]) -> WithdrawalsOut:
    rows = access.withdrawals_for(request.actor)
    page, following = page_of(request.actor, rows, asked, WITHDRAWAL_STATUS)
    return WithdrawalsOut(items=[_withdrawal(row) for row in page], next=following)


def _found(actor: Actor, reference: str) -> Withdrawal:
    row = access.withdrawals_for(actor).filter(reference=reference).first()
    if row is None:
        raise Http404
    return row


@withdrawals.get(
    "/{reference}", response=WithdrawalOut, summary="Read a withdrawal", url_name="withdrawal"
)
@api_view(VIEW)
def withdrawal_show(request: ApiHttpRequest, reference: str) -> WithdrawalOut:
    return _withdrawal(_found(request.actor, reference))


@withdrawals.post(
    "/{reference}/cancel",
    response=WithdrawalOut,
    summary="Cancel a withdrawal",
    url_name="withdrawal-cancel",
)
@api_view(ASK)
def withdrawal_stop(request: Any, reference: str, payload: CancelIn) -> WithdrawalOut:
    """Possible until it is approved. Why it is not any more is not told."""
    row = _found(request.actor, reference)
    try:
        done = withdrawal_cancel(actor=request.actor, withdrawal=row, reason=payload.reason)
    except StateConflict:
        raise StateConflict(
            f"{reference} can't be cancelled any more. Nothing was done.", code="not-cancellable"
        ) from None
    return _withdrawal(done)


# Destinations


def _destination(row: Destination) -> DestinationOut:
    return DestinationOut(
        id=row.pk,
        client=row.client.reference,
        kind=row.kind,
        label=row.label,
        usable=row.state == Destination.State.APPROVED,
    )


@destinations.post(
    "", response={201: DestinationOut}, summary="Add a destination", url_name="destination-create"
)
@api_view(ASK, status=201)
def destination_add(request: Any, payload: DestinationIn) -> DestinationOut:
    """Staff approve it before anything is paid to it."""
    values = payload.model_dump()
    client = client_named(request.actor, values.pop("client"))
    return _destination(
        destination_services.destination_add(actor=request.actor, client=client, **values)
    )


@destinations.get(
    "", response=DestinationsOut, summary="A client's destinations", url_name="destinations"
)
@api_view(VIEW)
def destination_list(request: ApiHttpRequest, client: str) -> DestinationsOut:
    rows = access.destinations_for(request.actor).filter(client=client_named(request.actor, client))
    kept = rows.exclude(state=Destination.State.RETIRED).order_by("id")
    return DestinationsOut(items=[_destination(row) for row in kept])
