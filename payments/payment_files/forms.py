"""Forms of the payment files' pages. Rules live in services; forms only read what was typed."""

from typing import Any

from django import forms

from backoffice.core.clock import today
from payments.gateways.bank_wire.pain001 import CHARGES
from payments.payment_files.files import next_bank_day


class PrepareForm(forms.Form):
    execution_on = forms.DateField(
        label="To be carried out on",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="A day on which banks work.",
    )
    charges = forms.ChoiceField(
        label="Banks' charges outside SEPA",
        choices=list(CHARGES.items()),
        help_text="In SEPA each side pays its own bank.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("execution_on", next_bank_day(today()))


class ReportForm(forms.Form):
    file = forms.FileField(
        label="The bank's report",
        help_text="A payment status report (pain.002). It is kept as it came.",
    )
