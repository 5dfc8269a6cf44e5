"""A withdrawal that is paid in parts: back to its sources first, the rest where the client asked.

The parts are laid down when it is approved. When it is sent, the hold of the whole gives way to one
per part, in one transaction, so that each is settled or released by itself. The withdrawal is paid
when all its parts are; one that failed keeps its money held until a person decides.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import FourEyes, InvalidInput, NotPermitted, StateConflict
from backoffice.core.money import Money
from backoffice.tenancy.references import next_references
from backoffice.workflow import moves, outbox, queues
from payments import actions, books
from payments.accounts import adapter_for, destination_number, notify_url
from payments.chargebacks import debts
from payments.chargebacks.check import why_not_send
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
from payments.locks import part_locked, withdrawal_locked
from payments.models import GatewayAccount, WebhookMessage, Withdrawal, WithdrawalPart
from payments.plan import PlannedPart
from payments.services.deposits import payment_name
from payments.sources import Plan
from payments.states import PART, WITHDRAWAL, PartState, WithdrawalState

QUEUE = "withdrawals"
SUBMIT, LOOK = "payments.part_submit", "payments.part_look"
_P, _W = PartState, WithdrawalState
S = WebhookMessage.State
LOOKS = (timedelta(minutes=5), timedelta(hours=1), *(timedelta(days=1),) * 5)
# With the gateway or an unknown outcome.
OUT = frozenset({_P.SUBMITTING, _P.SUBMITTED, _P.IN_PROGRESS, _P.UNKNOWN})
GOING = frozenset({_P.SUBMITTED, _P.IN_PROGRESS})
# Nothing more becomes of the withdrawal by these.
ENDED = frozenset({_P.PAID, _P.RETURNED, _P.GIVEN_UP})
PAST = frozenset({_P.CANCELLED, _P.REPLACED})


def parts_of(withdrawal: Withdrawal) -> list[WithdrawalPart]:
    """The parts that stand, in the order in which they are paid."""
    rows = WithdrawalPart.objects.filter(
        tenant_id=current_tenant_id(), withdrawal_id=withdrawal.pk
    ).exclude(state__in=PAST)
    return list(rows.select_related("gateway", "destination", "deposit").order_by("id"))


def money_of(part: WithdrawalPart) -> Money:
    return Money(part.amount, part.currency)


# Laid down, dropped, started


def parts_plan(*, actor: Actor, withdrawal: Withdrawal, found: Plan) -> None:
    """Lay down the parts of an approved withdrawal; none when all of it goes where it was asked."""
    if found.is_whole:
        return
    references = next_references("WP", len(found.parts))
    for reference, each in zip(references, found.parts, strict=True):
        _part(actor, withdrawal, each, reference)


def _part(actor: Actor, withdrawal: Withdrawal, each: PlannedPart, reference: str) -> None:
    part = WithdrawalPart(
        tenant_id=actor.tenant_id,
        withdrawal=withdrawal,
        reference=reference,
        label=each.label[:80],
        why=each.why[:200],
        amount=each.amount.amount,
        currency=each.amount.currency,
    )
    if each.deposit_id is None:
        part.destination, part.gateway = withdrawal.destination, _gateway(withdrawal)
    else:
        part.deposit_id = each.deposit_id
        assert part.deposit is not None
        assert part.deposit.gateway is not None
        part.gateway = part.deposit.gateway
    part.save(force_insert=True)
    moves.begin(part, PART, actor=actor, reason=part.why)


def _gateway(withdrawal: Withdrawal) -> GatewayAccount:
    assert withdrawal.gateway is not None
    return withdrawal.gateway


def parts_drop(*, actor: Actor, withdrawal: Withdrawal) -> None:
    """An approved withdrawal does not go out after all: its parts are planned anew, if ever."""
    for part in parts_of(withdrawal):
        moves.move(part, PART, _P.CANCELLED, actor=actor)


def parts_start(*, actor: Actor, withdrawal: Withdrawal) -> None:
    """One hold per part instead of one for the whole; then each is sent by itself."""
    books.withdrawal_released(actor=actor, withdrawal=withdrawal, step="parts")
    for part in parts_of(withdrawal):
        part.withdrawal = withdrawal
        part.hold_id = books.part_held(actor=actor, part=part).id
        part.save(update_fields=["hold_id"])
        outbox.put(SUBMIT, subject_id=part.pk)
    fee = Money(withdrawal.fee_amount, withdrawal.currency)
    if fee:
        withdrawal.hold_id = books.fee_held(actor=actor, withdrawal=withdrawal, fee=fee).id
    moves.move(
        withdrawal, WITHDRAWAL, _W.PAYING, actor=actor, update_fields=["submitted_at", "hold_id"]
    )
    audit(
        actor=actor,
        action=actions.WITHDRAWAL_SENT,
        subject=withdrawal,
        data={"amount": Money(withdrawal.amount, withdrawal.currency), "destination": "parts"},
    )


# Sent


@dataclass(frozen=True, slots=True)
class PartToSend:
    """A part whose intent is committed. ``payment`` names the deposit that is given back; None
    when ``order`` goes to a destination. ``fresh``: it can't have been sent before."""

    part_id: UUID
    gateway: GatewayAccount
    order: PayoutOrder
    payment: PaymentName | None
    state: str
    fresh: bool
    provider_ref: str = ""

    @property
    def name(self) -> PaymentName:
        return PaymentName(self.order.reference, self.provider_ref)


