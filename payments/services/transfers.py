"""Between the wallet and trading accounts. Between the legs the money is on ``mt:bridge``: it is
never in two places, and it is credited only after the debit is confirmed.
"""

from uuid import UUID

from django.db import transaction
from django.db.models import Q

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import (
    DomainError,
    IdempotencyConflict,
    InvalidInput,
    NotPermitted,
    StateConflict,
)
from backoffice.core.ids import uuid7
from backoffice.core.money import Money
from backoffice.portal import search
from backoffice.tenancy.references import next_reference
from backoffice.workflow import moves, outbox, queues
from clients.models import Client, ClientAction
from clients.selectors import check_allowed
from payments import actions, books
from payments.chargebacks import debts
from payments.locks import deposit_locked, transfer_locked
from payments.models import Deposit, Transfer, Withdrawal
from payments.services.deposits import account_check, paid_money
from payments.states import DEPOSIT, TRANSFER, DepositState, TransferState
from trading.models import Account, BalanceOperation
from trading.services import operation_request
from trading.states import OperationState

_T = TransferState
QUEUE = "transfers"
# For whoever follows deposits that have reached the account.
DEPOSIT_ON_ACCOUNT = "payments.bonus_deposit"
SEARCH_KIND = "transfer"


def money_of(row: Transfer) -> Money:
    return Money(row.amount, row.currency)


def way(row: Transfer) -> str:
    """``wallet → 100123``."""
    return f"{_name(row.source)} → {_name(row.target)}"


def _name(account: Account | None) -> str:
    return "wallet" if account is None else str(account.login or account.reference)


@transaction.atomic
def transfer_request(
    *,
    actor: Actor,
    client: Client,
    source: Account | None,
    target: Account | None,
    money: Money,
    deposit: Deposit | None = None,
    withdrawal: Withdrawal | None = None,
    idempotency_key: str = "",
) -> Transfer:
    """Move money; None is the wallet. Raises ``NotEnoughMoney``, ``ActionStopped``, and what
    ``trading.services.operation_request`` raises; then nothing moved."""
    Client.objects.select_for_update(no_key=True).get(tenant_id=actor.tenant_id, pk=client.pk)
    known = _known(actor, client, idempotency_key)
    if known is not None:
        return _same(known, source, target, money)
    _check(client, source, target, money)
    row = Transfer(
        tenant_id=actor.tenant_id,
        client=client,
        source=source,
        target=target,
        amount=money.amount,
        currency=money.currency,
        deposit=deposit,
        withdrawal=withdrawal,
        idempotency_key=idempotency_key,
        reference=next_reference("T"),
    )
    row.save(force_insert=True)
    moves.begin(row, TRANSFER, actor=actor)
    audit(
        actor=actor,
        action=actions.TRANSFER_ASKED,
        subject=row,
        data={"amount": money, "way": way(row), "client": client.reference},
    )
    search.index(
        kind=SEARCH_KIND,
        subject=row,
        label=row.reference,
        detail=f"{money}, {way(row)}, {client.name}",
        desk_id=client.desk_id,
    )
    _leave(actor, row)
    return row


def _known(actor: Actor, client: Client, key: str) -> Transfer | None:
    if not key:
        return None
    if len(key) > 80:
        raise InvalidInput("An idempotency key has at most 80 characters.")
    return Transfer.objects.filter(
        tenant_id=actor.tenant_id, client=client, idempotency_key=key
    ).first()


def _same(
    known: Transfer, source: Account | None, target: Account | None, money: Money
) -> Transfer:
    asked = (source.pk if source else None, target.pk if target else None, money)
    if asked != (known.source_id, known.target_id, money_of(known)):
        raise IdempotencyConflict
    return known


def _check(client: Client, source: Account | None, target: Account | None, money: Money) -> None:
    if money.minor <= 0:
        raise InvalidInput(fields={"amount": "The amount must be above zero."})
    if source == target:
        raise InvalidInput(fields={"target": "Choose two different places."})
    for account in (source, target):
        account_check(account, client, money.currency)
    if target is not None:
        check_allowed(client, ClientAction.TRADE)


def _leave(actor: Actor, row: Transfer) -> None:
    """The first leg: at once out of a wallet, by the trading server out of an account."""
    moves.move(row, TRANSFER, _T.DEBITING, actor=actor)
    if row.source is None:
        _left(actor, row)
        return
    row.debit_operation = operation_request(
        actor=actor,
        account=row.source,
        amount=-money_of(row),
        business_ref=f"transfer:{row.reference}:out",
        check_margin=True,
        note=row.reference,
    )
    row.save(update_fields=["debit_operation"])


