"""What follows from hits for the client: restrictions at once, KYC cases after the commit.

KYC locks an approval before the client; a decision on a hit holds the client's lock already. So
cases are settled by the outbox, seconds later; money stops in the decision's own transaction.
"""

from typing import Any

from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.workflow import outbox
from clients.models import Client, ClientAction, RiskBand
from clients.services import client_set_risk, restriction_place
from compliance import selectors
from compliance.indexes import lists_for
from compliance.models import Hit
from compliance.related import RELATED, party_exposed
from compliance.screen import SETTLE
from compliance.screening.decide import Category
from compliance.screening.entities import Kind
from compliance.screening.normalise import can_be_compared
from compliance.selectors import CLIENT
from compliance.states import HIT_UNDECIDED, HitState
from compliance.subjects import subject_of
from kyc.checks import CheckAnswer
from kyc.models import CheckOutcome

ORIGIN = "compliance.hit"
# Colleagues of every department read this on the client's page: it says no more than they need.
NEUTRAL = "Stopped by compliance"
STOPPING = (Category.SANCTIONS, Category.INTERNAL)


def hit_decided(actor: Actor, hit: Hit) -> None:
    """Called once, in the decision's transaction, with the hit and its client locked."""
    freeze = False
    # Of a listed payer or wallet the client's money stands still (release), and the case is looked
    # at anew; the client is not the one on the list. What belongs to a listed owner or is directed
    # by them is theirs to the law, whatever their share: their company stops as they would.
    if hit.state == HitState.CONFIRMED and hit.subject_type in (CLIENT, RELATED):
        if hit.category in STOPPING:
            stop_everything(actor, hit)
            freeze = hit.category == Category.SANCTIONS
        else:
            _high_risk(actor, hit)
    outbox.put(
        SETTLE, subject_id=hit.client_id, payload={"freeze": hit.reference if freeze else ""}
    )


def stop_everything(actor: Actor, hit: Hit) -> None:
    """Nothing may be done any more, deposits and sign-in included: assets are frozen."""
    for action in ClientAction:
        restriction_place(
            actor=actor,
            client=hit.client,
            action=action,
            reason="compliance",
            text=NEUTRAL,
            origin=ORIGIN,
        )


def _high_risk(actor: Actor, hit: Hit) -> None:
    """Politically exposed or in the news: not forbidden, but never less than high risk."""
    band, own = hit.client.risk_band, hit.subject_type == CLIENT
    client_set_risk(
        actor=actor,
        client=hit.client,
        band=band if band == RiskBand.PROHIBITED else RiskBand.HIGH,
        reason=f"{hit.reference} is confirmed",
        politically_exposed=True if hit.category == Category.PEP and own else None,
    )
    if hit.category == Category.PEP and not own:
        party_exposed(actor, hit)


def answer_for(actor: Actor, client: Client) -> CheckAnswer:
    """What the screening check of the client's case says now, from the hits as they stand."""
    lists = lists_for(actor)
    if not lists.sources:
        return CheckAnswer(
            CheckOutcome.ERROR, "No watch list is in use, so there is nothing to screen against."
        )
    subject = subject_of(client)
    if not can_be_compared(subject.name, subject.kind or Kind.PERSON):
        return CheckAnswer(
            CheckOutcome.ERROR,
            "The name has too few letters to be compared with a list: correct the client's name.",
        )
    hits = list(selectors.hits_of(actor, client).exclude(state=HitState.GONE))
    open_hits = [hit for hit in hits if hit.state in HIT_UNDECIDED]
    confirmed = [hit for hit in hits if hit.state == HitState.CONFIRMED]
    forbidding = [hit for hit in confirmed if hit.category in STOPPING]
    if open_hits or forbidding:
        words = [f"{len(open_hits)} to be decided"] if open_hits else []
        words += [f"{len(forbidding)} confirmed"] if forbidding else []
        shown = [*open_hits, *forbidding]
        return CheckAnswer(CheckOutcome.HIT, ", ".join(words), _lines(shown), _url(client, shown))
    count = len(lists.sources)
    searched = f"{count} list{'' if count == 1 else 's'}, {lists.entities:,} entries"
    if confirmed:
        summary = f"Confirmed, high risk: {confirmed[0].get_category_display().lower()}"
    elif hits:
        summary = f"Someone else in {len(hits)} of {len(hits)} hits; {searched}"
    else:
        summary = f"No one is like the client: {searched}"
    return CheckAnswer(CheckOutcome.CLEAR, summary[:200], _lines(hits), _url(client, hits))


def _lines(hits: list[Hit]) -> list[dict[str, Any]]:
    return [
        {
            "title": f"{hit.listed_name} ({hit.source_title})",
            "score": f"{hit.score:.2f}",
            "detail": f"{hit.reference}, {hit.get_state_display().lower()}. {hit.why}",
            "features": [
                [line["feature"], line["value"], line["effect"]]
                for line in selectors.feature_lines(hit.features)
            ],
        }
        for hit in hits
    ]


def _url(client: Client, hits: list[Hit]) -> str:
    if len(hits) == 1:
        return reverse("compliance:hit", args=[hits[0].pk])
    return f"{reverse('compliance:hits')}?segment=all&client={client.reference}" if hits else ""
