"""The web, the worker and the clock of the product, each a real process that can be killed.

They are forked by one process that has everything imported and no thread, so that another web
stands in a tenth of a second.
"""

import ctypes
import os
import signal
import socket
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings
from django.db import connections

from tests.faults.traps import Kind, Trap
from tools.processes import is_alive

_fork = get_context("fork")
PR_SET_PDEATHSIG = 1
GONE_S = 20.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def serve_web(trap: Trap, port: int, folder: Path) -> None:
    from gunicorn.app.base import BaseApplication

    from backoffice.wsgi import application

    class Web(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        def load_config(self) -> None:
            chosen = {
                "bind": f"127.0.0.1:{port}",
                "workers": 1,
                "worker_class": "gthread",
                "threads": 4,
                "control_socket_disable": True,
                "loglevel": "warning",
            }
            for name, value in chosen.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return application

    trap.lay(Kind.WEB)
    Web().run()


def serve_worker(trap: Trap, port: int, folder: Path) -> None:
    from backoffice.celery import app

    trap.lay(Kind.WORKER)
    options = [
        "--concurrency",
        "2",
        "--without-gossip",
        "--without-mingle",
        "--loglevel",
        "WARNING",
    ]
    app.worker_main(["--quiet", "worker", *options])


def serve_clock(trap: Trap, port: int, folder: Path) -> None:
    from backoffice.celery import app

    app.Beat(schedule=str(folder / "beat"), pidfile=None, quiet=True, loglevel="WARNING").run()


PROGRAMS: dict[str, Callable[[Trap, int, Path], None]] = {
    "web": serve_web,
    "worker": serve_worker,
    "clock": serve_clock,
}


class Product:
    """The three of them. Make it before this process has threads of its own."""

    def __init__(self, trap: Trap, broker_url: str, folder: Path) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self._pids: dict[str, int] = {}
        self._ask, answer = Pipe()
        for connection in connections.all(initialized_only=True):
            connection.close()  # nothing is shared
        given = (answer, trap, broker_url, self.port, folder)
        self._parent = _fork.Process(target=_fork_on, args=given)
        self._parent.start()
        answer.close()

    def start(self) -> None:
        """What does not run of the three."""
        for name in PROGRAMS:
            if not self._runs(name):
                self._sweep(name)
                self._ask.send(name)
                self._pids[name] = self._ask.recv()

    def kill(self) -> None:
        """All three, at once."""
        for name in PROGRAMS:
            self._sweep(name)

    def stop(self) -> None:
        self.kill()
        self._ask.send("")
        self._ask.close()
        self._parent.join(GONE_S)
        self._parent.kill()

    def said(self) -> str:
        """The end of what each of them wrote, for a test that failed."""
        return "\n".join(
            f"--- {name}\n{log.read_text(errors='replace')[-3000:]}"
            for name in PROGRAMS
            if (log := self.folder / f"{name}.log").exists()
        )

    def _runs(self, name: str) -> bool:
        with suppress(psutil.NoSuchProcess, KeyError):
            return is_alive(psutil.Process(self._pids[name]))
        return False

    def _sweep(self, name: str) -> None:
        """It and every process that it started: they are a group."""
        pid = self._pids.pop(name, 0)
        deadline = time.monotonic() + GONE_S
        while pid and time.monotonic() < deadline and (members := _living(pid)):
            for member in members:
                with suppress(ProcessLookupError):
                    os.kill(member, signal.SIGKILL)
            time.sleep(0.01)


def _living(group: int) -> list[int]:
    """Its processes, but for those that only wait for their parents to notice."""
    found = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getpgid(process.pid) == group and is_alive(process):
                found.append(process.pid)
    return found


def _fork_on(asked: Connection, trap: Trap, broker_url: str, port: int, folder: Path) -> None:
    """Fork a program for each name that is asked for, until none is."""
    _end_with_parent()
    warnings.resetwarnings()
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    settings.CELERY_BROKER_URL = settings.REDIS_URL = broker_url
    _import_all(broker_url)
    with suppress(EOFError):
        while name := asked.recv():
            child = _fork.Process(target=_run, args=(name, trap, port, folder))
            child.start()
            asked.send(child.pid)
            _fork.active_children()  # takes leave of those that have ended


def _import_all(broker_url: str) -> None:
    from django.urls import get_resolver

    from backoffice.celery import app
    from backoffice.wsgi import application

    app.conf.update(broker_url=broker_url)
    app.loader.import_default_modules()
    assert application is not None
    assert get_resolver().url_patterns


def _run(name: str, trap: Trap, port: int, folder: Path) -> None:
    os.setsid()
    _end_with_parent()
    log = os.open(folder / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.stdout, sys.stderr = os.fdopen(1, "w", buffering=1), os.fdopen(2, "w", buffering=1)
    sys.argv = [name]
    PROGRAMS[name](trap, port, folder)


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
