"""The tabs of a client's page, and what other domains put on its overview.

A domain registers in ``AppConfig.ready``: ``tabs.register(Tab(...))``, ``tabs.register_stats(...)``
``tabs.register_open_items(...)``, ``tabs.register_subjects(...)``. This app knows none of them.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.staff.access import StaffRequest
from clients.actions import LOOKS
from clients.models import Client


@dataclass(frozen=True)
class Tab:
    """One tab. ``template`` is the body; ``context(request, client)`` what it shows beside
    ``client`` and ``actor``; ``count(actor, client)`` the number beside its name, or None.

    ``permission`` absent from an actor hides the tab and answers 403 at its address. The domain's
    own pages take their actions; the address of the tab is
    ``reverse("clients:tab", args=[client.pk, code])``.
    """

    code: str
    label: str
    template: str
    permission: str
    context: Callable[[StaffRequest, Client], Mapping[str, Any]]
    count: Callable[[Actor, Client], int | None] = lambda actor, client: None
    order: int = 100
    # Of which clients it is a tab at all: a person has no owners.
    of: Callable[[Client], bool] = lambda client: True

    def url(self, client: Client) -> str:
        if self.code == OVERVIEW:
            return reverse("clients:client", args=[client.pk])
        return reverse("clients:tab", args=[client.pk, self.code])


OVERVIEW = "overview"
Found = TypeVar("Found")

# For components/stats.html: name, value, note, url ... ; an empty list when there is nothing.
Stats = Callable[[Actor, Client], Sequence[Mapping[str, Any]]]
# For components/checks.html: colour, title, note, url of what waits for someone.
OpenItems = Callable[[Actor, Client], Sequence[Mapping[str, Any]]]

# Ids of objects whose history belongs into the client's timeline.
Subjects = Callable[[Actor, Client], Sequence[UUID]]

_tabs: dict[str, Tab] = {}
_stats: list[tuple[int, Stats]] = []
_open_items: list[OpenItems] = []
_subjects: list[Subjects] = []
_looks: set[str] = set(LOOKS)


def register(tab: Tab) -> Tab:
    _tabs[tab.code] = tab
    return tab


def register_stats(provider: Stats, *, order: int = 100) -> None:
    """Numbers of the overview: net deposits, equity, volume. Each one query at most."""
    if all(known is not provider for _, known in _stats):
        _stats.append((order, provider))


def register_open_items(provider: OpenItems) -> None:
    """What waits for someone, on the overview."""
    if provider not in _open_items:
        _open_items.append(provider)


def tabs_for(actor: Actor, client: Client) -> list[Tab]:
    mine = [
        tab
        for tab in _tabs.values()
        if (not tab.permission or actor.can(tab.permission)) and tab.of(client)
    ]
    return sorted(mine, key=lambda tab: (tab.order, tab.label))


def find(code: str) -> Tab | None:
    return _tabs.get(code)


def stats_of(actor: Actor, client: Client) -> list[Mapping[str, Any]]:
    ordered = sorted(_stats, key=lambda pair: pair[0])
    return [stat for _, provider in ordered for stat in provider(actor, client)]


def open_items_of(actor: Actor, client: Client) -> list[Mapping[str, Any]]:
    return [item for provider in _open_items for item in provider(actor, client)]


def register_subjects(provider: Subjects, *, looks: Collection[str] = ()) -> None:
    """Objects whose audit entries the client's timeline shows; ``looks`` are codes of mere looks,
    which the overview leaves out."""
    if provider not in _subjects:
        _subjects.append(provider)
    _looks.update(looks)


def looks() -> Collection[str]:
    return _looks


def once(actor: Actor, client: Client, read: Callable[[Actor, Client], Found]) -> Found:
    """What the tab's count, the open items and the timeline all read: asked once for this client
    object, which no page keeps longer than it is being written, and for this actor."""
    kept: dict[Any, Any] = client.__dict__.setdefault("_read_once", {})
    key = (actor.ref, read)
    if key not in kept:
        kept[key] = read(actor, client)
    found: Found = kept[key]
    return found


def subjects_of(actor: Actor, client: Client) -> list[UUID]:
    return [client.pk, *(pk for provider in _subjects for pk in provider(actor, client))]
