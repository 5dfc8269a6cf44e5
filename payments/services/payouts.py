"""Money on its way out: handed to the gateway, and what becomes of it there.

From ``submitting`` on only the provider's word, a statement or a person with proof decides. While
the outcome is unknown the hold on the wallet stays, and nothing is sent under a new reference.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import FourEyes, InvalidInput, NotPermitted, StateConflict
from backoffice.core.money import Money
from backoffice.workflow import moves, outbox, queues
from payments import actions, books, release_checks
from payments.accounts import adapter_for, destination_number, notify_url
from payments.chargebacks import debts
from payments.gateways.port import (
    Notice,
    Outcome,
    PaymentName,
    PayoutOrder,
    Refused,
    Result,
    Sent,
    Unknown,
)
from payments.holds import standing
from payments.locks import withdrawal_locked
from payments.models import Destination, GatewayAccount, WebhookMessage, Withdrawal
from payments.services import parts
from payments.states import WITHDRAWAL, WithdrawalState

QUEUE = "withdrawals"
_W = WithdrawalState
S = WebhookMessage.State
# How long after the last look the gateway is asked again; then a person takes over.
LOOKS = (timedelta(minutes=5), timedelta(hours=1), *(timedelta(days=1),) * 5)
# With the gateway or an unknown outcome: what may still become of it is theirs to say.
OUT = frozenset({_W.SUBMITTING, _W.SUBMITTED, _W.IN_PROGRESS, _W.UNKNOWN})


def net_amount(row: Withdrawal) -> Money:
    """What is sent: the amount less the fee."""
    return Money(row.amount - row.fee_amount, row.currency)


@dataclass(frozen=True, slots=True)
class ToSend:
    """A payout whose intent is committed. ``fresh``: this is the first time that it is taken up,
    so it can't have been sent before. ``state`` is the withdrawal's, as it was read."""

    withdrawal_id: UUID
    gateway: GatewayAccount
    order: PayoutOrder
    state: str
    fresh: bool
    provider_ref: str = ""

    @property
    def name(self) -> PaymentName:
        return PaymentName(self.order.reference, self.provider_ref)


@transaction.atomic
def payout_take(*, actor: Actor, withdrawal_id: UUID) -> ToSend | None:
    """Commit the intent to send an approved withdrawal; None when there is nothing to send.

    Compliance is asked once more: a hold placed after the approval still stops it.
    """
    row = withdrawal_locked(actor, withdrawal_id)
    if row.state == _W.SUBMITTING:
        return _to_send(row, fresh=False)
    if row.state != _W.APPROVED:
        return None
    stops = [check for check in release_checks.run(actor, row) if check.stops]
    if stops or standing(row):
        reason = stops[0].title if stops else "Held by compliance."
        parts.parts_drop(actor=actor, withdrawal=row)
        moves.move(row, WITHDRAWAL, _W.COMPLIANCE, actor=actor, reason=reason)
        return None
    if row.destination.state != Destination.State.APPROVED:
        parts.parts_drop(actor=actor, withdrawal=row)
        word = row.destination.get_state_display().lower()
        row.why = f"its destination is {word} since it was approved"
        moves.move(row, WITHDRAWAL, _W.REVIEW, actor=actor, reason=row.why, update_fields=["why"])
        outbox.put("payments.review_again", subject_id=row.pk)
        return None
    row.submitted_at = now()
    if parts.parts_of(row):
        parts.parts_start(actor=actor, withdrawal=row)
        return None
    if adapter_for(_gateway(row)).pays_by_file:
        return None  # it waits for its file
    moves.move(row, WITHDRAWAL, _W.SUBMITTING, actor=actor, update_fields=["submitted_at"])
    audit(
        actor=actor,
        action=actions.WITHDRAWAL_SENT,
        subject=row,
        data={"amount": net_amount(row), "destination": row.destination.label},
    )
    return _to_send(row, fresh=True)


def _to_send(row: Withdrawal, *, fresh: bool) -> ToSend:
    gateway = row.gateway
    assert gateway is not None
    destination = row.destination
    order = PayoutOrder(
        reference=row.reference,
        money=net_amount(row),
        kind=destination.kind,
        number=destination_number(destination),
        holder=destination.holder,
        bic=destination.bic,
        notify_url="" if adapter_for(gateway).by_statement else notify_url(gateway),
        text=f"Withdrawal {row.reference}",
    )
    return ToSend(row.pk, gateway, order, row.state, fresh, row.provider_ref)


@transaction.atomic
def payout_handed_over(*, actor: Actor, withdrawal_id: UUID, file: str) -> Withdrawal:
    """An approved withdrawal left for the bank in a payment ``file``. Raises ``StateConflict``."""
    row = withdrawal_locked(actor, withdrawal_id)
    row.submitted_at = now()
    moves.move(row, WITHDRAWAL, _W.SUBMITTING, actor=actor, update_fields=["submitted_at"])
    moves.move(row, WITHDRAWAL, _W.SUBMITTED, actor=actor, reason=f"In {file}.")
    audit(
        actor=actor,
        action=actions.WITHDRAWAL_SENT,
        subject=row,
        data={"amount": net_amount(row), "destination": row.destination.label},
    )
    return row


@transaction.atomic
def payout_order(*, actor: Actor, withdrawal_id: UUID) -> ToSend | None:
    """The order of a payout that is out, to look for it or to repeat it under its reference."""
    row = withdrawal_locked(actor, withdrawal_id)
    return _to_send(row, fresh=False) if row.state in OUT else None


@transaction.atomic
def payout_answered(*, actor: Actor, withdrawal_id: UUID, result: Result) -> Withdrawal:
    """What the call brought. A webhook may have been faster: then its word stands."""
    row = withdrawal_locked(actor, withdrawal_id)
    if row.state not in (_W.SUBMITTING, _W.UNKNOWN):
        return row
    if isinstance(result, Sent):
        row.provider_ref, row.error = result.provider_ref, ""
        moves.move(
            row, WITHDRAWAL, _W.SUBMITTED, actor=actor, update_fields=["provider_ref", "error"]
        )
        if not adapter_for(_gateway(row)).by_statement:
            _look_later(row)
    elif isinstance(result, Refused):
        _failed(actor, row, result.reason)
    else:
        _unknown(actor, row, result)
    return row


def _gateway(row: Withdrawal) -> GatewayAccount:
    assert row.gateway is not None
    return row.gateway


def _unknown(actor: Actor, row: Withdrawal, result: Unknown) -> None:
    row.error = result.reason[:300]
    if row.state == _W.UNKNOWN:
        row.save(update_fields=["error"])
        return
    row.looks = 0
    moves.move(
        row, WITHDRAWAL, _W.UNKNOWN, actor=actor, reason=row.error, update_fields=["error", "looks"]
    )
    _look_later(row)


def _look_later(row: Withdrawal) -> None:
    if row.looks < len(LOOKS):
        outbox.put("payments.look", subject_id=row.pk, due_at=now() + LOOKS[row.looks])


@transaction.atomic
def payout_looked(*, actor: Actor, withdrawal_id: UUID, error: str) -> Withdrawal:
    """A look told nothing new: when the next one is, or that a person takes over."""
    row = withdrawal_locked(actor, withdrawal_id)
    if row.state not in OUT:
        return row
    row.looks += 1
    row.error = error[:300]
    row.save(update_fields=["looks", "error"])
    if row.looks < len(LOOKS):
        _look_later(row)
    else:
        queues.item_open(
            actor=actor, queue=QUEUE, subject=row, desk_id=row.client.desk_id, urgent=True
        )
    return row


def _failed(actor: Actor, row: Withdrawal, reason: str) -> None:
    books.withdrawal_released(actor=actor, withdrawal=row)
    debts.repay_soon(row.client_id)
    row.error = reason[:300]
    moves.move(row, WITHDRAWAL, _W.FAILED, actor=actor, reason=row.error, update_fields=["error"])
    audit(actor=actor, action=actions.WITHDRAWAL_FAILED, subject=row, data={"reason": reason})
    queues.item_close(actor=actor, queue=QUEUE, subject_id=row.pk)


def _paid(
    actor: Actor,
    row: Withdrawal,
    money: Money,
    *,
    source: str,
    at: datetime | None = None,
) -> None:
    fee = books.fee_of(row)
    books.withdrawal_paid(actor=actor, withdrawal=row, paid=money, fee=fee, effective_at=at)
    row.paid_amount, row.paid_at, row.error = money.amount, now(), ""
    moves.move(
        row,
        WITHDRAWAL,
        _W.PAID,
        actor=actor,
        reason=source,
        update_fields=["paid_amount", "paid_at", "error", "provider_ref"],
    )
    audit(
        actor=actor,
        action=actions.WITHDRAWAL_PAID,
        subject=row,
        data={"amount": money, "fee": fee.client, "borne": fee.house, "source": source},
    )
    queues.item_close(actor=actor, queue=QUEUE, subject_id=row.pk)


def payout_notice(*, actor: Actor, withdrawal_id: UUID, notice: Notice) -> tuple[str, str, bool]:
    """Apply a gateway's word on a payout: (message state, note, whether a person is needed)."""
    row = withdrawal_locked(actor, withdrawal_id)
    older = row.event_at is not None and notice.at < row.event_at
    final = notice.outcome in (Outcome.PAID, Outcome.FAILED, Outcome.DECLINED)
    if row.state not in OUT:
        return _after_the_end(row, notice)
    if older and not final:
        return S.STALE, "It is older than what was known.", False
    if notice.money.currency != row.currency or notice.money > net_amount(row):
        return S.REFUSED, f"It says {notice.money}; {net_amount(row)} was sent.", True
    row.event_at = notice.at
    row.provider_ref = notice.provider_ref or row.provider_ref
    row.save(update_fields=["event_at", "provider_ref"])
    if notice.outcome is Outcome.PAID:
        at = books.valued_at(_gateway(row), notice.at)
        _paid(actor, row, notice.money, source="the gateway's word", at=at)
    elif final:
        _failed(actor, row, notice.reason or "The gateway did not pay it.")
    else:
        pending = notice.outcome is Outcome.PENDING
        target = _W.SUBMITTED if pending else _W.IN_PROGRESS
        if row.state == target or not WITHDRAWAL.allows(row.state, target):
            return S.STALE, "It was further already.", False
        moves.move(row, WITHDRAWAL, target, actor=actor)
    return S.PROCESSED, "", False


