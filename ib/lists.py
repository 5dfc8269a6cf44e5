"""The lists of the partner domain: partners, commission lines, payouts, agreements."""

from collections.abc import Sequence
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString

from backoffice.core.context import Actor
from backoffice.core.money import Money
from backoffice.portal.actions import Button
from backoffice.portal.filters import SinceFilter
from backoffice.portal.lists import Column, Empty, ListPage, Segment, register
from backoffice.portal.templatetags import portal as tags
from clients.forms import DateInput
from ib import selectors
from ib.models import Agreement, CommissionLine, Partner, Payout
from ib.rules import SENTENCES, Exclusion
from ib.states import (
    LINE_COLOURS,
    PARTNER_COLOURS,
    PAYOUT_COLOURS,
    LineState,
    PartnerState,
    PayoutState,
    VersionState,
)

PARTNER_RIGHT = "ib.view_partner"


def partner_badge(state: str) -> SafeString:
    value = PartnerState(state)
    return tags.badge(PARTNER_COLOURS[value], value.label)


def payout_badge(state: str) -> SafeString:
    value = PayoutState(state)
    return tags.badge(PAYOUT_COLOURS[value], value.label)


def line_badge(line: CommissionLine) -> SafeString:
    value = LineState(line.state)
    return tags.badge(LINE_COLOURS[value], value.label, hint=reason_text(line))


def reason_text(line: CommissionLine) -> str:
    """Why a line amounts to nothing or takes back another one; empty otherwise."""
    if line.reverses_id is not None:
        return "Takes back a line whose deal or terms were changed."
    return SENTENCES[Exclusion(line.reason)] if line.reason in set(Exclusion) else ""


def line_amount(line: CommissionLine) -> SafeString:
    """As reckoned: the digits that rounding will look at are shown."""
    return tags.money(line.amount.normalize() if line.amount else 0, line.currency)


class PartnerFilters(django_filters.FilterSet):  # type: ignore[misc]
    q = django_filters.CharFilter(label="Name begins with", field_name="name", method="by_name")
    reference = django_filters.CharFilter(label="Reference", lookup_expr="exact")

    class Meta:
        model = Partner
        fields: Sequence[str] = []

    def by_name(self, rows: QuerySet[Partner], name: str, value: str) -> QuerySet[Partner]:
        return rows.filter(name__istartswith=value)


def _partner_url(partner: Partner) -> str:
    return reverse("ib:partner", args=[partner.pk])


def _with_figures(actor: Actor, rows: Sequence[Partner]) -> Sequence[Partner]:
    ids = [row.pk for row in rows]
    figures = selectors.figures_of(actor, ids)
    parents = selectors.parents_of(actor, ids)
    for row in rows:
        row.figures = figures[row.pk]  # type: ignore[attr-defined]
        row.parent = parents.get(row.pk)  # type: ignore[attr-defined]
    return rows


def _sum(moneys: Sequence[Money]) -> SafeString | str:
    return tags.money(moneys[0]) if len(moneys) == 1 else ", ".join(map(str, moneys)) or "–"


def _states(labels: dict[str, str]) -> list[Segment]:
    def narrow(state: str) -> Any:
        return lambda rows, actor: rows.filter(state=state)

    return [Segment(state, label, narrow(state)) for state, label in labels.items()]


PARTNERS = register(
    ListPage(
        code="ib.partners",
        title="Partners",
        permission=PARTNER_RIGHT,
        rows=selectors.partners_for,
        filters=PartnerFilters,
        prepare=_with_figures,
        segments=[
            Segment("all", "All", lambda rows, actor: rows),
            *_states({"active": "Active", "applicant": "Applicants", "suspended": "Suspended"}),
        ],
        buttons=lambda actor: [
            Button("Agreements", reverse("ib:agreements"), icon="certificate", method="get"),
            Button("Commissions", reverse("ib:lines"), icon="list-details", method="get"),
        ],
        columns=[
            Column("reference", "Reference", lambda p: p.reference, link=_partner_url, fixed=True),
            Column(
                "name",
                "Partner",
                lambda p: p.name,
                link=_partner_url,
                order="name",
                grow=True,
                fixed=True,
            ),
            Column("parent", "Under", lambda p: p.parent),
            Column("lots", "Lots 30 d", lambda p: round(p.figures.lots, 2), num=True),
            Column("earned", "Earned 30 d", lambda p: p.figures.earned, show=_sum, num=True),
            Column("since", "Since", lambda p: p.created_at),
            Column("state", "State", lambda p: p.state, show=partner_badge),
        ],
        empty=Empty(
            "No partners yet",
            "Open a client and make them a partner on their Partner tab.",
            icon="sitemap",
        ),
    )
)


class LineFilters(django_filters.FilterSet):  # type: ignore[misc]
    partner = django_filters.CharFilter(
        label="Partner", field_name="partner__reference", lookup_expr="exact"
    )
    client = django_filters.CharFilter(
        label="Client", field_name="client__reference", lookup_expr="exact"
    )
    deal_ticket = django_filters.NumberFilter(label="Deal")
    since = SinceFilter(label="Since", happened="deal_at", widget=DateInput())

    class Meta:
        model = CommissionLine
        fields: Sequence[str] = []


def _line_url(line: CommissionLine) -> str:
    return reverse("ib:line", args=[line.pk])


