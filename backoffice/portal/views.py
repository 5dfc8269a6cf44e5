"""Search, saved views, exports, work items, the late list, health."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.db import connection
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from backoffice.audit.selectors import newest_change
from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.portal import actions, decisions, exports, navigation, search, selectors, services
from backoffice.portal.context import queue_counts, topbar_counts
from backoffice.portal.lists import Column, Empty, ListPage, list_response, register, squeezed
from backoffice.portal.models import Export, SavedView
from backoffice.portal.timeline import state_now
from backoffice.staff.access import StaffRequest, needs, public
from backoffice.workflow import queues
from backoffice.workflow.models import WorkItem

HTMX_STOP = 286  # htmx shows the answer and asks no more


@require_GET
@needs()
def search_view(request: StaffRequest) -> HttpResponse:
    """Hits as JSON for the palette, as a page without scripts."""
    text = request.GET.get("q", "")[:100]
    hits = search.find(request.actor, text) if text.strip() else []
    pages = [
        entry
        for entry in navigation.entries_for(request.actor)
        if text.strip() and text.strip().lower() in entry.label.lower()
    ]
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"groups": _hit_groups(hits)})
    context = {
        "text": text,
        "hits": hits,
        "pages": [(page.label, reverse(page.url_name)) for page in pages],
    }
    return render(request, "portal/search.html", context)


def _hit_groups(hits: list[search.Hit]) -> list[dict[str, object]]:
    groups: dict[str, list[dict[str, str]]] = {}
    for hit in hits:
        line = {"label": hit.label, "note": hit.detail, "url": hit.url, "icon": hit.kind.icon}
        groups.setdefault(hit.kind.label, []).append(line)
    return [{"label": label, "items": items} for label, items in groups.items()]


@require_GET
@needs()
def live(request: StaffRequest) -> HttpResponse:
    """Whether an object has moved on from what a page shows: 204 when it has not. A page that only
    waits (``state``) is told to refresh; one that is worked on (``seen``, the last change it knew)
    gets a line that says so, for a refresh would take what was typed.
    Says no more than that, so it needs no right of the object's domain."""
    try:
        subject = UUID(request.GET.get("subject", ""))
    except ValueError:
        raise Http404 from None
    if "seen" in request.GET:
        newest = newest_change(request.actor, subject).first()
        if str(newest or "") == request.GET["seen"]:
            return HttpResponse(status=HTTPStatus.NO_CONTENT)
        return render(request, "components/changed.html", status=HTMX_STOP)
    state = state_now(request.actor, subject)
    response = HttpResponse(status=HTTPStatus.NO_CONTENT)
    if state and state != request.GET.get("state"):
        response = HttpResponse()
        response["HX-Refresh"] = "true"
    return response


@require_POST
@needs()
def view_save(request: StaffRequest) -> HttpResponse:
    back = decisions.back_url(request, "/")
    try:
        services.view_save(
            actor=request.actor,
            list_code=request.POST.get("list", ""),
            name=request.POST.get("name", ""),
            query=request.POST.get("query", ""),
            shared=request.POST.get("shared") == "on",
        )
    except DomainError as error:
        return decisions.refused(request, error, back)
    messages.success(request, "The view is saved.")
    return redirect(back)


@require_POST
@needs()
def view_delete(request: StaffRequest, pk: UUID) -> HttpResponse:
    view = SavedView.objects.filter(
        tenant_id=request.actor.tenant_id, owner_ref=request.actor.ref, pk=pk
    ).first()
    if view is None:
        raise Http404
    services.view_delete(actor=request.actor, view=view)
    return redirect(decisions.back_url(request, "/"))


LATE_MAX = 10  # of each queue: its own list shows the rest

EXPORTS = register(
    ListPage(
        code="portal.exports",
        title="Exports",
        permission="staff.export_data",
        rows=selectors.exports,
        exportable=False,
        note="Your own exports. What was exported, by whom and when is in the audit trail.",
        columns=[
            Column("title", "List", lambda row: row.title, grow=True, fixed=True),
            Column("format", "Format", lambda row: row.get_file_format_display()),
            Column("rows", "Rows", lambda row: row.rows, num=True),
            Column("created", "Asked", lambda row: row.created_at),
            Column("state", "State", lambda row: row.error or row.get_state_display()),
            Column(
                "file",
                "File",
                lambda row: "Download" if row.state == Export.State.READY else None,
                link=lambda row: (
                    reverse("portal:export-file", args=[row.pk])
                    if row.state == Export.State.READY
                    else ""
                ),
            ),
        ],
        empty=Empty("No exports yet", "Open a list and press Export: the file appears here."),
    )
)


