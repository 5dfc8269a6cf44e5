"""The staff-access page: who saw whose personal data, and whose day was unusual."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.staff.access import StaffRequest, needs
from clients.forms import DateInput
from clients.selectors import client_by_reference
from privacy import staff_access

SEE = "privacy.view_access"
DAYS, DAYS_MAX = 7, 92


class AccessForm(forms.Form):
    since = forms.DateField(label="Since", widget=DateInput(), required=False)
    until = forms.DateField(label="Until", widget=DateInput(), required=False)
    person = forms.ChoiceField(label="Person", required=False)
    client = forms.CharField(label="Client", max_length=20, required=False)

    def __init__(self, actor: Actor, data: Any) -> None:
        super().__init__(data)
        self.fields["person"].choices = [("", "Everyone"), *staff_access.people(actor)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        until = values.get("until") or today()
        since = values.get("since") or until - timedelta(days=DAYS - 1)
        if since > until:
            self.add_error("since", "It is after the other day.")
        elif (until - since).days > DAYS_MAX:
            self.add_error("since", f"At most {DAYS_MAX} days at once.")
        return {**values, "since": since, "until": until}


@require_GET
@needs(SEE)
def access_page(request: StaffRequest) -> HttpResponse:
    actor = request.actor
    form = AccessForm(actor, request.GET)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        values = form.cleaned_data
        since, until = values["since"], values["until"]
        context |= {"since": since, "until": until}
        context |= _shown(actor, values["client"].strip(), values["person"], since, until)
    return render(request, "privacy/access.html", context, status=200 if form.is_valid() else 422)


def _shown(actor: Actor, reference: str, person: str, since: date, until: date) -> dict[str, Any]:
    if reference:
        client = client_by_reference(actor, reference)
        rows = staff_access.of_client(actor, client, since, until) if client else []
        lines = [{**row, "said": staff_access.said(row["counts"])} for row in rows]
        return {"client": client, "asked_client": reference, "client_lines": lines}
    found = staff_access.days(actor, since, until, user_ref=person)
    return {"lines": [{"line": line, "said": staff_access.said(line.counts)} for line in found]}
