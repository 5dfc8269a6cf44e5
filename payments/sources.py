"""The facts of a withdrawal's plan: what the client paid in with, and what has gone back."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum

from backoffice.core.clock import now
from backoffice.core.columns import narrowed
from backoffice.core.context import current_tenant_id
from backoffice.core.money import Money
from payments import plan
from payments.accounts import adapter_for
from payments.chargeback_states import CHARGEBACK_TAKEN, ChargebackState
from payments.models import Chargeback, Deposit, Withdrawal, WithdrawalPart, WithdrawalPolicy
from payments.plan import Asked, PaidIn, PlannedPart
from payments.states import DepositState, PartState, WithdrawalState

CREDITED = (DepositState.CREDITED, DepositState.MT_PENDING, DepositState.DONE)
_W, _P = WithdrawalState, PartState
GONE = (_W.FAILED, _W.REJECTED, _W.CANCELLED, _W.RETURNED)
# Parts that take nothing from their source.
PART_GONE = (_P.FAILED, _P.REPLACED, _P.GIVEN_UP, _P.CANCELLED, _P.RETURNED)


def policy() -> WithdrawalPolicy:
    """The tenant's; its defaults where none was ever saved."""
    found = WithdrawalPolicy.objects.filter(tenant_id=current_tenant_id()).first()
    return found or WithdrawalPolicy(tenant_id=current_tenant_id())


def paid_in(row: Withdrawal) -> list[PaidIn]:
    """The client's deposits in the withdrawal's currency that name a card, a wallet or an account,
    the oldest first, each with what has not gone back."""
    rows = (
        Deposit.objects.filter(
            tenant_id=current_tenant_id(),
            client_id=row.client_id,
            paid_currency=row.currency,
            state__in=CREDITED,
        )
        .exclude(instrument_hash="")
        .order_by("id")
    )
    deposits = list(narrowed(rows, _DEPOSIT, method=_METHOD, gateway=_GATEWAY))
    if not deposits:
        return []
    refunded, refused = _refunds(row)
    taken = _taken_back(row)
    returned = _returned(row)
    found = []
    for deposit in deposits:
        paid = deposit.paid_amount or Decimal(0)
        left = paid - refunded.get(deposit.pk, Decimal(0)) - taken.get(deposit.pk, Decimal(0))
        left = max(left, Decimal(0))
        by_payout = min(left, returned[deposit.instrument_hash])
        returned[deposit.instrument_hash] -= by_payout
        found.append(_fact(deposit, left - by_payout, refused.get(deposit.pk, "")))
    return found


def _refunds(row: Withdrawal) -> tuple[dict[UUID, Decimal], dict[UUID, str]]:
    """By deposit: what parts give back of it, and what its gateway said when it refused to."""
    parts = WithdrawalPart.objects.filter(
        tenant_id=current_tenant_id(),
        withdrawal__client_id=row.client_id,
        currency=row.currency,
        deposit__isnull=False,
    ).exclude(withdrawal_id=row.pk)
    given: dict[UUID, Decimal] = defaultdict(Decimal)
    refused: dict[UUID, str] = {}
    for deposit_id, state, amount, error in parts.values_list(
        "deposit_id", "state", "amount", "error"
    ):
        if state not in PART_GONE:
            given[deposit_id] += amount
        elif state in (_P.FAILED, _P.GIVEN_UP):
            refused[deposit_id] = error or "it failed"
    return given, refused


def _taken_back(row: Withdrawal) -> dict[UUID, Decimal]:
    """By deposit: what its payer's bank took back, or asks for: it is not given back twice."""
    rows = Chargeback.objects.filter(
        tenant_id=current_tenant_id(),
        client_id=row.client_id,
        currency=row.currency,
        state__in=[*CHARGEBACK_TAKEN, ChargebackState.INQUIRY],
    )
    sums = rows.order_by().values_list("deposit_id").annotate(total=Sum("amount"))
    return dict(sums)


