"""Locks, in this order: destination, deposit, withdrawal, its parts, transfer; then approvals, the
policy of withdrawals, accounts of trading, and last the ledger's."""

from uuid import UUID

from backoffice.core.context import Actor
from payments.models import (
    Deposit,
    Destination,
    Transfer,
    WebhookMessage,
    Withdrawal,
    WithdrawalPart,
    WithdrawalPolicy,
)


def destination_locked(actor: Actor, pk: UUID) -> Destination:
    return Destination.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=pk)


def deposit_locked(actor: Actor, pk: UUID) -> Deposit:
    return Deposit.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=pk)


def withdrawal_locked(actor: Actor, pk: UUID) -> Withdrawal:
    return Withdrawal.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=pk)


def part_locked(actor: Actor, pk: UUID) -> tuple[Withdrawal, WithdrawalPart]:
    """A part and its withdrawal, which is locked first."""
    mine = WithdrawalPart.objects.filter(tenant_id=actor.tenant_id)
    withdrawal = withdrawal_locked(actor, mine.values_list("withdrawal_id", flat=True).get(pk=pk))
    part = mine.select_for_update().get(pk=pk)
    part.withdrawal = withdrawal
    return withdrawal, part


def transfer_locked(actor: Actor, pk: UUID) -> Transfer:
    return Transfer.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=pk)


def message_locked(actor: Actor, pk: UUID) -> WebhookMessage:
    return WebhookMessage.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=pk)


def policy_locked(actor: Actor) -> WithdrawalPolicy:
    """The tenant's one row; whoever changes rules or approves by them holds it."""
    mine = WithdrawalPolicy.objects.select_for_update(no_key=True)
    return mine.get_or_create(tenant_id=actor.tenant_id)[0]
