"""One lock for all of a client's chargebacks and what they owe: the client's row.

It comes before withdrawals and before the ledger's accounts. A deposit that is being credited is
locked before it; nobody who holds the client waits for a deposit.
"""

from uuid import UUID

from backoffice.core.context import Actor
from clients.models import Client
from payments.models import Chargeback, ChargebackAnswer, Deposit


def client_gate(actor: Actor, client_id: UUID) -> Client:
    """One at a time; requests of withdrawals and transfers of the client wait here too."""
    rows = Client.objects.select_for_update(no_key=True)
    return rows.get(tenant_id=actor.tenant_id, pk=client_id)


def deposit_gate(actor: Actor, deposit: Deposit) -> Deposit:
    """A deposit of which something is taken back, then its client's gate. Not ``FOR UPDATE``: an
    approval that plans to give the deposit back refers to it, and holds what we wait for next."""
    rows = Deposit.objects.select_for_update(no_key=True, of=("self",))
    row = rows.select_related("client", "method", "gateway").get(
        tenant_id=actor.tenant_id, pk=deposit.pk
    )
    client_gate(actor, row.client_id)
    return row


def chargeback_locked(actor: Actor, pk: UUID) -> Chargeback:
    """As it stands now, with its client's gate closed behind it."""
    mine = Chargeback.objects.filter(tenant_id=actor.tenant_id)
    client_gate(actor, mine.values_list("client_id", flat=True).get(pk=pk))
    rows = mine.select_for_update(of=("self",))
    return rows.select_related("client", "deposit", "gateway").get(pk=pk)


def answer_locked(actor: Actor, pk: UUID) -> tuple[Chargeback, ChargebackAnswer]:
    """An answer and its chargeback, which is locked first."""
    mine = ChargebackAnswer.objects.filter(tenant_id=actor.tenant_id)
    row = chargeback_locked(actor, mine.values_list("chargeback_id", flat=True).get(pk=pk))
    answer = mine.select_for_update().get(pk=pk)
    answer.chargeback = row
    return row, answer
