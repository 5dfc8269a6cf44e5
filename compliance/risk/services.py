"""Assessing clients: the outcome is kept when it is another, and the client's row follows it."""

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.context import Actor, current_tenant_id
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox, queues
from backoffice.workflow.models import OutboxItem
from clients.locks import client_locked
from clients.models import Client, RiskBand
from clients.services import client_set_risk
from compliance import actions
from compliance.risk import rules
from compliance.risk.facts import FIRST, Known, facts_of, some_after
from compliance.risk.models import RiskAssessment, RiskModel
from compliance.risk.rules import Model, Outcome
from compliance.risk.versions import EVERYONE, model_in_force, model_of

QUEUE = "risk-changes"
URGENT = (RiskBand.HIGH, RiskBand.PROHIBITED)


def last_of(client: Client, count: int = 1) -> list[RiskAssessment]:
    """The newest assessments first."""
    rows = RiskAssessment.objects.filter(tenant_id=current_tenant_id(), client=client)
    return list(rows.select_related("model").order_by("-id")[:count])


@transaction.atomic
def client_assess(*, actor: Actor, client: Client, why: str) -> RiskAssessment | None:
    """Reckon the client's risk now; a new row when anything about it is another than last time.
    Who comes into another band is put before a person; by another model, whom two people have
    looked at as a whole, only who rises to high. None while no model is in force, and for a
    closed client."""
    version = model_in_force()
    if version is None:
        return None
    row = client_locked(actor, client.pk)
    known = facts_of(row.pk)
    if known is None:
        return None
    outcome = rules.assess(model_of(version), known.facts)
    last = next(iter(last_of(row)), None)
    if last is not None and _same(last, version, outcome) and row.risk_band == outcome.band:
        return last
    made = RiskAssessment.objects.create(
        tenant_id=actor.tenant_id,
        client=row,
        model=version,
        score=outcome.score,
        band=outcome.band,
        was=row.risk_band,
        lines=_kept(outcome),
        floors=list(outcome.floors),
        why=why[:80],
    )
    _follow(actor, row, made)
    by_model = last is None or last.model_id != version.pk
    if made.band in URGENT if by_model else made.band != made.was:
        _open(actor, row, made)
    return made


def _kept(outcome: Outcome) -> list[list[object]]:
    return [
        [line.code, line.words, str(line.value), line.weight, str(line.points)]
        for line in outcome.lines
    ]


def _same(last: RiskAssessment, version: RiskModel, outcome: Outcome) -> bool:
    return (last.model_id, last.lines, last.floors) == (
        version.pk,
        _kept(outcome),
        list(outcome.floors),
    )


def _follow(actor: Actor, client: Client, made: RiskAssessment) -> None:
    """Score and band on the client's row."""
    if (client.risk_band, client.risk_score) != (made.band, made.score):
        client_set_risk(
            actor=actor,
            client=client,
            band=made.band,
            score=made.score,
            reason=f"reckoned at {made.score}: {made.why}",
        )
    else:
        data = {"score": made.score, "why": made.why}
        audit(actor=actor, action=actions.RISK_ASSESSED, subject=client, data=data)


def _open(actor: Actor, client: Client, made: RiskAssessment) -> None:
    if made.band == made.was:
        return
    queues.item_open(
        actor=actor,
        queue=QUEUE,
        subject=made,
        desk_id=client.desk_id,
        urgent=made.band in URGENT,
    )


def everyone_assess(*, actor: Actor, why: str) -> int:
    """Every client whose outcome is another than what their row says, each in a scope of its own;
    how many. Opens its own scopes: what was done before a failure stays done."""
    done, after = 0, FIRST
    while True:
        with tenant_scope(actor.tenant_id, actor):
            version = model_in_force()
            chunk = some_after(after) if version else []
        if version is None or not chunk:
            return done
        model = model_of(version)
        for one in chunk:
            if _other(model, one):
                with tenant_scope(actor.tenant_id, actor):
                    client = Client.objects.get(tenant_id=actor.tenant_id, pk=one.id)
                    client_assess(actor=actor, client=client, why=why)
                done += 1
        after = chunk[-1].id


def _other(model: Model, one: Known) -> bool:
    outcome = rules.assess(model, one.facts)
    return (outcome.score, outcome.band) != (one.score, one.band)


@outbox.handles(EVERYONE, slow=True)
def model_changed(actor: Actor, item: OutboxItem) -> None:
    everyone_assess(actor=actor, why="another model")


# What a client's events leave behind (clients.followers).
CLIENT_CHANGED, MEANS_DECLARED = "compliance.risk_client", "compliance.risk_means"
MEASURED = frozenset({"kind", "nationality", "residence", "risk_floor", "flags"})


@outbox.handles(CLIENT_CHANGED)
def client_changed(actor: Actor, item: OutboxItem) -> None:
    if MEASURED & set(item.payload.get("fields", [])):
        _again(actor, item, "the particulars changed")


@outbox.handles(MEANS_DECLARED)
def means_declared(actor: Actor, item: OutboxItem) -> None:
    _again(actor, item, "means were declared")


def _again(actor: Actor, item: OutboxItem, why: str) -> None:
    assert item.subject_id is not None
    with tenant_scope(actor.tenant_id, actor):
        client = Client.objects.get(tenant_id=actor.tenant_id, pk=item.subject_id)
        client_assess(actor=actor, client=client, why=why)
