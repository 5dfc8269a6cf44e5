"""PostgreSQL's own programs: found on the PATH, or in the folder that PG_PROGRAMS names."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from backoffice.core.errors import OutsideError

DUMP_TIMEOUT_S = 4 * 3600
CHUNK_BYTES = 1 << 20


def program(name: str) -> str:
    """The full path of ``pg_dump`` or ``pg_restore``. Raises ``OutsideError`` when it is absent."""
    found = shutil.which(name, path=os.environ.get("PG_PROGRAMS") or None)
    if found is None:
        raise OutsideError(
            f"{name} is not on the PATH; set PG_PROGRAMS to the folder it is in.", permanent=True
        )
    return found


def connection_facts(database: str = "") -> dict[str, str]:
    """Keyword arguments for libpq, as the role that backs up and restores."""
    given = settings.DATABASE_BACKUP
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host"}
    facts = {libpq: str(given[name]) for name, libpq in names.items() if given[name]}
    if given["PORT"]:
        facts["port"] = given["PORT"]
    if database:
        facts["dbname"] = database
    options: dict[str, str] = given["OPTIONS"]
    return facts | options


def environment(facts: dict[str, str]) -> dict[str, str]:
    """The connection in variables: a password in the arguments would show in the process list."""
    names = {"dbname": "PGDATABASE", "user": "PGUSER", "password": "PGPASSWORD"}
    names |= {"host": "PGHOST", "port": "PGPORT", "sslmode": "PGSSLMODE"}
    return os.environ | {names[key]: value for key, value in facts.items() if key in names}


def stream(arguments: Sequence[str], target: Path, facts: dict[str, str]) -> tuple[str, int]:
    """Run a program and write what it says into ``target``; returns (SHA-256, bytes)."""
    digest, size = hashlib.sha256(), 0
    with (
        target.open("wb") as file,
        target.with_suffix(".log").open("w+b") as log,
        subprocess.Popen(  # noqa: S603 - our own program with our own arguments
            arguments, stdout=subprocess.PIPE, stderr=log, env=environment(facts)
        ) as process,
    ):
        assert process.stdout is not None
        while chunk := process.stdout.read(CHUNK_BYTES):
            digest.update(chunk)
            size += file.write(chunk)
        code = process.wait(timeout=DUMP_TIMEOUT_S)
        log.seek(0)
        said = log.read(2_000).decode(errors="replace")
        file.flush()
        os.fsync(file.fileno())
    target.with_suffix(".log").unlink()
    if code:
        raise OutsideError(f"{Path(arguments[0]).name} failed: {said[-400:]}", permanent=False)
    return digest.hexdigest(), size


def run(arguments: Sequence[str], facts: dict[str, str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - our own program with our own arguments
            arguments,
            env=environment(facts),
            capture_output=True,
            text=True,
            timeout=DUMP_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise OutsideError(f"{Path(arguments[0]).name} took too long", permanent=False) from None
    if done.returncode:
        name = Path(arguments[0]).name
        raise OutsideError(f"{name} failed: {done.stderr[-400:]}", permanent=False)
