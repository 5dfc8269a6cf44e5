"""What a test that commits leaves behind is wiped, and the world is put back as it was kept.

Emptying some two hundred tables and making the world anew takes half a second; deleting from the
few that have rows, and copying those of the world back, a twentieth of that.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.backends.utils import CursorWrapper

# What migrations put into the database stays.
FILLED = {"django_migrations", "django_content_type", "auth_permission"}


def keep() -> None:
    """Remember what the database holds now, in a schema beside the product's."""
    with _superuser() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS kept CASCADE")
        cursor.execute("CREATE SCHEMA kept")
        for table in _with_rows(cursor):
            cursor.execute(f"CREATE TABLE kept.{table} AS TABLE {table}")


def wipe() -> None:
    """Empty every table but those that migrations fill, and put back what was kept."""
    with _superuser() as cursor:
        # What a test left open would make this wait for ever, and the whole run with it.
        cursor.execute("SET lock_timeout = '60s'")
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'kept'")
        kept = [str(table) for (table,) in cursor.fetchall()]
        deletions = [f"DELETE FROM {table}" for table in _with_rows(cursor)]
        copies = [
            f"INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE kept.{table}" for table in kept
        ]
        cursor.execute("; ".join([*deletions, *copies]))


@contextmanager
def _superuser() -> Iterator[CursorWrapper]:
    """A cursor that no policy, trigger or foreign key stands in the way of."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SET session_replication_role = replica")
        yield cursor
        cursor.execute("RESET session_replication_role")
        cursor.execute("RESET lock_timeout")
        cursor.execute(f"SET ROLE {connection.settings_dict['OPTIONS']['assume_role']}")


def _with_rows(cursor: CursorWrapper) -> list[str]:
    cursor.execute("""
        SELECT quote_ident(relname) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
          AND NOT relispartition
    """)
    tables = [str(table) for (table,) in cursor.fetchall() if table not in FILLED]
    cursor.execute(
        " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (TABLE {table})" for table in tables)
    )
    return [str(table) for (table,) in cursor.fetchall()]
