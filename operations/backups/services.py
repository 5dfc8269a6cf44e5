"""Backups of the whole installation and drills that restore them. Platform work: of no tenant.

Rows are written in short transactions of their own; the programs run outside of any.
"""

import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import psycopg
from django.conf import settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

from backoffice.core.clock import now
from backoffice.core.errors import InvalidInput, OutsideError
from operations.backups import evidence
from operations.backups.programs import (
    DUMP_TIMEOUT_S,
    connection_facts,
    program,
    run,
    stream,
)
from operations.models import Backup, RestoreDrill

KEEP_LEAST = 3  # whatever their age: retention never removes the last good ones
CONNECT_TIMEOUT_S = 10
STALE_AFTER = timedelta(hours=26)
DRILL_STALE_AFTER = timedelta(days=8)
RESTORE_JOBS = 2


def backup_path(backup: Backup) -> Path:
    return Path(settings.BACKUP_DIR) / backup.name


def backup_run() -> Backup:
    """Dump the database into a file, with its hash and the rows of each table in that snapshot.

    A failure is a row too, with what went wrong, and raises ``OutsideError``.
    """
    moment = now()
    backup = Backup.objects.create(name=f"backoffice-{moment:%Y%m%d-%H%M%S}-{uuid4().hex[:6]}.dump")
    path = backup_path(backup)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(".part")
    try:
        backup.sha256, backup.size = _dump(backup, draft)
    except (OutsideError, psycopg.Error, OSError) as problem:
        draft.unlink(missing_ok=True)
        backup.state, backup.error = Backup.State.FAILED, str(problem)[:500]
        backup.finished_at = now()
        backup.save()
        raise OutsideError(f"The backup failed: {problem}", permanent=False) from problem
    draft.replace(path)
    path.chmod(0o400)
    backup.state, backup.finished_at = Backup.State.DONE, now()
    backup.save()
    retention_apply()
    return backup


def _dump(backup: Backup, draft: Path) -> tuple[str, int]:
    facts = connection_facts()
    with psycopg.connect(make_conninfo(**facts), connect_timeout=CONNECT_TIMEOUT_S) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        row = connection.execute(
            "SELECT pg_export_snapshot(), current_setting('server_version')"
        ).fetchone()
        assert row is not None
        snapshot, backup.server_version = row
        arguments = [program("pg_dump"), "--format=custom", f"--snapshot={snapshot}"]
        found = stream(arguments, draft, facts)
        backup.tables = evidence.row_counts(connection)
    return found


def retention_apply() -> int:
    """Remove the files of backups past BACKUP_KEEP_DAYS, but for the newest good ones."""
    good = Backup.objects.filter(state=Backup.State.DONE).order_by("-id")
    kept = set(good.values_list("id", flat=True)[:KEEP_LEAST])
    limit = now() - timedelta(days=settings.BACKUP_KEEP_DAYS)
    removed = 0
    for old in good.filter(started_at__lt=limit).exclude(id__in=kept):
        backup_path(old).unlink(missing_ok=True)
        old.state = Backup.State.REMOVED
        old.save(update_fields=["state"])
        removed += 1
    return removed


def newest_good() -> Backup | None:
    return Backup.objects.filter(state=Backup.State.DONE).order_by("-id").first()


def is_stale() -> bool:
    """Whether there is no good backup of the last 26 hours."""
    last = newest_good()
    return last is None or last.finished_at is None or now() - last.finished_at > STALE_AFTER


def running() -> Backup | None:
    """The backup that is being made. One older than a dump may take died with its worker."""
    limit = now() - timedelta(seconds=DUMP_TIMEOUT_S)
    going = Backup.objects.filter(state=Backup.State.RUNNING, started_at__gt=limit)
    return going.order_by("-id").first()


def drill_running() -> RestoreDrill | None:
    limit = now() - timedelta(seconds=DUMP_TIMEOUT_S)
    going = RestoreDrill.objects.filter(state=RestoreDrill.State.RUNNING, started_at__gt=limit)
    return going.order_by("-id").first()


def stamp() -> str:
    """Differs as soon as a backup or a drill began or ended: what an open page compares."""
    rows = (Backup.objects.order_by("-id").first(), RestoreDrill.objects.order_by("-id").first())
    return ".".join(f"{row.pk.hex}-{row.state}" if row else "none" for row in rows)


def newest_drill() -> RestoreDrill | None:
    """The last drill that came to an end."""
    ended = RestoreDrill.objects.exclude(state=RestoreDrill.State.RUNNING)
    return ended.order_by("-id").first()


def drill_run(backup: Backup | None = None) -> RestoreDrill:
    """Restore a backup (the newest by default) into a scratch database and check it there.

    Raises ``InvalidInput`` when there is none. Whatever fails is in the drill's evidence; the
    scratch database goes in any case.
    """
    backup = backup or newest_good()
    if backup is None or backup.state != Backup.State.DONE:
        raise InvalidInput("There is no backup to restore. Run one first.")
    drill = RestoreDrill.objects.create(backup=backup)
    scratch = f"backoffice_drill_{uuid4().hex[:12]}"
    try:
        drill.evidence = [evidence.file_check(backup, backup_path(backup))]
        _create_database(scratch)
        try:
            drill.restore_seconds = _restore(backup, scratch)
            with psycopg.connect(
                make_conninfo(**connection_facts(scratch)), connect_timeout=CONNECT_TIMEOUT_S
            ) as connection:
                drill.evidence += evidence.gather(connection, backup)
        finally:
            _drop_database(scratch)
    except (OutsideError, psycopg.Error, OSError) as problem:
        drill.error = str(problem)[:500]
    held = bool(drill.evidence) and all(each["held"] for each in drill.evidence)
    passed = held and not drill.error
    drill.state = RestoreDrill.State.PASSED if passed else RestoreDrill.State.FAILED
    drill.finished_at = now()
    drill.save()
    return drill


def _restore(backup: Backup, scratch: str) -> Decimal:
    started = time.perf_counter()
    arguments = [
        program("pg_restore"),
        "--exit-on-error",
        "--no-owner",
        "--no-privileges",
        f"--jobs={RESTORE_JOBS}",
        f"--dbname={scratch}",
        str(backup_path(backup)),
    ]
    run(arguments, connection_facts(scratch))
    return Decimal(f"{time.perf_counter() - started:.3f}")


def _create_database(name: str) -> None:
    _as_maintenance(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))


def _drop_database(name: str) -> None:
    """Plainly first: that sends an autovacuum worker away, which force may not end."""
    statement = sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name))
    try:
        _as_maintenance(statement)
    except psycopg.errors.ObjectInUse:  # someone is still connected
        _as_maintenance(statement + sql.SQL(" WITH (FORCE)"))


def _as_maintenance(statement: sql.Composed) -> None:
    with psycopg.connect(
        make_conninfo(**connection_facts()), connect_timeout=CONNECT_TIMEOUT_S, autocommit=True
    ) as connection:
        connection.execute(statement)
