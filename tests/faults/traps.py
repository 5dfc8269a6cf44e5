"""Where something is killed: at the n-th step that a process of the product takes at its database.

A step is a statement or a commit. Processes look at shared memory, so that a trap can be set for
one that runs already; the product knows nothing of it.
"""

import os
import signal
from collections.abc import Callable
from ctypes import c_int
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from multiprocessing.sharedctypes import RawArray
from pathlib import Path
from typing import Any

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created


class Kind(IntEnum):
    """The process that comes to the step."""

    WEB = 1
    WORKER = 2


class Victim(IntEnum):
    """What is killed when it comes there."""

    PROCESS = 1  # the one that takes the step; its parent starts another
    PROGRAM = 2  # all processes of the web, or of the worker
    BACKEND = 3  # the database's process for it: the database restarts itself
    DATABASE = 4  # the database's first process: someone has to start it again


@dataclass(frozen=True)
class Plan:
    """``after``: when the step was taken, and before anyone heard of it."""

    kind: Kind
    victim: Victim
    step: int
    after: bool

    def __str__(self) -> str:
        moment = "after" if self.after else "before"
        return (
            f"{self.victim.name.lower()} of the {self.kind.name.lower()} {moment} step {self.step}"
        )


KIND, STEPS, VICTIM, AFTER, STRUCK = range(5)


class Trap:
    """One for all processes of a test: made before the first of them is."""

    def __init__(self, postmaster: Path) -> None:
        self._shared = RawArray(c_int, 5)
        self._postmaster = postmaster

    def set(self, plan: Plan) -> None:
        self._shared[VICTIM], self._shared[AFTER] = plan.victim, plan.after
        self._shared[STEPS] = plan.step
        self._shared[KIND] = plan.kind

    def clear(self) -> None:
        self._shared[KIND] = 0

    @property
    def struck(self) -> int:
        """How often it has."""
        return int(self._shared[STRUCK])

    def lay(self, kind: Kind) -> None:
        """In this process and in those that it starts, which are of ``kind``."""
        connection_created.connect(
            partial(self._connected, kind), weak=False, dispatch_uid="tests.faults"
        )

    def _connected(self, kind: Kind, connection: BaseDatabaseWrapper, **_: Any) -> None:
        connection.execute_wrappers.append(
            lambda execute, *given: self._step(kind, connection, partial(execute, *given))
        )
        raw = connection.connection
        # Beside the class's own: a commit is a step too, and the one that matters most.
        raw.commit = partial(self._step, kind, connection, raw.commit)

    def _step(self, kind: Kind, connection: BaseDatabaseWrapper, take: Callable[[], Any]) -> Any:
        if self._shared[KIND] != kind:
            return take()
        self._shared[STEPS] -= 1
        if self._shared[STEPS] > 0:
            return take()
        self.clear()
        if not self._shared[AFTER]:
            self._strike(connection)
            return take()
        take()
        self._strike(connection)
        connection.connection.close()
        raise OperationalError("the connection broke before the answer came")

    def _strike(self, connection: BaseDatabaseWrapper) -> None:
        self._shared[STRUCK] += 1
        match Victim(self._shared[VICTIM]):
            case Victim.PROCESS:
                os.kill(os.getpid(), signal.SIGKILL)
            case Victim.PROGRAM:
                os.killpg(os.getpgid(0), signal.SIGKILL)
            case Victim.BACKEND:
                os.kill(connection.connection.info.backend_pid, signal.SIGKILL)
            case Victim.DATABASE:
                os.kill(int(self._postmaster.read_text().split()[0]), signal.SIGKILL)
