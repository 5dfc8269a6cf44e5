"""A bonus from being asked for to its end. Every change on the account is a balance operation of
its own, made once; the bonus goes on when that has come to its end.

Locks: the approval, the client, the bonus, then the account's and the ledger's.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError, InvalidInput, NotPermitted, StateConflict
from backoffice.core.money import Money
from backoffice.portal import search
from backoffice.tenancy.references import next_reference
from backoffice.workflow import moves
from backoffice.workflow.approvals import approval_ask, approval_cancel, pending_for
from backoffice.workflow.models import Approval
from clients.models import Client, ClientAction
from clients.selectors import allowed, check_allowed
from payments.bonus_states import BONUS, BONUS_OPEN, BonusState, OnWithdrawal
from payments.bonuses import actions, books, offers, policies, rules
from payments.chargebacks import debts
from payments.chargebacks.locks import client_gate
from payments.evaluation import base_amount
from payments.models import Bonus, BonusRule, Deposit, Withdrawal
from payments.services.deposits import account_check
from payments.services.transfers import transfer_request
from payments.states import TransferState
from trading.bridge.port import BalanceKind
from trading.models import Account, BalanceOperation
from trading.selectors import lots_opened
from trading.services import operation_request
from trading.states import OperationState

KIND = "payments.bonus"
ASK, APPROVE = "payments.give_bonus", "payments.approve_bonus"
SEARCH_KIND = "bonus"
READ = ("Client", "Account", "Bonus", "Released after", "Ends", "A withdrawal", "For")
# Without a rate nobody knows how much it is: then the band of the largest amounts decides.
UNKNOWN_WORTH = Decimal(10) ** 18
AGAIN_AFTER = timedelta(hours=1)
_B = BonusState


def money_of(row: Bonus) -> Money:
    return Money(row.amount, row.currency)


def left_of(row: Bonus) -> Money:
    return Money(row.left_amount, row.currency)


# Asked for


@transaction.atomic
def bonus_ask(
    *,
    actor: Actor,
    client: Client,
    account: Account,
    money: Money,
    lots: Decimal | None,
    days: int | None,
    on_withdrawal: str,
    base: Decimal | None,
    reason: str,
) -> Bonus:
    """Ask for credit on a trading account. ``lots``: opened since, and it becomes money; ``base``:
    the deposit that a part is counted by. Raises ``BonusBarred``, ``InvalidInput``,
    ``ActionStopped``; then nothing was asked for."""
    if not actor.can(ASK):
        raise NotPermitted
    if wrong := rules.problems(money, lots, days, on_withdrawal, base, reason):
        raise InvalidInput(fields=wrong)
    client = client_gate(actor, client.pk)
    _check(client)
    account_check(account, client, money.currency)
    standing = Bonus.objects.filter(
        tenant_id=actor.tenant_id, client=client, state__in=BONUS_OPEN
    ).first()
    if standing is not None:
        raise StateConflict(
            f"{standing.reference} is open: lots count for one bonus at a time. Nothing was done."
        )
    row = Bonus(
        tenant_id=actor.tenant_id,
        reference=next_reference("BN"),
        client=client,
        account=account,
        amount=money.amount,
        currency=money.currency,
        lots_needed=lots,
        lasts_days=days,
        on_withdrawal=on_withdrawal,
        base_amount=base,
        reason=reason.strip(),
        asked_by_ref=actor.ref,
        asked_by=actor.name,
    )
    row.save(force_insert=True)
    moves.begin(row, BONUS, actor=actor)
    _tell(actor, row, actions.ASKED, reason=row.reason)
    _find(row)
    worth = base_amount(money)
    approval_ask(
        actor=actor,
        kind=KIND,
        subject=row,
        label=f"{row.reference}: {money} bonus",
        content=content(row),
        amount=money,
        amount_base=UNKNOWN_WORTH if worth is None else worth,
    )
    return row


def _check(client: Client) -> None:
    policies.check_not_barred(client)
    check_allowed(client, ClientAction.TRADE)


def _tell(actor: Actor, row: Bonus, action: Any, money: Money | None = None, **more: Any) -> None:
    facts = {"amount": money or money_of(row), **more}
    audit(actor=actor, action=action, subject=row, data=facts)


def content(row: Bonus) -> Mapping[str, Any]:
    """What is approved, whole."""
    lots = "never: it stays credit" if row.lots_needed is None else f"{row.lots_needed:.2f} lots"
    return {
        "Client": f"{row.client.reference} {row.client.name}",
        "Account": str(row.account.login),
        "Bonus": str(money_of(row)),
        "Released after": lots,
        "Ends": "never by itself" if row.lasts_days is None else f"{row.lasts_days} days later",
        "A withdrawal": withdrawal_words(row),
        "For": row.reason,
    }


def withdrawal_words(row: Bonus) -> str:
    words = OnWithdrawal(row.on_withdrawal).label.lower()
    if row.on_withdrawal == OnWithdrawal.PROPORTION and row.base_amount is not None:
        return f"{words} of {Money(row.base_amount, row.currency)}"
    return words


def shown(approval: Approval) -> Mapping[str, Any]:
    return {name: approval.content[name] for name in READ if name in approval.content}


def content_now(actor: Actor, approval: Approval) -> Mapping[str, Any]:
    rows = Bonus.objects.select_related("client", "account")
    return content(rows.get(tenant_id=actor.tenant_id, pk=approval.subject_id))


# Given by a rule


@transaction.atomic
def bonus_for_deposit(*, actor: Actor, deposit_id: UUID) -> Bonus | None:
    """What the rules in force give for a deposit that has arrived on its account; None when none
    does, when the client has an open one, or where it is barred. Asked again it is the same."""
    deposit = Deposit.objects.select_related("account").get(
        tenant_id=actor.tenant_id, pk=deposit_id
    )
    moved = deposit.transfers.filter(state=TransferState.DONE, target=deposit.account).first()
    if deposit.account is None or moved is None:
        return None  # it stays in the wallet: credit belongs to an account
    client = client_gate(actor, deposit.client_id)
    mine = Bonus.objects.filter(tenant_id=actor.tenant_id, client=client)
    known = mine.filter(deposit=deposit).first()
    if known is not None or mine.filter(state__in=BONUS_OPEN).exists():
        return known
    if policies.why_not(client) or not allowed(client)[ClientAction.TRADE].ok:
        return None
    for rule in offers.in_force(actor):
        money = offers.given(rule, client, deposit, Money(moved.amount, moved.currency))
        if money:
            return _give(actor, rule, deposit, deposit.account, money, moved.amount)
    return None


def _give(
    actor: Actor,
    rule: BonusRule,
    deposit: Deposit,
    account: Account,
    money: Money,
    base: Decimal,
) -> Bonus:
    """At once: whoever set the rule has approved what it gives."""
    row = Bonus(
        tenant_id=actor.tenant_id,
        reference=next_reference("BN"),
        client=deposit.client,
        account=account,
        rule=rule,
        deposit=deposit,
        amount=money.amount,
        currency=money.currency,
        lots_needed=rules.lots_for(money, rule.lots_per_1000),
        lasts_days=rule.lasts_days,
        on_withdrawal=rule.on_withdrawal,
        base_amount=base,
        reason=f"{rule}: {deposit.reference}"[:300],
        asked_by_ref=actor.ref,
        asked_by=actor.name,
    )
    row.save(force_insert=True)
    moves.begin(row, BONUS, actor=actor)
    _find(row)
    row.decided_at = now()
    row.decided_by_ref, row.decided_by = rule.decided_by_ref, rule.decided_by
    fields = ["decided_at", "decided_by_ref", "decided_by"]
    moves.move(row, BONUS, _B.GRANTING, actor=actor, reason=str(rule), update_fields=fields)
    _tell(actor, row, actions.BY_RULE, deposit=deposit.reference, rule=str(rule))
    _operate(actor, row, money, "in")
    return row


def _find(row: Bonus) -> None:
    search.index(
        kind=SEARCH_KIND,
        subject=row,
        label=row.reference,
        detail=f"{money_of(row)} bonus, {row.client.name}",
        desk_id=row.client.desk_id,
    )


# Decided


def _locked(actor: Actor, pk: UUID) -> Bonus:
    """As it stands now, its client's gate closed behind it."""
    mine = Bonus.objects.filter(tenant_id=actor.tenant_id)
    client = client_gate(actor, mine.values_list("client_id", flat=True).get(pk=pk))
    rows = mine.select_for_update(of=("self",)).select_related("account", "operation")
    row = rows.get(pk=pk)
    row.client = client
    return row