@transaction.atomic
def part_take(*, actor: Actor, part_id: UUID) -> PartToSend | None:
    """Commit the intent to send a part; None when there is nothing to send.

    A chargeback that came since it was laid down stops it: its money stays held, for people.
    """
    withdrawal, part = part_locked(actor, part_id)
    if part.state == _P.SUBMITTING:
        return _to_send(part, fresh=False)
    if part.state != _P.PLANNED or part.hold_id is None:
        return None
    if part.deposit_id is None and adapter_for(part.gateway).pays_by_file:
        return None  # it waits for its file
    part.submitted_at = now()
    moves.move(part, PART, _P.SUBMITTING, actor=actor, update_fields=["submitted_at"])
    if why := why_not_send(part):
        _failed(actor, withdrawal, part, f"It was not sent: {why}.")
        return None
    return _to_send(part, fresh=True)


@transaction.atomic
def part_handed_over(*, actor: Actor, part_id: UUID, file: str) -> WithdrawalPart:
    """A part left for the bank in a payment ``file``. Raises ``StateConflict``."""
    _, part = part_locked(actor, part_id)
    part.submitted_at = now()
    moves.move(part, PART, _P.SUBMITTING, actor=actor, update_fields=["submitted_at"])
    moves.move(part, PART, _P.SUBMITTED, actor=actor, reason=f"In {file}.")
    return part


@transaction.atomic
def part_order(*, actor: Actor, part_id: UUID) -> PartToSend | None:
    """The order of a part that is out, to look for it or to repeat it under its reference."""
    _, part = part_locked(actor, part_id)
    return _to_send(part, fresh=False) if part.state in OUT else None


def _to_send(part: WithdrawalPart, *, fresh: bool) -> PartToSend:
    target, gateway = part.destination, part.gateway
    order = PayoutOrder(
        reference=part.reference,
        money=money_of(part),
        kind=target.kind if target else "",
        number=destination_number(target) if target else "",
        holder=target.holder if target else "",
        bic=target.bic if target else "",
        notify_url="" if adapter_for(gateway).by_statement else notify_url(gateway),
        text=f"Withdrawal {part.withdrawal.reference}",
    )
    payment = payment_name(part.deposit) if part.deposit else None
    return PartToSend(part.pk, gateway, order, payment, part.state, fresh, part.provider_ref)


@transaction.atomic
def part_answered(*, actor: Actor, part_id: UUID, result: Result) -> WithdrawalPart:
    """What the call brought. A webhook may have been faster: then its word stands."""
    withdrawal, part = part_locked(actor, part_id)
    done = isinstance(result, Sent) and result.outcome is Outcome.PAID
    failed = isinstance(result, Sent) and result.failed
    if part.state not in OUT or (part.state in GOING and not (done or failed)):
        return part
    if isinstance(result, Sent):
        part.provider_ref, part.error = result.provider_ref, ""
        if done:
            _paid(actor, withdrawal, part, money_of(part), source="the gateway's word")
            return part
        if failed:
            _failed(actor, withdrawal, part, result.reason or "The gateway did not pay it.")
            return part
        moves.move(part, PART, _P.SUBMITTED, actor=actor, update_fields=["provider_ref", "error"])
        if not adapter_for(part.gateway).by_statement:
            _look_later(part)
    elif isinstance(result, Refused):
        _failed(actor, withdrawal, part, result.reason)
    else:
        _unknown(actor, part, result)
    return part