def _returned(row: Withdrawal) -> dict[str, Decimal]:
    """By card or account: what was paid to it as a destination, or is on its way."""
    mine = {"tenant_id": current_tenant_id(), "currency": row.currency}
    whole = (
        Withdrawal.objects.filter(**mine, client_id=row.client_id, parts__isnull=True)
        .exclude(state__in=GONE)
        .exclude(pk=row.pk)
        .values_list("destination__number_hash")
        .annotate(total=Sum("amount"))
    )
    parts = (
        WithdrawalPart.objects.filter(
            **mine, withdrawal__client_id=row.client_id, destination__isnull=False
        )
        .exclude(state__in=PART_GONE)
        .exclude(withdrawal_id=row.pk)
        .values_list("destination__number_hash")
        .annotate(total=Sum("amount"))
    )
    total: dict[str, Decimal] = defaultdict(Decimal)
    for rows in (whole, parts):
        for number_hash, amount in rows:
            total[number_hash] += amount
    return total


# What a fact is made of.
_DEPOSIT = (
    *("reference", "instrument_hash", "instrument_label"),
    *("paid_amount", "paid_currency", "paid_at", "created_at"),
)
_METHOD, _GATEWAY = ("instrument", "refund_days"), ("kind", "name", "active")


def _fact(deposit: Deposit, left: Decimal, refused: str) -> PaidIn:
    gateway = deposit.gateway
    by_bank = gateway is None or adapter_for(gateway).by_statement
    at = deposit.paid_at or deposit.created_at
    why_not = ""
    if gateway is not None and not gateway.active:
        why_not = f"{gateway.name} is switched off"
    elif at < now() - timedelta(days=deposit.method.refund_days):
        why_not = f"older than {deposit.method.refund_days} days"
    elif refused:
        why_not = f"it was refused before: {refused}"
    kind = plan.BANK if by_bank else deposit.method.instrument
    label = deposit.instrument_label
    return PaidIn(
        deposit_id=deposit.pk,
        reference=deposit.reference,
        instrument=deposit.instrument_hash,
        label=f"{kind.capitalize()} {label}" if label.startswith("••") else label,
        kind=kind,
        paid=Money.rounded(deposit.paid_amount or Decimal(0), deposit.paid_currency),
        left=Money.rounded(left, deposit.paid_currency),
        at=at,
        why_not=why_not,
    )


@dataclass(frozen=True, slots=True)
class Source:
    """One card or account that the client paid in from, for people."""

    label: str
    deposited: Money
    left: Money
    here: bool  # it is where the client asked it to go
    why_not: str

    @property
    def returned(self) -> Money:
        return self.deposited - self.left


@dataclass(frozen=True, slots=True)
class Plan:
    parts: list[PlannedPart]
    sources: list[Source]
    beyond: Money  # what no card or wallet gave
    asked: Asked
    policy: WithdrawalPolicy

    @property
    def is_whole(self) -> bool:
        return plan.is_whole(self.parts)

    def __str__(self) -> str:
        return plan.in_words(self.parts)


def plan_of(row: Withdrawal) -> Plan:
    """Where it would go as things stand now."""
    target = row.destination
    asked = Asked(target.number_hash, target.label, target.kind)
    money = Money(row.amount - row.fee_amount, row.currency)
    deposits, tenants = paid_in(row), policy()
    waived = row.source_waived
    if not waived and not tenants.source_first:
        waived = "sources first is switched off"
    return Plan(
        parts=plan.parts_of(money, asked, deposits, waived=waived),
        sources=_by_instrument(deposits, asked),
        beyond=plan.beyond(money, asked, deposits),
        asked=asked,
        policy=tenants,
    )


def _by_instrument(deposits: list[PaidIn], asked: Asked) -> list[Source]:
    grouped: dict[str, list[PaidIn]] = defaultdict(list)
    for each in deposits:
        grouped[each.instrument].append(each)
    return [_source(rows, asked) for rows in grouped.values()]


def _source(rows: list[PaidIn], asked: Asked) -> Source:
    zero = Money.zero(rows[0].paid.currency)
    why_not = next((row.why_not for row in rows if row.why_not), "")
    if not why_not and rows[0].kind == plan.BANK:
        why_not = "given back by bank wire"
    return Source(
        label=rows[0].label or rows[0].reference,
        deposited=sum((row.paid for row in rows), zero),
        left=sum((row.left for row in rows), zero),
        here=rows[0].instrument == asked.instrument,
        why_not=why_not,
    )


def facts(found: Plan) -> Mapping[str, object]:
    """The plan as it is kept with a decision."""
    return {
        "parts": [[part.label, str(part.amount), part.why] for part in found.parts],
    }
