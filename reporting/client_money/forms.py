from decimal import Decimal

from django import forms

from backoffice.portal.fields import AmountField


class RunForm(forms.Form):
    day = forms.DateField(
        label="Day",
        help_text="A day that is over. An unsigned report of that day is replaced.",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )


class SignForm(forms.Form):
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=500,
        help_text="What was looked at; in a shortfall, what is done about it.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class PolicyForm(forms.Form):
    prudent_percent = AmountField(
        label="Prudent segregation, percent of client balances",
        min_value=Decimal(0),
        max_value=Decimal(100),
        decimal_places=3,
    )
    gateway_counts = forms.BooleanField(
        label="Gateway balances count as client money held", required=False
    )
    positions_at_equity = forms.BooleanField(label="Open positions count at equity", required=False)
