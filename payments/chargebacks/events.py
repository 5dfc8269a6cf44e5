"""What happens to a chargeback: taken, answered, won, lost; by a gateway's word or a person's.

A gateway's events come twice and in any order. What is further along stands; a money step is made
once, on the way to it, so that the books are the same whatever came first.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from backoffice.audit.actions import Action
from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, system_actor
from backoffice.core.errors import StateConflict
from backoffice.core.money import Money
from backoffice.portal import search
from backoffice.tenancy.references import next_reference
from backoffice.workflow import moves, outbox, queues
from clients.models import ClientAction
from clients.services import restriction_place, restrictions_lift_of
from payments import actions
from payments.accounts import adapter_for
from payments.chargeback_states import CHARGEBACK, AnswerState, ChargebackState
from payments.chargebacks import books, debts, rules
from payments.chargebacks.locks import deposit_gate
from payments.gateways.port import Dispute, DisputeStage, Notice
from payments.models import (
    Chargeback,
    ChargebackAnswer,
    Deposit,
    GatewayAccount,
    PaymentHold,
    WebhookMessage,
    Withdrawal,
)
from payments.services import holds
from payments.sources import CREDITED
from payments.states import WithdrawalState

QUEUE, SEARCH_KIND = debts.QUEUE, "chargeback"
LOOK, LOOK_AFTER = "payments.chargeback_look", timedelta(days=1)
CLIENT_TEXT = "Your bank disputes a payment of yours. Please contact us."
S = WebhookMessage.State
_C = ChargebackState


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a gateway's word; ``state`` is one of WebhookMessage.State."""

    state: str
    note: str
    subject_id: UUID | None = None
    needs_person: bool = False


@transaction.atomic
def dispute_notice(*, actor: Actor, gateway: GatewayAccount, notice: Notice) -> Heard:
    """Apply what a gateway says of a dispute to the chargeback of that name, which is made when
    this is the first word of it. What does not fit the books goes before a person."""
    dispute = notice.dispute
    assert dispute is not None
    known = _known(actor, gateway, dispute)
    deposit = known.deposit if known is not None else _deposit(actor, gateway, notice)
    if deposit is None:
        name = notice.reference or notice.provider_ref or "that it names"
        return Heard(S.PARKED, f"There is no payment {name} here. {_words(notice, dispute)}")
    deposit = deposit_gate(actor, deposit)
    if problem := unfit(deposit, notice.money):
        return Heard(S.REFUSED, f"{_words(notice, dispute)}. {problem}.", deposit.pk, True)
    row = _known(actor, gateway, dispute) or _adopted(actor, deposit, notice.money, dispute)
    if row is None:
        row = noted(
            actor,
            deposit=deposit,
            money=notice.money,
            provider_ref=dispute.provider_ref,
            reason_code=dispute.reason_code,
            due_at=dispute.due_at,
        )
    return _applied(actor, row, notice, dispute)


def _known(actor: Actor, gateway: GatewayAccount, dispute: Dispute) -> Chargeback | None:
    return _full().filter(
        tenant_id=actor.tenant_id, gateway=gateway, provider_ref=dispute.provider_ref
    ).first()  # fmt: skip


def _full() -> QuerySet[Chargeback]:
    return Chargeback.objects.select_related("client", "deposit", "gateway")


def _adopted(actor: Actor, deposit: Deposit, money: Money, dispute: Dispute) -> Chargeback | None:
    """One that a person entered before the gateway's word came: it gets its number now."""
    row = (
        _full()
        .filter(
            tenant_id=actor.tenant_id,
            deposit=deposit,
            provider_ref="",
            amount=money.amount,
            currency=money.currency,
        )
        .order_by("id")
        .first()
    )
    if row is not None:
        row.provider_ref = dispute.provider_ref
        row.save(update_fields=["provider_ref"])
    return row


def _deposit(actor: Actor, gateway: GatewayAccount, notice: Notice) -> Deposit | None:
    named = {"reference": notice.reference} if notice.reference else {}
    named = named or {"provider_ref": notice.provider_ref or "none"}
    rows = Deposit.objects.select_related("client", "gateway")
    return rows.filter(tenant_id=actor.tenant_id, gateway=gateway, **named).first()


