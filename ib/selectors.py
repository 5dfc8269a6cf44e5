"""Reading partners: who is in sight, the tree at a moment, what was earned."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from backoffice.core.clock import now, today
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.money import Money
from clients.models import ClientAction
from clients.selectors import standing
from clients.states import ClientState
from ib.models import (
    Agreement,
    ClientAttribution,
    CommissionLine,
    Partner,
    PartnerAgreement,
    PartnerDay,
    Payout,
    Placement,
)
from ib.rules import DEPTH_MAX
from ib.states import LineState
from ledger import chart
from ledger import selectors as ledger

FIGURES_DAYS = 30
TREE_MAX = 200


def partners_for(actor: Actor) -> QuerySet[Partner]:
    """Every partner that the actor may see: those whose own client is of their desks."""
    rows = Partner.objects.filter(tenant_id=actor.tenant_id).select_related("client")
    return rows if actor.desks is None else rows.filter(client__desk_id__in=actor.desks)


def payouts_for(actor: Actor) -> QuerySet[Payout]:
    rows = Payout.objects.filter(tenant_id=actor.tenant_id).select_related("partner__client")
    return rows if actor.desks is None else rows.filter(partner__client__desk_id__in=actor.desks)


def lines_for(actor: Actor) -> QuerySet[CommissionLine]:
    rows = CommissionLine.objects.filter(tenant_id=actor.tenant_id).select_related(
        "client", "partner"
    )
    return rows if actor.desks is None else rows.filter(partner__client__desk_id__in=actor.desks)


def agreements(actor: Actor) -> QuerySet[Agreement]:
    return Agreement.objects.filter(tenant_id=actor.tenant_id)


def holding(rows: QuerySet[Any], at: datetime) -> QuerySet[Any]:
    """Of effective-dated rows those that hold at a moment."""
    return rows.filter(Q(until_at__isnull=True) | Q(until_at__gt=at), from_at__lte=at)


def parent_of(partner: Partner, at: datetime | None = None) -> Placement | None:
    rows = Placement.objects.filter(tenant_id=current_tenant_id(), partner=partner)
    found: Placement | None = holding(rows, at or now()).select_related("parent").first()
    return found


def parents_of(actor: Actor, partner_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Who each stands under now, by reference."""
    rows = Placement.objects.filter(tenant_id=actor.tenant_id, partner__in=partner_ids)
    return dict(holding(rows, now()).values_list("partner_id", "parent__reference"))


def partners_by_agreement(actor: Actor, agreement_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many partners earn by each agreement now."""
    rows = PartnerAgreement.objects.filter(tenant_id=actor.tenant_id, agreement__in=agreement_ids)
    counted = holding(rows, now()).values_list("agreement_id").annotate(Count("id"))
    return dict(counted)


def agreements_of(partner: Partner) -> QuerySet[PartnerAgreement]:
    """Through time, the newest first."""
    rows = PartnerAgreement.objects.filter(tenant_id=current_tenant_id(), partner=partner)
    return rows.select_related("agreement").order_by("-from_at", "-id")


def placements_of(partner: Partner) -> QuerySet[Placement]:
    rows = Placement.objects.filter(tenant_id=current_tenant_id(), partner=partner)
    return rows.select_related("parent").order_by("-from_at", "-id")


def clients_of(actor: Actor, partner: Partner) -> QuerySet[ClientAttribution]:
    """Clients who came through the partner and are with them now, of the actor's desks."""
    rows = ClientAttribution.objects.filter(tenant_id=actor.tenant_id, partner=partner)
    if actor.desks is not None:
        rows = rows.filter(client__desk_id__in=actor.desks)
    return holding(rows, now()).select_related("client").order_by("-id")


def attribution_of(actor: Actor, client_id: UUID) -> list[ClientAttribution]:
    """Through whom a client came, the newest first."""
    rows = ClientAttribution.objects.filter(tenant_id=actor.tenant_id, client_id=client_id)
    return list(rows.select_related("partner").order_by("-from_at", "-id"))


def partner_of_client(actor: Actor, client_id: UUID) -> Partner | None:
    """The client as a partner, if they are one."""
    return Partner.objects.filter(tenant_id=actor.tenant_id, client_id=client_id).first()


# The tree


@dataclass(frozen=True)
class Branch:
    """A partner in a tree. ``depth``: below (positive) or above (negative) the one looked at."""

    partner: Partner
    depth: int
    clients: int = 0
    lots: Decimal = Decimal(0)
    earned: Sequence[Money] = ()

    @property
    def indent(self) -> int:
        return min(abs(self.depth), 12)


_BELOW = """
WITH RECURSIVE below (id, depth, path) AS (
    SELECT %(partner)s::uuid, 0, ARRAY[]::text[]
    UNION ALL
    SELECT p.partner_id, below.depth + 1, below.path || c.reference::text
    FROM below
    JOIN ib_placement p ON p.tenant_id = %(tenant)s AND p.parent_id = below.id
     AND p.from_at <= %(at)s AND (p.until_at IS NULL OR %(at)s < p.until_at)
    JOIN ib_partner c ON c.tenant_id = p.tenant_id AND c.id = p.partner_id
    WHERE below.depth < %(deepest)s
)
SELECT id, depth FROM below ORDER BY path LIMIT %(most)s
"""
_ABOVE = """
WITH RECURSIVE above (id, depth) AS (
    SELECT %(partner)s::uuid, 0
    UNION ALL
    SELECT p.parent_id, above.depth - 1
    FROM above
    JOIN ib_placement p ON p.tenant_id = %(tenant)s AND p.partner_id = above.id
     AND p.from_at <= %(at)s AND (p.until_at IS NULL OR %(at)s < p.until_at)
    WHERE above.depth > -%(deepest)s
)
SELECT id, depth FROM above WHERE depth < 0 ORDER BY depth LIMIT %(most)s
"""


def _walk(statement: str, partner: Partner, at: datetime | None, most: int) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "partner": partner.pk,
                "tenant": partner.tenant_id,
                "at": at or now(),
                "deepest": DEPTH_MAX,
                "most": most,
            },
        )
        places: list[Any] = cursor.fetchall()
    return places


