"""Calls of the kernel's SQL functions: one statement each, outcomes turned into words."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from backoffice.core.context import Actor, request_id
from backoffice.core.errors import DomainError, IdempotencyConflict
from backoffice.core.money import CurrencyMismatch, Money
from ledger.entries import AccountRef, Line
from ledger.errors import (
    AccountClosed,
    AccountMissing,
    AlreadyReversed,
    HoldNotOpen,
    HoldTooSmall,
    InsufficientFunds,
    PeriodClosed,
)

# The casts spare PostgreSQL from guessing the types of parameters.
POST = (
    "SELECT * FROM ledger_post(%s, %s, %s, %s::uuid, %s, %s, %s::timestamptz, %s::jsonb, %s::uuid,"
    " %s::text[], %s::uuid[], %s::uuid[], %s::text[], %s::bigint[], %s::text[])"
)
POST_BATCH = (
    "SELECT n, (answer).* FROM ledger_post_batch(%s, %s::text[], %s::bytea[], %s::uuid[],"
    " %s::text[], %s::text[], %s::timestamptz[], %s::jsonb[], %s::text[], %s::int[],"
    " %s::uuid[], %s::uuid[], %s::text[], %s::bigint[], %s::text[])"
)
HOLD_PLACE = (
    "SELECT * FROM ledger_hold_place(%s, %s, %s, %s::uuid, %s, %s, %s::timestamptz, %s::text[],"
    " %s::uuid, %s::uuid, %s, %s)"
)
HOLD_RESOLVE = (
    "SELECT * FROM ledger_hold_resolve(%s, %s, %s, %s::uuid, %s, %s, %s::timestamptz, %s::uuid,"
    " %s::timestamptz, %s, %s::jsonb, %s::text[])"
)


class Outcome(NamedTuple):
    """A row of the SQL type ``ledger_outcome``; see sql/post.sql."""

    outcome: str
    ref: UUID
    at: datetime
    account: UUID | None
    available: int | None
    detail: str | None


def call(statement: str, parameters: Sequence[Any]) -> Outcome:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return Outcome(*cursor.fetchone())


def call_many(statement: str, parameters: Sequence[Any]) -> list[Outcome]:
    """The outcomes of a batch, in the order of its journals."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [Outcome(*row[1:]) for row in cursor.fetchall()]


def actor_row(actor: Actor, approved_by: str = "") -> list[str]:
    return [
        actor.kind.value,
        actor.ref[:80],
        actor.name[:160],
        approved_by,
        actor.ip,
        request_id.get()[:36],
    ]


def as_json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, sort_keys=True, separators=(",", ":"))


def request_hash(*parts: Any) -> bytes:
    """What the key stands for. The same request gives the same bytes on any machine."""
    return hashlib.sha256(as_json(parts).encode()).digest()


def line_parts(lines: Iterable[Line]) -> list[list[Any]]:
    """The lines as hashed: by whole accounts, whichever shard a post meets."""
    return [
        [
            str(line.debit.id),
            str(line.credit.id),
            line.amount.currency,
            line.amount.minor,
            line.code,
        ]
        for line in lines
    ]


def line_columns(lines: Sequence[Line], key: str) -> list[list[Any]]:
    """The five arrays of lines that the functions take."""
    return [
        [line.debit.shard_for(key) for line in lines],
        [line.credit.shard_for(key) for line in lines],
        [line.amount.currency for line in lines],
        [line.amount.minor for line in lines],
        [line.code for line in lines],
    ]


def refusal(answer: Outcome, accounts: Iterable[AccountRef], ref: UUID) -> DomainError:
    """The error that an outcome stands for. ``ref`` is the hold or journal that it was about."""
    currency = next((a.currency for a in accounts if answer.account in a.ids), "")
    code = answer.detail or str(answer.account)
    match answer.outcome:
        case "insufficient":
            return InsufficientFunds(code, Money.from_minor(answer.available or 0, currency))
        case "closed":
            return AccountClosed(f"The account {code} is closed. Nothing was booked.")
        case "missing":
            return AccountMissing(f"There is no ledger account {code}. Nothing was booked.")
        case "currency":
            return CurrencyMismatch(
                f"{code} is kept in another currency than this line. Nothing was booked."
            )
        case "conflict":
            return IdempotencyConflict()
        case "period":
            return PeriodClosed(
                f"The books are closed up to {answer.at:%Y-%m-%d %H:%M} UTC. "
                "Nothing can be valued before that."
            )
        case "reversed":
            return AlreadyReversed()
        case "not_open":
            return HoldNotOpen(ref, answer.detail or "")
        case "too_much":
            return HoldTooSmall(
                "The hold is smaller than the amount to settle. Nothing was booked."
            )
        case unknown:
            raise AssertionError(unknown)
