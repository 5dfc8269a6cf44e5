"""The work queues of compliance and how their items read in the narrow list."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.portal.decisions import describe
from backoffice.workflow import queues
from compliance.models import Hit
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
