"""Clients over the API: a website hands in a lead and asks what its client may do."""

from datetime import date, datetime
from typing import Any

from django.http import Http404
from ninja import Field, Router, Schema

from backoffice.core.errors import InvalidInput
from backoffice.staff.api_auth import ApiHttpRequest, api_view
from clients import selectors, services
from clients.models import Client, Desk

router = Router(tags=["clients"])


class ClientIn(Schema, extra="forbid"):
    """A lead. A person needs ``last_name``, a company ``company_name``; countries are ISO 3166-1
    alpha-2; ``desk`` is a desk's name."""

    email: str = Field(max_length=254)
    kind: str = "person"
    first_name: str = Field("", max_length=80)
    last_name: str = Field("", max_length=80)
    company_name: str = Field("", max_length=160)
    phone: str = Field("", max_length=30)
    birth_date: date | None = None
    nationality: str = ""
    residence: str = ""
    address: str = Field("", max_length=300)
    language: str = "en"
    do_not_contact: bool = False
    source: str = Field("API", max_length=40)
    desk: str = ""


class ClientOut(Schema):
    """``allowed`` says what the client may do now, without the reasons: these are for staff."""

    reference: str
    kind: str
    state: str
    level: int
    created_at: datetime
    allowed: dict[str, bool]


def _out(client: Client) -> ClientOut:
    return ClientOut(
        reference=client.reference,
        kind=client.kind,
        state=client.state,
        level=client.level,
        created_at=client.created_at,
        allowed={str(a): verdict.ok for a, verdict in selectors.allowed(client).items()},
    )


@router.post("", response={201: ClientOut}, summary="Hand in a lead", url_name="client-create")
@api_view("clients.add_client", status=201)
def client_create(request: Any, payload: ClientIn) -> ClientOut:
    values = payload.model_dump()
    desk = _desk(values.pop("desk"))
    return _out(services.client_create(actor=request.actor, desk=desk, **values))


def _desk(name: str) -> Desk | None:
    if not name:
        return None
    desk = Desk.objects.filter(name=name).first()
    if desk is None:
        raise InvalidInput(fields={"desk": "There is no desk of this name."})
    return desk


@router.get("/{reference}", response=ClientOut, summary="Ask about a client", url_name="client")
@api_view("clients.view_client")
def client_show(request: ApiHttpRequest, reference: str) -> ClientOut:
    client = selectors.client_by_reference(request.actor, reference)
    if client is None:
        raise Http404
    return _out(client)
