"""Rules of retention: what is in force, every version there was, proposing another."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from backoffice.core.context import Actor
from backoffice.portal.actions import Button
from backoffice.portal.once import once
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow.approvals import pending_for
from clients.views.changes import GET_POST, UNPROCESSABLE, data_of, tried
from privacy import retention, rules, selectors
from privacy.forms import RetentionForm
from privacy.lists import VIEW
from privacy.models import RetentionVersion
from privacy.rules import ENDS_AS, Trigger
from privacy.states import VERSION_COLOURS, VersionState

VERSIONS_SHOWN = 20


@require_GET
@needs(VIEW)
def rules_page(request: StaffRequest) -> HttpResponse:
    actor = request.actor
    mine = RetentionVersion.objects.filter(tenant_id=actor.tenant_id)
    rows = list(mine.order_by("-number")[:VERSIONS_SHOWN])
    active = selectors.version_in_force()
    waits = next((row for row in rows if row.state == VersionState.PROPOSED), None)
    figures = active.figures if active else rules.defaults()
    context = {
        "active": active,
        "as_of": figures["as_of"],
        "lines": rule_lines(figures),
        "pending": pending_for(actor, waits.pk, retention.KIND) if waits else None,
        "versions": [
            {"row": row, "colour": VERSION_COLOURS[VersionState(row.state)]} for row in rows
        ],
        "actions": _buttons(actor, waits),
        "events": timeline(actor, *(row.pk for row in rows)),
    }
    return render(request, "privacy/retention.html", context)


def rule_lines(figures: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "category": category.label,
            "rule": rule,
            "trigger": Trigger(rule.trigger).label,
            "ends_as": ENDS_AS[category].label,
            "short": rule.years < rule.at_least,
        }
        for category, rule in rules.load(figures).items()
    ]


def _buttons(actor: Actor, waits: RetentionVersion | None) -> list[Button]:
    if not actor.can(retention.MANAGE):
        return []
    why = f"{waits} waits for a colleague." if waits else ""
    url = reverse("privacy:retention-propose")
    return [Button("Propose other rules", url, method="get", why_not=why, key="c")]


@GET_POST
@needs(retention.MANAGE)
@once
def propose(request: StaffRequest) -> HttpResponse:
    active = selectors.version_in_force()
    form = RetentionForm(data_of(request), figures=active.figures if active else rules.defaults())

    def work() -> None:
        values = form.cleaned_data
        retention.retention_propose(
            actor=request.actor,
            policy=form.policy(),
            as_of=values["as_of"],
            note=values["note"],
            knows_shorter=values["knows_shorter"],
        )

    if request.method == "POST" and tried(form, work):
        messages.success(request, "A colleague decides on them. Until then nothing changes.")
        return redirect("privacy:retention")
    context = {"form": form, "groups": form.groups(), "back_url": reverse("privacy:retention")}
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "privacy/retention_form.html", context, status=status)
