"""What pages show of who is behind a company: the tab, the part of a case, the page of a party."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.portal.actions import Button
from backoffice.portal.lists import FULL_DATA, MASK
from backoffice.staff.access import StaffRequest
from clients import tabs
from clients.countries import country_name
from clients.models import Client, ClientKind, Party
from clients.ownership.rules import percent_words
from clients.ownership.selectors import Line, ended_ties, ties_of
from clients.ownership.states import EntityFlag, PartyKind, PartyRole, PartyState
from clients.states import DOCUMENT_COLOURS, ClientState, DocumentState
from clients.tabs import Tab
from kyc.parties.services import ownership, why_not_clear, why_not_refuse
from kyc.parties.standing import Ownership, Standing

CODE = "ownership"
CHANGE = "clients.change_client"
SEE_CASES = "kyc.view_case"
INDENT_MAX = 12


def _read(actor: Actor, client: Client) -> Ownership:
    return ownership(client)


def ownership_context(actor: Actor, client: Client, found: Ownership | None) -> dict[str, Any]:
    """For kyc/parties.html; nothing for a person."""
    if found is None:
        return {}
    structure = found.structure
    open_share = structure.unexplained()
    required = structure.required()
    # What is missing and what the lists say is for those who see the case.
    sees_cases = actor.can(SEE_CASES)
    cleared = sum(found.standings[party.pk].met for party in required)
    return {
        "structure": structure,
        "party_lines": [_line(found, line, full=sees_cases) for line in structure.lines()],
        "open_share": percent_words(open_share) if open_share else "",
        "open_share_colour": "bad" if open_share >= structure.threshold else "attention",
        "gaps": [(name, percent_words(share)) for name, share in structure.gaps()],
        "threshold": percent_words(structure.threshold),
        "required_count": len(required),
        "cleared_count": cleared,
        "ownership_url": reverse("clients:tab", args=[client.pk, CODE]),
        "flag_words": flag_words(client.flags),
    }


def flag_words(flags: list[str]) -> list[str]:
    return [str(EntityFlag(flag).label) for flag in flags]


def _line(found: Ownership, line: Line, *, full: bool) -> dict[str, Any]:
    standing = found.standings[line.party.pk]
    return {
        "party": line.party,
        "indent": min(line.depth, INDENT_MAX),
        "role": standing.role,
        "percent": percent_words(line.percent) if line.percent is not None else "",
        "share": percent_words(standing.share) if standing.share else "",
        "required": standing.required,
        "again": line.again,
        "colour": standing.colour,
        "word": standing.word,
        "note": standing.stops if full and standing.required else "",
        "answers": standing.answers if full else [],
        "flags": flag_words(line.party.flags),
        "url": reverse("kyc:party", args=[line.party.client_id, line.party.pk]),
    }


def _tab_context(request: StaffRequest, client: Client) -> Mapping[str, Any]:
    actor = request.actor
    found = tabs.once(actor, client, _read)
    may_change = actor.can(CHANGE) and client.state != ClientState.CLOSED
    return {
        **ownership_context(actor, client, found),
        "sees_lists": actor.can(SEE_CASES),
        "may_change": may_change,
        "ended": ended_ties(client),
    }


def _count(actor: Actor, client: Client) -> int | None:
    """How many stop the company's case."""
    found = tabs.once(actor, client, _read)
    waiting = [each for each in found.standings.values() if not each.met]
    return len(waiting) or None


def party_context(actor: Actor, party: Party) -> dict[str, Any]:
    """For kyc/party.html."""
    found = tabs.once(actor, party.client, _read)
    standing = found.standings.get(party.pk)
    full, sees_cases = actor.can(FULL_DATA), actor.can(SEE_CASES)
    may_change = (
        actor.can(CHANGE)
        and party.state != PartyState.ENDED
        and party.client.state != ClientState.CLOSED
    )
    return {
        "party": party,
        "standing": standing,
        "colour": standing.colour if standing else "neutral",
        "word": standing.word if standing else party.get_state_display(),
        "rows": _particulars(party, full=full),
        "full": full,
        "ties": [
            {
                "row": tie,
                "words": tie.words(),
                "of": tie.of or party.client,
                "standing": tie.until_on is None,
                "is_share": tie.role == PartyRole.OWNER,
            }
            for tie in ties_of(party)
        ],
        "share": percent_words(standing.share) if standing and standing.share else "",
        # Of who need not be cleared nothing is missing; the grey button says what would be.
        "missing": standing.missing if standing and standing.required and sees_cases else [],
        "answers": standing.answers if standing and sees_cases else [],
        "papers": [
            {"row": row, "colour": DOCUMENT_COLOURS[DocumentState(row.state)]}
            for row in party.documents.filter(tenant_id=actor.tenant_id).order_by("-id")
        ],
        "may_look": actor.can("clients.view_document"),
        "may_upload": actor.can("clients.upload_document") and may_change,
        "may_change": may_change,
        "may_edit": may_change and full,
        "actions": _buttons(actor, party, standing),
        "back_url": reverse("clients:tab", args=[party.client_id, CODE]),
    }


def _particulars(party: Party, *, full: bool) -> list[dict[str, Any]]:
    born = party.birth_date if full or party.birth_date is None else MASK
    if party.kind == PartyKind.PERSON:
        rows: list[tuple[str, Any]] = [
            ("Given names", party.first_name),
            ("Surname", party.last_name),
            ("Date of birth", born),
            ("Nationality", country_name(party.nationality)),
            ("Residence", country_name(party.residence)),
            ("Politically exposed", "yes" if party.politically_exposed else "no"),
        ]
    else:
        rows = [
            ("Company name", party.company_name),
            ("Registration number", party.registration_number),
            ("Country of its seat", country_name(party.residence)),
            ("Is or has", ", ".join(flag_words(party.flags))),
        ]
    rows.append(("Named by", f"{party.created_by}, {party.created_at:%-d %b %Y}"))
    return [{"label": label, "value": value or None} for label, value in rows]


def _buttons(actor: Actor, party: Party, standing: Standing | None) -> list[Button]:
    """What a reviewer may do with the party."""
    if standing is None:
        return []

    def url(name: str) -> str:
        return reverse(f"kyc:{name}", args=[party.client_id, party.pk])

    refuse = why_not_refuse(actor, party)
    if party.state == PartyState.OPEN:
        clear = why_not_clear(actor, standing)
        return [
            Button("Clear", url("party-clear"), "a", "primary", why_not=clear),
            Button("Refuse", url("party-refuse"), "r", "danger", method="get", why_not=refuse),
        ]
    again = Button("Look again", url("party-again"), method="get")
    if party.state == PartyState.CLEARED:
        return [
            again,
            Button("Refuse", url("party-refuse"), "r", "danger", method="get", why_not=refuse),
        ]
    return [again]


def register() -> None:
    tabs.register(
        Tab(
            CODE, "Ownership", "kyc/ownership_tab.html", "clients.view_client", _tab_context,
            _count, order=15, of=lambda client: client.kind == ClientKind.COMPANY,
        )
    )  # fmt: skip