def _words(notice: Notice, dispute: Dispute) -> str:
    stage = rules.TARGETS[dispute.stage].label.lower()
    return f"A dispute of {notice.money} ({stage}), {dispute.reason_code.replace('_', ' ')}"


def unfit(deposit: Deposit, money: Money) -> str:
    """Why nothing can be booked for it; empty when it can."""
    if deposit.state not in CREDITED:
        word = deposit.get_state_display().lower()
        return f"{deposit.reference} is {word}: its money is not in the wallet"
    if deposit.paid_currency != money.currency:
        return f"{deposit.reference} was paid in {deposit.paid_currency}"
    return ""


def noted(
    actor: Actor,
    *,
    deposit: Deposit,
    money: Money,
    provider_ref: str,
    reason_code: str,
    due_at: datetime | None,
) -> Chargeback:
    gateway = deposit.gateway
    assert gateway is not None
    row = Chargeback(
        tenant_id=actor.tenant_id,
        reference=next_reference("CB"),
        deposit=deposit,
        client=deposit.client,
        gateway=gateway,
        provider_ref=provider_ref,
        reason_code=reason_code[:40] or "general",
        amount=money.amount,
        currency=money.currency,
        due_at=due_at,
    )
    row.save(force_insert=True)
    moves.begin(row, CHARGEBACK, actor=actor)
    search.index(
        kind=SEARCH_KIND,
        subject=row,
        label=row.reference,
        detail=f"{money} of {deposit.reference}, {deposit.client.name}",
        words=[provider_ref],
        desk_id=deposit.client.desk_id,
    )
    return row


def _applied(actor: Actor, row: Chargeback, notice: Notice, dispute: Dispute) -> Heard:
    before = row.state
    if problem := _contradiction(row, notice.money, dispute):
        return Heard(S.REFUSED, problem, row.deposit_id, True)
    _facts(row, notice, dispute)
    if rules.is_news(row.state, dispute.stage):
        advance(actor, row, dispute.stage)
    changed = row.state != before
    if _fees(actor, row, dispute) or changed:
        return Heard(S.PROCESSED, f"{row.reference} is {_word(row)}.", row.deposit_id)
    return Heard(S.STALE, f"{row.reference} was {_word(row)} when this came.", row.deposit_id)


def _word(row: Chargeback) -> str:
    return row.get_state_display().lower()


def _contradiction(row: Chargeback, money: Money, dispute: Dispute) -> str:
    if rules.contradicts(row.state, dispute.stage):
        stage = rules.TARGETS[dispute.stage].label.lower()
        return f"It says that {row.reference} is {stage}; it was {_word(row)} before."
    if row.taken_at is not None and money != books.money_of(row):
        return f"It says {money}; {books.money_of(row)} of {row.reference} was booked before."
    return ""


def _facts(row: Chargeback, notice: Notice, dispute: Dispute) -> None:
    """What may change while nothing is booked, and until when it wants evidence."""
    if row.event_at is not None and notice.at < row.event_at:
        return
    row.event_at = notice.at
    row.due_at = dispute.due_at or row.due_at
    if row.taken_at is None:
        row.amount, row.currency = notice.money.amount, notice.money.currency
        row.reason_code = dispute.reason_code[:40] or row.reason_code
    row.save(update_fields=["event_at", "due_at", "amount", "currency", "reason_code"])
    if row.state == _C.OPEN or row.state == _C.INQUIRY:
        queues.item_due(queue=QUEUE, subject_id=row.pk, due_at=row.due_at)


def _fees(actor: Actor, row: Chargeback, dispute: Dispute) -> bool:
    """Book what the gateway says that it took for the dispute, or gave back; once each."""
    if row.taken_at is None:
        return False
    booked = False
    fee, back = dispute.fee, dispute.fee_back
    if fee and fee.currency == row.currency and not row.fee_amount:
        fee_book(actor, row, fee)
        booked = True
    if back and back.currency == row.currency and not row.fee_back_amount and row.fee_amount:
        books.fee_given_back(actor=actor, row=row, fee=back)
        row.fee_back_amount = back.amount
        row.save(update_fields=["fee_back_amount"])
        booked = True
    return booked


