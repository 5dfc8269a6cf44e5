"""Backups, restore drills and their evidence. There is one database for every brokerage, so they
are the operator's: a brokerage's people read under Health when the last ones were, and no more."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from backoffice.portal.actions import Button
from operations.backups import services
from operations.models import Backup, RestoreDrill
from operations.platform.access import OperatorRequest, operator_only
from operations.platform.frame import operator_page
from operations.platform.services import looked

SHOWN_MAX = 40
DRILLS_SHOWN = 10


@require_GET
@operator_only
def backup_list(request: OperatorRequest) -> HttpResponse:
    drills = list(RestoreDrill.objects.select_related("backup").order_by("-id")[:DRILLS_SHOWN])
    context = {
        "backups": list(Backup.objects.order_by("-id")[:SHOWN_MAX]),
        "drills": drills,
        "last_drill": drills[0] if drills else None,
        "stale": services.is_stale(),
        "buttons": _buttons(),
        "stamp": services.stamp(),
    }
    return operator_page(request, "backups", context)


def _buttons() -> list[Button]:
    going = "" if services.running() is None else "A backup runs. It appears here when it is done."
    drilled = "" if services.drill_running() is None else "A restore drill runs."
    none = "" if services.newest_good() else "There is no backup to restore yet. Back up first."
    return [
        Button(
            "Back up now", reverse("platform:backup-run"), icon="database-export", why_not=going
        ),
        Button(
            "Restore now, to try",
            reverse("platform:backup-drill"),
            icon="database",
            why_not=none or drilled,
        ),
    ]


@require_GET
@operator_only(recorded=False)
def backup_live(request: OperatorRequest) -> HttpResponse:
    """Whether anything moved since the page was made: 204, or htmx is told to refresh.

    It shows nothing, so it leaves no line in the trail, which a page left open would fill.
    """
    response = HttpResponse(status=HTTPStatus.NO_CONTENT)
    if services.stamp() != request.GET.get("stamp"):
        response = HttpResponse()
        response["HX-Refresh"] = "true"
    return response


@require_POST
@operator_only
def backup_ask(request: OperatorRequest) -> HttpResponse:
    """Ask a worker for a backup now; one that runs already is enough."""
    from operations.tasks import backup_nightly

    if services.running() is not None:
        messages.info(request, "A backup runs already. Nothing more was asked for.")
        return redirect("platform:backups")
    looked(request.operator, "Asked for a backup")
    backup_nightly.delay()
    messages.info(request, "A worker makes the backup; it appears here by itself.")
    return redirect("platform:backups")


@require_POST
@operator_only
def drill_ask(request: OperatorRequest) -> HttpResponse:
    """Ask a worker to restore the newest backup beside the database and to check it there."""
    from operations.tasks import drill_weekly

    if services.newest_good() is None:
        messages.error(request, "There is no backup to restore yet. Back up first.")
        return redirect("platform:backups")
    if services.drill_running() is not None:
        messages.info(request, "A restore drill runs already. Nothing more was asked for.")
        return redirect("platform:backups")
    looked(request.operator, "Asked for a restore drill")
    drill_weekly.delay()
    messages.info(request, "A worker restores the newest backup; what it finds appears here.")
    return redirect("platform:backups")
