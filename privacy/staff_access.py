"""Who of the staff saw whose personal data: counted looks (``clients.looks``) by person and day."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import median
from typing import Any

from django.db.models import Count, Max, QuerySet, Sum

from backoffice.audit.models import AuditEntry
from backoffice.core.context import Actor
from backoffice.staff.models import Membership
from clients.models import Client, Look, LookKind

# A day is unusual when someone opened this many times as many clients as the median of the people
# of their role who opened any that day, and at least so many.
TIMES, CLIENTS_MIN, PEOPLE_MIN = 3, 10, 3
ROWS_MAX = 500
EXPORTED = "portal.exported"


@dataclass
class Day:
    """One person's day. ``median``: clients that their role opened, 0 when too few did."""

    day: date
    user_ref: str
    user_name: str
    clients: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    exports: int = 0
    role: str = ""
    median: float = 0
    last_at: Any = None

    @property
    def unusual(self) -> bool:
        return bool(self.median) and self.clients >= max(CLIENTS_MIN, TIMES * self.median)


def looks_of(actor: Actor, since: date, until: date) -> QuerySet[Look]:
    return Look.objects.filter(tenant_id=actor.tenant_id, day__gte=since, day__lte=until)


def days(actor: Actor, since: date, until: date, *, user_ref: str = "") -> list[Day]:
    """A line per person and day, newest first, everyone's figures beside their role's."""
    rows = looks_of(actor, since, until)
    found = {
        (each["day"], each["user_ref"]): Day(
            each["day"], each["user_ref"], each["name"], each["clients"], last_at=each["last"]
        )
        for each in rows.values("day", "user_ref").annotate(
            clients=Count("client_id", distinct=True), name=Max("user_name"), last=Max("last_at")
        )
    }
    for each in rows.values("day", "user_ref", "kind").annotate(times=Sum("times")):
        found[each["day"], each["user_ref"]].counts[each["kind"]] = each["times"]
    _exports(actor, since, until, found)
    _compare(found.values(), roles_of(actor))
    lines = [line for line in found.values() if not user_ref or line.user_ref == user_ref]
    return sorted(lines, key=lambda line: (line.day, line.clients), reverse=True)[:ROWS_MAX]


def _exports(actor: Actor, since: date, until: date, found: dict[tuple[date, str], Day]) -> None:
    rows = AuditEntry.objects.filter(
        tenant_id=actor.tenant_id, action=EXPORTED, at__date__gte=since, at__date__lte=until,
        actor_kind="staff",
    ).values_list("at", "actor_ref", "actor_name")  # fmt: skip
    for at, ref, name in rows[:ROWS_MAX]:
        line = found.setdefault((at.date(), ref), Day(at.date(), ref, name, last_at=at))
        line.exports += 1


def roles_of(actor: Actor) -> dict[str, str]:
    """The first role of each person who works here, by their ref."""
    members = Membership.objects.filter(tenant_id=actor.tenant_id).prefetch_related("held__role")
    return {
        f"user:{member.user_id}": min((each.role.name for each in member.held.all()), default="")
        for member in members
    }


def _compare(lines: Any, roles: Mapping[str, str]) -> None:
    groups: dict[tuple[date, str], list[Day]] = defaultdict(list)
    for line in lines:
        line.role = roles.get(line.user_ref, "")
        groups[line.day, line.role].append(line)
    for group in groups.values():
        opened = [line.clients for line in group if line.clients]
        usual = median(opened) if len(opened) >= PEOPLE_MIN else 0
        for line in group:
            line.median = usual


def of_client(actor: Actor, client: Client, since: date, until: date) -> list[dict[str, Any]]:
    """Who looked at one client, by person and day."""
    rows = looks_of(actor, since, until).filter(client=client)
    found: dict[tuple[date, str], dict[str, Any]] = {}
    for row in rows.order_by("-day", "user_name")[:ROWS_MAX]:
        line = found.setdefault(
            (row.day, row.user_ref),
            {"day": row.day, "name": row.user_name, "last_at": row.last_at, "counts": {}},
        )
        line["counts"][row.kind] = row.times
        line["last_at"] = max(line["last_at"], row.last_at)
    return list(found.values())


def said(counts: Mapping[str, int]) -> str:
    """``client page 4, documents 1``"""
    return ", ".join(
        f"{LookKind(kind).label.lower()} {counts[kind]}" for kind in LookKind if kind in counts
    )


def people(actor: Actor) -> Sequence[tuple[str, str]]:
    rows = Membership.objects.filter(tenant_id=actor.tenant_id).select_related("user")
    return sorted(((f"user:{row.user_id}", row.user.name) for row in rows), key=lambda p: p[1])
