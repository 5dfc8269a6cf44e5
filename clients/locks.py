"""Locks, in this order: the client, then a document, a link or a party of theirs."""

from uuid import UUID

from backoffice.core.context import Actor
from clients.models import Client, ClientDocument, Party, Tie, UploadLink


def client_locked(actor: Actor, pk: UUID) -> Client:
    return Client.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=pk)


def document_locked(actor: Actor, pk: UUID) -> ClientDocument:
    return ClientDocument.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=pk)


def link_locked(tenant_id: int, pk: UUID) -> UploadLink | None:
    return UploadLink.objects.select_for_update().filter(tenant_id=tenant_id, pk=pk).first()


def party_locked(actor: Actor, pk: UUID) -> Party:
    """The party, its client locked before it."""
    row = Party.objects.values("client_id").get(tenant_id=actor.tenant_id, pk=pk)
    client = client_locked(actor, row["client_id"])
    party = Party.objects.select_for_update(of=("self",)).get(tenant_id=actor.tenant_id, pk=pk)
    party.client = client
    return party


def tie_locked(actor: Actor, pk: UUID) -> Tie:
    """The tie, its client and its party locked before it."""
    row = Tie.objects.values("party_id").get(tenant_id=actor.tenant_id, pk=pk)
    party = party_locked(actor, row["party_id"])
    tie = (
        Tie.objects.select_for_update(of=("self",))
        .select_related("of")
        .get(tenant_id=actor.tenant_id, pk=pk)
    )
    tie.client, tie.party = party.client, party
    return tie
