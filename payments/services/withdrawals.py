"""Withdrawals until they are approved: asked for, held, checked, decided by other eyes.

The money is set aside on the wallet in the request's own transaction; whoever is first under the
row's lock decides, and everyone after is told.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, system_actor
from backoffice.core.errors import (
    IdempotencyConflict,
    InvalidInput,
    NotPermitted,
    StateConflict,
)
from backoffice.core.ids import uuid7
from backoffice.core.money import Money
from backoffice.portal import search
from backoffice.tenancy.references import next_reference
from backoffice.workflow import moves, queues
from backoffice.workflow.approvals import (
    approval_ask,
    approval_cancel,
    approval_vote,
    pending_for,
    why_not,
)
from backoffice.workflow.models import Approval
from clients.models import Client, ClientAction
from clients.selectors import check_allowed
from payments import actions, books, evaluation, rules
from payments.accounts import adapter_for
from payments.automatic import decisions
from payments.chargebacks import debts
from payments.chargebacks.locks import client_gate
from payments.errors import ChecksFail, NotEnoughMoney, PaymentHeld
from payments.locks import destination_locked, withdrawal_locked
from payments.methods import promises
from payments.methods.states import Direction
from payments.models import Destination, Method, PaymentHold, Withdrawal
from payments.reasons import REJECTIONS
from payments.rules import Check, Colour
from payments.services import parts
from payments.services.deposits import account_check
from payments.services.payouts import QUEUE
from payments.services.transfers import transfer_request
from payments.sources import plan_of
from payments.states import TRANSFER, WITHDRAWAL, TransferState, WithdrawalState
from trading.models import Account

KIND = "payments.withdrawal"
SEARCH_KIND = "withdrawal"
_W = WithdrawalState


def money_of(row: Withdrawal) -> Money:
    return Money(row.amount, row.currency)


@transaction.atomic
def withdrawal_request(
    *,
    actor: Actor,
    client: Client,
    method: Method,
    destination: Destination,
    money: Money,
    account: Account | None = None,
    idempotency_key: str = "",
) -> Withdrawal:
    """Ask for money out of the wallet: it is held at once, and paid, decided or refused later.

    From a trading ``account`` it is moved to the wallet first; the server checks the free margin
    as it takes it off, and a refusal there rejects the withdrawal. Raises ``NotEnoughMoney``,
    ``MethodUnusable``, ``ActionStopped``, ``IdempotencyConflict``; then nothing was held.
    """
    # One request of a client at a time: limits by the day are counted under this lock.
    client_gate(actor, client.pk)
    known = _known(actor, client, idempotency_key)
    if known is not None:
        return _same(known, method, destination, money, account)
    check_allowed(client, ClientAction.WITHDRAW)
    cost = promises.promise(method, client, Direction.WITHDRAWAL, money)
    account_check(account, client, money.currency)
    target = destination_locked(actor, destination.pk)
    _check_destination(target, client, method)
    row = Withdrawal(
        tenant_id=actor.tenant_id,
        client=client,
        method=method,
        gateway=method.gateway,
        destination=target,
        account=account,
        amount=money.amount,
        currency=money.currency,
        amount_base=evaluation.base_amount(money),
        fee_amount=cost.client.amount,
        fee_borne_amount=cost.house.amount,
        requested_by_ref=actor.ref,
        requested_by_name=actor.name,
        idempotency_key=idempotency_key,
        reference=next_reference("W"),
    )
    row.save(force_insert=True)
    moves.begin(row, WITHDRAWAL, actor=actor)
    audit(
        actor=actor,
        action=actions.WITHDRAWAL_ASKED,
        subject=row,
        data={"amount": money, "destination": target.label, "method": method.code},
    )
    _index(row)
    if account is None:
        _hold_money(actor, row)
    else:
        transfer_request(
            actor=actor, client=client, source=account, target=None, money=money, withdrawal=row
        )
    return row


def _hold_money(actor: Actor, row: Withdrawal) -> None:
    row.hold_id = books.withdrawal_held(actor=actor, withdrawal=row, amount=money_of(row)).id
    moves.move(row, WITHDRAWAL, _W.HELD, actor=actor, update_fields=["hold_id"])
    _first_decision(actor, row)


@transaction.atomic
def withdrawal_funded(*, actor: Actor, withdrawal_id: UUID) -> Withdrawal:
    """The transfer off the trading account has ended: held and decided, or rejected for margin."""
    row = withdrawal_locked(actor, withdrawal_id)
    if row.state != _W.REQUESTED:
        return row
    transfer = row.transfers.order_by("-id").first()
    if transfer is None or transfer.state not in TRANSFER.final:
        return row
    if transfer.state != TransferState.DONE:
        _reject(actor, row, "open_positions", f"It could not be taken off: {transfer.reason}")
        return row
    try:
        with transaction.atomic():
            _hold_money(actor, row)
    except NotEnoughMoney as error:
        row.refresh_from_db()
        _reject(actor, row, "other", error.sentence)
    return row


def _known(actor: Actor, client: Client, key: str) -> Withdrawal | None:
    if not key:
        return None
    if len(key) > 80:
        raise InvalidInput("An idempotency key has at most 80 characters.")
    return Withdrawal.objects.filter(
        tenant_id=actor.tenant_id, client=client, idempotency_key=key
    ).first()


def _same(
    known: Withdrawal,
    method: Method,
    target: Destination,
    money: Money,
    account: Account | None,
) -> Withdrawal:
    asked = (method.pk, target.pk, money, account.pk if account else None)
    if asked != (known.method_id, known.destination_id, money_of(known), known.account_id):
        raise IdempotencyConflict
    return known


def _check_destination(target: Destination, client: Client, method: Method) -> None:
    if target.client_id != client.pk:
        raise InvalidInput(fields={"destination": "This destination is not the client's."})
    if target.state in (Destination.State.SUSPENDED, Destination.State.RETIRED):
        word = target.get_state_display().lower()
        raise InvalidInput(fields={"destination": f"This destination is {word}."})
    assert method.gateway is not None
    by_bank = adapter_for(method.gateway).by_statement
    if by_bank != (target.kind == Destination.Kind.BANK):
        kind = target.get_kind_display().lower()
        raise InvalidInput(fields={"destination": f"{method.name} does not pay to a {kind}."})


def _index(row: Withdrawal) -> None:
    search.index(
        kind=SEARCH_KIND,
        subject=row,
        label=row.reference,
        detail=f"{money_of(row)} of {row.client.name}",
        desk_id=row.client.desk_id,
    )


def _first_decision(actor: Actor, row: Withdrawal) -> None:
    found = evaluation.checks(actor, row)
    judged = decisions.decide(actor, row, found)
    row.why = judged.why[:300]
    row.decision = decision_record(found, automatic=judged.approves, why=judged.why)
    row.save(update_fields=["why", "decision"])
    if judged.approves:
        _approve(system_actor(actor.tenant_id, "withdrawal rules"), row, judged.why)
        return
    _ask(actor, row)
    held = [check for check in found if check.colour == Colour.HELD]
    if held:
        _hold(row, held)
        moves.move(row, WITHDRAWAL, _W.COMPLIANCE, actor=actor, reason="Held.")
        return
    moves.move(row, WITHDRAWAL, _W.REVIEW, actor=actor, reason=row.why)
    to_queue(actor, row)


def to_queue(actor: Actor, row: Withdrawal) -> None:
    queues.item_open(actor=actor, queue=QUEUE, subject=row, desk_id=row.client.desk_id)


def _hold(row: Withdrawal, held: list[Check]) -> None:
    system = "system:release-checks"
    for check in held:
        PaymentHold.objects.get_or_create(
            tenant_id=row.tenant_id,
            subject_id=row.pk,
            reason=f"{check.title}: {check.note}"[:300],
            released_at=None,
            defaults={
                "subject_type": "payments.withdrawal",
                "client_text": "Your withdrawal is being checked.",
                "placed_by_ref": system,
                "placed_by": "Release checks",
            },
        )


def decision_record(found: list[Check], *, automatic: bool, why: str) -> dict[str, Any]:
    """What the rules saw and said, kept with the withdrawal."""
    return {
        "at": now().isoformat(),
        "automatic": automatic,
        "why": why,
        "checks": [[c.code, str(c.colour), c.title, c.note] for c in found],
    }


def content(row: Withdrawal) -> Mapping[str, Any]:
    """What is approved, in words and figures: a change of any of it asks anew."""
    target = row.destination
    return {
        "Reference": row.reference,
        "Client": f"{row.client.reference} {row.client.name}",
        "Amount": str(money_of(row)),
        "To": f"{target.label}, {target.holder}",
        "Destination version": target.version,
        "Method": row.method.name,
        "Goes to": str(plan_of(row)),
    }


def ask_again(actor: Actor, row: Withdrawal) -> Approval:
    """For what came back without a pending approval: the product asks, the requester is barred."""
    return _ask(system_actor(actor.tenant_id, "payments"), row, row.requested_by_ref)


def _ask(actor: Actor, row: Withdrawal, *barred: str) -> Approval:
    return approval_ask(
        actor=actor,
        kind=KIND,
        subject=row,
        label=row.reference,
        content=content(row),
        amount=money_of(row),
        amount_base=row.amount_base if row.amount_base is not None else WIDEST,
        barred=[*barred, row.requested_by_ref, *row.destination.edited_by_refs],
    )


# Without a rate nobody can say how much it is: the band without limit decides.
WIDEST = Money.parse("100000000000000", "EUR").amount


# Decisions


def _seen(row: Withdrawal, approval_id: str, approval: Approval | None) -> Approval:
    """The approval that the person saw. Raises ``StateConflict`` when it is not what stands."""
    if row.state == _W.COMPLIANCE:
        raise PaymentHeld
    if row.state != _W.REVIEW or approval is None:
        raise StateConflict(
            f"{row.reference} is {row.get_state_display().lower()} already. Nothing was done."
        )
    if approval_id and str(approval.pk) != approval_id:
        raise StateConflict(
            f"{row.reference} was changed since you opened it. Nothing was done; look again."
        )
    return approval


@transaction.atomic
def withdrawal_approve(
    *, actor: Actor, withdrawal: Withdrawal, approval_id: str = ""
) -> Withdrawal:
    """One person's yes. The last one that the band asks for approves and sends it.

    ``approval_id`` is the request that the person saw. Raises ``ChecksFail`` when a check is red
    now, ``FourEyes``, ``StateConflict`` when someone else was first.
    """
    row = withdrawal_locked(actor, withdrawal.pk)
    approval = _seen(row, approval_id, pending_for(actor, row.pk, KIND))
    _stop_if_red(actor, row)
    approval_vote(actor=actor, approval=approval, approves=True)
    row.refresh_from_db()
    item = queues.item_for(actor, QUEUE, row.pk)
    if row.state == _W.REVIEW and item is not None and item.owner_ref:
        queues.item_assign(actor=actor, item=item, owner_ref="", owner_name="")
    return row


def approved_by(actor: Actor, approval: Approval) -> Withdrawal:
    """A yes to the approval that was seen, wherever it is given."""
    row = Withdrawal.objects.get(tenant_id=actor.tenant_id, pk=approval.subject_id)
    return withdrawal_approve(actor=actor, withdrawal=row, approval_id=str(approval.pk))


def _stop_if_red(actor: Actor, row: Withdrawal) -> None:
    stops = [check for check in rules.worst(evaluation.checks(actor, row)) if check.stops]
    if stops:
        raise ChecksFail(f"{stops[0].title}: {stops[0].note}. Nothing was approved.")


def _approve(actor: Actor, row: Withdrawal, why: str) -> None:
    row.approved_at = now()
    parts.parts_plan(actor=actor, withdrawal=row, found=plan_of(row))
    moves.move(
        row, WITHDRAWAL, _W.APPROVED, actor=actor, reason=why[:300], update_fields=["approved_at"]
    )
    audit(
        actor=actor,
        action=actions.WITHDRAWAL_APPROVED,
        subject=row,
        data={"amount": money_of(row), "why": why},
    )
    queues.item_close(actor=actor, queue=QUEUE, subject_id=row.pk)


def approved(actor: Actor, approval: Approval) -> None:
    """The last vote was cast (called in its transaction)."""
    row = withdrawal_locked(actor, approval.subject_id)
    if row.state != _W.REVIEW:
        raise StateConflict(f"{row.reference} is {row.get_state_display().lower()}.")
    _stop_if_red(actor, row)
    names = ", ".join(vote.voter_name for vote in approval.votes.order_by("at"))
    _approve(actor, row, f"approved by {names}")


def refused(actor: Actor, approval: Approval) -> None:
    """A vote against, or what was asked for has changed since (called in that transaction)."""
    row = withdrawal_locked(actor, approval.subject_id)
    if approval.state == Approval.State.STALE:
        ask_again(actor, row)
    elif row.state == _W.REVIEW:
        _reject(actor, row, "other", approval.reason)


@transaction.atomic
def withdrawal_review_again(*, actor: Actor, withdrawal_id: UUID) -> Withdrawal:
    """Something changed after the approval: it is asked for anew, and waits for people."""
    row = withdrawal_locked(actor, withdrawal_id)
    if row.state == _W.REVIEW and pending_for(actor, row.pk, KIND) is None:
        ask_again(actor, row)
        to_queue(actor, row)
    return row


@transaction.atomic
def withdrawal_reject(
    *,
    actor: Actor,
    withdrawal: Withdrawal,
    reason_code: str,
    note: str = "",
    approval_id: str = "",
) -> Withdrawal:
    """Say no: the hold is released and the client reads the reason of the catalogue. Raises
    ``StateConflict`` once it is approved: who comes second does not undo what a colleague said; a
    hold still stops what has not gone out."""
    if not (actor.can("payments.approve_withdrawal") or actor.can("payments.hold_payment")):
        raise NotPermitted
    if reason_code not in REJECTIONS:
        raise InvalidInput(fields={"reason": "Choose a reason."})
    row = withdrawal_locked(actor, withdrawal.pk)
    if row.state == _W.REJECTED:
        return row
    if row.state == _W.APPROVED:
        raise StateConflict(f"{row.reference} is approved already. Nothing was done.")
    approval = pending_for(actor, row.pk, KIND)
    if row.state == _W.REVIEW:
        approval = _seen(row, approval_id, approval)
    elif row.state == _W.COMPLIANCE and not actor.can("payments.hold_payment"):
        raise PaymentHeld
    text = REJECTIONS[reason_code].label + (f": {note}" if note.strip() else "")
    may_vote = approval is not None and row.state == _W.REVIEW and not why_not(actor, approval)
    _reject(actor, row, reason_code, text)
    if approval is not None and may_vote:
        approval_vote(actor=actor, approval=approval, approves=False, reason=text[:300])
    elif approval is not None:
        approval_cancel(actor=actor, approval=approval, reason=text[:300])
    return row


def _reject(actor: Actor, row: Withdrawal, code: str, text: str) -> None:
    parts.parts_drop(actor=actor, withdrawal=row)
    if row.hold_id is not None:
        books.withdrawal_released(actor=actor, withdrawal=row)
        debts.repay_soon(row.client_id)
    row.reason_code, row.reason = code, text[:300]
    moves.move(
        row, WITHDRAWAL, _W.REJECTED, actor=actor, reason=row.reason,
        update_fields=["reason_code", "reason"],
    )  # fmt: skip
    audit(
        actor=actor,
        action=actions.WITHDRAWAL_REJECTED,
        subject=row,
        data={"amount": money_of(row), "reason": text, "code": code},
    )
    queues.item_close(actor=actor, queue=QUEUE, subject_id=row.pk)


@transaction.atomic
def withdrawal_cancel(*, actor: Actor, withdrawal: Withdrawal, reason: str) -> Withdrawal:
    """The client does not want it any more; possible until it is approved."""
    row = withdrawal_locked(actor, withdrawal.pk)
    if row.state == _W.CANCELLED:
        return row
    if row.state not in (_W.HELD, _W.REVIEW):
        raise StateConflict(
            f"{row.reference} is {row.get_state_display().lower()}: it can't be cancelled now. "
            "Nothing was done."
        )
    approval = pending_for(actor, row.pk, KIND)
    if approval is not None:
        approval_cancel(actor=actor, approval=approval, reason=reason[:300])
    books.withdrawal_released(actor=actor, withdrawal=row)
    debts.repay_soon(row.client_id)
    row.reason = reason[:300]
    moves.move(
        row, WITHDRAWAL, _W.CANCELLED, actor=actor, reason=row.reason, update_fields=["reason"]
    )
    audit(actor=actor, action=actions.WITHDRAWAL_CANCELLED, subject=row, data={"reason": reason})
    queues.item_close(actor=actor, queue=QUEUE, subject_id=row.pk)
    return row


@transaction.atomic
def withdrawal_edit(
    *,
    actor: Actor,
    withdrawal: Withdrawal,
    money: Money,
    destination: Destination,
    waived: str | None = None,
    approval_id: str = "",
) -> Withdrawal:
    """Another amount or destination, or (``waived``) why its sources are passed over.

    Whatever was approved is asked for anew, and whoever edits approves it no more.
    """
    client_gate(actor, withdrawal.client_id)  # limits by the day are counted under this lock
    target = destination_locked(actor, destination.pk)
    row = withdrawal_locked(actor, withdrawal.pk)
    approval = _seen(row, approval_id, pending_for(actor, row.pk, KIND))
    before = content(row)
    passed = row.source_waived if waived is None else " ".join(waived.split())[:200]
    if (money, target.pk, passed) == (money_of(row), row.destination_id, row.source_waived):
        return row
    cost = books.fee_of(row)
    if money != money_of(row):
        cost = promises.promise(row.method, row.client, Direction.WITHDRAWAL, money, without=row.pk)
    _check_destination(target, row.client, row.method)
    if money != money_of(row):
        # Keys of its own: the last hold is released by the plain one, when it is refused.
        new = uuid7().hex[-12:]
        books.withdrawal_released(actor=actor, withdrawal=row, step=f"void:{new}")
        step = f"hold:{new}"
        row.amount, row.currency = money.amount, money.currency
        row.hold_id = books.withdrawal_held(actor=actor, withdrawal=row, amount=money, step=step).id
    row.fee_amount, row.fee_borne_amount = cost.client.amount, cost.house.amount
    row.destination, row.source_waived = target, passed
    row.amount_base = evaluation.base_amount(money)
    after = content(row)
    diff = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    found = evaluation.checks(actor, row)
    row.why = f"it was changed by {actor.name}"
    row.decision = {**decision_record(found, automatic=False, why=row.why), "changed": diff}
    row.save()
    approval_cancel(actor=actor, approval=approval, reason="changed")
    _ask(actor, row, actor.ref)
    change = "; ".join(f"{name} {old} → {new}" for name, (old, new) in diff.items())
    audit(actor=actor, action=actions.WITHDRAWAL_EDITED, subject=row, data={"change": change})
    _index(row)
    return row
