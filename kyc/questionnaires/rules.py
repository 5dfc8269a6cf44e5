"""What is asked after what was answered, what an answer may be, and what it all scores. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from kyc.questionnaires.problems import question_most
from kyc.questionnaires.shape import (
    Answer,
    Form,
    Kind,
    Option,
    Passing,
    Question,
    Test,
    Text,
    words,
)
from kyc.questionnaires.states import Outcome

Answers = Mapping[str, Answer]
TEXT_CHARS_MAX = 1_000
_NUMBER = re.compile(r"-?\d{1,12}(?:[.,]\d{1,6})?")
_YEARS = (1900, 2200)
_KEPT_CONTROL = "\n"


class BadAnswer(Exception):  # noqa: N818 - reads as what it is
    """What was typed is no answer; the words say why."""


@dataclass(frozen=True)
class Page:
    """Questions that stand together. Those that depend on an answer come on a later page than it,
    so that what is asked never changes under somebody's hands."""

    heading: Text
    questions: tuple[Question, ...]


def pages(form: Form) -> list[Page]:
    found: list[Page] = []
    heading: Text = {}
    here: list[Question] = []
    for question in form.questions:
        depends = question.condition is not None and any(
            each.code == question.condition.question for each in here
        )
        if here and (depends or any(question.section.values())):
            found.append(Page(heading, tuple(here)))
            here = []
        if any(question.section.values()):
            heading = question.section
        here.append(question)
    if here:
        found.append(Page(heading, tuple(here)))
    return found


def chosen(answer: Answer | None) -> set[str]:
    if answer is None or answer == "":
        return set()
    return {answer} if isinstance(answer, str) else set(answer)


def visible(form: Form, answers: Answers) -> list[Question]:
    """The questions that these answers lead to, in order."""
    found: list[Question] = []
    seen: set[str] = set()
    for question in form.questions:
        condition = question.condition
        if condition is not None:
            given = chosen(answers.get(condition.question))
            if condition.question not in seen or not given & set(condition.answers):
                continue
        seen.add(question.code)
        found.append(question)
    return found


def page_visible(form: Form, answers: Answers, number: int) -> list[Question]:
    """What is asked on a page (from 0), after these answers."""
    asked = {question.code for question in visible(form, answers)}
    return [each for each in pages(form)[number].questions if each.code in asked]


def page_after(form: Form, answers: Answers, number: int) -> int | None:
    """The next page on which something is asked; None after the last."""
    later = range(number + 1, len(pages(form)))
    return next((each for each in later if page_visible(form, answers, each)), None)


def page_before(form: Form, answers: Answers, number: int) -> int | None:
    sooner = range(min(number, len(pages(form))) - 1, -1, -1)
    return next((each for each in sooner if page_visible(form, answers, each)), None)


def answered(question: Question, answers: Answers) -> bool:
    return bool(chosen(answers.get(question.code)))


def open_questions(form: Form, answers: Answers) -> list[Question]:
    """What has to be answered still."""
    return [
        each for each in visible(form, answers) if each.required and not answered(each, answers)
    ]


def page_open(form: Form, answers: Answers) -> int | None:
    """The first page with a question to be answered still."""
    waiting = {question.code for question in open_questions(form, answers)}
    for number, page in enumerate(pages(form)):
        if any(each.code in waiting for each in page.questions):
            return number
    return None


# -- one answer --------------------------------------------------------------------------------


def read(question: Question, typed: Sequence[str]) -> Answer | None:
    """What was typed as an answer; None for nothing. Raises ``BadAnswer``."""
    given = [each.strip() for each in typed if each.strip()]
    if not given:
        return None
    if question.kind == Kind.SEVERAL:
        return _several(question, given)
    if len(given) > 1:
        raise BadAnswer("Give one answer.")
    if question.kind in (Kind.ONE, Kind.YES_NO, Kind.BAND):
        return _several(question, given)[0]
    if question.kind == Kind.NUMBER:
        return _number(question, given[0])
    if question.kind == Kind.DATE:
        return _date(given[0])
    return _text(given[0])


def _several(question: Question, given: Sequence[str]) -> list[str]:
    known = [option.code for option in question.options]
    if set(given) - set(known):
        raise BadAnswer("Choose from the answers.")
    return [code for code in known if code in given]


