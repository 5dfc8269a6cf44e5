"""Forms of conversions. Rules live in services; forms only read what was typed."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet

from backoffice.core.context import current_tenant_id
from backoffice.core.errors import DomainError
from backoffice.core.money import EXPONENTS, Money
from backoffice.portal.fields import AmountField
from clients.models import Client
from payments.conversion_states import SpreadKind
from trading.models import Account

CURRENCIES = [(code, code) for code in EXPONENTS]


def _accounts(client: Client) -> QuerySet[Account]:
    rows = Account.objects.filter(tenant_id=current_tenant_id(), client=client, login__isnull=False)
    return rows.select_related("server")


class ConversionForm(forms.Form):
    amount = AmountField(label="Amount", max_digits=20, decimal_places=8)
    currency = forms.ChoiceField(label="Out of")
    to = forms.ChoiceField(label="Into")
    account = forms.ModelChoiceField(
        label="Then to",
        queryset=Account.objects.none(),
        required=False,
        empty_label="stays in the wallet",
        help_text="An account in the currency that is got: the money goes on once it is exchanged.",
    )

    def __init__(
        self,
        client: Client,
        wallets: Sequence[tuple[str, str]],
        currencies: Sequence[str],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = wallets  # type: ignore[attr-defined]
        self.fields["to"].choices = [(code, code) for code in currencies]  # type: ignore[attr-defined]
        self.fields["account"].queryset = _accounts(client)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors:
            try:
                values["money"] = Money(values["amount"], values["currency"])
            except DomainError as error:
                self.add_error("amount", error.sentence)
        return values


class PolicyForm(forms.Form):
    active = forms.BooleanField(label="Conversions are offered", required=False)
    quote_age_s_max = forms.IntegerField(
        label="A quote is good for, seconds",
        help_text="An older one is not converted by: then nothing is offered.",
    )
    offer_s = forms.IntegerField(label="An offer stands for, seconds")
    spread_percent = AmountField(
        label="Usual spread, percent",
        max_digits=7,
        decimal_places=4,
        help_text="Between mid and client's rate, on either side; pairs can have their own.",
    )
    approval_above = AmountField(
        label="A second person above",
        max_digits=20,
        decimal_places=2,
        required=False,
        help_text="In the base currency. Empty: never asked. 0: always.",
    )
    tolerance_percent = AmountField(
        label="The price may move by, percent",
        max_digits=7,
        decimal_places=4,
        help_text="Between the offer and the second person's yes; further, and it is not booked.",
    )


class QuoteForm(forms.Form):
    base = forms.ChoiceField(label="One", choices=CURRENCIES)
    quote = forms.ChoiceField(label="Is worth, in", choices=CURRENCIES)
    mid = AmountField(
        label="How much",
        max_digits=24,
        decimal_places=10,
        help_text="The middle of the market now: 1.0840 for USD on one EUR.",
    )
    sure = forms.BooleanField(label="It is right, however far from the last one", required=False)


class SpreadForm(forms.Form):
    base = forms.ChoiceField(label="Pair, one", choices=CURRENCIES)
    quote = forms.ChoiceField(label="In", choices=CURRENCIES)
    kind = forms.ChoiceField(label="Counted as", choices=SpreadKind.choices)
    value = AmountField(
        label="Spread",
        max_digits=20,
        decimal_places=10,
        help_text="Percent, such as 0.5; or in the price, such as 0.0015 USD on each EUR: 15 pips.",
    )