def _unknown(actor: Actor, part: WithdrawalPart, result: Unknown) -> None:
    part.error = result.reason[:300]
    if part.state == _P.UNKNOWN:
        part.save(update_fields=["error"])
        return
    part.looks = 0
    moves.move(
        part, PART, _P.UNKNOWN, actor=actor, reason=part.error, update_fields=["error", "looks"]
    )
    _look_later(part)


def _look_later(part: WithdrawalPart) -> None:
    if part.looks < len(LOOKS):
        outbox.put(LOOK, subject_id=part.pk, due_at=now() + LOOKS[part.looks])


@transaction.atomic
def part_looked(*, actor: Actor, part_id: UUID, error: str) -> WithdrawalPart:
    """A look told nothing new: when the next one is, or that a person takes over."""
    withdrawal, part = part_locked(actor, part_id)
    if part.state not in OUT:
        return part
    part.looks, part.error = part.looks + 1, error[:300]
    part.save(update_fields=["looks", "error"])
    if part.looks < len(LOOKS):
        _look_later(part)
    else:
        _to_people(actor, withdrawal)
    return part


def _to_people(actor: Actor, withdrawal: Withdrawal) -> None:
    queues.item_open(
        actor=actor, queue=QUEUE, subject=withdrawal, desk_id=withdrawal.client.desk_id, urgent=True
    )


# Ended


def _paid(
    actor: Actor,
    withdrawal: Withdrawal,
    part: WithdrawalPart,
    money: Money,
    *,
    source: str,
    at: datetime | None = None,
) -> None:
    books.part_paid(actor=actor, part=part, paid=money, effective_at=at)
    part.paid_amount, part.paid_at, part.error = money.amount, now(), ""
    moves.move(
        part,
        PART,
        _P.PAID,
        actor=actor,
        reason=source[:300],
        update_fields=["paid_amount", "paid_at", "error", "provider_ref"],
    )
    audit(
        actor=actor,
        action=actions.PART_PAID,
        subject=withdrawal,
        data={"part": part.reference, "amount": money, "to": part.label, "source": source},
    )
    _whole(actor, withdrawal)


def _failed(actor: Actor, withdrawal: Withdrawal, part: WithdrawalPart, reason: str) -> None:
    part.error = reason[:300]
    moves.move(part, PART, _P.FAILED, actor=actor, reason=part.error, update_fields=["error"])
    audit(
        actor=actor,
        action=actions.PART_FAILED,
        subject=withdrawal,
        data={"part": part.reference, "to": part.label, "reason": reason},
    )
    _whole(actor, withdrawal)


def _whole(actor: Actor, withdrawal: Withdrawal) -> None:
    """What the parts make of the withdrawal."""
    parts = parts_of(withdrawal)
    failed = next((part for part in parts if part.state == _P.FAILED), None)
    if failed is not None:
        withdrawal.error = f"{failed.reference} to {failed.label}: {failed.error}"[:300]
        moves.move(
            withdrawal, WITHDRAWAL, _W.PART_FAILED, actor=actor, reason=withdrawal.error,
            update_fields=["error"],
        )  # fmt: skip
        _to_people(actor, withdrawal)
        return
    if any(part.state not in ENDED for part in parts):
        withdrawal.error = ""
        moves.move(withdrawal, WITHDRAWAL, _W.PAYING, actor=actor, update_fields=["error"])
        if not any(part.state == _P.UNKNOWN for part in parts):
            queues.item_close(actor=actor, queue=QUEUE, subject_id=withdrawal.pk)
        return
    _end(actor, withdrawal, parts)


def _end(actor: Actor, withdrawal: Withdrawal, parts: list[WithdrawalPart]) -> None:
    zero = Money.zero(withdrawal.currency)
    paid = sum((Money(p.paid_amount, p.currency) for p in parts if p.paid_amount), zero)
    queues.item_close(actor=actor, queue=QUEUE, subject_id=withdrawal.pk)
    fee = Money(withdrawal.fee_amount, withdrawal.currency)
    if not paid:
        if fee:
            books.fee_released(actor=actor, withdrawal=withdrawal)
        moves.move(withdrawal, WITHDRAWAL, _W.FAILED, actor=actor, reason="No part was paid.")
        return
    if fee:
        books.fee_taken(actor=actor, withdrawal=withdrawal)
    else:
        books.fee_booked(actor=actor, withdrawal=withdrawal, fee=books.fee_of(withdrawal))
    withdrawal.paid_amount, withdrawal.paid_at, withdrawal.error = paid.amount, now(), ""
    count = sum(1 for part in parts if part.state in (_P.PAID, _P.RETURNED))
    moves.move(
        withdrawal,
        WITHDRAWAL,
        _W.PAID,
        actor=actor,
        reason=f"{paid} in {count} parts" if count > 1 else f"{paid} in one part",
        update_fields=["paid_amount", "paid_at", "error"],
    )
    audit(
        actor=actor,
        action=actions.WITHDRAWAL_PAID,
        subject=withdrawal,
        data={"amount": paid, "fee": fee, "source": "its parts"},
    )
    _all_returned(actor, withdrawal, parts)


