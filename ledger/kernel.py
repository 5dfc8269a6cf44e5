"""Calls of the kernel's SQL functions: one statement each, outcomes turned into words."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

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


@dataclass(frozen=True)
class KernelFunction:
    """A SQL function and the types of what it takes; the tenant comes first.

    ``inside`` is called in a transaction that has the tenant in scope. ``alone`` is a transaction
    of its own, scope included: one round trip instead of four. LATERAL puts the scope first.
    """

    name: str
    types: tuple[str, ...]
    columns: str = "p.*"

    def _arguments(self) -> str:
        return "".join(f", %s::{kind}" for kind in self.types)

    @cached_property
    def inside(self) -> str:
        return f"SELECT {self.columns} FROM {self.name}(%s::bigint{self._arguments()}) p"  # noqa: S608

    @cached_property
    def alone(self) -> str:
        return (
            "WITH s AS MATERIALIZED (SELECT set_config('app.tenant_id', %s, true) AS id)"  # noqa: S608
            f" SELECT {self.columns} FROM s, LATERAL {self.name}(s.id::bigint{self._arguments()}) p"
        )


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
    "(p.answer).*",
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


class Outcome(NamedTuple):
    """A row of the SQL type ``ledger_outcome``; see sql/post.sql."""

    outcome: str
    ref: UUID
    at: datetime
    account: UUID | None
    available: int | None
    detail: str | None


def call(function: KernelFunction, tenant_id: int, *parameters: Any) -> Outcome:
    return Outcome(*_execute(function, tenant_id, parameters)[0])


def call_many(function: KernelFunction, tenant_id: int, *parameters: Any) -> list[Outcome]:
    """The outcomes of a batch, in the order of its journals."""
    return [Outcome(*row) for row in _execute(function, tenant_id, parameters)]


def _execute(
    function: KernelFunction, tenant_id: int, parameters: Sequence[Any]
) -> list[tuple[Any, ...]]:
    statement = function.inside if connection.in_atomic_block else function.alone
    values = [str(tenant_id), *(_text(value) for value in parameters)]
    rows: list[tuple[Any, ...]]
    if connection.queries_logged or connection.execute_wrappers or not settings.LEDGER_PREPARE:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            rows = cursor.fetchall()
        return rows
    # Past Django's cursor: the statement is prepared once per connection, which spares PostgreSQL
    # from reading its text and planning it for every post.
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        rows = cursor.execute(statement, values, prepare=True).fetchall()
    return rows


def _text(value: Any) -> str | bytes | None:
    """As PostgreSQL reads it: one type for each place, so that one prepared statement serves."""
    if isinstance(value, list):
        return array(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, bytes) else str(value)


def array(values: Sequence[Any]) -> str:
    """The literal of a one-dimensional array. All values are of one type."""
    match values[0] if values else None:
        case UUID():
            return "{" + ",".join([value.hex for value in values]) + "}"
        case int():
            return "{" + ",".join(map(str, values)) + "}"
        case bytes():
            return "{" + ",".join([f'"\\\\x{value.hex()}"' for value in values]) + "}"
        case _:
            return "{" + ",".join([_quoted(str(value)) for value in values]) + "}"


def _quoted(text: str) -> str:
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


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
