"""Which chargeback an actor may touch: a stranger's is not found, whatever its id."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from backoffice.core.context import Actor
from payments.models import Chargeback, ChargebackEvidence


def chargebacks_for(actor: Actor) -> QuerySet[Chargeback]:
    rows = Chargeback.objects.filter(tenant_id=actor.tenant_id)
    rows = rows.select_related("client", "deposit", "gateway")
    return rows if actor.desks is None else rows.filter(client__desk_id__in=actor.desks)


def chargeback_for(actor: Actor, pk: UUID) -> Chargeback:
    row = chargebacks_for(actor).filter(pk=pk).first()
    if row is None:
        raise Http404("There is no such chargeback.")
    return row


def evidence_for(actor: Actor, pk: UUID) -> ChargebackEvidence:
    """A piece of evidence of a chargeback that the actor may touch."""
    rows = ChargebackEvidence.objects.filter(tenant_id=actor.tenant_id, pk=pk)
    row = rows.filter(chargeback__in=chargebacks_for(actor)).select_related("chargeback").first()
    if row is None:
        raise Http404("There is no such piece of evidence.")
    return row
