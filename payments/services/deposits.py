"""Deposits: asked for, paid at the gateway, credited to the wallet, on to the account."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import (
    IdempotencyConflict,
    InvalidInput,
    NotPermitted,
    StateConflict,
)
from backoffice.core.money import Money
from backoffice.portal import search
from backoffice.tenancy.references import next_reference
from backoffice.workflow import moves, outbox, queues
from clients.models import Client, ClientAction
from clients.selectors import allowed, check_allowed
from payments import actions, books, release_checks, rules
from payments.accounts import adapter_for, fingerprint, notify_url, opened
from payments.chargebacks import debts
from payments.chargebacks.locks import client_gate
from payments.errors import PaymentHeld
from payments.gateways.port import Instrument, PaymentName, PaymentOrder, Refused, Started
from payments.holds import standing
from payments.locks import deposit_locked
from payments.methods import promises
from payments.methods.states import Direction
from payments.models import Deposit, Method
from payments.rules import Arrival, ArrivalFacts
from payments.states import DEPOSIT, DepositState
from trading.models import Account

QUEUE = "deposits"
SEARCH_KIND = "deposit"
# After the gateway's page closed, its last message may still be on the way.
EXPIRY_GRACE = timedelta(minutes=2)
START, CLOSE = "payments.deposit_start", "payments.deposit_close"
STATEMENT_WAIT = timedelta(days=14)


def account_check(account: Account | None, client: Client, currency: str) -> None:
    if account is None:
        return
    if account.client_id != client.pk or account.tenant_id != client.tenant_id:
        raise InvalidInput(fields={"account": "This account is not the client's."})
    if account.login is None or account.currency != currency:
        raise InvalidInput(fields={"account": f"Choose an open account in {currency}."})


@transaction.atomic
def deposit_create(
    *,
    actor: Actor,
    client: Client,
    method: Method,
    money: Money,
    account: Account | None = None,
    idempotency_key: str = "",
) -> Deposit:
    """A deposit that the client is about to make, with the address where it is paid: at once, or
    as soon as the gateway has been asked for it.

    Asked again with the same key it is the same deposit; with another amount or method the key
    is refused (``IdempotencyConflict``). Raises ``MethodUnusable`` with every reason by field.
    """
    # One request of a client at a time: limits by the day are counted under this lock.
    client_gate(actor, client.pk)
    known = _known(actor, client, idempotency_key)
    if known is not None:
        return _same(known, method, money, account)
    check_allowed(client, ClientAction.DEPOSIT)
    promises.promise(method, client, Direction.DEPOSIT, money)
    account_check(account, client, money.currency)
    gateway = method.gateway
    assert gateway is not None
    adapter = adapter_for(gateway)
    lasts = STATEMENT_WAIT if adapter.by_statement else timedelta(minutes=method.expires_minutes)
    deposit = Deposit(
        tenant_id=actor.tenant_id,
        client=client,
        method=method,
        gateway=gateway,
        account=account,
        asked_amount=money.amount,
        asked_currency=money.currency,
        fee_terms=promises.fee_told(method, money.currency),
        idempotency_key=idempotency_key,
        expires_at=now() + lasts,
        reference=next_reference("D"),
    )
    deposit.save(force_insert=True)
    moves.begin(deposit, DEPOSIT, actor=actor)
    audit(
        actor=actor,
        action=actions.DEPOSIT_ASKED,
        subject=deposit,
        data={"amount": money, "method": method.code, "client": client.reference},
    )
    _start(actor, deposit)
    index(deposit)
    outbox.put(
        "payments.deposit_expire", subject_id=deposit.pk, due_at=deposit.expires_at + EXPIRY_GRACE
    )
    return deposit


def _known(actor: Actor, client: Client, key: str) -> Deposit | None:
    if not key:
        return None
    if len(key) > 80:
        raise InvalidInput("An idempotency key has at most 80 characters.")
    return Deposit.objects.filter(
        tenant_id=actor.tenant_id, client=client, idempotency_key=key
    ).first()


def _same(known: Deposit, method: Method, money: Money, account: Account | None) -> Deposit:
    asked = (method.pk, money.amount, money.currency, account.pk if account else None)
    stands = (known.method_id, known.asked_amount, known.asked_currency, known.account_id)
    if asked != stands:
        raise IdempotencyConflict
    return known


def _start(actor: Actor, deposit: Deposit) -> None:
    gateway = deposit.gateway
    assert gateway is not None
    adapter = adapter_for(gateway)
    if adapter.starts_by_call:
        outbox.put(START, subject_id=deposit.pk)
        return
    started = adapter.start_payment(opened(gateway), payment_order(deposit))
    assert isinstance(started, Started)
    _opened(actor, deposit, started)


def payment_order(deposit: Deposit) -> PaymentOrder:
    """What a gateway is told of a deposit; the same each time, so that asking again is harmless."""
    gateway = deposit.gateway
    assert gateway is not None
    return PaymentOrder(
        reference=deposit.reference,
        money=Money(deposit.asked_amount, deposit.asked_currency),
        customer=deposit.client.reference,
        return_url=settings.PUBLIC_URL + reverse("payments:returned"),
        notify_url=notify_url(gateway),
        created_at=deposit.created_at,
        expires_at=deposit.expires_at,
    )


def payment_name(deposit: Deposit) -> PaymentName:
    return PaymentName(deposit.reference, deposit.provider_ref)


def _opened(actor: Actor, deposit: Deposit, started: Started) -> None:
    deposit.pay_url, deposit.provider_ref = started.url, started.provider_ref
    target = DepositState.REDIRECTED if deposit.pay_url else DepositState.PENDING
    moves.move(deposit, DEPOSIT, target, actor=actor, update_fields=["pay_url", "provider_ref"])


@transaction.atomic
def deposit_started(*, actor: Actor, deposit_id: UUID, result: Started | Refused) -> Deposit:
    """The gateway made a page for a deposit, or will not. A message may have been faster."""
    row = deposit_locked(actor, deposit_id)
    if row.state != DepositState.CREATED:
        return row
    if isinstance(result, Started):
        _opened(actor, row, result)
        return row
    row.reason = result.reason[:300]
    moves.move(
        row, DEPOSIT, DepositState.DECLINED, actor=actor, reason=row.reason,
        update_fields=["reason"],
    )  # fmt: skip
    return row


def index(deposit: Deposit) -> None:
    client = deposit.client
    search.index(
        kind=SEARCH_KIND,
        subject=deposit,
        label=deposit.reference,
        detail=f"{Money(deposit.asked_amount, deposit.asked_currency)} of {client.name}",
        words=[deposit.provider_ref],
        desk_id=client.desk_id,
    )


# Money arrives


def paid_money(deposit: Deposit) -> Money:
    assert deposit.paid_amount is not None
    return Money(deposit.paid_amount, deposit.paid_currency)


def deposit_arrived(
    *,
    actor: Actor,
    row: Deposit,
    money: Money,
    at: datetime,
    provider_ref: str = "",
    instrument: Instrument | None = None,
) -> None:
    """Book what arrived for a locked deposit and credit it, or put it before a person.

    Whatever its state before: money that comes after an expiry or a decline is real money.
    """
    seen = instrument or Instrument()
    late = row.state in (DepositState.EXPIRED, DepositState.DECLINED, DepositState.CANCELLED)
    was = row.get_state_display().lower()
    row.paid_amount, row.paid_currency = money.amount, money.currency
    row.paid_at, row.event_at, row.provider_ref = now(), at, provider_ref
    row.instrument_label, row.instrument_country = seen.label, seen.country
    row.payer_name = seen.holder
    row.instrument_hash = fingerprint(seen.fingerprint) if seen.fingerprint else ""
    moves.move(
        row,
        DEPOSIT,
        DepositState.PAID,
        actor=actor,
        reason=f"It came after the deposit was {was}." if late else "",
        update_fields=[
            "paid_amount", "paid_currency", "paid_at", "event_at", "provider_ref",
            "instrument_label", "instrument_country", "payer_name", "instrument_hash",
        ],
    )  # fmt: skip
    audit(actor=actor, action=actions.DEPOSIT_ARRIVED, subject=row, data={"amount": money})
    assert row.gateway is not None
    _decide(actor, row, money, books.valued_at(row.gateway, at))


def _decide(actor: Actor, row: Deposit, money: Money, valued_at: datetime | None) -> None:
    permit = allowed(row.client)[ClientAction.DEPOSIT]
    stops = [check for check in release_checks.run(actor, row) if check.colour == "held"]
    verdict, why = rules.arrival(
        ArrivalFacts(
            asked=Money(row.asked_amount, row.asked_currency),
            paid=money,
            policy=row.method.deposit_policy,
            threshold=promises.credit_max(row.method, money.currency),
            client_name=row.client.name,
            payer_name=row.payer_name,
            stopped="" if permit.ok else permit.sentence,
            holds=tuple(check.title for check in stops)
            + tuple(hold.reason for hold in standing(row)),
        )
    )
    if verdict is Arrival.CREDIT:
        _credit(actor, row, money, why, set_aside=False, valued_at=valued_at)
        return
    books.deposit_set_aside(actor=actor, deposit=row, paid=money, effective_at=valued_at)
    row.reason = why[:300]
    moves.move(
        row, DEPOSIT, DepositState(verdict.value), actor=actor, reason=row.reason,
        update_fields=["reason"],
    )  # fmt: skip
    if verdict is not Arrival.HELD:
        queues.item_open(actor=actor, queue=QUEUE, subject=row, desk_id=row.client.desk_id)


def _credit(
    actor: Actor,
    row: Deposit,
    money: Money,
    why: str,
    *,
    set_aside: bool,
    valued_at: datetime | None = None,
) -> None:
    cost = promises.fee_kept(row, money)
    owes = debts.owing(row.client_id).exists()
    if owes:
        client_gate(actor, row.client_id)
    books.deposit_credited(
        actor=actor,
        deposit=row,
        paid=money,
        fee=cost,
        set_aside=set_aside,
        effective_at=valued_at,
    )
    row.fee_amount, row.fee_borne_amount = cost.client.amount, cost.house.amount
    row.credited_at = now()
    row.reason = why[:300]
    moves.move(
        row, DEPOSIT, DepositState.CREDITED, actor=actor, reason=row.reason,
        update_fields=["fee_amount", "fee_borne_amount", "credited_at", "reason"],
    )  # fmt: skip
    audit(
        actor=actor,
        action=actions.DEPOSIT_CREDITED,
        subject=row,
        data={"amount": money, "fee": cost.client, "borne": cost.house, "reason": why},
    )
    if owes:
        debts.receivable_repay(actor=actor, client_id=row.client_id)
    index(row)
    outbox.put("payments.deposit_credited", subject_id=row.pk)


# A person decides


@transaction.atomic
def deposit_credit(*, actor: Actor, deposit: Deposit, reason: str) -> Deposit:
    """Credit what was set aside. Raises ``PaymentHeld`` while compliance holds it."""
    row = deposit_locked(actor, deposit.pk)
    if row.state in (DepositState.CREDITED, DepositState.MT_PENDING, DepositState.DONE):
        return row
    _decidable(row, reason)
    stops = [check for check in release_checks.run(actor, row) if check.stops]
    if stops:
        raise PaymentHeld(f"{stops[0].title}: {stops[0].note}. Nothing was credited.")
    _credit(actor, row, paid_money(row), reason, set_aside=True)
    queues.item_close(actor=actor, queue=QUEUE, subject_id=row.pk)
    return row


@transaction.atomic
def deposit_return(*, actor: Actor, deposit: Deposit, reason: str) -> Deposit:
    """Give what was set aside back to where it came from, through the gateway."""
    row = deposit_locked(actor, deposit.pk)
    if row.state in (DepositState.RETURNING, DepositState.RETURNED):
        return row
    _decidable(row, reason)
    gateway = row.gateway
    if gateway is None or adapter_for(gateway).by_statement:
        raise InvalidInput(
            "A bank transfer is not given back by its gateway: credit it to the wallet and pay it "
            "out to the sender's account."
        )
    row.reason = reason[:300]
    moves.move(
        row, DEPOSIT, DepositState.RETURNING, actor=actor, reason=row.reason,
        update_fields=["reason"],
    )  # fmt: skip
    audit(
        actor=actor,
        action=actions.DEPOSIT_RETURN,
        subject=row,
        data={"amount": paid_money(row), "reason": reason},
    )
    queues.item_close(actor=actor, queue=QUEUE, subject_id=row.pk)
    outbox.put("payments.deposit_refund", subject_id=row.pk)
    return row


def _decidable(row: Deposit, reason: str) -> None:
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say why."})
    if row.state == DepositState.HELD or standing(row):
        raise PaymentHeld
    if row.state not in (DepositState.REVIEW, DepositState.AMOUNT_MISMATCH):
        raise StateConflict(
            f"{row.reference} is {row.get_state_display().lower()} already. Nothing was done."
        )


@transaction.atomic
def deposit_cancel(*, actor: Actor, deposit: Deposit, reason: str) -> Deposit:
    """Give up a deposit that was not paid. Money that comes all the same is still credited."""
    row = deposit_locked(actor, deposit.pk)
    if moves.move(row, DEPOSIT, DepositState.CANCELLED, actor=actor, reason=reason[:300]):
        audit(actor=actor, action=actions.DEPOSIT_CANCELLED, subject=row, data={"reason": reason})
        if row.provider_ref:
            outbox.put(CLOSE, subject_id=row.pk)
    return row


# What the outbox found out


@transaction.atomic
def deposit_expired(*, actor: Actor, deposit_id: UUID) -> Deposit:
    """The time to pay is over and the gateway knows of no payment."""
    row = deposit_locked(actor, deposit_id)
    if DEPOSIT.allows(row.state, DepositState.EXPIRED):
        moves.move(row, DEPOSIT, DepositState.EXPIRED, actor=actor)
    return row


@transaction.atomic
def deposit_refunded(*, actor: Actor, deposit_id: UUID) -> Deposit:
    """The gateway gave the money back."""
    row = deposit_locked(actor, deposit_id)
    if row.state != DepositState.RETURNING:
        return row
    money = paid_money(row)
    books.deposit_returned(actor=actor, deposit=row, paid=money)
    moves.move(row, DEPOSIT, DepositState.RETURNED, actor=actor)
    audit(actor=actor, action=actions.DEPOSIT_RETURNED, subject=row, data={"amount": money})
    return row


@transaction.atomic
def deposit_refund_refused(*, actor: Actor, deposit_id: UUID, reason: str) -> Deposit:
    """The gateway does not take it back: a person decides anew."""
    row = deposit_locked(actor, deposit_id)
    if row.state != DepositState.RETURNING:
        return row
    row.reason = f"The gateway did not give it back: {reason}"[:300]
    moves.move(
        row, DEPOSIT, DepositState.REVIEW, actor=actor, reason=row.reason,
        update_fields=["reason"],
    )  # fmt: skip
    queues.item_open(actor=actor, queue=QUEUE, subject=row, desk_id=row.client.desk_id)
    return row


@transaction.atomic
def deposit_return_resolve(
    *, actor: Actor, deposit: Deposit, returned: bool, proof: str
) -> Deposit:
    """Settle a refund that the gateway says nothing of, with proof in words."""
    if not actor.can("payments.resolve_unknown"):
        raise NotPermitted
    if len(proof.strip()) < 10:
        raise InvalidInput(
            fields={"proof": "Say what proves it: whose word, when, under which number."}
        )
    row = deposit_locked(actor, deposit.pk)
    if row.state != DepositState.RETURNING:
        raise StateConflict(
            f"{row.reference} is {row.get_state_display().lower()}. Nothing was done."
        )
    outcome = "given back" if returned else "not given back"
    audit(
        actor=actor,
        action=actions.DEPOSIT_RESOLVED,
        subject=row,
        data={"outcome": outcome, "proof": proof},
    )
    queues.item_close(actor=actor, queue=QUEUE, subject_id=row.pk)
    if returned:
        return deposit_refunded(actor=actor, deposit_id=row.pk)
    return deposit_refund_refused(actor=actor, deposit_id=row.pk, reason=proof)


@transaction.atomic
def deposit_confirmed_by_statement(
    *,
    actor: Actor,
    deposit: Deposit,
    money: Money,
    booked_at: datetime,
    statement_ref: str,
    payer_name: str = "",
    payer_account: str = "",
) -> Deposit:
    """A line of the bank's statement says that a transfer for this deposit came in.

    For the reconciliation. The same line again does nothing; a second line for a deposit that was
    paid is refused (``StateConflict``): it is other money.
    """
    row = deposit_locked(actor, deposit.pk)
    if row.paid_amount is not None:
        if row.provider_ref == statement_ref:
            return row
        raise StateConflict(f"{row.reference} was paid before by {row.provider_ref or 'another'}.")
    masked: dict[str, Any] = {}
    if payer_account:
        masked = {"label": f"•• {payer_account[-4:]}", "fingerprint": payer_account}
    deposit_arrived(
        actor=actor,
        row=row,
        money=money,
        at=booked_at,
        provider_ref=statement_ref,
        instrument=Instrument(holder=payer_name, **masked),
    )
    return row
