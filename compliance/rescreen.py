"""Clients against a changed list: only who may be concerned is screened again.

``lists_follow`` brings a tenant up to the active versions, however many of them it missed. It
opens its own scopes: one to find who is concerned, one for each batch of clients.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from clients.models import Client, ClientKind
from clients.states import ClientState
from compliance import actions
from compliance.entity_json import entity_from_json
from compliance.indexes import lists_for
from compliance.models import (
    Hit,
    PartyScreening,
    ScreeningRun,
    TenantEntity,
    TenantList,
    WatchEntity,
    WatchList,
)
from compliance.parties import party_screen_again, party_subject
from compliance.policy import policy_of
from compliance.screen import screen_all
from compliance.screening.changes import ChangedEntities
from compliance.screening.entities import Kind
from compliance.screening.index import WatchIndex
from compliance.screening.match import GAIN_MAX

BATCH = 200
CHUNK = 10_000
# Names the runs that follow a change of the policy, beside those that follow a list.
POLICY = "policy"
# Leads are screened when they apply; who has left is not a client any more.
SCREENED_STATES = (ClientState.APPLICANT, ClientState.ACTIVE, ClientState.SUSPENDED)


def lists_follow(actor: Actor) -> list[ScreeningRun]:
    """Screen whom new versions of the lists may concern; one run per list that moved on."""
    with tenant_scope(actor.tenant_id, actor):
        behind = list(_behind(actor))
        policy = policy_of(actor.tenant_id).number
        changed = policy and not _followed(actor, POLICY, policy)
    if changed:
        # Another list or another score says something else of everyone: the lists' own changes
        # are followed with it.
        return [_everyone(actor, policy), *(_done(actor, *each) for each in behind)]
    return [_delta(actor, source, version) for source, version in behind]


def _followed(actor: Actor, source: str, version: int) -> bool:
    return ScreeningRun.objects.filter(
        tenant_id=actor.tenant_id, source=source, version=version, finished_at__isnull=False
    ).exists()


def _everyone(actor: Actor, policy: int) -> ScreeningRun:
    """Screen every client and every third party again."""
    with tenant_scope(actor.tenant_id, actor):
        run = ScreeningRun.objects.create(
            tenant_id=actor.tenant_id, kind=ScreeningRun.Kind.FULL, source=POLICY, version=policy
        )
        ids = list(_clients(actor).order_by("pk").values_list("pk", flat=True))
        run.clients = len(ids)
        parties = PartyScreening.objects.filter(tenant_id=actor.tenant_id)
        again = list(parties.select_related("client"))
    _screen_parties(actor, run, again)
    return _screen(actor, run, ids, f"policy {policy}")


def _done(actor: Actor, source: str, version: int) -> ScreeningRun:
    """A list whose change was followed while everyone was screened."""
    with tenant_scope(actor.tenant_id, actor):
        return ScreeningRun.objects.create(
            tenant_id=actor.tenant_id,
            kind=ScreeningRun.Kind.FULL,
            source=source,
            version=version,
            finished_at=now(),
        )


def _screen_parties(actor: Actor, run: ScreeningRun, rows: Sequence[PartyScreening]) -> None:
    for start in range(0, len(rows), BATCH):
        with tenant_scope(actor.tenant_id, actor):
            lists = lists_for(actor)
            for row in rows[start : start + BATCH]:
                run.hits += len(party_screen_again(actor=actor, row=row, lists=lists))


def _behind(actor: Actor) -> Iterator[tuple[str, int]]:
    """(source, active version's number) of lists whose version has not been followed to its end."""
    done = {
        (run["source"], run["version"])
        for run in ScreeningRun.objects.filter(
            tenant_id=actor.tenant_id, finished_at__isnull=False
        ).values("source", "version")
    }
    own = TenantList.objects.filter(tenant_id=actor.tenant_id, active=True)
    for rows in (WatchList.objects.filter(active=True), own):
        for source, number in rows.values_list("source", "number"):
            if (source, number) not in done:
                yield source, number


def _delta(actor: Actor, source: str, version: int) -> ScreeningRun:
    with tenant_scope(actor.tenant_id, actor):
        run = ScreeningRun.objects.create(
            tenant_id=actor.tenant_id, kind=ScreeningRun.Kind.DELTA, source=source, version=version
        )
        ids = _changed_ids(actor, source, version)
        concerned = sorted(_concerned(actor, source, ids))
        parties = _parties(actor, source, ids)
        run.entities = len(ids)
        run.clients = _clients(actor).count()
    _screen_parties(actor, run, parties)
    return _screen(actor, run, concerned, f"{source} version {version}")


def _screen(actor: Actor, run: ScreeningRun, ids: Sequence[UUID], why: str) -> ScreeningRun:
    for start in range(0, len(ids), BATCH):
        with tenant_scope(actor.tenant_id, actor):
            clients = Client.objects.filter(
                tenant_id=actor.tenant_id, pk__in=ids[start : start + BATCH]
            ).order_by("pk")
            screened, hits = screen_all(actor, clients, lists_for(actor))
        run.screened += screened
        run.hits += hits
    with tenant_scope(actor.tenant_id, actor):
        run.finished_at = now()
        run.save(update_fields=["entities", "clients", "screened", "hits", "finished_at"])
        audit(
            actor=actor,
            action=actions.SCREENED_ALL,
            subject=run,
            data={"screened": run.screened, "hits": run.hits, "why": why},
        )
    return run


def _clients(actor: Actor) -> Any:
    return Client.objects.filter(tenant_id=actor.tenant_id, state__in=SCREENED_STATES)


def _name_min(actor: Actor) -> float:
    """A name may score this little and still be looked at, once birth date and country agree."""
    return policy_of(actor.tenant_id).score_min - GAIN_MAX


def _tables(actor: Actor, source: str) -> tuple[Any, Any]:
    own = TenantList.objects.filter(tenant_id=actor.tenant_id, source=source)
    if own.exists():
        entities = TenantEntity.objects.filter(tenant_id=actor.tenant_id, source=source)
        return own, entities
    return WatchList.objects.filter(source=source), WatchEntity.objects.filter(source=source)


def _changed_ids(actor: Actor, source: str, version: int) -> set[str]:
    """Entities that any version since the last followed one added, changed or removed."""
    followed = (
        ScreeningRun.objects.filter(
            tenant_id=actor.tenant_id, source=source, finished_at__isnull=False
        )
        .order_by("-version")
        .values_list("version", flat=True)
        .first()
    )
    versions, _ = _tables(actor, source)
    missed = versions.filter(number__gt=followed or 0, number__lte=version)
    return {entity_id for delta in missed.values_list("delta", flat=True) for entity_id in delta}


def _concerned(actor: Actor, source: str, ids: set[str]) -> set[UUID]:
    """Clients whose name is like a changed entity's, or who have a hit on one."""
    hits = Hit.objects.filter(tenant_id=actor.tenant_id, source=source, entity_id__in=ids)
    concerned = set(hits.values_list("client_id", flat=True))
    everyone = _clients(actor)
    if len(ids) > everyone.count():
        # A whole list is new: asking for each client is less work than for each entity.
        return concerned | set(everyone.values_list("pk", flat=True))
    _, entities = _tables(actor, source)
    changed = [
        entity_from_json(content)
        for content in entities.filter(entity_id__in=ids).values_list("entity", flat=True)
    ]
    lists = lists_for(actor)
    for kind in (Kind.PERSON, Kind.ENTITY):
        names = ChangedEntities(changed, kind, lists.rarity(source, kind))
        found = names.concerned(_names(everyone, kind), score_min=_name_min(actor))
        concerned |= {UUID(each.subject_id) for each in found}
    return concerned


def _parties(actor: Actor, source: str, ids: set[str]) -> list[PartyScreening]:
    """Payers and wallets of clients whom a changed entity may concern: few, so each is compared."""
    rows = PartyScreening.objects.filter(tenant_id=actor.tenant_id).select_related("client")
    if not ids or not rows.exists():
        return []
    _, entities = _tables(actor, source)
    changed = WatchIndex(
        entity_from_json(content)
        for content in entities.filter(entity_id__in=ids).values_list("entity", flat=True)
    )
    known = Hit.objects.filter(tenant_id=actor.tenant_id, source=source, entity_id__in=ids)
    with_hits, least = set(known.values_list("subject_id", flat=True)), _name_min(actor)
    return [
        row
        for row in rows.iterator(chunk_size=CHUNK)
        if row.subject_id in with_hits
        or changed.search(party_subject(row.subject), score_min=least)
    ]


def _names(clients: Any, kind: Kind) -> Iterator[tuple[str, str]]:
    """(id, name) of each client of a kind, read past and not kept."""
    if kind == Kind.ENTITY:
        rows = clients.filter(kind=ClientKind.COMPANY).values_list("pk", "company_name")
        for pk, company in rows.iterator(chunk_size=CHUNK):
            yield str(pk), company
        return
    rows = clients.exclude(kind=ClientKind.COMPANY).values_list("pk", "first_name", "last_name")
    for pk, first, last in rows.iterator(chunk_size=CHUNK):
        yield str(pk), f"{first} {last}"