def tree(actor: Actor, partner: Partner, at: datetime | None = None) -> list[Branch]:
    """Everyone above, the partner, everyone below (at most ``TREE_MAX``), in the tree's order,
    with the figures of the last 30 days. Partners out of the actor's sight are left out."""
    places = [
        *_walk(_ABOVE, partner, at, DEPTH_MAX),
        *_walk(_BELOW, partner, at, TREE_MAX),
    ]
    ids = [pk for pk, _ in places]
    rows = partners_for(actor).in_bulk(ids)
    figures = figures_of(actor, ids)
    counts = dict(
        holding(ClientAttribution.objects.filter(tenant_id=actor.tenant_id, partner__in=ids), now())
        .values_list("partner_id")
        .annotate(Count("id"))
    )
    return [
        Branch(
            partner=rows[pk],
            depth=depth,
            clients=counts.get(pk, 0),
            lots=figures[pk].lots,
            earned=figures[pk].earned,
        )
        for pk, depth in places
        if pk in rows
    ]


def below_count(partner: Partner) -> int:
    """How many partners stand beneath, bounded by a thousand."""
    return len(_walk(_BELOW, partner, None, 1_000)) - 1


# Figures


@dataclass(frozen=True)
class Figures:
    """Of some days: lots that were paid for (own clients' and below), money by currency."""

    lots_own: Decimal = Decimal(0)
    lots_below: Decimal = Decimal(0)
    earned: Sequence[Money] = ()

    @property
    def lots(self) -> Decimal:
        return self.lots_own + self.lots_below


def figures_of(
    actor: Actor, partner_ids: Iterable[UUID], days: int = FIGURES_DAYS
) -> dict[UUID, Figures]:
    """Of each partner over the last ``days`` days. One query."""
    ids = list(partner_ids)
    found = {pk: Figures() for pk in ids}
    rows = (
        PartnerDay.objects.filter(
            tenant_id=actor.tenant_id, partner__in=ids, day__gt=today() - timedelta(days=days)
        )
        .exclude(currency="")
        .values("partner_id", "currency")
        .annotate(own=Sum("lots_own"), below=Sum("lots_below"), money=Sum("amount"))
        .order_by("currency")
    )
    for row in rows:
        one = found[row["partner_id"]]
        found[row["partner_id"]] = Figures(
            one.lots_own + row["own"],
            one.lots_below + row["below"],
            [*one.earned, Money.rounded(row["money"], row["currency"])],
        )
    return found


def daily(actor: Actor, partner: Partner, currency: str, days: int = FIGURES_DAYS) -> list[Decimal]:
    """What was earned on each of the last days, the oldest first."""
    first = today() - timedelta(days=days - 1)
    rows = dict(
        PartnerDay.objects.filter(
            tenant_id=actor.tenant_id, partner=partner, currency=currency, day__gte=first
        ).values_list("day", "amount")
    )
    return [rows.get(first + timedelta(days=n), Decimal(0)) for n in range(days)]


