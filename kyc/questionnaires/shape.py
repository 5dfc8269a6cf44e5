"""What a questionnaire is made of, and how a version keeps it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

Text = Mapping[str, str]  # words by language
Answer = str | list[str]


class Kind(StrEnum):
    ONE = "one"
    SEVERAL = "several"
    YES_NO = "yes_no"
    NUMBER = "number"
    BAND = "band"
    TEXT = "text"
    DATE = "date"


KIND_LABELS = {
    Kind.ONE: "One of several answers",
    Kind.SEVERAL: "Any of several answers",
    Kind.YES_NO: "Yes or no",
    Kind.NUMBER: "A number",
    Kind.BAND: "A band of an amount",
    Kind.TEXT: "Words",
    Kind.DATE: "A date",
}
# Questions whose answer can decide whether a later one is asked.
CHOOSING = frozenset({Kind.ONE, Kind.SEVERAL, Kind.YES_NO, Kind.BAND})
# Answers that begin at a number: the next one's beginning ends it.
RANGED = frozenset({Kind.NUMBER, Kind.BAND})
SCORED = CHOOSING | {Kind.NUMBER}
LANGUAGES = {
    "en": "English", "de": "German", "el": "Greek", "es": "Spanish", "fr": "French",
    "it": "Italian", "pl": "Polish", "pt": "Portuguese", "ar": "Arabic",
}  # fmt: skip
YES_WORDS = {
    "en": ("Yes", "No"), "de": ("Ja", "Nein"), "el": ("Ναι", "Όχι"), "es": ("Sí", "No"),
    "fr": ("Oui", "Non"), "it": ("Sì", "No"), "pl": ("Tak", "Nie"), "pt": ("Sim", "Não"),
    "ar": ("نعم", "لا"),
}  # fmt: skip


@dataclass(frozen=True)
class Option:
    """An answer to choose, or a range that begins at ``floor``. ``score`` is points."""

    code: str
    text: Text = field(default_factory=dict)
    score: int = 0
    floor: Decimal | None = None


@dataclass(frozen=True)
class Condition:
    """The question is asked when ``question`` was answered with any of ``answers``."""

    question: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """``section`` is a heading that begins a page; ``currency`` is of bands; ``low`` and ``high``
    bound a number."""

    code: str
    kind: Kind
    text: Text
    help: Text = field(default_factory=dict)
    required: bool = True
    options: tuple[Option, ...] = ()
    condition: Condition | None = None
    section: Text = field(default_factory=dict)
    low: Decimal | None = None
    high: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True)
class Passing:
    """From ``floor`` points on, the test ends in ``outcome`` (see ``states.Outcome``), and the
    client reads ``text``."""

    floor: int
    outcome: str
    text: Text = field(default_factory=dict)


@dataclass(frozen=True)
class Test:
    """What makes a questionnaire a test. ``attempts`` within ``period_days``, with at least
    ``cooling_hours`` between two; ``leverage_max`` is 1:N of the outcome cap."""

    __test__ = False  # no test of pytest's

    passing: tuple[Passing, ...]
    attempts: int = 3
    period_days: int = 365
    cooling_hours: int = 24
    leverage_max: int | None = None


@dataclass(frozen=True)
class Form:
    """``asked``: (level, kind of client) whose cases ask for it."""

    title: Text
    languages: tuple[str, ...] = ("en",)
    intro: Text = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    test: Test | None = None
    asked: tuple[tuple[int, str], ...] = ()

    def place(self, code: str) -> int:
        """Where a question stands, from 0; -1 when there is none."""
        return next((n for n, each in enumerate(self.questions) if each.code == code), -1)

    def question(self, code: str) -> Question | None:
        return next((each for each in self.questions if each.code == code), None)


def words(text: Text, language: str) -> str:
    """In this language, else in English, else in whichever there is."""
    return text.get(language) or text.get("en") or next(iter(text.values()), "")


def _number(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def dump_question(question: Question) -> dict[str, Any]:
    return {
        "code": question.code,
        "kind": str(question.kind),
        "text": dict(question.text),
        "help": dict(question.help),
        "required": question.required,
        "options": [
            {
                "code": option.code,
                "text": dict(option.text),
                "score": option.score,
                "floor": _number(option.floor),
            }
            for option in question.options
        ],
        "condition": (
            [question.condition.question, list(question.condition.answers)]
            if question.condition
            else None
        ),
        "section": dict(question.section),
        "low": _number(question.low),
        "high": _number(question.high),
        "currency": question.currency,
    }


def dump(form: Form) -> dict[str, Any]:
    test = form.test
    return {
        "title": dict(form.title),
        "languages": list(form.languages),
        "intro": dict(form.intro),
        "questions": [dump_question(each) for each in form.questions],
        "test": None
        if test is None
        else {
            "passing": [[each.floor, each.outcome, dict(each.text)] for each in test.passing],
            "attempts": test.attempts,
            "period_days": test.period_days,
            "cooling_hours": test.cooling_hours,
            "leverage_max": test.leverage_max,
        },
        "asked": [list(each) for each in form.asked],
    }


def _decimal(kept: str | None) -> Decimal | None:
    return None if kept is None else Decimal(kept)


def load_question(kept: Mapping[str, Any]) -> Question:
    condition = kept["condition"]
    return Question(
        code=kept["code"],
        kind=Kind(kept["kind"]),
        text=kept["text"],
        help=kept["help"],
        required=kept["required"],
        options=tuple(
            Option(each["code"], each["text"], each["score"], _decimal(each["floor"]))
            for each in kept["options"]
        ),
        condition=Condition(condition[0], tuple(condition[1])) if condition else None,
        section=kept["section"],
        low=_decimal(kept["low"]),
        high=_decimal(kept["high"]),
        currency=kept["currency"],
    )


def load(kept: Mapping[str, Any]) -> Form:
    test = kept["test"]
    return Form(
        title=kept["title"],
        languages=tuple(kept["languages"]),
        intro=kept["intro"],
        questions=tuple(load_question(each) for each in kept["questions"]),
        test=None
        if test is None
        else Test(
            passing=tuple(Passing(*each) for each in test["passing"]),
            attempts=test["attempts"],
            period_days=test["period_days"],
            cooling_hours=test["cooling_hours"],
            leverage_max=test["leverage_max"],
        ),
        asked=tuple((level, kind) for level, kind in kept["asked"]),
    )
