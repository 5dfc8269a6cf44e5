"""What KYC puts on a client's page: a tab, open items, its part of the timeline."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.staff.access import StaffRequest
from clients import tabs
from clients.models import Client, ClientAction
from clients.states import ClientState
from clients.tabs import Tab
from kyc import selectors
from kyc.actions import VIEWED
from kyc.categories.views import category_context
from kyc.models import KycCase
from kyc.questionnaires import selectors as questionnaires
from kyc.states import COLOURS, QUEUED, WORKING, CaseState

SUBJECTS_MAX = 20


def _context(request: StaffRequest, client: Client) -> Mapping[str, Any]:
    actor = request.actor
    cases = [
        {
            "row": case,
            "colour": COLOURS[CaseState(case.state)],
            "url": reverse("kyc:case", args=[case.pk]),
        }
        for case in tabs.once(actor, client, _read_cases)
    ]
    working = selectors.working_case(client) is not None
    levels = list(selectors.levels(actor.tenant_id))
    level = next((level for level in levels if level.number == client.level), None)
    return {
        "cases": cases,
        "level": level,
        "rights": [ClientAction(right).label for right in client.rights],
        "may_open": actor.can("kyc.prepare_case") and not working,
        "open_url": reverse("kyc:open", args=[client.pk]),
        "forms": [questionnaires.panel(actor, each) for each in questionnaires.standings(client)],
        **category_context(actor, client),
        "may_fill": actor.can("kyc.prepare_case") and client.state != ClientState.CLOSED,
    }


def _count(actor: Actor, client: Client) -> int | None:
    return len(tabs.once(actor, client, _read_cases)) or None


def _read_cases(actor: Actor, client: Client) -> list[KycCase]:
    return list(selectors.cases_of(client))


def _open_items(actor: Actor, client: Client) -> Sequence[Mapping[str, Any]]:
    if not actor.can("kyc.view_case"):
        return []
    cases = tabs.once(actor, client, _read_cases)
    waiting = [case for case in cases if case.state in WORKING | QUEUED]
    if client.level == 0 and actor.can("kyc.prepare_case") and not cases:
        url = reverse("kyc:open", args=[client.pk])
        note = "Open a case; it asks for what the level needs"
        return [{"colour": "attention", "title": "KYC has not begun", "note": note, "url": url}]
    return [
        {
            "colour": COLOURS[CaseState(case.state)],
            "title": f"{case.reference}, level {case.level.number}",
            "note": case.get_state_display(),
            "url": reverse("kyc:case", args=[case.pk]),
        }
        for case in waiting
    ]


def _subjects(actor: Actor, client: Client) -> Sequence[UUID]:
    if not actor.can("kyc.view_case"):
        return []
    return [case.pk for case in tabs.once(actor, client, _read_cases)[:SUBJECTS_MAX]]


def register() -> None:
    tabs.register(
        Tab("kyc", "KYC", "kyc/client_tab.html", "kyc.view_case", _context, _count, order=30)
    )
    tabs.register_open_items(_open_items)
    tabs.register_subjects(_subjects, looks=[VIEWED.code])