def _after_the_end(row: Withdrawal, notice: Notice) -> tuple[str, str, bool]:
    word = row.get_state_display().lower()
    same = notice.outcome is Outcome.PAID and row.state in (_W.PAID, _W.RETURNED)
    same = same and row.paid_amount == notice.money.amount
    failed = notice.outcome in (Outcome.FAILED, Outcome.DECLINED) and row.state == _W.FAILED
    if same or failed or notice.outcome in (Outcome.PENDING, Outcome.IN_PROGRESS):
        return S.STALE, f"It was {word} already.", False
    return S.REFUSED, f"It says {notice.outcome.value} of {notice.money}; it is {word}.", True


@transaction.atomic
def withdrawal_resolve(
    *,
    actor: Actor,
    withdrawal: Withdrawal,
    paid: bool,
    proof: str,
    provider_ref: str = "",
) -> Withdrawal:
    """Settle an unknown outcome by hand, with proof in words. Neither who asked for the money nor
    who shaped its destination may."""
    if not actor.can("payments.resolve_unknown"):
        raise NotPermitted
    if len(proof.strip()) < 10:
        raise InvalidInput(
            fields={"proof": "Say what proves it: whose word, when, under which number."}
        )
    row = withdrawal_locked(actor, withdrawal.pk)
    target = _W.PAID if paid else _W.FAILED
    if row.state == target:
        return row
    if row.state not in (_W.UNKNOWN, _W.SUBMITTED, _W.IN_PROGRESS):
        raise StateConflict(
            f"{row.reference} is {row.get_state_display().lower()}: its outcome is not unknown. "
            "Nothing was done."
        )
    if actor.ref in {row.requested_by_ref, *row.destination.edited_by_refs}:
        raise FourEyes
    row.provider_ref = provider_ref[:80] or row.provider_ref
    outcome = "paid" if paid else "not paid"
    audit(
        actor=actor,
        action=actions.WITHDRAWAL_RESOLVED,
        subject=row,
        data={"outcome": outcome, "proof": proof, "provider_ref": provider_ref},
    )
    if paid:
        _paid(actor, row, net_amount(row), source=f"{actor.name}: {proof}"[:300])
    else:
        _failed(actor, row, f"Not paid: {proof}")
    return row