def _decided(actor: Actor, row: Bonus, state: BonusState, note: str = "") -> None:
    row.decided_at, row.decided_by_ref, row.decided_by = now(), actor.ref, actor.name
    row.note = note.strip()[:300]
    fields = ["decided_at", "decided_by_ref", "decided_by", "note"]
    moves.move(row, BONUS, state, actor=actor, reason=row.note, update_fields=fields)


@transaction.atomic
def bonus_approved(actor: Actor, approval: Approval) -> None:
    """The last yes (called in that vote's transaction): the credit sets out. Raises ``BonusBarred``
    and ``ActionStopped`` for what has changed since; then the vote is undone with it."""
    row = _locked(actor, approval.subject_id)
    _check(row.client)
    _decided(actor, row, _B.GRANTING)
    _tell(actor, row, actions.APPROVED)
    _operate(actor, row, money_of(row), "in")


@transaction.atomic
def bonus_refused(actor: Actor, approval: Approval) -> None:
    row = _locked(actor, approval.subject_id)
    _decided(actor, row, _B.REFUSED, approval.reason or "Something of it changed since.")
    _tell(actor, row, actions.REFUSED, reason=row.note)


@transaction.atomic
def bonus_cancel(*, actor: Actor, bonus: Bonus, reason: str) -> Bonus:
    """Take back what waits, or take off what is on the account."""
    if not actor.can(ASK):
        raise NotPermitted
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say why."})
    approval = pending_for(actor, bonus.pk, KIND)
    if approval is not None:
        approval = approval_cancel(actor=actor, approval=approval, reason=reason.strip()[:300])
    row = _locked(actor, bonus.pk)
    waits = approval is not None and approval.state == Approval.State.CANCELLED
    if row.state == _B.ASKED and waits:
        _decided(actor, row, _B.CANCELLED, reason)
        _tell(actor, row, actions.CANCELLED, reason=row.note)
    elif row.state == _B.ACTIVE:
        _remove(actor, row, left_of(row), reason)
    else:
        raise StateConflict(f"It is {row.get_state_display().lower()}. Nothing was done.")
    return row