def fee_book(actor: Actor, row: Chargeback, fee: Money) -> None:
    books.fee_charged(actor=actor, row=row, fee=fee)
    row.fee_amount = fee.amount
    row.save(update_fields=["fee_amount"])


# The steps, on a row behind its client's gate


def advance(actor: Actor, row: Chargeback, stage: DisputeStage, reason: str = "") -> None:
    """Bring a chargeback to ``stage``, by way of what has to be booked before it."""
    if stage in rules.TAKEN_STAGES and row.taken_at is None:
        _take(actor, row, reason)
    match stage:
        case DisputeStage.INQUIRY:
            _inquire(actor, row, reason)
        case DisputeStage.INQUIRY_CLOSED:
            _inquiry_closed(actor, row, reason)
        case DisputeStage.ANSWERED:
            evidence_given(actor, row, reason)
        case DisputeStage.WON:
            _win(actor, row, reason)
        case DisputeStage.LOST:
            lose(actor, row, _C.ACCEPTED if _accepting(row) else _C.LOST, reason)


def _accepting(row: Chargeback) -> bool:
    """Whether it is lost because we gave it up: the gateway's word was faster than its answer."""
    given_up = row.answers.filter(kind=ChargebackAnswer.Kind.ACCEPT)
    return given_up.exclude(state__in=[AnswerState.QUEUED, AnswerState.REFUSED]).exists()


def _inquire(actor: Actor, row: Chargeback, reason: str) -> None:
    moves.move(row, CHARGEBACK, _C.INQUIRY, actor=actor, reason=reason[:300])
    _audit(actor, row, actions.CHARGEBACK_ASKED)
    _to_queue(actor, row)
    _look_later(row)


def _inquiry_closed(actor: Actor, row: Chargeback, reason: str) -> None:
    """The bank has its answer: no money moved, and none will."""
    if row.state == _C.NOTED:
        moves.move(row, CHARGEBACK, _C.INQUIRY, actor=actor)
    row.closed_at = now()
    moves.move(
        row, CHARGEBACK, _C.INQUIRY_CLOSED, actor=actor, reason=reason[:300],
        update_fields=["closed_at"],
    )  # fmt: skip
    queues.item_close(actor=actor, queue=QUEUE, subject_id=row.pk)


def _take(actor: Actor, row: Chargeback, reason: str) -> None:
    """The money is gone: book it, freeze what would leave, tell those who have to know."""
    missing = books.taken(actor=actor, row=row)
    row.taken_at, row.closed_at, row.owed_amount = now(), None, missing.amount
    moves.move(
        row, CHARGEBACK, _C.OPEN, actor=actor, reason=reason[:300],
        update_fields=["taken_at", "closed_at", "owed_amount"],
    )  # fmt: skip
    _audit(actor, row, actions.CHARGEBACK_OPENED, owed=missing)
    _freeze(actor, row)
    _to_queue(actor, row)
    _tell(row, "payments.chargeback_opened", owed=str(missing))
    _look_later(row)
    # A credit that was under way meanwhile did not see the debt.
    if missing:
        outbox.put(debts.REPAY, subject_id=row.client_id)


def evidence_given(actor: Actor, row: Chargeback, reason: str = "") -> None:
    """The bank has our evidence and decides."""
    moves.move(row, CHARGEBACK, _C.EVIDENCE, actor=actor, reason=reason[:300])
    queues.item_close(actor=actor, queue=QUEUE, subject_id=row.pk)


def _win(actor: Actor, row: Chargeback, reason: str) -> None:
    """The money came back: first for what is missing of it, the rest to the client."""
    missing = books.owed(row)
    books.given_back(actor=actor, row=row)
    row.repaid_amount += missing.amount
    row.closed_at = now()
    moves.move(
        row, CHARGEBACK, _C.WON, actor=actor, reason=reason[:300],
        update_fields=["repaid_amount", "closed_at"],
    )  # fmt: skip
    _audit(actor, row, actions.CHARGEBACK_WON)
    _thaw(actor, row)
    queues.item_close(actor=actor, queue=QUEUE, subject_id=row.pk)
    debts.repay_soon(row.client_id)


