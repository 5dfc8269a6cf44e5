"""Backups, drills and their evidence: of the whole installation, for who manages its settings."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from backoffice.audit.services import audit
from backoffice.core.context import Actor
from backoffice.staff.access import StaffRequest, needs
from operations.actions import BACKUP_ASKED, DRILL_ASKED
from operations.backups import services
from operations.backups.evidence import Finding
from operations.models import Backup, RestoreDrill

SHOWN_MAX = 40
PLATFORM = "staff.manage_settings"


@require_GET
@needs(PLATFORM)
def backup_list(request: StaffRequest) -> HttpResponse:
    drills = list(RestoreDrill.objects.select_related("backup").order_by("-id")[:10])
    context = {
        "backups": list(Backup.objects.order_by("-id")[:SHOWN_MAX]),
        "drills": drills,
        "last_drill": drills[0] if drills else None,
        "evidence": _evidence(request.actor, drills[0]) if drills else [],
        "newest": services.newest_good(),
        "stale": services.is_stale(),
    }
    return render(request, "operations/backups.html", context)


def _evidence(actor: Actor, drill: RestoreDrill) -> list[Finding]:
    """What was found of the whole and of this brokerage; the others' is not theirs to see."""
    mine = (None, actor.tenant_id)
    return [finding for finding in drill.evidence if finding.get("tenant") in mine]


@require_POST
@needs(PLATFORM)
def backup_ask(request: StaffRequest) -> HttpResponse:
    """Ask a worker for a backup now; one that runs already is enough."""
    from operations.tasks import backup_nightly

    audit(actor=request.actor, action=BACKUP_ASKED)
    transaction.on_commit(lambda: backup_nightly.delay() and None, robust=True)
    messages.info(request, "A worker makes the backup; it appears here when it is done.")
    return redirect("operations:backups")


@require_POST
@needs(PLATFORM)
def drill_ask(request: StaffRequest) -> HttpResponse:
    """Ask a worker to restore the newest backup beside the database and to check it there."""
    from operations.tasks import drill_weekly

    if services.newest_good() is None:
        messages.error(request, "There is no backup to restore yet. Back up first.")
        return redirect("operations:backups")
    audit(actor=request.actor, action=DRILL_ASKED)
    transaction.on_commit(lambda: drill_weekly.delay() and None, robust=True)
    messages.info(request, "A worker restores the newest backup; what it finds appears here.")
    return redirect("operations:backups")
