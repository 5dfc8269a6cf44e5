"""Locks, in this order: the brokerage's commissions, its tree, a partner, a payout, its lines.

The first two are advisory, one per brokerage: accrual, payouts and journals of commissions wait for
each other, so that what one of them counts can't change under it.
"""

from uuid import UUID

from django.db import connection

from backoffice.core.context import Actor
from ib.models import AgreementVersion, Partner, Payout


def _lock(actor: Actor, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [name, actor.tenant_id]
        )


def commissions_locked(actor: Actor) -> None:
    """Until the transaction ends, nobody else accrues, collects, pays or books commissions."""
    _lock(actor, "ib.commissions")


def tree_locked(actor: Actor) -> None:
    """Until the transaction ends, the tree, attributions and agreements stay as they are.

    The triggers of sql/guards.sql take the same lock.
    """
    _lock(actor, "ib.tree")


def partner_locked(actor: Actor, pk: UUID) -> Partner:
    return Partner.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=pk)


def payout_locked(actor: Actor, pk: UUID) -> Payout:
    return Payout.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=pk)


def version_locked(actor: Actor, pk: UUID) -> AgreementVersion:
    return AgreementVersion.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=pk)
