"""What the ladder left to people: which booking a report's line is; and taken back again."""

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput
from backoffice.workflow import outbox
from payments.models import GatewayAccount
from reconciliation import actions
from reconciliation.breaks import break_locked, break_resolve
from reconciliation.models import (
    Break,
    SettlementLine,
    SettlementMatch,
    SettlementReport,
    SettlementRun,
)
from reconciliation.settlements import selectors
from reconciliation.settlements.reports import AGAIN, gateway_match

RULE, RUNG = "by hand", 7
BY_AMOUNT = 4  # the rung on which the only pair of an amount is found


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


def standing(actor: Actor, line: SettlementLine | None) -> SettlementMatch | None:
    """The match of a line that a person made."""
    if line is None:
        return None
    rows = SettlementMatch.objects.filter(tenant_id=actor.tenant_id, pk=line.pk, rung=RUNG)
    return rows.first()


@transaction.atomic
def line_unmatch(*, actor: Actor, row: Break, reason: str) -> SettlementLine:
    """Take back what a person said of the break's line. Lines of its amount that were told apart by
    it since are open again too; the ladder is climbed anew, and what it leaves becomes breaks.
    Raises ``InvalidInput``."""
    reason = reason.strip()
    if not reason:
        raise InvalidInput("Say why.", fields={"reason": "Say why."})
    line = selectors.subject_line(actor, row)
    if line is None:
        raise InvalidInput("This break has no line of a report.")
    gateway = line.report.gateway
    GatewayAccount.objects.select_for_update(no_key=True).get(
        tenant_id=actor.tenant_id, pk=gateway.pk
    )
    match = standing(actor, line)
    if match is None:
        raise InvalidInput("No match by hand stands for this line. Nothing was done.")
    was = (match.journal_id, match.journal_line)
    reopened = _hung_on(actor, line, match)
    match.delete()
    audit(
        actor=actor,
        action=actions.LINE_UNMATCHED,
        subject=row,
        label=row.reference,
        data={"reason": reason, "line": line.pk, "journal": was[0], "reopened": reopened},
    )
    gateway_match(actor=actor, gateway=gateway)
    again = SettlementMatch.objects.filter(tenant_id=actor.tenant_id, pk=line.pk).first()
    if again is not None and (again.journal_id, again.journal_line) == was:
        raise InvalidInput(
            "By its amount and date it can be no other booking now. Take back the matches of the "
            "other lines of this amount first."
        )
    return line


def _hung_on(actor: Actor, line: SettlementLine, match: SettlementMatch) -> int:
    """Undo what the ladder found since because this line was out of the way; how many those were.
    Runs are named in the order in which they began."""
    alike = SettlementLine.objects.filter(
        tenant_id=actor.tenant_id,
        gateway=line.gateway_id,
        currency=line.currency,
        gross=line.gross,
    )
    found = SettlementMatch.objects.filter(
        tenant_id=actor.tenant_id,
        line_id__in=alike.values("pk"),
        rung=BY_AMOUNT,
        run_id__gt=match.run_id,
    )
    ids = [*found.values_list("line_id", flat=True)]
    # Reports with nothing open are not looked at again; what is open is counted by the ladder.
    reports = alike.filter(pk__in=[*ids, line.pk]).values("report_id")
    SettlementReport.objects.filter(tenant_id=actor.tenant_id, pk__in=reports, rows_open=0).update(
        rows_open=1
    )
    found.delete()
    return len(ids)