# On the account


def _operate(actor: Actor, row: Bonus, money: Money, step: str, *, check: bool = False) -> None:
    """Credit on or off the account; ``check``: only while its free margin allows."""
    row.tries += 1
    row.operation = operation_request(
        actor=actor,
        account=row.account,
        amount=money,
        business_ref=f"bonus:{row.reference}:{step}:{row.tries}",
        kind=BalanceKind.CREDIT,
        check_margin=check,
        note=row.reference,
    )
    row.save(update_fields=["operation", "tries"])


def _remove(actor: Actor, row: Bonus, money: Money, reason: str) -> None:
    row.removing_amount, row.note = money.amount, reason.strip()[:300]
    fields = ["removing_amount", "note"]
    moves.move(row, BONUS, _B.REMOVING, actor=actor, reason=row.note, update_fields=fields)
    _tell(actor, row, actions.TAKING, money, reason=row.note)
    _operate(actor, row, -money, "out")


def lots_done(row: Bonus) -> Decimal:
    """Opened by the client on live accounts since the bonus was on the account."""
    assert row.tenant_id is not None
    if row.granted_at is None:
        return Decimal(0)
    return round(lots_opened(row.tenant_id, row.client_id, row.granted_at), 2)


@transaction.atomic
def bonus_look(*, actor: Actor, bonus_id: UUID) -> Bonus:
    """What time or trading has made due: it expires, or it is released."""
    row = _locked(actor, bonus_id)
    if row.state != _B.ACTIVE or _tried_lately(row):
        return row
    if row.removing_amount:
        _remove(actor, row, Money(row.removing_amount, row.currency), "It is due still.")
    elif row.expires_at is not None and now() >= row.expires_at:
        _remove(actor, row, left_of(row), "It expired.")
    elif row.lots_needed is not None and lots_done(row) >= row.lots_needed:
        _release(actor, row)
    return row


def _tried_lately(row: Bonus) -> bool:
    """The server said no a moment ago: it is not asked again and again."""
    last = row.operation
    refused = last is not None and last.state in (OperationState.REFUSED, OperationState.VOIDED)
    if last is None or not refused or last.done_at is None:
        return False
    return now() - last.done_at < AGAIN_AFTER


def _release(actor: Actor, row: Bonus) -> None:
    """The credit leaves first, as far as the margin allows; only then does money come."""
    if why := policies.why_not(row.client):
        if row.note != why:
            row.note = why[:300]
            row.save(update_fields=["note"])
            _tell(actor, row, actions.KEPT, reason=row.note)
        return
    moves.move(row, BONUS, _B.RELEASING, actor=actor)
    _operate(actor, row, -left_of(row), "release", check=True)


