"""Locks, in this order: the account, then an operation or a change of it."""

from uuid import UUID

from backoffice.core.context import Actor
from trading.models import Account, AccountChange, BalanceOperation, TradingServer


def server_locked(actor: Actor, pk: UUID) -> TradingServer:
    return TradingServer.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=pk)


def account_locked(actor: Actor, pk: UUID) -> Account:
    """The account alone: its server, group and client are read, not locked."""
    return (
        Account.objects.select_for_update(of=("self",))
        .select_related("server", "group", "client")
        .get(tenant_id=actor.tenant_id, pk=pk)
    )


def operation_locked(actor: Actor, pk: UUID) -> BalanceOperation:
    """The operation under its account's lock, which serialises the operations of a login."""
    account_id = BalanceOperation.objects.values_list("account_id", flat=True).get(
        tenant_id=actor.tenant_id, pk=pk
    )
    account = account_locked(actor, account_id)
    row = BalanceOperation.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=pk)
    row.account, row.server = account, account.server
    return row


def change_locked(actor: Actor, pk: UUID) -> AccountChange:
    account_id = AccountChange.objects.values_list("account_id", flat=True).get(
        tenant_id=actor.tenant_id, pk=pk
    )
    account = account_locked(actor, account_id)
    row = AccountChange.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=pk)
    row.account = account
    return row
