"""`make run`: the whole product on this machine, until Ctrl-C.

With DATABASE_URL and REDIS_URL set it uses those; otherwise it starts engines of its own under
`var/`, where they keep their data. PORT chooses the port of the portal, HOST the address.
"""

import contextlib
import importlib.util
import json
import os
import re
import secrets
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.engines import DEFAULT_VAR_DIR, ROOT, Engines, ensure_engines
from tools.errors import SetupError
from tools.processes import (
    AlreadyHeldError,
    exclusive_lock,
    free_port,
    own_folder,
    write_private,
)
from tools.services import PRODUCT, SANDBOXES, Service
from tools.supervisor import Program, StoppedError, Supervisor, stop_on_signals, terminal

WEB_PORT = 8000
WEB_PORTS_TRIED = 50
STEP_TIMEOUT_S = 600.0
READY_TIMEOUT_S = 90.0
READY_PATH = "/health/ready"
# Of the seed only its parts with their time are shown; the rest is in its log.
SEED_ROUTINE = r"^(?!.* \([\d.]+ s\)$)"
LOGINS = "Who signs in:"


class Ports:
    """Ports by name, remembered in a file: what the demo data points at must stay where it is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ports: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}

    def claim(self, name: str) -> int:
        self._ports[name] = free_port(self._ports.get(name))
        write_private(self._path, json.dumps(self._ports, indent=1))
        return self._ports[name]


def web_port(environment: Mapping[str, str]) -> int:
    """The port that was asked for, or the first free one from 8000 up."""
    asked = environment.get("PORT")
    if asked:
        if not asked.isdigit() or not 0 < int(asked) < 65536:
            raise SetupError(f"PORT={asked} is not a port: it must be a number from 1 to 65535.")
        if free_port(int(asked)) != int(asked):
            raise SetupError(f"Port {asked} is taken by another program. Choose another PORT.")
        return int(asked)
    for port in range(WEB_PORT, WEB_PORT + WEB_PORTS_TRIED):
        if free_port(port) == port:
            return port
    return free_port()


def present(services: tuple[Service, ...]) -> list[Service]:
    """The services whose module exists."""
    found = []
    for service in services:
        with contextlib.suppress(ModuleNotFoundError):
            if importlib.util.find_spec(service.module) is not None:
                found.append(service)
    return found


def secret_key(var_dir: Path) -> str:
    """A key of this machine's own, made once: no key that anyone else knows is ever used."""
    path = var_dir / "secret_key"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(48))
    return path.read_text()


@contextlib.contextmanager
def engine_environment(var_dir: Path) -> Iterator[dict[str, str]]:
    """The addresses of the engines: those of the environment, or engines of our own."""
    given = [name for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)]
    if len(given) == 1:
        raise SetupError(
            f"{given[0]} is set and the other of DATABASE_URL and REDIS_URL is not. Set both to "
            "use engines of yours, or neither to get engines under var/."
        )
    if given:
        yield {}
        return
    engines: Engines = ensure_engines(var_dir)
    with engines:
        yield engines.environment()


