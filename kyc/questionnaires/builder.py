"""The builder: one page on which a draft is written, question by question, and a preview of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.core.errors import DomainError
from backoffice.portal.actions import Button
from backoffice.portal.decisions import refused
from backoffice.portal.once import once
from backoffice.staff.access import StaffRequest, needs
from backoffice.tenancy.scope import brokerage
from backoffice.workflow.versions import VersionState
from clients.views.changes import data_of, tried
from kyc import selectors as cases
from kyc.questionnaires import edits, problems, versions
from kyc.questionnaires.editing import AboutForm, NewForm, QuestionForm, TestForm
from kyc.questionnaires.models import FormVersion
from kyc.questionnaires.pages import badge_of, question_lines, version_for
from kyc.questionnaires.shape import Form, Kind, Question, words
from kyc.questionnaires.versions import MANAGE, form_of, version_change

GET_POST = require_http_methods(["GET", "POST"])
NEW = "new"
REFUSED_STATUS = 422
STEPS = {"up": -1, "down": 1}


def _place(row: FormVersion, code: str = "") -> str:
    """The builder at a question."""
    url = reverse("kyc:form-edit", args=[row.pk])
    return f"{url}?at={code}#question-{code}" if code else url


@GET_POST
@needs(MANAGE)
@once
def form_new(request: StaffRequest) -> HttpResponse:
    form = NewForm(data_of(request))
    made: list[FormVersion] = []

    def work() -> None:
        made.append(versions.questionnaire_make(actor=request.actor, **form.cleaned_data))

    if request.method == "POST" and tried(form, work):
        return redirect(_place(made[0]))
    context = {
        "form": form,
        "title": "New questionnaire",
        "label": "Begin",
        "back_url": reverse("kyc:forms"),
        "says": "You write its questions on the next page; somebody else publishes it.",
    }
    status = REFUSED_STATUS if form.errors else 200
    return render(request, "clients/new_form.html", context, status=status)


@require_POST
@needs(MANAGE)
def form_next(request: StaffRequest, pk: UUID) -> HttpResponse:
    """The draft of the next version, or the one there is."""
    row = version_for(request.actor, pk)
    made = versions.version_begin(actor=request.actor, questionnaire=row.questionnaire)
    if made.state != VersionState.DRAFT:
        return redirect("kyc:form", pk=made.pk)
    return redirect(_place(made))


@require_POST
@needs(MANAGE)
def form_drop(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = version_for(request.actor, pk)
    try:
        versions.version_drop(actor=request.actor, pk=pk)
    except DomainError as error:
        return refused(request, error, reverse("kyc:form", args=[pk]))
    messages.success(request, f"{row} is thrown away.")
    return redirect("kyc:forms")


@require_GET
@needs(MANAGE)
def form_edit(request: StaffRequest, pk: UUID) -> HttpResponse:
    """The draft with one question open (``edit``), or a new one (``add``: after which)."""
    row = version_for(request.actor, pk)
    if row.state != VersionState.DRAFT:
        return redirect("kyc:form", pk=pk)
    form = form_of(row)
    opened = None
    code, after = request.GET.get("edit", ""), request.GET.get("add")
    question = form.question(code)
    if question is not None:
        opened = _question_form(row, form, question)
    elif after is not None:
        opened = _question_form(row, form, _blank(form))
    return _draw(request, row, opened=opened, code=code if question else "", after=after)


def _blank(form: Form) -> Question:
    return Question(edits.free_code(form), Kind.ONE, {})


def _question_form(row: FormVersion, form: Form, question: Question, data: Any = None) -> Any:
    return QuestionForm(
        data,
        form=form,
        question=question,
        edition=row.edition,
        currency=brokerage().base_currency,
    )


def _draw(
    request: StaffRequest,
    row: FormVersion,
    *,
    about: Any = None,
    test: Any = None,
    opened: Any = None,
    code: str = "",
    after: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page as the draft stands, with the forms that a person has in hand."""
    form = form_of(row)
    found = problems.problems(form)
    levels = cases.levels(request.actor.tenant_id)
    context = {
        "row": row,
        "badge": badge_of(row),
        "form_title": words(form.title, "en"),
        "lines": question_lines(form),
        "problems": found,
        "about": about
        or AboutForm(None, form=form, edition=row.edition, note=row.note, levels=levels),
        "test": test or TestForm(None, form=form, edition=row.edition),
        "score_most": problems.score_most(form),
        "opened": opened,
        "open_code": code,
        # A question that stands at the end or behind the one named.
        "open_after": after if opened and not code else None,
        "at": request.GET.get("at", ""),
        "was": request.GET.get("was", ""),
        "actions": _buttons(request, row),
    }
    return render(request, "kyc/questionnaires/builder.html", context, status=status)