@transaction.atomic
def bonus_withdrawal(*, actor: Actor, bonus_id: UUID, withdrawal: Withdrawal) -> bool:
    """The client takes money out: the bonus goes, or its part. False while the account is busy with
    it; a withdrawal counts once."""
    row = _locked(actor, bonus_id)
    if row.state in BONUS.final or row.state == _B.ASKED or withdrawal.reference in row.counted:
        return True
    if row.state != _B.ACTIVE:
        return False
    row.counted = [*row.counted, withdrawal.reference]
    row.save(update_fields=["counted"])
    part = rules.taken_by(
        Money(withdrawal.amount, withdrawal.currency),
        left=left_of(row),
        given=money_of(row),
        base=row.base_amount,
        how=OnWithdrawal(row.on_withdrawal),
    )
    due = min(part + Money(row.removing_amount, row.currency), left_of(row))
    if due:
        _remove(actor, row, due, f"{withdrawal.reference} takes money out.")
    return True


# What the trading server said


@transaction.atomic
def bonus_operation_ended(*, actor: Actor, operation_id: UUID) -> Bonus | None:
    """The balance operation under way came to its end. None when it was no bonus's."""
    found = Bonus.objects.filter(tenant_id=actor.tenant_id, operation_id=operation_id).first()
    if found is None:
        return None
    row = _locked(actor, found.pk)
    operation = row.operation
    if operation is None or operation.pk != operation_id:
        return row
    if operation.state not in (
        OperationState.APPLIED,
        OperationState.REFUSED,
        OperationState.VOIDED,
    ):
        return row
    applied = operation.state == OperationState.APPLIED
    if row.state == _B.GRANTING:
        _granted(actor, row, operation, applied=applied)
    elif row.state == _B.REMOVING:
        _removed(actor, row, operation, applied=applied)
    elif row.state == _B.RELEASING:
        _released(actor, row, operation, applied=applied)
    return row


def _why(operation: BalanceOperation) -> str:
    return (operation.error or "The trading server did not book it.")[:300]


def _granted(actor: Actor, row: Bonus, operation: BalanceOperation, *, applied: bool) -> None:
    if not applied:
        row.note, row.ended_at = _why(operation), now()
        fields = ["note", "ended_at"]
        moves.move(row, BONUS, _B.FAILED, actor=actor, reason=row.note, update_fields=fields)
        _tell(actor, row, actions.FAILED, reason=row.note)
        return
    row.left_amount, row.granted_at = row.amount, now()
    if row.lasts_days is not None:
        row.expires_at = row.granted_at + timedelta(days=row.lasts_days)
    fields = ["left_amount", "granted_at", "expires_at"]
    moves.move(row, BONUS, _B.ACTIVE, actor=actor, update_fields=fields)
    _tell(actor, row, actions.GRANTED)


def _removed(actor: Actor, row: Bonus, operation: BalanceOperation, *, applied: bool) -> None:
    if not applied:
        _stays(actor, row, operation)  # ``removing_amount`` says what is still due
        return
    part = Money(row.removing_amount, row.currency)
    row.left_amount, row.removing_amount = row.left_amount - part.amount, Decimal(0)
    fields = ["left_amount", "removing_amount"]
    if row.left_amount:
        moves.move(row, BONUS, _B.ACTIVE, actor=actor, update_fields=fields)
    else:
        row.ended_at = now()
        fields.append("ended_at")
        moves.move(row, BONUS, _B.REMOVED, actor=actor, reason=row.note, update_fields=fields)
    _tell(actor, row, actions.TAKEN, part)


def _stays(actor: Actor, row: Bonus, operation: BalanceOperation) -> None:
    """The account keeps the credit; what was due is tried again after a while."""
    row.note = _why(operation)
    moves.move(row, BONUS, _B.ACTIVE, actor=actor, reason=row.note, update_fields=["note"])
    _tell(actor, row, actions.KEPT, reason=row.note)


def _released(actor: Actor, row: Bonus, operation: BalanceOperation, *, applied: bool) -> None:
    """The credit is off: money of the house comes into the wallet, and goes on to the account."""
    if not applied:
        _stays(actor, row, operation)
        return
    money = left_of(row)
    row.journal_id = books.paid(actor=actor, row=row, money=money).journal_id
    row.left_amount, row.ended_at, row.note = Decimal(0), now(), ""
    fields = ["left_amount", "ended_at", "journal_id", "note"]
    moves.move(row, BONUS, _B.RELEASED, actor=actor, update_fields=fields)
    _tell(actor, row, actions.RELEASED, money)
    debts.repay_soon(row.client_id)
    try:
        with transaction.atomic():
            row.transfer = transfer_request(
                actor=actor,
                client=row.client,
                source=None,
                target=row.account,
                money=money,
                idempotency_key=f"bonus:{row.reference}",
            )
    except DomainError as error:
        row.note = f"{money} stays in the wallet: {error.sentence}"[:300]
    row.save(update_fields=["transfer", "note"])
