"""The form of a version: its rules in order, one empty one for another."""

from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory

from backoffice.core.context import current_tenant_id
from backoffice.portal.fields import AmountField
from clients.models import Category, RiskBand
from payments.automatic import rules
from payments.automatic.dry_runs import DAYS
from payments.automatic.rules import Rule
from payments.models import Method


def _choose(label: str, choices: Any = (), *, help_text: str = "", required: bool = False) -> Any:
    return forms.MultipleChoiceField(
        label=label,
        choices=choices,
        required=required,
        help_text=help_text,
        widget=forms.CheckboxSelectMultiple,
    )


def _count(label: str, *, initial: int | None = None, help_text: str = "") -> forms.IntegerField:
    return forms.IntegerField(
        label=label, required=False, min_value=0, initial=initial, help_text=help_text
    )


def _amount(label: str, *, help_text: str = "") -> AmountField:
    return AmountField(
        label=label, required=False, max_digits=20, decimal_places=2, help_text=help_text
    )


class RuleForm(forms.Form):
    """One rule. Without a name it is left out."""

    name = forms.CharField(
        label="Name", max_length=60, required=False, help_text="Cleared, the rule is left out."
    )
    amount_max = _amount("Amount at most")
    methods = _choose("Methods", help_text="None chosen: any.")
    categories = _choose("Clients", Category.choices, help_text="None chosen: any.")
    risk_bands = _choose("Risk", [one for one in RiskBand.choices if one[0] in rules.BANDS])
    level_min = _count("KYC level at least", initial=1)
    account_days_min = _count("Days since the client came, at least")
    destination_days_min = _count("Days since the destination was added, at least")
    paid_before_min = _count("Payments to it before, at least", initial=1)
    net_min = _amount(
        "Paid in less taken out, with this one, at least",
        help_text="0: nobody takes out more than they paid in. Empty: not asked.",
    )
    client_count_max = _count("Automatic ones of a client in 24 hours, at most", initial=3)
    client_sum_max = _amount("Their sum, at most")
    tenant_count_max = _count("Automatic ones of all clients in 24 hours, at most")
    tenant_sum_max = _amount("Their sum, at most")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = Method.objects.filter(tenant_id=current_tenant_id(), makes_withdrawals=True)
        methods = self.fields["methods"]
        assert isinstance(methods, forms.MultipleChoiceField)
        methods.choices = list(known.order_by("position").values_list("code", "name"))
        self.fields["risk_bands"].initial = ["low"]

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if typed.get("name") and typed.get("amount_max") is None and "amount_max" in typed:
            self.add_error("amount_max", "Up to which amount?")
        return typed

    def rule(self) -> Rule:
        values: dict[str, Any] = dict(self.cleaned_data)
        for name in ("methods", "categories", "risk_bands"):
            values[name] = tuple(values[name])
        for name in ("level_min", "account_days_min", "destination_days_min", "paid_before_min"):
            values[name] = values[name] or 0
        return Rule(**values)


Rules: "type[BaseFormSet[RuleForm]]" = formset_factory(
    RuleForm, extra=1, max_num=rules.RULES_MAX, validate_max=True
)


def rules_in(forms_: "BaseFormSet[RuleForm]") -> list[Rule]:
    """What was typed and has a name, in order."""
    return [form.rule() for form in forms_ if form.cleaned_data.get("name", "").strip()]


class NoteForm(forms.Form):
    note = forms.CharField(
        label="What is new", max_length=200, help_text="Whoever decides on it reads this first."
    )


class DryRunForm(forms.Form):
    days = forms.TypedChoiceField(
        label="Over the last",
        coerce=int,
        choices=[(days, f"The last {days} days") for days in DAYS],
        initial=30,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
