"""Locks, in this order: the client (clients.locks), then the hit or the alert."""

from uuid import UUID

from backoffice.core.context import Actor
from clients.locks import client_locked
from compliance.models import Alert, Hit


def hit_locked(actor: Actor, pk: UUID) -> Hit:
    """The hit, its client locked before it."""
    row = Hit.objects.values("client_id").get(tenant_id=actor.tenant_id, pk=pk)
    client = client_locked(actor, row["client_id"])
    hit = Hit.objects.select_for_update(of=("self",)).get(tenant_id=actor.tenant_id, pk=pk)
    hit.client = client
    return hit


def alert_locked(actor: Actor, pk: UUID) -> Alert:
    """The alert, its client locked before it."""
    row = Alert.objects.values("client_id").get(tenant_id=actor.tenant_id, pk=pk)
    client = client_locked(actor, row["client_id"])
    alert = (
        Alert.objects.select_for_update(of=("self",))
        .select_related("scenario")
        .get(tenant_id=actor.tenant_id, pk=pk)
    )
    alert.client = client
    return alert
