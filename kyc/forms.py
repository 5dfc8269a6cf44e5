from collections.abc import Iterable
from typing import Any

from django import forms

from clients.forms import DateInput
from clients.models import RiskBand
from kyc.approvals import UNFREEZE_TARGETS
from kyc.models import Level, ReasonCode, Requirement


class SayForm(forms.Form):
    """A reason in one's own words."""

    reason = forms.CharField(label="Why", max_length=300, widget=forms.Textarea({"rows": 3}))


class NoteForm(forms.Form):
    note = forms.CharField(
        label="Note for the approver",
        max_length=1000,
        required=False,
        widget=forms.Textarea({"rows": 3}),
    )


class CatalogueForm(forms.Form):
    """A reason of the catalogue, drawn by components/reason_picker.html."""

    reason = forms.ChoiceField(error_messages={"required": "Choose a reason from the list."})
    note = forms.CharField(max_length=500, required=False)

    def __init__(self, reasons: Iterable[ReasonCode], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["reason"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(reason.code, reason.label) for reason in reasons]


class AskForm(CatalogueForm):
    text = forms.CharField(label="Words of your own for the client", max_length=500, required=False)


class RejectForm(CatalogueForm):
    final = forms.BooleanField(
        label="For good: no other case may be opened for this client", required=False
    )


class RiskForm(forms.Form):
    band = forms.ChoiceField(label="Band", choices=RiskBand.choices)
    reason = forms.CharField(label="Why", max_length=500, widget=forms.Textarea({"rows": 3}))


class ZoneForm(forms.Form):
    zone = forms.CharField(
        label="Machine-readable zone",
        max_length=400,
        widget=forms.Textarea({"rows": 3, "spellcheck": "false", "autocapitalize": "characters"}),
        help_text="Type or paste the lines at the foot of the document, every < included.",
    )


class FactsForm(forms.Form):
    """What is printed on the document, as a person reads it."""

    number = forms.CharField(label="Number", max_length=40, required=False)
    issued_on = forms.DateField(label="Issued on", widget=DateInput(), required=False)
    expires_on = forms.DateField(label="Expires on", widget=DateInput(), required=False)


class UnfreezeForm(SayForm):
    target = forms.ChoiceField(
        label="What follows",
        choices=[(state.value, state.label) for state in UNFREEZE_TARGETS],
    )


class OpenForm(forms.Form):
    level = forms.ChoiceField(label="Level")

    def __init__(self, levels: Iterable[Level], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["level"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(str(level.number), str(level)) for level in levels]


class AnswersForm(forms.Form):
    """One field per question of the level's questionnaires."""

    def __init__(self, requirements: Iterable[Requirement], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for requirement in requirements:
            for question in requirement.questions:
                self.fields[str(question["code"])] = forms.CharField(
                    label=str(question["text"]), max_length=500, required=False
                )
