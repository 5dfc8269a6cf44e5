"""What gateways say: stored raw as it came, then applied to the payment that it names.

The machines are monotone: an older or repeated statement changes nothing and is kept as stale.
What fits no payment is parked and tried again; what contradicts the books is put before a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.core.money import Money
from backoffice.workflow import moves, outbox, queues
from payments import actions
from payments.accounts import adapter_for
from payments.chargebacks.events import dispute_notice
from payments.gateways.port import (
    About,
    AskFirst,
    Instrument,
    NothingFollows,
    Notice,
    NoticeUnreadable,
    Outcome,
)
from payments.locks import deposit_locked, message_locked
from payments.models import Deposit, GatewayAccount, WebhookMessage, Withdrawal, WithdrawalPart
from payments.services.deposits import (
    deposit_arrived,
    deposit_refund_refused,
    deposit_refunded,
    paid_money,
)
from payments.services.parts import money_of, part_notice
from payments.services.payouts import payout_notice
from payments.states import DEPOSIT, DepositState, PartState

QUEUE = "notices"
PARKED_FOR = timedelta(hours=24)
HEADERS_KEPT = (
    *("content-type", "user-agent", "stripe-signature"),
    *("x-cashier-delivery", "x-cashier-signature", "btcpay-sig"),
    "gt-authentication",
)
# The name, at the gateway, under which a deposit as a whole is given back.
RETURN_SUFFIX = "-R"
S = WebhookMessage.State
# Parts of which the gateway was not asked to give anything back.
NEVER_SENT = (
    *(PartState.PLANNED, PartState.CANCELLED),
    *(PartState.FAILED, PartState.REPLACED, PartState.GIVEN_UP),
)


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


@dataclass(frozen=True, slots=True)
class Question:
    """What a message leaves open: what became of what it is ``about``, or what the payment of
    ``notice`` was made with."""

    gateway: GatewayAccount
    received_at: datetime
    notice: Notice | None = None
    about: About | None = None


def message_question(*, message_id: UUID) -> Question | None:
    """What the gateway is to be asked before a stored message is applied, if anything."""
    row = WebhookMessage.objects.select_related("gateway").get(
        tenant_id=current_tenant_id(), pk=message_id
    )
    adapter = adapter_for(row.gateway)
    if row.state not in (S.RECEIVED, S.PARKED):
        return None
    try:
        notice = adapter.read(bytes(row.body))
    except AskFirst as asked:
        return Question(row.gateway, row.received_at, about=asked.about)
    except (NoticeUnreadable, NothingFollows):
        return None
    if adapter.tells_instrument:
        return None
    known = notice.outcome is not Outcome.PAID or notice.instrument.fingerprint
    mine = {"tenant_id": current_tenant_id(), "gateway": row.gateway}
    if (
        known
        or not Deposit.objects.filter(**mine, reference=notice.reference, paid_amount=None).exists()
    ):
        return None
    return Question(row.gateway, row.received_at, notice)


@transaction.atomic
def message_process(
    *,
    actor: Actor,
    message_id: UUID,
    instrument: Instrument | None = None,
    told: Notice | str = "",
) -> WebhookMessage:
    """Read a stored message and apply it. Parked ones may be processed again.

    ``instrument`` and ``told``: what the gateway said on ``message_question``; ``told`` is a
    sentence where nothing follows from it.
    """
    row = message_locked(actor, message_id)
    if row.state not in (S.RECEIVED, S.PARKED):
        return row
    gateway = row.gateway
    try:
        notice = adapter_for(gateway).read(bytes(row.body))
    except AskFirst:
        if not isinstance(told, Notice):
            said = told or "The gateway did not say what happened."
            return _close(actor, row, Applied(S.STALE if told else S.PARKED, said))
        notice = told
    except NoticeUnreadable as error:
        return _close(actor, row, Applied(S.REFUSED, str(error), needs_person=True))
    except NothingFollows as error:
        return _close(actor, row, Applied(S.STALE, str(error)))
    if instrument is not None:
        holder = instrument.holder or notice.instrument.holder
        notice = replace(notice, instrument=replace(instrument, holder=holder))
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
    """Apply what a gateway says, by webhook or by poll, to the payment of that name."""
    if notice.dispute is not None:
        heard = dispute_notice(actor=actor, gateway=gateway, notice=notice)
        return Applied(heard.state, heard.note, heard.subject_id, heard.needs_person)
    if notice.outcome in (Outcome.REFUNDED, Outcome.ATTENTION) or not notice.reference:
        return _later_notice(actor, gateway, notice)
    if notice.reference.endswith(RETURN_SUFFIX):
        return _return_notice(actor, gateway, notice)
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


def _later_notice(actor: Actor, gateway: GatewayAccount, notice: Notice) -> Applied:
    """Something happened to a payment after it was made: whatever we can't account for goes
    before a person."""
    named = {"reference": notice.reference} if notice.reference else {}
    named = named or {"provider_ref": notice.provider_ref or "none"}
    row = Deposit.objects.filter(tenant_id=actor.tenant_id, gateway=gateway, **named).first()
    if row is None:
        name = notice.reference or notice.provider_ref or "that it names"
        return Applied(S.PARKED, f"There is no payment {name} here. {notice.reason}".strip())
    if notice.outcome is Outcome.REFUNDED:
        known = _given_back(row)
        if known is not None and notice.money <= known:
            return Applied(S.STALE, f"{known} was given back from here.", row.pk)
        note = f"{notice.money} of it was given back; from here {known or 'nothing'} was."
        return Applied(S.REFUSED, note, row.pk, needs_person=True)
    note = notice.reason or f"It says {notice.outcome.value} of {notice.money}."
    return Applied(S.REFUSED, note, row.pk, needs_person=True)


def _given_back(row: Deposit) -> Money | None:
    """What we gave back of a deposit or are giving back; None for one that was never paid."""
    if row.paid_amount is None:
        return None
    if row.state in (DepositState.RETURNING, DepositState.RETURNED):
        return paid_money(row)
    parts = WithdrawalPart.objects.filter(
        tenant_id=current_tenant_id(), deposit=row, currency=row.paid_currency
    ).exclude(state__in=NEVER_SENT)
    return sum((money_of(part) for part in parts), Money.zero(row.paid_currency))


def _return_notice(actor: Actor, gateway: GatewayAccount, notice: Notice) -> Applied:
    """What became of a deposit that we give back as a whole."""
    row = Deposit.objects.filter(
        tenant_id=actor.tenant_id,
        gateway=gateway,
        reference=notice.reference.removesuffix(RETURN_SUFFIX),
    ).first()
    if row is None:
        return Applied(S.PARKED, f"There is no payment {notice.reference} at this gateway.")
    failed = notice.outcome in (Outcome.FAILED, Outcome.DECLINED, Outcome.CANCELLED)
    word = row.get_state_display().lower()
    if row.state == DepositState.RETURNED and failed:
        note = f"The refund failed, though it is {word}: {notice.reason}"
        return Applied(S.REFUSED, note, row.pk, needs_person=True)
    if row.state != DepositState.RETURNING or not (failed or notice.outcome is Outcome.PAID):
        return Applied(S.STALE, f"It was {word} when this came.", row.pk)
    if failed:
        deposit_refund_refused(actor=actor, deposit_id=row.pk, reason=notice.reason)
    else:
        deposit_refunded(actor=actor, deposit_id=row.pk)
    return Applied(S.PROCESSED, "", row.pk)


_TARGETS = {
    Outcome.PENDING: DepositState.PENDING,
    Outcome.IN_PROGRESS: DepositState.PENDING,
    Outcome.AUTHORIZED: DepositState.AUTHORIZED,
    Outcome.DECLINED: DepositState.DECLINED,
    Outcome.FAILED: DepositState.DECLINED,
    Outcome.CANCELLED: DepositState.CANCELLED,
    Outcome.EXPIRED: DepositState.EXPIRED,
}


def _deposit_notice(actor: Actor, row: Deposit, notice: Notice) -> Applied:
    if notice.outcome is Outcome.PAID:
        return _deposit_paid(actor, row, notice)
    if notice.outcome is Outcome.TRIED:
        return Applied(S.PROCESSED, f"An attempt to pay failed. {notice.reason}".strip(), row.pk)
    target = _TARGETS[notice.outcome]
    older = row.event_at is not None and notice.at < row.event_at
    if older or row.state == target or not DEPOSIT.allows(row.state, target):
        word = row.get_state_display().lower()
        return Applied(S.STALE, f"It was {word} when this came.", row.pk)
    row.event_at = notice.at
    moves.move(row, DEPOSIT, target, actor=actor, reason=notice.reason, update_fields=["event_at"])
    return Applied(S.PROCESSED, "", row.pk)


def _paid_again(row: Deposit, notice: Notice) -> Applied:
    """Another payment of the gateway's under a reference that was paid."""
    note = f"{notice.money} was paid a second time, as {notice.provider_ref}."
    told = WebhookMessage.objects.filter(
        tenant_id=current_tenant_id(), subject_id=row.pk, state=S.REFUSED, note__startswith=note
    )
    if told.exists():
        return Applied(S.STALE, f"{note} A person knows.", row.pk)
    return Applied(S.REFUSED, note, row.pk, needs_person=True)


def _deposit_paid(actor: Actor, row: Deposit, notice: Notice) -> Applied:
    if row.paid_amount is not None:
        if notice.provider_ref and row.provider_ref not in ("", notice.provider_ref):
            return _paid_again(row, notice)
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
