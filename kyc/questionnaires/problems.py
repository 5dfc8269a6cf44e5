"""What is wrong with a questionnaire, a sentence each; none of it may be published. Pure."""

from collections.abc import Iterator
from decimal import Decimal

from kyc.questionnaires.shape import (
    CHOOSING,
    LANGUAGES,
    RANGED,
    Form,
    Kind,
    Question,
    Test,
    Text,
)
from kyc.questionnaires.states import Outcome

QUESTIONS_MAX = 100
OPTIONS_MAX = 40
SCORE_MAX = 1_000
ATTEMPTS_MAX = 20
PERIOD_DAYS_MAX = 3_650
COOLING_HOURS_MAX = 24 * 366
LEVERAGE_MAX = 500


def problems(form: Form) -> list[str]:
    """Empty when it can be published."""
    found = list(_whole(form))
    for number, question in enumerate(form.questions, 1):
        found += [f"Question {number} {what}" for what in _question(form, question)]
        found += [f"Question {number} {what}" for what in _condition(form, number - 1)]
    if form.test is not None:
        found += _test(form, form.test)
    return found


def _whole(form: Form) -> Iterator[str]:
    if not form.questions:
        yield "There is no question in it."
    if len(form.questions) > QUESTIONS_MAX:
        yield f"More than {QUESTIONS_MAX} questions do not fit."
    for language in form.languages:
        if not form.title.get(language):
            yield f"Its title is missing in {LANGUAGES[language]}."
    codes = [question.code for question in form.questions]
    if len(codes) != len(set(codes)):
        yield "Two questions have one code."


def _missing(form: Form, text: Text) -> str:
    """The languages in which words are missing."""
    return ", ".join(LANGUAGES[each] for each in form.languages if not text.get(each))


def _question(form: Form, question: Question) -> Iterator[str]:
    if missing := _missing(form, question.text):
        yield f"has no words in {missing}."
    for name, text in (("help", question.help), ("heading", question.section)):
        missing = _missing(form, text) if any(text.values()) else ""
        if missing:
            yield f"has no {name} in {missing}."
    options = question.options
    if question.kind in CHOOSING and len(options) < 2:
        yield "needs two answers to choose from at least."
    if len(options) > OPTIONS_MAX:
        yield f"has more than {OPTIONS_MAX} answers."
    if question.kind in (Kind.ONE, Kind.SEVERAL, Kind.YES_NO):
        for number, option in enumerate(options, 1):
            if missing := _missing(form, option.text):
                yield f"has no words for answer {number} in {missing}."
    if any(abs(option.score) > SCORE_MAX for option in options):
        yield f"gives more than {SCORE_MAX} points for an answer."
    yield from _ranges(question)


def _ranges(question: Question) -> Iterator[str]:
    if question.kind not in RANGED:
        return
    floors = [option.floor for option in question.options]
    if None in floors:
        yield "has a range that begins nowhere."
        return
    known = [floor for floor in floors if floor is not None]
    if any(later <= sooner for sooner, later in zip(known, known[1:], strict=False)):
        yield "has ranges that do not rise: each begins above the one before."
    if question.kind == Kind.BAND and known and known[0] != 0:
        yield "has bands that do not begin at nothing: let the first begin at 0."
    if question.kind == Kind.BAND and not question.currency:
        yield "needs the currency of its bands."
    if question.low is not None and question.high is not None and question.low > question.high:
        yield "has a lowest number above its highest."
    if question.kind == Kind.NUMBER and known and known[0] > (question.low or Decimal(0)):
        yield "gives points from a number on that is above the lowest: let the first begin there."


def _condition(form: Form, place: int) -> Iterator[str]:
    """Only an earlier question may decide whether one is asked, so no circle can come to be."""
    question = form.questions[place]
    if question.condition is None:
        return
    asked = form.place(question.condition.question)
    if asked == -1:
        yield "depends on a question that is gone."
        return
    if asked == place:
        yield "depends on its own answer."
        return
    if asked > place:
        yield f"depends on question {asked + 1}, which comes after it."
        return
    other = form.questions[asked]
    if other.kind not in CHOOSING:
        yield f"depends on question {asked + 1}, which has no answers to choose from."
        return
    known = {option.code for option in other.options}
    if not question.condition.answers:
        yield f"depends on question {asked + 1}, but on none of its answers."
    elif set(question.condition.answers) - known:
        yield f"depends on an answer of question {asked + 1} that is gone."


def _test(form: Form, test: Test) -> Iterator[str]:
    floors = [each.floor for each in test.passing]
    most = score_most(form)
    if len(floors) < 2:
        yield "A test needs two outcomes at least."
    elif floors[0] != 0:
        yield "The first outcome of the test begins at 0 points."
    if any(later <= sooner for sooner, later in zip(floors, floors[1:], strict=False)):
        yield "Outcomes of the test do not rise: each begins above the one before."
    if floors and max(floors) > most:
        yield f"The last outcome begins at {max(floors)} points; at most {most} can be reached."
    for each in test.passing:
        if each.outcome not in (Outcome.ALLOW, Outcome.WARN, Outcome.CAP, Outcome.BLOCK):
            yield "An outcome of the test is not known."
        missing = _missing(form, each.text)
        if missing:
            yield f"The outcome from {each.floor} points on says nothing in {missing}."
    caps = any(each.outcome == Outcome.CAP for each in test.passing)
    if caps and not 1 <= (test.leverage_max or 0) <= LEVERAGE_MAX:
        yield f"An outcome caps leverage: say at what, between 1 and {LEVERAGE_MAX}."
    if not 1 <= test.attempts <= ATTEMPTS_MAX:
        yield f"Attempts are 1 to {ATTEMPTS_MAX}."
    if not 1 <= test.period_days <= PERIOD_DAYS_MAX:
        yield f"Attempts are counted within 1 to {PERIOD_DAYS_MAX} days."
    if not 0 <= test.cooling_hours <= COOLING_HOURS_MAX:
        yield f"The time between two attempts is 0 to {COOLING_HOURS_MAX} hours."


def score_most(form: Form) -> int:
    """The most points that answers can give."""
    return sum(question_most(question) for question in form.questions)


def question_most(question: Question) -> int:
    scores = [option.score for option in question.options]
    if question.kind == Kind.SEVERAL:
        return sum(score for score in scores if score > 0)
    return max([0, *scores])
