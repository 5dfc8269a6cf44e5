"""What the worker does by the clock. Each reading holds a lock, so none piles up behind itself."""

from uuid import UUID

from celery import shared_task

from backoffice.core.clock import now
from backoffice.core.context import system_actor
from backoffice.tenancy.scope import all_tenants, tenant_scope
from trading import money
from trading.connections import server_read
from trading.leverage.control import control_run
from trading.models import SyncKind, TradingServer
from trading.services.changes import secrets_forget
from trading.sync import readings
from trading.sync.partitions import partitions_make
from trading.sync.runs import forget_old

JOB = "trading sync"


@shared_task
def sync_all(kind: str) -> int:
    """Have every active server of every brokerage read; returns how many."""
    asked = 0
    for actor in all_tenants(reason=f"read {kind} of trading servers", job=JOB):
        with tenant_scope(actor.tenant_id, actor):
            servers = list(
                TradingServer.objects.filter(tenant_id=actor.tenant_id, active=True).values_list(
                    "pk", flat=True
                )
            )
        for pk in servers:
            sync_server.delay(actor.tenant_id, str(pk), kind)
        asked += len(servers)
    return asked


@shared_task
def sync_server(tenant_id: int, server_id: str, kind: str) -> bool:
    """Read one server; False when another worker is at it."""
    actor = system_actor(tenant_id, JOB)
    server = server_read(actor, UUID(server_id))
    return readings.read(actor, server, SyncKind(kind)) is not None


@shared_task
def operations_sweep() -> int:
    """Take up balance operations that a dead worker left on the wire."""
    swept = 0
    for actor in all_tenants(reason="balance operations left alone", job="balance operations"):
        swept += money.janitor(actor)
        with tenant_scope(actor.tenant_id, actor):
            secrets_forget(actor=actor)
    return swept


@shared_task
def leverage_control() -> int:
    """Look at every live account of every brokerage; how many are above their cap."""
    job = "leverage control"
    return sum(control_run(actor).above for actor in all_tenants(reason="leverage caps", job=job))


@shared_task
def keep_house() -> int:
    """Months of deals made ahead, old records of readings dropped."""
    partitions_make(now().date())
    return sum(forget_old(actor) for actor in all_tenants(reason="old readings", job=JOB))
