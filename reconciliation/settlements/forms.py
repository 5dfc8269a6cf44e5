from collections.abc import Sequence
from typing import Any

from django import forms

from backoffice.core.money import EXPONENTS
from payments.models import GatewayAccount
from reconciliation.forms import OneOfMany


def _choices(gateways: Sequence[GatewayAccount]) -> list[tuple[str, str]]:
    return [(str(each.pk), each.name) for each in gateways]


class ReportForm(forms.Form):
    gateway = forms.ChoiceField()
    file = forms.FileField(
        label="Report",
        help_text="Stripe: balance change from activity or payout reconciliation, itemised. "
        "Hosted cashier: its settlement report. CSV, up to 300 MB.",
    )

    def __init__(self, *args: Any, gateways: Sequence[GatewayAccount], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["gateway"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = _choices(gateways)


class TermsForm(forms.Form):
    gateway = forms.ChoiceField()
    currency = forms.ChoiceField()
    percent = forms.DecimalField(
        label="Percent of the payment", min_value=0, max_value=50, max_digits=7, decimal_places=4
    )
    fixed = forms.DecimalField(
        label="Fixed amount", min_value=0, max_digits=12, decimal_places=8, initial=0
    )
    tolerance = forms.DecimalField(
        label="Tolerance",
        min_value=0,
        max_digits=12,
        decimal_places=8,
        initial=0,
        help_text="A line that differs from the agreed fee by more than this is for a person.",
    )

    def __init__(
        self,
        *args: Any,
        gateways: Sequence[GatewayAccount],
        currencies: Sequence[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (
            ("gateway", _choices(gateways)),
            ("currency", [(code, code) for code in currencies if code in EXPONENTS]),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices


class LineUnmatchForm(OneOfMany):
    reason = forms.CharField(label="Why", max_length=200)


class LineMatchForm(OneOfMany):
    """``items`` are (key, what it is)."""

    item = forms.ChoiceField(label="Booking", widget=forms.RadioSelect)
    reason = forms.CharField(label="How you know", max_length=200)

    def __init__(self, *args: Any, items: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["item"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = items
