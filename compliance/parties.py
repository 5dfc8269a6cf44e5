"""Third parties around a client: who pays in their place, where their money goes, and who is
behind a company (``related``).

A payer's name is searched like a client's; a wallet's address is looked up letter for letter. Who
was searched is kept, so that a changed list finds them again. What is found is a hit of the
client's whose subject is the party: dismissed and remembered like any other.
"""

from datetime import date
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction

from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from clients.models import Client
from clients.rules import folded
from compliance.indexes import Lists, lists_for
from compliance.models import Hit, PartyScreening, TenantEntity, WatchEntity
from compliance.screen import hits_settle
from compliance.screening.entities import Identifier, Kind, PartialDate
from compliance.screening.match import Subject
from compliance.states import HitState
from compliance.subjects import subject_hash

PAYER, WALLET = "payments.payer", "payments.wallet"
ROLES = {PAYER: "Payer", WALLET: "Wallet"}
KINDS = {"person": Kind.PERSON, "company": Kind.ENTITY}
CRYPTO = "crypto address"
NAME_CHARS_MAX = 140


def payer_id(client: Client, name: str) -> UUID:
    """The same payer of the same client is one subject, however often and in whatever case."""
    return uuid5(client.pk, folded(name))


def facts_of(kind: str, name: str, number: str = "") -> dict[str, Any]:
    """What a hit keeps of the party; the fields that a client would have stay empty."""
    return {
        "name": name,
        "kind": "",
        "birth_date": "",
        "nationality": "",
        "residence": "",
        "role": ROLES[kind],
        "number": number,
    }


def party_subject(facts: dict[str, Any]) -> Subject:
    """What is searched: a wallet by its address alone, a payer by a name and nothing else, who is
    behind a company by all that a client is searched by."""
    if facts["number"]:
        return Subject(name="", kind=None, identifiers=(Identifier(CRYPTO, facts["number"]),))
    born = date.fromisoformat(facts["birth_date"]) if facts["birth_date"] else None
    countries = dict.fromkeys(code for code in (facts["nationality"], facts["residence"]) if code)
    return Subject(
        name=facts["name"],
        kind=KINDS.get(facts["kind"]),
        birth_date=PartialDate(born.year, born.month, born.day) if born else None,
        countries=tuple(countries),
    )


@transaction.atomic
def payer_screen(*, actor: Actor, client: Client, name: str) -> list[Hit]:
    """Search the name that money came under; the client's hits on it that wait for a decision."""
    name = " ".join(name.split())[:NAME_CHARS_MAX]
    subject_id = payer_id(client, name)
    known = PartyScreening.objects.filter(
        tenant_id=actor.tenant_id, client=client, subject_type=PAYER, subject_id=subject_id
    ).first()
    # As it was written first: other capitals are no other payer, and reopen nothing.
    facts = known.subject if known else facts_of(PAYER, name)
    return party_search(actor=actor, client=client, kind=PAYER, subject_id=subject_id, facts=facts)


@transaction.atomic
def wallet_screen(
    *, actor: Actor, client: Client, subject_id: UUID, label: str, address: str
) -> list[Hit]:
    """Look a wallet's address up; ``subject_id`` is the destination's."""
    facts = facts_of(WALLET, label, address)
    return party_search(actor=actor, client=client, kind=WALLET, subject_id=subject_id, facts=facts)


@transaction.atomic
def party_screen_again(*, actor: Actor, row: PartyScreening, lists: Lists) -> list[Hit]:
    """A list has changed: search who was searched before."""
    return party_search(
        actor=actor,
        client=row.client,
        kind=row.subject_type,
        subject_id=row.subject_id,
        facts=row.subject,
        lists=lists,
    )


def party_search(
    *,
    actor: Actor,
    client: Client,
    kind: str,
    subject_id: UUID,
    facts: dict[str, Any],
    lists: Lists | None = None,
) -> list[Hit]:
    """Search one party by ``facts``, and keep that it was; hits that wait for a decision."""
    lists = lists or lists_for(actor)
    hits, matched = hits_settle(
        actor=actor,
        client=client,
        subject_type=kind,
        subject_id=subject_id,
        facts=facts,
        matches=lists.search(party_subject(facts)),
        lists=lists,
    )
    PartyScreening.objects.update_or_create(
        tenant_id=actor.tenant_id,
        client=client,
        subject_type=kind,
        subject_id=subject_id,
        defaults={
            "subject": facts,
            "subject_hash": subject_hash(facts),
            "matches": matched,
            "at": now(),
        },
    )
    return hits


def payer_is_screened(client: Client, name: str) -> bool:
    """Whether the name was searched for this client, on whatever versions: lists are followed."""
    return PartyScreening.objects.filter(
        tenant_id=current_tenant_id(),
        client=client,
        subject_type=PAYER,
        subject_id=payer_id(client, name),
    ).exists()


def address_listed(actor: Actor, client: Client, subject_id: UUID, address: str) -> bool:
    """Whether a wallet's address stands on a list in use and nobody has said that it is another's.

    Asked of the database, since it is asked within a payment's transaction: an index over the
    entries answers without reading the lists into memory.
    """
    wanted = {"identifiers": [{"kind": CRYPTO, "value": address.strip()}]}
    listed = [
        *WatchEntity.objects.filter(watch_list__active=True, entity__contains=wanted).values_list(
            "source", "entity_id"
        ),
        *TenantEntity.objects.filter(
            tenant_id=actor.tenant_id, watch_list__active=True, entity__contains=wanted
        ).values_list("source", "entity_id"),
    ]
    if not listed:
        return False
    dismissed = set(
        Hit.objects.filter(
            tenant_id=actor.tenant_id,
            client=client,
            subject_id=subject_id,
            state=HitState.FALSE_POSITIVE,
        ).values_list("source", "entity_id")
    )
    return not dismissed.issuperset(listed)
