"""The outbox's work of payments: every call to a gateway is made here, between transactions."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem
from backoffice.workflow.outbox import TryLater
from payments.accounts import adapter_for, opened
from payments.bonuses.services import bonus_operation_ended
from payments.gateways.port import (
    GatewayError,
    NotFound,
    NothingFollows,
    Notice,
    Outcome,
    Refused,
    Result,
    Unknown,
)
from payments.models import Deposit, GatewayAccount, WebhookMessage
from payments.services import deposits, notices, payouts, withdrawals
from payments.services.deposits import paid_money
from payments.services.transfers import deposit_forward, transfer_operation_ended
from payments.states import DepositState, WithdrawalState

PARKED_AGAIN = timedelta(minutes=10)
STILL_PENDING = timedelta(hours=1)
POLL_ERROR = timedelta(minutes=10)
# Money is worth more than the name of the card that it came from.
INSTRUMENT_AGAIN, INSTRUMENT_WAIT = timedelta(seconds=30), timedelta(minutes=15)
UNPAID = (
    DepositState.CREATED,
    DepositState.REDIRECTED,
    DepositState.PENDING,
    DepositState.AUTHORIZED,
)
_WAITING = (Outcome.PENDING, Outcome.AUTHORIZED, Outcome.IN_PROGRESS)


def _subject(item: OutboxItem) -> UUID:
    assert item.subject_id is not None
    return item.subject_id


def note_contact(actor: Actor, gateway: GatewayAccount, error: str = "") -> None:
    """Note how the last contact with a gateway went, for its health light."""
    rows = GatewayAccount.objects.filter(tenant_id=actor.tenant_id, pk=gateway.pk)
    if error:
        rows.update(last_error=error[:300], last_error_at=now())
    else:
        rows.update(last_ok_at=now())


@outbox.handles("payments.webhook")
def webhook(actor: Actor, item: OutboxItem) -> None:
    answers = _asked(actor, _subject(item))
    with tenant_scope(actor.tenant_id, actor):
        message = notices.message_process(actor=actor, message_id=_subject(item), **answers)
        if message.state != WebhookMessage.State.PARKED:
            note_contact(actor, message.gateway)
            return
        age = now() - message.received_at
    if age < notices.PARKED_FOR:
        raise TryLater(min(PARKED_AGAIN, notices.PARKED_FOR - age))


def _asked(actor: Actor, message_id: UUID) -> dict[str, Any]:
    """What the gateway says on what the message leaves open. It is asked again for as long as a
    message is kept waiting; for the name of a card the credit waits only a while."""
    with tenant_scope(actor.tenant_id, actor):
        question = notices.message_question(message_id=message_id)
        if question is None:
            return {}
        account = opened(question.gateway)
    adapter = adapter_for(question.gateway)
    wait = INSTRUMENT_WAIT
    try:
        if question.about is not None:
            wait = notices.PARKED_FOR
            return {"told": adapter.ask(account, question.about)}
        assert question.notice is not None
        return {"instrument": adapter.instrument(account, question.notice)}
    except NothingFollows as error:
        return {"told": str(error)}
    except NotFound:
        return {}
    except GatewayError as error:
        with tenant_scope(actor.tenant_id, actor):
            note_contact(actor, question.gateway, str(error))
        age = now() - question.received_at
        if age < wait:
            raise TryLater(INSTRUMENT_AGAIN if age < INSTRUMENT_WAIT else PARKED_AGAIN) from error
        return {}


@outbox.handles(deposits.START)
def deposit_start(actor: Actor, item: OutboxItem) -> None:
    """Ask the gateway for the page where a deposit is paid. Our reference makes a repeat
    harmless, so it is asked until it answers or the time to pay is over."""
    with tenant_scope(actor.tenant_id, actor):
        deposit = Deposit.objects.select_related("client", "gateway").get(
            tenant_id=actor.tenant_id, pk=_subject(item)
        )
        if deposit.state != DepositState.CREATED or deposit.expires_at <= now():
            return
        gateway = deposit.gateway
        assert gateway is not None
        account, order = opened(gateway), deposits.payment_order(deposit)
    result = adapter_for(gateway).start_payment(account, order)
    with tenant_scope(actor.tenant_id, actor):
        note_contact(actor, gateway, result.reason if isinstance(result, Unknown) else "")
        if not isinstance(result, Unknown):
            deposits.deposit_started(actor=actor, deposit_id=deposit.pk, result=result)
            return
    raise GatewayError(result.reason, permanent=False)


@outbox.handles(deposits.CLOSE)
def deposit_close(actor: Actor, item: OutboxItem) -> None:
    """A deposit was cancelled while its page was open."""
    with tenant_scope(actor.tenant_id, actor):
        deposit = Deposit.objects.get(tenant_id=actor.tenant_id, pk=_subject(item))
        gateway = deposit.gateway
        if deposit.state != DepositState.CANCELLED or gateway is None:
            return
        account, payment = opened(gateway), deposits.payment_name(deposit)
    adapter_for(gateway).close_payment(account, payment)


@outbox.handles("payments.deposit_credited")
def deposit_credited(actor: Actor, item: OutboxItem) -> None:
    with tenant_scope(actor.tenant_id, actor):
        deposit_forward(actor=actor, deposit_id=_subject(item))


@outbox.handles("payments.operation_ended")
def operation_ended(actor: Actor, item: OutboxItem) -> None:
    """A balance operation on a trading server was applied, refused or given up."""
    with tenant_scope(actor.tenant_id, actor):
        if transfer_operation_ended(actor=actor, operation_id=_subject(item)) is None:
            bonus_operation_ended(actor=actor, operation_id=_subject(item))


@outbox.handles("payments.deposit_expire")
def deposit_expire(actor: Actor, item: OutboxItem) -> None:
    """The time is over: the gateway is asked once more before the deposit is given up."""
    with tenant_scope(actor.tenant_id, actor):
        deposit = Deposit.objects.get(tenant_id=actor.tenant_id, pk=_subject(item))
        if deposit.state not in UNPAID:
            return
        gateway = deposit.gateway
        assert gateway is not None
        account = opened(gateway)
    notice: Notice | None = None
    try:
        notice = adapter_for(gateway).poll_payment(account, deposits.payment_name(deposit))
    except NotFound:
        pass
    except GatewayError as error:
        with tenant_scope(actor.tenant_id, actor):
            note_contact(actor, gateway, str(error))
        raise TryLater(POLL_ERROR) from error
    with tenant_scope(actor.tenant_id, actor):
        note_contact(actor, gateway)
        if notice is not None and not (notice.outcome in _WAITING and _is_old(deposit)):
            notices.notice_apply(actor=actor, gateway=gateway, notice=notice)
            if notice.outcome not in _WAITING:
                return
            wait = True
        else:
            deposits.deposit_expired(actor=actor, deposit_id=deposit.pk)
            wait = False
    if wait:
        raise TryLater(STILL_PENDING)


def _is_old(deposit: Deposit) -> bool:
    return now() - deposit.expires_at > timedelta(days=3)


@outbox.handles("payments.deposit_refund")
def deposit_refund(actor: Actor, item: OutboxItem) -> None:
    """Give a deposit back. The gateway knows it by ``<reference>-R``, so a repeat is harmless."""
    with tenant_scope(actor.tenant_id, actor):
        deposit = Deposit.objects.get(tenant_id=actor.tenant_id, pk=_subject(item))
        if deposit.state != DepositState.RETURNING:
            return
        gateway = deposit.gateway
        assert gateway is not None
        account, money = opened(gateway), paid_money(deposit)
        payment = deposits.payment_name(deposit)
    result = adapter_for(gateway).refund(
        account, f"{deposit.reference}{notices.RETURN_SUFFIX}", payment, money
    )
    if isinstance(result, Unknown):
        raise GatewayError(result.reason, permanent=False)
    with tenant_scope(actor.tenant_id, actor):
        note_contact(actor, gateway)
        if isinstance(result, Refused) or result.failed:
            deposits.deposit_refund_refused(
                actor=actor, deposit_id=deposit.pk, reason=result.reason
            )
            return
        if result.outcome is Outcome.PAID:
            deposits.deposit_refunded(actor=actor, deposit_id=deposit.pk)
            return
    raise TryLater(STILL_PENDING)


@outbox.handles("payments.submit")
def submit(actor: Actor, item: OutboxItem) -> None:
    """Send an approved withdrawal. What a worker left in ``submitting`` is looked for first."""
    with tenant_scope(actor.tenant_id, actor):
        payout = payouts.payout_take(actor=actor, withdrawal_id=_subject(item))
        if payout is None:
            return
        account = opened(payout.gateway)
    if not payout.fresh:
        _look(actor, payout)
        return
    result = adapter_for(payout.gateway).payout(account, payout.order)
    with tenant_scope(actor.tenant_id, actor):
        note_contact(actor, payout.gateway, result.reason if isinstance(result, Unknown) else "")
        payouts.payout_answered(actor=actor, withdrawal_id=payout.withdrawal_id, result=result)


@outbox.handles("payments.look")
def look(actor: Actor, item: OutboxItem) -> None:
    with tenant_scope(actor.tenant_id, actor):
        payout = payouts.payout_order(actor=actor, withdrawal_id=_subject(item))
    if payout is not None:
        _look(actor, payout)


def _look(actor: Actor, payout: payouts.ToSend) -> None:
    """Ask the gateway for our reference; what it never got is handed over again under it."""
    adapter, gateway = adapter_for(payout.gateway), payout.gateway
    with tenant_scope(actor.tenant_id, actor):
        account = opened(gateway)
    notice: Notice | None = None
    error = ""
    try:
        notice = adapter.poll_payout(account, payout.name)
        absent = notice is None  # a bank can't be asked; its end-to-end id makes a repeat harmless
    except NotFound:
        absent = True
    except GatewayError as failure:
        absent, error = False, str(failure)
    if absent and payout.state in (WithdrawalState.SUBMITTING, WithdrawalState.UNKNOWN):
        _again(actor, payout, adapter.payout(account, payout.order))
    elif error and payout.state == WithdrawalState.SUBMITTING:
        _again(actor, payout, Unknown(error))
    else:
        _looked(actor, payout, notice, error)


def _again(actor: Actor, payout: payouts.ToSend, result: Result) -> None:
    with tenant_scope(actor.tenant_id, actor):
        note_contact(actor, payout.gateway, result.reason if isinstance(result, Unknown) else "")
        payouts.payout_answered(actor=actor, withdrawal_id=payout.withdrawal_id, result=result)
        if isinstance(result, Unknown) and payout.state == WithdrawalState.UNKNOWN:
            payouts.payout_looked(
                actor=actor, withdrawal_id=payout.withdrawal_id, error=result.reason
            )


def _looked(actor: Actor, payout: payouts.ToSend, notice: Notice | None, error: str) -> None:
    with tenant_scope(actor.tenant_id, actor):
        note_contact(actor, payout.gateway, error)
        if notice is not None:
            notices.notice_apply(actor=actor, gateway=payout.gateway, notice=notice)
        if notice is None or notice.outcome in _WAITING:
            payouts.payout_looked(
                actor=actor,
                withdrawal_id=payout.withdrawal_id,
                error=error or "The gateway has not paid it yet.",
            )


@outbox.handles("payments.withdrawal_funded")
def withdrawal_funded(actor: Actor, item: OutboxItem) -> None:
    """The money of a withdrawal came off its trading account, or did not."""
    with tenant_scope(actor.tenant_id, actor):
        withdrawals.withdrawal_funded(actor=actor, withdrawal_id=_subject(item))


@outbox.handles("payments.review_again")
def review_again(actor: Actor, item: OutboxItem) -> None:
    with tenant_scope(actor.tenant_id, actor):
        withdrawals.withdrawal_review_again(actor=actor, withdrawal_id=_subject(item))


@outbox.handles("payments.gateway_test", attempts_max=1)
def gateway_test(actor: Actor, item: OutboxItem) -> None:
    """Reach a gateway, for its health light."""
    with tenant_scope(actor.tenant_id, actor):
        gateway = GatewayAccount.objects.get(tenant_id=actor.tenant_id, pk=_subject(item))
        account = opened(gateway)
    error = ""
    try:
        adapter_for(gateway).health(account)
    except GatewayError as failure:
        error = str(failure)
    with tenant_scope(actor.tenant_id, actor):
        note_contact(actor, gateway, error)
