"""Which hit or alert an actor may open: a stranger's is not found, whatever its id."""

from uuid import UUID

from django.http import Http404

from backoffice.core.context import Actor
from compliance import selectors
from compliance.models import Alert, Hit, Scenario


def hit_for(actor: Actor, pk: UUID) -> Hit:
    hit = selectors.hits_for(actor).filter(pk=pk).first()
    if hit is None:
        raise Http404("No such hit.")
    return hit


def alert_for(actor: Actor, pk: UUID) -> Alert:
    alert = selectors.alerts_for(actor).filter(pk=pk).first()
    if alert is None:
        raise Http404("No such alert.")
    return alert


def scenario_for(actor: Actor, pk: UUID) -> Scenario:
    row = Scenario.objects.filter(tenant_id=actor.tenant_id, pk=pk).first()
    if row is None:
        raise Http404("No such scenario.")
    return row
