"""Locks, in this order: the client, then a document or a link of theirs."""

from uuid import UUID

from backoffice.core.context import Actor
from clients.models import Client, ClientDocument, UploadLink


def client_locked(actor: Actor, pk: UUID) -> Client:
    return Client.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=pk)


def document_locked(actor: Actor, pk: UUID) -> ClientDocument:
    return ClientDocument.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=pk)


def link_locked(tenant_id: int, pk: UUID) -> UploadLink | None:
    return UploadLink.objects.select_for_update().filter(tenant_id=tenant_id, pk=pk).first()
