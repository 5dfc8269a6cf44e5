"""The forms of the builder: a question with its answers, what is said of all of them, the test."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms

from clients.models import ClientKind
from kyc.questionnaires.rules import option_words
from kyc.questionnaires.shape import (
    CHOOSING,
    KIND_LABELS,
    LANGUAGES,
    RANGED,
    SCORED,
    YES_WORDS,
    Condition,
    Form,
    Kind,
    Option,
    Passing,
    Question,
    Test,
    words,
)
from kyc.questionnaires.states import Outcome

ROWS_MIN = 4
ROWS_MORE = 3
ROWS_MAX = 40
PASSING_ROWS = 6
TEXT_MAX, HELP_MAX, OPTION_MAX = 500, 1_000, 300
OUTCOMES = [(each.value, each.label) for each in Outcome if each is not Outcome.NONE]
NUMBER = {"inputmode": "decimal", "autocomplete": "off"}


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea({"rows": rows})


class NewForm(forms.Form):
    name = forms.CharField(label="Name", max_length=120, help_text="As staff know it, for good.")


class EditionForm(forms.Form):
    """Says which edition of the draft a person had before them."""

    edition = forms.IntegerField(widget=forms.HiddenInput)
    auto = ""

    def __init__(self, data: Any, *, initial: Mapping[str, Any]) -> None:
        super().__init__(data, initial=dict(initial), auto_id=f"{self.auto}-%s")

    def texts(self, name: str, languages: Iterable[str]) -> dict[str, str]:
        """The words of ``name`` by language; what is empty is left out."""
        found = {each: self.cleaned_data.get(f"{name}_{each}", "").strip() for each in languages}
        return {each: said for each, said in found.items() if said}


def _said(label: str, language: str, languages: Sequence[str]) -> str:
    return f"{label}, {LANGUAGES[language]}" if len(languages) > 1 else label


class AboutForm(EditionForm):
    """Title, introduction, languages, which levels ask for it, what is new."""

    auto = "about"
    languages = forms.MultipleChoiceField(
        label="Languages",
        choices=list(LANGUAGES.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text="Every word is written in each of them.",
    )
    asked = forms.MultipleChoiceField(
        label="Asked by",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Cases of these levels are not submitted before it is answered.",
    )
    note = forms.CharField(label="What is new in this version", max_length=200, required=False)

    def __init__(self, data: Any, *, form: Form, edition: int, note: str, levels: Iterable[Any]):
        first: dict[str, Any] = {"edition": edition, "languages": form.languages, "note": note}
        first["asked"] = [f"{level}:{kind}" for level, kind in form.asked]
        for each in form.languages:
            first[f"title_{each}"] = form.title.get(each, "")
            first[f"intro_{each}"] = form.intro.get(each, "")
        super().__init__(data, initial=first)
        self.form = form
        for each in form.languages:
            self.fields[f"title_{each}"] = forms.CharField(
                label=_said("Title", each, form.languages), max_length=120, required=False
            )
        for each in form.languages:
            label = _said("What stands before the first question", each, form.languages)
            self.fields[f"intro_{each}"] = forms.CharField(
                label=label, max_length=HELP_MAX, required=False, widget=_area(2)
            )
        asked = self.fields["asked"]
        assert isinstance(asked, forms.MultipleChoiceField)
        asked.choices = [
            (f"{level.number}:{kind}", f"{level}, {kind_label.lower()}")
            for level in levels
            if level.number > 0
            for kind, kind_label in ClientKind.choices
        ]

    def word_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(("title", "intro"))]

    def changed_form(self) -> Form:
        chosen = [each for each in LANGUAGES if each in self.cleaned_data["languages"]]
        old, form = self.form.languages, self.form
        pairs = [each.split(":") for each in self.cleaned_data["asked"]]
        return Form(
            title={**form.title, **self.texts("title", old)},
            languages=tuple(chosen),
            intro=self.texts("intro", old),
            questions=form.questions,
            test=form.test,
            asked=tuple((int(level), kind) for level, kind in pairs),
        )


class QuestionForm(EditionForm):
    """One question. Its fields follow its kind and the languages; ``redraw`` asks for others
    without keeping anything."""

    auto = "question"
    kind = forms.ChoiceField(label="Answer", choices=[(str(k), v) for k, v in KIND_LABELS.items()])
    required = forms.BooleanField(label="Has to be answered", required=False)
    currency = forms.CharField(label="Currency of the bands", max_length=8, required=False)
    low = forms.DecimalField(label="Lowest number", required=False, widget=forms.TextInput(NUMBER))
    high = forms.DecimalField(
        label="Highest number", required=False, widget=forms.TextInput(NUMBER)
    )
    shown_if = forms.MultipleChoiceField(
        label="Asked only after", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="Answers of one earlier question; none: it is always asked.",
    )  # fmt: skip

    def __init__(
        self, data: Any, *, form: Form, question: Question, edition: int, currency: str = ""
    ) -> None:
        self.form, self.question, self.languages = form, question, form.languages
        more = data is not None and data.get("redraw") == "more"
        kind = data.get("kind") if data is not None else None
        self.kind_now = Kind(kind) if kind in list(Kind) else question.kind
        self.rows = self._count(data, more)
        super().__init__(data, initial=self._first(edition, currency))
        self._lay_words()
        self._lay_kind()
        self._lay_options()

    def _count(self, data: Any, more: bool) -> int:
        if self.kind_now == Kind.YES_NO:
            return 2
        typed = str(data.get("rows", "")) if data is not None else ""
        have = int(typed[:3]) if typed.isdigit() else max(ROWS_MIN, len(self.question.options) + 1)
        return min(ROWS_MAX, have + (ROWS_MORE if more else 0))

    def _first(self, edition: int, currency: str) -> dict[str, Any]:
        question = self.question
        found: dict[str, Any] = {
            "edition": edition,
            "kind": str(question.kind),
            "required": question.required,
            "currency": question.currency or currency,
            "low": question.low,
            "high": question.high,
        }
        if question.condition is not None:
            asked = question.condition.question
            found["shown_if"] = [f"{asked}:{each}" for each in question.condition.answers]
        for each in self.languages:
            found[f"text_{each}"] = question.text.get(each, "")
            found[f"help_{each}"] = question.help.get(each, "")
            found[f"section_{each}"] = question.section.get(each, "")
        for number, option in enumerate(question.options):
            found[f"option{number}_code"] = option.code
            found[f"option{number}_score"] = option.score
            found[f"option{number}_floor"] = option.floor
            for each in self.languages:
                found[f"option{number}_{each}"] = option.text.get(each, "")
        return found

    def _lay_words(self) -> None:
        for name, label, most, rows in (
            ("text", "Question", TEXT_MAX, 2),
            ("help", "Help beside it", HELP_MAX, 2),
            ("section", "Heading that begins a page here", 120, 0),
        ):
            for each in self.languages:
                widget = _area(rows) if rows else forms.TextInput()
                label_now = _said(label, each, self.languages)
                field = forms.CharField(
                    label=label_now, max_length=most, required=False, widget=widget
                )
                field.needed = name == "text"  # type: ignore[attr-defined]
                self.fields[f"{name}_{each}"] = field

    def _lay_kind(self) -> None:
        if self.kind_now != Kind.NUMBER:
            del self.fields["low"], self.fields["high"]
        if self.kind_now != Kind.BAND:
            del self.fields["currency"]
        place = self.form.place(self.question.code)
        earlier = self.form.questions[: place if place >= 0 else None]
        choices = [
            (
                f"{number}. {words(each.text, 'en')[:80]}",
                [(f"{each.code}:{o.code}", option_words(each, o, "en")) for o in each.options],
            )
            for number, each in enumerate(earlier, 1)
            if each.kind in CHOOSING and each.options
        ]
        shown_if = self.fields["shown_if"]
        assert isinstance(shown_if, forms.MultipleChoiceField)
        shown_if.choices = choices
        if not choices and self.question.condition is None:
            del self.fields["shown_if"]

    def _lay_options(self) -> None:
        if self.kind_now not in SCORED:
            self.rows = 0
        for number in range(self.rows):
            name = f"option{number}"
            self.fields[f"{name}_code"] = forms.SlugField(
                max_length=20, required=False, widget=forms.HiddenInput
            )
            if self.kind_now in RANGED:
                self.fields[f"{name}_floor"] = forms.DecimalField(
                    label=f"Range {number + 1} begins at", required=False, max_digits=18,
                    decimal_places=6, widget=forms.TextInput(NUMBER),
                )  # fmt: skip
            elif self.kind_now != Kind.YES_NO:
                for each in self.languages:
                    label = _said(f"Answer {number + 1}", each, self.languages)
                    self.fields[f"{name}_{each}"] = forms.CharField(
                        label=label, max_length=OPTION_MAX, required=False
                    )
            self.fields[f"{name}_score"] = forms.IntegerField(
                label=f"Points of answer {number + 1}",
                required=False,
                min_value=-1000,
                max_value=1000,
                widget=forms.TextInput(NUMBER),
            )

    # -- for the template ----------------------------------------------------------------------

    def word_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("text_")]

    def help_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("help_")]

    def heading_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("section_")]

    def other_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("currency", "low", "high") if name in self.fields]

    def option_heads(self) -> list[str]:
        if self.kind_now in RANGED:
            return ["From"]
        if self.kind_now == Kind.YES_NO:
            return ["Answer"]
        many = len(self.languages) > 1
        return [LANGUAGES[each] if many else "Answer" for each in self.languages]

    def option_rows(self) -> list[dict[str, Any]]:
        found = []
        for number in range(self.rows):
            name = f"option{number}"
            cells = [
                self[field]
                for field in self.fields
                if field.startswith(f"{name}_") and not field.endswith(("_code", "_score"))
            ]
            fixed = YES_WORDS["en"][number] if self.kind_now == Kind.YES_NO else ""
            found.append(
                {
                    "code": self[f"{name}_code"],
                    "cells": cells,
                    "score": self[f"{name}_score"],
                    "fixed": fixed,
                }
            )
        return found

    # -- what was typed ------------------------------------------------------------------------

    def clean_shown_if(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["shown_if"]
        if len({each.partition(":")[0] for each in chosen}) > 1:
            raise forms.ValidationError("Choose answers of one question only.")
        return chosen

    def made(self) -> Question:
        """The question as it was typed; what is missing is said before it is published."""
        found, kind = self.cleaned_data, Kind(self.cleaned_data["kind"])
        chosen = [each.split(":", 1) for each in found.get("shown_if", ())]
        condition = Condition(chosen[0][0], tuple(each[1] for each in chosen)) if chosen else None
        return Question(
            code=self.question.code,
            kind=kind,
            text=self.texts("text", self.languages),
            help=self.texts("help", self.languages),
            required=found["required"],
            options=tuple(self._options(kind)),
            condition=condition,
            section=self.texts("section", self.languages),
            low=found.get("low"),
            high=found.get("high"),
            currency=found.get("currency", "").strip().upper(),
        )

    def _options(self, kind: Kind) -> Iterable[Option]:
        taken = {self.cleaned_data.get(f"option{n}_code", "") for n in range(self.rows)}
        free = (code for n in range(1, 2 * ROWS_MAX) if (code := f"a{n}") not in taken)
        for number in range(self.rows):
            name = f"option{number}"
            score = self.cleaned_data.get(f"{name}_score") or 0
            if kind == Kind.YES_NO:
                text = {each: YES_WORDS[each][number] for each in self.languages}
                yield Option(("yes", "no")[number], text, score)
                continue
            floor: Decimal | None = self.cleaned_data.get(f"{name}_floor")
            text = self.texts(name, self.languages)
            if floor is None and not text:
                continue
            code = self.cleaned_data.get(f"{name}_code") or next(free)
            yield Option(code, text, score, floor)


class TestForm(EditionForm):
    """Ends by points, attempts, the cap."""

    __test__ = False  # no test of pytest's

    auto = "test"
    is_test = forms.BooleanField(label="Its points decide about live accounts", required=False)
    attempts = forms.IntegerField(label="Attempts", required=False, min_value=1, max_value=20)
    period_days = forms.IntegerField(
        label="Counted within days", required=False, min_value=1, max_value=3650
    )
    cooling_hours = forms.IntegerField(
        label="Hours between two", required=False, min_value=0, max_value=8784
    )
    leverage_max = forms.IntegerField(
        label="Leverage where it is capped, 1 to", required=False, min_value=1, max_value=500
    )

    def __init__(self, data: Any, *, form: Form, edition: int) -> None:
        test = form.test or Test(())
        first: dict[str, Any] = {
            "edition": edition,
            "is_test": form.test is not None,
            "attempts": test.attempts,
            "period_days": test.period_days,
            "cooling_hours": test.cooling_hours,
            "leverage_max": test.leverage_max,
        }
        for number, passing in enumerate(test.passing):
            first[f"end{number}_floor"] = passing.floor
            first[f"end{number}_outcome"] = passing.outcome
            for each in form.languages:
                first[f"end{number}_{each}"] = passing.text.get(each, "")
        super().__init__(data, initial=first)
        self.form = form
        for number in range(PASSING_ROWS):
            self.fields[f"end{number}_floor"] = forms.IntegerField(
                label=f"End {number + 1} begins at", required=False, min_value=0, max_value=100_000,
                widget=forms.TextInput(NUMBER),
            )  # fmt: skip
            self.fields[f"end{number}_outcome"] = forms.ChoiceField(
                label=f"End {number + 1}", choices=OUTCOMES, required=False
            )
            for each in form.languages:
                label = _said(f"Words of end {number + 1}", each, form.languages)
                self.fields[f"end{number}_{each}"] = forms.CharField(
                    label=label, max_length=HELP_MAX, required=False, widget=_area(2)
                )

    def figure_fields(self) -> list[forms.BoundField]:
        names = ("attempts", "period_days", "cooling_hours", "leverage_max")
        return [self[name] for name in names]

    def end_heads(self) -> list[str]:
        many = len(self.form.languages) > 1
        return [
            LANGUAGES[each] if many else "What the client reads" for each in self.form.languages
        ]

    def end_rows(self) -> list[list[forms.BoundField]]:
        return [
            [self[name] for name in self.fields if name.startswith(f"end{number}_")]
            for number in range(PASSING_ROWS)
        ]

    def made(self) -> Test | None:
        found: Mapping[str, Any] = self.cleaned_data
        if not found["is_test"]:
            return None
        rows = [
            Passing(
                found[f"end{number}_floor"],
                found[f"end{number}_outcome"],
                self.texts(f"end{number}", self.form.languages),
            )
            for number in range(PASSING_ROWS)
            if found.get(f"end{number}_floor") is not None
        ]
        usual = Test(())
        return Test(
            passing=tuple(sorted(rows, key=lambda each: each.floor)),
            attempts=found["attempts"] or usual.attempts,
            period_days=found["period_days"] or usual.period_days,
            cooling_hours=usual.cooling_hours
            if found["cooling_hours"] is None
            else found["cooling_hours"],
            leverage_max=found["leverage_max"],
        )
