"""What the operator types."""

from typing import Any

from django import forms

from backoffice.core.money import EXPONENTS
from backoffice.tenancy.models import Accent
from clients.countries import CHOICES
from operations.platform.services import SUPPORT_MINUTES_MAX, NewTenant, Person

MINUTES = ((15, "15 minutes"), (30, "30 minutes"), (60, "1 hour"), (SUPPORT_MINUTES_MAX, "4 hours"))


class TenantForm(forms.Form):
    name = forms.CharField(label="Brand", max_length=120)
    slug = forms.CharField(
        label="Short name", max_length=40, help_text="Small letters, digits, hyphens."
    )
    entity = forms.CharField(label="Legal entity", max_length=160)
    regulator = forms.CharField(label="Regulator", max_length=60)
    licence = forms.CharField(label="Licence", max_length=60, required=False)
    country = forms.ChoiceField(label="Country", choices=[("", ""), *CHOICES])
    base_currency = forms.ChoiceField(
        label="Base currency", choices=[(code, code) for code in sorted(EXPONENTS)], initial="EUR"
    )
    currencies = forms.CharField(
        label="Currencies", max_length=100, help_text="Such as EUR, USD; the base currency too."
    )
    timezone = forms.CharField(label="Time zone", max_length=60, initial="UTC")
    hostname = forms.CharField(
        label="Host name", max_length=200, required=False, help_text="When it has one of its own."
    )
    accent = forms.ChoiceField(label="Accent", choices=Accent.choices, required=False)
    administrators = forms.CharField(
        label="Administrators",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One a line: e-mail, then name. Two can approve each other's requests.",
    )

    def new_tenant(self) -> NewTenant:
        data: dict[str, Any] = dict(self.cleaned_data)
        data["currencies"] = [
            code.strip().upper() for code in data["currencies"].split(",") if code.strip()
        ]
        data["administrators"] = [
            Person(*(part.strip() for part in line.strip().partition(" ")[::2]))
            for line in data["administrators"].splitlines()
            if line.strip()
        ]
        return NewTenant(**data)


class ReasonForm(forms.Form):
    reason = forms.CharField(label="Reason", max_length=300)


class SupportForm(ReasonForm):
    minutes = forms.TypedChoiceField(label="For", choices=MINUTES, coerce=int, initial=30)


class PersonForm(forms.Form):
    email = forms.EmailField(label="E-mail")
    person = forms.CharField(label="Name", max_length=120)
