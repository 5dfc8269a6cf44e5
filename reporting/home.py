"""Home: what is late, what is mine, the numbers that this person answers for, one chart.

By permission, not by role name. The live part asks again every half minute and gets 304 while
nothing changed; every number comes from day figures or bounded counts.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.http import HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from backoffice.audit.models import AuditPayload
from backoffice.audit.selectors import entries
from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.core.money import Money
from backoffice.portal.approval_pages import to_decide
from backoffice.portal.context import queue_counts
from backoffice.portal.decisions import SideLine, side_lines
from backoffice.portal.figures import amount_text
from backoffice.portal.home import parts_for
from backoffice.portal.timeline import Event, sentence
from backoffice.staff.access import StaffRequest, needs
from backoffice.staff.actions import COMINGS
from backoffice.tenancy.models import Tenant
from backoffice.workflow.queues import Queue, QueueCount, late_text, open_items
from clients.tabs import looks
from reporting.figures import Figure, Key, read_days

MINE_MAX = 10
CHANGES_MAX = 8
CHART_DAYS = 30
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Number:
    """One figure of today beside the same weekday's: which right shows it, how it is written."""

    code: str
    label: str
    permissions: tuple[str, ...]
    kind: str = "count"  # or "money", "minutes", "lots"
    none: str = "None yet"  # in the place of a zero


PAYMENTS = ("payments.work_payment", "reporting.view_report")
NUMBERS = (
    Number("deposits", "Deposits today", PAYMENTS, "money"),
    Number("withdrawals", "Withdrawals paid today", PAYMENTS, "money"),
    Number("approve_minutes", "Median time to approve", PAYMENTS, "minutes", "None approved"),
    Number("kyc_decided", "KYC cases decided today", ("kyc.review_case", "reporting.view_report")),
    Number("clients_new", "New clients today", ("clients.add_client", "reporting.view_report")),
    Number("clients_active", "Clients trading today", ("ib.view_partner", "reporting.view_report")),
    Number("lots", "Volume today", ("ib.view_partner", "reporting.view_report"), "lots"),
    Number("client_result", "Clients’ result today", ("reporting.view_report",), "money"),
)


@require_GET
@needs()
def home(request: StaffRequest) -> HttpResponse:
    newest = today(request.tenant.timezone)
    days = [newest - timedelta(days=back) for back in range(CHART_DAYS)]
    figures = read_days(request.actor, days)
    live = _live(request, figures, newest)
    if request.htmx:
        return _unless_known(request, live)
    context = {"live": live, **_chart(request.actor, request.tenant, figures, days)}
    return render(request, "reporting/home.html", context)


def _unless_known(request: StaffRequest, live: str) -> HttpResponse:
    tag = f'"{hashlib.sha256(live.encode()).hexdigest()[:32]}"'
    known = request.headers.get("If-None-Match", "") == tag
    response: HttpResponse = HttpResponseNotModified() if known else HttpResponse(live)
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["HX-Request", "Cookie"])
    return response


def _live(request: StaffRequest, figures: dict[Key, Figure], newest: date) -> str:
    counts = queue_counts(request)
    context = {
        "counts": counts,
        "late": sum(count.late for count in counts),
        "late_text": late_text(counts),
        "mine": _mine(request.actor, counts),
        "approvals": to_decide(request.actor),
        "stats": list(_stats(request.actor, request.tenant, figures, newest)),
        "parts": parts_for(request.actor),
        "events": _changes(request.actor),
    }
    return render_to_string("reporting/home_live.html", context)


def _mine(actor: Actor, counts: list[QueueCount]) -> list[tuple[Queue, SideLine]]:
    found: list[tuple[Queue, SideLine]] = []
    for count in counts:
        if count.mine and len(found) < MINE_MAX:
            items = open_items(actor, count.queue.code).filter(owner_ref=actor.ref)
            lines = side_lines(actor, count.queue, list(items[: MINE_MAX - len(found)]))
            found += [(count.queue, line) for line in lines]
    return found