@dataclass(frozen=True)
class Unpaid:
    """What waits to be paid in one currency: exact, and how many lines."""

    currency: str
    exact: Decimal
    lines: int
    first_at: datetime | None
    last_at: datetime | None

    @property
    def money(self) -> Money:
        return Money.rounded(self.exact, self.currency)


def unpaid_of(actor: Actor, partner: Partner) -> list[Unpaid]:
    """By currency."""
    rows = (
        CommissionLine.objects.filter(
            tenant_id=actor.tenant_id, partner=partner, state=LineState.ACCRUED
        )
        .values("currency")
        .annotate(exact=Sum("amount"), lines=Count("id"), first=Min("deal_at"), last=Max("deal_at"))
        .order_by("currency")
    )
    return [
        Unpaid(row["currency"], row["exact"], row["lines"], row["first"], row["last"])
        for row in rows
    ]


def owed_to(actor: Actor, partner: Partner) -> list[Money]:
    """What the books say that the partner is owed."""
    balances = ledger.balances_of(actor.tenant_id, chart.partner_owner(partner.pk))
    return [balance.posted for balance in balances]


@dataclass(frozen=True)
class Upline:
    """What someone above earned from a branch in the last 30 days: a move ends it."""

    partner: Partner
    tier: int
    earned: Sequence[Money]


@dataclass(frozen=True)
class Moving:
    """A move in numbers: what goes along, and from whom."""

    partners: int
    clients: int
    upline: Sequence[Upline]


def moving(actor: Actor, partner: Partner) -> Moving:
    """What moves with a partner, and what those above earned by it lately."""
    ids = [pk for pk, _ in _walk(_BELOW, partner, None, 1_000)]
    attributed = ClientAttribution.objects.filter(tenant_id=actor.tenant_id, partner__in=ids)
    above = [pk for pk, _ in _walk(_ABOVE, partner, None, DEPTH_MAX)]
    rows = partners_for(actor).in_bulk(above)
    sums: dict[UUID, list[Money]] = {pk: [] for pk in above}
    lines = (
        CommissionLine.objects.filter(
            tenant_id=actor.tenant_id,
            partner__in=above,
            deal_at__gt=now() - timedelta(days=FIGURES_DAYS),
            tree__contains=[partner.reference],
        )
        .exclude(currency="")
        .values_list("partner_id", "currency")
        .annotate(Sum("amount"))
        .order_by("currency")
    )
    for pk, currency, amount in lines:
        sums[pk].append(Money.rounded(amount, currency))
    return Moving(
        partners=len(ids) - 1,
        clients=holding(attributed, now()).count(),
        upline=[
            Upline(rows[pk], number, sums[pk])
            for number, pk in enumerate(reversed(above), 2)
            if pk in rows
        ],
    )


# One line, explained


@dataclass(frozen=True)
class Step:
    """Where a partner stood in the tree of a line."""

    tier: int
    reference: str
    name: str
    partner_id: UUID | None
    here: bool


def steps_of(actor: Actor, line: CommissionLine) -> list[Step]:
    """The tree snapshot of a line with the names of today."""
    known = {
        row.reference: row for row in partners_for(actor).filter(reference__in=list(line.tree))
    }
    return [
        Step(
            tier=tier,
            reference=reference,
            name=known[reference].name if reference in known else "",
            partner_id=known[reference].pk if reference in known else None,
            here=tier == line.tier,
        )
        for tier, reference in enumerate(line.tree, 1)
    ]


def lines_of_deal(actor: Actor, line: CommissionLine) -> QuerySet[CommissionLine]:
    """All that was said of the same deal, to everyone in the tree."""
    rows = lines_for(actor).filter(server_id=line.server_id, deal_ticket=line.deal_ticket)
    return rows.order_by("tier", "sequence")


# One payout


def payout_by_symbol(payout: Payout) -> list[dict[str, Any]]:
    """What a payout is made of: lots and money by symbol and tier, the largest first."""
    rows = (
        payout.lines.values("symbol", "tier")
        .annotate(count=Count("id"), traded=Sum("lots"), money=Sum("amount"))
        .order_by("-money")
    )
    return [
        {**row, "money": Money.rounded(row["money"], payout.currency)} for row in rows[:TREE_MAX]
    ]


def payout_stop(partner: Partner) -> str:
    """Why the partner's client may not be paid now; empty when they may."""
    client = partner.client
    if client.state != ClientState.ACTIVE:
        return f"the client is {client.get_state_display().lower()}"
    stop = standing(client).filter(action=ClientAction.IB, from_at__lte=now()).first()
    return stop.text if stop else ""
