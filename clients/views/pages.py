"""The list of clients and the client's page with its tabs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from backoffice.core.context import Actor
from backoffice.core.money import Money
from backoffice.portal.actions import Button
from backoffice.portal.lists import FULL_DATA, MASK, list_response
from backoffice.portal.timeline import audit_events
from backoffice.staff.access import StaffRequest, needs
from clients import selectors, services, tabs
from clients.access import client_for
from clients.countries import country_name
from clients.forms import LANGUAGES, NoteForm
from clients.links import why_closed
from clients.lists import CLIENTS, RISK_COLOURS
from clients.looks import look
from clients.means import means_of
from clients.models import (
    Client,
    ClientAction,
    ClientKind,
    DocumentType,
    LookKind,
    Means,
    Restriction,
)
from clients.ownership.selectors import structure_of
from clients.states import CLIENT, CLIENT_COLOURS, DOCUMENT_COLOURS, ClientState, DocumentState
from clients.tabs import Tab
from clients.tax.pages import tax_context
from clients.tax.selectors import certifications_of, holding, missing_of

LAST_EVENTS = 10
TIMELINE_EVENTS = 100


@require_GET
@needs("clients.view_client")
def client_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, CLIENTS)


@require_GET
@needs("clients.view_client")
def client_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    return _tab_response(request, client_for(request.actor, pk), tabs.OVERVIEW)


@require_GET
@needs("clients.view_client")
def client_tab(request: StaffRequest, pk: UUID, code: str) -> HttpResponse:
    return _tab_response(request, client_for(request.actor, pk), code)


def _tab_response(request: StaffRequest, client: Client, code: str) -> HttpResponse:
    tab = tabs.find(code)
    if tab is None or not tab.of(client):
        raise Http404
    if tab.permission and not request.actor.can(tab.permission):
        raise PermissionDenied(tab.permission)
    look(actor=request.actor, client=client, kind=LookKind.PAGE)
    context = {**head(request.actor, client, code), **tab.context(request, client)}
    return render(request, tab.template, context)


def head(actor: Actor, client: Client, at: str = "") -> dict[str, Any]:
    """What every page about one client shows over its body."""
    standing = tabs.once(actor, client, _standing)
    verdicts = selectors.allowed(client, standing)
    state = ClientState(client.state)
    return {
        "client": client,
        "country": country_name(client.residence),
        "state_colour": CLIENT_COLOURS[state],
        "risk_colour": RISK_COLOURS[client.risk_band],  # type: ignore[index]
        "verdicts": [
            {"colour": "good" if v.ok else "bad", "title": action.label, "note": v.sentence}
            for action, v in verdicts.items()
        ],
        "stops": _stops(standing),
        "tabs": [
            {
                "label": tab.label,
                "url": tab.url(client),
                "active": tab.code == at,
                "count": tab.count(actor, client),
            }
            for tab in tabs.tabs_for(actor, client)
        ],
        "buttons": buttons(actor, client),
    }


def _stops(standing: Sequence[Restriction]) -> list[dict[str, Any]]:
    """In words, those of one reason and time together: six alike would hide a seventh."""
    found: dict[tuple[str, datetime], list[Restriction]] = {}
    for row in standing:
        found.setdefault((row.text, row.from_at.replace(second=0, microsecond=0)), []).append(row)
    return [
        {"action": _actions(rows), "many": len(rows) > 1, "text": text, "since": rows[0].from_at}
        for (text, _), rows in found.items()
    ]


def _actions(rows: Sequence[Restriction]) -> str:
    if {row.action for row in rows} == {str(each) for each in ClientAction}:
        return "All actions"
    return ", ".join(dict.fromkeys(row.get_action_display() for row in rows))


def buttons(actor: Actor, client: Client) -> list[Button]:
    """What may be done with the client from any tab."""
    closed = "The client is closed." if client.state == ClientState.CLOSED else ""
    found = []
    if actor.can("clients.change_client"):
        found += [
            _button("Edit", "clients:edit", client, "pencil", closed, key="e"),
            _button("Assign", "clients:assign", client, "user-cog", closed),
        ]
    if actor.can("clients.restrict_client"):
        found.append(_button("Restrict", "clients:restrict", client, "hand-stop", "", key="h"))
        for target in (ClientState.SUSPENDED, ClientState.ACTIVE, ClientState.CLOSED):
            if CLIENT.allows(client.state, target) and target != ClientState.ACTIVE:
                label = "Suspend" if target == ClientState.SUSPENDED else "Close"
                found.append(_move_button(client, target, label))
            elif target == ClientState.ACTIVE and client.state == ClientState.SUSPENDED:
                found.append(_move_button(client, target, "Reactivate"))
    return found


def _button(
    label: str, name: str, client: Client, icon: str, why_not: str, key: str = ""
) -> Button:
    url = reverse(name, args=[client.pk])
    return Button(label, url, icon=icon, method="get", why_not=why_not, key=key)


def _move_button(client: Client, target: ClientState, label: str) -> Button:
    url = reverse("clients:move", args=[client.pk, target.value])
    kind = "danger" if target == ClientState.CLOSED else ""
    return Button(label, url, method="get", kind=kind)


# The tabs of this app


def _overview(request: StaffRequest, client: Client) -> Mapping[str, Any]:
    actor = request.actor
    return {
        "stats": tabs.stats_of(actor, client),
        "open_items": [*_own_open_items(actor, client), *tabs.open_items_of(actor, client)],
        "events": audit_events(
            actor, *tabs.subjects_of(actor, client), most=LAST_EVENTS, without=tabs.looks()
        ),
        "duplicates": _duplicates(actor, client),
        "timeline_url": reverse("clients:tab", args=[client.pk, "timeline"]),
    }


def _own_open_items(actor: Actor, client: Client) -> list[Mapping[str, Any]]:
    may_look, may_upload = actor.can("clients.view_document"), actor.can("clients.upload_document")
    if not may_look and not may_upload:
        return []
    url = reverse("clients:tab", args=[client.pk, "documents"])
    states = tabs.once(actor, client, _document_states)
    if not states and may_upload:
        note = "Upload them, or send the client a link"
        return [{"colour": "attention", "title": "No documents yet", "note": note, "url": url}]
    waiting = states.count(DocumentState.UPLOADED)
    if not waiting or not may_look:
        return []
    return [
        {"colour": "attention", "title": "Documents to be decided", "note": waiting, "url": url}
    ]


def _duplicates(actor: Actor, client: Client) -> list[dict[str, Any]]:
    """Only those that the actor may see get a link; of the others it is said that they exist."""
    return [
        {
            "why": why,
            "client": other if actor.sees_desk(other.desk_id) else None,
        }
        for other, why in selectors.possible_duplicates(client)
    ]


def _identity(request: StaffRequest, client: Client) -> Mapping[str, Any]:
    full = request.actor.can(FULL_DATA)
    if full:
        services.data_shown(actor=request.actor, client=client)

    def kept(value: Any) -> Any:
        return value if full or not value else MASK

    company = client.kind == ClientKind.COMPANY
    rows = [
        ("Kind", client.get_kind_display()),
        *([("Company name", client.company_name)] if company else []),
        ("Given names", client.first_name),
        ("Surname", client.last_name),
        ("Date of birth", kept(client.birth_date)),
        ("Nationality", country_name(client.nationality)),
        ("Residence", country_name(client.residence)),
        ("Address", kept(client.address)),
        ("E-mail", kept(client.email)),
        ("Phone", kept(client.phone)),
        ("Language", dict(LANGUAGES).get(client.language, client.language)),
    ]
    business = [
        ("Category", client.get_category_display()),
        ("Legal entity", client.legal_entity),
        ("Desk", client.desk),
        ("Manager", client.manager),
        ("Partner", client.partner_ref),
        ("Source", client.source),
        ("Do not contact", "yes" if client.do_not_contact else "no"),
        ("Politically exposed", "yes" if client.politically_exposed else "no"),
    ]
    may_edit = request.actor.can("clients.change_client") and client.state != ClientState.CLOSED
    return {
        "rows": _key_values(rows),
        "business": _key_values(business),
        "full": full,
        "edit_url": reverse("clients:edit", args=[client.pk]) if may_edit else "",
        "means": [_declared(row) for row in means_of(client)] if full else None,
        "means_url": reverse("clients:means", args=[client.pk]) if full and may_edit else "",
        **_tax(client, full=full, may_edit=may_edit),
    }


def _tax(client: Client, *, full: bool, may_edit: bool) -> dict[str, Any]:
    rows = certifications_of(client)
    structure = structure_of(client) if rows and client.kind == ClientKind.COMPANY else None
    return {
        "tax": tax_context(rows, full=full),
        "tax_missing": missing_of(client, holding(rows), structure) if rows else [],
        "tax_url": reverse("clients:tax", args=[client.pk]) if full and may_edit else "",
    }


def _declared(row: Means) -> dict[str, Any]:
    rows = [
        ("Occupation", row.get_occupation_display()),
        ("Employer or business", row.employer),
        ("Income in a year", Money(row.income, row.currency)),
        ("Wealth without the home", Money(row.wealth, row.currency)),
        ("Deposits expected in a year", Money(row.deposits, row.currency)),
        ("The money comes from", row.source_words()),
        ("Wants the account for", row.purpose),
    ]
    return {"row": row, "rows": _key_values(rows)}


def _key_values(rows: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    return [{"label": label, "value": value or None} for label, value in rows]


def _documents(request: StaffRequest, client: Client) -> Mapping[str, Any]:
    actor = request.actor
    documents = [
        {
            "row": row,
            "colour": DOCUMENT_COLOURS[DocumentState(row.state)],
            "url": reverse("clients:document", args=[row.pk]),
        }
        for row in selectors.documents_of(client)
    ]
    links = [
        {
            "row": link,
            "why": why_closed(link),
            "types": ", ".join(DocumentType(kind).label for kind in link.types)
            or "Answers to a questionnaire",
            "revoke": reverse("clients:link-revoke", args=[client.pk, link.pk]),
        }
        for link in selectors.links_of(client)
    ]
    return {
        "documents": documents,
        "links": links,
        "may_upload": actor.can("clients.upload_document"),
        "may_look": actor.can("clients.view_document"),
    }


def _document_count(actor: Actor, client: Client) -> int:
    return len(tabs.once(actor, client, _document_states))


def _document_states(actor: Actor, client: Client) -> list[str]:
    return list(selectors.documents_of(client).values_list("state", flat=True))


def _standing(actor: Actor, client: Client) -> list[Restriction]:
    return list(selectors.standing(client))


def _notes(request: StaffRequest, client: Client) -> Mapping[str, Any]:
    return {
        "notes": selectors.notes_of(client)[:200],
        "form": NoteForm(request.actor),
        "note_url": reverse("clients:note", args=[client.pk]),
        "may_write": request.actor.can("clients.change_client"),
    }


def _timeline(request: StaffRequest, client: Client) -> Mapping[str, Any]:
    subjects = tabs.subjects_of(request.actor, client)
    # State moves are audited too, with their reasons: transitions would say them twice.
    return {"events": audit_events(request.actor, *subjects, most=TIMELINE_EVENTS), "exact": True}


def _restrictions(request: StaffRequest, client: Client) -> Mapping[str, Any]:
    rows = client.restrictions.order_by("lifted_at", "-id")
    return {
        "restrictions": rows,
        "may_lift": request.actor.can("clients.restrict_client"),
    }


def register_tabs() -> None:
    view = "clients.view_client"
    for tab in (
        Tab(tabs.OVERVIEW, "Overview", "clients/tab_overview.html", view, _overview, order=0),
        Tab("identity", "Identity", "clients/tab_identity.html", view, _identity, order=10),
        Tab(
            "documents",
            "Documents",
            "clients/tab_documents.html",
            view,
            _documents,
            _document_count,
            order=20,
        ),
        Tab(
            "restrictions",
            "Restrictions",
            "clients/tab_restrictions.html",
            view,
            _restrictions,
            lambda actor, client: len(tabs.once(actor, client, _standing)) or None,
            order=80,
        ),
        Tab(
            "notes",
            "Notes",
            "clients/tab_notes.html",
            view,
            _notes,
            lambda actor, client: selectors.notes_of(client).count() or None,
            order=90,
        ),
        Tab("timeline", "Timeline", "clients/tab_timeline.html", view, _timeline, order=200),
    ):
        tabs.register(tab)