def _buttons(request: StaffRequest, row: FormVersion) -> list[Button]:
    preview = reverse("kyc:form-preview", args=[row.pk])
    drop = reverse("kyc:form-drop", args=[row.pk])
    propose = reverse("kyc:form-propose", args=[row.pk])
    return [
        Button("Preview", preview, icon="eye", method="get"),
        Button(
            "Throw away",
            drop,
            kind="danger",
            confirm=f"{row} is thrown away with its {len(form_of(row).questions)} questions.",
        ),
        Button("Propose", propose, kind="primary", why_not=versions.why_not_propose(row)),
    ]


def _keep(
    request: StaffRequest, row: FormVersion, edition: int, what: str, change: Callable[[Form], Form]
) -> FormVersion:
    return version_change(
        actor=request.actor,
        pk=row.pk,
        edition=edition,
        form=change(form_of(row)),
        what=what,
    )


@require_POST
@needs(MANAGE)
def form_about(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = version_for(request.actor, pk)
    levels = cases.levels(request.actor.tenant_id)
    form = AboutForm(
        request.POST, form=form_of(row), edition=row.edition, note=row.note, levels=levels
    )

    def work() -> None:
        version_change(
            actor=request.actor,
            pk=row.pk,
            edition=form.cleaned_data["edition"],
            form=form.changed_form(),
            what="title, languages, levels",
            note=form.cleaned_data["note"],
        )

    if tried(form, work):
        messages.success(request, "Saved.")
        return redirect(f"{_place(row)}#about")
    return _draw(request, row, about=form, status=REFUSED_STATUS)


@require_POST
@needs(MANAGE)
def form_test(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = version_for(request.actor, pk)
    form = TestForm(request.POST, form=form_of(row), edition=row.edition)

    def work() -> None:
        edition = form.cleaned_data["edition"]
        _keep(request, row, edition, "its test", lambda old: replace(old, test=form.made()))

    if tried(form, work):
        messages.success(request, "The test is saved.")
        return redirect(f"{_place(row)}#test")
    return _draw(request, row, test=form, status=REFUSED_STATUS)


@require_POST
@needs(MANAGE)
def form_question(request: StaffRequest, pk: UUID, code: str) -> HttpResponse:
    """Save a question; ``new`` is put behind the one that ``add`` names. ``redraw`` draws the
    form with other fields and keeps nothing."""
    row = version_for(request.actor, pk)
    old = form_of(row)
    known = old.question(code)
    after = request.GET.get("add", "")
    form = _question_form(row, old, known or _blank(old), request.POST)
    if request.POST.get("redraw"):
        form.is_valid()  # what is wrong with numbers is said already
        return _draw(request, row, opened=form, code=code if known else "", after=after)
    if code != NEW and known is None:
        form.add_error(None, "This question is gone: a colleague removed it. Save it as a new one.")
    made: list[Question] = []

    def work() -> None:
        made.append(form.made())
        what = f"question {made[0].code}"
        edition = form.cleaned_data["edition"]
        _keep(request, row, edition, what, lambda then: edits.put(then, made[0], after=after))

    if tried(form, work):
        if request.POST.get("then") == "add":
            url = reverse("kyc:form-edit", args=[row.pk])
            return redirect(f"{url}?add={made[0].code}#question-new")
        return redirect(_place(row, made[0].code))
    row.refresh_from_db(fields=["edition", "content"])
    form.data = form.data.copy()
    form.data["edition"] = str(row.edition)
    return _draw(
        request, row, opened=form, code=code if known else "", after=after, status=REFUSED_STATUS
    )


def _at_once(
    request: StaffRequest, pk: UUID, what: str, change: Callable[[Form], tuple[Form, str]], was: str
) -> HttpResponse:
    """A button beside a question: done, or a sentence why not; back at the same place."""
    row = version_for(request.actor, pk)
    typed = request.POST.get("edition", "")
    edition = int(typed[:9]) if typed.isdigit() else 0
    try:
        after, code = change(form_of(row))
        version_change(actor=request.actor, pk=row.pk, edition=edition, form=after, what=what)
    except DomainError as error:
        return refused(request, error, _place(row))
    url = reverse("kyc:form-edit", args=[row.pk])
    return redirect(f"{url}?at={code}&was={was}#question-{code}" if code else url)


@require_POST
@needs(MANAGE)
def form_move(request: StaffRequest, pk: UUID, code: str) -> HttpResponse:
    to = request.POST.get("to", "")
    step = STEPS.get(to, 0)
    return _at_once(
        request, pk, f"the place of {code}", lambda old: (edits.moved(old, code, step), code), to
    )


@require_POST
@needs(MANAGE)
def form_copy(request: StaffRequest, pk: UUID, code: str) -> HttpResponse:
    return _at_once(
        request, pk, f"a copy of question {code}", lambda old: edits.copied(old, code), "copy"
    )


@require_POST
@needs(MANAGE)
def form_remove(request: StaffRequest, pk: UUID, code: str) -> HttpResponse:
    def change(old: Form) -> tuple[Form, str]:
        place = max(0, old.place(code) - 1)
        left = edits.removed(old, code)
        return left, left.questions[place].code if left.questions else ""

    return _at_once(request, pk, f"question {code}, removed", change, "")
