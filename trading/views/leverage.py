"""Leverage caps: what is in force, who is above, versions and the form of another."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.portal.actions import Button
from backoffice.portal.decisions import refused
from backoffice.portal.once import once
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow import outbox, versions
from backoffice.workflow.approvals import pending_for
from backoffice.workflow.versions import COLOURS, VersionState
from clients.countries import country_name
from trading.leverage import control, tables
from trading.leverage.forms import TableForm
from trading.leverage.models import LeverageTable
from trading.leverage.tables import CLASSES, OTHERS, Table
from trading.leverage.versions import (
    CONTROL,
    KIND,
    MANAGE,
    TRACK,
    row_in_force,
    table_in_force,
    table_write,
)
from trading.views.common import GET_POST, VIEW, data_of, tried

VERSIONS_SHOWN = 20


def _figures(table: Table) -> dict[str, Any]:
    """A table for reading: classes down, regions across."""
    return {
        "regions": [
            (each.name, ", ".join(country_name(code) for code in each.countries))
            for each in table.regions
        ],
        "rows": [
            *((title, [r.retail[code] for r in table.regions]) for code, title in CLASSES.items()),
            *((title, [r.others[code] for r in table.regions]) for code, title in OTHERS.items()),
        ],
        "source": table.source,
        "as_of": table.as_of,
    }


@require_GET
@needs(VIEW)
def caps(request: StaffRequest) -> HttpResponse:
    """What caps now, what the last control found, and the versions."""
    actor = request.actor
    mine = LeverageTable.objects.filter(tenant_id=actor.tenant_id)
    rows = list(mine.order_by("-number")[:VERSIONS_SHOWN])
    buttons = [Button("Look again", reverse("trading:leverage-look"), icon="refresh")]
    if actor.can(MANAGE):
        url = reverse("trading:leverage-new")
        buttons.append(Button("New version", url, key="c", method="get"))
    context = {
        "in_force": row_in_force(),
        "figures": _figures(table_in_force()),
        "control": control.last_control(actor),
        "breaches": list(control.breaches(actor)),
        "versions": [{"row": row, "colour": COLOURS[VersionState(row.state)]} for row in rows],
        "actions": buttons,
    }
    return render(request, "trading/leverage.html", context)


@require_POST
@needs(VIEW)
def look(request: StaffRequest) -> HttpResponse:
    """Have every live account looked at now, and not only at night."""
    row = row_in_force()
    outbox.put(CONTROL, subject_id=row.pk if row else None)
    messages.success(request, "Every live account is being looked at.")
    return redirect("trading:leverage")


@GET_POST
@needs(MANAGE)
@once
def table_new(request: StaffRequest) -> HttpResponse:
    """Another version, which begins as what is in force."""
    form = TableForm(data_of(request), table=table_in_force())
    made: list[LeverageTable] = []

    def work() -> None:
        values = form.cleaned_data
        made.append(table_write(actor=request.actor, table=form.table(), note=values["note"]))

    if request.method == "POST" and tried(form, work):
        messages.success(request, f"{made[0]} is written. Propose it; somebody else sets it.")
        return redirect("trading:leverage-table", pk=made[0].pk)
    status = 422 if form.errors else 200
    return render(request, "trading/leverage_form.html", {"form": form}, status=status)


def _table_for(actor: Actor, pk: UUID) -> LeverageTable:
    row = LeverageTable.objects.filter(tenant_id=actor.tenant_id, pk=pk).first()
    if row is None:
        raise Http404("No such version.")
    return row


@require_GET
@needs(VIEW)
def table_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    actor, row = request.actor, _table_for(request.actor, pk)
    table = tables.load(row.content)
    changes = (
        {} if row.state == VersionState.ACTIVE else tables.differences(table_in_force(), table)
    )
    buttons = []
    if row.state == VersionState.DRAFT:
        why = "" if actor.can(MANAGE) else "You don't hold the right to write leverage caps."
        url = reverse("trading:leverage-propose", args=[pk])
        buttons = [Button("Propose", url, kind="primary", key="a", why_not=why)]
    context = {
        "row": row,
        "colour": COLOURS[VersionState(row.state)],
        "figures": _figures(table),
        "changes": [{"label": name, "value": said} for name, said in changes.items()],
        "approval": pending_for(actor, row.pk, KIND),
        "actions": buttons,
        "events": timeline(actor, row.pk),
    }
    return render(request, "trading/leverage_table.html", context)


@require_POST
@needs(MANAGE)
def table_propose(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = _table_for(request.actor, pk)
    try:
        versions.propose(TRACK, actor=request.actor, pk=row.pk)
    except DomainError as error:
        return refused(request, error, reverse("trading:leverage-table", args=[pk]))
    messages.success(request, f"{row} is proposed; a second person sets it.")
    return redirect("trading:leverage-table", pk=pk)
