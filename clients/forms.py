"""Forms of the client's pages. Rules live in services; forms only read what was typed."""

from collections.abc import Iterable
from typing import Any

from django import forms

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.portal.fields import AmountField
from backoffice.portal.lists import MASK
from backoffice.staff.models import User
from backoffice.tenancy.scope import brokerage
from clients import selectors
from clients.countries import CHOICES
from clients.links import USES_MAX, VALID_DAYS_MAX
from clients.models import (
    Client,
    ClientAction,
    ClientDocument,
    ClientKind,
    Desk,
    DocumentType,
    FundsSource,
    Occupation,
    Party,
)
from clients.services import NOTE_CHARS_MAX, PARTICULARS

COUNTRIES = [("", "—"), *CHOICES]
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("el", "Ελληνικά"), ("es", "Español")]
IMAGE_OR_PDF = "image/jpeg,image/png,image/webp,application/pdf"


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class MomentInput(forms.DateTimeInput):
    input_type = "datetime-local"


def show_error(form: forms.Form, error: DomainError) -> None:
    """Put a service's refusal beside the fields that it names, or over the form."""
    for name, sentence in error.fields.items():
        form.add_error(name if name in form.fields else None, sentence)
    if not error.fields:
        form.add_error(None, error.sentence)


class NeededField(forms.CharField):
    """Not called optional: the service says when it is missing, beside the other mistakes."""

    needed = True


class _PaperField(forms.ModelChoiceField):  # type: ignore[type-arg]  # none at run time
    def label_from_instance(self, obj: Any) -> str:
        whose = f" of {obj.party.name}" if obj.party else ""
        return f"{obj.get_type_display()}{whose}, {obj.uploaded_at:%-d %b %Y}"


def evidence_field(label: str) -> _PaperField:
    """One of the client's documents; the form gives it ``selectors.documents_of(client)``."""
    none = ClientDocument.objects.none()
    return _PaperField(label=label, queryset=none, required=False, empty_label="—")


class ParticularsForm(forms.Form):
    kind = forms.ChoiceField(label="Kind", choices=ClientKind.choices)
    first_name = forms.CharField(label="Given names", max_length=80, required=False)
    last_name = NeededField(
        label="Surname", max_length=80, required=False, help_text="Individuals only."
    )
    company_name = forms.CharField(
        label="Company name", max_length=160, required=False, help_text="Companies only."
    )
    email = forms.CharField(label="E-mail", max_length=254)
    phone = forms.CharField(label="Phone", max_length=30, required=False)
    birth_date = forms.DateField(label="Date of birth", widget=DateInput(), required=False)
    nationality = forms.ChoiceField(label="Nationality", choices=COUNTRIES, required=False)
    residence = forms.ChoiceField(label="Residence", choices=COUNTRIES, required=False)
    address = forms.CharField(label="Address", max_length=300, required=False)
    language = forms.ChoiceField(label="Language", choices=LANGUAGES)
    do_not_contact = forms.BooleanField(label="Do not contact", required=False)

    def hide(self, names: Iterable[str]) -> None:
        """Show dots where the actor may not see what is stored; empty then means: keep it."""
        for name in names:
            field = self.fields[name]
            if self.initial.pop(name, None):
                field.required = False
                field.widget.attrs["placeholder"] = MASK
                field.help_text = "Hidden from you. Leave it empty to keep what is stored."
                self.kept.add(name)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept: set[str] = set()

    def particulars(self) -> dict[str, Any]:
        return {
            name: self.cleaned_data[name]
            for name in PARTICULARS
            if self.cleaned_data[name] or name not in self.kept
        }


class _PeopleForm(forms.Form):
    """Desk and manager, from those that the actor may choose."""

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        desks = self.fields["desk"]
        assert isinstance(desks, forms.ModelChoiceField)
        desks.queryset = selectors.desks_for(actor)
        desks.required = actor.desks is not None
        managers = self.fields["manager"]
        assert isinstance(managers, forms.ModelChoiceField)
        managers.queryset = selectors.colleagues(actor)


class AssignForm(_PeopleForm):
    desk = forms.ModelChoiceField(label="Desk", queryset=Desk.objects.none(), required=False)
    manager = forms.ModelChoiceField(label="Manager", queryset=User.objects.none(), required=False)


class NewClientForm(ParticularsForm, _PeopleForm):
    desk = forms.ModelChoiceField(
        label="Desk", queryset=Desk.objects.none(), required=False, empty_label="—"
    )
    manager = forms.ModelChoiceField(
        label="Manager", queryset=User.objects.none(), required=False, empty_label="—"
    )
    source = forms.CharField(
        label="Source", max_length=40, required=False, help_text="How they came to us."
    )