class Run:
    """One run of the product."""

    def __init__(self, supervisor: Supervisor, var_dir: Path, engines: dict[str, str]) -> None:
        self._supervisor = supervisor
        self._var_dir = var_dir
        self._services = present(SANDBOXES), present(PRODUCT)
        self._host = os.environ.get("HOST", "127.0.0.1")
        self._ports = self._claim_ports()
        self._environment = self._base_environment() | engines | self._port_variables()
        self.address = f"http://{self._host}:{self._ports['web']}"

    def up(self) -> None:
        """Migrate, seed, start everything, and say where it is."""
        sandboxes, product = (
            [self._program(service) for service in group] for group in self._services
        )
        self._lay_schema()
        (self._var_dir / "sandbox").mkdir(exist_ok=True)
        for program in sandboxes:
            self._supervisor.start(program)
        for program in sandboxes:
            self._supervisor.wait_ready(program, timeout_s=READY_TIMEOUT_S)
        seeded = self._manage("seed_demo", "--logins", LOGINS, routine=SEED_ROUTINE)
        for program in product:
            self._supervisor.start(program)
        self._wait_for_answer()
        logins = seeded.partition(LOGINS)[2].strip()
        self._supervisor.console.say(f"\n{logins}\n\nThe back office is at {self.address}")
        if "sandbox_bank" in self._ports:
            bank = f"http://127.0.0.1:{self._ports['sandbox_bank']}/"
            self._supervisor.console.say(f"The sandbox's bank, with its statements, is at {bank}")
        self._supervisor.console.say(f"What each program says is in {self._var_dir / 'log'}/")
        self._supervisor.console.say("Ctrl-C stops everything; `make reset` starts over.\n")

    def _lay_schema(self) -> None:
        """One line before and one after: which migrations they were stands in the log."""
        console, started = self._supervisor.console, time.monotonic()
        console.relay("migrate", "bringing the schema up to date")
        said = self._manage("migrate", "--noinput", "--verbosity", "1", echo=False)
        took = time.monotonic() - started
        console.relay("migrate", f"{migrations_told(said)} ({took:.1f} s)")

    def _manage(self, *arguments: str, echo: bool = True, routine: str = "") -> str:
        step = Program(
            name=arguments[0],
            command=[sys.executable, "manage.py", *arguments],
            environment=self._environment,
            routine=re.compile(routine) if routine else None,
        )
        return self._supervisor.run(step, timeout_s=STEP_TIMEOUT_S, echo=echo)

    def _program(self, service: Service) -> Program:
        places = self._ports | {"host": self._host, "var": str(self._var_dir)}
        return Program(
            name=service.name,
            command=[part.format(**places) for part in service.command],
            environment=self._environment,
            ready=re.compile(service.ready) if service.ready else None,
            routine=re.compile(service.routine) if service.routine else None,
        )

    def _claim_ports(self) -> dict[str, int]:
        remembered = Ports(self._var_dir / "ports.json")
        ports = {
            name: remembered.claim(name)
            for group in self._services
            for service in group
            for name in service.ports
            if name != "web"
        }
        return ports | {"web": web_port(os.environ)}

    def _base_environment(self) -> dict[str, str]:
        defaults = {
            "BACKOFFICE_VAR": str(self._var_dir),
            "DJANGO_SETTINGS_MODULE": "backoffice.settings.development",
            "SECRET_KEY": secret_key(self._var_dir),
            "ALLOWED_HOSTS": f"{self._host},localhost,127.0.0.1,.localhost",
            "PYTHONUNBUFFERED": "1",
            # As root, Celery fills the screen with advice for production.
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        }
        return defaults | os.environ

    def _port_variables(self) -> dict[str, str]:
        return {f"{name.upper()}_PORT": str(port) for name, port in self._ports.items()}

    def _wait_for_answer(self) -> None:
        """Wait until the readiness page says 200."""
        answer = "nothing"
        for _ in range(int(READY_TIMEOUT_S / 0.25)):
            self._supervisor.pause(0.25)
            answer = readiness(f"http://127.0.0.1:{self._ports['web']}{READY_PATH}")
            if answer == "200":
                return
        raise SetupError(
            f"{self.address}{READY_PATH} was not ready within {READY_TIMEOUT_S:.0f} s: {answer}."
        )


def migrations_told(said: str) -> str:
    """How many migrations ran, from what ``migrate`` said."""
    applied = sum(line.endswith("... OK") for line in said.splitlines())
    return f"{applied} migrations applied" if applied else "nothing to apply"


def readiness(url: str) -> str:
    """The status that the page answers with, or why there is no answer."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310  # http only
            return str(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return f"{error.code} {error.read(500).decode(errors='replace')}"
    except OSError as error:
        return str(error)


def run(var_dir: Path) -> None:
    """Run the product until asked to stop."""
    var_dir = own_folder(var_dir)
    console = terminal()
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(exclusive_lock(var_dir / "run.lock", wait=False))
        except AlreadyHeldError:
            where = log_address(var_dir)
            raise SetupError(
                f"It already runs{where}. Stop that one with Ctrl-C, or `make reset`."
            ) from None
        supervisor = Supervisor(var_dir=var_dir, console=console, cwd=ROOT)
        stop_on_signals(supervisor)
        engines = stack.enter_context(engine_environment(var_dir))
        stack.enter_context(supervisor)
        product = Run(supervisor, var_dir, engines)
        write_private(
            var_dir / "run.json", json.dumps({"pid": os.getpid(), "address": product.address})
        )
        with contextlib.suppress(StoppedError):
            product.up()
            supervisor.watch()
        asked_by = f": {supervisor.asked_by} came" if supervisor.asked_by else ""
        console.say(f"\nStopping{asked_by}.")


def log_address(var_dir: Path) -> str:
    """Where the running one answers, when it has said so."""
    try:
        return f" at {json.loads((var_dir / 'run.json').read_text())['address']}"
    except (OSError, ValueError, KeyError):
        return ""


if __name__ == "__main__":
    try:
        run(DEFAULT_VAR_DIR)
    except SetupError as error:
        sys.exit(f"\n{error}")
