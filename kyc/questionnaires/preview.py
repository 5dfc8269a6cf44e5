"""A version as a client would see it. Nothing is kept: what was answered goes along in the page."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from backoffice.staff.access import StaffRequest, needs
from kyc.questionnaires import rules
from kyc.questionnaires.forms import PREFIX, AnswerForm
from kyc.questionnaires.pages import VIEW, version_for
from kyc.questionnaires.problems import problems
from kyc.questionnaires.rules import BadAnswer
from kyc.questionnaires.shape import LANGUAGES, Answer, Form, words
from kyc.questionnaires.states import OUTCOME_COLOURS
from kyc.questionnaires.versions import form_of


@require_http_methods(["GET", "POST"])
@needs(VIEW)
def form_preview(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = version_for(request.actor, pk)
    form = form_of(row)
    asked = request.GET.get("language", "")
    language = asked if asked in form.languages else form.languages[0]
    context: dict[str, Any] = {
        "row": row,
        "form_title": words(form.title, language),
        "language": language,
        "direction": "rtl" if language == "ar" else "ltr",
        "languages": [
            {"name": LANGUAGES[each], "url": f"?language={each}", "current": each == language}
            for each in form.languages
        ],
        "back_url": reverse("kyc:form", args=[pk]),
        "page_count": len(rules.pages(form)),
        "problems": problems(form),
    }
    if form.questions and not _broken(form):
        context |= _walked(request, form, language)
    return render(request, "kyc/questionnaires/preview.html", context)


def _broken(form: Form) -> bool:
    """Whether the test has nowhere to end, so that it can't be walked through."""
    passing = form.test.passing if form.test else None
    return passing is not None and (not passing or passing[0].floor != 0)


def _typed(request: StaffRequest, form: Form) -> tuple[dict[str, Answer], dict[str, str]]:
    answers: dict[str, Answer] = {}
    errors = {}
    for question in form.questions:
        try:
            answer = rules.read(question, request.POST.getlist(PREFIX + question.code))
        except BadAnswer as error:
            errors[question.code] = str(error)
            continue
        if answer is not None:
            answers[question.code] = answer
    return answers, errors


def _walked(request: StaffRequest, form: Form, language: str) -> dict[str, Any]:
    answers, errors = _typed(request, form)
    count = len(rules.pages(form))
    typed = request.POST.get("page", "")
    here = min(int(typed[:4]), count) - 1 if typed.isdigit() and int(typed[:4]) > 0 else None
    number: int | None = 0 if here is None else here
    if here is not None:
        shown = rules.page_visible(form, answers, here)
        for each in shown:
            if each.required and not rules.answered(each, answers):
                errors.setdefault(each.code, "Please answer this.")
        if not any(each.code in errors for each in shown):
            number, errors = rules.page_after(form, answers, here), {}
    if number is None:
        found = rules.result(form, answers, language)
        said = words(found.passing.text, language) if found.passing else ""
        return {"result": found, "said": said, "colour": OUTCOME_COLOURS[found.outcome]}
    questions = rules.page_visible(form, answers, number)
    page = AnswerForm(questions, language, answers)
    if errors:
        page.refuse({}, errors)
    on_page = {each.code for each in questions}
    kept = [
        (PREFIX + code, value)
        for code, answer in answers.items()
        if code not in on_page
        for value in ([answer] if isinstance(answer, str) else answer)
    ]
    return {
        "page_form": page,
        "number": number + 1,
        "kept": kept,
        "heading": words(rules.pages(form)[number].heading, language),
        "intro": words(form.intro, language) if number == 0 else "",
    }
