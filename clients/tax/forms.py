"""The form of a self-certification: a few countries, a line each. Rules live in services."""

from collections.abc import Iterator
from typing import Any

from django import forms

from clients import selectors
from clients.countries import CHOICES
from clients.forms import DateInput, evidence_field
from clients.models import Client
from clients.tax.rules import RESIDENCES_MAX, Residence
from clients.tax.states import Classification, NoTin

YES_NO = [("", "—"), ("no", "No"), ("yes", "Yes")]
LINE = ("country", "tin", "no_tin", "explanation")


class TaxForm(forms.Form):
    """``company``: whether it is a company that certifies. Field names count countries from 1."""

    us_person = forms.ChoiceField(
        label="Citizen or resident of the United States for tax", choices=YES_NO
    )
    classification = forms.ChoiceField(
        label="What the company is", choices=[("", "—"), *Classification.choices]
    )
    certified_by = forms.CharField(label="Certified by", max_length=160)
    certified_on = forms.DateField(label="Certified on", widget=DateInput())
    document = evidence_field("The signed form")

    def __init__(self, *args: Any, client: Client, company: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if company:
            self.fields["us_person"].label = "Founded or resident in the United States for tax"
        else:
            del self.fields["classification"]
        document = self.fields["document"]
        assert isinstance(document, forms.ModelChoiceField)
        document.queryset = selectors.documents_of(client)
        for place in range(1, RESIDENCES_MAX + 1):
            self._add_line(place)

    def _add_line(self, place: int) -> None:
        first = place == 1
        self.fields[f"country_{place}"] = forms.ChoiceField(
            label="Taxed in" if first else f"Taxed in ({place})",
            choices=[("", "—"), *CHOICES],
            required=first,
        )
        self.fields[f"tin_{place}"] = forms.CharField(
            label="Taxpayer number", max_length=40, required=False
        )
        self.fields[f"no_tin_{place}"] = forms.ChoiceField(
            label="Or why there is none", choices=[("", "—"), *NoTin.choices], required=False
        )
        self.fields[f"explanation_{place}"] = forms.CharField(
            label="In words, for B", max_length=200, required=False
        )

    def heads(self) -> list[forms.BoundField]:
        return [self[name] for name in ("us_person", "classification") if name in self.fields]

    def lines(self) -> Iterator[list[forms.BoundField]]:
        for place in range(1, RESIDENCES_MAX + 1):
            yield [self[f"{name}_{place}"] for name in LINE]

    def foot(self) -> list[forms.BoundField]:
        return [self[name] for name in ("certified_by", "certified_on", "document")]

    def certified(self) -> dict[str, Any]:
        """What ``tax_certify`` takes. A line of which nothing is filled in is none."""
        told = self.cleaned_data
        lines = [
            Residence(*(str(told[f"{name}_{place}"]) for name in LINE))
            for place in range(1, RESIDENCES_MAX + 1)
            if any(told[f"{name}_{place}"] for name in LINE)
        ]
        return {
            "us_person": told["us_person"] == "yes",
            "classification": told.get("classification", ""),
            "residences": lines,
            "certified_by": told["certified_by"],
            "certified_on": told["certified_on"],
            "document": told["document"],
        }
