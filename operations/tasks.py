"""Shells for Celery: the nightly backup, the weekly drill, the pulse."""

import logging
import socket

from celery import shared_task

from backoffice.core.clock import now
from backoffice.core.errors import OutsideError
from operations.backups import services
from operations.models import Heartbeat, RestoreDrill
from operations.platform.services import operators_tell

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
        operators_tell("The backup failed", str(problem))


@shared_task(time_limit=6 * 3600)
def drill_weekly() -> None:
    if services.newest_good() is None:
        return
    drill = services.drill_run()
    if drill.state != RestoreDrill.State.PASSED:
        wrong = [finding["check"] for finding in drill.evidence if not finding["held"]]
        operators_tell("The restore drill failed", drill.error or f"Did not hold: {wrong}")
