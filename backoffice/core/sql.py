"""Migrations whose SQL stands in ``.sql`` files beside their reverse."""

from pathlib import Path

from django.db.migrations import RunSQL


def sql_file(migration_file: str, name: str) -> RunSQL:
    """``<app>/sql/<name>.sql``, undone by ``<name>_reverse.sql``; call with ``__file__``."""
    folder = Path(migration_file).parents[1] / "sql"
    forwards = (folder / f"{name}.sql").read_text()
    backwards = (folder / f"{name}_reverse.sql").read_text()
    # One string in a list is sent as it is: function bodies hold semicolons and percent signs.
    return RunSQL([(forwards, None)], [(backwards, None)])
