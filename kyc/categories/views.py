"""The form of a change of category, and what the client's KYC tab shows of them."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.portal.once import once
from backoffice.staff.access import StaffRequest, needs
from backoffice.tenancy.scope import brokerage
from backoffice.workflow.approvals import pending_for
from clients.access import client_for
from clients.forms import DateInput
from clients.models import Category, Client
from clients.selectors import documents_of
from clients.views.changes import GET_POST, data_of, form_page, tried
from kyc.categories import services
from kyc.categories.services import ASK, KIND
from kyc.categories.states import COLOURS, Basis, ChangeState, Criterion


class CategoryForm(forms.Form):
    category = forms.ChoiceField(label="Category", choices=Category.choices)
    basis = forms.ChoiceField(label="Ground", choices=Basis.choices)
    shown = forms.MultipleChoiceField(
        label="What the client shows",
        choices=Criterion.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="On request: two of the first three. Per se: one of the last three, or two of "
        "the sizes.",
    )
    evidence = forms.MultipleChoiceField(
        label="Documents that show it", required=False, widget=forms.CheckboxSelectMultiple
    )
    asked_on = forms.DateField(label="The client asked on", widget=DateInput())
    reason = forms.CharField(label="Why", max_length=300, widget=forms.Textarea({"rows": 2}))

    def __init__(self, client: Client, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["evidence"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [
            (str(row.pk), f"{row.get_type_display()}, {row.get_state_display().lower()}")
            for row in documents_of(client)
        ]
        if not field.choices:
            field.help_text = "None is handed in yet: only retail needs none."


@GET_POST
@needs(ASK, "clients.view_client")
@once
def category_change(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Ask a second person to put the client into another category."""
    client = client_for(request.actor, pk)
    initial = {"category": client.category, "asked_on": today(brokerage().timezone)}
    form = CategoryForm(client, data_of(request), initial=initial)
    back = reverse("clients:tab", args=[client.pk, "kyc"])

    def work() -> None:
        values = {**form.cleaned_data}
        values["evidence"] = [UUID(each) for each in values["evidence"]]
        services.category_propose(actor=request.actor, client=client, **values)

    if request.method == "POST" and tried(form, work):
        messages.success(request, "It waits for a second person; until then nothing changes.")
        return redirect(back)
    return form_page(
        request,
        form,
        client=client,
        title="Change the category",
        label="Ask a second person",
        back=back,
        says="The category decides about leverage, bonuses and what the client is told.",
    )


def category_context(actor: Actor, client: Client) -> dict[str, Any]:
    """For kyc/category_panel.html: the category, since when, and every change of it."""
    rows = services.changes_of(client)
    waiting = next((row for row in rows if row.state == ChangeState.PROPOSED), None)
    stands = next((row for row in rows if row.state == ChangeState.SET), None)
    return {
        "category": stands.words() if stands else client.get_category_display(),
        "category_since": stands.decided_at if stands else None,
        "category_changes": [
            {"row": row, "colour": COLOURS[ChangeState(row.state)]} for row in rows
        ],
        "category_approval": pending_for(actor, waiting.pk, KIND) if waiting else None,
        "may_change_category": actor.can(ASK) and waiting is None,
    }