def _number(question: Question, typed: str) -> str:
    plain = typed.replace(" ", "").replace("\u00a0", "")
    if not _NUMBER.fullmatch(plain):
        raise BadAnswer("Write a number, such as 12 or 12.5.")
    value = Decimal(plain.replace(",", "."))
    low, high = question.low, question.high
    if low is not None and value < low:
        raise BadAnswer(f"At least {low:f}.")
    if high is not None and value > high:
        raise BadAnswer(f"At most {high:f}.")
    return format(value, "f")


def _date(typed: str) -> str:
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        raise BadAnswer("Write a date, such as 2026-03-31.") from None
    if not _YEARS[0] <= day.year <= _YEARS[1]:
        raise BadAnswer(f"A year between {_YEARS[0]} and {_YEARS[1]}.")
    return day.isoformat()


def _text(typed: str) -> str:
    tidy = "".join(
        char
        for char in typed.replace("\r\n", "\n")
        if char in _KEPT_CONTROL or unicodedata.category(char) not in ("Cc", "Cs", "Co", "Cn")
    ).strip()
    if len(tidy) > TEXT_CHARS_MAX:
        raise BadAnswer(f"At most {TEXT_CHARS_MAX} characters fit.")
    return tidy


def option_words(question: Question, option: Option, language: str) -> str:
    """An answer as people read it; a band in its amounts."""
    if question.kind != Kind.BAND:
        return words(option.text, language)
    place = question.options.index(option)
    later = question.options[place + 1 : place + 2]
    unit = question.currency
    if not later or later[0].floor is None:
        return f"{option.floor or 0:,.0f} {unit} or more"
    if not option.floor:
        return f"under {later[0].floor:,.0f} {unit}"
    return f"{option.floor:,.0f} to {later[0].floor:,.0f} {unit}"


def answer_words(question: Question, answer: Answer | None, language: str = "en") -> str:
    if answer is None:
        return ""
    if question.kind in (Kind.NUMBER, Kind.TEXT, Kind.DATE):
        return str(answer)
    codes = chosen(answer)
    return ", ".join(
        option_words(question, option, language)
        for option in question.options
        if option.code in codes
    )


# -- all of them -------------------------------------------------------------------------------


def points(question: Question, answer: Answer | None) -> int:
    if answer is None:
        return 0
    if question.kind == Kind.NUMBER:
        value = Decimal(str(answer))
        under = [
            each for each in question.options if each.floor is not None and each.floor <= value
        ]
        return under[-1].score if under else 0
    codes = chosen(answer)
    scores = [option.score for option in question.options if option.code in codes]
    return max(0, sum(scores)) if question.kind == Kind.SEVERAL else sum(scores)


@dataclass(frozen=True)
class Result:
    """``lines``: question, answer, points (None where none are given); ``score`` None where the
    questionnaire is no test. ``passing`` is what the score came to."""

    lines: tuple[tuple[str, str, int | None], ...]
    score: int | None
    score_max: int | None
    outcome: Outcome
    leverage_max: int | None
    passing: Passing | None


def result(form: Form, answers: Answers, language: str = "en") -> Result:
    """What these answers come to. ``answers`` beside what is asked are left out."""
    asked = visible(form, answers)
    lines = tuple(
        (
            words(question.text, language),
            answer_words(question, answers.get(question.code), language),
            points(question, answers.get(question.code)) if question_most(question) else None,
        )
        for question in asked
    )
    if form.test is None:
        return Result(lines, None, None, Outcome.NONE, None, None)
    score = sum(points(question, answers.get(question.code)) for question in asked)
    reached = [each for each in form.test.passing if each.floor <= max(score, 0)]
    passing = reached[-1]
    outcome = Outcome(passing.outcome)
    cap = form.test.leverage_max if outcome is Outcome.CAP else None
    most = sum(question_most(question) for question in asked)
    return Result(lines, score, most, outcome, cap, passing)


def why_not_again(test: Test, before: Sequence[datetime], moment: datetime) -> str:
    """Why a test can't be begun now; ``before``: when it was answered, in any order."""
    recent = sorted(each for each in before if each > moment - timedelta(days=test.period_days))
    if len(recent) >= test.attempts:
        free = recent[-test.attempts] + timedelta(days=test.period_days)
        times = "once" if test.attempts == 1 else f"{test.attempts} times"
        return (
            f"It can be taken {times} within {test.period_days} days, and was. "
            f"The next time is from {free:%-d %B %Y}."
        )
    if recent:
        free = recent[-1] + timedelta(hours=test.cooling_hours)
        if moment < free:
            return f"The next attempt can begin from {free:%-d %B %Y, %H:%M} UTC."
    return ""
