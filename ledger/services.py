"""The public door of the ledger for those who write.

Each function is one statement to the database: in the caller's transaction or, where none is open,
in one of its own with the actor's tenant in scope. A refusal is a ``DomainError`` and leaves the
caller's transaction usable: it may note it and go on. Keys make a repeat harmless: the same key
with the same request returns what came of it the first time.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError, InvalidInput
from backoffice.core.ids import uuid7
from backoffice.core.money import CurrencyMismatch, Money, exponent
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from ledger import kernel, selectors
from ledger.actions import ACCOUNT_CLOSED, ACCOUNT_OPENED, ACCOUNT_REOPENED
from ledger.chart import AccountSpec
from ledger.entries import (
    BATCH_LINES_MAX,
    AccountRef,
    BatchAnswer,
    HoldRef,
    JournalRequest,
    Line,
    Posting,
)
from ledger.errors import AccountMismatch, AccountNotEmpty, HoldNotOpen
from ledger.models import Account, Hold
from ledger.wire import Outcome, lane

SEAL_JOURNALS_MAX = 20_000
CLOSES_MEANWHILE_MAX = 3
#: In a journal's meta: the value date it was asked for, where that day was closed already.
VALUE_DATE = "value_date"
_followers: dict[str, list[str]] = defaultdict(list)


def follow(kind: str, topic: str) -> None:
    """From now on, leave an outbox item under ``topic`` beside each journal of ``kind``."""
    if topic not in _followers[kind]:
        _followers[kind].append(topic)


# Accounts


def account_for(*, actor: Actor, spec: AccountSpec, currency: str) -> AccountRef:
    """The account of ``spec`` in ``currency``, opened when there is none; safe under a race.

    Raises ``AccountMismatch`` when one exists that behaves otherwise than the spec says.
    """
    exponent(currency)
    rows = selectors.account_rows(actor.tenant_id, spec.code, currency)
    if len(rows) < spec.shards:
        account_open(actor=actor, spec=spec, currency=currency)
        rows = selectors.account_rows(actor.tenant_id, spec.code, currency)
    first = rows[0]
    found = (first.kind, first.normal, first.owner_ref, first.no_overdraft)
    if found != (spec.kind, spec.normal, spec.owner_ref, spec.no_overdraft):
        raise AccountMismatch(f"The ledger account {spec.code} exists and behaves otherwise.")
    return selectors.ref_of(rows)


def account_open(*, actor: Actor, spec: AccountSpec, currency: str) -> None:
    """Open what is missing of the account; nothing when it stands. One entry in the audit trail."""
    ids = [uuid7() for _ in range(spec.shards)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_account_open(%s, %s::uuid[], %s, %s, %s, %s, %s, %s)",
            [
                actor.tenant_id,
                ids,
                spec.code,
                spec.kind.value,
                spec.owner_ref,
                currency,
                spec.normal,
                spec.no_overdraft,
            ],
        )
    opened = Account.objects.filter(tenant_id=actor.tenant_id, id__in=ids).order_by("shard").first()
    if opened is not None:
        audit(actor=actor, action=ACCOUNT_OPENED, subject=opened, label=f"{spec.code} {currency}")


def account_close(*, actor: Actor, account: AccountRef) -> None:
    """No more posts. Raises ``AccountNotEmpty`` while there is money or a hold on it."""
    _set_closed(actor, account, shut=True)


def account_reopen(*, actor: Actor, account: AccountRef) -> None:
    _set_closed(actor, account, shut=False)


def _set_closed(actor: Actor, account: AccountRef, *, shut: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_account_set_closed(%s, %s, %s, %s)",
            [actor.tenant_id, account.code, account.currency, shut],
        )
        changed: int = cursor.fetchone()[0]
    if changed < 0:
        raise AccountNotEmpty(
            f"{account.code} still has money or holds on it, so it can't be closed."
        )
    if changed:
        subject = Account.objects.get(tenant_id=actor.tenant_id, id=account.id)
        action = ACCOUNT_CLOSED if shut else ACCOUNT_REOPENED
        audit(actor=actor, action=action, subject=subject, label=str(subject))


# Journals


def post(
    *,
    actor: Actor,
    key: str,
    kind: str,
    lines: Sequence[Line],
    business_ref: str = "",
    effective_at: datetime | None = None,
    approved_by: str = "",
    meta: Mapping[str, Any] | None = None,
    into_open_day: bool = False,
) -> Posting:
    """Book one journal, whole or not at all. ``effective_at`` is its value date (default: now).

    ``approved_by`` is the ref of the second pair of eyes, never the actor's own. A value date in a
    closed day is refused; with ``into_open_day`` the journal is valued at the beginning of the
    first open day instead, and its meta keeps the date that it was asked for. Raises
    ``InsufficientFunds``, ``AccountClosed``, ``CurrencyMismatch``, ``PeriodClosed``,
    ``IdempotencyConflict``, ``FourEyes``, ``InvalidInput``.
    """
    request = JournalRequest(key, kind, lines, business_ref, effective_at, dict(meta or {}))
    return _post(actor, request, approved_by, reverses=None, into_open_day=into_open_day)


def journal_reverse(
    *,
    actor: Actor,
    key: str,
    journal_id: UUID,
    kind: str = "reversal",
    effective_at: datetime | None = None,
    approved_by: str = "",
    reason: str = "",
) -> Posting:
    """Undo a journal with its mirror image, once. What was booked stays on the books.

    Raises ``AlreadyReversed``; ``InsufficientFunds`` when the money has gone since.
    """
    with _scope(actor):
        original = selectors.journal(actor.tenant_id, journal_id)
        if original is None:
            raise InvalidInput("There is no such journal to reverse.")
        ref = original.journal.business_ref
        request = JournalRequest(key, kind, original.lines, ref, effective_at, {"reason": reason})
        return _post(actor, request, approved_by, reverses=journal_id)


def _scope(actor: Actor) -> AbstractContextManager[None]:
    """The caller's transaction, or one of our own for a verb that reads before it writes."""
    if connection.in_atomic_block:
        return nullcontext()
    return tenant_scope(actor.tenant_id, actor)


