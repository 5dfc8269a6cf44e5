"""Changes to the questions of a draft: put in, put in place of, moved, copied, taken out. Pure."""

from dataclasses import replace

from backoffice.core.errors import InvalidInput, StateConflict
from kyc.questionnaires.problems import QUESTIONS_MAX
from kyc.questionnaires.shape import Form, Question


def free_code(form: Form) -> str:
    """A code that no question has."""
    taken = {question.code for question in form.questions}
    return next(code for n in range(1, len(taken) + 2) if (code := f"q{n}") not in taken)


def put(form: Form, question: Question, *, after: str = "") -> Form:
    """In place of the question of its code; a new one after ``after``, else at the end."""
    place = form.place(question.code)
    rows = list(form.questions)
    if place >= 0:
        rows[place] = question
        return replace(form, questions=tuple(rows))
    if len(rows) >= QUESTIONS_MAX:
        raise StateConflict(f"More than {QUESTIONS_MAX} questions do not fit.")
    before = form.place(after)
    rows.insert(before + 1 if before >= 0 else len(rows), question)
    return replace(form, questions=tuple(rows))


def _known(form: Form, code: str) -> int:
    place = form.place(code)
    if place < 0:
        raise InvalidInput("This question is gone. Look at the page anew.")
    return place


def moved(form: Form, code: str, by: int) -> Form:
    """One place up (-1) or down (1). What depends on a question stays behind it."""
    place = _known(form, code)
    other = place + by
    if not 0 <= other < len(form.questions):
        raise StateConflict("It stands at the end already.")
    rows = list(form.questions)
    rows[place], rows[other] = rows[other], rows[place]
    first, second = min(place, other), max(place, other)
    condition = rows[first].condition
    if condition is not None and condition.question == rows[second].code:
        raise StateConflict(
            f"Question {second + 1} is asked after question {first + 1}: it depends on its answer."
        )
    return replace(form, questions=tuple(rows))


def removed(form: Form, code: str) -> Form:
    _known(form, code)
    needing = [
        str(number)
        for number, each in enumerate(form.questions, 1)
        if each.condition is not None and each.condition.question == code
    ]
    if needing:
        raise StateConflict(
            f"Question {', '.join(needing)} depends on it: change that first. Nothing was removed."
        )
    rows = tuple(each for each in form.questions if each.code != code)
    return replace(form, questions=rows)


def copied(form: Form, code: str) -> tuple[Form, str]:
    """A copy stands behind it; with the copy's code."""
    question = form.questions[_known(form, code)]
    made = replace(question, code=free_code(form), section={})
    return put(form, made, after=code), made.code
