"""Who pays for a client, the wallets their money goes to, and who is behind a company are
screened after the commit."""

from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import moves, outbox
from backoffice.workflow.models import OutboxItem
from clients.models import Client, Party
from compliance.parties import payer_screen, wallet_screen
from compliance.related import related_screen
from compliance.release import third_party
from compliance.risk.services import client_assess
from payments.accounts import destination_number
from payments.models import Deposit, Destination, Withdrawal
from payments.states import DEPOSIT, WITHDRAWAL, DepositState

PAYER_TOPIC, WALLET_TOPIC = "compliance.payer", "compliance.wallet"
RELATED_TOPIC = "compliance.related"

moves.register(DEPOSIT, {DepositState.PAID: [PAYER_TOPIC]})
moves.register(WITHDRAWAL, {WITHDRAWAL.initial: [WALLET_TOPIC]})


@outbox.handles(PAYER_TOPIC)
def payer_came(actor: Actor, item: OutboxItem) -> None:
    """Money came: search the name it came under, if that is not the client's own."""
    assert item.subject_id is not None
    with tenant_scope(actor.tenant_id, actor):
        row = (
            Deposit.objects.filter(tenant_id=actor.tenant_id, pk=item.subject_id)
            .select_related("client")
            .first()
        )
        if row is not None and third_party(row):
            payer_screen(actor=actor, client=row.client, name=row.payer_name)


@outbox.handles(WALLET_TOPIC)
def wallet_asked(actor: Actor, item: OutboxItem) -> None:
    """A withdrawal to a wallet: look its address up, so that a listed one becomes a hit."""
    assert item.subject_id is not None
    with tenant_scope(actor.tenant_id, actor):
        row = (
            Withdrawal.objects.filter(tenant_id=actor.tenant_id, pk=item.subject_id)
            .select_related("client", "destination")
            .first()
        )
        if row is None or row.destination.kind != Destination.Kind.WALLET:
            return
        wallet_screen(
            actor=actor,
            client=row.client,
            subject_id=row.destination_id,
            label=row.destination.label,
            address=destination_number(row.destination),
        )


@outbox.handles(RELATED_TOPIC)
def related_changed(actor: Actor, item: OutboxItem) -> None:
    """Someone new behind a company, with another name, or gone: search them, or stop to; and what
    they are may be another risk of the company."""
    assert item.subject_id is not None
    with tenant_scope(actor.tenant_id, actor):
        client = Client.objects.get(tenant_id=actor.tenant_id, pk=item.subject_id)
        if item.payload["party"]:
            party = Party.objects.get(tenant_id=actor.tenant_id, pk=item.payload["party"])
            party.client = client
            related_screen(actor=actor, party=party)
        client_assess(actor=actor, client=client, why="who is behind the company changed")
