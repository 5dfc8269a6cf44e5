"""Forms of the chargeback pages. Rules live in services; forms only read what was typed."""

from decimal import Decimal
from typing import Any

from django import forms

from backoffice.core.context import current_tenant_id
from backoffice.core.errors import DomainError, InvalidInput
from backoffice.core.money import Money
from backoffice.portal.fields import AmountField
from clients.forms import IMAGE_OR_PDF, MomentInput
from clients.models import ClientDocument
from clients.states import DocumentState
from payments.chargeback_states import ChargebackState
from payments.chargebacks import people
from payments.chargebacks.evidence import KINDS
from payments.chargebacks.rules import REASONS
from payments.models import Chargeback


class _MoneyForm(forms.Form):
    """Amounts in one currency, which is the chargeback's or the deposit's."""

    def __init__(self, currency: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency

    def read_money(self, field: str) -> Money:
        """Zero where nothing was typed. Raises ``InvalidInput`` for what the currency has not."""
        try:
            return Money(self.cleaned_data.get(field) or Decimal(0), self.currency)
        except DomainError as error:
            raise InvalidInput(fields={field: error.sentence}) from error


class EnterForm(_MoneyForm):
    amount = AmountField(label="Taken back", max_digits=20, decimal_places=8)
    reason_code = forms.ChoiceField(label="The bank's reason", choices=list(REASONS.items()))
    kind = forms.ChoiceField(
        label="What it is",
        choices=[
            ("taken", "A chargeback: the money was taken"),
            ("inquiry", "An inquiry: the bank asks, no money moved"),
        ],
    )
    provider_ref = forms.CharField(
        label="The provider's number",
        max_length=80,
        required=False,
        help_text="By it a message of the provider finds this entry.",
    )
    fee = AmountField(
        label="Fee of the provider",
        max_digits=20,
        decimal_places=8,
        min_value=0,
        required=False,
        help_text="In the deposit's currency; it is our cost.",
    )
    due_at = forms.DateTimeField(
        label="Evidence until (UTC)", required=False, widget=MomentInput(format="%Y-%m-%dT%H:%M")
    )
    note = forms.CharField(
        label="Where it was seen", max_length=280, help_text="Whose paper, which page or number."
    )


class _PaperField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    def label_from_instance(self, obj: Any) -> str:
        """Its kind and day, and nothing that stands on it."""
        return f"{obj.get_type_display()}, {obj.uploaded_at:%-d %b %Y}"


class EvidenceForm(forms.Form):
    """One piece: a file, or words, as its kind says."""

    kind = forms.ChoiceField(
        label="What it is",
        choices=[
            (kind.code, f"{kind.label} ({'a file' if kind.is_file else 'in words'})")
            for kind in KINDS.values()
        ],
    )
    file = forms.FileField(
        label="File",
        required=False,
        help_text="An image or a PDF. It is cleaned and kept sealed.",
        widget=forms.ClearableFileInput(attrs={"accept": IMAGE_OR_PDF}),
    )
    document = _PaperField(
        label="Or a paper of the client",
        queryset=ClientDocument.objects.none(),
        required=False,
        empty_label="none",
        help_text="A copy of what was accepted goes to the bank.",
    )
    text = forms.CharField(
        label="In words",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, row: Chargeback, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = ClientDocument.objects.filter(
            tenant_id=current_tenant_id(), client_id=row.client_id, state=DocumentState.ACCEPTED
        )
        self.fields["document"].queryset = rows.order_by("-id")  # type: ignore[attr-defined]


class AcceptForm(forms.Form):
    reason = forms.CharField(label="Why it is not fought", max_length=280)


class SettleForm(forms.Form):
    outcome = forms.ChoiceField(label="How it ended")
    proof = forms.CharField(
        label="Proof", max_length=280, help_text="Whose word, when, under which number."
    )

    def __init__(self, row: Chargeback, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["outcome"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(end, ChargebackState(end).label) for end in people.ends(row)]


class WriteOffForm(_MoneyForm):
    amount = AmountField(label="Write off", max_digits=20, decimal_places=8)
    reason = forms.CharField(label="Why it will never come", max_length=280)