def _all_returned(actor: Actor, withdrawal: Withdrawal, parts: list[WithdrawalPart]) -> None:
    """A withdrawal of which nothing stayed with the client's bank came back as a whole."""
    if withdrawal.state == _W.PAID and not any(part.state == _P.PAID for part in parts):
        why = "Every part that was paid came back."
        moves.move(withdrawal, WITHDRAWAL, _W.RETURNED, actor=actor, reason=why)


@transaction.atomic
def part_returned_by_statement(
    *,
    actor: Actor,
    part_id: UUID,
    money: Money,
    reason: str,
    statement_ref: str,
    at: datetime | None = None,
) -> WithdrawalPart:
    """A part that the bank had paid came back: the money is the client's again, in the wallet.

    Told twice it is one return. Raises ``StateConflict`` for what was not paid, or more than was.
    """
    withdrawal, part = part_locked(actor, part_id)
    if part.state == _P.RETURNED:
        return part
    if part.state != _P.PAID or part.paid_amount is None:
        word = part.get_state_display().lower()
        raise StateConflict(f"{part.reference} is {word}: only what was paid comes back.")
    if money.currency != part.currency or money.amount > part.paid_amount:
        raise StateConflict(f"The statement says {money}, which is not what was paid.")
    books.part_returned(actor=actor, part=part, money=money, effective_at=at)
    debts.repay_soon(withdrawal.client_id)
    part.error = f"{reason} ({statement_ref})"[:300]
    moves.move(part, PART, _P.RETURNED, actor=actor, reason=part.error, update_fields=["error"])
    audit(
        actor=actor,
        action=actions.PART_RETURNED,
        subject=withdrawal,
        data={"part": part.reference, "amount": money, "reason": reason},
    )
    # One that came back while others are under way waits for them.
    _all_returned(actor, withdrawal, parts_of(withdrawal))
    return part


def part_notice(*, actor: Actor, part_id: UUID, notice: Notice) -> tuple[str, str, bool]:
    """Apply a gateway's or a bank's word on a part: (message state, note, whether a person is
    needed)."""
    withdrawal, part = part_locked(actor, part_id)
    older = part.event_at is not None and notice.at < part.event_at
    final = notice.outcome in (Outcome.PAID, Outcome.FAILED, Outcome.DECLINED)
    if part.state not in OUT:
        return _after_the_end(part, notice)
    if older and not final:
        return S.STALE, "It is older than what was known.", False
    if notice.money.currency != part.currency or notice.money > money_of(part):
        return S.REFUSED, f"It says {notice.money}; {money_of(part)} was sent.", True
    part.event_at, part.provider_ref = notice.at, notice.provider_ref or part.provider_ref
    part.save(update_fields=["event_at", "provider_ref"])
    if notice.outcome is Outcome.PAID:
        at = books.valued_at(part.gateway, notice.at)
        _paid(actor, withdrawal, part, notice.money, source="the gateway's word", at=at)
    elif final:
        _failed(actor, withdrawal, part, notice.reason or "The gateway did not pay it.")
    else:
        target = _P.SUBMITTED if notice.outcome is Outcome.PENDING else _P.IN_PROGRESS
        if part.state == target or not PART.allows(part.state, target):
            return S.STALE, "It was further already.", False
        moves.move(part, PART, target, actor=actor)
    return S.PROCESSED, "", False


def _after_the_end(part: WithdrawalPart, notice: Notice) -> tuple[str, str, bool]:
    word = part.get_state_display().lower()
    same = notice.outcome is Outcome.PAID and part.paid_amount == notice.money.amount
    failed = notice.outcome in (Outcome.FAILED, Outcome.DECLINED) and part.paid_amount is None
    if same or failed or notice.outcome in (Outcome.PENDING, Outcome.IN_PROGRESS):
        return S.STALE, f"It was {word} already.", False
    return S.REFUSED, f"It says {notice.outcome.value} of {notice.money}; it is {word}.", True


