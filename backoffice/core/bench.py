"""Benchmarks: one thing measured beside its yardstick, in the same run, on a database of its own.

An app's ``bench.py`` registers what it measures; ``manage.py bench NAME`` runs it. Figures of one
run can be compared with each other, never with those of another machine or another hour.
"""

import json
import os
import platform
import secrets
import shutil
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection

from backoffice.core.tenant_tables import RUNTIME_ROLE

WORKER_PROCESSES = 4
WORKER_THREADS = 4
WARM_UP_S = 0.5


@dataclass(frozen=True)
class Figure:
    """``value`` and ``yardstick_value`` in ``unit``; ``yardstick`` says what it is held against."""

    name: str
    value: float
    unit: str
    yardstick: str
    yardstick_value: float

    @property
    def ratio(self) -> float:
        return self.value / self.yardstick_value if self.yardstick_value else 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "yardstick": self.yardstick,
            "yardstick_value": round(self.yardstick_value, 3),
            "ratio": round(self.ratio, 3),
        }


@dataclass(frozen=True)
class Options:
    """``quick`` asks for a small run that proves that it works; its figures mean nothing."""

    rounds: int = 5
    seconds: float = 6.0
    quick: bool = False
    scale: float = 1.0  # of the data, where a benchmark loads some; 1 is what is published
    only: tuple[str, ...] = ()  # of the parts of a benchmark that has several, such as pages
    say: Callable[[str], None] = print


@dataclass(frozen=True)
class BenchDatabase:
    """A database of the benchmark's own. ``owner_url`` may change the schema; ``runtime_url`` is
    what web and workers would connect with. ``programs`` holds pgbench, or is None when it is on
    the PATH.

    One that is kept for the next run (``--keep``) says in ``loaded`` what ``remember`` was told.
    """

    name: str
    owner_url: str
    runtime_url: str
    programs: Path | None
    loaded: Mapping[str, Any] = field(default_factory=dict)

    def remember(self, **facts: Any) -> None:
        """What is in it now, so that a later run need not load it again. As the owner."""
        text = json.dumps(facts).replace("'", "''")
        _execute(f"COMMENT ON DATABASE \"{self.name}\" IS '{text}'")

    def program(self, name: str) -> str:
        found = str(self.programs / name) if self.programs else shutil.which(name)
        if not found:
            raise FileNotFoundError(f"{name} is needed: install PostgreSQL's client programs.")
        return found


@dataclass(frozen=True)
class Goal:
    """What a figure has to reach: so many times its yardstick, or at most a value in its unit."""

    ratio_min: float | None = None
    value_max: float | None = None

    def met(self, value: float, ratio: float) -> bool:
        return (self.ratio_min is None or ratio >= self.ratio_min) and (
            self.value_max is None or value <= self.value_max
        )

    def __str__(self) -> str:
        if self.ratio_min is not None:
            return f"ratio >= {self.ratio_min:g}"
        return f"<= {self.value_max:g}"


Runner = Callable[[BenchDatabase, Options], list[Figure]]
_runners: dict[str, Runner] = {}
_goals: dict[tuple[str, str], Goal] = {}


def register(name: str, **goals: Goal) -> Callable[[Runner], Runner]:
    """``@register("ledger", single_post=Goal(...))`` over a function (database, options) ->
    figures; the goals go by the names of figures."""

    def decorate(runner: Runner) -> Runner:
        _runners[name] = runner
        _goals.update({(name, figure): goal for figure, goal in goals.items()})
        return runner

    return decorate


def runners() -> Mapping[str, Runner]:
    return dict(_runners)


def goal_of(bench: str, figure: str) -> Goal | None:
    """None for a figure that is only to be known."""
    return _goals.get((bench, figure))


def interleave(
    options: Options, sides: Mapping[str, Callable[[], float]], unit: str
) -> dict[str, float]:
    """Run every side once per round, in turns, so that a slow moment of the machine meets all of
    them; the middle of each side's rounds.

    A machine that is shared changes its pace from one minute to the next. So each round is set to
    the pace of the run first: the ratio of two sides is the middle one of their rounds' ratios.
    """
    results: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(1, options.rounds + 1):
        for name, measure in sides.items():
            results[name].append(measure())
        latest = ", ".join(f"{name} {values[-1]:,.0f}" for name, values in results.items())
        options.say(f"round {number}/{options.rounds}: {latest} {unit}")
    paces = [statistics.geometric_mean(values) for values in zip(*results.values(), strict=True)]
    pace = statistics.median(paces)
    return {
        name: statistics.median(
            value * pace / here for value, here in zip(values, paces, strict=True)
        )
        for name, values in results.items()
    }


