"""Tax self-certifications of a client and of who controls it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from backoffice.core.clock import today
from backoffice.portal.lists import FULL_DATA
from backoffice.portal.once import once
from backoffice.staff.access import StaffRequest, needs
from clients.access import client_for, party_for
from clients.models import Client, ClientKind, Party
from clients.services import data_shown
from clients.tax import services
from clients.tax.forms import TaxForm
from clients.tax.selectors import certifications_of, holding
from clients.views.changes import GET_POST, UNPROCESSABLE, data_of, tried
from clients.views.pages import head


@GET_POST
@needs("clients.change_client", FULL_DATA)
@once
def tax_certify(request: StaffRequest, pk: UUID, party_pk: UUID | None = None) -> HttpResponse:
    """A new self-certification. It begins as the one that holds; that one is kept."""
    client = client_for(request.actor, pk)
    party = party_for(request.actor, client, party_pk) if party_pk else None
    whose: Client | Party = party or client
    company = whose.kind == ClientKind.COMPANY
    day = today(request.tenant.timezone)
    initial = {"certified_on": day, "certified_by": "" if company else whose.name}
    initial |= _held(client, party)
    form = TaxForm(data_of(request), client=client, company=company, initial=initial)

    def work() -> None:
        services.tax_certify(actor=request.actor, client=client, party=party, **form.certified())

    back = reverse("clients:tab", args=[client.pk, "identity"])
    if request.method == "POST" and tried(form, work):
        messages.success(request, "The self-certification is kept.")
        return redirect(back)
    data_shown(actor=request.actor, client=client)
    context = {
        **head(request.actor, client, "identity"),
        "form": form,
        "title": f"Tax self-certification of {whose.name}",
        "back_url": back,
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "clients/tax_form.html", context, status=status)


def _held(client: Client, party: Party | None) -> dict[str, Any]:
    """What the one that holds said, for whoever certifies the same again."""
    row = holding(certifications_of(client)).get(party.pk if party else None)
    if row is None:
        return {}
    found: dict[str, Any] = {
        "us_person": "yes" if row.us_person else "no",
        "classification": row.classification,
        "certified_by": row.certified_by,
    }
    for place, each in enumerate(sorted(row.residences.all(), key=lambda line: line.order), 1):
        found |= {
            f"country_{place}": each.country,
            f"tin_{place}": services.tin_of(each),
            f"no_tin_{place}": each.no_tin,
            f"explanation_{place}": each.explanation,
        }
    return found
