"""Which partner, agreement, payout or line an actor may touch: a stranger's is not found."""

from uuid import UUID

from django.http import Http404

from backoffice.core.context import Actor
from ib import selectors
from ib.models import Agreement, CommissionLine, Partner, Payout


def partner_for(actor: Actor, pk: UUID) -> Partner:
    """The partner, when their client is in the actor's sight; else 404."""
    row = selectors.partners_for(actor).filter(pk=pk).first()
    if row is None:
        raise Http404("No such partner.")
    return row


def payout_for(actor: Actor, pk: UUID) -> Payout:
    row = selectors.payouts_for(actor).filter(pk=pk).first()
    if row is None:
        raise Http404("No such payout.")
    return row


def line_for(actor: Actor, pk: UUID) -> CommissionLine:
    row = (
        selectors.lines_for(actor)
        .filter(pk=pk)
        .select_related("version__agreement", "payout", "reverses", "server")
        .first()
    )
    if row is None:
        raise Http404("No such commission line.")
    return row


def agreement_for(actor: Actor, pk: UUID) -> Agreement:
    row = Agreement.objects.filter(tenant_id=actor.tenant_id, pk=pk).first()
    if row is None:
        raise Http404("No such agreement.")
    return row