@require_GET
@needs("staff.export_data")
def export_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, EXPORTS)


@require_POST
@needs("staff.export_data")
def export_ask(request: StaffRequest) -> HttpResponse:
    back = decisions.back_url(request, reverse("portal:exports"))
    try:
        export = exports.export_ask(
            actor=request.actor,
            list_code=request.POST.get("list", ""),
            query=request.POST.get("query", ""),
            file_format=request.POST.get("format", "csv"),
        )
    except DomainError as error:
        return decisions.refused(request, error, back)
    if export.state == Export.State.READY:
        return redirect("portal:export-file", pk=export.pk)
    messages.info(request, "The export is being made; it appears here when it is ready.")
    return redirect("portal:exports")


@require_GET
@needs("staff.export_data")
def export_file(request: StaffRequest, pk: UUID) -> HttpResponse | FileResponse:
    export = selectors.exports(request.actor).filter(pk=pk, state=Export.State.READY).first()
    path = exports.export_path(export) if export else None
    if export is None or path is None or not path.exists():
        raise Http404
    audit(
        actor=request.actor,
        action=actions.EXPORT_DOWNLOADED,
        subject=export,
        label=export.title,
        data={"sha256": export.sha256},
    )
    name = f"{export.list_code.replace('.', '-')}-{export.created_at:%Y%m%d-%H%M}"
    return FileResponse(
        path.open("rb"), as_attachment=True, filename=f"{name}.{export.file_format}"
    )


def _item(actor: Actor, pk: UUID) -> WorkItem:
    item = WorkItem.objects.filter(tenant_id=actor.tenant_id, pk=pk).first()
    if item is None or (actor.desks is not None and item.desk_id not in actor.desks):
        raise Http404
    queue = queues.queues.get(item.queue)
    if queue is None or not actor.can(queue.permission):
        raise Http404
    return item


@require_POST
@needs()
def item_claim(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Take an item; one that a colleague has is taken over, which the trail shows."""
    item = _item(request.actor, pk)
    back = decisions.back_url(request, queues.queues[item.queue].url(item.subject_id))
    try:
        if item.owner_ref and item.owner_ref != request.actor.ref:
            queues.item_assign(
                actor=request.actor,
                item=item,
                owner_ref=request.actor.ref,
                owner_name=request.actor.name,
            )
        else:
            queues.item_claim(actor=request.actor, item=item)
    except DomainError as error:
        return decisions.refused(request, error, back)
    return redirect(back)


@require_POST
@needs()
def item_release(request: StaffRequest, pk: UUID) -> HttpResponse:
    item = _item(request.actor, pk)
    back = decisions.back_url(request, queues.queues[item.queue].url(item.subject_id))
    try:
        queues.item_assign(actor=request.actor, item=item, owner_ref="", owner_name="")
    except DomainError as error:
        return decisions.refused(request, error, back)
    return redirect(back)


@require_GET
@needs()
def counters(request: StaffRequest) -> HttpResponse:
    """The frame's counters alone, which each open page asks for every minute."""
    waiting = queue_counts(request)
    context = {
        "items": navigation.queue_items("", waiting),
        **topbar_counts(request.actor, waiting),
    }
    response = HttpResponse(render_to_string("portal/counters.html", context))
    response["Cache-Control"] = "no-store"
    return response


@require_GET
@needs()
def late(request: StaffRequest) -> HttpResponse:
    """The first of what is past its time, queue by queue, most late first."""
    moment = now()
    groups = []
    for count in queue_counts(request):
        if count.late:
            rows = queues.open_items(request.actor, count.queue.code).filter(due_at__lt=moment)
            items = list(rows[:LATE_MAX])
            groups.append(
                {
                    "queue": count.queue,
                    "count": count.late_text,
                    "lines": decisions.side_lines(request.actor, count.queue, items, owners=True),
                    "more": count.late > len(items),
                    "url": reverse(count.queue.list_url),
                }
            )
    html = render_to_string("portal/late.html", {"groups": groups}, request)
    return HttpResponse(squeezed(html))


@require_GET
@public("load balancers ask without signing in")
def health_live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@require_GET
@public("load balancers ask without signing in")
def health_ready(request: HttpRequest) -> JsonResponse:
    """Ready when the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})