def _changes(actor: Actor) -> list[Event]:
    if not actor.can("staff.view_audit"):
        return []
    mere = [*looks(), *(action.code for action in COMINGS)]
    changes = entries(actor).exclude(actor_kind="system").exclude(action__in=mere)
    rows = list(changes.order_by("-id")[:CHANGES_MAX])
    details = dict(
        AuditPayload.objects.filter(
            tenant_id=actor.tenant_id, entry__in=[row.pk for row in rows]
        ).values_list("entry_id", "data")
    )
    texts = [sentence(row, details.get(row.pk)) for row in rows]
    return [
        Event(row.at, text[:1].upper() + text[1:], actor=row.actor_name)
        for row, text in zip(rows, texts, strict=True)
    ]


def _stats(
    actor: Actor, tenant: Tenant, figures: dict[Key, Figure], newest: date
) -> Iterator[dict[str, Any]]:
    if actor.desks is not None:
        return  # the day's figures are the whole house's
    for number in NUMBERS:
        if not any(actor.can(code) for code in number.permissions):
            continue
        currencies = tenant.currencies if number.kind == "money" else [""]
        for currency in currencies:
            yield _stat(number, currency, figures, newest)


def _stat(
    number: Number, currency: str, figures: dict[Key, Figure], newest: date
) -> dict[str, Any]:
    def on(day: date) -> Figure:
        return figures.get((day, number.code, currency), Figure(Decimal(0), 0))

    then = newest - WEEK
    value, before = on(newest).value, on(then).value
    return {
        "name": number.label,
        "value": _written(number, value, currency) if value else number.none,
        "empty": not value,
        "unit": (currency if number.kind == "money" else "") if not value else _unit(number),
        "note": f"{then:%A} last week: {_text(number, before, currency)}",
        "series": [on(newest - timedelta(days=back)).value for back in range(13, -1, -1)],
        "series_label": "the last 14 days",
    }


def _unit(number: Number) -> str:
    return "lots" if number.kind == "lots" else ""


def _written(number: Number, value: Decimal, currency: str) -> Any:
    if number.kind == "money":
        return Money.rounded(value, currency)
    if number.kind == "minutes":
        return _lasted(value)
    return round(value, 2) if number.kind == "lots" else int(value)


def _lasted(minutes: Decimal) -> str:
    """As one says it: 40 s, 59 min, 2 h 5 min."""
    if minutes < 1:
        return f"{int(minutes * 60)} s"
    hours, rest = divmod(round(minutes), 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def _text(number: Number, value: Decimal, currency: str) -> str:
    if not value:
        return "none"
    written = _written(number, value, currency)
    if isinstance(written, Money):
        return f"{amount_text(written.amount, currency)} {currency}"
    return written if isinstance(written, str) else amount_text(written)


def _chart(
    actor: Actor, tenant: Tenant, figures: dict[Key, Figure], days: list[date]
) -> dict[str, Any]:
    """The one chart that matters to who looks: money, else cases, else volume."""
    if actor.desks is not None:
        return {}  # a chart of the whole house is not theirs
    oldest_first = list(reversed(days))

    def series(code: str, currency: str = "", sign: int = 1) -> list[float]:
        nothing = Figure(Decimal(0), 0)
        return [
            float(sign * figures.get((day, code, currency), nothing).value) for day in oldest_first
        ]

    base = tenant.base_currency
    if any(actor.can(code) for code in PAYMENTS):
        title, unit = f"Deposits and withdrawals, {CHART_DAYS} days", base
        lines = [
            {"label": "Deposits", "values": series("deposits", base), "colour": "good"},
            {"label": "Withdrawals", "values": series("withdrawals", base, -1), "colour": "going"},
        ]
    elif actor.can("kyc.review_case"):
        title, unit = f"KYC cases decided, {CHART_DAYS} days", ""
        lines = [{"label": "Decided", "values": series("kyc_decided")}]
    elif actor.can("ib.view_partner"):
        title, unit = f"Volume, {CHART_DAYS} days", "lots"
        lines = [{"label": "Lots", "values": series("lots")}]
    else:
        return {}
    labels = [f"{day.day} {day:%b}" for day in oldest_first]
    data = {"type": "bar", "stacked": True, "unit": unit, "labels": labels, "series": lines}
    return {"chart": data, "chart_title": title}
