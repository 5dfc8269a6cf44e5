"""The form of a version of the risk model: numbers for each figure, countries a line each."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms

from clients.forms import DateInput
from clients.models import Occupation
from compliance.risk.rules import (
    CHANNELS,
    EVIDENCE,
    FACTORS,
    INSTRUMENTS,
    KINDS,
    LEVEL_MAX,
    Model,
    complete,
)

CALL = "call"
TABLES: dict[str, tuple[str, dict[str, str]]] = {
    "kind": ("Type of client", KINDS),
    "occupation": ("Occupation", {str(value): str(label) for value, label in Occupation.choices}),
    "instrument": ("Payment methods", INSTRUMENTS),
    "channel": ("Channel", CHANNELS),
    "evidence": ("Evidence of the source of funds", EVIDENCE),
}


def _number(label: str) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=LEVEL_MAX)


class ModelForm(forms.Form):
    """``initial`` is a model as ``rules.dump`` writes it."""

    note = forms.CharField(label="What is new in it", max_length=200)
    medium = _number("Medium from")
    high = _number("High from")
    countries = forms.CharField(
        label="Countries",
        widget=forms.Textarea({"rows": 12, "spellcheck": "false"}),
        help_text="One in a line: its two letters and its level, such as NG 80. Add “call” where"
        " the FATF calls for action; such a client is never below high.",
    )
    other_countries = _number("All other countries")
    countries_source = forms.CharField(label="Where the list is from", max_length=200)
    countries_as_of = forms.DateField(label="The list's date", widget=DateInput())

    def __init__(self, data: Any, *, model: Mapping[str, Any]) -> None:
        super().__init__(data, initial=_initial(model))
        for factor in FACTORS:
            self.fields[f"weight_{factor.code}"] = _number(factor.title)
        for table, (_, answers) in TABLES.items():
            for answer, label in answers.items():
                self.fields[f"{table}_{answer}"] = _number(label)

    def weights(self) -> list[forms.BoundField]:
        return [self[f"weight_{factor.code}"] for factor in FACTORS]

    def tables(self) -> Iterator[tuple[str, list[forms.BoundField]]]:
        for table, (title, answers) in TABLES.items():
            yield title, [self[f"{table}_{answer}"] for answer in answers]

    def clean_countries(self) -> dict[str, Any]:
        levels: dict[str, int] = {}
        called: list[str] = []
        for number, line in enumerate(self.cleaned_data["countries"].splitlines(), 1):
            words = line.upper().split()
            if not words:
                continue
            good = len(words) in (2, 3) and words[1].isdigit() and words[2:] in ([], [CALL.upper()])
            if not good or words[0] in levels:
                why = "is there twice" if words[0] in levels else "is not a country and a level"
                raise forms.ValidationError(f"Line {number}, “{line.strip()[:40]}”, {why}.")
            levels[words[0]] = int(words[1][:4])
            called += [words[0]] if words[2:] else []
        return {"levels": levels, "called": called}

    def model(self) -> Model:
        found = self.cleaned_data
        return Model(
            weights={factor.code: found[f"weight_{factor.code}"] for factor in FACTORS},
            medium=found["medium"],
            high=found["high"],
            levels={
                table: {answer: found[f"{table}_{answer}"] for answer in answers}
                for table, (_, answers) in TABLES.items()
            },
            countries=found["countries"]["levels"],
            called=tuple(found["countries"]["called"]),
            other_countries=found["other_countries"],
            countries_source=found["countries_source"],
            countries_as_of=found["countries_as_of"],
        )


def _initial(model: Mapping[str, Any]) -> dict[str, Any]:
    model = complete(model)
    names = ("medium", "high", "other_countries", "countries_source", "countries_as_of")
    called = set(model["called"])
    lines = [
        f"{code} {level}{f' {CALL}' if code in called else ''}"
        for code, level in sorted(model["countries"].items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    return {
        **{name: model[name] for name in names},
        **{f"weight_{code}": weight for code, weight in model["weights"].items()},
        **{
            f"{table}_{answer}": level
            for table, levels in model["levels"].items()
            for answer, level in levels.items()
        },
        "countries": "\n".join(lines),
    }


class SeenForm(forms.Form):
    note = forms.CharField(
        label="What follows from it", max_length=300, widget=forms.Textarea({"rows": 2})
    )