def _hash(request: JournalRequest, reverses: UUID | None = None) -> bytes:
    return kernel.request_hash(
        "post",
        request.kind,
        request.business_ref,
        request.effective_at,
        request.meta,
        reverses,
        kernel.line_parts(request.lines),
    )


def _post(
    actor: Actor,
    request: JournalRequest,
    approved_by: str,
    reverses: UUID | None,
    *,
    into_open_day: bool = False,
) -> Posting:
    if request.kind in _followers and not connection.in_atomic_block:
        with _scope(actor):
            return _post(actor, request, approved_by, reverses, into_open_day=into_open_day)
    # The key stands for what was asked for, whichever day takes it in the end.
    asked = _hash(request, reverses)

    def book(effective_at: datetime, meta: Mapping[str, Any]) -> Outcome:
        return kernel.call(
            kernel.POST,
            actor.tenant_id,
            request.key,
            asked,
            uuid7(),
            request.kind,
            request.business_ref,
            effective_at,
            kernel.as_json(meta),
            reverses,
            kernel.actor_row(actor, approved_by),
            *kernel.line_columns(request.lines),
        )

    effective_at = request.effective_at or now()
    return _posting(_valued(book, effective_at, request.meta, into_open_day), request)


def _valued(
    book: Callable[[datetime, Mapping[str, Any]], Outcome],
    effective_at: datetime,
    meta: Mapping[str, Any],
    into_open_day: bool,  # noqa: FBT001 - named by its public callers
) -> Outcome:
    """Book on the day asked for; when it is closed and the caller lets it, on the first open one,
    with the day asked for in the meta. A day may close while we look."""
    answer = book(effective_at, meta)
    for _ in range(CLOSES_MEANWHILE_MAX if into_open_day else 0):
        if answer.outcome != "period":
            break
        answer = book(answer.at, {**meta, VALUE_DATE: effective_at})
    return answer


def _posting(answer: Outcome, request: JournalRequest) -> Posting:
    if answer.outcome == "posted":
        _tell_followers(request.kind, request.business_ref, answer.ref)
        return Posting(answer.ref, answer.at)
    if answer.outcome == "replayed":
        return Posting(answer.ref, answer.at, replayed=True)
    raise _refusal(answer, request)


def _refusal(answer: Outcome, request: JournalRequest) -> DomainError:
    accounts = [account for line in request.lines for account in (line.debit, line.credit)]
    return kernel.refusal(answer, accounts, answer.ref)


def _tell_followers(kind: str, business_ref: str, journal_id: UUID) -> None:
    for topic in _followers.get(kind, ()):
        outbox.put(
            topic, subject_id=journal_id, payload={"kind": kind, "business_ref": business_ref}
        )


def post_batch(*, actor: Actor, requests: Sequence[JournalRequest]) -> list[BatchAnswer]:
    """Book many journals in one statement; each is whole or refused alone. Answers in order.

    A house account's lines all meet one shard, so the batch waits for few locks.
    """
    if not requests:
        return []
    if len({request.key for request in requests}) != len(requests):
        raise InvalidInput("Two journals of the batch have the same idempotency key.")
    lines = [(place, line) for place, r in enumerate(requests, 1) for line in r.lines]
    if len(lines) > BATCH_LINES_MAX:
        raise InvalidInput(f"A batch has at most {BATCH_LINES_MAX} lines.")
    if not connection.in_atomic_block and any(r.kind in _followers for r in requests):
        with _scope(actor):
            return post_batch(actor=actor, requests=requests)
    present = now()
    answers = kernel.call_many(
        kernel.POST_BATCH,
        actor.tenant_id,
        [request.key for request in requests],
        [_hash(request) for request in requests],
        [uuid7() for _ in requests],
        [request.kind for request in requests],
        [request.business_ref for request in requests],
        [request.effective_at or present for request in requests],
        [kernel.as_json(request.meta) for request in requests],
        kernel.actor_row(actor),
        [place for place, _ in lines],
        *kernel.line_columns([line for _, line in lines]),
    )
    return [_answer(*pair) for pair in zip(requests, answers, strict=True)]


