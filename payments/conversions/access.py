"""Which conversion an actor may see: a stranger's is not found, whatever its id."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from backoffice.core.context import Actor
from payments.models import Conversion, Transfer


def conversions_for(actor: Actor) -> QuerySet[Conversion]:
    rows = Conversion.objects.filter(tenant_id=actor.tenant_id).select_related("client")
    return rows if actor.desks is None else rows.filter(client__desk_id__in=actor.desks)


def conversion_for(actor: Actor, pk: UUID) -> Conversion:
    rows = conversions_for(actor).select_related("client", "account", "transfer")
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404("There is no such conversion.")
    return row


def conversions_of(actor: Actor, transfer: Transfer) -> list[tuple[UUID, str]]:
    """The conversion whose money a transfer carries on, as id and reference; mostly none."""
    rows = Conversion.objects.filter(tenant_id=actor.tenant_id, transfer=transfer)
    return list(rows.values_list("pk", "reference"))
