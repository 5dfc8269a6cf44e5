"""One migrated database for all processes of a run: the first to come makes it, each copies it.

Migrating takes some twelve seconds of a processor, copying one.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.conf import settings
from django.db import connection

NAME = "TEST_TEMPLATE_DATABASE"
LOCK = 7_401_119  # only the tests take it
_ours: list[str] = []  # in the process that named it, and in no other


def name() -> None:
    """Give this run's template its name, before processes start that inherit the environment."""
    if NAME not in os.environ:
        os.environ[NAME] = f"test_template_{secrets.token_hex(4)}"
        _ours.append(os.environ[NAME])


def ensure() -> None:
    """Make the template unless another process has, and have the test database copied from it."""
    template, test = os.environ[NAME], connection.settings_dict["TEST"]
    with _alone():
        if not _exists(template):
            own, test["NAME"] = test["NAME"], f"{template}_making"
            was = connection.settings_dict["NAME"]
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
            connection.close()
            test["NAME"] = own
            settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = was
            with _superuser() as server:
                server.execute(f"ALTER DATABASE {template}_making RENAME TO {template}".encode())
    test["TEMPLATE"] = template


def drop() -> None:
    """Drop the template: after the processes that copy it have ended."""
    while _ours:
        with _superuser() as server:
            server.execute(f"DROP DATABASE IF EXISTS {_ours.pop()}".encode())


@contextmanager
def _alone() -> Iterator[None]:
    with _superuser() as server:
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        yield  # the lock goes with the connection


def _exists(database: str) -> bool:
    with _superuser() as server:
        found = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
        return found.fetchone() is not None


def _superuser() -> psycopg.Connection:
    """Beside Django, which opens none in the process that only hands out the tests."""
    return psycopg.connect(os.environ["TEST_DATABASE_URL"], dbname="postgres", autocommit=True)
