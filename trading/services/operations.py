"""Balance operations: money onto an account and off it, exactly once (docs/money.md, section 4).

The server knows no repeated request. So an operation is durable before it is sent, it is sent by
one POST, and an answer that got lost makes it unknown: then its token is looked for among the
deals of the login, and only what is certainly not there is sent again or given up.
"""

from decimal import Decimal

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import IdempotencyConflict, InvalidInput, StateConflict
from backoffice.core.money import Money
from backoffice.tenancy.references import next_reference
from backoffice.workflow import moves, outbox
from trading import actions, rules
from trading.bridge.port import BalanceKind
from trading.errors import AccountNotReady, CurrencyDiffers
from trading.locks import account_locked, operation_locked
from trading.models import Account, BalanceOperation, OnMissing
from trading.states import OPERATION, AccountState, OperationState

READY = (AccountState.ACTIVE, AccountState.READ_ONLY, AccountState.DISABLED)
_OUTCOMES = {
    OperationState.APPLIED: "booked",
    OperationState.REFUSED: "was refused",
    OperationState.VOIDED: "gave up",
}


@transaction.atomic
def operation_request(
    *,
    actor: Actor,
    account: Account,
    amount: Money,
    business_ref: str,
    kind: str = BalanceKind.BALANCE,
    check_margin: bool = True,
    on_missing: str | None = None,
    note: str = "",
) -> BalanceOperation:
    """Book ``amount`` (signed: negative takes money off) on ``account``, after this commit, once.

    ``business_ref`` names what asks, such as ``deposit:D-2026-000123``: asked again with the same
    figures it returns the same operation, with others it raises ``IdempotencyConflict``.
    ``on_missing``: what follows when its outcome was unknown and it is certainly not on the
    server. Money put on is sent once more; money taken off is given up, since whoever waits for
    it pays out only what was applied.

    The end (applied, refused, voided) is a move of ``trading.balanceoperation``: other apps add
    their topic with ``moves.register(OPERATION, {state: [topic]})``.
    """
    row = account_locked(actor, account.pk)
    known = BalanceOperation.objects.filter(
        tenant_id=actor.tenant_id, business_ref=business_ref
    ).first()
    wanted = BalanceKind(kind)
    if known is not None:
        return _same(known, row, amount, wanted)
    _check(row, amount, business_ref)
    taking = amount.amount < 0
    operation = BalanceOperation(
        tenant_id=actor.tenant_id,
        account=row,
        server=row.server,
        kind=wanted,
        amount=amount.amount,
        currency=amount.currency,
        business_ref=business_ref,
        check_margin=check_margin,
        note=" ".join(note.split())[:100],
        on_missing=OnMissing(on_missing or (OnMissing.VOID if taking else OnMissing.RESEND)),
        asked_by=actor.name,
        token=rules.token(next_reference("B")),
    )
    operation.save(force_insert=True)
    moves.begin(operation, OPERATION, actor=actor)
    audit(
        actor=actor,
        action=actions.OPERATION_ASKED,
        subject=operation,
        label=operation.token,
        data={
            "amount": amount,
            "login": row.login,
            "kind": wanted.value,
            "for": business_ref,
            "account": row.pk,
        },
    )
    outbox.put("trading.operation_send", subject_id=operation.pk)
    return operation


def _same(
    known: BalanceOperation, account: Account, amount: Money, kind: BalanceKind
) -> BalanceOperation:
    asked = (account.pk, amount.amount, amount.currency, kind.value)
    if (known.account_id, known.amount, known.currency, known.kind) != asked:
        raise IdempotencyConflict(
            f"{known.business_ref} has booked something else already. Nothing was done."
        )
    return known


def _check(account: Account, amount: Money, business_ref: str) -> None:
    if not business_ref or len(business_ref) > 80:
        raise InvalidInput("A balance operation needs a reference of at most 80 characters.")
    if account.login is None or account.state not in READY:
        raise AccountNotReady(
            f"The account is {account.get_state_display().lower()}: no money can be booked on it."
        )
    if account.gone_at is not None:
        raise AccountNotReady("The server no longer shows this account.")
    if amount.currency != account.currency:
        raise CurrencyDiffers(
            f"The account is in {account.currency}, the amount in {amount.currency}.",
            fields={"amount": f"The account is in {account.currency}."},
        )
    places = account.group.currency_digits
    if amount.amount != amount.amount.quantize(Decimal(1).scaleb(-places)):
        raise InvalidInput(f"The server books {amount.currency} with {places} decimal places.")
    if not amount or abs(amount.amount) > rules.AMOUNT_MAX:
        raise InvalidInput("An amount is more than nothing and at most 1,000,000,000.")


