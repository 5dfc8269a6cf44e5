"""Which rows of trading an actor may touch: a stranger's is not found, whatever its id."""

from uuid import UUID

from django.http import Http404

from backoffice.core.context import Actor
from trading import selectors
from trading.models import Account, AccountChange, BalanceOperation, Group, TradingServer


def account_for(actor: Actor, pk: UUID) -> Account:
    row = (
        selectors.accounts_for(actor)
        .filter(pk=pk)
        .select_related("server", "group", "client")
        .first()
    )
    if row is None:
        raise Http404("No such account.")
    return row


def change_for(actor: Actor, account: Account, pk: UUID) -> AccountChange:
    row = selectors.changes_of(account).filter(pk=pk).first()
    if row is None:
        raise Http404("No such change.")
    return row


def operation_for(actor: Actor, pk: UUID) -> BalanceOperation:
    row = (
        selectors.operations_for(actor)
        .filter(pk=pk)
        .select_related("account__client", "account__group", "server")
        .first()
    )
    if row is None:
        raise Http404("No such operation.")
    return row


def server_for(actor: Actor, pk: UUID) -> TradingServer:
    row = selectors.servers_for(actor).filter(pk=pk).first()
    if row is None:
        raise Http404("No such server.")
    return row


def group_for(actor: Actor, pk: UUID) -> Group:
    row = Group.objects.filter(tenant_id=actor.tenant_id, pk=pk).select_related("server").first()
    if row is None:
        raise Http404("No such group.")
    return row
