"""A company and who is behind it, for tests."""

from datetime import date
from decimal import Decimal
from typing import Any

from backoffice.core.context import Actor
from clients.models import Client, Party
from clients.ownership.services import party_add
from tests.clients.factories import make_lead

LONG_AGO = date(2020, 3, 1)
PERSON = {
    "kind": "person",
    "first_name": "Maria",
    "last_name": "Kostas",
    "birth_date": date(1979, 5, 4),
    "nationality": "GR",
    "residence": "CY",
}
COMPANY = {
    "kind": "company",
    "company_name": "Harbour Holding Ltd",
    "registration_number": "HE 1201",
    "residence": "CY",
}


def make_company(actor: Actor, **particulars: Any) -> Client:
    values = {
        "kind": "company",
        "company_name": "Meltemi Shipping Ltd",
        "first_name": "",
        "last_name": "",
        "email": "office@meltemi.example",
        "birth_date": None,
        "nationality": "",
    }
    return make_lead(actor, **{**values, **particulars})


def _of(percent: str | None) -> dict[str, Any]:
    if percent is None:
        return {"role": "director"}
    return {"role": "owner", "percent": Decimal(percent)}


def make_person(actor: Actor, client: Client, share: str | None = None, **values: Any) -> Party:
    """An owner of ``share`` percent; without it a director."""
    given = {**PERSON, "from_on": LONG_AGO, **_of(share), **values}
    return party_add(actor=actor, client=client, **given)


def make_holding(actor: Actor, client: Client, share: str, **values: Any) -> Party:
    given = {**COMPANY, "from_on": LONG_AGO, **_of(share), **values}
    return party_add(actor=actor, client=client, **given)
