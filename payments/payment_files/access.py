"""Who may see payment files: they hold payouts of all desks, so nobody who is bound to some."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from backoffice.core.context import Actor
from payments.models import PaymentFile


def files_for(actor: Actor) -> QuerySet[PaymentFile]:
    rows = PaymentFile.objects.filter(tenant_id=actor.tenant_id).select_related("gateway")
    return rows if actor.desks is None else rows.none()


def file_for(actor: Actor, pk: UUID) -> PaymentFile:
    row = files_for(actor).filter(pk=pk).first()
    if row is None:
        raise Http404("There is no such payment file.")
    return row
