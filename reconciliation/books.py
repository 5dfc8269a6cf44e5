"""The other side of a statement line: what payments say of a reference, and how a line settles it.

The one module of reconciliation that knows what payments' doors are called.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput
from backoffice.core.money import EXPONENTS, Money
from backoffice.tenancy.scope import brokerage
from payments.services import settlements, statements
from reconciliation.models import Match, SettlementLine, SettlementReport, StatementLine
from reconciliation.rules import Movement, Payout
from reconciliation.settlements.models import LineKind, SettlementMatch

PAGES = {"payments.deposit": "payments:deposit", "payments.withdrawal": "payments:withdrawal"}
BREAK = "reconciliation.break"  # what a line stands for that an adjustment booked
SAID_MAX = 300  # of what a bank wrote beside a settlement
PAYOUT_DAYS = timedelta(days=6)
PART = "WP-"  # begins the reference of a part of a withdrawal


def movements(actor: Actor, references: Sequence[str]) -> dict[str, Movement]:
    """Deposits and withdrawals of these references that go through a bank, by reference."""
    return {
        found.reference: Movement(
            kind=found.kind,
            id=found.id,
            reference=found.reference,
            amount=found.money,
            expected=found.expected,
            settled=found.settled,
            state=found.state,
            returned=found.returned,
            account=found.account,
        )
        for found in statements.bank_movements(actor, references)
    }


def payment_urls(
    actor: Actor, subjects: Collection[tuple[str, UUID | None, str]]
) -> dict[UUID, str]:
    """Where payments are looked at, by their id; ``subjects`` are (type, id, reference)."""
    named = {id: (kind, reference) for kind, id, reference in subjects if id is not None}
    parts = [id for id, (_, reference) in named.items() if reference.startswith(PART)]
    wholes = statements.withdrawals_of_parts(actor, parts)
    return {
        id: reverse(PAGES[kind], args=[wholes.get(id, id)])
        for id, (kind, _) in named.items()
        if kind in PAGES
    }


def matched_line(actor: Actor, movement: Movement) -> StatementLine | None:
    """The line that a movement is matched to already."""
    match = (
        Match.objects.filter(tenant_id=actor.tenant_id, subject_id=movement.id, standing=True)
        .select_related("line")
        .first()
    )
    return match.line if match else None


def valued_at(line: StatementLine) -> datetime:
    """Noon of the line's value date where the brokerage is; never ahead of us. The ledger takes it
    into the first open day where that one is closed."""
    assert line.tenant_id is not None
    zone = ZoneInfo(brokerage().timezone)
    return min(datetime.combine(line.value_date, time(12), zone), now())


def settle(
    actor: Actor, movement: Movement, line: StatementLine, money: Money | None = None
) -> None:
    """Tell payments that the bank has booked it; nothing when the books have it already.
    ``money``: how much of the line is the payment (default: all of it).

    Raises a ``DomainError`` when the payment can't take that from a statement.
    """
    if movement.settled:
        return
    statements.booked_by_bank(
        actor=actor,
        reference=movement.reference,
        money=money or Money(abs(line.amount), line.currency),
        at=valued_at(line),
        bank_ref=str(line.references.get("bank", ""))[:80],
        counterparty=line.counterparty_name,
        counterparty_account=line.counterparty_account,
    )


def take_back(actor: Actor, movement: Movement, line: StatementLine) -> None:
    """Tell payments that a payout came back. Raises a ``DomainError`` when it can't have."""
    statements.returned_by_bank(
        actor=actor,
        reference=movement.reference,
        money=Money(line.amount, line.currency),
        reason=line.return_reason or "It came back",
        bank_ref=str(line.references.get("bank", ""))[:80] or f"line {line.number}",
        at=valued_at(line),
    )


