from decimal import Decimal
from typing import Any

from django import forms

from backoffice.core.money import EXPONENTS
from backoffice.portal.fields import AmountField
from backoffice.staff.models import Role
from reconciliation.models import WriteOffPolicy


class OneOfMany(forms.Form):
    """A form beside others on one page: the ids of its fields are its own, so that a label leads to
    its field and to no other form's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": f"id_{type(self).__name__.lower()}_%s", **kwargs})


class ImportForm(forms.Form):
    file = forms.FileField(
        label="Statement file",
        help_text="camt.052, .053 or .054, MT940, MT942, BAI2 or CSV; up to 20 MB.",
    )


class AccountForm(forms.Form):
    name = forms.CharField(max_length=80)
    iban = forms.CharField(label="IBAN", max_length=42)
    currency = forms.ChoiceField()
    bank = forms.CharField(max_length=80, required=False)
    client_money = forms.BooleanField(
        label="Holds client money (segregated)", required=False, initial=True
    )

    def __init__(self, *args: Any, currencies: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["currency"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(code, code) for code in currencies if code in EXPONENTS]


class OutcomeForm(OneOfMany):
    outcome = forms.CharField(
        label="What came of it", max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )


class SignForm(forms.Form):
    reason = forms.CharField(
        label="Note",
        max_length=300,
        required=False,
        help_text="Needed where the two sides do not agree.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class AcceptForm(OneOfMany):
    outcome = forms.CharField(
        label="Why it is accepted", max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )


class LimitsForm(forms.Form):
    """The limits of write-offs; a role's own limit is optional."""

    def __init__(
        self, *args: Any, policy: WriteOffPolicy, roles: list[Role], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["alone_max"] = _limit("On one person's word", policy.alone_max)
        self.fields["top_max"] = _limit("With a second person", policy.top_max)
        self.codes = {f"role_{place}": role.code for place, role in enumerate(roles)}
        for (name, code), role in zip(self.codes.items(), roles, strict=True):
            given = policy.roles.get(code)
            limit = Decimal(given) if given is not None else None
            self.fields[name] = _limit(f"{role.name}, on their own word", limit, required=False)

    def limits_of_roles(self) -> dict[str, Decimal]:
        found = {code: self.cleaned_data.get(name) for name, code in self.codes.items()}
        return {code: limit for code, limit in found.items() if limit is not None}


def _limit(label: str, initial: Decimal | None, *, required: bool = True) -> AmountField:
    return AmountField(
        label=label,
        initial=initial,
        min_value=0,
        max_digits=20,
        decimal_places=2,
        required=required,
    )


class MatchForm(OneOfMany):
    reference = forms.CharField(label="Our reference", max_length=20)
    reason = forms.CharField(label="How you know", max_length=200)


class AdjustmentForm(OneOfMany):
    """``kinds`` are (code, what it is and what would be booked)."""

    kind = forms.ChoiceField(label="What it is", widget=forms.RadioSelect)
    reason = forms.CharField(label="How you know", max_length=300)

    def __init__(self, *args: Any, kinds: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["kind"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = kinds


class SettlementForm(OneOfMany):
    gateway = forms.ChoiceField(label="Gateway")
    cost = AmountField(
        label="What it kept",
        min_value=0,
        max_digits=20,
        decimal_places=8,
        required=False,
        help_text="Its price, taken off before it paid; booked as a cost of ours. Empty where the "
        "gateway's reports are imported: they say it.",
    )

    def __init__(self, *args: Any, gateways: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["gateway"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = gateways
