"""The Partner tab of a client's page: through whom they came, and what they are themselves."""

from collections.abc import Mapping
from typing import Any

from backoffice.staff.access import StaffRequest
from clients import tabs
from clients.models import Client
from clients.states import ClientState
from clients.tabs import Tab
from ib import selectors
from ib.states import PARTNER_COLOURS, PartnerState
from ib.views.partners import line_shown

LINES_SHOWN = 15


def _context(request: StaffRequest, client: Client) -> Mapping[str, Any]:
    actor = request.actor
    partner = selectors.partner_of_client(actor, client.pk)
    lines = selectors.lines_for(actor).filter(client=client).order_by("-deal_at", "-id")
    return {
        "attributions": selectors.attribution_of(actor, client.pk),
        "as_partner": partner,
        "partner_colour": PARTNER_COLOURS[PartnerState(partner.state)] if partner else "",
        "may_make": actor.can("ib.change_partner") and client.state != ClientState.CLOSED,
        "lines": [line_shown(line) for line in lines[:LINES_SHOWN]],
    }


def register() -> None:
    tabs.register(
        Tab(
            code="partner",
            label="Partner",
            template="ib/client_tab.html",
            permission="ib.view_partner",
            context=_context,
            order=60,
        )
    )
