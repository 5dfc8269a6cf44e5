"""Balance operations on the wire: sent once, looked for when the answer was lost.

Handlers of the outbox, outside transactions. Between the calls every step is a short transaction
under the account's lock that re-checks the state; a worker may die anywhere.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import moves, outbox
from backoffice.workflow.models import OutboxItem
from backoffice.workflow.outbox import TryLater
from trading import actions, rules
from trading.bridge import port
from trading.bridge.errors import BalanceConflict, BridgeError
from trading.connections import speak
from trading.handlers import AGAIN, SWITCHED_OFF, wait_of
from trading.locks import operation_locked
from trading.models import BalanceOperation, OnMissing
from trading.rules import Missing
from trading.services.operations import operation_end
from trading.states import OPERATION, OperationState

SEND, LOOK = "trading.operation_send", "trading.operation_look"
BEHIND_ANOTHER = timedelta(seconds=3)
CONFLICT_LOOK = timedelta(hours=1)
JANITOR_MAX = 500


@outbox.handles(SEND)
def operation_send(actor: Actor, item: OutboxItem) -> None:
    """Send a queued operation, when it is its login's turn."""
    assert item.subject_id is not None
    with tenant_scope(actor.tenant_id, actor):
        row = operation_locked(actor, item.subject_id)
        if row.state != OperationState.QUEUED:
            return
        if not row.server.active:
            raise TryLater(SWITCHED_OFF)
        if _is_behind(row):
            raise TryLater(BEHIND_ANOTHER)
        _mark_sending(actor, row)
    _call(actor, row)


def _is_behind(row: BalanceOperation) -> bool:
    """Whether another operation of the account is on the wire, or was asked for before."""
    others = BalanceOperation.objects.filter(
        tenant_id=current_tenant_id(), account_id=row.account_id
    )
    on_the_wire = others.filter(state__in=[OperationState.SENDING, OperationState.UNKNOWN])
    earlier = others.filter(state=OperationState.QUEUED, pk__lt=row.pk)
    return on_the_wire.exists() or earlier.exists()


def _mark_sending(actor: Actor, row: BalanceOperation) -> None:
    row.sent_at, row.looks, row.looked_at = now(), 0, None
    row.sends, row.error = row.sends + 1, ""
    fields = ["sent_at", "looks", "looked_at", "sends", "error"]
    moves.move(row, OPERATION, OperationState.SENDING, actor=actor, update_fields=fields)


def _call(actor: Actor, row: BalanceOperation) -> None:
    """The one POST. From here on the row says ``sending``, whatever becomes of this process."""
    login = row.account.login
    assert login is not None
    digits = row.account.group.currency_digits
    try:
        outcome = speak(
            actor,
            row.server,
            lambda platform: platform.balance_operation(
                login=login,
                kind=port.BalanceKind(row.kind),
                amount=row.amount,
                currency_digits=digits,
                token=row.token,
                note=row.note,
                margin_checked=row.check_margin,
            ),
        )
    except BridgeError as error:  # raised only when nothing was sent
        _requeue(actor, row, str(error))
        raise TryLater(wait_of(error)) from None
    _settle(actor, row, outcome)


def _settle(actor: Actor, sent: BalanceOperation, outcome: port.BalanceOutcome) -> None:
    if isinstance(outcome, port.Refused) and not outcome.permanent:
        _requeue(actor, sent, f"{outcome.retcode} {outcome.text}".strip())
        raise TryLater(AGAIN)
    with tenant_scope(actor.tenant_id, actor):
        row = operation_locked(actor, sent.pk)
        if row.sent_at != sent.sent_at or row.state not in (
            OperationState.SENDING,
            OperationState.UNKNOWN,
        ):
            return  # it was taken for lost, and settled, before this answer came
        if isinstance(outcome, port.Applied):
            operation_end(actor, row, OperationState.APPLIED, ticket=outcome.ticket)
        elif row.state == OperationState.UNKNOWN:
            return
        elif isinstance(outcome, port.Refused):
            error = f"{outcome.retcode} {outcome.text}".strip()
            operation_end(actor, row, OperationState.REFUSED, error=error)
        else:
            _mark_unknown(actor, row, outcome.reason)


def _requeue(actor: Actor, sent: BalanceOperation, error: str) -> None:
    """Nothing was sent, or the server said that nothing was booked: back into the queue."""
    with tenant_scope(actor.tenant_id, actor):
        row = operation_locked(actor, sent.pk)
        if row.state != OperationState.SENDING or row.sent_at != sent.sent_at:
            return
        row.error, row.sends = error[:300], row.sends - 1
        moves.move(
            row,
            OPERATION,
            OperationState.QUEUED,
            actor=actor,
            reason=error[:300],
            update_fields=["error", "sends"],
        )


def _mark_unknown(actor: Actor, row: BalanceOperation, reason: str) -> None:
    row.error = reason[:300]
    moves.move(
        row,
        OPERATION,
        OperationState.UNKNOWN,
        actor=actor,
        reason=row.error,
        update_fields=["error"],
    )
    due = now() + timedelta(seconds=rules.LOOK_FIRST_S)
    outbox.put(LOOK, subject_id=row.pk, due_at=due)


# -- looking ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Next:
    again_in: timedelta | None = None
    resend: BalanceOperation | None = None