def _left(actor: Actor, row: Transfer) -> None:
    """The debit is certain: the money is on the bridge, and sets out for its target."""
    books.transfer_left(actor=actor, transfer=row)
    moves.move(row, TRANSFER, _T.BRIDGED, actor=actor)
    moves.move(row, TRANSFER, _T.CREDITING, actor=actor)
    if row.target is None:
        _arrived(actor, row)
        return
    try:
        with transaction.atomic():
            row.credit_operation = operation_request(
                actor=actor,
                account=row.target,
                amount=money_of(row),
                business_ref=f"transfer:{row.reference}:in",
                note=row.reference,
            )
    except DomainError as error:
        if row.source is None:
            raise  # nothing has left the wallet yet but in this transaction: it is all undone
        _give_back(actor, row, error.sentence)
        return
    row.save(update_fields=["credit_operation"])


def _arrived(actor: Actor, row: Transfer) -> None:
    books.transfer_arrived(actor=actor, transfer=row)
    if row.target is None:
        debts.repay_soon(row.client_id)
    row.done_at = now()
    moves.move(row, TRANSFER, _T.DONE, actor=actor, update_fields=["done_at"])
    _ended(actor, row, "made")
    _deposit_done(actor, row, "")


def _give_back(actor: Actor, row: Transfer, reason: str) -> None:
    row.reason = reason[:300]
    moves.move(
        row, TRANSFER, _T.RETURNING, actor=actor, reason=row.reason, update_fields=["reason"]
    )
    if row.source is None:
        _given_back(actor, row)
        return
    _back_to_source(actor, row, f"transfer:{row.reference}:back")


def _back_to_source(actor: Actor, row: Transfer, business_ref: str) -> None:
    assert row.source is not None
    row.return_operation = operation_request(
        actor=actor,
        account=row.source,
        amount=money_of(row),
        business_ref=business_ref,
        note=f"{row.reference} back",
    )
    row.save(update_fields=["return_operation"])


def _given_back(actor: Actor, row: Transfer) -> None:
    books.transfer_back(actor=actor, transfer=row)
    if row.source is None:
        debts.repay_soon(row.client_id)
    row.done_at = now()
    moves.move(row, TRANSFER, _T.RETURNED, actor=actor, update_fields=["done_at"])
    _ended(actor, row, "gave back")
    _deposit_done(actor, row, f"It stays in the wallet: {row.reason}")


def _refused(actor: Actor, row: Transfer, reason: str) -> None:
    row.reason, row.done_at = reason[:300], now()
    moves.move(
        row, TRANSFER, _T.REFUSED, actor=actor, reason=row.reason,
        update_fields=["reason", "done_at"],
    )  # fmt: skip
    _ended(actor, row, "refused")


def _ended(actor: Actor, row: Transfer, outcome: str) -> None:
    queues.item_close(actor=actor, queue=QUEUE, subject_id=row.pk)
    audit(
        actor=actor,
        action=actions.TRANSFER_ENDED,
        subject=row,
        data={"outcome": outcome, "amount": money_of(row), "reason": row.reason},
    )
    if row.withdrawal_id is not None:
        outbox.put("payments.withdrawal_funded", subject_id=row.withdrawal_id)


@transaction.atomic
def transfer_operation_ended(*, actor: Actor, operation_id: UUID) -> Transfer | None:
    """A balance operation came to its end: the leg that it was goes on, or back. None when it was
    no transfer's."""
    found = Transfer.objects.filter(
        Q(debit_operation_id=operation_id)
        | Q(credit_operation_id=operation_id)
        | Q(return_operation_id=operation_id),
        tenant_id=actor.tenant_id,
    ).first()
    if found is None:
        return None
    row = transfer_locked(actor, found.pk)
    if row.debit_operation_id == operation_id and row.state == _T.DEBITING:
        _out_ended(actor, row, row.debit_operation)
    elif row.credit_operation_id == operation_id and row.state == _T.CREDITING:
        _in_ended(actor, row, row.credit_operation)
    elif row.return_operation_id == operation_id and row.state == _T.RETURNING:
        _back_ended(actor, row, row.return_operation)
    return row


def _why(operation: BalanceOperation) -> str:
    return operation.error or f"The trading server did not book it ({operation.state})."


def _out_ended(actor: Actor, row: Transfer, operation: BalanceOperation | None) -> None:
    assert operation is not None
    if operation.state == OperationState.APPLIED:
        _left(actor, row)
    elif operation.state in (OperationState.REFUSED, OperationState.VOIDED):
        _refused(actor, row, _why(operation))


