"""The audit page: who did what to what, and whether the chain is whole."""

import json
from collections.abc import Sequence
from typing import Any

import django_filters
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from backoffice.audit import selectors, signing
from backoffice.audit.actions import Action, declare
from backoffice.audit.models import AuditEntry, AuditPayload
from backoffice.audit.services import audit, seal
from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.portal.actions import Button
from backoffice.portal.filters import SinceFilter
from backoffice.portal.lists import Column, Empty, ListPage, list_response, register
from backoffice.portal.templatetags import portal as tags
from backoffice.portal.timeline import sentence
from backoffice.staff.access import StaffRequest, needs

VERIFIED = Action("audit.verified", "verified the audit chain: {outcome}")
EXPORTED = Action("audit.heads_exported", "exported {count} signed heads of the audit chain")
declare(VERIFIED, EXPORTED)


class TrailFilters(django_filters.FilterSet):  # type: ignore[misc]
    """Filters of the audit page; each has an index that begins with the tenant."""

    actor_ref = django_filters.CharFilter(label="Actor", lookup_expr="exact")
    action = django_filters.CharFilter(label="Action", lookup_expr="exact")
    subject_label = django_filters.CharFilter(label="Reference", lookup_expr="exact")
    since = SinceFilter(label="Since")

    class Meta:
        model = AuditEntry
        fields: Sequence[str] = []


def _with_details(actor: Actor, entries: Sequence[AuditEntry]) -> Sequence[AuditEntry]:
    details = {
        payload.entry_id: payload.data
        for payload in AuditPayload.objects.filter(
            tenant_id=actor.tenant_id, entry__in=[entry.pk for entry in entries]
        )
    }
    for entry in entries:
        entry.details = details.get(entry.pk)  # type: ignore[attr-defined]
    return entries


def _sentence(entry: Any) -> str:
    return sentence(entry, entry.details)


def _about(entry: Any) -> str | None:
    return entry.subject_label or (entry.details or {}).get("label") or None


def _buttons(actor: Actor) -> list[Button]:
    return [
        Button("Verify the chain", reverse("portal:trail-verify"), icon="shield-check"),
        Button("Signed heads", reverse("portal:trail-heads"), icon="download"),
    ]


TRAIL = register(
    ListPage(
        code="audit.trail",
        title="Audit trail",
        permission="staff.view_audit",
        rows=selectors.entries,
        filters=TrailFilters,
        prepare=_with_details,
        buttons=_buttons,
        columns=[
            Column(
                "at", "When", lambda e: e.at, show=lambda at: tags.time(at, exact=True), fixed=True
            ),
            Column("actor", "Who", lambda e: e.actor_name, show=tags.actor),
            Column("what", "What", _sentence, grow=True, fixed=True),
            Column("label", "About", _about, show=tags.ref),
            Column("action", "Code", lambda e: e.action, shown=False),
            Column("ip", "Address", lambda e: e.ip or None, shown=False),
            Column("request", "Request", lambda e: e.request_id or None, shown=False),
        ],
        empty=Empty("Nothing has happened yet", "Each write appears here with its actor."),
    )
)


@require_GET
@needs("staff.view_audit")
def trail(request: StaffRequest) -> HttpResponse:
    return list_response(request, TRAIL)


@require_POST
@needs("staff.view_audit")
def trail_verify(request: StaffRequest) -> HttpResponse:
    """Recompute the chain now. Sealing what waits first makes the answer cover this moment."""
    seal(actor=request.actor)
    found = selectors.verify(request.actor.tenant_id)
    audit(
        actor=request.actor,
        action=VERIFIED,
        data={
            "outcome": "intact" if found.intact else f"{len(found.faults)} faults",
            "last_seq": found.last_seq,
            "head": found.head_hash,
            "covered_seq": found.signed.covered_seq,
        },
    )
    return render(request, "portal/trail_verify.html", {"found": found})


@require_POST
@needs("staff.view_audit")
def trail_heads(request: StaffRequest) -> HttpResponse:
    """The signed heads as a file, for someone outside to keep and check (docs/audit.md)."""
    file = signing.export(request.tenant.pk, request.tenant.name)
    audit(actor=request.actor, action=EXPORTED, data={"count": len(file["heads"])})
    name = f"audit-heads-{request.tenant.slug}-{today():%Y-%m-%d}.json"
    response = HttpResponse(json.dumps(file, indent=1), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
