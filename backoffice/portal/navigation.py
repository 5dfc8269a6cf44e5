"""The left navigation: apps say what they offer, the person's rights say what is shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.workflow.queues import QueueCount

GROUPS = ("", "Queues", "Work", "Insight", "Settings", "System")


@dataclass(frozen=True)
class Entry:
    """One line: ``group`` of GROUPS; ``permissions``: any one of them shows it (none: everyone).

    ``prefix`` marks it active for every address below it; ``key`` is the letter after g.
    """

    group: str
    label: str
    url_name: str
    icon: str
    permissions: tuple[str, ...] = ()
    key: str = ""
    order: int = 100
    prefix: str = ""


_entries: list[Entry] = []


def register(entry: Entry) -> None:
    assert entry.group in GROUPS, entry.group
    if entry not in _entries:
        _entries.append(entry)


def entries_for(actor: Actor) -> list[Entry]:
    return sorted(
        (
            entry
            for entry in _entries
            if not entry.permissions or any(actor.can(code) for code in entry.permissions)
        ),
        key=lambda entry: (GROUPS.index(entry.group), entry.order, entry.label),
    )


@dataclass(frozen=True)
class Item:
    label: str
    url: str
    icon: str
    key: str = ""
    active: bool = False
    counter: str = ""
    late: int = 0
    late_text: str = ""
    #: Of a queue: its counter is asked for anew every minute.
    code: str = ""


@dataclass(frozen=True)
class Group:
    """A heading and its lines. Read as ``group.items`` by the template."""

    label: str
    items: Sequence[Item]


def queue_items(path: str, counts: Sequence[QueueCount]) -> list[Item]:
    """The lines of the queues, with what waits in each."""
    items = []
    for count in counts:
        url = reverse(count.queue.list_url)
        items.append(
            Item(
                label=count.queue.label,
                url=url,
                icon=count.queue.icon,
                active=path.startswith(url),
                counter=count.total_text if count.total else "",
                late=count.late,
                late_text=count.late_text,
                code=count.queue.code,
            )
        )
    return items


def navigation(actor: Actor, path: str, counts: Sequence[QueueCount]) -> list[Group]:
    found: dict[str, list[Item]] = {label: [] for label in GROUPS}
    found["Queues"] = queue_items(path, counts)
    for entry in entries_for(actor):
        url = reverse(entry.url_name)
        prefix = entry.prefix or url
        active = path == url if prefix == "/" else path.startswith(prefix)
        found[entry.group].append(
            Item(label=entry.label, url=url, icon=entry.icon, key=entry.key, active=active)
        )
    return [Group(label, items) for label, items in found.items() if items]
