"""The Privacy tab of a client: what would go and when, requests, holds."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.urls import reverse

from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.portal.actions import Button
from backoffice.staff.access import StaffRequest
from backoffice.workflow.approvals import pending_for
from clients import tabs
from clients.models import Client
from clients.tabs import Tab
from privacy import erasure, holds, selectors, staff_access
from privacy.access_views import SEE
from privacy.lists import VIEW
from privacy.models import ErasureRequest
from privacy.states import REQUEST, REQUEST_COLOURS, RequestState
from privacy.views import answer_lines

SHOWN_MAX, ACCESS_DAYS = 20, 30


def _requests(actor: Actor, client: Client) -> list[ErasureRequest]:
    rows = ErasureRequest.objects.filter(tenant_id=actor.tenant_id, client=client)
    return list(rows.order_by("-id")[:SHOWN_MAX])


def _context(request: StaffRequest, client: Client) -> Mapping[str, Any]:
    actor = request.actor
    rows, standing = _requests(actor, client), list(selectors.holds_standing(client))
    return {
        "answers": answer_lines(erasure.preview(client)),
        "ended_on": selectors.ended_on(client),
        "requests": [
            {"row": row, "colour": REQUEST_COLOURS[RequestState(row.state)]} for row in rows
        ],
        "holds": [
            {
                "row": hold,
                "approval": pending_for(actor, hold.pk, holds.KIND),
                "lift_url": reverse("privacy:hold-lift", args=[hold.pk])
                if actor.can(holds.HOLD)
                else "",
            }
            for hold in standing
        ],
        "access": _access(actor, client),
        "privacy_actions": _buttons(actor, client, rows),
    }


def _access(actor: Actor, client: Client) -> list[dict[str, Any]] | None:
    """Who looked in the last month; None for who may not know."""
    if not actor.can(SEE):
        return None
    until = today()
    rows = staff_access.of_client(actor, client, until - timedelta(days=ACCESS_DAYS), until)
    return [{**row, "said": staff_access.said(row["counts"])} for row in rows[:SHOWN_MAX]]


def _buttons(actor: Actor, client: Client, rows: list[ErasureRequest]) -> list[Button]:
    found = []
    if actor.can(erasure.WORK):
        why = next(
            (f"{row.reference} is open." for row in rows if row.state not in REQUEST.final), ""
        )
        url = reverse("privacy:request-new", args=[client.pk])
        found.append(Button("Record an erasure request", url, method="get", why_not=why))
    if actor.can(holds.HOLD):
        url = reverse("privacy:hold-new", args=[client.pk])
        found.append(Button("Place a legal hold", url, icon="gavel", method="get"))
    return found


def register() -> None:
    tabs.register(Tab("privacy", "Privacy", "privacy/client_tab.html", VIEW, _context, order=190))
