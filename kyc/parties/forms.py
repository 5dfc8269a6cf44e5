"""Forms of parties. Rules live in services; forms only read what was typed."""

from typing import Any

from django import forms

from backoffice.portal.fields import AmountField
from clients import selectors
from clients.forms import COUNTRIES, DateInput, NeededField, evidence_field
from clients.models import Client, Party
from clients.ownership.services import OF_COMPANIES, OF_PEOPLE, PARTICULARS
from clients.ownership.states import EntityFlag, PartyKind, PartyRole


class _EvidenceForm(forms.Form):
    """Where it is written: one of the client's documents."""

    def __init__(self, *args: Any, client: Client, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["evidence"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = selectors.documents_of(client)


class RoleForm(_EvidenceForm):
    """What someone is to the company, and since when."""

    role = forms.ChoiceField(label="Role", choices=PartyRole.choices)
    percent = AmountField(
        label="Share in percent",
        max_digits=7,
        decimal_places=4,
        required=False,
        help_text="Of an owner: 37.5. Empty for the other roles.",
    )
    of = forms.ModelChoiceField(
        label="Share of",
        queryset=Party.objects.none(),
        required=False,
        help_text="The company itself, or a company through which they own it.",
    )
    from_on = forms.DateField(label="Since", widget=DateInput())
    evidence = evidence_field("Evidence")

    def __init__(self, *args: Any, client: Client, **kwargs: Any) -> None:
        super().__init__(*args, client=client, **kwargs)
        field = self.fields["of"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = selectors.parties_of(client).filter(kind=PartyKind.COMPANY)
        field.empty_label = client.name


class PartyForm(forms.Form):
    """Who someone is; what the other kind has is not asked for."""

    first_name = forms.CharField(label="Given names", max_length=80, required=False)
    last_name = NeededField(label="Surname", max_length=80, required=False)
    company_name = NeededField(label="Company name", max_length=160, required=False)
    registration_number = forms.CharField(
        label="Registration number", max_length=40, required=False
    )
    birth_date = forms.DateField(label="Date of birth", widget=DateInput(), required=False)
    nationality = forms.ChoiceField(label="Nationality", choices=COUNTRIES, required=False)
    residence = forms.ChoiceField(label="Residence", choices=COUNTRIES, required=False)
    politically_exposed = forms.BooleanField(
        label="Politically exposed, or close to someone who is", required=False
    )
    flags = forms.MultipleChoiceField(
        label="The company is or has",
        choices=EntityFlag.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = PartyKind(kind)
        others = OF_COMPANIES if self.kind == PartyKind.PERSON else OF_PEOPLE
        if self.kind == PartyKind.COMPANY:
            self.fields["residence"].label = "Country of its seat"
            others = (*others, "politically_exposed")
        for name in others:
            del self.fields[name]

    def particulars(self) -> dict[str, Any]:
        given = {name: self.cleaned_data[name] for name in PARTICULARS if name in self.fields}
        return {"kind": self.kind.value, **given}


class NewPartyForm(PartyForm, RoleForm):
    """Who, and the first thing that they are to the company."""

    field_order = PARTICULARS


class ShareForm(_EvidenceForm):
    """Another share from a day on."""

    percent = AmountField(label="Share in percent", max_digits=7, decimal_places=4)
    from_on = forms.DateField(label="Since", widget=DateInput())
    reason = forms.CharField(label="Why", max_length=300, widget=forms.Textarea({"rows": 2}))
    evidence = evidence_field("Evidence")


class EndForm(forms.Form):
    until_on = forms.DateField(label="Until", widget=DateInput())
    reason = forms.CharField(label="Why", max_length=300, widget=forms.Textarea({"rows": 2}))


class FlagsForm(forms.Form):
    flags = forms.MultipleChoiceField(
        label="The company is or has",
        choices=EntityFlag.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="Owners of a company that is listed on a regulated market need not be named.",
    )
