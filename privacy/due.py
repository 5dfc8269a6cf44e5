"""Clients of whom nothing has to be kept any longer: listed every night, erased by people alone."""

from collections.abc import Iterator, Sequence
from datetime import date
from uuid import UUID

from django.db.models import Exists, Max, OuterRef, QuerySet, Subquery

from backoffice.core.bulk import insert_all
from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError, InvalidInput, NotPermitted
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem, Transition
from clients.models import Client
from clients.states import ClientState
from privacy import rules
from privacy.erasure import TOPIC, WORK, erasure_ask
from privacy.models import Channel, ErasureRequest, LegalHold, RetentionDue, Source
from privacy.rules import Facts, Outcome, Policy, Trigger
from privacy.selectors import last_money_on, version_in_force
from privacy.states import REQUEST, RequestState

AT_ONCE = 1_000
ASKED_MAX = 100
GONE = [{"category": str(rules.Category.IDENTITY), "outcome": str(Outcome.DELETED)}]


def due_find(actor: Actor) -> int:
    """List who is due by the rules in force, and take off who is not any more; how many are."""
    version = version_in_force()
    policy = rules.load(version.figures if version else rules.defaults())
    found = {client.pk: due for client, due in _due(actor, policy)}
    listed = RetentionDue.objects.filter(tenant_id=actor.tenant_id)
    listed.exclude(client_id__in=found).delete()
    known = set(listed.values_list("client_id", flat=True))
    insert_all(
        [
            RetentionDue(tenant_id=actor.tenant_id, client_id=pk, due_on=due)
            for pk, due in found.items()
            if pk not in known
        ]
    )
    return len(found)


def _due(actor: Actor, policy: Policy) -> Iterator[tuple[Client, date]]:
    day = today()
    by_money = any(rule.trigger == Trigger.LAST_MONEY for rule in policy.values())
    for client in _closed(actor).iterator(chunk_size=AT_ONCE):
        closed_at = client.closed_at  # type: ignore[attr-defined]
        facts = Facts(
            ended_on=closed_at.date() if closed_at else None,
            last_money_on=last_money_on(client) if by_money else None,
            longer_years=client.longer or 0,  # type: ignore[attr-defined]
        )
        days = [rules.due_on(rule, facts) for rule in policy.values()]
        last = max((each for each in days if each), default=None)
        if last is not None and None not in days and last <= day:
            yield client, last


def _closed(actor: Actor) -> QuerySet[Client]:
    """Closed clients that nobody holds, asks about or has erased."""
    mine = {"tenant_id": actor.tenant_id, "client_id": OuterRef("pk")}
    asked = ErasureRequest.objects.filter(**mine)
    moves = Transition.objects.filter(
        tenant_id=actor.tenant_id, subject_id=OuterRef("pk"), target=ClientState.CLOSED
    )
    return (
        Client.objects.filter(tenant_id=actor.tenant_id, state=ClientState.CLOSED)
        .only("reference", "state", "tenant_id")
        .annotate(
            closed_at=Subquery(moves.order_by("-id").values("at")[:1]),
            longer=Subquery(
                asked.values("client_id").annotate(most=Max("longer_years")).values("most")[:1]
            ),
        )
        .filter(
            ~Exists(LegalHold.objects.filter(**mine, lifted_at=None)),
            ~Exists(asked.exclude(state__in=REQUEST.final)),
            ~Exists(asked.filter(state=RequestState.DONE, answers__contains=GONE)),
        )
        .order_by("id")
    )


def due_for(actor: Actor) -> QuerySet[RetentionDue]:
    rows = RetentionDue.objects.filter(tenant_id=actor.tenant_id).select_related("client")
    return rows if actor.desks is None else rows.filter(client__desk_id__in=actor.desks)


def due_ask(*, actor: Actor, chosen: Sequence[UUID]) -> tuple[int, list[str]]:
    """Ask for the erasure of those chosen, each by itself for a second person to decide; how many
    were asked for, and a sentence for each that was not."""
    if not actor.can(WORK):
        raise NotPermitted
    if not chosen:
        raise InvalidInput("Choose whose data is to go.")
    if len(chosen) > ASKED_MAX:
        raise InvalidInput(f"At most {ASKED_MAX} at once.")
    asked, refused = 0, []
    for row in due_for(actor).filter(pk__in=chosen):
        try:
            erasure_ask(
                actor=actor, client=row.client, source=Source.RETENTION,
                channel=Channel.NONE, received_on=today(),
            )  # fmt: skip
        except DomainError as error:
            refused.append(f"{row.client.reference}: {error.sentence}")
        else:
            row.delete()
            asked += 1
    return asked, refused


def work_again(actor: Actor) -> int:
    """Requests that are being carried out while no work waits for them: it failed too often, or a
    machine went down. They go on from the step that is left."""
    waiting = OutboxItem.objects.filter(
        tenant_id=actor.tenant_id, topic=TOPIC, subject_id=OuterRef("pk"), state="waiting"
    )
    stuck = ErasureRequest.objects.filter(
        ~Exists(waiting), tenant_id=actor.tenant_id, state=RequestState.RUNNING
    )
    found = list(stuck.values_list("pk", flat=True))
    for pk in found:
        outbox.put(TOPIC, subject_id=pk)
    return len(found)