def lose(actor: Actor, row: Chargeback, end: ChargebackState, reason: str = "") -> None:
    """The money stays gone. What the client owes waits for people, and the freeze with it."""
    row.closed_at = now()
    moves.move(row, CHARGEBACK, end, actor=actor, reason=reason[:300], update_fields=["closed_at"])
    action = actions.CHARGEBACK_LOST if end is _C.LOST else actions.CHARGEBACK_ACCEPTED
    _audit(actor, row, action, owed=books.owed(row))
    queues.item_close(actor=actor, queue=QUEUE, subject_id=row.pk)
    debts.settle_item(actor, row)


def _audit(actor: Actor, row: Chargeback, action: Action, **more: object) -> None:
    data = {"amount": books.money_of(row), "deposit": row.deposit.reference, **more}
    audit(actor=actor, action=action, subject=row, data=data)


def _to_queue(actor: Actor, row: Chargeback) -> None:
    queues.item_open(
        actor=actor, queue=QUEUE, subject=row, desk_id=row.client.desk_id, deadline=row.due_at
    )


def _look_later(row: Chargeback) -> None:
    """A message may be lost: the gateway is asked every day until it is over."""
    if row.provider_ref and adapter_for(row.gateway).answers_disputes:
        outbox.put(LOOK, subject_id=row.pk, due_at=now() + LOOK_AFTER)


def _tell(row: Chargeback, template: str, **values: str) -> None:
    outbox.put(
        "operations.notify",
        subject_id=row.pk,
        payload={
            "to": "permission:compliance.view_monitoring",
            "template": template,
            "once": f"{template}:{row.pk}",
            "reference": row.reference,
            "client": row.client.reference,
            "deposit": row.deposit.reference,
            "amount": str(books.money_of(row)),
            "why": rules.reason_label(row.reason_code),
            "url": f"/money/chargebacks/{row.pk}/",
            **values,
        },
    )


# The freeze


def origin(row: Chargeback) -> str:
    """Names the stop of withdrawals that a chargeback placed, so that it can lift its own."""
    return f"chargeback:{row.reference}"


def hold_reason(row: Chargeback) -> str:
    return f"Chargeback: {row.reference} of {books.money_of(row)}"


def _freeze(actor: Actor, row: Chargeback) -> None:
    """Nothing more is asked out, and what was not sent yet is stopped with its money held."""
    machine = system_actor(actor.tenant_id, "chargebacks")
    restriction_place(
        actor=machine,
        client=row.client,
        action=ClientAction.WITHDRAW,
        reason="chargeback",
        text=hold_reason(row),
        origin=origin(row),
    )
    # One that is held already is held for this as well, so that no other hold's end frees it.
    waiting = Withdrawal.objects.filter(
        tenant_id=actor.tenant_id,
        client_id=row.client_id,
        state__in=(*holds.STOPPABLE, WithdrawalState.COMPLIANCE),
    )
    for withdrawal in waiting.order_by("id"):
        try:
            holds.payment_hold(
                actor=machine,
                payment=withdrawal,
                reason=hold_reason(row),
                client_text=CLIENT_TEXT,
            )
        except StateConflict:
            continue  # it was sent, or refused, while we waited for it


def _thaw(actor: Actor, row: Chargeback) -> None:
    """Lift what this chargeback stopped, and nothing that others did."""
    machine = system_actor(actor.tenant_id, "chargebacks")
    why = f"{row.reference} was won"
    restrictions_lift_of(actor=machine, client=row.client, origin=origin(row), reason=why)
    stopped = Withdrawal.objects.filter(tenant_id=actor.tenant_id, client_id=row.client_id)
    placed = PaymentHold.objects.filter(
        tenant_id=actor.tenant_id,
        subject_id__in=stopped.values("pk"),
        reason__startswith=f"Chargeback: {row.reference} ",
        released_at=None,
    )
    for hold in placed.order_by("id"):
        holds.payment_release(actor=machine, hold=hold, reason=why)
