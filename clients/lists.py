"""The list of clients."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString

from backoffice.core.columns import narrowed
from backoffice.core.context import Actor
from backoffice.portal.actions import Button
from backoffice.portal.addresses import object_url
from backoffice.portal.lists import Column, Empty, ListPage, Segment, register
from backoffice.portal.templatetags import portal as tags
from clients import selectors
from clients.countries import country_name
from clients.filters import ClientFilters
from clients.models import Client, RiskBand
from clients.states import CLIENT_COLOURS, ClientState

RISK_COLOURS = {
    RiskBand.LOW: "good",
    RiskBand.MEDIUM: "attention",
    RiskBand.HIGH: "bad",
    RiskBand.PROHIBITED: "bad",
}


def state_badge(state: str) -> SafeString:
    value = ClientState(state)
    return tags.badge(CLIENT_COLOURS[value], value.label)


def risk_badge(band: str) -> SafeString:
    value = RiskBand(band)
    return tags.badge(RISK_COLOURS[value], value.label, look="plain")


def _rows(actor: Actor) -> QuerySet[Client]:
    own = ("kind", "email", "phone", "residence", "level", "risk_band", "category", "state")
    return narrowed(
        selectors.clients_for(actor),
        (*Client.NAMED, *own, "partner_ref", "source", "created_at"),
        desk=("name",),
        manager=("name",),
    )


def _url(client: Client) -> str:
    return object_url("clients:client", client.pk)


def _segment(name: str, label: str, **narrow: Any) -> Segment:
    return Segment(name, label, lambda rows, actor: rows.filter(**narrow))


def _buttons(actor: Actor) -> Sequence[Button]:
    if not actor.can("clients.add_client"):
        return ()
    return (
        Button(
            "New client", reverse("clients:new"), kind="primary", icon="plus", method="get", key="c"
        ),
    )


def _new_url() -> str:
    return reverse("clients:new")


CLIENTS = register(
    ListPage(
        code="clients.clients",
        title="Clients",
        permission="clients.view_client",
        rows=_rows,
        filters=ClientFilters,
        buttons=_buttons,
        segments=(
            Segment("all", "All", lambda rows, actor: rows),
            Segment("mine", "Mine", lambda rows, actor: rows.filter(manager_id=actor.user_id or 0)),
            _segment("active", "Active", state=ClientState.ACTIVE),
            _segment("applicants", "Applicants", state=ClientState.APPLICANT),
            _segment("leads", "Leads", state=ClientState.LEAD),
            _segment("suspended", "Suspended", state=ClientState.SUSPENDED),
        ),
        columns=[
            Column("reference", "Reference", lambda c: c.reference, link=_url, fixed=True),
            Column("name", "Client", lambda c: c.name, link=_url, grow=True, fixed=True),
            Column("email", "E-mail", lambda c: c.email, masked=True),
            Column("phone", "Phone", lambda c: c.phone or None, masked=True, shown=False),
            Column("residence", "Country", lambda c: country_name(c.residence) or None),
            Column("kind", "Kind", lambda c: c.get_kind_display(), shown=False),
            Column("level", "Level", lambda c: c.level, num=True),
            Column("risk", "Risk", lambda c: c.risk_band, show=risk_badge),
            Column("category", "Category", lambda c: c.get_category_display(), shown=False),
            Column("desk", "Desk", lambda c: c.desk.name if c.desk else None, shown=False),
            Column(
                "manager", "Manager", lambda c: c.manager.name if c.manager else None, shown=False
            ),
            Column("partner", "Partner", lambda c: c.partner_ref or None, shown=False),
            Column("source", "Source", lambda c: c.source or None, shown=False),
            Column("created", "Since", lambda c: c.created_at, show=tags.time),
            Column("state", "State", lambda c: c.state, show=state_badge),
        ],
        empty=Empty(
            "No clients yet",
            "They come by form, by the API of your website, or by import.",
            icon="users",
            action="New client",
            url=_new_url,
        ),
    )
)