def collected(actor: Actor, line: StatementLine) -> list[tuple[str, str]]:
    """(id, name and what it holds) of the gateways that this line may be a settlement of; first
    those whose report has a payout of just this amount."""
    if line.amount <= 0 or line.account is None or line.currency not in EXPONENTS:
        return []
    told = _told(actor, line)
    found = [
        (
            str(each.gateway.pk),
            f"{each.gateway.name}, holds {each.money}{told.get(each.gateway.pk, '')}",
        )
        for each in settlements.collected(actor, line.currency)
    ]
    return sorted(found, key=lambda choice: UUID(choice[0]) not in told)


def _told(actor: Actor, line: StatementLine) -> dict[UUID, str]:
    """What reports of gateways say of a payout of the line's amount around its day."""
    minor = Money(line.amount, line.currency).minor
    rows = SettlementLine.objects.filter(
        tenant_id=actor.tenant_id,
        kind=LineKind.PAYOUT,
        currency=line.currency,
        gross=-minor,
        booked_on__range=(line.value_date - PAYOUT_DAYS, line.value_date + PAYOUT_DAYS),
    ).order_by("id")[:SAID_MAX]
    return {
        row.gateway_id: f"; its report has this payout, {row.source_ref or row.transaction_ref}"
        for row in rows
    }


def payouts_for(actor: Actor, line: StatementLine) -> list[Payout]:
    """Payouts of gateways' reports that the line may be by itself: of its amount to the unit,
    around its day, on an account that settlements go to, and not booked yet, neither as that payout
    nor from another line of the same amount about that time."""
    account = line.account
    if line.amount <= 0 or account is None or not account.client_money:
        return []
    if line.currency not in EXPONENTS:
        return []
    rows = list(
        SettlementLine.objects.filter(
            tenant_id=actor.tenant_id,
            kind=LineKind.PAYOUT,
            currency=line.currency,
            gross=-Money(line.amount, line.currency).minor,
            booked_on__range=(line.value_date - PAYOUT_DAYS, line.value_date + PAYOUT_DAYS),
        )
        .select_related("report__gateway")
        .order_by("id")[:SAID_MAX]
    )
    booked = set(
        SettlementMatch.objects.filter(
            tenant_id=actor.tenant_id, pk__in=[row.pk for row in rows]
        ).values_list("pk", flat=True)
    )
    by_hand = _settled_like(actor, line)
    return [
        Payout(
            row.pk,
            row.gateway_id,
            row.report.gateway.name,
            [name for name in (row.source_ref, row.transaction_ref) if name],
        )
        for row in rows
        if row.pk not in booked and row.gateway_id not in by_hand
    ]


def _settled_like(actor: Actor, line: StatementLine) -> set[UUID]:
    """Gateways with a settlement of the line's amount that was booked about its day."""
    days = (line.value_date - 2 * PAYOUT_DAYS, line.value_date + 2 * PAYOUT_DAYS)
    return set(
        Match.objects.filter(
            tenant_id=actor.tenant_id,
            subject_type="payments.gatewayaccount",
            standing=True,
            line__amount=line.amount,
            line__currency=line.currency,
            line__value_date__range=days,
        ).values_list("subject_id", flat=True)
    )


def settle_gateway(actor: Actor, line: StatementLine, gateway: UUID, cost: Money) -> Movement:
    """Book the line as what a gateway had collected. Raises ``InvalidInput``."""
    if line.account is None or not line.account.client_money:
        raise InvalidInput("Settlements go to a bank account of ours that holds client money.")
    reports = SettlementReport.objects.filter(tenant_id=actor.tenant_id, gateway_id=gateway)
    if cost and reports.exists():
        raise InvalidInput(
            "What this gateway keeps is booked from its reports. Leave it empty here, or it counts "
            "twice.",
            fields={"cost": "Booked from its reports."},
        )
    money = Money(line.amount, line.currency)
    settled = settlements.settlement_book(
        actor=actor,
        gateway_id=gateway,
        key=f"settlement:{line.pk}",
        iban=line.account.iban,
        money=money,
        cost=cost,
        text=line.text[:SAID_MAX],
        at=valued_at(line),
    )
    return Movement(
        kind="gatewayaccount",
        id=settled.pk,
        reference=settled.name[:40],
        amount=money,
        expected=True,
        settled=True,
        state="settled",
    )
