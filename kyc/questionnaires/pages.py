"""Settings, Questionnaires: what there is, each version for reading, proposing and its decision."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.portal.actions import Button
from backoffice.portal.decisions import refused
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow import versions as kit
from backoffice.workflow.approvals import pending_for
from backoffice.workflow.versions import VersionState
from kyc.questionnaires import problems, versions
from kyc.questionnaires.models import FormVersion
from kyc.questionnaires.rules import option_words
from kyc.questionnaires.shape import KIND_LABELS, LANGUAGES, Form, words
from kyc.questionnaires.states import FORM_COLOURS, FORM_LABELS, OUTCOME_COLOURS, Outcome
from kyc.questionnaires.versions import MANAGE, TRACK

VIEW = "kyc.view_case"


def version_for(actor: Actor, pk: UUID) -> FormVersion:
    rows = FormVersion.objects.filter(tenant_id=actor.tenant_id, pk=pk)
    row = rows.select_related("questionnaire").first()
    if row is None:
        raise Http404("No such version.")
    return row


def badge_of(row: FormVersion) -> dict[str, Any]:
    state = VersionState(row.state)
    return {"colour": FORM_COLOURS[state], "word": FORM_LABELS[state]}


@require_GET
@needs(VIEW)
def forms(request: StaffRequest) -> HttpResponse:
    """Every questionnaire with what is published and what is being written."""
    actor = request.actor
    rows = FormVersion.objects.filter(
        tenant_id=actor.tenant_id, state__in=["active", "draft", "proposed"]
    ).order_by("number")
    found: dict[UUID, list[FormVersion]] = {}
    for row in rows:
        found.setdefault(row.questionnaire_id, []).append(row)
    lines = [_line(each, found.get(each.pk, [])) for each in versions.questionnaires()]
    buttons = []
    if actor.can(MANAGE):
        url = reverse("kyc:form-new")
        buttons = [Button("New questionnaire", url, key="c", kind="primary", method="get")]
    context = {"lines": lines, "actions": buttons}
    return render(request, "kyc/questionnaires/forms.html", context)


def _line(questionnaire: Any, rows: list[FormVersion]) -> dict[str, Any]:
    live = next((row for row in rows if row.state == VersionState.ACTIVE), None)
    draft = next((row for row in rows if row.state != VersionState.ACTIVE), None)
    shown = live or draft
    form = versions.form_of(shown) if shown else Form(title={})
    return {
        "questionnaire": questionnaire,
        "live": live,
        "draft": draft,
        "badge": badge_of(draft) if draft else None,
        "url": reverse("kyc:form", args=[shown.pk]) if shown else "",
        "questions": len(form.questions),
        "is_test": form.test is not None,
        "asked": ", ".join(versions.asked_words(form)),
    }


def question_lines(form: Form) -> list[dict[str, Any]]:
    """The questions for reading: in English or the first language, with their points."""
    language = "en" if "en" in form.languages else form.languages[0]
    return [
        {
            "number": number,
            "question": each,
            "text": words(each.text, language),
            "help": words(each.help, language),
            "section": words(each.section, language),
            "kind": KIND_LABELS[each.kind],
            "options": [
                (
                    f"from {o.floor:f}"
                    if o.floor is not None and each.kind == "number"
                    else option_words(each, o, language),
                    o.score,
                )
                for o in each.options
            ],
            "scored": problems.question_most(each) > 0,
            "condition": versions.condition_words(form, each),
        }
        for number, each in enumerate(form.questions, 1)
    ]


def test_lines(form: Form) -> dict[str, Any] | None:
    test = form.test
    if test is None:
        return None
    language = form.languages[0]
    ends = [each.floor - 1 for each in test.passing[1:]] + [problems.score_most(form)]
    return {
        "test": test,
        "passing": [
            {
                "points": f"{each.floor} to {end}",
                "label": Outcome(each.outcome).label
                + (f" at 1:{test.leverage_max}" if each.outcome == Outcome.CAP else ""),
                "colour": OUTCOME_COLOURS[Outcome(each.outcome)],
                "text": words(each.text, language),
            }
            for each, end in zip(test.passing, ends, strict=True)
        ],
    }


@require_GET
@needs(VIEW)
def form_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    """One version: its questions, its test, what stands in the way of it, the versions before."""
    actor, row = request.actor, version_for(request.actor, pk)
    form = versions.form_of(row)
    others = list(kit.siblings(TRACK, questionnaire=row.questionnaire).order_by("-number"))
    context = {
        "row": row,
        "badge": badge_of(row),
        "form_title": words(form.title, "en"),
        "lines": question_lines(form),
        "test": test_lines(form),
        "asked": versions.asked_words(form),
        "languages": [LANGUAGES[each] for each in form.languages],
        "problems": problems.problems(form) if row.state == VersionState.DRAFT else [],
        "approval": pending_for(actor, row.pk, versions.KIND),
        "versions": [{"row": each, **badge_of(each)} for each in others],
        "actions": _buttons(actor, row),
        "events": timeline(actor, row.pk, row.questionnaire_id),
    }
    return render(request, "kyc/questionnaires/form.html", context)


def _buttons(actor: Actor, row: FormVersion) -> list[Button]:
    why = "" if actor.can(MANAGE) else "You don't hold the right to write questionnaires."
    preview = reverse("kyc:form-preview", args=[row.pk])
    found = [Button("Preview", preview, icon="eye", method="get")]
    if row.state == VersionState.DRAFT:
        edit = reverse("kyc:form-edit", args=[row.pk])
        propose = reverse("kyc:form-propose", args=[row.pk])
        stop = why or versions.why_not_propose(row)
        found.append(Button("Edit", edit, key="e", icon="pencil", method="get", why_not=why))
        found.append(Button("Propose", propose, kind="primary", key="a", why_not=stop))
    elif row.state != VersionState.PROPOSED:
        url = reverse("kyc:form-next", args=[row.pk])
        found.append(Button("Write the next version", url, icon="pencil", why_not=why))
    return found


@require_POST
@needs(MANAGE)
def form_propose(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = version_for(request.actor, pk)
    try:
        kit.propose(TRACK, actor=request.actor, pk=row.pk)
    except DomainError as error:
        return refused(request, error, reverse("kyc:form", args=[pk]))
    messages.success(request, f"{row} is proposed; somebody who did not write it publishes it.")
    return redirect("kyc:form", pk=pk)
