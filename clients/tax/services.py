"""Writing self-certifications: each is a row of its own with its countries."""

from collections.abc import Sequence
from datetime import date

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import today
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.crypto import seal, unseal
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.tenancy.scope import brokerage
from clients import actions, followers
from clients.locks import client_locked
from clients.models import (
    Client,
    ClientDocument,
    ClientKind,
    Party,
    TaxCertification,
    TaxResidence,
)
from clients.ownership.states import PartyKind, PartyState
from clients.rules import is_plain, tidied
from clients.states import ClientState
from clients.tax import rules
from clients.tax.rules import Known, Residence

TIN = "clients.tax-number"
# Counts the wordings of the form that is signed; a certification keeps the one it was made on.
FORM_VERSION = 1
AGE_YEARS_MAX = 10
SIGNER_CHARS_MAX = 160


@transaction.atomic
def tax_certify(
    *,
    actor: Actor,
    client: Client,
    us_person: bool,
    residences: Sequence[Residence],
    certified_by: str,
    certified_on: date | None = None,
    classification: str = "",
    party: Party | None = None,
    document: ClientDocument | None = None,
) -> TaxCertification:
    """Keep what the client, or who controls it, certified; earlier ones stay. What does not fit
    the rest of what is known is kept beside it as doubts. ``InvalidInput`` names each field."""
    row = client_locked(actor, client.pk)
    if row.state == ClientState.CLOSED:
        raise StateConflict("The client is closed. Nothing was changed.")
    if party is not None and (party.client_id != row.pk or party.state == PartyState.ENDED):
        raise InvalidInput("Choose someone who is behind this company.")
    told = [_tidy(each) for each in residences]
    known, company = _known(row, party)
    day = certified_on or today(brokerage().timezone)
    found = rules.problems(
        told, us_person=us_person, company=company, classification=classification
    )
    found |= _signature_problems(row, certified_by, day, document)
    if found:
        raise InvalidInput(fields=found)
    made = TaxCertification.objects.create(
        tenant_id=actor.tenant_id,
        client=row,
        party=party,
        us_person=us_person,
        classification=classification,
        form_version=FORM_VERSION,
        certified_on=day,
        certified_by=tidied(certified_by),
        document=document,
        doubts=rules.doubts(told, us_person=us_person, known=known),
        recorded_by_ref=actor.ref,
        recorded_by=actor.name,
    )
    for order, each in enumerate(told):
        _keep(actor, made, each, order)
    who = party.name if party else row.name
    data = {"who": who, "countries": ", ".join(each.country for each in told), "day": day}
    audit(actor=actor, action=actions.TAX_CERTIFIED, subject=row, data=data)
    followers.tell("tax_certified", row)
    return made


def _known(client: Client, party: Party | None) -> tuple[Known, bool]:
    if party is not None:
        company = party.kind == PartyKind.COMPANY
        return Known(party.residence, party.nationality, company=company), company
    company = client.kind == ClientKind.COMPANY
    nationality = "" if company else client.nationality
    return Known(client.residence, nationality, client.phone, company), company


def _tidy(each: Residence) -> Residence:
    return Residence(
        each.country.upper(), tidied(each.tin), each.no_tin, tidied(each.explanation)[:200]
    )


def _signature_problems(
    client: Client, certified_by: str, day: date, document: ClientDocument | None
) -> dict[str, str]:
    found = {}
    signer, now_there = tidied(certified_by), today(brokerage().timezone)
    if not signer:
        found["certified_by"] = "Say who certified it."
    elif len(signer) > SIGNER_CHARS_MAX or not is_plain(signer):
        found["certified_by"] = "This is not a name."
    if day > now_there:
        found["certified_on"] = "This day has not come yet."
    elif now_there.year - day.year > AGE_YEARS_MAX:
        found["certified_on"] = f"More than {AGE_YEARS_MAX} years ago: ask again."
    if document is not None and document.client_id != client.pk:
        found["document"] = "The document is another client's."
    return found


def _keep(actor: Actor, made: TaxCertification, each: Residence, order: int) -> None:
    row = TaxResidence(
        tenant_id=actor.tenant_id,
        certification=made,
        country=each.country,
        no_tin=each.no_tin,
        explanation=each.explanation,
        order=order,
    )
    if each.tin:
        row.tin_sealed = seal(
            each.tin.encode(), tenant_id=actor.tenant_id, purpose=TIN, bound_to=str(row.pk)
        )
    row.save(force_insert=True)


def tin_of(row: TaxResidence) -> str:
    """The number in clear: show it only to who may see full data."""
    if not row.tin_sealed:
        return ""
    sealed, tenant_id = bytes(row.tin_sealed), current_tenant_id()
    return unseal(sealed, tenant_id=tenant_id, purpose=TIN, bound_to=str(row.pk)).decode()
