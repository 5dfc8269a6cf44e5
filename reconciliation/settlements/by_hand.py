"""What the ladder left to people: which booking a report's line is."""

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput
from backoffice.workflow import outbox
from payments.models import GatewayAccount
from reconciliation import actions
from reconciliation.breaks import break_locked, break_resolve
from reconciliation.models import Break, SettlementMatch, SettlementRun
from reconciliation.settlements import selectors
from reconciliation.settlements.reports import AGAIN

RULE, RUNG = "by hand", 7


@transaction.atomic
def line_match(*, actor: Actor, row: Break, item: str, reason: str) -> SettlementMatch:
    """A person says which booking the break's line is: one of ``selectors.open_items``, by its key.
    Raises ``InvalidInput``, ``BreakClosed``."""
    reason = reason.strip()
    if not reason:
        raise InvalidInput("Say how you know.", fields={"reason": "Say how you know."})
    locked = break_locked(actor, row)
    line = selectors.subject_line(actor, locked)
    if line is None:
        raise InvalidInput("This break has no line of a report.")
    # As the ladder does: what is open is open for one at a time.
    GatewayAccount.objects.select_for_update(no_key=True).get(
        tenant_id=actor.tenant_id, pk=line.report.gateway_id
    )
    if SettlementMatch.objects.filter(tenant_id=actor.tenant_id, pk=line.pk).exists():
        raise InvalidInput("The line is matched already. Nothing was counted twice.")
    found = next((each for each in selectors.open_items(actor, line) if each.key == item), None)
    if found is None:
        raise InvalidInput("This booking is matched meanwhile.", fields={"item": "Choose one."})
    moment = now()
    run = SettlementRun.objects.create(
        tenant_id=actor.tenant_id,
        gateway=line.report.gateway,
        currency=line.currency,
        rule=RULE,
        began_at=moment,
        ended_at=moment,
        lines=1,
        items=1,
        by_rung={str(RUNG): 1},
    )
    match = SettlementMatch(
        id=line.pk,
        tenant_id=actor.tenant_id,
        line=line,
        journal_id=found.journal_id,
        journal_line=found.journal_line,
        rung=RUNG,
        run=run,
    )
    match.save(force_insert=True)
    label = found.reference or found.kind
    audit(
        actor=actor,
        action=actions.LINE_MATCHED,
        subject=locked,
        label=label,
        data={"explanation": reason, "line": line.pk, "rung": RUNG},
    )
    break_resolve(actor=actor, row=locked, outcome=f"It is {label}: {reason}")
    # The others of its amount may be told apart now.
    outbox.put(AGAIN, subject_id=line.report.gateway_id)
    return match
