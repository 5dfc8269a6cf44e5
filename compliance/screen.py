"""Services that search clients on the lists and keep what is found as hits.

A hit that was dismissed stays dismissed while both sides are as they were; when the client or the
listed entity has changed, it opens again. What matches no longer closes by itself, unless a person
has confirmed it.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.tenancy.references import next_reference
from backoffice.workflow import approvals, moves, outbox, queues
from clients.locks import client_locked
from clients.models import Client
from compliance import actions
from compliance.entity_json import entity_to_json
from compliance.indexes import Lists, Source, lists_for
from compliance.models import Hit, Screening
from compliance.screening.decide import Outcome
from compliance.screening.match import Match
from compliance.selectors import CLIENT
from compliance.states import HIT, HIT_UNDECIDED, HitState
from compliance.subjects import subject_facts, subject_hash, subject_of

HITS_QUEUE = "hits"
# After the commit: what the client's KYC cases should say and do now (handlers.settle).
SETTLE = "compliance.settle"
NAME_CHARS_MAX = 1000


@transaction.atomic
def client_screen(*, actor: Actor, client: Client, lists: Lists | None = None) -> list[Hit]:
    """Search one client on every active list; returns its hits that wait for a decision."""
    lists = lists or lists_for(actor)
    row = client_locked(actor, client.pk)
    facts = subject_facts(row)
    hits, matches = hits_settle(
        actor=actor,
        client=row,
        subject_type=CLIENT,
        subject_id=row.pk,
        facts=facts,
        matches=lists.search(subject_of(row)),
        lists=lists,
    )
    _remember(actor, row, facts, lists.sources, matches)
    return hits


def hits_settle(
    *,
    actor: Actor,
    client: Client,
    subject_type: str,
    subject_id: UUID,
    facts: dict[str, Any],
    matches: Iterable[Match],
    lists: Lists,
) -> tuple[list[Hit], int]:
    """Bring the client's hits on one subject in line with what was found for it; the hits that
    wait for a decision, and how many entries matched. The client is locked, or is locked here."""
    row = client_locked(actor, client.pk)
    known = {
        (hit.source, hit.entity_id): hit
        for hit in Hit.objects.select_for_update(of=("self",)).filter(
            tenant_id=actor.tenant_id, client=row, subject_id=subject_id
        )
    }
    sources = lists.sources
    matched = set()
    for match in matches:
        source = sources[match.entity.source]
        decision = lists.decision(match)
        if decision.outcome is Outcome.CLEAR:
            continue
        matched.add((match.entity.source, match.entity.id))
        found = _found(match, source, facts)
        found |= {"blocking": decision.outcome is Outcome.BLOCK, "why": decision.reason[:200]}
        hit = known.get((match.entity.source, match.entity.id))
        if hit is None:
            found |= {"subject_type": subject_type, "subject_id": subject_id}
            hit = known[match.entity.source, match.entity.id] = _open(actor, row, found)
        else:
            _seen_again(actor, hit, found)
    for key, hit in known.items():
        if key not in matched:
            _gone(actor, hit)
    if known:
        outbox.put(SETTLE, subject_id=row.pk)
    return [hit for hit in known.values() if hit.state in HIT_UNDECIDED], len(matched)


def _found(match: Match, source: Source, facts: dict[str, Any]) -> dict[str, Any]:
    name = match.name or match.entity.names[0]
    return {
        "subject": facts,
        "subject_hash": subject_hash(facts),
        "source": match.entity.source,
        "source_title": source.title,
        "category": str(source.category),
        "entity_id": match.entity.id,
        "entity": entity_to_json(match.entity),
        "content_hash": match.entity.content_hash,
        "listed_name": name.text[:NAME_CHARS_MAX],
        "score": round(match.score, 4),
        "features": [[f.feature, f.value, round(f.effect, 4)] for f in match.features],
    }


def _open(actor: Actor, client: Client, found: dict[str, Any]) -> Hit:
    hit = Hit.objects.create(
        tenant_id=actor.tenant_id,
        reference=next_reference("H"),
        client=client,
        **found,
    )
    moves.begin(hit, HIT, actor=actor, reason=found["why"])
    queue_hit(actor, hit)
    audit(
        actor=actor,
        action=actions.HIT_FOUND,
        subject=hit,
        data={
            "client": client.reference,
            "list": hit.source_title,
            "entity": hit.entity_id,
            "name": hit.listed_name,
            "score": found["score"],
        },
    )
    return hit


def queue_hit(actor: Actor, hit: Hit) -> None:
    queues.item_open(
        actor=actor, queue=HITS_QUEUE, subject=hit, desk_id=hit.client.desk_id, urgent=hit.blocking
    )


def _seen_again(actor: Actor, hit: Hit, found: dict[str, Any]) -> None:
    """The pair is known: nothing to do unless one of the two is no longer the same."""
    why = []
    if found["content_hash"] != hit.content_hash:
        why.append("the listed entry changed")
    if found["subject_hash"] != hit.subject_hash:
        why.append("the client's particulars changed")
    if not why and hit.state != HitState.GONE:
        return
    _take_back_proposal(actor, hit, " and ".join(why))
    for name, value in found.items():
        setattr(hit, name, value)
    if hit.state == HitState.CONFIRMED:
        # Still the one who was confirmed: only the facts on the page move on.
        hit.save(update_fields=list(found))
        return
    reopened = hit.state != HitState.OPEN
    if reopened:
        hit.times_opened, hit.found_at = hit.times_opened + 1, now()
    reason = " and ".join(why) or "it matches again"
    changed = moves.move(
        hit,
        HIT,
        HitState.OPEN,
        actor=actor,
        reason=reason,
        update_fields=[*found, "times_opened", "found_at"],
    )
    if not changed:
        hit.save(update_fields=list(found))
    queue_hit(actor, hit)
    if reopened:
        audit(actor=actor, action=actions.HIT_REOPENED, subject=hit, data={"why": reason})


def _take_back_proposal(actor: Actor, hit: Hit, why: str) -> None:
    """What was put before the second pair of eyes is no longer what they would decide on."""
    if hit.state != HitState.PENDING:
        return
    approval = approvals.pending_for(actor, hit.pk)
    if approval is not None:
        approvals.approval_cancel(actor=actor, approval=approval, reason=why)
    hit.proposed = ""
    moves.move(hit, HIT, HitState.OPEN, actor=actor, reason=why, update_fields=["proposed"])


def _gone(actor: Actor, hit: Hit) -> None:
    if hit.state in (HitState.CONFIRMED, HitState.GONE):
        return
    _take_back_proposal(actor, hit, "it matches no longer")
    moves.move(hit, HIT, HitState.GONE, actor=actor, reason="it matches no longer")
    queues.item_close(actor=actor, queue=HITS_QUEUE, subject_id=hit.pk)
    audit(actor=actor, action=actions.HIT_GONE, subject=hit)


def _remember(
    actor: Actor, client: Client, facts: dict[str, Any], sources: dict[str, Source], matches: int
) -> None:
    Screening.objects.update_or_create(
        tenant_id=actor.tenant_id,
        client=client,
        defaults={
            "subject_hash": subject_hash(facts),
            "versions": {code: source.number for code, source in sources.items()},
            "matches": matches,
            "at": now(),
        },
    )


def screen_all(actor: Actor, clients: Iterable[Client], lists: Lists) -> tuple[int, int]:
    """(clients screened, new hits to decide) of a batch, in the caller's transaction."""
    screened = hits = 0
    for client in clients:
        before = Hit.objects.filter(
            tenant_id=actor.tenant_id, client=client, state__in=HIT_UNDECIDED
        ).count()
        after = len(client_screen(actor=actor, client=client, lists=lists))
        screened, hits = screened + 1, hits + max(0, after - before)
    return screened, hits
