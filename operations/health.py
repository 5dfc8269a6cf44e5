"""Is everything alive: workers, queues of work, trading servers, gateways, backups."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.portal.figures import span_text
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem
from operations.actions import ITEM_RETRIED
from operations.backups import services as backups
from operations.models import Heartbeat, RestoreDrill
from payments.models import GatewayAccount
from trading.models import TradingServer

WORKER_SILENT = timedelta(minutes=2)
WORKER_GONE = timedelta(hours=1)
QUEUE_LATE = timedelta(minutes=1)
SERVER_SILENT = timedelta(minutes=5)
FAILED_SHOWN = 50
WORST_FIRST = ("bad", "attention", "neutral", "good")


@dataclass(frozen=True)
class Sign:
    """One line: ``colour`` as for badges; ``at`` is when it last was well."""

    name: str
    colour: str
    word: str
    note: str = ""
    at: datetime | None = None
    url: str = ""


def signs(actor: Actor) -> list[Sign]:
    """Every sign of the installation and of the actor's brokerage, from a handful of rows."""
    return [
        _workers(),
        _queue(actor),
        *_servers(actor),
        *_gateways(actor),
        _backup(),
        _drill(),
    ]


def home_part(actor: Actor) -> dict[str, Any]:
    """The same signs on the home page of who answers for them, what is wrong first."""
    found = sorted(signs(actor), key=lambda sign: WORST_FIRST.index(sign.colour))
    wrong = sum(sign.colour in ("bad", "attention") for sign in found)
    return {"signs": found, "wrong": f"{wrong} to look at" if wrong else ""}


def failed_items(actor: Actor) -> list[OutboxItem]:
    rows = OutboxItem.objects.filter(tenant_id=actor.tenant_id, state=OutboxItem.State.FAILED)
    return list(rows.order_by("-id")[:FAILED_SHOWN])


def _workers() -> Sign:
    """Of all of them together: which machine one runs on is the operator's business."""
    seen = [beat.seen_at for beat in workers()]
    if not seen:
        return Sign("Workers", "bad", "None seen", "No worker has shown itself yet.")
    answer = sum(not is_silent(at) for at in seen)
    if answer == len(seen):
        return Sign("Workers", "good", "Working", at=seen[0])
    colour, word = ("attention", "Some are silent") if answer else ("bad", "Silent")
    return Sign("Workers", colour, word, f"{answer} of {len(seen)} answer.", seen[0])


def workers() -> list[Heartbeat]:
    """The workers, the one last seen first, without those that ended long before it: a container
    that is replaced leaves its name behind."""
    beats = list(Heartbeat.objects.order_by("-seen_at", "name"))
    return [beat for beat in beats if beats[0].seen_at - beat.seen_at < WORKER_GONE]


def is_silent(seen_at: datetime) -> bool:
    """Whether a worker that was seen last then has been silent for too long."""
    return now() - seen_at > WORKER_SILENT


def _queue(actor: Actor) -> Sign:
    oldest = (
        OutboxItem.objects.filter(
            tenant_id=actor.tenant_id, state=OutboxItem.State.WAITING, due_at__lte=now()
        )
        .order_by("due_at")
        .values_list("due_at", flat=True)
        .first()
    )
    lag = now() - oldest if oldest else timedelta()
    late = lag > QUEUE_LATE
    note = f"The oldest waits {span_text(lag.total_seconds())}." if oldest else "Nothing waits."
    return Sign(
        "Work after commits", "attention" if late else "good", "Late" if late else "On time", note
    )


def _servers(actor: Actor) -> Iterator[Sign]:
    for server in TradingServer.objects.filter(tenant_id=actor.tenant_id, active=True).order_by(
        "name"
    ):
        yield _outside(
            f"Trading server {server.name}",
            server.last_ok_at,
            server.last_error,
            server.last_error_at,
            f"{server.latency_ms} ms" if server.latency_ms is not None else "",
        )


def _gateways(actor: Actor) -> Iterator[Sign]:
    for gateway in GatewayAccount.objects.filter(tenant_id=actor.tenant_id, active=True).order_by(
        "name"
    ):
        yield _outside(
            f"Gateway {gateway.name}",
            gateway.last_ok_at,
            gateway.last_error,
            gateway.last_error_at,
            expect_steady=False,
        )


def _outside(
    name: str,
    ok_at: datetime | None,
    error: str,
    error_at: datetime | None,
    note: str = "",
    *,
    expect_steady: bool = True,
) -> Sign:
    """``expect_steady`` is for parties that we talk to all the time: silence is a fault there."""
    failing = error_at is not None and (ok_at is None or error_at > ok_at)
    if failing:
        return Sign(name, "bad", "Failing", error, ok_at)
    if ok_at is None:
        return Sign(name, "neutral", "Not used yet", note)
    if expect_steady and now() - ok_at > SERVER_SILENT:
        return Sign(name, "attention", "Silent", note, ok_at)
    return Sign(name, "good", "Answering", note, ok_at)


def _backup() -> Sign:
    last = backups.newest_good()
    if last is None:
        return Sign("Backup", "attention", "None yet", "The first is made in the night.")
    colour, word = ("bad", "Too old") if backups.is_stale() else ("good", "Fresh")
    return Sign("Backup", colour, word, at=last.finished_at)


def _drill() -> Sign:
    last = backups.newest_drill()
    if last is None:
        return Sign("Restore drill", "neutral", "None yet", "The first is on a Sunday night.")
    old = now() - last.started_at > backups.DRILL_STALE_AFTER
    if last.state != RestoreDrill.State.PASSED:
        return Sign("Restore drill", "bad", "Failed", "The operator knows.", last.finished_at)
    colour, word = ("attention", "Too old") if old else ("good", "Passed")
    return Sign("Restore drill", colour, word, at=last.finished_at)


@require_GET
@needs("operations.view_operations")
def health(request: StaffRequest) -> HttpResponse:
    context = {
        "signs": signs(request.actor),
        "failed": failed_items(request.actor),
        "may_retry": request.actor.can("operations.manage_operations"),
    }
    return render(request, "operations/health.html", context)


@require_POST
@needs("operations.manage_operations")
def item_retry(request: StaffRequest, pk: UUID) -> HttpResponse:
    item = OutboxItem.objects.filter(tenant_id=request.actor.tenant_id, pk=pk).first()
    if item is None:
        raise Http404
    if outbox.put_again(item):
        audit(
            actor=request.actor,
            action=ITEM_RETRIED,
            subject=item,
            label=item.topic,
            data={"error": item.error},
        )
        messages.success(request, f"{item.topic} is tried again.")
    else:
        messages.info(request, "It is not failed any more; nothing was done.")
    return redirect("operations:health")
