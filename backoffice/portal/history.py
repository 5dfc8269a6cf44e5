"""The history of a setting as people read it: who changed what, from what, to what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Field

CHANGES_MAX = 50
# Keys and the history's own columns say nothing to a reader.
UNSAID = frozenset({"id", "tenant", "created_at"})
# Fields whose own names are the product's and not the reader's.
WORDS = {
    "slug": "short name",
    "timezone": "time zone",
    "ip_allow_list": "networks",
    "active": "open",
}


@dataclass(frozen=True)
class Difference:
    label: str
    was: str
    now: str


@dataclass(frozen=True)
class Change:
    """For ``components/history.html``."""

    moment: datetime
    actor: str
    verb: str
    lines: list[Difference]


def changes(
    history: Any, *, labels: Mapping[str, str] | None = None, most: int = CHANGES_MAX
) -> list[Change]:
    """The newest ``most`` changes of one object's ``history``; ``labels`` renames fields."""
    rows = list(history.select_related("history_user").order_by("-history_date")[: most + 1])
    found = []
    for new, old in zip(rows, [*rows, None][1:], strict=True):
        if old is None and new.history_type != "+":
            break  # its predecessor is beyond what was read
        lines = _lines(new, old if new.history_type == "~" else None, labels or {})
        if lines or new.history_type != "~":
            found.append(Change(new.history_date, _who(new), _VERBS[new.history_type], lines))
    return found[:most]


_VERBS = {"+": "Set up", "~": "Changed", "-": "Removed"}


def _who(row: Any) -> str:
    return str(row.history_user) if row.history_user else ""


def _lines(new: Any, old: Any | None, labels: Mapping[str, str]) -> list[Difference]:
    found = []
    for field in _fields(new):
        now = _said(new, field)
        was = _said(old, field) if old is not None else ""
        if now != was:
            label = labels.get(field.name) or WORDS.get(field.name) or str(field.verbose_name)
            found.append(Difference(label[:1].upper() + label[1:], was, now))
    return found


def _fields(row: Any) -> Iterable["Field[Any, Any]"]:
    return [
        field
        for field in row._meta.concrete_fields
        if field.name not in UNSAID and not field.name.startswith("history_")
    ]


def _said(row: Any, field: "Field[Any, Any]") -> str:
    if field.choices:
        return str(getattr(row, f"get_{field.name}_display")())
    value = getattr(row, field.attname)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")  # of eight stored places those that say something
    return "" if value is None else str(value)
