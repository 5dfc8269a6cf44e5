"""Start programs, show what they say, start crashed ones again, stop them all in order."""

import contextlib
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from tools.errors import SetupError
from tools.processes import open_log, write_private

LINES_KEPT = 1000
LINES_TOLD = 20
LOOK_EVERY_S = 0.1
GRACE_S = 8.0
RESTARTS_MAX = 3
# A program that ran this long before it crashed is forgiven its earlier crashes.
STEADY_S = 60.0
COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)


class StoppedError(Exception):
    """A person asked us to stop."""


class Console:
    """The terminal, shared by all programs: one whole line at a time, behind its program's name."""

    def __init__(self, stream: IO[str], *, name_width: int = 11) -> None:
        self._stream = stream
        self._colourful = stream.isatty() and "NO_COLOR" not in os.environ
        self._width = name_width
        self._lock = threading.Lock()
        self._colours: dict[str, int] = {}
        self._next_colour = itertools.cycle(COLOURS)

    def say(self, text: str = "") -> None:
        """A line of our own."""
        with self._lock, contextlib.suppress(OSError):
            self._stream.write(text + "\n")
            self._stream.flush()

    def relay(self, name: str, line: str) -> None:
        """A line of a program's."""
        prefix = f"{name:<{self._width}} |"
        if self._colourful:
            if name not in self._colours:
                self._colours[name] = next(self._next_colour)
            prefix = f"\x1b[{self._colours[name]}m{prefix}\x1b[0m"
        self.say(f"{prefix} {line}")