@outbox.handles(LOOK)
def operation_look(actor: Actor, item: OutboxItem) -> None:
    """Look for an unknown operation. An extra look (asked for by a person or a deal just read)
    comes once; the operation's own item comes again until it is settled."""
    assert item.subject_id is not None
    extra = "by" in item.payload
    with tenant_scope(actor.tenant_id, actor):
        row = operation_locked(actor, item.subject_id)
    if row.state != OperationState.UNKNOWN:
        return
    try:
        deal = speak(actor, row.server, lambda platform: _search(platform, row))
    except BalanceConflict as error:
        _note_conflict(actor, row, str(error))
        wait = CONFLICT_LOOK
    except BridgeError as error:
        wait = wait_of(error)
    else:
        following = _looked(actor, row, deal)
        if following.resend is not None:
            _resend(actor, following.resend)
            return
        if following.again_in is None:
            return
        wait = following.again_in
    if not extra:
        raise TryLater(wait)


def _search(platform: port.TradingPlatform, row: BalanceOperation) -> port.Deal | None:
    login, sent_at = row.account.login, row.sent_at
    assert login is not None
    assert sent_at is not None
    # A login that we may not see any more has no deals to show: that proves nothing.
    platform.account_get(login)
    return platform.find_balance_deal(
        login=login,
        token=row.token,
        amount=row.amount,
        start=sent_at - rules.SEARCH_FROM,
        end=now(),
    )


def _looked(actor: Actor, seen: BalanceOperation, deal: port.Deal | None) -> _Next:
    looked_at = now()
    with tenant_scope(actor.tenant_id, actor):
        row = operation_locked(actor, seen.pk)
        if row.state != OperationState.UNKNOWN or row.sent_at != seen.sent_at:
            return _Next()
        if deal is not None:
            operation_end(actor, row, OperationState.APPLIED, ticket=deal.deal)
            return _Next()
        row.looks, row.looked_at = row.looks + 1, looked_at
        assert row.sent_at is not None
        verdict = rules.when_missing(
            rules.Search(
                sent_at=row.sent_at,
                looked_at=looked_at,
                looks=row.looks,
                sends=row.sends,
                resends=row.on_missing == OnMissing.RESEND,
            )
        )
        if verdict is Missing.LOOK_AGAIN:
            row.save(update_fields=["looks", "looked_at"])
            return _Next(again_in=rules.look_delay(row.looks))
        if verdict is Missing.RESEND:
            _mark_sending(actor, row)
            return _Next(resend=row)
        row.save(update_fields=["looks", "looked_at"])
        sentence = f"Not on the server after {row.looks} looks in {_minutes(row.sent_at)} minutes."
        operation_end(actor, row, OperationState.VOIDED, error=sentence)
        return _Next()


def _minutes(since: datetime) -> int:
    return int((now() - since).total_seconds() // 60)


def _resend(actor: Actor, row: BalanceOperation) -> None:
    """A resend that could not be sent goes back to the queue, whose own item carries it."""
    try:
        _call(actor, row)
    except TryLater as wish:
        with tenant_scope(actor.tenant_id, actor):
            outbox.put(SEND, subject_id=row.pk, due_at=now() + wish.delay)


def _note_conflict(actor: Actor, seen: BalanceOperation, error: str) -> None:
    with tenant_scope(actor.tenant_id, actor):
        row = operation_locked(actor, seen.pk)
        if row.state != OperationState.UNKNOWN or row.error == error[:300]:
            return
        row.error = error[:300]
        row.save(update_fields=["error"])
        audit(
            actor=actor,
            action=actions.OPERATION_CONFLICT,
            subject=row,
            label=row.token,
            data={"error": error},
        )


# -- the janitor ------------------------------------------------------------------------------


def janitor(actor: Actor) -> int:
    """Take up what a dead worker or a lost outbox item left lying; returns how many."""
    limit = now() - rules.CALL_MAX
    with tenant_scope(actor.tenant_id, actor):
        mine = BalanceOperation.objects.filter(tenant_id=actor.tenant_id)
        lost = list(
            mine.filter(state=OperationState.SENDING, sent_at__lt=limit).values_list(
                "pk", flat=True
            )[:JANITOR_MAX]
        )
        unknown = _left_alone(mine.filter(state=OperationState.UNKNOWN), LOOK)
        queued = _left_alone(mine.filter(state=OperationState.QUEUED, created_at__lt=limit), SEND)
        for pk in unknown:
            outbox.put(LOOK, subject_id=pk)
        for pk in queued:
            outbox.put(SEND, subject_id=pk)
    for pk in lost:
        with tenant_scope(actor.tenant_id, actor):
            row = operation_locked(actor, pk)
            if row.state == OperationState.SENDING and row.sent_at and row.sent_at < limit:
                _mark_unknown(actor, row, "No answer came: the worker that sent it was gone.")
    return len(lost) + len(unknown) + len(queued)


def _left_alone(rows: QuerySet[BalanceOperation], topic: str) -> list[UUID]:
    """The operations that no waiting item of the outbox will carry on."""
    waiting = OutboxItem.objects.filter(
        tenant_id=OuterRef("tenant_id"),
        subject_id=OuterRef("pk"),
        topic=topic,
        state=OutboxItem.State.WAITING,
    )
    return list(rows.exclude(Exists(waiting)).values_list("pk", flat=True)[:JANITOR_MAX])
