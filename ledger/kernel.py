"""The kernel's SQL functions as Python sees them, and their outcomes turned into words."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder

from backoffice.core.context import Actor, request_id
from backoffice.core.errors import DomainError, FourEyes, IdempotencyConflict
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
from ledger.wire import KernelFunction, Outcome, execute, lane

_LINES = ("uuid[]", "uuid[]", "text[]", "bigint[]", "text[]")
POST = KernelFunction(
    "ledger_post",
    ("text", "bytea", "uuid", "text", "text", "timestamptz", "jsonb", "uuid", "text[]", *_LINES),
)
POST_BATCH = KernelFunction(
    "ledger_post_batch",
    (
        *("text[]", "bytea[]", "uuid[]", "text[]", "text[]", "timestamptz[]", "jsonb[]"),
        *("text[]", "int[]"),
        *_LINES,
    ),
    many=True,
)
HOLD_PLACE = KernelFunction(
    "ledger_hold_place",
    (
        *("text", "bytea", "uuid", "text", "text", "timestamptz", "text[]"),
        *("uuid", "uuid", "text", "bigint"),
    ),
)
HOLD_RESOLVE = KernelFunction(
    "ledger_hold_resolve",
    (
        *("text", "bytea", "uuid", "bigint", "text", "timestamptz"),
        *("uuid", "timestamptz", "text", "jsonb", "text[]"),
    ),
)


def call(function: KernelFunction, tenant_id: int, *parameters: Any) -> Outcome:
    return execute(function, tenant_id, parameters)[0]


def call_many(function: KernelFunction, tenant_id: int, *parameters: Any) -> list[Outcome]:
    """The outcomes of a batch, in the order of its journals."""
    return execute(function, tenant_id, parameters)


def actor_row(actor: Actor, approved_by: str = "") -> list[str]:
    """Who does it, as the functions take it. Raises ``FourEyes``: the table has a CHECK too."""
    if approved_by == actor.ref:
        raise FourEyes("Nobody approves their own journal.")
    return [
        actor.kind.value,
        actor.ref[:80],
        actor.name[:160],
        approved_by,
        actor.ip,
        request_id.get()[:36],
    ]


_ENCODER = DjangoJSONEncoder(sort_keys=True, separators=(",", ":"))


def as_json(value: Any) -> str:
    return _ENCODER.encode(value)


def request_hash(*parts: Any) -> bytes:
    """What the key stands for. The same request gives the same bytes on any machine."""
    return hashlib.sha256(as_json(parts).encode()).digest()


def line_parts(lines: Iterable[Line]) -> list[list[Any]]:
    """The lines as hashed: by whole accounts, whichever shard a post meets."""
    return [
        [
            line.debit.id.hex,
            line.credit.id.hex,
            line.amount.currency,
            line.amount.minor,
            line.code,
        ]
        for line in lines
    ]


def line_columns(lines: Sequence[Line]) -> list[list[Any]]:
    """The five arrays of lines that the functions take."""
    here = lane()
    return [
        [line.debit.shard_for(here) for line in lines],
        [line.credit.shard_for(here) for line in lines],
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
            return PeriodClosed(answer.at)
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
