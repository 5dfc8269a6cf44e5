"""Forms of the money pages. Rules live in services; forms only read what was typed."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.db.models import QuerySet

from backoffice.core.context import current_tenant_id
from backoffice.core.errors import DomainError
from backoffice.core.money import EXPONENTS, Money
from backoffice.portal.fields import AmountField
from backoffice.tenancy.scope import brokerage
from clients.models import Client
from payments.gateways.registry import KINDS
from payments.methods.choosing import MethodField
from payments.methods.selectors import methods_for
from payments.methods.states import Direction
from payments.models import Destination, GatewayAccount
from payments.reasons import REJECTIONS
from trading.models import Account


def show_error(form: forms.Form, error: DomainError) -> None:
    """Put a service's refusal beside the fields that it names, or over the form."""
    for name, sentence in error.fields.items():
        form.add_error(name if name in form.fields else None, sentence)
    if not error.fields:
        form.add_error(None, error.sentence)


def currencies() -> list[tuple[str, str]]:
    tenant = brokerage()
    return [(code, code) for code in tenant.currencies or [tenant.base_currency]]


def _accounts(client: Client) -> QuerySet[Account]:
    return Account.objects.filter(
        tenant_id=current_tenant_id(), client=client, login__isnull=False
    ).select_related("server")


def _destinations(client: Client) -> QuerySet[Destination]:
    """Where a client's money may be asked to go."""
    return Destination.objects.filter(tenant_id=current_tenant_id(), client=client).exclude(
        state__in=[Destination.State.SUSPENDED, Destination.State.RETIRED]
    )


