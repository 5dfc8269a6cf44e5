"""Owners, directors and signatories of a company on the lists: searched as clients are, with their
own birth date and countries, each a subject of the company's hits."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse

from backoffice.core.context import Actor, current_tenant_id
from clients.models import Client, Party
from clients.ownership.selectors import structure_of
from clients.ownership.services import party_change
from clients.ownership.states import PartyState
from compliance.indexes import Lists, lists_for
from compliance.models import Hit, PartyScreening
from compliance.parties import ROLES, party_search, party_subject
from compliance.screen import hits_settle
from compliance.screening.decide import Category
from compliance.screening.entities import Kind
from compliance.screening.normalise import can_be_compared
from compliance.states import HIT_UNDECIDED, HitState
from compliance.subjects import subject_hash
from kyc.parties.checks import PartyAnswer

RELATED = "clients.party"
ROLES[RELATED] = "Owner or director"
STOPPING = (str(Category.SANCTIONS), str(Category.INTERNAL))


def facts_of(party: Party) -> dict[str, Any]:
    """What a hit keeps. Not the share: who sells some is no other person, and reopens nothing."""
    return {
        "name": party.name,
        "kind": party.kind,
        "birth_date": party.birth_date.isoformat() if party.birth_date else "",
        "nationality": party.nationality,
        "residence": party.residence,
        "role": ROLES[RELATED],
        "number": "",
    }


@transaction.atomic
def related_screen(*, actor: Actor, party: Party, lists: Lists | None = None) -> list[Hit]:
    """Search one party; hits of the company on it that wait for a decision. Of who has ended
    nothing is left to decide."""
    if party.state == PartyState.ENDED:
        return _forget(actor, party)
    return party_search(
        actor=actor,
        client=party.client,
        kind=RELATED,
        subject_id=party.pk,
        facts=facts_of(party),
        lists=lists,
    )


def _forget(actor: Actor, party: Party) -> list[Hit]:
    """No longer behind the company: lists are not followed for them; what was confirmed stays."""
    hits_settle(
        actor=actor,
        client=party.client,
        subject_type=RELATED,
        subject_id=party.pk,
        facts=facts_of(party),
        matches=(),
        lists=lists_for(actor),
    )
    PartyScreening.objects.filter(
        tenant_id=actor.tenant_id, subject_type=RELATED, subject_id=party.pk
    ).delete()
    return []


@transaction.atomic
def company_screen(*, actor: Actor, client: Client) -> None:
    """Everyone behind a company, with its case."""
    lists = lists_for(actor)
    for party in structure_of(client).parties.values():
        party.client = client
        related_screen(actor=actor, party=party, lists=lists)


def party_exposed(actor: Actor, hit: Hit) -> None:
    """A confirmed hit says that the party holds public office; its client is locked."""
    party = Party.objects.get(tenant_id=actor.tenant_id, pk=hit.subject_id)
    if party.state != PartyState.ENDED and not party.politically_exposed:
        party_change(actor=actor, party=party, politically_exposed=True)


def related_answers(client: Client, parties: Iterable[Party]) -> Mapping[UUID, PartyAnswer]:
    """For the company's case (``kyc.parties.checks``): how each party stands on the lists."""
    tenant_id = current_tenant_id()
    mine = {"tenant_id": tenant_id, "client": client, "subject_type": RELATED}
    searched = dict(PartyScreening.objects.filter(**mine).values_list("subject_id", "subject_hash"))
    hits: dict[UUID, list[Hit]] = {}
    rows = Hit.objects.filter(**mine).exclude(state=HitState.GONE).order_by("-id")
    for hit in rows.only("subject_id", "reference", "state", "category"):
        hits.setdefault(hit.subject_id, []).append(hit)
    return {
        party.pk: _answer(client, party, searched.get(party.pk), hits.get(party.pk, []))
        for party in parties
    }


def _answer(client: Client, party: Party, searched: str | None, hits: list[Hit]) -> PartyAnswer:
    facts = facts_of(party)
    subject = party_subject(facts)
    if not can_be_compared(subject.name, subject.kind or Kind.PERSON):
        return PartyAnswer(False, "the name has too few letters for the lists", "bad")
    if searched != subject_hash(facts):
        return PartyAnswer(False, "not screened yet", "going")
    waiting = [hit for hit in hits if hit.state in HIT_UNDECIDED]
    if waiting:
        words = ", ".join(hit.reference for hit in waiting)
        return PartyAnswer(False, f"{words} to be decided", "attention", _url(client, waiting))
    confirmed = [hit for hit in hits if hit.state == HitState.CONFIRMED]
    if any(hit.category in STOPPING for hit in confirmed):
        words = f"{confirmed[0].reference} is confirmed"
        return PartyAnswer(False, words, "bad", _url(client, confirmed))
    if confirmed:
        words = f"{confirmed[0].get_category_display()}, confirmed"
        return PartyAnswer(True, words, "attention", _url(client, confirmed))
    words = f"someone else in {len(hits)}" if hits else "no hit"
    return PartyAnswer(True, words, "good", _url(client, hits))


def _url(client: Client, hits: list[Hit]) -> str:
    if len(hits) == 1:
        return reverse("compliance:hit", args=[hits[0].pk])
    return f"{reverse('compliance:hits')}?segment=all&client={client.reference}" if hits else ""
