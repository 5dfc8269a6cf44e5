"""Forms of privacy. Rules live in services; these only read what was typed."""

from typing import Any

from django import forms

from backoffice.core.clock import today
from clients.forms import DateInput
from privacy.models import Channel, Source
from privacy.rules import WORDS_MAX, YEARS_MAX, Category, Policy, Rule, Trigger

REASON_MAX = 300


class ErasureForm(forms.Form):
    source = forms.ChoiceField(label="Who asks", choices=Source.choices[:-1])
    channel = forms.ChoiceField(label="How it came", choices=Channel.choices[:-1])
    received_on = forms.DateField(label="Received on", widget=DateInput(), initial=today)
    longer_years = forms.IntegerField(
        label="Keep for longer, years",
        min_value=0,
        max_value=YEARS_MAX,
        initial=0,
        help_text="Only as far as the rules allow, and with a reason.",
    )
    reason = forms.CharField(
        label="What was said",
        max_length=REASON_MAX,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text="For your colleague. It goes with the data.",
    )


class ReasonForm(forms.Form):
    reason = forms.CharField(label="Why", max_length=REASON_MAX, widget=forms.Textarea({"rows": 3}))


class RetentionForm(forms.Form):
    """A field for each figure of each category, named ``<category>_<figure>``."""

    note = forms.CharField(label="What is new in it", max_length=200)
    as_of = forms.DateField(label="As of", widget=DateInput(), help_text="When it was looked up.")
    knows_shorter = forms.BooleanField(
        label="I know that this is shorter than the law that I name asks for",
        required=False,
    )

    def __init__(self, data: Any, *, figures: dict[str, Any]) -> None:
        initial = {"as_of": figures["as_of"]}
        for category in Category:
            for name, value in figures[category].items():
                initial[f"{category}_{name}"] = value
        super().__init__(data, initial=initial)
        for category in Category:
            for name, field in _rule_fields().items():
                self.fields[f"{category}_{name}"] = field

    def groups(self) -> list[tuple[str, list[Any]]]:
        return [
            (str(category.label), [self[f"{category}_{name}"] for name in _rule_fields()])
            for category in Category
        ]

    def policy(self) -> Policy:
        values = self.cleaned_data
        return {
            category: Rule(**{name: values[f"{category}_{name}"] for name in _rule_fields()})
            for category in Category
        }


def _rule_fields() -> dict[str, forms.Field]:
    def years(label: str) -> forms.Field:
        return forms.IntegerField(label=label, min_value=0, max_value=YEARS_MAX)

    def words(label: str) -> forms.Field:
        return forms.CharField(label=label, max_length=WORDS_MAX)

    return {
        "years": years("Years"),
        "at_least": years("The law asks for"),
        "extendable": years("Longer for one client, at most"),
        "trigger": forms.ChoiceField(label="Counted from when", choices=Trigger.choices),
        "basis": words("Why, as the client reads it"),
        "source": words("Where that stands"),
    }
