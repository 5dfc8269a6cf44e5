"""A version tried on every client: who would be in which band, and who moves most."""

from collections import Counter
from collections.abc import Iterable
from heapq import nlargest
from typing import Any, NamedTuple

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import NotPermitted
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import moves, outbox
from backoffice.workflow.models import OutboxItem
from clients.models import RiskBand
from compliance import actions
from compliance.risk import rules
from compliance.risk.facts import Known, everyone
from compliance.risk.models import RiskModel, RiskTrial
from compliance.risk.rules import Model
from compliance.risk.states import TRIAL, TrialState
from compliance.risk.versions import MANAGE, model_of

TOPIC = "compliance.risk_trial"
MOVERS_MAX = 50


@transaction.atomic
def trial_ask(*, actor: Actor, row: RiskModel) -> RiskTrial:
    """Try a version on everyone; a worker does it, and changes nobody."""
    if not actor.can(MANAGE):
        raise NotPermitted
    made = RiskTrial.objects.create(
        tenant_id=actor.tenant_id, model=row, asked_by_ref=actor.ref, asked_by=actor.name
    )
    moves.begin(made, TRIAL, actor=actor)
    audit(actor=actor, action=actions.RISK_MODEL_TRIED, subject=row, label=str(row))
    outbox.put(TOPIC, subject_id=made.pk)
    return made


@outbox.handles(TOPIC, slow=True)
def trial_make(actor: Actor, item: OutboxItem) -> None:
    """Assess everyone, write the matrix: a repeat finds it done."""
    assert item.subject_id is not None
    with tenant_scope(actor.tenant_id, actor):
        rows = RiskTrial.objects.select_for_update(of=("self",)).select_related("model")
        trial = rows.get(tenant_id=actor.tenant_id, pk=item.subject_id)
        if trial.state != TrialState.WAITING:
            return
        trial.result = tried(model_of(trial.model), everyone())
        trial.done_at = now()
        fields = ["result", "done_at"]
        moves.move(trial, TRIAL, TrialState.DONE, actor=actor, update_fields=fields)


class _Mover(NamedTuple):
    by: int
    reference: str
    client_id: str
    was_band: str
    was: int | None
    band: str
    score: int


def tried(model: Model, clients: Iterable[Known]) -> dict[str, Any]:
    """``matrix``: how many from band to band, ``"low high"``: count; ``movers``: those whose band
    or score moves most, as reference, id, band and score before, band and score after."""
    matrix: Counter[str] = Counter()
    movers: list[_Mover] = []
    for one in clients:
        outcome = rules.assess(model, one.facts)
        matrix[f"{one.band} {outcome.band}"] += 1
        steps = rules.ORDER.index(RiskBand(outcome.band)) - rules.ORDER.index(RiskBand(one.band))
        by = abs(steps) * 100 + abs(outcome.score - (one.score or 0))
        if by:
            movers.append(
                _Mover(
                    by, one.reference, str(one.id), one.band, one.score, outcome.band, outcome.score
                )
            )
        if len(movers) > 20 * MOVERS_MAX:
            movers = nlargest(MOVERS_MAX, movers, key=lambda each: each.by)
    moved = sum(count for pair, count in matrix.items() if len(set(pair.split())) > 1)
    total = sum(matrix.values())
    return {
        "matrix": dict(matrix),
        "clients": total,
        "moved": moved,
        "words": f"{total:,} clients: {moved:,} would change their band",
        "movers": [list(each[1:]) for each in nlargest(MOVERS_MAX, movers, key=lambda e: e.by)],
    }