def _answer(request: JournalRequest, answer: Outcome) -> BatchAnswer:
    try:
        return BatchAnswer(request.key, _posting(answer, request), None)
    except DomainError as refusal:
        return BatchAnswer(request.key, None, refusal)


# Holds


def hold_place(
    *,
    actor: Actor,
    key: str,
    kind: str,
    debit: AccountRef,
    credit: AccountRef,
    amount: Money,
    business_ref: str = "",
    expires_at: datetime | None = None,
) -> HoldRef:
    """Set money of ``debit`` aside for ``credit``. Raises ``InsufficientFunds``.

    Without ``expires_at`` it stands until it is settled or voided.
    """
    line = Line(debit, credit, amount)
    request = JournalRequest(key, kind, [line], business_ref)
    here = lane()
    answer = kernel.call(
        kernel.HOLD_PLACE,
        actor.tenant_id,
        key,
        kernel.request_hash("hold", kind, business_ref, expires_at, kernel.line_parts([line])),
        uuid7(),
        kind,
        business_ref,
        expires_at,
        kernel.actor_row(actor),
        debit.shard_for(here),
        credit.shard_for(here),
        amount.currency,
        amount.minor,
    )
    if answer.outcome not in ("held", "replayed"):
        raise _refusal(answer, request)
    return HoldRef(answer.ref, answer.at, replayed=answer.outcome == "replayed")


def hold_settle(
    *,
    actor: Actor,
    key: str,
    hold_id: UUID,
    amount: Money | None = None,
    code: str = "principal",
    effective_at: datetime | None = None,
    approved_by: str = "",
    meta: Mapping[str, Any] | None = None,
    into_open_day: bool = False,
) -> Posting:
    """Move what was held, or the part ``amount`` of it; the rest is released. Once.

    ``into_open_day`` as in ``post``. Raises ``HoldNotOpen`` (also when it is past its expiry),
    ``HoldTooSmall``.
    """
    with _scope(actor):
        hold = selectors.hold(actor.tenant_id, hold_id)
        minor = _part_of(hold, amount).minor
        present, facts = now(), dict(meta or {})
        asked = kernel.request_hash("settle", hold_id, minor, code, effective_at, facts)

        def book(valued_at: datetime, meta: Mapping[str, Any]) -> Outcome:
            return kernel.call(
                kernel.HOLD_RESOLVE,
                actor.tenant_id,
                key,
                asked,
                hold_id,
                minor,
                Hold.State.SETTLED.value,
                present,
                uuid7(),
                valued_at,
                code,
                kernel.as_json(meta),
                kernel.actor_row(actor, approved_by),
            )

        answer = _valued(book, effective_at or present, facts, into_open_day)
        if answer.outcome == "replayed":
            return Posting(answer.ref, answer.at, replayed=True)
        if answer.outcome != "posted":
            raise kernel.refusal(answer, (), hold_id)
        _tell_followers(hold.kind, hold.business_ref, answer.ref)
        return Posting(answer.ref, answer.at)


def _part_of(hold: selectors.HeldMoney, amount: Money | None) -> Money:
    if amount is None:
        return hold.amount
    if amount.currency != hold.amount.currency:
        raise CurrencyMismatch(f"The hold is in {hold.amount.currency}, not {amount.currency}.")
    if amount.minor <= 0:
        raise InvalidInput("Settle an amount above zero; to settle nothing, void the hold.")
    return amount


def hold_void(*, actor: Actor, key: str, hold_id: UUID) -> HoldRef:
    """Release all of a hold. Raises ``HoldNotOpen`` when it was resolved before."""
    return _release(actor, key, hold_id, Hold.State.VOIDED)


def hold_expire(*, actor: Actor, hold_id: UUID) -> bool:
    """Release a hold that is past its expiry; False when someone has resolved it since."""
    try:
        _release(actor, f"hold-expiry:{hold_id}", hold_id, Hold.State.EXPIRED)
    except HoldNotOpen:
        return False
    return True


def _release(actor: Actor, key: str, hold_id: UUID, final: Hold.State) -> HoldRef:
    answer = kernel.call(
        kernel.HOLD_RESOLVE,
        actor.tenant_id,
        key,
        kernel.request_hash("release", hold_id, final.value),
        hold_id,
        0,
        final.value,
        now(),
        None,
        None,
        "",
        "{}",
        kernel.actor_row(actor),
    )
    if answer.outcome not in ("released", "replayed"):
        raise kernel.refusal(answer, (), hold_id)
    return HoldRef(answer.ref, answer.at, replayed=answer.outcome == "replayed")


# Proof


def seal(*, actor: Actor) -> int:
    """Bind the journals booked since the last seal into the audit chain; returns how many."""
    sealed = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT ledger_seal(%s, %s, %s, %s, %s)",
                [actor.tenant_id, uuid7(), uuid7(), os.urandom(16), SEAL_JOURNALS_MAX],
            )
            count: int | None = cursor.fetchone()[0]
        sealed += count or 0
        if not count or count < SEAL_JOURNALS_MAX:
            return sealed