LINES = register(
    ListPage(
        code="ib.lines",
        title="Commissions",
        permission=PARTNER_RIGHT,
        rows=selectors.lines_for,
        filters=LineFilters,
        segments=[
            Segment("all", "All", lambda rows, actor: rows),
            *_states(
                {
                    "accrued": "Earned",
                    "in_payout": "In a payout",
                    "paid": "Paid",
                    "excluded": "Not paid for",
                    "reversed": "Taken back",
                }
            ),
        ],
        columns=[
            Column("deal", "Deal", lambda x: str(x.deal_ticket), link=_line_url, fixed=True),
            Column("at", "Closed", lambda x: x.deal_at),
            Column("partner", "Partner", lambda x: x.partner.name, grow=True),
            Column(
                "partner_ref", "Partner's reference", lambda x: x.partner.reference, shown=False
            ),
            Column("client", "Client", lambda x: x.client.reference),
            Column("symbol", "Symbol", lambda x: x.symbol),
            Column("tier", "Tier", lambda x: x.tier, num=True),
            Column("lots", "Lots", lambda x: x.lots.normalize(), num=True),
            Column("rate", "Per lot", lambda x: x.rate.normalize(), num=True),
            Column("amount", "Commission", lambda x: x, show=line_amount, num=True, fixed=True),
            Column("reason", "Reason", lambda x: reason_text(x) or None, shown=False),
            Column("state", "State", lambda x: x, show=line_badge),
        ],
        empty=Empty(
            "No commissions yet",
            "Every closed trade of a partner's client appears here within a minute.",
            icon="list-details",
        ),
    )
)


def _payout_url(payout: Payout) -> str:
    return reverse("ib:payout", args=[payout.pk])


class PayoutFilters(django_filters.FilterSet):  # type: ignore[misc]
    partner = django_filters.CharFilter(
        label="Partner", field_name="partner__reference", lookup_expr="exact"
    )
    reference = django_filters.CharFilter(label="Reference", lookup_expr="exact")

    class Meta:
        model = Payout
        fields: Sequence[str] = []


PAYOUTS = register(
    ListPage(
        code="ib.payouts",
        title="Partner payouts",
        permission=PARTNER_RIGHT,
        rows=selectors.payouts_for,
        filters=PayoutFilters,
        segments=[
            Segment(
                "todo",
                "To decide",
                lambda rows, actor: rows.filter(state=PayoutState.PROPOSED),
                count=True,
            ),
            *_states({"paid": "Paid", "refused": "Refused"}),
            Segment("all", "All", lambda rows, actor: rows),
        ],
        columns=[
            Column("reference", "Reference", lambda p: p.reference, link=_payout_url, fixed=True),
            Column("partner", "Partner", lambda p: p.partner.name, link=_payout_url, grow=True),
            Column("amount", "Amount", lambda p: Money(p.amount, p.currency), num=True),
            Column("lines", "Lines", lambda p: p.lines_count, num=True),
            Column("lots", "Lots", lambda p: round(p.lots, 2), num=True),
            Column("from", "Deals from", lambda p: p.first_at, shown=False),
            Column("until", "Until", lambda p: p.until_at),
            Column("by", "Proposed by", lambda p: p.proposed_by, show=tags.actor),
            Column("waiting", "Proposed", lambda p: p.created_at, show=tags.time),
            Column("state", "State", lambda p: p.state, show=payout_badge),
        ],
        empty=Empty(
            "No payout waits",
            "Propose one on a partner's page; a colleague decides it here.",
            icon="check",
        ),
    )
)


def _agreement_buttons(actor: Actor) -> list[Button]:
    if not actor.can("ib.change_partner"):
        return []
    url = reverse("ib:agreement-new")
    return [Button("New agreement", url, kind="primary", icon="plus", method="get", key="c")]


def _with_versions(actor: Actor, rows: Sequence[Agreement]) -> Sequence[Agreement]:
    counts = selectors.partners_by_agreement(actor, [row.pk for row in rows])
    for row in rows:
        versions = list(row.versions.all())
        published = [v.number for v in versions if v.state == VersionState.PUBLISHED]
        row.newest = f"v{max(published)}" if published else None  # type: ignore[attr-defined]
        row.draft = next(  # type: ignore[attr-defined]
            (v.get_state_display() for v in versions if v.state != VersionState.PUBLISHED), None
        )
        row.partner_count = counts.get(row.pk, 0)  # type: ignore[attr-defined]
    return rows


AGREEMENTS = register(
    ListPage(
        code="ib.agreements",
        title="Partner agreements",
        permission=PARTNER_RIGHT,
        rows=lambda actor: selectors.agreements(actor).prefetch_related("versions"),
        prepare=_with_versions,
        buttons=_agreement_buttons,
        columns=[
            Column(
                "name",
                "Agreement",
                lambda a: a.name,
                link=lambda a: reverse("ib:agreement", args=[a.pk]),
                grow=True,
                fixed=True,
            ),
            Column("currency", "Currency", lambda a: a.currency),
            Column("newest", "In force", lambda a: a.newest),
            Column("draft", "Next version", lambda a: a.draft),
            Column("partners", "Partners", lambda a: a.partner_count, num=True),
            Column("since", "Since", lambda a: a.created_at),
        ],
        empty=Empty(
            "No agreements yet",
            "An agreement says what partners earn per lot, by symbol and tier.",
            icon="certificate",
        ),
    )
)
