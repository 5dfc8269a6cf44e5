"""Shells around the ledger for Celery's beat."""

import logging
from datetime import timedelta

from celery import shared_task
from django.db import connection

from backoffice.core.clock import now
from backoffice.tenancy.scope import all_tenants, tenant_scope
from ledger import days, selectors, services

log = logging.getLogger(__name__)

PARTITION_MONTHS_AHEAD = 4


@shared_task
def ledger_seal() -> int:
    """Bind what was booked into the audit chains."""
    sealed = 0
    for actor in all_tenants(reason="seal the journals", job="ledger sealer"):
        with tenant_scope(actor.tenant_id, actor):
            sealed += services.seal(actor=actor)
    return sealed


@shared_task
def ledger_expire_holds() -> int:
    """Release the holds that are past their expiry, each in a transaction of its own."""
    released = 0
    for actor in all_tenants(reason="expired holds", job="hold expiry"):
        with tenant_scope(actor.tenant_id, actor):
            due = selectors.holds_due(actor.tenant_id)
        for hold_id in due:
            with tenant_scope(actor.tenant_id, actor):
                released += services.hold_expire(actor=actor, hold_id=hold_id)
    return released


@shared_task
def ledger_make_partitions() -> int:
    """Lay the months ahead; a month that nobody laid would be booked into the default."""
    first = now().date()
    last = first + timedelta(days=31 * PARTITION_MONTHS_AHEAD)
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_make_partitions(%s, %s)", [first, last])
        made: int = cursor.fetchone()[0]
    return made


@shared_task
def ledger_verify() -> int:
    """Derive every tenant's books again; returns how many faults there are, and logs each."""
    faults = 0
    for actor in all_tenants(reason="nightly verification", job="ledger verification"):
        with tenant_scope(actor.tenant_id, actor):
            verification = selectors.verify(actor.tenant_id)
        for fault in verification.faults:
            log.critical(
                "ledger fault: %s",
                fault.rule,
                extra={
                    "tenant_id": actor.tenant_id,
                    "subject": fault.subject,
                    "detail": fault.detail,
                },
            )
        faults += len(verification.faults)
    return faults


@shared_task
def ledger_snapshots() -> int:
    """The balances of the days that have been closed."""
    taken = 0
    for actor in all_tenants(reason="snapshots of closed days", job="ledger snapshots"):
        with tenant_scope(actor.tenant_id, actor):
            taken += days.snapshots_take(actor=actor)
    return taken
