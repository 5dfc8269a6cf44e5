"""How a kernel function is called: as a statement that is prepared once per connection.

A post is small enough for the way to the database to cost as much as the post. So it goes straight
to libpq (``psycopg.pq``) with text parameters; only where something listens to Django's queries
(a test that counts them, DEBUG) or ``LEDGER_PREPARE`` is off does it go through Django's cursor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import connection
from psycopg import Connection
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from backoffice.core.errors import InvalidInput


class Outcome(NamedTuple):
    """A row of the SQL type ``ledger_outcome``; see sql/post.sql."""

    outcome: str
    ref: UUID
    at: datetime
    account: UUID | None
    available: int | None
    detail: str | None


@dataclass(frozen=True)
class KernelFunction:
    """A SQL function and the types of what it takes; the tenant comes first.

    ``inside`` is called in a transaction that has the tenant in scope. ``alone`` is a transaction
    of its own, scope included: one round trip instead of four. LATERAL puts the scope first.
    """

    name: str
    types: tuple[str, ...]
    columns: str = "p.*"

    @cached_property
    def inside(self) -> str:
        return f"SELECT {self.columns} FROM {self.name}(%s::bigint{self._rest}) p"  # noqa: S608

    @cached_property
    def alone(self) -> str:
        return (
            "WITH s AS MATERIALIZED (SELECT set_config('app.tenant_id', %s, true) AS id)"  # noqa: S608
            f" SELECT {self.columns} FROM s, LATERAL {self.name}(s.id::bigint{self._rest}) p"
        )

    @property
    def _rest(self) -> str:
        return "".join(f", %s::{kind}" for kind in self.types)


def execute(function: KernelFunction, tenant_id: int, parameters: Sequence[Any]) -> list[Outcome]:
    """Call it in the transaction that is open, or else in one of its own."""
    inside = connection.in_atomic_block
    statement = function.inside if inside else function.alone
    values = [str(tenant_id), *map(_text, parameters)]
    connection.ensure_connection()
    driver: Connection[Any] = connection.connection
    # The driver opens a transaction at its first statement, and tenant_scope has sent one.
    ready = TransactionStatus.INTRANS if inside else TransactionStatus.IDLE
    watched = connection.queries_logged or connection.execute_wrappers
    if watched or not settings.LEDGER_PREPARE or driver.pgconn.transaction_status != ready:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return [Outcome(*row) for row in cursor.fetchall()]
    with connection.wrap_database_errors, driver.lock:
        return _execute_prepared(driver, f"{function.name}_{inside:d}".encode(), statement, values)


_prepared: WeakKeyDictionary[Connection[Any], set[bytes]] = WeakKeyDictionary()


def _execute_prepared(
    driver: Connection[Any], name: bytes, statement: str, values: list[str | None]
) -> list[Outcome]:
    names = _prepared.setdefault(driver, set())
    if name not in names:
        pieces = statement.split("%s")
        numbered = "".join(f"{piece}${place}" for place, piece in enumerate(pieces[:-1], 1))
        _check(driver.pgconn.prepare(name, (numbered + pieces[-1]).encode()))
        names.add(name)
    encoded: Any = [None if value is None else value.encode() for value in values]
    if any(value and b"\0" in value for value in encoded):  # libpq would cut the text there
        raise InvalidInput("Text can't hold a NUL character. Nothing was booked.")
    result = _check(driver.pgconn.exec_prepared(name, encoded))
    return [_outcome(result, row) for row in range(result.ntuples)]


def _check(result: PGresult) -> PGresult:
    if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        raise error_from_result(result)
    return result


def _outcome(result: PGresult, row: int) -> Outcome:
    outcome, ref, at, account, available, detail = (
        None if (value := result.get_value(row, column)) is None else value.decode()
        for column in range(6)
    )
    return Outcome(
        outcome or "",
        UUID(ref) if ref else None,  # type: ignore[arg-type]  # refusals have none
        datetime.fromisoformat(at).astimezone(UTC) if at else None,  # type: ignore[arg-type]
        UUID(account) if account else None,
        int(available) if available else None,
        detail,
    )


def _text(value: Any) -> str | None:
    """As PostgreSQL reads it."""
    match value:
        case None | str():
            return value
        case list():
            return _array(value)
        case bytes():
            return f"\\x{value.hex()}"
        case datetime():
            return value.isoformat()
        case _:
            return str(value)


def _array(values: Sequence[Any]) -> str:
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
