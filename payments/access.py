"""Which payment an actor may touch: a stranger's is not found, whatever its id."""

from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404

from backoffice.core.context import Actor
from payments.models import (
    Deposit,
    Destination,
    GatewayAccount,
    Method,
    PaymentHold,
    Transfer,
    WebhookMessage,
    Withdrawal,
    WithdrawalPart,
)

Row = TypeVar("Row", Deposit, Withdrawal, Transfer, Destination)


def _mine(actor: Actor, rows: QuerySet[Any]) -> QuerySet[Any]:
    rows = rows.filter(tenant_id=actor.tenant_id)
    return rows if actor.desks is None else rows.filter(client__desk_id__in=actor.desks)


def deposits_for(actor: Actor) -> QuerySet[Deposit]:
    return _mine(actor, Deposit.objects.select_related("client", "method", "gateway", "account"))


def withdrawals_for(actor: Actor) -> QuerySet[Withdrawal]:
    return _mine(
        actor, Withdrawal.objects.select_related("client", "method", "gateway", "destination")
    )


def transfers_for(actor: Actor) -> QuerySet[Transfer]:
    return _mine(actor, Transfer.objects.select_related("client", "source", "target"))


def destinations_for(actor: Actor) -> QuerySet[Destination]:
    return _mine(actor, Destination.objects.select_related("client"))


def _found(rows: QuerySet[Any], pk: UUID) -> Any:
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404("There is no such payment.")
    return row


def deposit_for(actor: Actor, pk: UUID) -> Deposit:
    found: Deposit = _found(deposits_for(actor), pk)
    return found


def withdrawal_for(actor: Actor, pk: UUID) -> Withdrawal:
    found: Withdrawal = _found(withdrawals_for(actor), pk)
    return found


def part_for(actor: Actor, pk: UUID) -> WithdrawalPart:
    """A part of a withdrawal that the actor may touch."""
    rows = WithdrawalPart.objects.filter(tenant_id=actor.tenant_id)
    part: WithdrawalPart = _found(rows, pk)
    part.withdrawal = withdrawal_for(actor, part.withdrawal_id)
    return part


def transfer_for(actor: Actor, pk: UUID) -> Transfer:
    found: Transfer = _found(transfers_for(actor), pk)
    return found


def destination_for(actor: Actor, pk: UUID) -> Destination:
    found: Destination = _found(destinations_for(actor), pk)
    return found


def messages_for(actor: Actor) -> QuerySet[WebhookMessage]:
    """What gateways sent; to who is bound to desks what is about a payment that they may see."""
    rows = WebhookMessage.objects.filter(tenant_id=actor.tenant_id)
    if actor.desks is None:
        return rows
    return rows.filter(
        Q(subject_id__in=deposits_for(actor).values("pk"))
        | Q(subject_id__in=withdrawals_for(actor).values("pk"))
    )


def message_for(actor: Actor, pk: UUID) -> WebhookMessage:
    rows = messages_for(actor).select_related("gateway")
    found: WebhookMessage = _found(rows, pk)
    return found


def gateway_for(actor: Actor, pk: UUID) -> GatewayAccount:
    found: GatewayAccount = _found(GatewayAccount.objects.filter(tenant_id=actor.tenant_id), pk)
    return found


def method_for(actor: Actor, pk: UUID) -> Method:
    found: Method = _found(Method.objects.filter(tenant_id=actor.tenant_id), pk)
    return found


def hold_for(actor: Actor, pk: UUID) -> PaymentHold:
    """A standing hold on a payment that the actor may see."""
    found: PaymentHold = _found(PaymentHold.objects.filter(tenant_id=actor.tenant_id), pk)
    if found.subject_type == "payments.withdrawal":
        withdrawal_for(actor, found.subject_id)
    else:
        deposit_for(actor, found.subject_id)
    return found
