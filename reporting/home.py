"""Home: what is late, what is mine, what waits. The first page of a working day."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from backoffice.portal.decisions import side_lines
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow import queues

MINE_MAX = 10


@require_GET
@needs()
def home(request: StaffRequest) -> HttpResponse:
    counts = queues.counts(request.actor)
    mine = [
        (count.queue, line)
        for count in counts
        if count.mine
        for line in side_lines(request.actor, count.queue, None)
        if line.item.owner_ref == request.actor.ref
    ][:MINE_MAX]
    context = {"counts": counts, "mine": mine, "late": sum(count.late for count in counts)}
    return render(request, "reporting/home.html", context)
