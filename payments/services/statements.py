"""What reconciliation asks of payments, and what a bank's statement tells them.

A statement is the word of the bank: it pays a deposit by wire, and proves that a payout was made.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.core.money import Money
from payments.accounts import adapter_for
from payments.gateways.port import Instrument, Notice, Outcome
from payments.models import Deposit, WebhookMessage, Withdrawal, WithdrawalPart
from payments.services.notices import notice_apply
from payments.services.parts import OUT as PARTS_OUT
from payments.services.parts import part_returned_by_statement
from payments.services.payouts import OUT, net_amount, payout_returned_by_statement
from payments.states import DepositState, PartState, WithdrawalState

S = WebhookMessage.State


@dataclass(frozen=True, slots=True)
class BankMovement:
    """A payment that a bank's statement may show. ``money`` is signed as the statement signs it.

    ``expected``: the bank may book it in its state; ``settled``: it is in our books already;
    ``returned``: so is that it came back. ``account``: the IBAN that it goes through.
    """

    kind: str
    id: UUID
    reference: str
    money: Money
    expected: bool
    settled: bool
    state: str
    account: str
    returned: bool = False


def bank_movements(actor: Actor, references: Sequence[str]) -> list[BankMovement]:
    """The deposits, withdrawals and parts of these references whose gateway is a bank."""
    mine = {"tenant_id": actor.tenant_id, "reference__in": list(references)}
    deposits = Deposit.objects.filter(**mine).select_related("gateway")
    withdrawals = Withdrawal.objects.filter(**mine).select_related("gateway")
    parts = WithdrawalPart.objects.filter(**mine).select_related("gateway")
    return [
        *(_deposit(row) for row in deposits if _by_statement(row)),
        *(_withdrawal(row) for row in withdrawals if _by_statement(row)),
        *(_part(row) for row in parts if _by_statement(row)),
    ]


def withdrawals_of_parts(actor: Actor, parts: Collection[UUID]) -> dict[UUID, UUID]:
    """The withdrawal that each of these parts pays."""
    rows = WithdrawalPart.objects.filter(tenant_id=actor.tenant_id, pk__in=parts)
    return dict(rows.values_list("pk", "withdrawal_id")) if parts else {}


def _by_statement(row: Deposit | Withdrawal | WithdrawalPart) -> bool:
    return row.gateway is not None and adapter_for(row.gateway).by_statement


def _deposit(row: Deposit) -> BankMovement:
    arrived = row.paid_amount is not None
    amount, currency = (
        (row.paid_amount, row.paid_currency) if arrived else (row.asked_amount, row.asked_currency)
    )
    assert amount is not None
    return BankMovement(
        kind="deposit",
        id=row.pk,
        reference=row.reference,
        money=Money(amount, currency),
        expected=not arrived and row.state != DepositState.RETURNED,
        settled=arrived,
        state=row.get_state_display().lower(),
        account=row.gateway.merchant_id if row.gateway else "",
    )


def _withdrawal(row: Withdrawal) -> BankMovement:
    return BankMovement(
        kind="withdrawal",
        id=row.pk,
        reference=row.reference,
        money=-net_amount(row),
        expected=row.state in OUT,
        settled=row.state in (WithdrawalState.PAID, WithdrawalState.RETURNED),
        state=row.get_state_display().lower(),
        account=row.gateway.merchant_id if row.gateway else "",
        returned=row.state == WithdrawalState.RETURNED,
    )


def _part(row: WithdrawalPart) -> BankMovement:
    return BankMovement(
        kind="withdrawal",
        id=row.pk,
        reference=row.reference,
        money=-Money(row.amount, row.currency),
        expected=row.state in PARTS_OUT,
        settled=row.state in (PartState.PAID, PartState.RETURNED),
        state=row.get_state_display().lower(),
        account=row.gateway.merchant_id if row.gateway else "",
        returned=row.state == PartState.RETURNED,
    )


@transaction.atomic
def booked_by_bank(
    *,
    actor: Actor,
    reference: str,
    money: Money,
    at: datetime,
    bank_ref: str = "",
    counterparty: str = "",
    counterparty_account: str = "",
) -> None:
    """The bank has booked this payment: a deposit has arrived, or a payout was made.

    Raises ``InvalidInput`` for an unknown reference and ``StateConflict`` when the payment can't
    be in that state; nothing is booked then.
    """
    row = (
        Deposit.objects.filter(tenant_id=actor.tenant_id, reference=reference)
        .select_related("gateway")
        .first()
        or Withdrawal.objects.filter(tenant_id=actor.tenant_id, reference=reference)
        .select_related("gateway")
        .first()
        or WithdrawalPart.objects.filter(tenant_id=actor.tenant_id, reference=reference)
        .select_related("gateway")
        .first()
    )
    if row is None or row.gateway is None:
        raise InvalidInput(f"There is no payment {reference[:20]} by bank.")
    number = counterparty_account
    instrument = Instrument(
        label=f"Bank •• {number[-4:]}" if number else "",
        fingerprint="".join(number.split()),
        country=number[:2] if number[:2].isalpha() else "",
        holder=counterparty,
    )
    notice = Notice(
        reference=reference,
        outcome=Outcome.PAID,
        money=money,
        at=at,
        provider_ref=bank_ref,
        instrument=instrument,
    )
    applied = notice_apply(actor=actor, gateway=row.gateway, notice=notice)
    if applied.state not in (S.PROCESSED, S.STALE) or applied.needs_person:
        raise StateConflict(applied.note or "The payment can't be booked from a statement now.")


@transaction.atomic
def returned_by_bank(
    *,
    actor: Actor,
    reference: str,
    money: Money,
    reason: str,
    bank_ref: str,
    at: datetime | None = None,
) -> None:
    """A payout that the bank had made came back, valued ``at``: it is in the wallet again.

    Raises ``InvalidInput`` for an unknown reference and ``StateConflict`` for what was not paid.
    """
    mine = {"tenant_id": actor.tenant_id, "reference": reference}
    facts: dict[str, Any] = {"money": money, "reason": reason, "statement_ref": bank_ref, "at": at}
    if part := WithdrawalPart.objects.filter(**mine).first():
        part_returned_by_statement(actor=actor, part_id=part.pk, **facts)
    elif row := Withdrawal.objects.filter(**mine).first():
        payout_returned_by_statement(actor=actor, withdrawal=row, **facts)
    else:
        raise InvalidInput(f"There is no payout {reference[:20]} by bank.")
