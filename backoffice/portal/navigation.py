"""The left navigation: apps say what they offer, the person's rights say what is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext

from backoffice.core.context import Actor, ActorKind
from backoffice.portal.addresses import site
from backoffice.portal.templatetags import portal as tags
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
        _places.cache_clear()


def entries_for(actor: Actor) -> list[Entry]:
    return _sorted_entries(actor.permissions, _may_all(actor))


def _may_all(actor: Actor) -> bool:
    return actor.kind is ActorKind.SYSTEM


def _sorted_entries(permissions: frozenset[str], everything: bool) -> list[Entry]:
    return sorted(
        (
            entry
            for entry in _entries
            if everything or not entry.permissions or permissions.intersection(entry.permissions)
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

    @property
    def swapped_count(self) -> SafeString:
        """The counter alone, for the page that is open."""
        return mark_safe(_count(self, ' hx-swap-oob="true"'))  # noqa: S308 - escaped


@lru_cache(maxsize=4096)
def _line(item: Item, language: str | None) -> SafeString:
    """Written here and kept, since forty of them stand on each page: a function of what the item
    says and of the active ``language`` alone."""
    current = ' aria-current="page"' if item.active else ""
    key = f' data-go="{escape(item.key)}"' if item.key else ""
    icon = tags.icon(item.icon) if item.icon else ""
    count = _count(item) if item.code or item.counter else ""
    return mark_safe(  # noqa: S308 - each part is escaped
        f'<li><a class="side-link" href="{escape(item.url)}"{current}{key}>{icon}'
        f"<span>{escape(item.label)}</span>{count}</a></li>"
    )


def _count(item: Item, more: str = "") -> str:
    name = f' id="count-{escape(item.code)}"' if item.code else ""
    title = ""
    if item.late and item.late_text:
        words = ngettext("%(text)s is late", "%(text)s are late", item.late)
        title = f' title="{escape(words % {"text": item.late_text})}"'
    late = " is-late" if item.late else ""
    return f'<span class="side-count{late}"{name}{more}{title}>{escape(item.counter)}</span>'


@dataclass(frozen=True)
class Group:
    """A heading and its lines. Read as ``group.items`` by the template."""

    label: str
    items: Sequence[Item]

    @property
    def html(self) -> SafeString:
        """All lines in one piece."""
        language = get_language()
        return mark_safe("".join(_line(item, language) for item in self.items))  # noqa: S308


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


@dataclass(frozen=True)
class _Place:
    """A line of the navigation, as it stands on other pages and on its own."""

    group: str
    prefix: str
    elsewhere: Item
    here: Item

    def item(self, path: str) -> Item:
        active = path == self.prefix if self.prefix == "/" else path.startswith(self.prefix)
        return self.here if active else self.elsewhere


@lru_cache(maxsize=256)
def _places(
    permissions: frozenset[str], everything: bool, site: tuple[str, str]
) -> tuple[_Place, ...]:
    """What these rights show: a function of them alone, so it is the same for everyone who holds
    them. ``site`` is what ``reverse`` reads by itself."""
    found = []
    for entry in _sorted_entries(permissions, everything):
        url = reverse(entry.url_name)
        elsewhere, here = (
            Item(label=entry.label, url=url, icon=entry.icon, key=entry.key, active=active)
            for active in (False, True)
        )
        found.append(_Place(entry.group, entry.prefix or url, elsewhere, here))
    return tuple(found)


def navigation(actor: Actor, path: str, counts: Sequence[QueueCount]) -> list[Group]:
    found: dict[str, list[Item]] = {label: [] for label in GROUPS}
    found["Queues"] = queue_items(path, counts)
    for place in _places(actor.permissions, _may_all(actor), site()):
        found[place.group].append(place.item(path))
    return [Group(label, items) for label, items in found.items() if items]
