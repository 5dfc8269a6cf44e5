"""The lists in this process's memory: built once per version, put in place as a whole.

Public lists share one index among all tenants; a tenant's own list has a small one beside it. Each
use asks which versions are active (one row per list) and builds anew what has changed: about four
seconds for the OFAC and UN lists together.
"""

import gc
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backoffice.core.context import Actor
from compliance.entity_json import entity_from_json
from compliance.models import TenantEntity, TenantList, WatchEntity, WatchList
from compliance.policy import Policy, policy_of
from compliance.screening.decide import Category, Decision, decide
from compliance.screening.entities import Kind
from compliance.screening.index import WatchIndex
from compliance.screening.match import Match, Subject

log = logging.getLogger(__name__)
# Own lists of this many tenants stay in memory; the one not used for longest goes first.
TENANT_INDEXES_MAX = 50


@dataclass(frozen=True, slots=True)
class Source:
    """An active list as screening needs to know it."""

    title: str
    category: Category
    number: int
    entities: int


@dataclass(frozen=True, slots=True)
class _Loaded:
    versions: tuple[UUID, ...]
    index: WatchIndex
    sources: dict[str, Source]


_lock = threading.Lock()
_public: _Loaded | None = None
_own: dict[int, _Loaded] = {}


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists that hold for one tenant now."""

    parts: tuple[_Loaded, ...]
    policy: Policy

    @property
    def sources(self) -> dict[str, Source]:
        """Those that are searched: the brokerage's choice of public ones, and its own."""
        public, own = self.parts
        return {
            code: source for code, source in public.sources.items() if self.policy.searches(code)
        } | own.sources

    @property
    def entities(self) -> int:
        return sum(source.entities for source in self.sources.values())

    def decision(self, match: Match) -> Decision:
        """What a match leads to, by the scores that the brokerage has set."""
        category = self.sources[match.entity.source].category
        return decide(match, category, self.policy.thresholds[category])

    def rarity(self, source: str, kind: Kind) -> Callable[[str], float]:
        """How much a word weighs in the names that ``source`` stands among."""
        part = next((each for each in self.parts if source in each.sources), self.parts[0])
        return part.index.rarity(kind)

    def search(self, subject: Subject) -> list[Match]:
        """Listed entities of every searched list that may be looked at, the best first."""
        allowed, score_min = frozenset(self.sources), self.policy.score_min
        found = [
            match
            for part in self.parts
            if not allowed.isdisjoint(part.sources)
            for match in part.index.search(subject, score_min=score_min, sources=allowed)
        ]
        return sorted(found, key=lambda match: (-match.score, match.entity.id))


def lists_for(actor: Actor) -> Lists:
    """The active lists, from memory where nothing has changed. The tenant must be in scope."""
    global _public
    with _lock:
        _public = _current(_public, WatchList, WatchEntity, {})
        owner = {"tenant_id": actor.tenant_id}
        mine = _current(_own.pop(actor.tenant_id, None), TenantList, TenantEntity, owner)
        _own[actor.tenant_id] = mine
        while len(_own) > TENANT_INDEXES_MAX:
            _own.pop(next(iter(_own)))
        return Lists((_public, mine), policy_of(actor.tenant_id))


def _current(loaded: _Loaded | None, lists: Any, rows: Any, owner: dict[str, int]) -> _Loaded:
    active = list(
        lists.objects.filter(active=True, **owner)
        .order_by("source")
        .values_list("pk", "source", "title", "category", "number", "entities_count")
    )
    versions = tuple(row[0] for row in active)
    if loaded is not None and loaded.versions == versions:
        return loaded
    started = time.perf_counter()
    contents = rows.objects.filter(watch_list_id__in=versions, **owner)
    index = WatchIndex(
        entity_from_json(content)
        for content in contents.values_list("entity", flat=True).iterator(chunk_size=5_000)
    )
    # What the lists take up is no garbage: no collection should walk over it from now on.
    gc.collect()
    gc.freeze()
    log.info(
        "lists loaded",
        extra={"lists": len(active), "seconds": round(time.perf_counter() - started, 1)},
    )
    sources = {row[1]: Source(row[2], Category(row[3]), row[4], row[5]) for row in active}
    return _Loaded(versions, index, sources)