def operation_end(
    actor: Actor,
    row: BalanceOperation,
    state: OperationState,
    *,
    ticket: int | None = None,
    error: str = "",
    by_hand: str = "",
) -> BalanceOperation:
    """Move a locked operation to an end. For the handlers of this app."""
    row.deal_ticket, row.error, row.done_at = ticket, error[:300], now()
    fields = ["deal_ticket", "error", "done_at"]
    if not moves.move(
        row, OPERATION, state, actor=actor, reason=(by_hand or error)[:300], update_fields=fields
    ):
        return row
    audit(
        actor=actor,
        action=actions.OPERATION_ENDED,
        subject=row,
        label=row.token,
        data={
            "outcome": _OUTCOMES[state],
            "amount": Money(row.amount, row.currency),
            "login": row.account.login,
            "deal": ticket,
            "error": error,
            "for": row.business_ref,
            "reason": by_hand,
        },
    )
    _send_next(row)
    return row


def _send_next(ended: BalanceOperation) -> None:
    """The one behind it goes now. Left to its own turn, a login's queue would move by one every few
    seconds. Its own item of the outbox then finds it sent."""
    following = (
        BalanceOperation.objects.filter(
            tenant_id=current_tenant_id(), account_id=ended.account_id, state=OperationState.QUEUED
        )
        .order_by("id")
        .first()
    )
    if following is not None:
        outbox.put("trading.operation_send", subject_id=following.pk)


@transaction.atomic
def operation_cancel(*, actor: Actor, operation: BalanceOperation, reason: str) -> BalanceOperation:
    """Give up an operation that was not sent yet."""
    if not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": "Say why."})
    row = operation_locked(actor, operation.pk)
    if row.state == OperationState.VOIDED:
        return row
    if row.state != OperationState.QUEUED:
        raise StateConflict(
            f"It is {row.get_state_display().lower()}: only what was not sent can be given up."
        )
    return operation_end(actor, row, OperationState.VOIDED, by_hand=reason)


@transaction.atomic
def operation_resolve(
    *,
    actor: Actor,
    operation: BalanceOperation,
    booked: bool,
    proof: str,
    ticket: int | None = None,
) -> BalanceOperation:
    """Settle an unknown operation by hand: a person has seen on the server itself whether it was
    booked. ``ticket`` is the deal's number there; ``proof`` says who saw it and when."""
    if len(proof.strip()) < 10:
        raise InvalidInput(fields={"proof": "Say who looked, where and when."})
    if booked and (ticket is None or ticket <= 0):
        raise InvalidInput(fields={"ticket": "The number of the deal on the server is needed."})
    row = operation_locked(actor, operation.pk)
    if row.state != OperationState.UNKNOWN:
        raise StateConflict(
            f"It is {row.get_state_display().lower()}; its outcome is known. Nothing was done."
        )
    if not booked:
        return operation_end(actor, row, OperationState.VOIDED, by_hand=proof, error=proof)
    used = BalanceOperation.objects.filter(
        tenant_id=actor.tenant_id, server=row.server, deal_ticket=ticket
    )
    if used.exists():
        raise InvalidInput(fields={"ticket": "This deal belongs to another operation."})
    return operation_end(actor, row, OperationState.APPLIED, ticket=ticket, by_hand=proof)


@transaction.atomic
def operation_look(*, actor: Actor, operation: BalanceOperation) -> BalanceOperation:
    """Have an unknown operation looked for now instead of at its time."""
    row = operation_locked(actor, operation.pk)
    if row.state != OperationState.UNKNOWN:
        raise StateConflict(
            f"It is {row.get_state_display().lower()}; there is nothing to look for."
        )
    audit(actor=actor, action=actions.OPERATION_LOOKED, subject=row, label=row.token)
    outbox.put("trading.operation_look", subject_id=row.pk, payload={"by": actor.name})
    return row