# The bank's statement


@transaction.atomic
def payout_confirmed_by_statement(
    *,
    actor: Actor,
    withdrawal: Withdrawal,
    money: Money,
    booked_at: datetime,
    statement_ref: str,
) -> Withdrawal:
    """A line of the bank's statement says that the money left. For the reconciliation.

    The same line again does nothing. Raises ``StateConflict`` when the withdrawal is not out, or
    the amount is not what was sent: then it is a break, and nothing was done.
    """
    row = withdrawal_locked(actor, withdrawal.pk)
    if row.state in (_W.PAID, _W.RETURNED) and row.paid_amount == money.amount:
        return row
    if row.state not in OUT:
        raise StateConflict(
            f"{row.reference} is {row.get_state_display().lower()}, but the statement says paid."
        )
    if money != net_amount(row):
        raise StateConflict(f"The statement says {money}; {net_amount(row)} was sent.")
    _paid(actor, row, money, source=f"statement {statement_ref}", at=booked_at)
    return row


@transaction.atomic
def payout_returned_by_statement(
    *,
    actor: Actor,
    withdrawal: Withdrawal,
    money: Money,
    reason: str,
    statement_ref: str,
    at: datetime | None = None,
) -> Withdrawal:
    """A payment that was made came back, valued ``at``: the money is the client's again."""
    row = withdrawal_locked(actor, withdrawal.pk)
    if row.state == _W.RETURNED:
        return row
    if row.state != _W.PAID:
        raise StateConflict(
            f"{row.reference} is {row.get_state_display().lower()}: only what was paid comes back."
        )
    if row.paid_amount is None or money.currency != row.currency or money.amount > row.paid_amount:
        raise StateConflict(f"The statement says {money}, which is not what was paid.")
    books.withdrawal_returned(actor=actor, withdrawal=row, money=money, effective_at=at)
    debts.repay_soon(row.client_id)
    row.reason = f"{reason} ({statement_ref})"[:300]
    moves.move(
        row, WITHDRAWAL, _W.RETURNED, actor=actor, reason=row.reason, update_fields=["reason"]
    )
    audit(actor=actor, action=actions.WITHDRAWAL_RETURNED, subject=row, data={"amount": money})
    return row
