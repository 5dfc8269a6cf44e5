"""Reading hits and lists, by tenant and desk."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from backoffice.core.context import Actor
from clients.models import Client
from compliance.indexes import lists_for
from compliance.models import Alert, Hit, ListVersion, TenantList, WatchList
from compliance.screening.match import Match, Subject
from compliance.states import HIT_UNDECIDED, HitState

CLIENT = "clients.client"

SEARCH_MATCHES_MAX = 20
VERSIONS_MAX = 60
SEE_MONITORING = "compliance.view_monitoring"


def hits_for(actor: Actor) -> QuerySet[Hit]:
    """Every hit on clients that the actor may see."""
    rows = Hit.objects.filter(tenant_id=actor.tenant_id).select_related("client")
    return rows if actor.desks is None else rows.filter(client__desk_id__in=actor.desks)


def hits_of(actor: Actor, client: Client) -> QuerySet[Hit]:
    return Hit.objects.filter(tenant_id=actor.tenant_id, client=client).order_by("-id")


def undecided_hits(tenant_id: int, client: Client) -> QuerySet[Hit]:
    return Hit.objects.filter(tenant_id=tenant_id, client=client, state__in=HIT_UNDECIDED)


def confirmed_parties(tenant_id: int, client: Client) -> QuerySet[Hit]:
    """Confirmed hits on a payer or a wallet of the client, not on the client."""
    confirmed = Hit.objects.filter(tenant_id=tenant_id, client=client, state=HitState.CONFIRMED)
    return confirmed.exclude(subject_type=CLIENT)


def alerts_for(actor: Actor) -> QuerySet[Alert]:
    """Every alert on clients that the actor may see; no one without the right sees any."""
    rows = Alert.objects.filter(tenant_id=actor.tenant_id).select_related("client", "scenario")
    if not actor.can(SEE_MONITORING):
        return rows.none()
    return rows if actor.desks is None else rows.filter(client__desk_id__in=actor.desks)


def alerts_of(actor: Actor, client: Client) -> QuerySet[Alert]:
    return alerts_for(actor).filter(client=client).order_by("-id")


def active_lists(actor: Actor) -> list[ListVersion]:
    """The versions in use: public ones, then the brokerage's own."""
    own = TenantList.objects.filter(tenant_id=actor.tenant_id, active=True)
    public = WatchList.objects.filter(active=True)
    return [*public.order_by("title"), *own.order_by("title")]


def versions_of(actor: Actor, source: str) -> list[ListVersion]:
    """Every version of a list that holds for the brokerage, the newest first: its own, else the
    public one."""
    own = TenantList.objects.filter(tenant_id=actor.tenant_id, source=source)
    found = list(own.defer("delta").order_by("-number")[:VERSIONS_MAX])
    return [
        *(
            found
            or WatchList.objects.filter(source=source)
            .defer("delta")
            .order_by("-number")[:VERSIONS_MAX]
        )
    ]


@dataclass(frozen=True)
class SearchLine:
    """One listed entity that a name search found, with what screening would do about it."""

    match: Match
    list_title: str
    category: str
    outcome: str
    why: str

    @property
    def features(self) -> list[dict[str, Any]]:
        return feature_lines([[f.feature, f.value, f.effect] for f in self.match.features])


def name_search(actor: Actor, subject: Subject) -> list[SearchLine]:
    """Who on the active lists this may be, the best first, explained."""
    lists = lists_for(actor)
    sources = lists.sources
    lines = []
    for match in lists.search(subject)[:SEARCH_MATCHES_MAX]:
        source = sources[match.entity.source]
        decision = lists.decision(match)
        lines.append(
            SearchLine(
                match, source.title, str(source.category), str(decision.outcome), decision.reason
            )
        )
    return lines


def feature_lines(features: list[list[Any]]) -> list[dict[str, Any]]:
    """``[feature, value, effect]`` for the explanation table, effects signed to two places."""
    lines = []
    for place, (feature, value, effect) in enumerate(features):
        colour = "good" if effect > 0 else "bad"
        sign = "" if place == 0 else "+" if effect > 0 else "\N{MINUS SIGN}"
        lines.append(
            {
                "feature": feature[:1].upper() + feature[1:],
                "value": value,
                "effect": f"{sign}{abs(effect):.2f}",
                "colour": "neutral" if place == 0 else colour,
            }
        )
    return lines
