"""Locks, in this order: destination, deposit, withdrawal, transfer; then approvals, accounts of
trading, and last the ledger's."""

from uuid import UUID

from backoffice.core.context import Actor
from payments.models import Deposit, Destination, Transfer, WebhookMessage, Withdrawal


def destination_locked(actor: Actor, pk: UUID) -> Destination:
    return Destination.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=pk)


def deposit_locked(actor: Actor, pk: UUID) -> Deposit:
    return Deposit.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=pk)


def withdrawal_locked(actor: Actor, pk: UUID) -> Withdrawal:
    return Withdrawal.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=pk)


def transfer_locked(actor: Actor, pk: UUID) -> Transfer:
    return Transfer.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=pk)


def message_locked(actor: Actor, pk: UUID) -> WebhookMessage:
    return WebhookMessage.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=pk)
