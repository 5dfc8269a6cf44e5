"""The work queues of compliance and how their items read in the narrow list."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.portal.decisions import describe
from backoffice.workflow import queues
from compliance.models import Alert, Hit
from compliance.monitoring.kinds import KINDS
from compliance.monitoring.run import ALERTS_QUEUE
from compliance.screen import HITS_QUEUE

HITS = queues.register(
    queues.Queue(
        code=HITS_QUEUE,
        label="Hits",
        permission="compliance.view_hit",
        icon="user-search",
        list_url="compliance:hits",
        url=lambda pk: reverse("compliance:hit", args=[pk]),
        due_minutes=480,
        due_minutes_urgent=60,
        order=20,
    )
)


@describe(HITS_QUEUE)
def describe_hits(actor: Actor, ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, str, Any]]:
    rows = Hit.objects.filter(tenant_id=actor.tenant_id, pk__in=ids).select_related("client")
    return {
        hit.pk: (hit.client.name, f"{hit.source_title}: {hit.listed_name}", f"{hit.score:.2f}")
        for hit in rows
    }


ALERTS = queues.register(
    queues.Queue(
        code=ALERTS_QUEUE,
        label="Alerts",
        permission="compliance.view_monitoring",
        icon="shield-exclamation",
        list_url="compliance:alerts",
        url=lambda pk: reverse("compliance:alert", args=[pk]),
        due_minutes=5 * 24 * 60,
        due_minutes_urgent=24 * 60,
        order=25,
        discreet=True,
    )
)


@describe(ALERTS_QUEUE)
def describe_alerts(actor: Actor, ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, str, Any]]:
    rows = Alert.objects.filter(tenant_id=actor.tenant_id, pk__in=ids).select_related("client")
    return {
        alert.pk: (alert.client.name, f"{alert.code} {KINDS[alert.code].title}", alert.severity)
        for alert in rows
    }
