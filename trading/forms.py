"""Forms of the trading pages. Rules live in services; forms only read what was typed."""

from typing import Any

from django import forms
from django.utils.html import escape

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.core.money import Money
from trading import rules, selectors
from trading.approvals import KINDS
from trading.bridge.port import PasswordKind
from trading.leverage.caps import Cap
from trading.models import Account, Group, TradingServer
from trading.services.servers import FIELDS
from trading.states import AccountState

LEVERAGES = [(str(value), f"1:{value}") for value in rules.LEVERAGE_CHOICES]
OFFSETS = [
    (minutes, f"GMT{minutes // 60:+d}" if minutes else "GMT") for minutes in range(-720, 841, 60)
]


class GroupField(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.server.name} · {obj.name} · {obj.currency}"


class ReasonForm(forms.Form):
    reason = forms.CharField(label="Reason", max_length=300)


class OpenForm(forms.Form):
    group = GroupField(label="Group", queryset=Group.objects.none(), empty_label=None)
    leverage = forms.TypedChoiceField(label="Leverage", choices=LEVERAGES, coerce=int)

    def __init__(self, actor: Actor, cap: Cap, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        group, leverage = self.fields["group"], self.fields["leverage"]
        assert isinstance(group, forms.ModelChoiceField)
        assert isinstance(leverage, forms.ChoiceField)
        group.queryset = selectors.groups_offered(actor)
        leverage.choices = [(value, label) for value, label in LEVERAGES if int(value) <= cap.most]
        leverage.help_text = escape(cap.sentence)


class LeverageForm(forms.Form):
    leverage = forms.TypedChoiceField(label="Leverage", choices=LEVERAGES, coerce=int)
    reason = forms.CharField(label="Reason", max_length=300, required=False)

    def __init__(self, cap: Cap, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        leverage = self.fields["leverage"]
        assert isinstance(leverage, forms.ChoiceField)
        leverage.choices = [(value, label) for value, label in LEVERAGES if int(value) <= cap.most]
        leverage.help_text = escape(cap.sentence)


class MoveGroupForm(forms.Form):
    group = forms.ModelChoiceField(label="Group", queryset=Group.objects.none(), empty_label=None)
    reason = forms.CharField(label="Reason", max_length=300, required=False)

    def __init__(self, account: Account, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        group = self.fields["group"]
        assert isinstance(group, forms.ModelChoiceField)
        group.queryset = selectors.groups_to_move_to(account)


class StatusForm(forms.Form):
    status = forms.ChoiceField(
        label="Status",
        choices=[
            (AccountState.ACTIVE, "Trading"),
            (AccountState.READ_ONLY, "Read only: may sign in, may not trade"),
            (AccountState.DISABLED, "Disabled: may not sign in"),
        ],
    )
    reason = forms.CharField(label="Reason", max_length=300)


class PasswordForm(forms.Form):
    kind = forms.ChoiceField(
        label="Password",
        choices=[
            (PasswordKind.MAIN.value, "Main: trading"),
            (PasswordKind.INVESTOR.value, "Investor: looking only"),
        ],
    )
    reason = forms.CharField(label="Reason", max_length=300)


class CorrectionForm(forms.Form):
    kind = forms.ChoiceField(
        label="Booked as", choices=[(kind.value, label) for kind, label in KINDS.items()]
    )
    amount = forms.CharField(
        label="Amount", max_length=30, help_text="With a minus in front it is taken off."
    )
    reason = forms.CharField(label="Reason", max_length=300)

    def __init__(self, currency: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency

    def clean_amount(self) -> Money:
        try:
            return Money.parse(self.cleaned_data["amount"], self.currency)
        except DomainError as error:
            raise forms.ValidationError(error.sentence) from None


class LinkForm(forms.Form):
    client = forms.CharField(
        label="Client", max_length=20, help_text="The reference, such as C-2026-000123."
    )
    reason = forms.CharField(
        label="Reason", max_length=300, help_text="How you know whose account it is."
    )


class ServerForm(forms.ModelForm):  # type: ignore[type-arg]
    password = forms.CharField(
        label="API password",
        max_length=128,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Sealed, and never shown again. Leave it empty to keep the one there is.",
    )
    timezone_offset_minutes = forms.TypedChoiceField(
        label="Server's clock in winter", choices=OFFSETS, coerce=int, initial=120
    )

    class Meta:
        model = TradingServer
        fields = FIELDS
        labels = {
            "url": "Address",
            "manager_login": "Manager's login",
            "tls_fingerprint": "Fingerprint of the certificate (SHA-256)",
            "tls_ca_bundle": "CA bundle (PEM)",
            "group_masks": "Groups",
            "dst_rule": "Summer time",
            "read_timeout_s": "Wait for an answer, seconds",
            "live": "Real money",
            "active": "Switched on",
        }
        help_texts = {
            "url": "https://host:port of the access server.",
            "tls_fingerprint": "Read it on the server. Empty: the system's authorities decide.",
            "group_masks": "Masks of your groups, such as real\\*,!real\\test*.",
        }
        widgets = {"tls_ca_bundle": forms.Textarea(attrs={"rows": 3})}

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in FIELDS}
