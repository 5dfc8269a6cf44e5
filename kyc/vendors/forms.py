from typing import Any

from django import forms

from kyc.models import VendorAccount
from kyc.vendors.registry import KINDS


class VendorForm(forms.Form):
    """Without an account it connects one; what a vendor does not have is not asked for."""

    kind = forms.ChoiceField(label="Vendor")
    name = forms.CharField(label="Name", max_length=60)
    base_url = forms.CharField(
        label="Address",
        max_length=200,
        required=False,
        help_text="Empty takes the vendor's usual one.",
    )
    key_id = forms.CharField(
        label="Key that names us",
        max_length=120,
        required=False,
        help_text="Sumsub: the app token. Veriff: the API key. The others have none.",
    )
    template = forms.CharField(
        label="What is run",
        max_length=120,
        required=False,
        help_text="Sumsub: the level's name. Onfido: the workflow's id. Persona: the inquiry "
        "template's id.",
    )
    api_key = forms.CharField(
        label="Key of our calls",
        max_length=300,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Sumsub: the secret key. Onfido: the API token. Persona: the API key. Kept "
        "sealed and never shown.",
    )
    secret = forms.CharField(
        label="Secret of its messages",
        max_length=300,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Of the webhook; Veriff: the shared secret key. Kept sealed and never shown.",
    )
    active = forms.BooleanField(label="In use", required=False, initial=True)

    def __init__(self, account: VendorAccount | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)
        kind.choices = [(code, adapter.label) for code, adapter in KINDS.items()]
        if account is None:
            del self.fields["active"]
            return
        del self.fields["kind"], self.fields["name"]
        for name in ("key_id", "template", "api_key", "secret"):
            word = getattr(KINDS[account.kind].fields, name)
            if not word:
                del self.fields[name]
                continue
            self.fields[name].label, self.fields[name].help_text = word, ""
            if name in ("api_key", "secret"):
                self.fields[name].help_text = "Empty keeps what is stored."


class StartForm(forms.Form):
    """Which vendor is to look at the client."""

    account = forms.ChoiceField(label="Vendor")

    def __init__(self, accounts: list[VendorAccount], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["account"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(str(each.pk), each.name) for each in accounts]
