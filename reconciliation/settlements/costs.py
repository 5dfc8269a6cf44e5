"""What gateways kept, booked: one person proposes the cost of a report, a second one approves."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Sum

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, system_actor
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.core.money import Money
from backoffice.workflow import moves
from backoffice.workflow.approvals import approval_ask
from backoffice.workflow.models import Approval
from ledger import chart
from ledger.entries import Line
from ledger.services import account_for, post
from payments.books import house_spec
from reconciliation import actions
from reconciliation.models import SettlementCost, SettlementReport
from reconciliation.settlements.states import COST, CostState

APPROVAL = "reconciliation.settlement_cost"
JOURNAL = "gateway_cost"


def unbooked(actor: Actor, report: SettlementReport) -> list[Money]:
    """What a report says that its gateway kept, less what is booked of it; nothing below zero."""
    booked = dict(
        SettlementCost.objects.filter(
            tenant_id=actor.tenant_id, report=report, state=CostState.BOOKED
        )
        .values_list("currency")
        .annotate(total=Sum("amount"))
    )
    found = [
        Money.from_minor(total - booked.get(currency, 0), currency)
        for currency, total in report.costs_found.items()
    ]
    return [money for money in found if money.minor > 0]


@transaction.atomic
def cost_propose(*, actor: Actor, report: SettlementReport, currency: str) -> Approval:
    """Ask for the cost of a report to be booked. Raises ``InvalidInput`` when nothing is left to
    book and ``StateConflict`` while a proposal waits."""
    row = SettlementReport.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=report.pk)
    if row.state != SettlementReport.State.DONE:
        raise StateConflict("The report is not worked through yet.")
    money = next((each for each in unbooked(actor, row) if each.currency == currency), None)
    if money is None:
        raise InvalidInput(f"{row.reference} has no cost in {currency[:8]} that is not booked.")
    if row.costs.filter(currency=currency, state=CostState.PROPOSED).exists():
        raise StateConflict("This cost waits for approval already.")
    cost = SettlementCost.objects.create(
        tenant_id=actor.tenant_id,
        report=row,
        currency=currency,
        amount=money.minor,
        proposed_by_ref=actor.ref,
        proposed_by=actor.name,
    )
    moves.begin(cost, COST, actor=actor)
    audit(
        actor=actor,
        action=actions.COST_PROPOSED,
        subject=row,
        label=row.reference,
        data={"amount": money},
    )
    return approval_ask(
        actor=actor,
        kind=APPROVAL,
        subject=cost,
        label=f"Cost of {row.reference}",
        content=cost_content(cost),
        amount=money,
    )


def money_of(cost: SettlementCost) -> Money:
    return Money.from_minor(cost.amount, cost.currency)


def cost_content(cost: SettlementCost) -> Mapping[str, Any]:
    """What is approved, whole."""
    report = cost.report
    return {
        "report": report.reference,
        "gateway": report.gateway.name,
        "file": report.name,
        "amount": str(money_of(cost)),
        "debit": chart.words(chart.gateway_cost().code),
        "credit": chart.words(house_spec(report.gateway).code),
        "sha256": report.sha256,
    }


@transaction.atomic
def cost_book(*, actor: Actor, cost: SettlementCost) -> None:
    """After approval: the journal, once."""
    row = _locked(actor, cost)
    machine = system_actor(actor.tenant_id, "reconciliation")
    debit, credit = (
        account_for(actor=machine, spec=spec, currency=row.currency)
        for spec in (chart.gateway_cost(), house_spec(row.report.gateway))
    )
    row.journal_id = post(
        actor=machine,
        key=f"settlement_cost:{row.pk}",
        kind=JOURNAL,
        lines=[Line(debit, credit, money_of(row), "fee")],
        business_ref=row.report.reference,
        approved_by=actor.ref,
        meta={"proposed_by": row.proposed_by_ref, "report": row.report.reference},
    ).journal_id
    _decide(actor, row, CostState.BOOKED)
    audit(
        actor=actor,
        action=actions.COST_BOOKED,
        subject=row.report,
        label=row.report.reference,
        data={"amount": money_of(row), "journal": row.journal_id},
    )


@transaction.atomic
def cost_refuse(*, actor: Actor, cost: SettlementCost, reason: str) -> None:
    row = _locked(actor, cost)
    _decide(actor, row, CostState.REFUSED, reason)
    audit(
        actor=actor,
        action=actions.COST_REFUSED,
        subject=row.report,
        label=row.report.reference,
        data={"reason": reason},
    )


def _locked(actor: Actor, cost: SettlementCost) -> SettlementCost:
    rows = SettlementCost.objects.select_for_update(of=("self",)).select_related("report__gateway")
    return rows.get(tenant_id=actor.tenant_id, pk=cost.pk)


def _decide(actor: Actor, row: SettlementCost, state: CostState, reason: str = "") -> None:
    row.decided_at, row.decided_by = now(), actor.name
    moves.move(
        row,
        COST,
        state,
        actor=actor,
        reason=reason[:300],
        update_fields=["decided_at", "decided_by", "journal_id"],
    )