def machine() -> str:
    """Processor, memory and versions, for whoever reads the figures later."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0].split()[0]
        cursor.execute(
            "SELECT string_agg(name || '=' || setting, ' ' ORDER BY name)"
            " FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit')"
        )
        durability = cursor.fetchone()[0]
    pages, page_size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return (
        f"{os.cpu_count()} x {_processor()}, {pages * page_size / 2**30:.0f} GB, "
        f"{platform.system()}, Python {platform.python_version()}, "
        f"PostgreSQL {version} ({durability})"
    )


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine()
    names = [line.split(":", 1)[1].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.machine()


@contextmanager
def bench_database(name: str, *, kept_as: str = "") -> Iterator[BenchDatabase]:
    """Create, migrate as the owner, connect this process to it as the runtime role, drop.

    With ``kept_as`` it is not dropped, and found again under that name; one that no run finished
    loading is made anew.
    """
    with _engine() as programs:
        database = f"bench_{name}_{kept_as or secrets.token_hex(4)}"
        owner_url = _with_name(os.environ["DATABASE_OWNER_URL"], database)
        runtime_url = _with_name(os.environ["DATABASE_URL"], database)
        before = connection.settings_dict["NAME"]
        loaded = _loaded(database)
        if not loaded:
            _drop(database)
            _execute(f'CREATE DATABASE "{database}"')
        try:
            _connect(database)
            call_command("migrate", verbosity=0, interactive=False)
            _connect(database, assume_role=RUNTIME_ROLE)
            yield BenchDatabase(database, owner_url, runtime_url, programs, loaded)
        finally:
            _connect(before)
            if not kept_as:
                _drop(database)
            connection.close()


def _loaded(database: str) -> dict[str, Any]:
    """What a run left in the database of that name; empty when there is none or it is not whole."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
            [database],
        )
        row = cursor.fetchone()
    return dict(json.loads(row[0])) if row and row[0] else {}


@contextmanager
def _engine() -> Iterator[Path | None]:
    """The configured PostgreSQL, or the embedded one."""
    if "DATABASE_URL" in os.environ:
        os.environ.setdefault("DATABASE_OWNER_URL", os.environ["DATABASE_URL"])
        yield None
        return
    from backoffice.core.database.url import database_from_url
    from tools.engines import ensure_engines

    with ensure_engines(settings.VAR_DIR) as engines:
        os.environ["DATABASE_URL"] = engines.database_url
        os.environ["DATABASE_OWNER_URL"] = engines.owner_url
        connection.close()
        connection.settings_dict.update(database_from_url(engines.owner_url))
        yield engines.programs


def _connect(database: str, *, assume_role: str = "") -> None:
    connection.close()
    connection.settings_dict["NAME"] = database
    connection.settings_dict["CONN_MAX_AGE"] = None
    connection.settings_dict["OPTIONS"].pop("assume_role", None)
    if assume_role:
        connection.settings_dict["OPTIONS"]["assume_role"] = assume_role


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _drop(database: str) -> None:
    """Plainly first: that sends an autovacuum worker away, which force may not end."""
    try:
        _execute(f'DROP DATABASE IF EXISTS "{database}"')
    except OperationalError:  # someone is still connected
        _execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')


def _with_name(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def child_environment(**more: str) -> dict[str, str]:
    """For a child process that measures another product: this Python, none of our settings."""
    ours = ("DJANGO_SETTINGS_MODULE", "BACKOFFICE_AS")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return kept | {"PYTHONPATH": os.pathsep.join(sys.path)} | more


def workers_rate(
    work: Callable[[int, float], int],
    seconds: float,
    *,
    processes: int = WORKER_PROCESSES,
    threads: int = WORKER_THREADS,
) -> float:
    """What all workers did per second, where ``work(process number, seconds)`` says how much one
    did: processes with threads, as a web server runs them. Each has a connection of its own."""
    connection.close()
    parent, child = os.pipe()
    started = [
        _worker(partial(work, number), seconds, threads, parent, child)
        for number in range(processes)
    ]
    os.close(child)
    with os.fdopen(parent) as answers:
        rates = [float(line) for line in answers]
    for pid in started:
        os.waitpid(pid, 0)
    assert len(rates) == processes * threads, "a worker failed"
    return sum(rates)


def _worker(
    work: Callable[[float], int], seconds: float, threads: int, parent: int, child: int
) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        os.close(parent)

        def measure() -> None:
            work(WARM_UP_S)  # a worker lives for hours: its first plans are not the subject
            begun = time.perf_counter()
            done = work(seconds)
            os.write(child, f"{done / (time.perf_counter() - begun)}\n".encode())
            connection.close()

        crew = [threading.Thread(target=measure) for _ in range(threads)]
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join()
    finally:
        os._exit(0)
