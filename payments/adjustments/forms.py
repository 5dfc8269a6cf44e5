"""The form that asks for an adjustment. Rules live in services; it only reads what was typed."""

from collections.abc import Sequence
from typing import Any

from django import forms

from backoffice.core.errors import DomainError
from backoffice.core.money import Money
from backoffice.portal.fields import AmountField
from ledger import chart
from payments.adjustment_states import Direction, Why
from payments.adjustments.rules import COUNTERS, REASON_MAX


def _reasons() -> list[tuple[str, str]]:
    """Each with the account that it is booked against."""
    return [
        (why.value, f"{why.label} ({chart.words(COUNTERS[why].account().code)})") for why in Why
    ]


class AdjustmentForm(forms.Form):
    direction = forms.ChoiceField(label="Direction", choices=Direction.choices)
    amount = AmountField(label="Amount", max_digits=20, decimal_places=8)
    currency = forms.ChoiceField(label="Wallet")
    why = forms.ChoiceField(
        label="What it is for",
        choices=_reasons,
        help_text="In brackets the account of the house that it is booked against.",
    )
    reason = forms.CharField(
        label="What happened",
        max_length=REASON_MAX,
        widget=forms.Textarea({"rows": 3}),
        help_text="Your colleague decides by it, and it is kept with the adjustment.",
    )

    def __init__(self, wallets: Sequence[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = wallets  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors:
            try:
                values["money"] = Money(values["amount"], values["currency"])
            except DomainError as error:
                self.add_error("amount", error.sentence)
        return values
