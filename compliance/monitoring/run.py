"""The nightly pass: bring the days up to date, ask each scenario, raise what is new.

Opens its own scopes, one for the days and one per scenario, so that one that fails loses no other.
"""

import json
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.tenancy.references import next_reference
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import moves, queues
from clients.models import Client
from compliance import actions
from compliance.models import Alert, AlertSnooze, MonitoringRun, Scenario
from compliance.monitoring import days
from compliance.monitoring.kinds import KINDS, values
from compliance.states import ALERT, ALERT_OPEN

ALERTS_QUEUE = "alerts"
URGENT = {Scenario.Severity.HIGH, Scenario.Severity.CRITICAL}
DAYS_FIRST_MAX = 180
DAYS_MISSED_MAX = 30


def monitoring_run(*, actor: Actor, as_of: date) -> MonitoringRun:
    """Run the scenarios that are live or in shadow over everything until the end of ``as_of``
    (UTC). Repeating it raises nothing twice."""
    with tenant_scope(actor.tenant_id, actor):
        rebuilt = days.days_refresh(actor=actor)
        first = as_of - timedelta(days=DAYS_FIRST_MAX)
        run = MonitoringRun.objects.create(
            tenant_id=actor.tenant_id,
            as_of=as_of,
            days_rebuilt=len(rebuilt),
            unrated=days.unrated(actor=actor, first=first, last=as_of),
        )
        counting = Scenario.objects.filter(
            tenant_id=actor.tenant_id, state__in=[Scenario.State.LIVE, Scenario.State.SHADOW]
        )
        scenarios = list(counting.order_by("code", "version"))
    for scenario in scenarios:
        with tenant_scope(actor.tenant_id, actor):
            run.results[f"{scenario.code} v{scenario.version}"] = _ask(actor, scenario, as_of)
    with tenant_scope(actor.tenant_id, actor):
        run.finished_at = now()
        run.save(update_fields=["results", "finished_at"])
        raised = sum(result["raised"] for result in run.results.values())
        audit(
            actor=actor,
            action=actions.MONITORED,
            subject=run,
            data={"as_of": as_of.isoformat(), "raised": raised},
        )
    return run


def days_due(actor: Actor, last: date) -> list[date]:
    """The days until ``last`` as of which no run was finished: one, or more after missed nights.

    A scenario that looks at one day, or whose window slides, would never see a night left out.
    """
    with tenant_scope(actor.tenant_id, actor):
        done = (
            MonitoringRun.objects.filter(tenant_id=actor.tenant_id, finished_at__isnull=False)
            .order_by("-as_of")
            .values_list("as_of", flat=True)
            .first()
        )
    first = done + timedelta(days=1) if done else last
    first = max(first, last - timedelta(days=DAYS_MISSED_MAX - 1))
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def found_by(
    tenant_id: int, code: str, parameters: Mapping[str, str], as_of: date
) -> list[tuple[UUID, str | None, dict[str, Any]]]:
    """(client, payment or None, basis) of each that meets the scenario as of the end of a day."""
    figures: dict[str, Any] = values(parameters)
    figures |= {name: int(figures[name]) for name in ("days", "count_min") if name in figures}
    until = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC) + timedelta(days=1)
    base = days.base_currency(tenant_id)
    scope: dict[str, Any] = {"tenant": tenant_id, "as_of": as_of, "until": until, "base": base}
    with connection.cursor() as cursor:
        cursor.execute(KINDS[code].sql, {**figures, **scope})
        return [(row[0], row[1], _plain(row[2])) for row in cursor.fetchall()]


def _plain(basis: Any) -> dict[str, Any]:
    return json.loads(basis) if isinstance(basis, str) else dict(basis)


def _ask(actor: Actor, scenario: Scenario, as_of: date) -> dict[str, Any]:
    started = time.perf_counter()
    found = found_by(actor.tenant_id, scenario.code, scenario.parameters, as_of)
    counts = {"raised": 0, "known": 0, "snoozed": 0}
    if scenario.state == Scenario.State.LIVE:
        for client_id, subject, basis in found:
            counts[_raise(actor, scenario, as_of, client_id, subject, basis)] += 1
    seconds = round(time.perf_counter() - started, 3)
    return {"state": scenario.state, "found": len(found), **counts, "seconds": seconds}


def _raise(
    actor: Actor,
    scenario: Scenario,
    as_of: date,
    client_id: UUID,
    subject: str | None,
    basis: dict[str, Any],
) -> str:
    """``raised``, ``known`` (this window or payment has had its alert) or ``snoozed``."""
    first = as_of - timedelta(days=int(scenario.parameters["days"]) - 1)
    mine = Alert.objects.filter(tenant_id=actor.tenant_id, code=scenario.code, client_id=client_id)
    if KINDS[scenario.code].by_subject:
        key, seen = str(subject), mine.filter(window_key=str(subject))
    else:
        key = as_of.isoformat()
        overlapping = Q(window_last__gte=first, window_first__lte=as_of)
        seen = mine.filter(Q(state__in=ALERT_OPEN) | overlapping)
    if seen.exists():
        return "known"
    silent = AlertSnooze.objects.filter(
        tenant_id=actor.tenant_id, code=scenario.code, client_id=client_id, until__gte=as_of
    )
    if silent.exists():
        return "snoozed"
    _alert(actor, scenario, (first, as_of, key), client_id, basis)
    return "raised"


@transaction.atomic
def _alert(
    actor: Actor,
    scenario: Scenario,
    window: tuple[date, date, str],
    client_id: UUID,
    basis: dict[str, Any],
) -> Alert:
    client = Client.objects.get(tenant_id=actor.tenant_id, pk=client_id)
    alert = Alert.objects.create(
        tenant_id=actor.tenant_id,
        reference=next_reference("AL"),
        client=client,
        scenario=scenario,
        code=scenario.code,
        window_first=window[0],
        window_last=window[1],
        window_key=window[2],
        basis=basis,
        severity=scenario.severity,
    )
    moves.begin(alert, ALERT, actor=actor)
    queues.item_open(
        actor=actor,
        queue=ALERTS_QUEUE,
        subject=alert,
        desk_id=client.desk_id,
        urgent=scenario.severity in URGENT,
    )
    audit(
        actor=actor,
        action=actions.ALERT_RAISED,
        subject=alert,
        data={"code": scenario.code, "client": client.reference, "basis": basis},
    )
    return alert
