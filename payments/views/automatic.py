"""Automatic approval: the switch, the versions of its rules, and what one would have done."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Sum
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.core.money import Money
from backoffice.portal.actions import Button
from backoffice.portal.decisions import refused
from backoffice.portal.once import once
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow.approvals import pending_for
from payments import evaluation, sources
from payments.automatic import dry_runs, forms, rules, versions
from payments.automatic.decisions import rules_of, version_in_force
from payments.automatic.facts import DAY
from payments.automatic.states import VERSION_COLOURS, DryRunState, VersionState
from payments.models import DryRun, RuleDecision, RuleVersion

VIEW, MANAGE, STOP = "payments.view_payment", versions.MANAGE, versions.STOP
VERSIONS_SHOWN = 20
GET_POST = require_http_methods(["GET", "POST"])


@require_GET
@needs(VIEW)
def rules_page(request: StaffRequest) -> HttpResponse:
    """Whether it is on, by which rules, what they did today, and every version there was."""
    actor, base = request.actor, evaluation.base_currency()
    policy, version = sources.policy(), version_in_force()
    mine = RuleVersion.objects.filter(tenant_id=actor.tenant_id).select_related("evidence")
    known = list(mine.order_by("-number")[:VERSIONS_SHOWN])
    starting = pending_for(actor, policy.pk, versions.ON_KIND)
    context = {
        "policy": policy,
        "version": version,
        "rules": rule_lines(version, base) if version else [],
        "stats": _today(actor, base),
        "versions": [version_line(row) for row in known],
        "starting": starting,
        "manages": actor.can(MANAGE),
        "actions": _switches(actor, is_on=policy.automatic, is_asked=starting is not None),
        "events": timeline(actor, policy.pk, *(row.pk for row in known)),
    }
    return render(request, "payments/rules.html", context)


def _switches(actor: Actor, *, is_on: bool, is_asked: bool) -> list[Button]:
    found = []
    if actor.can(MANAGE):
        found.append(Button("New version", reverse("payments:rules-new"), method="get", key="c"))
    if is_on:
        why = "" if actor.can(STOP) else "You don't hold the right to switch it off."
        url = reverse("payments:rules-off")
        found.append(Button("Switch off", url, kind="danger", icon="player-pause", why_not=why))
    else:
        why = "A second person was asked already." if is_asked else ""
        if not actor.can(MANAGE):
            why = "You don't hold the right to switch it on."
        url = reverse("payments:rules-on")
        found.append(
            Button("Ask to switch on", url, kind="primary", icon="player-play", why_not=why)
        )
    return found


def rule_lines(version: RuleVersion, base: str) -> list[dict[str, Any]]:
    return [
        {
            "name": rule.name,
            "methods": ", ".join(rule.methods) or "any method",
            "clients": ", ".join(rule.categories).replace("_", " ") or "any client",
            "asked": rules.in_words(rule, base),
        }
        for rule in rules_of(version)
    ]


def version_line(row: RuleVersion) -> dict[str, Any]:
    state = VersionState(row.state)
    return {
        "row": row,
        "colour": VERSION_COLOURS[state],
        "evidence": row.evidence.result["words"] if row.evidence else "",
    }


def _today(actor: Actor, base: str) -> list[dict[str, Any]]:
    """What the rules said in the last 24 hours."""
    said = RuleDecision.objects.filter(tenant_id=actor.tenant_id, at__gt=now() - DAY)
    found = {
        approves: (count, total or Decimal(0))
        for approves, count, total in said.order_by()
        .values_list("approves")
        .annotate(count=Count("id"), total=Sum("amount_base"))
    }
    nothing = (0, Decimal(0))
    (yes, total), (no, _) = found.get(True, nothing), found.get(False, nothing)
    return [
        {"name": "Approved by rules in 24 hours", "value": f"{yes:,}"},
        {"name": "Their sum", "value": Money.rounded(total, base)},
        {"name": "Left to a person", "value": f"{no:,}"},
    ]


@require_POST
@needs(STOP)
def rules_off(request: StaffRequest) -> HttpResponse:
    versions.automatic_stop(actor=request.actor, reason=request.POST.get("reason", ""))
    messages.success(request, "Automatic approval is off: a person decides every withdrawal.")
    return redirect("payments:rules")


@require_POST
@needs(MANAGE)
def rules_on(request: StaffRequest) -> HttpResponse:
    try:
        versions.automatic_start_ask(actor=request.actor)
    except DomainError as error:
        return refused(request, error, reverse("payments:rules"))
    messages.success(request, "Asked; a second person switches it on.")
    return redirect("payments:rules")


@GET_POST
@once
@needs(MANAGE)
def rules_new(request: StaffRequest) -> HttpResponse:
    """Another version, which begins as the one in force, or as ``from``."""
    base = _base_version(request)
    initial = [rules.dump(rule) for rule in rules_of(base)] if base else []
    data = request.POST if request.method == "POST" else None
    rows, note = forms.Rules(data, initial=initial), forms.NoteForm(data)
    if request.method == "POST" and rows.is_valid() and note.is_valid():
        try:
            with transaction.atomic():
                made = versions.version_make(
                    actor=request.actor,
                    wanted=forms.rules_in(rows),
                    note=note.cleaned_data["note"],
                )
        except DomainError as error:
            note.add_error(None, error.sentence)
        else:
            messages.success(request, f"{made} is written. Run it dry, then propose it.")
            return redirect("payments:rules-version", pk=made.pk)
    context = {
        "rows": rows,
        "note": note,
        "base": evaluation.base_currency(),
        "begins_as": base,
    }
    bad = note.is_bound and bool(note.errors or rows.total_error_count())
    return render(request, "payments/rules_form.html", context, status=422 if bad else 200)


def _base_version(request: StaffRequest) -> RuleVersion | None:
    asked = request.GET.get("from", "")
    if asked.isdigit():
        mine = RuleVersion.objects.filter(tenant_id=request.actor.tenant_id, number=int(asked[:9]))
        return mine.first()
    return version_in_force()


def _version(actor: Actor, pk: UUID) -> RuleVersion:
    rows = RuleVersion.objects.filter(tenant_id=actor.tenant_id).select_related("evidence")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_GET
@needs(MANAGE)
def rules_version(request: StaffRequest, pk: UUID) -> HttpResponse:
    """One version in words, and its dry runs: the newest one in full, or the one asked for."""
    actor = request.actor
    row = _version(actor, pk)
    mine = DryRun.objects.filter(tenant_id=actor.tenant_id, version=row).defer("result")
    runs = list(mine.order_by("-id")[:VERSIONS_SHOWN])
    asked = request.GET.get("run", "")
    shown = next((run for run in runs if str(run.pk) == asked), runs[0] if runs else None)
    context = {
        **version_line(row),
        "state_word": row.get_state_display(),
        "rules": rule_lines(row, evaluation.base_currency()),
        "runs": runs,
        "run": shown,
        "result": _result(shown),
        "form": forms.DryRunForm(),
        "approval": pending_for(actor, row.pk, versions.KIND),
        "actions": _version_buttons(row, runs),
        "events": timeline(actor, row.pk),
    }
    return render(request, "payments/rules_version.html", context)


def _version_buttons(row: RuleVersion, runs: list[DryRun]) -> list[Button]:
    again = Button("Begin another from it", f"{reverse('payments:rules-new')}?from={row.number}",
                   method="get")  # fmt: skip
    if row.state != VersionState.DRAFT:
        return [again]
    is_tried = any(run.state == DryRunState.DONE for run in runs)
    why = "" if is_tried else "Run it dry first: whoever decides wants to see what it would do."
    url = reverse("payments:rules-propose", args=[row.pk])
    return [again, Button("Propose", url, kind="primary", key="a", why_not=why)]


def _result(run: DryRun | None) -> dict[str, Any] | None:
    if run is None or run.state != DryRunState.DONE:
        return None
    found = run.result
    amount = Money.parse(found["amount"], found["currency"])
    stats = [
        {"name": "Withdrawals looked at", "value": f"{found['considered']:,}"},
        {"name": "Would be approved", "value": f"{found['approved']:,}"},
        {"name": "Their sum", "value": amount},
        *(
            {"name": dry_runs.capital(words), "value": f"{found['outcomes'][name]:,}"}
            for name, words in dry_runs.OUTCOMES.items()
        ),
    ]
    rows = [
        {
            **line,
            "url": reverse("payments:withdrawal", args=[line["id"]]),
            "money": Money.parse(line["amount"], line["currency"]),
            "moment": datetime.fromisoformat(line["at"]),
            "became": ", ".join(dry_runs.OUTCOMES[name] for name in line["outcomes"]),
        }
        for line in found["rows"]
    ]
    return {**found, "stats": stats, "rows": rows}


@require_POST
@needs(MANAGE)
def rules_try(request: StaffRequest, pk: UUID) -> HttpResponse:
    row, form = _version(request.actor, pk), forms.DryRunForm(request.POST)
    if form.is_valid():
        dry_runs.dry_run_ask(actor=request.actor, version=row, days=form.cleaned_data["days"])
    else:
        messages.error(request, "Choose one of the periods.")
    return redirect("payments:rules-version", pk=pk)


@require_POST
@needs(MANAGE)
def rules_propose(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = _version(request.actor, pk)
    try:
        versions.version_propose(actor=request.actor, version=row)
    except DomainError as error:
        return refused(request, error, reverse("payments:rules-version", args=[pk]))
    messages.success(request, f"{row} is proposed; a second person sets it.")
    return redirect("payments:rules-version", pk=pk)