def _in_ended(actor: Actor, row: Transfer, operation: BalanceOperation | None) -> None:
    assert operation is not None
    if operation.state == OperationState.APPLIED:
        _arrived(actor, row)
    elif operation.state in (OperationState.REFUSED, OperationState.VOIDED):
        _give_back(actor, row, _why(operation))


def _back_ended(actor: Actor, row: Transfer, operation: BalanceOperation | None) -> None:
    assert operation is not None
    if operation.state == OperationState.APPLIED:
        _given_back(actor, row)
    elif operation.state in (OperationState.REFUSED, OperationState.VOIDED):
        # Nobody took it: it stays on the bridge, before people, until one says where it goes.
        row.reason = f"It could not be given back: {_why(operation)}"[:300]
        moves.move(
            row, TRANSFER, _T.STRANDED, actor=actor, reason=row.reason, update_fields=["reason"]
        )
        queues.item_open(
            actor=actor, queue=QUEUE, subject=row, desk_id=row.client.desk_id, urgent=True
        )


# A person decides on what nobody took


def _stranded(actor: Actor, transfer: Transfer) -> Transfer:
    if not actor.can("payments.resolve_unknown"):
        raise NotPermitted
    row = transfer_locked(actor, transfer.pk)
    if row.state != _T.STRANDED:
        raise StateConflict(
            f"{row.reference} is {row.get_state_display().lower()}. Nothing was done."
        )
    return row


@transaction.atomic
def transfer_return_again(*, actor: Actor, transfer: Transfer) -> Transfer:
    """Offer it to its source once more: the account may take it by now."""
    row = _stranded(actor, transfer)
    moves.move(row, TRANSFER, _T.RETURNING, actor=actor, reason="Offered to its source again.")
    _back_to_source(actor, row, f"transfer:{row.reference}:back:{uuid7().hex[-8:]}")
    queues.item_close(actor=actor, queue=QUEUE, subject_id=row.pk)
    return row


@transaction.atomic
def transfer_to_wallet(*, actor: Actor, transfer: Transfer, reason: str) -> Transfer:
    """Book it from the bridge into the client's wallet, since no account takes it."""
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say why."})
    row = _stranded(actor, transfer)
    books.transfer_to_wallet(actor=actor, transfer=row)
    debts.repay_soon(row.client_id)
    row.done_at, row.reason = now(), f"Into the wallet: {reason.strip()}"[:300]
    moves.move(
        row, TRANSFER, _T.RETURNED, actor=actor, reason=row.reason,
        update_fields=["done_at", "reason"],
    )  # fmt: skip
    _ended(actor, row, "booked to the wallet")
    _deposit_done(actor, row, row.reason)
    return row


# Deposits that go on to an account


@transaction.atomic
def deposit_forward(*, actor: Actor, deposit_id: UUID) -> Deposit:
    """After the credit: on to the account that the client chose, or done. What the account can't
    take stays in the wallet."""
    row = deposit_locked(actor, deposit_id)
    if row.state != DepositState.CREDITED:
        return row
    if row.account is None:
        moves.move(row, DEPOSIT, DepositState.DONE, actor=actor)
        return row
    money = paid_money(row) - Money(row.fee_amount, row.paid_currency)
    moves.move(row, DEPOSIT, DepositState.MT_PENDING, actor=actor)
    try:
        with transaction.atomic():
            transfer_request(
                actor=actor,
                client=row.client,
                source=None,
                target=row.account,
                money=money,
                deposit=row,
                idempotency_key=f"deposit:{row.reference}",
            )
    except DomainError as error:
        _stays(actor, row, f"It stays in the wallet: {error.sentence}")
    return row


def _deposit_done(actor: Actor, transfer: Transfer, why: str) -> None:
    if transfer.deposit_id is None:
        return
    row = deposit_locked(actor, transfer.deposit_id)
    if row.state != DepositState.MT_PENDING:
        return
    if why:
        _stays(actor, row, why)
    else:
        moves.move(row, DEPOSIT, DepositState.DONE, actor=actor)
        outbox.put(DEPOSIT_ON_ACCOUNT, subject_id=row.pk)


def _stays(actor: Actor, row: Deposit, why: str) -> None:
    row.reason = why[:300]
    moves.move(
        row, DEPOSIT, DepositState.CREDITED, actor=actor, reason=row.reason,
        update_fields=["reason"],
    )  # fmt: skip
    moves.move(row, DEPOSIT, DepositState.DONE, actor=actor)
