"""Forms of bonuses. Rules live in services; forms only read what was typed."""

from typing import Any

from django import forms

from backoffice.core.context import current_tenant_id
from backoffice.core.errors import DomainError
from backoffice.core.money import EXPONENTS, Money
from backoffice.portal.fields import AmountField
from clients.models import Category, Client
from payments.bonus_states import OnWithdrawal
from payments.bonuses.rules import REASON_MAX
from trading.models import Account


class BonusForm(forms.Form):
    account = forms.ModelChoiceField(label="On the account", queryset=Account.objects.none())
    amount = AmountField(
        label="Bonus",
        max_digits=20,
        decimal_places=8,
        help_text="In the account's currency; credit, not balance.",
    )
    lots = AmountField(
        label="Released after lots",
        max_digits=12,
        decimal_places=2,
        required=False,
        help_text="Opened by the client since it is on the account. Empty: it stays credit.",
    )
    days = forms.IntegerField(
        label="Ends after days", required=False, help_text="Empty: it does not end by itself."
    )
    on_withdrawal = forms.ChoiceField(label="When money is taken out", choices=OnWithdrawal.choices)
    base = AmountField(
        label="Of a deposit of",
        max_digits=20,
        decimal_places=8,
        required=False,
        help_text="That a part is counted by, in the account's currency.",
    )
    reason = forms.CharField(
        label="What it is for",
        max_length=REASON_MAX,
        widget=forms.Textarea({"rows": 3}),
        help_text="Your colleague decides by it, and it is kept.",
    )

    def __init__(self, client: Client, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Account.objects.filter(
            tenant_id=current_tenant_id(), client=client, login__isnull=False
        )
        self.fields["account"].queryset = rows.select_related("server")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors:
            try:
                values["money"] = Money(values["amount"], values["account"].currency)
            except DomainError as error:
                self.add_error("amount", error.sentence)
        return values


CURRENCIES = [(code, code) for code in EXPONENTS]


def _amount(label: str, *, required: bool = False, help_text: str = "") -> AmountField:
    return AmountField(
        label=label, max_digits=20, decimal_places=8, required=required, help_text=help_text
    )


class RuleForm(forms.Form):
    code = forms.SlugField(
        label="Code", max_length=30, help_text="A rule of the same code is its next version."
    )
    name = forms.CharField(label="Name", max_length=60)
    currency = forms.ChoiceField(
        label="Currency", choices=CURRENCIES, help_text="Of the account, and of all amounts here."
    )
    percent = AmountField(
        label="Percent of the deposit",
        max_digits=7,
        decimal_places=2,
        required=False,
        help_text="Or a fixed amount, one of the two.",
    )
    fixed = _amount("Fixed amount")
    most = _amount("At most")
    client_most = _amount("To one client at most", help_text="By every version of the rule.")
    total_most = _amount("In all at most", help_text="By every version of the rule.")
    deposit_min = _amount("Deposits of at least", required=True)
    first_only = forms.BooleanField(label="The client's first deposit only", required=False)
    countries = forms.CharField(
        label="Countries", max_length=300, required=False, help_text="Such as ZA, BR. Empty: any."
    )
    categories = forms.MultipleChoiceField(
        label="Categories",
        choices=Category.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: any, where the law allows it.",
    )
    from_on = forms.DateField(label="From", widget=forms.DateInput({"type": "date"}))
    until_on = forms.DateField(
        label="Until", required=False, widget=forms.DateInput({"type": "date"})
    )
    lots_per_1000 = AmountField(
        label="Released after lots per 1,000 of it",
        max_digits=8,
        decimal_places=2,
        required=False,
        help_text="Empty: it stays credit.",
    )
    lasts_days = forms.IntegerField(label="Ends after days", required=False)
    on_withdrawal = forms.ChoiceField(label="When money is taken out", choices=OnWithdrawal.choices)

    def clean_countries(self) -> list[str]:
        text = str(self.cleaned_data["countries"])
        return list(dict.fromkeys(text.upper().replace(",", " ").split()))


class PolicyForm(forms.Form):
    active = forms.BooleanField(
        label="Bonuses are given",
        required=False,
        help_text="Where the law forbids them they are not, whatever is set here.",
    )
    barred_regulators = forms.CharField(
        label="Regulators that forbid them too",
        required=False,
        widget=forms.Textarea({"rows": 4, "spellcheck": "false"}),
        help_text="One a line, as your legal entities name them.",
    )
