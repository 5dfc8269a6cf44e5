"""What gateways say: stored raw as it came, then applied to the payment that it names.

The machines are monotone: an older or repeated statement changes nothing and is kept as stale.
What fits no payment is parked and tried again; what contradicts the books is put before a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.workflow import moves, outbox, queues
from payments import actions
from payments.accounts import adapter_for
from payments.gateways.port import Notice, NoticeUnreadable, Outcome
from payments.locks import deposit_locked, message_locked
from payments.models import Deposit, GatewayAccount, WebhookMessage, Withdrawal, WithdrawalPart
from payments.services.deposits import deposit_arrived, paid_money
from payments.services.parts import part_notice
from payments.services.payouts import payout_notice
from payments.states import DEPOSIT, DepositState

QUEUE = "notices"
PARKED_FOR = timedelta(hours=24)
HEADERS_KEPT = ("content-type", "user-agent", "x-cashier-delivery", "x-cashier-signature")
S = WebhookMessage.State


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a notice; ``state`` is one of WebhookMessage.State."""

    state: str
    note: str = ""
    subject_id: UUID | None = None
    needs_person: bool = False


@transaction.atomic
def message_store(
    *, actor: Actor, gateway: GatewayAccount, headers: Mapping[str, str], body: bytes
) -> bool:
    """Keep a genuine message as it came; False when it came before. A worker reads it."""
    kept = {name: value[:300] for name, value in headers.items() if name.lower() in HEADERS_KEPT}
    message = WebhookMessage(
        tenant_id=actor.tenant_id,
        gateway=gateway,
        delivery=adapter_for(gateway).delivery(headers, body),
        body=body,
        headers=kept,
    )
    WebhookMessage.objects.bulk_create([message], ignore_conflicts=True)
    stored = WebhookMessage.objects.filter(tenant_id=actor.tenant_id, pk=message.pk).exists()
    if stored:
        outbox.put("payments.webhook", subject_id=message.pk)
    return stored


def signature_refused(*, gateway: GatewayAccount) -> None:
    """Count a message that was not signed by the gateway. Nothing else of it is kept."""
    GatewayAccount.objects.filter(tenant_id=current_tenant_id(), pk=gateway.pk).update(
        bad_signatures=F("bad_signatures") + 1
    )


@transaction.atomic
def message_process(*, actor: Actor, message_id: UUID) -> WebhookMessage:
    """Read a stored message and apply it. Parked ones may be processed again."""
    row = message_locked(actor, message_id)
    if row.state not in (S.RECEIVED, S.PARKED):
        return row
    gateway = row.gateway
    try:
        notice = adapter_for(gateway).read(bytes(row.body))
    except NoticeUnreadable as error:
        return _close(actor, row, Applied(S.REFUSED, str(error), needs_person=True))
    return _close(actor, row, notice_apply(actor=actor, gateway=gateway, notice=notice))


def _close(actor: Actor, row: WebhookMessage, applied: Applied) -> WebhookMessage:
    expired = applied.state == S.PARKED and now() - row.received_at >= PARKED_FOR
    row.state, row.note = applied.state, applied.note[:300]
    row.subject_id = applied.subject_id
    row.done_at = None if applied.state == S.PARKED else now()
    row.save(update_fields=["state", "note", "subject_id", "done_at"])
    if applied.needs_person or expired:
        queues.item_open(actor=actor, queue=QUEUE, subject=row)
    return row


@transaction.atomic
def message_put_aside(*, actor: Actor, message: WebhookMessage, reason: str) -> WebhookMessage:
    """A person has looked into it: nothing follows from it here."""
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say what you found."})
    row = message_locked(actor, message.pk)
    if row.state not in (S.PARKED, S.REFUSED):
        raise StateConflict("This message is dealt with already. Nothing was done.")
    row.state, row.note, row.done_at = S.REFUSED, f"{row.note} {reason}".strip()[:300], now()
    row.save(update_fields=["state", "note", "done_at"])
    audit(
        actor=actor,
        action=actions.NOTICE_PUT_ASIDE,
        subject=row,
        label=row.delivery,
        data={"reason": reason},
    )
    queues.item_close(actor=actor, queue=QUEUE, subject_id=row.pk)
    return row


@transaction.atomic
def notice_apply(*, actor: Actor, gateway: GatewayAccount, notice: Notice) -> Applied:
    """Apply what a gateway says, by webhook or by poll, to the payment of that reference."""
    mine = {"tenant_id": actor.tenant_id, "gateway": gateway, "reference": notice.reference}
    deposit = Deposit.objects.filter(**mine).first()
    if deposit is not None:
        return _deposit_notice(actor, deposit_locked(actor, deposit.pk), notice)
    withdrawal = Withdrawal.objects.filter(**mine).first()
    if withdrawal is not None:
        state, note, needs_person = payout_notice(
            actor=actor, withdrawal_id=withdrawal.pk, notice=notice
        )
        return Applied(state, note, withdrawal.pk, needs_person)
    part = WithdrawalPart.objects.filter(**mine).first()
    if part is not None:
        state, note, needs_person = part_notice(actor=actor, part_id=part.pk, notice=notice)
        return Applied(state, note, part.withdrawal_id, needs_person)
    return Applied(S.PARKED, f"There is no payment {notice.reference} at this gateway.")


_TARGETS = {
    Outcome.PENDING: DepositState.PENDING,
    Outcome.IN_PROGRESS: DepositState.PENDING,
    Outcome.AUTHORIZED: DepositState.AUTHORIZED,
    Outcome.DECLINED: DepositState.DECLINED,
    Outcome.FAILED: DepositState.DECLINED,
    Outcome.CANCELLED: DepositState.CANCELLED,
}


def _deposit_notice(actor: Actor, row: Deposit, notice: Notice) -> Applied:
    if notice.outcome is Outcome.PAID:
        return _deposit_paid(actor, row, notice)
    target = _TARGETS[notice.outcome]
    older = row.event_at is not None and notice.at < row.event_at
    if older or row.state == target or not DEPOSIT.allows(row.state, target):
        word = row.get_state_display().lower()
        return Applied(S.STALE, f"It was {word} when this came.", row.pk)
    row.event_at = notice.at
    moves.move(row, DEPOSIT, target, actor=actor, reason=notice.reason, update_fields=["event_at"])
    return Applied(S.PROCESSED, "", row.pk)


def _deposit_paid(actor: Actor, row: Deposit, notice: Notice) -> Applied:
    if row.paid_amount is not None:
        if paid_money(row) == notice.money:
            return Applied(S.STALE, "The payment was known already.", row.pk)
        note = f"It says {notice.money}; {paid_money(row)} was booked before."
        return Applied(S.REFUSED, note, row.pk, needs_person=True)
    used = Deposit.objects.filter(
        tenant_id=actor.tenant_id, gateway=row.gateway, provider_ref=notice.provider_ref
    ).exclude(pk=row.pk)
    if notice.provider_ref and used.exists():
        note = f"The gateway's payment {notice.provider_ref} belongs to another deposit."
        return Applied(S.REFUSED, note, row.pk, needs_person=True)
    deposit_arrived(
        actor=actor,
        row=row,
        money=notice.money,
        at=notice.at,
        provider_ref=notice.provider_ref,
        instrument=notice.instrument,
    )
    return Applied(S.PROCESSED, "", row.pk)
