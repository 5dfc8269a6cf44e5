"""Rows by COPY into a temporary table, and from there in sets: a row of ORM costs fifty of these.

COPY can't write a table under row-level security; a temporary one has no tenant and goes with the
transaction.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

Columns = Sequence[tuple[str, str]]  # name, type


def stage(
    cursor: CursorWrapper, table: str, columns: Columns, rows: Iterable[Sequence[Any]]
) -> int:
    """Fill the temporary ``table``; returns how many rows it has. Inside a transaction."""
    definition = ", ".join(f"{name} {kind}" for name, kind in columns)
    names = ", ".join(name for name, _ in columns)
    cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{table}")
    cursor.execute(f"CREATE TEMPORARY TABLE {table} ({definition}) ON COMMIT DROP")
    count = 0
    with cursor.copy(f"COPY pg_temp.{table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    cursor.execute(f"ANALYZE pg_temp.{table}")
    return count


def rows_of(cursor: CursorWrapper) -> list[dict[str, Any]]:
    """What a query gave, by column names."""
    assert cursor.description is not None
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def lock_server(kind: str, tenant_id: int, server_id: object) -> None:
    """One writer per server until the commit."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"{tenant_id}:trading:{kind}:{server_id}"],
        )
