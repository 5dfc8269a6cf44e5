"""The queue, the list, the review page, the levels."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from csp.decorators import csp_update
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.views.decorators.http import require_GET

from backoffice.audit.services import audit
from backoffice.core.context import Actor
from backoffice.core.money import Money
from backoffice.portal.decisions import decision_response
from backoffice.portal.lists import FULL_DATA, MASK, list_response
from backoffice.portal.timeline import Event, audit_events
from backoffice.staff.access import StaffRequest, needs
from backoffice.tenancy.scope import brokerage
from backoffice.workflow import approvals
from backoffice.workflow.models import Approval
from backoffice.workflow.queues import queues
from clients.countries import country_name
from clients.documents import number_of, readings_of
from clients.lists import RISK_COLOURS
from clients.models import Client, ClientAction, ClientDocument, DocumentType
from clients.selectors import possible_duplicates
from kyc import actions, checks, guards, selectors, tax
from kyc.access import case_for
from kyc.buttons import buttons
from kyc.forms import FactsForm, ZoneForm
from kyc.lists import CASES, QUEUE_PAGE
from kyc.models import KycCase, Level
from kyc.moving import QUEUE
from kyc.mrz import STATES
from kyc.parties.pages import ownership_context
from kyc.questionnaires import selectors as questionnaires
from kyc.rules import Comparison
from kyc.selectors import CHECK_COLOURS
from kyc.states import COLOURS, CaseState
from kyc.vendors.services import CHECK as IDENTITY_CHECK
from kyc.vendors.views import identity_context
from kyc.views import papers

TIMELINE_EVENTS = 40
LIMIT_WORDS = {
    "deposit_total": "Deposits in all",
    "deposit_per_month": "Deposits a month",
}


@require_GET
@needs("kyc.view_case")
def queue(request: StaffRequest) -> HttpResponse:
    return list_response(request, QUEUE_PAGE)


@require_GET
@needs("kyc.view_case")
def case_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, CASES)


@require_GET
@needs("kyc.view_case")
def levels(request: StaffRequest) -> HttpResponse:
    """What each level asks for and grants."""
    base = brokerage().base_currency
    waiting = list(approvals.pending(request.actor).filter(kind=tax.APPROVAL))
    rows = [
        _level_line(level, waiting, base) for level in selectors.levels(request.actor.tenant_id)
    ]
    may_propose = request.actor.can(tax.PROPOSE)
    return render(request, "kyc/levels.html", {"levels": rows, "may_propose": may_propose})


def _level_line(level: Level, waiting: Sequence[Approval], base: str) -> dict[str, Any]:
    requirements = list(level.requirements.order_by("client_kind", "order"))
    return {
        "level": level,
        "tax": next((each for each in waiting if each.subject_id == level.pk), None),
        "tax_asked": any(each.code == tax.CODE for each in requirements),
        "rights": ", ".join(ClientAction(right).label.lower() for right in level.rights),
        "requirements": [
            (each, ", ".join(_kind_word(kind) for kind in each.types)) for each in requirements
        ],
        "limits": [
            (LIMIT_WORDS.get(name, name), Money(Decimal(amount), base))
            for name, amount in level.limits.items()
        ],
    }


def _kind_word(kind: str) -> str:
    return str(DocumentType(kind).label) if kind in DocumentType.values else kind


# PDFs stand in a frame of ours (clients:document allows that of itself).
@csp_update({"frame-src": ["'self'"]})  # type: ignore[arg-type]  # typed for one argument
@require_GET
@needs("kyc.view_case")
def case_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    return case_response(request, case_for(request.actor, pk))


def case_response(
    request: StaffRequest, case: KycCase, *, zone_form: ZoneForm | None = None, status: int = 200
) -> HttpResponse:
    """The review page: the document, what was typed and read, hits, checklist, decisions."""
    actor = request.actor
    approval = approvals.pending_for(actor, case.pk)
    dossier = selectors.dossier_of(case)
    documents = papers.in_order(dossier.papers)
    shown = papers.shown_of(request, documents)
    if actor.can(FULL_DATA):
        audit(actor=actor, action=actions.VIEWED, subject=case)
    return decision_response(
        request,
        queue=queues[QUEUE],
        subject_id=case.pk,
        template="kyc/case.html",
        context={
            "case": case,
            "client": case.client,
            "title": f"{case.reference} {case.client.name}",
            "state_colour": COLOURS[CaseState(case.state)],
            "risk_colour": RISK_COLOURS[case.client.risk_band],  # type: ignore[index]
            "country": country_name(case.client.residence),
            "decided": selectors.decided_count(documents),
            "papers": documents,
            **papers.viewer(actor, case, documents, shown),
            "problem": selectors.problem_of(dossier, shown) if shown else None,
            **_reading(actor, case, shown),
            "zone_form": zone_form or ZoneForm(),
            "checks": _checks(case, dossier),
            "checklist": dossier.verdicts,
            "forms": [questionnaires.panel(actor, each) for each in dossier.forms],
            "may_fill": actor.can("kyc.prepare_case"),
            "ratings": case.ratings.order_by("-id"),
            "approval": _approval(actor, case, approval),
            "duplicates": _duplicates(actor, case.client),
            **ownership_context(actor, case.client, dossier.ownership),
            "events": _events(actor, case),
            **identity_context(actor, case),
            "reviewing": not guards.why_not_review(actor, case),
        },
        actions=buttons(actor, case, approval, dossier),
        status=status,
    )


def _reading(actor: Actor, case: KycCase, shown: ClientDocument | None) -> dict[str, Any]:
    if shown is None:
        return {"comparison": [], "zone": {}, "facts_form": FactsForm()}
    full = actor.can(FULL_DATA)
    rows = selectors.comparison(case, shown)
    initial = {
        "number": number_of(shown) if full else "",
        "issued_on": shown.issued_on,
        "expires_on": shown.expires_on,
    }
    return {
        "comparison": [_readable(row) if full else _masked(row) for row in rows],
        "zone": readings_of(shown).get("mrz", {}),
        "facts_form": FactsForm(initial=initial),
    }


def _readable(row: Comparison) -> Comparison:
    """Dates and countries as people read them."""
    return Comparison(
        row.label, _plain(row.label, row.typed), _plain(row.label, row.read), row.same
    )


def _plain(label: str, text: str) -> str:
    if label in ("Nationality", "Residence") and text:
        name = STATES.get(text) or country_name(text)
        return f"{text}, {name}" if name != text else text
    try:
        return date_format(date.fromisoformat(text), "j M Y")
    except ValueError:
        return text


def _events(actor: Actor, case: KycCase) -> list[Event]:
    """What happened to the case and to the client's papers in it, newest first."""
    decisions = [
        Event(
            moment=row.at,
            text=f"{'Accepted' if row.accepted else 'Refused'} the "
            f"{row.document.get_type_display().lower()}"
            + (f" of {row.document.party.name}" if row.document.party else "")
            + (f": {row.reason.replace('_', ' ')}" if row.reason else ""),
            actor=row.by,
            note=row.note,
        )
        for row in selectors.decisions_of(case)
    ]
    about = audit_events(actor, case.pk, most=TIMELINE_EVENTS, without=[actions.VIEWED.code])
    return sorted([*decisions, *about], key=lambda event: event.moment, reverse=True)


