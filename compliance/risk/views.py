"""The risk model: its versions, what one would change, and who changed their band."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.portal.actions import Button
from backoffice.portal.decisions import refused
from backoffice.portal.once import once
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow.approvals import pending_for
from clients.countries import country_name
from clients.forms import show_error
from clients.lists import RISK_COLOURS
from clients.models import RiskBand
from compliance.risk import rules, trials, versions
from compliance.risk.defaults import FIRST
from compliance.risk.forms import TABLES, ModelForm
from compliance.risk.models import RiskModel, RiskTrial
from compliance.risk.rules import FACTORS
from compliance.risk.states import MODEL_COLOURS, ModelState, TrialState

VIEW, MANAGE = "compliance.view_monitoring", versions.MANAGE
VERSIONS_SHOWN = 20
GET_POST = require_http_methods(["GET", "POST"])


def _line(row: RiskModel) -> dict[str, Any]:
    return {
        "row": row,
        "colour": MODEL_COLOURS[ModelState(row.state)],
        "evidence": row.evidence.result["words"] if row.evidence else "",
    }


@require_GET
@needs(VIEW)
def models(request: StaffRequest) -> HttpResponse:
    """What is in force, and every version there was."""
    actor = request.actor
    mine = RiskModel.objects.filter(tenant_id=actor.tenant_id).select_related("evidence")
    rows = list(mine.order_by("-number")[:VERSIONS_SHOWN])
    active = next((row for row in rows if row.state == ModelState.ACTIVE), None)
    buttons = []
    if actor.can(MANAGE) and rows:
        buttons = [Button("New version", reverse("compliance:risk-new"), method="get", key="c")]
    context = {
        "active": active,
        "figures": figures(active) if active else None,
        "versions": [_line(row) for row in rows],
        "may_begin": actor.can(MANAGE) and not rows,
        "actions": buttons,
        "events": timeline(actor, *(row.pk for row in rows)),
    }
    return render(request, "compliance/risk_models.html", context)


def figures(row: RiskModel) -> dict[str, Any]:
    """A version in tables, for reading."""
    kept = row.figures
    total, levels = sum(kept["weights"].values()), rules.complete(kept)["levels"]
    called = set(kept["called"])
    countries = sorted(kept["countries"].items(), key=lambda pair: (-pair[1], pair[0]))
    return {
        "weights": [
            (f.title, kept["weights"][f.code], f"{100 * kept['weights'][f.code] / total:.0f}%")
            for f in FACTORS
        ],
        "medium": kept["medium"],
        "high": kept["high"],
        "tables": [
            (title, [(label, levels[table][answer]) for answer, label in answers.items()])
            for table, (title, answers) in TABLES.items()
        ],
        "countries": [(country_name(code), level, code in called) for code, level in countries],
        "other": kept["other_countries"],
        "source": kept["countries_source"],
        "as_of": rules.load(kept).countries_as_of,
    }


@require_POST
@needs(MANAGE)
def begin(request: StaffRequest) -> HttpResponse:
    row = versions.model_install(actor=request.actor)
    messages.success(request, f"{row} is in force; clients are being assessed.")
    return redirect("compliance:risk")


@GET_POST
@needs(MANAGE)
@once
def model_new(request: StaffRequest) -> HttpResponse:
    """Another version, which begins as the one in force, or as ``from``."""
    base = _base(request)
    kept = base.figures if base else rules.dump(FIRST)
    form = ModelForm(request.POST if request.method == "POST" else None, model=kept)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                made = versions.model_write(
                    actor=request.actor, model=form.model(), note=form.cleaned_data["note"]
                )
        except DomainError as error:
            show_error(form, error)
        else:
            messages.success(request, f"{made} is written. Try it, then propose it.")
            return redirect("compliance:risk-model", pk=made.pk)
    context = {"form": form, "base": base}
    return render(request, "compliance/risk_form.html", context, status=422 if form.errors else 200)


def _base(request: StaffRequest) -> RiskModel | None:
    asked = request.GET.get("from", "")
    if asked.isdigit():
        mine = RiskModel.objects.filter(tenant_id=request.actor.tenant_id, number=int(asked[:9]))
        return mine.first()
    return versions.model_in_force()


def _model(actor: Actor, pk: UUID) -> RiskModel:
    rows = RiskModel.objects.filter(tenant_id=actor.tenant_id).select_related("evidence")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_GET
@needs(VIEW)
def model_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    """One version: what is another than in force, its newest trial, its figures."""
    actor, row = request.actor, _model(request.actor, pk)
    active = versions.model_in_force()
    trial = RiskTrial.objects.filter(tenant_id=actor.tenant_id, model=row).order_by("-id").first()
    changes = versions.differences(active.figures, row.figures) if active else {}
    context = {
        **_line(row),
        "state_word": row.get_state_display(),
        "figures": figures(row),
        "active": active,
        "changes": [{"label": name, "value": words} for name, words in changes.items()],
        "trial": trial,
        "following": trial is not None and trial.state == TrialState.WAITING,
        "result": _result(trial),
        "approval": pending_for(actor, row.pk, versions.KIND),
        "actions": _buttons(actor, row, trial),
        "events": timeline(actor, row.pk),
    }
    return render(request, "compliance/risk_model.html", context)


def _buttons(actor: Actor, row: RiskModel, trial: RiskTrial | None) -> list[Button]:
    why = "" if actor.can(MANAGE) else "You don't hold the right to write risk models."
    url = f"{reverse('compliance:risk-new')}?from={row.number}"
    found = [Button("Begin another from it", url, method="get", why_not=why)]
    if row.state == ModelState.DRAFT:
        running = "It is being tried." if trial and trial.state == TrialState.WAITING else ""
        url = reverse("compliance:risk-try", args=[row.pk])
        found.append(Button("Try on everyone", url, icon="player-play", why_not=why or running))
        tried = trial is not None and trial.state == TrialState.DONE
        untried = "" if tried else "Try it first: whoever decides wants to see whom it moves."
        url = reverse("compliance:risk-propose", args=[row.pk])
        found.append(
            Button(
                "Propose", url, kind="primary", key="a", why_not=why or ("" if tried else untried)
            )
        )
    return found


def _result(trial: RiskTrial | None) -> dict[str, Any] | None:
    if trial is None or trial.state != TrialState.DONE:
        return None
    found = trial.result
    matrix = [
        {
            "band": RiskBand(before).label,
            "cells": [
                {"count": found["matrix"].get(f"{before} {after}", 0), "same": before == after}
                for after in rules.ORDER
            ],
        }
        for before in rules.ORDER
    ]
    movers = [
        {
            "reference": reference,
            "url": reverse("clients:tab", args=[client_id, "risk"]),
            "was_band": RiskBand(was_band).label,
            "was_colour": RISK_COLOURS[RiskBand(was_band)],
            "band": RiskBand(band).label,
            "colour": RISK_COLOURS[RiskBand(band)],
            "was": was,
            "score": score,
        }
        for reference, client_id, was_band, was, band, score in found["movers"]
    ]
    bands = [RiskBand(each).label for each in rules.ORDER]
    return {**found, "bands": bands, "rows": matrix, "movers": movers}


@require_POST
@needs(MANAGE)
def model_try(request: StaffRequest, pk: UUID) -> HttpResponse:
    trials.trial_ask(actor=request.actor, row=_model(request.actor, pk))
    return redirect("compliance:risk-model", pk=pk)


@require_POST
@needs(MANAGE)
def model_propose(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = _model(request.actor, pk)
    try:
        versions.model_propose(actor=request.actor, row=row)
    except DomainError as error:
        return refused(request, error, reverse("compliance:risk-model", args=[pk]))
    messages.success(request, f"{row} is proposed; a second person sets it.")
    return redirect("compliance:risk-model", pk=pk)
