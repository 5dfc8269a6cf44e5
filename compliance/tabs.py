"""What compliance puts on a client's page: a tab with hits and alerts, and what is open.

Alerts are for those alone who may know of monitoring; without the right the tab has no trace.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.staff.access import StaffRequest
from clients import tabs
from clients.lists import RISK_COLOURS
from clients.models import Client, RiskBand
from clients.tabs import Tab
from compliance import selectors
from compliance.models import Screening
from compliance.risk.changes import explained
from compliance.risk.services import last_of
from compliance.states import ALERT_COLOURS, ALERT_OPEN, HIT_COLOURS, HIT_UNDECIDED

SHOWN_MAX = 50
SEE_HITS, SEE_ALERTS = "compliance.view_hit", "compliance.view_monitoring"


def _hits(actor: Actor, client: Client) -> list[dict[str, Any]]:
    return tabs.once(actor, client, _read_hits)


def _alerts(actor: Actor, client: Client) -> list[dict[str, Any]]:
    return tabs.once(actor, client, _read_alerts)


def _read_hits(actor: Actor, client: Client) -> list[dict[str, Any]]:
    if not actor.can(SEE_HITS):
        return []
    return [
        {
            "row": hit,
            "colour": HIT_COLOURS[hit.state],  # type: ignore[index]
            "url": reverse("compliance:hit", args=[hit.pk]),
            "open": hit.state in HIT_UNDECIDED,
        }
        for hit in selectors.hits_of(actor, client)[:SHOWN_MAX]
    ]


def _read_alerts(actor: Actor, client: Client) -> list[dict[str, Any]]:
    if not actor.can(SEE_ALERTS):
        return []
    return [
        {
            "row": alert,
            "colour": ALERT_COLOURS[alert.state],  # type: ignore[index]
            "url": reverse("compliance:alert", args=[alert.pk]),
            "open": alert.state in ALERT_OPEN,
        }
        for alert in selectors.alerts_of(actor, client)[:SHOWN_MAX]
    ]


def _context(request: StaffRequest, client: Client) -> Mapping[str, Any]:
    actor = request.actor
    screening = Screening.objects.filter(tenant_id=actor.tenant_id, client=client).first()
    return {
        "hits": _hits(actor, client),
        "alerts": _alerts(actor, client),
        "sees_alerts": actor.can(SEE_ALERTS),
        "screening": screening,
        **_assessment(actor, client),
    }


def _assessment(actor: Actor, client: Client) -> dict[str, Any]:
    """The whole way to the score is for those who may know of monitoring: it has a part in it."""
    found = last_of(client, 2)
    newest, before = (found + [None, None])[:2]
    return {
        "assessment": newest,
        "assessment_colour": RISK_COLOURS[RiskBand(newest.band)] if newest else "",
        "assessed_before": before,
        "lines": explained(newest, before) if newest and actor.can(SEE_ALERTS) else [],
    }


def _count(actor: Actor, client: Client) -> int | None:
    lines = [*_hits(actor, client), *_alerts(actor, client)]
    return sum(line["open"] for line in lines) or None


def _open_items(actor: Actor, client: Client) -> Sequence[Mapping[str, Any]]:
    hits = [
        {
            "colour": line["colour"],
            "title": f"{line['row'].reference}, {line['row'].source_title}",
            "note": line["row"].get_state_display(),
            "url": line["url"],
        }
        for line in _hits(actor, client)
        if line["open"]
    ]
    alerts = [
        {
            "colour": line["colour"],
            "title": f"{line['row'].reference}, {line['row'].code}",
            "note": line["row"].get_state_display(),
            "url": line["url"],
        }
        for line in _alerts(actor, client)
        if line["open"]
    ]
    return [*hits, *alerts]


def _subjects(actor: Actor, client: Client) -> Sequence[UUID]:
    lines = [*_hits(actor, client), *_alerts(actor, client)]
    return [line["row"].pk for line in lines]


def register() -> None:
    tabs.register(
        Tab("risk", "Risk", "compliance/client_tab.html", SEE_HITS, _context, _count, order=70)
    )
    tabs.register_open_items(_open_items)
    tabs.register_subjects(_subjects)
