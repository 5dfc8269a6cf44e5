"""Which bonus an actor may see: a stranger's is not found, whatever its id."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from backoffice.core.context import Actor
from payments.models import Bonus


def bonuses_for(actor: Actor) -> QuerySet[Bonus]:
    rows = Bonus.objects.filter(tenant_id=actor.tenant_id).select_related("client")
    return rows if actor.desks is None else rows.filter(client__desk_id__in=actor.desks)


def bonus_for(actor: Actor, pk: UUID) -> Bonus:
    rows = bonuses_for(actor).select_related("client", "account", "operation", "transfer")
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404("There is no such bonus.")
    return row
