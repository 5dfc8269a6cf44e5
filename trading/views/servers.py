"""Trading servers: connect, test, read now; what readings found."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from backoffice.portal.actions import Button
from backoffice.portal.figures import MINUTE_S, span_text
from backoffice.portal.once import once
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from trading import selectors, services
from trading.access import group_for, server_for
from trading.forms import ServerForm
from trading.models import Group, SyncKind, SyncRun, TradingServer
from trading.views.common import GET_POST, SERVERS, data_of, form_page, tried

EVENTS_SHOWN = 15
ASKABLE = (SyncKind.TEST, SyncKind.SETUP, SyncKind.ACCOUNTS, SyncKind.DEALS, SyncKind.DEEP)


@require_GET
@needs(SERVERS)
def server_list(request: StaffRequest) -> HttpResponse:
    servers = [_line(server) for server in selectors.servers_for(request.actor)]
    return render(request, "trading/servers.html", {"servers": servers})


def _line(server: TradingServer) -> dict[str, Any]:
    colour, word = selectors.light(server)
    return {
        "row": server,
        "colour": colour,
        "word": word,
        "gaps": selectors.gaps_of(server).count(),
        "url": reverse("trading:server", args=[server.pk]),
    }


@require_GET
@needs(SERVERS)
def server_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    """One server; HTMX asks for the readings again while somebody waits for them."""
    server = server_for(request.actor, pk)
    runs = {"server": server, "runs": [_run(run) for run in selectors.last_runs(server)]}
    if request.htmx:
        return render(request, "trading/server_runs.html", runs)
    groups = Group.objects.filter(tenant_id=request.actor.tenant_id, server=server, gone_at=None)
    context = {
        **_line(server),
        **runs,
        "facts": _facts(server),
        "buttons": _buttons(server),
        "readings": _readings(server),
        "gap_rows": list(selectors.gaps_of(server)[: selectors.GAPS_SHOWN]),
        "groups": list(groups.order_by("name")),
        "events": timeline(request.actor, server.pk, most=EVENTS_SHOWN),
    }
    return render(request, "trading/server.html", context)


def _run(run: SyncRun) -> dict[str, Any]:
    took = (run.finished_at - run.started_at).total_seconds() if run.finished_at else None
    clock = ""
    if run.kind == SyncKind.TEST and not run.error:
        detail = run.detail
        clock = (
            "Its clock agrees with the time zone set here."
            if detail["clock_agrees"]
            else f"Its clock is {detail['offset_minutes']} minutes from UTC, here "
            f"{detail['expected_minutes']} are set: change the time zone."
        )
        clock += f" {detail['groups']} groups and {detail['logins']} logins are in sight."
    bad = bool(run.error or run.gaps or run.detail.get("clock_agrees") is False)
    return {
        "row": run,
        "colour": "bad" if run.error else "attention" if bad else "good",
        "word": "Failed" if run.error else "Look" if bad else "Good",
        "took": f"{took:.1f} s" if took is not None else "",
        "lag": _lag(run.lag_s),
        "note": run.error or clock,
    }


def _lag(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds:.1f} s" if seconds < MINUTE_S else span_text(seconds)


def _facts(server: TradingServer) -> list[dict[str, Any]]:
    trust = server.tls_fingerprint or (
        "CA bundle" if server.tls_ca_bundle else "System's authorities"
    )
    hours = f"UTC{server.timezone_offset_minutes // 60:+d}"
    latency = f"{server.latency_ms} ms" if server.latency_ms is not None else None
    return [
        {"label": "Platform", "value": server.get_platform_display()},
        {"label": "Address", "value": server.url},
        {"label": "Manager", "value": str(server.manager_login)},
        {"label": "Trust", "value": trust if len(trust) < 30 else f"{trust[:23]}…"},
        {"label": "Groups", "value": server.group_masks},
        {
            "label": "Clock",
            "value": f"{hours}, summer time: {server.get_dst_rule_display()}",
        },
        {"label": "Last answer", "value": server.last_ok_at},
        {"label": "Latency", "value": latency},
        {"label": "Deals read to", "value": server.deals_until},
        {"label": "Last error", "value": server.last_error or None},
    ]


def _buttons(server: TradingServer) -> list[Button]:
    ask = reverse("trading:server-ask", args=[server.pk])
    edit = reverse("trading:server-edit", args=[server.pk])
    return [
        Button(
            "Test connection", ask, icon="plug-connected", kind="primary", fields={"kind": "test"}
        ),
        Button("Edit", edit, icon="pencil", method="get", key="e"),
    ]


def _readings(server: TradingServer) -> list[Button]:
    """What may be read at once, for the menu."""
    ask = reverse("trading:server-ask", args=[server.pk])
    return [
        Button("Deals", ask, icon="refresh", fields={"kind": "deals"}),
        Button("Accounts", ask, icon="users", fields={"kind": "accounts"}),
        Button("Groups and symbols", ask, icon="list", fields={"kind": "setup"}),
        Button("Deep check of deals", ask, icon="zoom-scan", fields={"kind": "deep"}),
    ]


@require_POST
@needs(SERVERS)
def server_ask(request: StaffRequest, pk: UUID) -> HttpResponse:
    server = server_for(request.actor, pk)
    kind = request.POST.get("kind", "")
    if kind in ASKABLE:
        services.server_ask(actor=request.actor, server=server, kind=kind)
        messages.success(request, f"{SyncKind(kind).label}: asked. The answer appears below.")
    else:
        messages.error(request, "There is no such reading.")
    return redirect("trading:server", pk=server.pk)


@GET_POST
@needs(SERVERS)
@once
def server_new(request: StaffRequest) -> HttpResponse:
    form = ServerForm(data_of(request))
    made: list[TradingServer] = []

    def work() -> None:
        password = form.cleaned_data["password"]
        made.append(services.server_add(actor=request.actor, password=password, **form.values()))

    if request.method == "POST" and tried(form, work):
        messages.success(request, "The server is connected; its groups are being read.")
        return redirect("trading:server", pk=made[0].pk)
    return form_page(
        request,
        form,
        title="Connect a trading server",
        label="Connect",
        back=reverse("trading:servers"),
    )


@GET_POST
@needs(SERVERS)
def server_edit(request: StaffRequest, pk: UUID) -> HttpResponse:
    server = server_for(request.actor, pk)
    form = ServerForm(data_of(request), instance=server_for(request.actor, pk))

    def work() -> None:
        password = form.cleaned_data["password"]
        services.server_change(
            actor=request.actor, server=server, password=password, **form.values()
        )

    back = reverse("trading:server", args=[server.pk])
    if request.method == "POST" and tried(form, work):
        messages.success(request, "The server is changed.")
        return redirect(back)
    return form_page(request, form, title=f"Edit {server.name}", label="Save", back=back)


@require_POST
@needs(SERVERS)
def group_offer(request: StaffRequest, pk: UUID) -> HttpResponse:
    group = group_for(request.actor, pk)
    offered = request.POST.get("offered") == "yes"
    services.group_offer(actor=request.actor, group=group, offered=offered)
    word = "on offer" if offered else "not on offer any more"
    messages.success(request, f"{group.name} is {word}.")
    return redirect("trading:server", pk=group.server_id)