class _AmountForm(forms.Form):
    """An amount in a currency, and a key by which a form posted twice is one request."""

    amount = AmountField(label="Amount", max_digits=20, decimal_places=8)
    currency = forms.ChoiceField(label="Currency")
    key = forms.CharField(widget=forms.HiddenInput, max_length=60, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["currency"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = currencies()
        self.initial.setdefault("key", uuid4().hex)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors:
            try:
                values["money"] = Money(values["amount"], values["currency"])
            except DomainError as error:
                self.add_error("amount", error.sentence)
        return values

    @property
    def idempotency_key(self) -> str:
        key = self.cleaned_data.get("key", "")
        return f"form:{key}" if key else ""


class DepositForm(_AmountForm):
    """``lines``: the methods of the client, as the rules judge them now."""

    method = MethodField()
    account = forms.ModelChoiceField(
        label="Then to",
        queryset=Account.objects.none(),
        required=False,
        empty_label="stays in the wallet",
    )
    field_order = ("method", "amount", "currency", "account")

    def __init__(self, client: Client, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = methods_for(client, Direction.DEPOSIT)
        self.fields["method"].offer(self.lines)  # type: ignore[attr-defined]
        self.fields["account"].queryset = _accounts(client)  # type: ignore[attr-defined]


class WithdrawalForm(_AmountForm):
    """``lines``: as of a ``DepositForm``."""

    method = MethodField()
    destination = forms.ModelChoiceField(
        label="To",
        queryset=Destination.objects.none(),
        help_text="None to choose? Add it first: “New destination” on the client's Money tab.",
    )
    account = forms.ModelChoiceField(
        label="From",
        queryset=Account.objects.none(),
        required=False,
        empty_label="wallet",
        help_text="From a trading account its free margin is checked by the server.",
    )
    field_order = ("method", "destination", "account", "amount", "currency")

    def __init__(self, client: Client, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = methods_for(client, Direction.WITHDRAWAL)
        self.fields["method"].offer(self.lines)  # type: ignore[attr-defined]
        self.fields["destination"].queryset = _destinations(client)  # type: ignore[attr-defined]
        self.fields["account"].queryset = _accounts(client)  # type: ignore[attr-defined]


class EditForm(_AmountForm):
    destination = forms.ModelChoiceField(label="To", queryset=Destination.objects.none())
    waived = forms.CharField(
        label="All of it there, because",
        max_length=200,
        required=False,
        help_text="Empty: back to its sources first. Say why the sources can't take it.",
    )
    field_order = ("destination", "amount", "currency", "waived")

    def __init__(self, client: Client, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["destination"].queryset = _destinations(client)  # type: ignore[attr-defined]


class TransferForm(_AmountForm):
    source = forms.ModelChoiceField(
        label="From", queryset=Account.objects.none(), required=False, empty_label="wallet"
    )
    target = forms.ModelChoiceField(
        label="To",
        queryset=Account.objects.none(),
        required=False,
        empty_label="wallet",
        help_text="An account in another currency? “Exchange” moves it on to there.",
    )
    field_order = ("source", "target", "amount", "currency")

    def __init__(self, client: Client, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("source", "target"):
            self.fields[name].queryset = _accounts(client)  # type: ignore[attr-defined]
        # Most often the wallet is moved to the account that trades.
        self.initial.setdefault("target", _accounts(client).order_by("id").first())


TOWN_HELP = "Of a bank account outside SEPA: its bank asks for it."


class DestinationForm(forms.Form):
    kind = forms.ChoiceField(label="Kind", choices=Destination.Kind.choices)
    number = forms.CharField(
        label="IBAN, or the gateway's token",
        max_length=120,
        help_text="Where a country has no IBAN: the account's number, with the BIC of its bank.",
    )
    holder = forms.CharField(label="Holder", max_length=140)
    label = forms.CharField(label="Called", max_length=60, required=False)
    bic = forms.CharField(label="BIC", max_length=11, required=False)
    town = forms.CharField(
        label="Town of the holder", max_length=35, required=False, help_text=TOWN_HELP
    )


class DestinationEditForm(forms.Form):
    holder = forms.CharField(label="Holder", max_length=140)
    label = forms.CharField(label="Called", max_length=60, required=False)
    bic = forms.CharField(label="BIC", max_length=11, required=False)
    town = forms.CharField(
        label="Town of the holder", max_length=35, required=False, help_text=TOWN_HELP
    )


class ReasonForm(forms.Form):
    reason = forms.CharField(label="Reason", max_length=280)


class HoldForm(forms.Form):
    reason = forms.CharField(
        label="Reason", max_length=280, help_text="Neither the client nor payments staff read it."
    )
    client_text = forms.CharField(
        label="The client reads", max_length=200, initial="Your payment is being checked."
    )


class AskForm(forms.Form):
    text = forms.CharField(
        label="Question to the client", max_length=500, widget=forms.Textarea({"rows": 4})
    )
    hours = forms.IntegerField(label="Back in the queue after hours", initial=24, min_value=1)


class ResolveForm(forms.Form):
    outcome = forms.ChoiceField(
        label="What happened", choices=[("paid", "It was paid"), ("failed", "It was not paid")]
    )
    proof = forms.CharField(
        label="Proof", max_length=280, help_text="Whose word, when, under which number."
    )
    provider_ref = forms.CharField(label="Provider's reference", max_length=80, required=False)


class ReturnedForm(forms.Form):
    outcome = forms.ChoiceField(
        label="What happened",
        choices=[("returned", "It was given back"), ("not", "It was not given back")],
    )
    proof = forms.CharField(
        label="Proof", max_length=280, help_text="Whose word, when, under which number."
    )


class LegForm(forms.Form):
    outcome = forms.ChoiceField(
        label="What happened",
        choices=[
            ("booked", "The server has booked it"),
            ("not", "The server has not booked it"),
        ],
    )
    ticket = forms.IntegerField(
        label="Number of the deal", required=False, min_value=1, help_text="When it was booked."
    )
    proof = forms.CharField(label="Proof", max_length=280, help_text="Who looked, where and when.")


class RejectForm(forms.Form):
    reason = forms.ChoiceField(choices=[(r.code, r.label) for r in REJECTIONS.values()])
    note = forms.CharField(max_length=200, required=False)


KEPT = "Kept sealed and never shown. Empty keeps what is stored."
# What a field means with one kind, once it is known.
HELP = {
    "stripe": {
        "base_url": "https://api.stripe.com",
        "merchant_id": "The account's id, acct_…",
        "secret": f"The endpoint's signing secret, whsec_… {KEPT}",
        "api_key": f"sk_… or rk_… {KEPT}",
    },
    "btcpay": {
        "base_url": "Your server's.",
        "merchant_id": "The store's id.",
        "secret": f"The webhook's. {KEPT}",
        "api_key": f"One of the store's. {KEPT}",
    },
    "praxis": {
        "base_url": "https://gw.praxisgate.com",
        "merchant_id": "The merchant id of the API.",
        "secret": f"The merchant secret. {KEPT}",
        "api_key": f"The application key. {KEPT}",
    },
    "cashier": {
        "base_url": "The gateway's, with https.",
        "merchant_id": "What the gateway calls us.",
        "secret": f"Shared with the gateway. {KEPT}",
    },
    "bank_wire": {
        "base_url": "Of the bank's interface.",
        "merchant_id": "The account's IBAN.",
    },
    "bank_file": {"merchant_id": "The account's IBAN."},
}


class GatewayForm(forms.Form):
    kind = forms.ChoiceField(label="Kind")
    name = forms.CharField(label="Name", max_length=60)
    base_url = forms.CharField(
        label="Address",
        max_length=200,
        required=False,
        help_text="Of Stripe: https://api.stripe.com; of BTCPay: your server's. A bank that takes "
        "payment files has none.",
    )
    merchant_id = forms.CharField(
        label="Our name there (IBAN of ours for a bank)",
        max_length=80,
        help_text="Of Stripe: the account's id, acct_…; of BTCPay: the store's id; of Praxis: the "
        "merchant id.",
    )
    secret = forms.CharField(
        label="Secret",
        max_length=200,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Of Stripe: the endpoint's signing secret, whsec_…; of BTCPay: the webhook's; "
        "of Praxis: the merchant secret. Kept sealed and never shown. Empty keeps what is stored.",
    )
    api_key = forms.CharField(
        label="API key",
        max_length=300,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Of Stripe: sk_… or rk_…; of BTCPay: one of the store's; of Praxis: the "
        "application key. Sealed and kept in the same way.",
    )
    holder = forms.CharField(
        label="Holder of the bank account",
        max_length=140,
        required=False,
        help_text="Of a bank: clients write it, the IBAN and the BIC into their transfer.",
    )
    bic = forms.CharField(label="BIC", max_length=11, required=False)
    bank = forms.CharField(label="Bank", max_length=80, required=False)
    active = forms.BooleanField(label="In use", required=False, initial=True)
    BANK = ("holder", "bic", "bank")

    def __init__(self, gateway: GatewayAccount | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)
        kind.choices = [(code, adapter.label) for code, adapter in KINDS.items()]
        if gateway is not None:
            adapter = KINDS[gateway.kind]
            unused = ["kind", "name", *(() if adapter.by_statement else self.BANK)]
            unused += [] if adapter.needs_address else ["base_url"]
            unused += [] if adapter.needs_secret else ["secret"]
            unused += [] if adapter.api_key_chars_min else ["api_key"]
            for name in unused:
                del self.fields[name]
            for name, text in HELP.get(gateway.kind, {}).items():
                self.fields[name].help_text = text


class PolicyForm(forms.Form):
    source_first = forms.BooleanField(label="Back to the sources first", required=False)
    lots_per_1000 = AmountField(
        label="Lots to be traded per 1,000 deposited",
        min_value=Decimal(0),
        max_digits=8,
        decimal_places=2,
        help_text="Of the base currency, since the last withdrawal. 0 asks for none.",
    )


BAND_ROWS = 5


class BandsForm(forms.Form):
    """Up to five limits, and what decides above them all. An empty limit is no band."""

    def __init__(self, who: list[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number in range(1, BAND_ROWS + 1):
            self.fields[f"most_{number}"] = AmountField(
                label="Up to", max_digits=20, decimal_places=2, required=False
            )
            self.fields[f"who_{number}"] = forms.ChoiceField(label="Decided by", choices=who)
        self.fields["who_rest"] = forms.ChoiceField(label="Decided by", choices=who)

    def bands(self) -> list[tuple[Decimal | None, str]]:
        """(limit, who), as typed; the last one has none."""
        typed = self.cleaned_data
        rows = [
            (typed[f"most_{number}"], typed[f"who_{number}"])
            for number in range(1, BAND_ROWS + 1)
            if typed[f"most_{number}"] is not None
        ]
        return [*rows, (None, typed["who_rest"])]


class RateForm(forms.Form):
    currency = forms.ChoiceField(label="Currency", choices=[(code, code) for code in EXPONENTS])
    to_base = AmountField(label="Worth in the base currency", max_digits=20, decimal_places=10)