# A person decides


def _decidable(actor: Actor, withdrawal: Withdrawal, right: str) -> None:
    if not actor.can(right):
        raise NotPermitted
    if actor.ref in {withdrawal.requested_by_ref, *withdrawal.destination.edited_by_refs}:
        raise FourEyes


@transaction.atomic
def part_retry(*, actor: Actor, part: WithdrawalPart) -> WithdrawalPart:
    """Send a part that failed once more, under a new reference: the old one certainly moved
    nothing. The same amount to the same place, so it needs no new approval."""
    withdrawal, row = part_locked(actor, part.pk)
    _decidable(actor, withdrawal, "payments.approve_withdrawal")
    if row.state != _P.FAILED:
        raise StateConflict(_not_failed(row))
    fresh = WithdrawalPart(
        tenant_id=actor.tenant_id,
        withdrawal=withdrawal,
        reference=next_references("WP", 1)[0],
        gateway=row.gateway,
        deposit=row.deposit,
        destination=row.destination,
        label=row.label,
        why=f"Anew for {row.reference}. {row.why}"[:200],
        amount=row.amount,
        currency=row.currency,
    )
    books.part_released(actor=actor, part=row)
    row.hold_id = None
    moves.move(row, PART, _P.REPLACED, actor=actor, update_fields=["hold_id"])
    fresh.hold_id = books.part_held(actor=actor, part=fresh).id
    fresh.save(force_insert=True)
    moves.begin(fresh, PART, actor=actor, reason=fresh.why)
    outbox.put(SUBMIT, subject_id=fresh.pk)
    audit(
        actor=actor,
        action=actions.PART_RETRIED,
        subject=withdrawal,
        data={"part": row.reference, "as": fresh.reference, "amount": money_of(row)},
    )
    _whole(actor, withdrawal)
    return fresh


def _not_failed(part: WithdrawalPart) -> str:
    return f"{part.reference} is {part.get_state_display().lower()}. Nothing was done."


@transaction.atomic
def part_give_up(*, actor: Actor, part: WithdrawalPart, reason: str) -> WithdrawalPart:
    """A part that failed is not sent again: its money is free in the wallet."""
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say why."})
    withdrawal, row = part_locked(actor, part.pk)
    _decidable(actor, withdrawal, "payments.approve_withdrawal")
    if row.state == _P.GIVEN_UP:
        return row
    if row.state != _P.FAILED:
        raise StateConflict(_not_failed(row))
    books.part_released(actor=actor, part=row)
    debts.repay_soon(withdrawal.client_id)
    moves.move(row, PART, _P.GIVEN_UP, actor=actor, reason=reason[:300])
    audit(
        actor=actor,
        action=actions.PART_GIVEN_UP,
        subject=withdrawal,
        data={"part": row.reference, "amount": money_of(row), "reason": reason},
    )
    _whole(actor, withdrawal)
    return row


@transaction.atomic
def part_resolve(
    *, actor: Actor, part: WithdrawalPart, paid: bool, proof: str, provider_ref: str = ""
) -> WithdrawalPart:
    """Settle a part whose outcome nobody tells, with proof in words."""
    if len(proof.strip()) < 10:
        raise InvalidInput(
            fields={"proof": "Say what proves it: whose word, when, under which number."}
        )
    withdrawal, row = part_locked(actor, part.pk)
    _decidable(actor, withdrawal, "payments.resolve_unknown")
    if row.state not in (_P.UNKNOWN, _P.SUBMITTED, _P.IN_PROGRESS):
        raise StateConflict(_not_failed(row))
    row.provider_ref = provider_ref[:80] or row.provider_ref
    audit(
        actor=actor,
        action=actions.WITHDRAWAL_RESOLVED,
        subject=withdrawal,
        data={
            "outcome": "paid" if paid else "not paid",
            "proof": f"{row.reference}: {proof}",
            "provider_ref": provider_ref,
        },
    )
    if paid:
        _paid(actor, withdrawal, row, money_of(row), source=f"{actor.name}: {proof}")
    else:
        _failed(actor, withdrawal, row, f"Not paid: {proof}")
    return row


@transaction.atomic
def parts_look(*, actor: Actor, withdrawal: Withdrawal) -> int:
    """Have every part that is out asked about now; how many."""
    row = withdrawal_locked(actor, withdrawal.pk)
    going = [part for part in parts_of(row) if part.state in OUT]
    for part in going:
        outbox.put(LOOK, subject_id=part.pk)
    return len(going)
