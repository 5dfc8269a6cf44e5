"""The pages of an answer, the same for a client on a link and for staff who fill it in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from kyc.questionnaires import rules
from kyc.questionnaires.filling import filling_submit, page_save, reached_words, warning_confirm
from kyc.questionnaires.forms import PREFIX, AnswerForm
from kyc.questionnaires.models import AnswerSet, Confirmation, Filling
from kyc.questionnaires.shape import LANGUAGES, Form, words
from kyc.questionnaires.states import OUTCOME_COLOURS, FillingState, Outcome
from kyc.questionnaires.versions import form_of

CHECK = "check"
REFUSED_STATUS = 422
Show = Callable[[dict[str, Any], int], HttpResponse]


@dataclass(frozen=True)
class Walk:
    """One request on the way through a filling. ``url`` is the address of all its pages; ``show``
    draws a context with a status."""

    request: HttpRequest
    actor: Actor
    filling: Filling
    url: str
    show: Show

    @property
    def form(self) -> Form:
        return form_of(self.filling.version)

    @property
    def language(self) -> str:
        """The one asked for, else the client's, else the first that there is."""
        have = self.form.languages
        asked = (self.request.GET.get("language", ""), self.filling.client.language)
        return next((each for each in asked if each in have), have[0])

    def to(self, page: int | str | None = None, language: str = "") -> str:
        """The address of a page: a number from 0, or ``CHECK``."""
        query = {}
        if page is not None:
            query["page"] = str(page + 1) if isinstance(page, int) else page
        language = language or self.request.GET.get("language", "")
        if language in LANGUAGES:
            query["language"] = language
        return f"{self.url}?{urlencode(query)}" if query else self.url


def answer(walk: Walk) -> HttpResponse:
    """What a request to a filling's address is answered with."""
    post = walk.request.method == "POST"
    if walk.filling.state in (FillingState.WARNED, FillingState.DONE):
        return _ending(walk, post)
    asked = walk.request.GET.get("page", "")
    if asked == CHECK:
        return _check(walk, post)
    number = _number(walk, asked)
    if number is None:
        return redirect(walk.to(CHECK))
    return _save(walk, number) if post else walk.show(_page(walk, number), 200)


def _number(walk: Walk, asked: str) -> int | None:
    """The page asked for where something is asked on it, else the first that is open, else the
    first while nothing was answered, else None: everything is."""
    form, answers = walk.form, walk.filling.answers
    count = len(rules.pages(form))
    if asked.isdigit() and 0 < int(asked[:6]) <= count:
        number = int(asked[:6]) - 1
        if rules.page_visible(form, answers, number):
            return number
    found = rules.page_open(form, answers)
    return 0 if found is None and not answers else found


def _page(walk: Walk, number: int) -> dict[str, Any]:
    form, answers, language = walk.form, walk.filling.answers, walk.language
    questions = rules.page_visible(form, answers, number)
    before = rules.page_before(form, answers, number)
    return {
        **_about(walk),
        "step": "page",
        "heading": words(rules.pages(form)[number].heading, language),
        "intro": words(form.intro, language) if before is None else "",
        "form": AnswerForm(questions, language, answers),
        "number": number + 1,
        "before_url": walk.to(before) if before is not None else "",
    }


def _about(walk: Walk) -> dict[str, Any]:
    form, language = walk.form, walk.language
    page = walk.request.GET.get("page", "")
    return {
        "filling": walk.filling,
        "client": walk.filling.client,
        "form_title": words(form.title, language),
        "language": language,
        "direction": "rtl" if language == "ar" else "ltr",
        "languages": [
            {
                "name": LANGUAGES[each],
                "url": walk.to(int(page) - 1 if page.isdigit() else page or None, each),
                "current": each == language,
            }
            for each in form.languages
        ]
        if len(form.languages) > 1
        else [],
        "page_count": len(rules.pages(form)),
    }


def _save(walk: Walk, number: int) -> HttpResponse:
    questions = rules.page_visible(walk.form, walk.filling.answers, number)
    typed = {each.code: walk.request.POST.getlist(PREFIX + each.code) for each in questions}
    row, errors = page_save(actor=walk.actor, filling=walk.filling, number=number, typed=typed)
    if errors:
        context = _page(walk, number)
        context["form"].refuse(typed, errors)
        context["refused_count"] = len(errors)
        return walk.show(context, REFUSED_STATUS)
    after = rules.page_after(walk.form, row.answers, number)
    if rules.page_open(walk.form, row.answers) is None and walk.request.POST.get("to") == CHECK:
        after = None
    return redirect(walk.to(after if after is not None else CHECK))


def _check(walk: Walk, post: bool) -> HttpResponse:
    """Everything once more, before it is sent."""
    form, answers = walk.form, walk.filling.answers
    missing = rules.page_open(form, answers)
    if missing is not None:
        return redirect(walk.to(missing))
    if post:
        filling_submit(actor=walk.actor, filling=walk.filling)
        return redirect(walk.to())
    place = {
        each.code: number
        for number, page in enumerate(rules.pages(form))
        for each in page.questions
    }
    language = walk.language
    lines = [
        {
            "question": words(each.text, language),
            "answer": rules.answer_words(each, answers.get(each.code), language),
            "url": walk.to(place[each.code]),
        }
        for each in rules.visible(form, answers)
    ]
    before = rules.page_before(form, answers, len(rules.pages(form)))
    url = walk.to(before) if before is not None else ""
    return walk.show({**_about(walk), "step": CHECK, "lines": lines, "before_url": url}, 200)


def _ending(walk: Walk, post: bool) -> HttpResponse:
    filling = walk.filling
    if post:
        if filling.state == FillingState.WARNED:
            warning_confirm(actor=walk.actor, filling=filling)
        return redirect(walk.to())
    row = AnswerSet.objects.filter(tenant_id=walk.actor.tenant_id, filling=filling).first()
    confirmed = Confirmation.objects.filter(tenant_id=walk.actor.tenant_id, answer_set=row).first()
    return walk.show(
        {
            **_about(walk),
            "step": "end",
            "row": row,
            "confirmed": confirmed,
            "said": reached_words(filling, walk.language),
            "colour": OUTCOME_COLOURS[Outcome(row.outcome)] if row else "good",
        },
        200,
    )


def problem(walk: Walk, error: DomainError) -> HttpResponse:
    """A refusal that came between: the page as it stands, with the sentence over it."""
    return walk.show({**_about(walk), "step": "problem", "sentence": error.sentence}, error.status)
