"""Compliance stops a payment and lets it go. The client reads ``client_text``, never the reason."""

from django.db import transaction

from backoffice.audit.services import audit, subject_type
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, NotPermitted, StateConflict
from backoffice.workflow import moves, queues
from backoffice.workflow.approvals import pending_for
from payments import actions
from payments.holds import standing
from payments.locks import deposit_locked, withdrawal_locked
from payments.models import Deposit, PaymentHold, Withdrawal
from payments.services import deposits, parts, payouts
from payments.services.withdrawals import KIND, ask_again, to_queue
from payments.states import (
    DEPOSIT,
    WITHDRAWAL,
    DepositState,
    WithdrawalState,
)

RIGHT = "payments.hold_payment"
STOPPABLE = (WithdrawalState.HELD, WithdrawalState.REVIEW, WithdrawalState.APPROVED)
CLIENT_TEXT = "Your payment is being checked."


@transaction.atomic
def payment_hold(
    *,
    actor: Actor,
    payment: Deposit | Withdrawal,
    reason: str,
    client_text: str = CLIENT_TEXT,
) -> PaymentHold:
    """Stop a payment. A withdrawal that was handed to the gateway can't be stopped any more
    (``StateConflict``); a deposit that has not arrived is held when it does."""
    if not actor.can(RIGHT):
        raise NotPermitted
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say why; payments staff will not read it."})
    row = _locked(actor, payment)
    if isinstance(row, Withdrawal):
        _stop_withdrawal(actor, row)
    else:
        _stop_deposit(actor, row)
    hold, new = PaymentHold.objects.get_or_create(
        tenant_id=actor.tenant_id,
        subject_id=row.pk,
        reason=reason.strip()[:300],
        released_at=None,
        defaults={
            "subject_type": subject_type(row),
            "client_text": client_text[:200],
            "placed_by_ref": actor.ref,
            "placed_by": actor.name,
        },
    )
    if new:
        audit(actor=actor, action=actions.HELD, subject=row, data={"reason": reason})
    return hold


def _locked(actor: Actor, payment: Deposit | Withdrawal) -> Deposit | Withdrawal:
    if isinstance(payment, Withdrawal):
        return withdrawal_locked(actor, payment.pk)
    return deposit_locked(actor, payment.pk)


def _stop_withdrawal(actor: Actor, row: Withdrawal) -> None:
    if row.state == WithdrawalState.COMPLIANCE:
        return
    if row.state not in STOPPABLE:
        raise StateConflict(
            f"{row.reference} is {row.get_state_display().lower()}: it can't be stopped any more."
        )
    parts.parts_drop(actor=actor, withdrawal=row)
    moves.move(row, WITHDRAWAL, WithdrawalState.COMPLIANCE, actor=actor)
    queues.item_close(actor=actor, queue=payouts.QUEUE, subject_id=row.pk)


def _stop_deposit(actor: Actor, row: Deposit) -> None:
    if row.state in (DepositState.REVIEW, DepositState.AMOUNT_MISMATCH):
        moves.move(row, DEPOSIT, DepositState.HELD, actor=actor)
        queues.item_close(actor=actor, queue=deposits.QUEUE, subject_id=row.pk)
    elif row.paid_amount is not None and row.state != DepositState.HELD:
        raise StateConflict(
            f"{row.reference} is {row.get_state_display().lower()}: the money is in the wallet. "
            "Stop the client's withdrawals instead."
        )


@transaction.atomic
def payment_release(*, actor: Actor, hold: PaymentHold, reason: str) -> PaymentHold:
    """Lift one hold. When it was the last one, the payment goes back to where it waits for
    payments staff: compliance lets go, it does not pay."""
    if not actor.can(RIGHT):
        raise NotPermitted
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say why."})
    model = Withdrawal if hold.subject_type == "payments.withdrawal" else Deposit
    payment = model.objects.get(tenant_id=actor.tenant_id, pk=hold.subject_id)
    row = _locked(actor, payment)
    held = PaymentHold.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=hold.pk)
    if held.released_at is not None:
        return held
    held.released_at, held.release_reason = now(), reason.strip()[:300]
    held.released_by_ref, held.released_by = actor.ref, actor.name
    held.save()
    audit(actor=actor, action=actions.RELEASED, subject=row, data={"reason": reason})
    if not standing(row):
        _go_on(actor, row)
    return held


def _go_on(actor: Actor, row: Deposit | Withdrawal) -> None:
    if isinstance(row, Withdrawal):
        if row.state != WithdrawalState.COMPLIANCE:
            return
        moves.move(row, WITHDRAWAL, WithdrawalState.REVIEW, actor=actor, reason="Released.")
        if pending_for(actor, row.pk, KIND) is None:
            ask_again(actor, row)
        to_queue(actor, row)
    elif row.state == DepositState.HELD:
        moves.move(row, DEPOSIT, DepositState.REVIEW, actor=actor, reason="Released.")
        queues.item_open(actor=actor, queue=deposits.QUEUE, subject=row, desk_id=row.client.desk_id)
