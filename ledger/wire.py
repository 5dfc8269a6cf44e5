"""How a kernel function is called: as a statement that is prepared once per connection.

A post is small enough for the way to the database to cost as much as the post. So it goes straight
to libpq (``psycopg.pq``) with text parameters; only where something listens to Django's queries
(a test that counts them, DEBUG) or ``LEDGER_PREPARE`` is off does it go through Django's cursor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
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
    of its own, scope included: one round trip instead of four. An argument is evaluated before the
    call, so the scope is there when the function looks. ``many``: it answers with rows.
    """

    name: str
    types: tuple[str, ...]
    many: bool = False

    @cached_property
    def inside(self) -> str:
        return self._calling("%s")

    @cached_property
    def alone(self) -> str:
        return self._calling("set_config('app.tenant_id', %s, true)")

    def _calling(self, tenant: str) -> str:
        rest = "".join(f", %s::{kind}" for kind in self.types)
        if self.many:
            return (
                f"WITH s AS MATERIALIZED (SELECT {tenant}::bigint AS id)"  # noqa: S608
                f" SELECT (p.answer).* FROM s, LATERAL {self.name}(s.id{rest}) p"
            )
        # OFFSET 0: the columns are taken from one call, never from a call each.
        return (
            f"SELECT (p.answer).* FROM (SELECT {self.name}({tenant}::bigint{rest}) AS answer"  # noqa: S608
            " OFFSET 0) p"
        )


def execute(function: KernelFunction, tenant_id: int, parameters: Sequence[Any]) -> list[Outcome]:
    """Call it in the transaction that is open, or else in one of its own."""
    connection = connections[DEFAULT_DB_ALIAS]
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


def lane() -> int:
    """A number of this connection. House accounts are many rows behind one code so that posts need
    not wait for each other: the server numbers connections in the order of their opening, so the
    few that a product keeps open meet different rows. A random row would be taken by another every
    second time."""
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    number: int = connection.connection.pgconn.backend_pid
    return number


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
        _moment(at) if at else None,  # type: ignore[arg-type]
        UUID(account) if account else None,
        int(available) if available else None,
        detail,
    )


@lru_cache(maxsize=16)
def _moment(text: str) -> datetime:
    """All journals of a batch are booked at one moment."""
    return datetime.fromisoformat(text).astimezone(UTC)


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
