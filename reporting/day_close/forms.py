from decimal import Decimal
from typing import Any

from django import forms

from backoffice.portal.fields import AmountField
from reporting.day_close.checklist import Check
from reporting.day_close.services import REASON_CHARS_MAX


class ReasonsForm(forms.Form):
    """A reason for each amber line; fields are named by their place, ``codes`` says which."""

    def __init__(self, *args: Any, checks: list[Check], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.codes = {f"reason_{n}": check.code for n, check in enumerate(checks)}
        for (name, _), check in zip(self.codes.items(), checks, strict=True):
            self.fields[name] = forms.CharField(
                label=f"{check.label}: why it may stay as it is",
                max_length=REASON_CHARS_MAX,
                help_text=check.says,
            )

    def reasons(self) -> dict[str, str]:
        return {code: self.cleaned_data.get(name, "") for name, code in self.codes.items()}


class PolicyForm(forms.Form):
    cut_off = forms.TimeField(
        label="Cut-off, on the day after",
        help_text="Where the brokerage is. By then the statements of the day are in.",
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
    )
    weekends = forms.BooleanField(label="Saturday and Sunday are business days", required=False)
    materiality = AmountField(
        label="No open break of more than",
        min_value=Decimal(0),
        max_digits=20,
        decimal_places=2,
        help_text="In the base currency. A smaller one may be carried over with a reason.",
    )
    transit_days = forms.IntegerField(
        label="Money in transit is stale after days", min_value=1, max_value=30
    )
