"""Engines of a test's own, which it may kill: as durable as the product's, with the suite's schema
and its two brokerages in them."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from django.db import connection

from backoffice.core.database.url import database_from_url
from tools.engines import Engines, ensure_engines
from tools.processes import is_alive


@dataclass
class OwnDatabase:
    folder: Path
    engines: Engines

    @property
    def postmaster(self) -> Path:
        """The file whose first line is the number of the database's first process."""
        return self.folder / "postgres" / "postmaster.pid"

    def kill(self) -> None:
        """Without a word to anyone."""
        connection.close()
        os.kill(first_number(self.postmaster), signal.SIGKILL)

    def revive(self) -> None:
        """Start it again unless it does so by itself; returns when it takes connections."""
        while server_runs(self.postmaster):
            if self.answers():
                return
            time.sleep(0.02)
        again = ensure_engines(self.folder)
        self.engines.stop()  # one user of the two
        self.engines = again

    def answers(self) -> bool:
        try:
            psycopg.connect(self.engines.database_url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def server_runs(postmaster: Path) -> bool:
    try:
        return is_alive(psutil.Process(first_number(postmaster)))
    except (OSError, ValueError, psutil.NoSuchProcess):
        return False


def first_number(pid_file: Path) -> int:
    return int(pid_file.read_text().split()[0])


@contextmanager
def own_database() -> Iterator[OwnDatabase]:
    """Django is led to it, in this process and in those that it forks."""
    connection.close()
    suites = dict(connection.settings_dict)
    with tempfile.TemporaryDirectory(prefix="backoffice-faults-") as name:
        own = OwnDatabase(Path(name), ensure_engines(Path(name)))
        try:
            _copy(suites, own.engines)
            there = database_from_url(own.engines.database_url)
            connection.settings_dict.update(
                there | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
            )
            yield own
        finally:
            with suppress(OSError, ValueError):  # thrown away: it need not put itself in order
                own.kill()
            connection.settings_dict.update(suites)
            own.engines.stop()


def _copy(suites: dict[str, object], engines: Engines) -> None:
    """The suite's database, without what it keeps beside the product's tables."""
    source = f"{os.environ['TEST_DATABASE_URL'].rsplit('/', 1)[0]}/{suites['NAME']}"
    programs = engines.programs
    with tempfile.TemporaryDirectory(prefix="backoffice-dump-") as folder:
        dump = f"{folder}/dump"
        options = ["-Fd", "-Z0", "-j2", "-N", "kept"]
        subprocess.run([programs / "pg_dump", *options, "-f", dump, source], check=True)
        subprocess.run(
            [
                programs / "pg_restore",
                "-j2",
                "--clean",
                "--if-exists",
                "-d",
                engines.superuser_url,
                dump,
            ],
            check=True,
            env={**os.environ, "PGOPTIONS": "-c synchronous_commit=off"},
        )
