"""A page of a questionnaire as a form, in the client's language; ``rules.read`` judges it."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.html import escape

from clients.forms import DateInput
from kyc.questionnaires.rules import TEXT_CHARS_MAX, Answers, option_words
from kyc.questionnaires.shape import Kind, Question, words

PREFIX = "q-"


class AnswerForm(forms.Form):
    """One field a question, drawn with what was answered. Nothing is required of the browser:
    what is missing is said beside its question."""

    def __init__(self, questions: Iterable[Question], language: str, answers: Answers) -> None:
        super().__init__()
        for question in questions:
            name = f"{PREFIX}{question.code}"
            self.fields[name] = _field(question, language)
            self.initial[name] = answers.get(question.code)

    def refuse(self, typed: Mapping[str, list[str]], errors: Mapping[str, str]) -> None:
        """Show what was typed again, with what is wrong beside it."""
        self._errors = forms.utils.ErrorDict()
        for code, given in typed.items():
            name = f"{PREFIX}{code}"
            if name in self.fields:
                many = isinstance(self.fields[name], forms.MultipleChoiceField)
                self.initial[name] = given if many else "".join(given[:1])
        for code, sentence in errors.items():
            self._errors[f"{PREFIX}{code}"] = self.error_class([sentence])


def _field(question: Question, language: str) -> Any:
    said: dict[str, Any] = {
        "label": words(question.text, language),
        "help_text": escape(words(question.help, language)),
        "required": False,
    }
    field = _kind_field(question, language, said)
    # The word "optional" stands beside what may be left out.
    field.needed = question.required
    return field


def _kind_field(question: Question, language: str, said: dict[str, Any]) -> Any:
    choices = [(each.code, option_words(question, each, language)) for each in question.options]
    if question.kind == Kind.SEVERAL:
        return forms.MultipleChoiceField(
            choices=choices, widget=forms.CheckboxSelectMultiple, **said
        )
    if question.kind in (Kind.ONE, Kind.YES_NO, Kind.BAND):
        return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **said)
    if question.kind == Kind.DATE:
        return forms.CharField(widget=DateInput(), **said)
    if question.kind == Kind.NUMBER:
        widget = forms.TextInput({"inputmode": "decimal", "autocomplete": "off"})
        return forms.CharField(widget=widget, **said)
    area = forms.Textarea({"rows": 3, "maxlength": TEXT_CHARS_MAX})
    return forms.CharField(widget=area, **said)


class LinkForm(forms.Form):
    valid_days = forms.IntegerField(label="Days until it ends", min_value=1, max_value=30)
    message = forms.CharField(
        label="Words for the client",
        max_length=500,
        required=False,
        widget=forms.Textarea({"rows": 3}),
    )


class DropForm(forms.Form):
    reason = forms.CharField(label="Why", max_length=300, widget=forms.Textarea({"rows": 2}))