def _masked(row: Comparison) -> Comparison:
    """Whether the two agree may be seen by everyone; what they say only by some."""
    hide = {True: MASK, False: ""}
    return Comparison(row.label, hide[bool(row.typed)], hide[bool(row.read)], row.same)


def _checks(case: KycCase, dossier: selectors.Dossier) -> list[dict[str, Any]]:
    return [
        {
            "row": row,
            "label": checks.label_of(row.name),
            "colour": CHECK_COLOURS[row.outcome],  # type: ignore[index]
            "again": reverse("kyc:check-again", args=[case.pk, row.name])
            if checks.find(row.name)
            else "",
        }
        for row in dossier.checks
        # The panel of the vendor says the rest.
        if row.name != IDENTITY_CHECK or row.lines
    ]


def _approval(actor: Actor, case: KycCase, approval: Approval | None) -> Mapping[str, Any] | None:
    """What exactly waits for approval, line by line, with what has changed since it was asked."""
    if approval is None:
        return None
    current = selectors.content_of(case) if approval.kind.startswith("kyc.case") else {}
    lines = []
    # The database keeps no order of names: who and what come first, as the content is made.
    places = {name: place for place, name in enumerate(current)}
    for name in sorted(approval.content, key=lambda name: places.get(name, len(places))):
        asked = approval.content[name]
        is_now = current.get(name, asked)
        lines.append(
            {
                "name": name.capitalize(),
                "asked": _plain(name.capitalize(), _words(asked)),
                "now": _plain(name.capitalize(), _words(is_now)) if is_now != asked else "",
            }
        )
    return {
        "row": approval,
        "lines": lines,
        "votes": list(approval.votes.all()),
        "missing": len(approval.steps) - approval.votes.count(),
        "why_not": approvals.why_not(actor, approval),
    }


def _words(value: Any) -> str:
    if isinstance(value, dict):
        # A document is named with its id, so that two of a kind stay two; people read the kind.
        return ", ".join(f"{key.rsplit(' ', 1)[0]}: {text}" for key, text in value.items()) or "–"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) or "–"


def _duplicates(actor: Actor, client: Client) -> list[dict[str, Any]]:
    return [
        {"why": why, "client": other if actor.sees_desk(other.desk_id) else None}
        for other, why in possible_duplicates(client)
    ]
