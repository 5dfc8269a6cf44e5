"""The queue of cases that wait for a person, and the list of all cases."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.safestring import SafeString

from backoffice.core.columns import narrowed
from backoffice.core.context import Actor
from backoffice.portal.addresses import object_url
from backoffice.portal.decisions import describe
from backoffice.portal.lists import Column, Empty, ListPage, Segment, register
from backoffice.portal.templatetags import portal as tags
from backoffice.workflow.models import WorkItem
from backoffice.workflow.queues import open_items
from clients.countries import country_name
from clients.lists import risk_badge
from clients.models import Client
from kyc import selectors
from kyc.filters import CaseFilters
from kyc.models import KycCase
from kyc.moving import QUEUE
from kyc.states import COLOURS, CaseState


def state_badge(state: str) -> SafeString:
    value = CaseState(state)
    return tags.badge(COLOURS[value], value.label)


def _url(pk: UUID) -> str:
    return object_url("kyc:case", pk)


@describe(QUEUE)
def _lines(actor: Actor, ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, str, Any]]:
    """How an item reads in narrow lists: who, what, and no amount."""
    return {
        pk: (case.client.name, f"{case.reference} · {case.get_state_display()}", None)
        for pk, case in selectors.clients_of_cases(actor, ids).items()
    }


def _with_cases(actor: Actor, items: Sequence[WorkItem]) -> Sequence[WorkItem]:
    cases = selectors.clients_of_cases(actor, [item.subject_id for item in items])
    found = []
    for item in items:
        if item.subject_id in cases:
            item.case = cases[item.subject_id]  # type: ignore[attr-defined]
            found.append(item)
    return found


def _mine(rows: QuerySet[WorkItem], actor: Actor) -> QuerySet[WorkItem]:
    return rows.filter(owner_ref=actor.ref)


def _unassigned(rows: QuerySet[WorkItem], actor: Actor) -> QuerySet[WorkItem]:
    return rows.filter(owner_ref="")


def _case(read: Any) -> Any:
    return lambda item: read(item.case)


QUEUE_PAGE = register(
    ListPage(
        code="kyc.queue",
        title="KYC review",
        permission="kyc.view_case",
        rows=lambda actor: open_items(actor, QUEUE).order_by(),
        prepare=_with_cases,
        order="due_at",
        count_max=1_000,
        segments=(
            Segment("all", "All", lambda rows, actor: rows, count=True),
            Segment("mine", "Mine", _mine, count=True),
            Segment("unassigned", "Unassigned", _unassigned, count=True),
        ),
        columns=[
            Column(
                "reference",
                "Case",
                _case(lambda case: case.reference),
                link=lambda item: _url(item.subject_id),
                fixed=True,
            ),
            Column("client", "Client", _case(lambda c: c.client.name), grow=True, fixed=True),
            Column("level", "Level", _case(lambda c: f"{c.client.level} → {c.level.number}")),
            Column("country", "Country", _case(lambda c: country_name(c.client.residence) or None)),
            Column("risk", "Risk", _case(lambda c: c.client.risk_band), show=risk_badge),
            Column("why", "Why", _case(lambda c: c.escalation or None)),
            Column("waiting", "Waiting", lambda i: i.opened_at, show=tags.age, num=True),
            Column("due", "SLA", lambda i: i.due_at, show=tags.due, num=True, order="due_at"),
            Column("owner", "With", lambda i: i.owner_name or None),
            Column("state", "State", _case(lambda c: c.state), show=state_badge),
        ],
        empty=Empty(
            "No case waits for a person",
            "Cases come here when their screening has answered, or when a paper has expired.",
            icon="check",
        ),
    )
)


def _cases(actor: Actor) -> QuerySet[KycCase]:
    own = ("reference", "state", "reviewer", "opened_at", "decided_at", "decided_by")
    return narrowed(
        selectors.cases_for(actor),
        (*own, "review_due_on"),
        client=(*Client.NAMED, "residence", "risk_band"),
        level=("number",),
    )


CASES = register(
    ListPage(
        code="kyc.cases",
        title="KYC cases",
        permission="kyc.view_case",
        rows=_cases,
        filters=CaseFilters,
        count_max=1_000,
        columns=[
            Column(
                "reference", "Case", lambda c: c.reference, link=lambda c: _url(c.pk), fixed=True
            ),
            Column("client", "Client", lambda c: c.client.name, grow=True, fixed=True),
            Column("client_ref", "Reference", lambda c: c.client.reference, shown=False),
            Column("level", "Level", lambda c: c.level.number, num=True),
            Column("country", "Country", lambda c: country_name(c.client.residence) or None),
            Column("risk", "Risk", lambda c: c.client.risk_band, show=risk_badge),
            Column("opened", "Opened", lambda c: c.opened_at),
            Column("reviewer", "Reviewer", lambda c: c.reviewer or None, shown=False),
            Column("decided", "Decided", lambda c: c.decided_at),
            Column("decided_by", "By", lambda c: c.decided_by or None, shown=False),
            Column("review_due", "Review due", lambda c: c.review_due_on, shown=False),
            Column("state", "State", lambda c: c.state, show=state_badge),
        ],
        empty=Empty("No cases yet", "Open one from a client's page, on the tab KYC.", icon="id"),
    )
)