class MeansForm(forms.Form):
    """Amounts: digits with a point before the cents, in the currency chosen."""

    occupation = forms.ChoiceField(label="Occupation", choices=[("", "—"), *Occupation.choices])
    employer = forms.CharField(label="Employer or business", max_length=120, required=False)
    currency = forms.ChoiceField(label="Currency of the amounts")
    income = AmountField(label="Income in a year", max_digits=20, decimal_places=2)
    wealth = AmountField(
        label="Wealth", max_digits=20, decimal_places=2, help_text="Without the home they live in."
    )
    deposits = AmountField(label="Deposits expected in a year", max_digits=20, decimal_places=2)
    sources = forms.MultipleChoiceField(
        label="The money comes from",
        choices=FundsSource.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    purpose = forms.CharField(
        label="What they want the account for",
        max_length=300,
        required=False,
        widget=forms.Textarea({"rows": 2}),
    )
    declared_on = forms.DateField(label="Declared on", widget=DateInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        currency = self.fields["currency"]
        assert isinstance(currency, forms.ChoiceField)
        tenant = brokerage()
        codes = tenant.currencies or [tenant.base_currency]
        currency.choices = [(code, code) for code in codes]


class RestrictForm(forms.Form):
    actions = forms.MultipleChoiceField(
        label="Stop", choices=ClientAction.choices, widget=forms.CheckboxSelectMultiple
    )
    text = forms.CharField(
        label="Why, for your colleagues", max_length=300, widget=forms.Textarea({"rows": 2})
    )
    until = forms.DateTimeField(
        label="Until", required=False, widget=MomentInput(), help_text="Empty: until it is lifted."
    )


class ReasonForm(forms.Form):
    reason = forms.CharField(label="Why", max_length=300, widget=forms.Textarea({"rows": 2}))


class NoteForm(forms.Form):
    text = forms.CharField(
        label="Note", max_length=NOTE_CHARS_MAX, widget=forms.Textarea({"rows": 4})
    )
    mentions = forms.ModelMultipleChoiceField(
        label="Tell",
        queryset=User.objects.none(),
        required=False,
        help_text="They get a notification.",
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["mentions"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = selectors.colleagues(actor)

    def mentioned(self) -> list[int]:
        people: Iterable[User] = self.cleaned_data["mentions"]
        return [person.pk for person in people]


class UploadForm(forms.Form):
    type = forms.ChoiceField(label="Document", choices=DocumentType.choices)
    party = forms.ModelChoiceField(
        label="Whose it is", queryset=Party.objects.none(), required=False
    )
    file = forms.FileField(
        label="File",
        help_text="A photo (JPEG, PNG, WebP) or a PDF, up to 20 MB.",
        widget=forms.FileInput({"accept": IMAGE_OR_PDF}),
    )
    number = forms.CharField(label="Number", max_length=40, required=False)
    issued_on = forms.DateField(label="Issued on", widget=DateInput(), required=False)
    expires_on = forms.DateField(label="Expires on", widget=DateInput(), required=False)

    def __init__(self, client: Client, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if client.kind != ClientKind.COMPANY:
            del self.fields["party"]
            return
        field = self.fields["party"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = selectors.parties_of(client)
        field.empty_label = f"{client.name} itself"


class ClientUploadForm(forms.Form):
    """What a client sees behind an upload link: only the kinds that the link asks for."""

    type = forms.ChoiceField(label="Which document is it?")
    file = forms.FileField(
        label="Photo or file",
        help_text="JPEG, PNG, WebP or PDF, up to 20 MB. On a phone you can take a photo.",
        widget=forms.FileInput({"accept": IMAGE_OR_PDF}),
    )

    def __init__(self, types: Iterable[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["type"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(kind, DocumentType(kind).label) for kind in types]


class UploadLinkForm(forms.Form):
    types = forms.MultipleChoiceField(
        label="Ask for", choices=DocumentType.choices, widget=forms.CheckboxSelectMultiple
    )
    valid_days = forms.IntegerField(
        label="Valid for days", min_value=1, max_value=VALID_DAYS_MAX, initial=7
    )
    uses_max = forms.IntegerField(
        label="Files at most", min_value=1, max_value=USES_MAX, initial=10
    )
    message = forms.CharField(
        label="Message to the client",
        max_length=500,
        required=False,
        widget=forms.Textarea({"rows": 2}),
    )
