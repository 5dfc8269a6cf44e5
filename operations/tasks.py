"""Shells for Celery: the nightly backup, the weekly drill, the pulse."""

import logging
import socket

from celery import shared_task

from backoffice.core.clock import now
from backoffice.core.errors import OutsideError
from backoffice.tenancy.scope import all_tenants, tenant_scope
from backoffice.workflow import outbox
from operations.backups import services
from operations.models import Heartbeat
from operations.notifications.delivery import TOPIC

log = logging.getLogger(__name__)


@shared_task
def pulse() -> None:
    """Beat asks, a worker answers: both live."""
    Heartbeat.objects.update_or_create(
        name=f"worker on {socket.gethostname()}"[:80], defaults={"seen_at": now()}
    )


@shared_task(time_limit=6 * 3600)
def backup_nightly() -> None:
    try:
        services.backup_run()
    except OutsideError as problem:
        log.exception("backup failed")
        for actor in all_tenants(reason="the backup failed", job="backup"):
            with tenant_scope(actor.tenant_id, actor):
                _tell(str(problem))


def _tell(text: str) -> None:
    payload = {
        "to": "permission:staff.manage_settings",
        "template": "operations.backup_failed",
        "text": text[:500],
        "url": "/operations/backups/",
        "once": f"backup:{now():%Y-%m-%d}",
    }
    outbox.put(TOPIC, payload=payload)


@shared_task(time_limit=6 * 3600)
def drill_weekly() -> None:
    if services.newest_good() is not None:
        services.drill_run()