@dataclass(kw_only=True)
class Program:
    """One program: how it starts, and what is known of it while it runs.

    `ready` is searched in each line it prints; without one it counts as ready once started.
    Lines in which `routine` is found go to its log only.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready: re.Pattern[str] | None = None
    routine: re.Pattern[str] | None = None
    restarts_max: int = RESTARTS_MAX
    process: subprocess.Popen[str] | None = None
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=LINES_KEPT))
    is_ready: threading.Event = field(default_factory=threading.Event)
    started_at: float = 0.0
    restarts: int = 0
    reader: threading.Thread | None = None

    @property
    def exit_code(self) -> int | None:
        return None if self.process is None else self.process.poll()


class Supervisor:
    """Runs programs until `request_stop()`; a context manager that leaves nothing behind.

    The programs get sessions of their own: Ctrl-C reaches us alone, and we stop them in order.
    """

    def __init__(self, *, var_dir: Path, console: Console, cwd: Path) -> None:
        self.console = console
        self._log_dir = var_dir / "log"
        self._roster = var_dir / "programs.json"
        self._cwd = cwd
        self._programs: list[Program] = []
        self._stop = threading.Event()
        self.asked_by = ""  # the signal that ended it, when it was not a person's Ctrl-C
        self._hurry = threading.Event()

    def request_stop(self, asked_by: str = "") -> None:
        """Ask for an orderly end; a second request makes it a quick one. Safe in a handler."""
        if self._stop.is_set():
            self._hurry.set()
        else:
            self.asked_by = asked_by
        self._stop.set()

    def running(self) -> list[Program]:
        return [program for program in self._programs if program.exit_code is None]

    def start(self, program: Program) -> None:
        """Start a program that is to run until the end."""
        self._raise_when_stopped()
        self._programs.append(program)
        self._launch(program)

    def run(self, program: Program, *, timeout_s: float, echo: bool = True) -> str:
        """Run a program to its end and return what it printed (of a long text, the end).

        Raises SetupError when it fails or takes too long, StoppedError when asked to stop.
        """
        self._raise_when_stopped()
        self._launch(program, echo=echo)
        deadline = time.monotonic() + timeout_s
        while program.exit_code is None:
            if self._stop.wait(LOOK_EVERY_S):
                self._end(program)
                raise StoppedError
            if time.monotonic() > deadline:
                self._end(program)
                raise SetupError(f"{program.name} took longer than {timeout_s:.0f} s.")
        self._finish_reading(program)
        if program.exit_code != 0:
            raise SetupError(self._obituary(program))
        return "\n".join(program.last_lines)

    def wait_ready(self, program: Program, *, timeout_s: float) -> None:
        """Wait until it has said that it is ready; SetupError when it ends or stays silent."""
        deadline = time.monotonic() + timeout_s
        while not program.is_ready.wait(LOOK_EVERY_S):
            self._raise_when_stopped()
            if program.exit_code is not None:
                raise SetupError(self._obituary(program))
            if time.monotonic() > deadline:
                raise SetupError(f"{program.name} was not ready within {timeout_s:.0f} s.")

    def pause(self, seconds: float) -> None:
        """Sleep, unless asked to stop, and look after the programs meanwhile."""
        if self._stop.wait(seconds):
            raise StoppedError
        for program in self._programs:
            if program.exit_code is not None:
                self._restart(program)

    def watch(self) -> None:
        """Look after the programs until asked to stop; SetupError when one keeps crashing."""
        with contextlib.suppress(StoppedError):
            while True:
                self.pause(LOOK_EVERY_S)

    def stop_all(self) -> None:
        """Stop what was started, the last first."""
        self._stop.set()
        for program in reversed(self._programs):
            if program.exit_code is None:
                self._end(program)
        self._roster.unlink(missing_ok=True)

    def sweep(self) -> None:
        """End what an earlier supervisor that was killed has left running."""
        if not self._roster.exists():
            return
        for pid, started_at in json.loads(self._roster.read_text()):
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                # Process ids are reused; the moment of birth tells ours from a stranger.
                if abs(psutil.Process(pid).create_time() - started_at) < 0.1:
                    os.killpg(pid, signal.SIGKILL)
        self._roster.unlink()

    def __enter__(self) -> "Supervisor":
        self.sweep()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_all()

    def _raise_when_stopped(self) -> None:
        if self._stop.is_set():
            raise StoppedError

    def _launch(self, program: Program, *, echo: bool = True) -> None:
        program.is_ready.clear()
        program.started_at = time.monotonic()
        program.process = subprocess.Popen(
            program.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=dict(program.environment),
            cwd=self._cwd,
            start_new_session=True,
        )
        if program.ready is None:
            program.is_ready.set()
        program.reader = threading.Thread(
            target=self._read, args=(program, program.process, echo), daemon=True
        )
        program.reader.start()
        self._remember(program.process)

    def _remember(self, process: subprocess.Popen[str]) -> None:
        """Note a process where `sweep` finds it, should we be killed."""
        living = [p.process for p in self._programs if p.process and p.exit_code is None]
        entries = []
        for known in {process, *living}:
            with contextlib.suppress(psutil.NoSuchProcess):
                entries.append((known.pid, psutil.Process(known.pid).create_time()))
        write_private(self._roster, json.dumps(entries))

    def _read(self, program: Program, process: subprocess.Popen[str], echo: bool) -> None:
        assert process.stdout is not None
        with open_log(self._log_dir / f"{program.name}.log") as log, process.stdout as lines:
            for line in lines:
                text = line.rstrip("\n")
                log.write(text.encode() + b"\n")
                log.flush()
                program.last_lines.append(text)
                if echo and not (program.routine and program.routine.search(text)):
                    self.console.relay(program.name, text)
                if program.ready is not None and program.ready.search(text):
                    program.is_ready.set()

    def _restart(self, program: Program) -> None:
        if time.monotonic() - program.started_at > STEADY_S:
            program.restarts = 0
        self._end(program)
        if program.restarts >= program.restarts_max:
            raise SetupError(self._obituary(program))
        program.restarts += 1
        self.console.say(
            f"{self._obituary(program)}\n"
            f"Starting {program.name} again ({program.restarts} of {program.restarts_max})."
        )
        self._launch(program)

    def _obituary(self, program: Program) -> str:
        lines = list(program.last_lines)[-LINES_TOLD:]
        tail = "\n".join(f"    {line}" for line in lines)
        return (
            f"{program.name} ended with code {program.exit_code}. Its last lines "
            f"(all of them: {self._log_dir / program.name}.log):\n{tail}"
        )

    def _end(self, program: Program) -> None:
        """End the program and whatever it started: politely, then not."""
        process = program.process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        while process.poll() is None and time.monotonic() < deadline and not self._hurry.is_set():
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(GRACE_S)
        self._finish_reading(program)

    def _finish_reading(self, program: Program) -> None:
        if program.reader is not None:
            program.reader.join(2)


def stop_on_signals(supervisor: Supervisor) -> None:
    """Ctrl-C, `kill` and a closed terminal all ask for an orderly end."""

    def asked(number: int, frame: object) -> None:
        supervisor.request_stop("" if number == signal.SIGINT else signal.Signals(number).name)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, asked)


def terminal() -> Console:
    return Console(sys.stdout)
