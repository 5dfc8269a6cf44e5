"""Which client an actor may touch: a stranger's is not found, whatever its id."""

from uuid import UUID

from django.http import Http404

from backoffice.core.context import Actor
from clients import selectors
from clients.models import Client, ClientDocument, Party, Restriction, Tie, UploadLink


def client_for(actor: Actor, pk: UUID) -> Client:
    """The client, when it is of the actor's tenant and desks; else 404."""
    client = selectors.clients_for(actor).filter(pk=pk).select_related("desk", "manager").first()
    if client is None:
        raise Http404("No such client.")
    return client


def document_for(actor: Actor, pk: UUID) -> ClientDocument:
    row = (
        ClientDocument.objects.filter(tenant_id=actor.tenant_id, pk=pk)
        .select_related("client")
        .first()
    )
    if row is None or not actor.sees_desk(row.client.desk_id):
        raise Http404("No such document.")
    return row


def restriction_for(actor: Actor, client: Client, pk: UUID) -> Restriction:
    row = Restriction.objects.filter(tenant_id=actor.tenant_id, client=client, pk=pk).first()
    if row is None:
        raise Http404("No such restriction.")
    return row


def upload_link_for(actor: Actor, client: Client, pk: UUID) -> UploadLink:
    row = UploadLink.objects.filter(tenant_id=actor.tenant_id, client=client, pk=pk).first()
    if row is None:
        raise Http404("No such link.")
    return row


def party_for(actor: Actor, client: Client, pk: UUID) -> Party:
    row = Party.objects.filter(tenant_id=actor.tenant_id, client=client, pk=pk).first()
    if row is None:
        raise Http404("No such party.")
    row.client = client
    return row


def tie_for(actor: Actor, party: Party, pk: UUID) -> Tie:
    rows = Tie.objects.filter(tenant_id=actor.tenant_id, party=party, pk=pk)
    row = rows.select_related("of").first()
    if row is None:
        raise Http404("No such role.")
    row.client, row.party = party.client, party
    return row
