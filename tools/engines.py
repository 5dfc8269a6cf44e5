"""PostgreSQL and Valkey for a machine that has neither: `ensure_engines(var_dir)`.

The engines keep their data, ports and passwords under one folder. They belong to everyone who
uses them at the moment (the running product, a test run, a benchmark): the first user starts
them, the last one stops them. A user is a lock that the kernel takes back, so that a killed
process counts as gone and the next one finds its engines or starts them again.

    python -m tools.engines exec -- COMMAND ...   run a command with the engines in its environment,
                                                  and the key of the product that `make run` made
    python -m tools.engines stop                  stop them, whoever uses them
"""

import contextlib
import fcntl
import json
import os
import secrets
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tools.errors import SetupError
from tools.postgres import PostgresCluster, PostgresPasswords, postgres_programs
from tools.processes import exclusive_lock, free_port, own_folder, write_private
from tools.valkey import ValkeyServer

ROOT = Path(__file__).parents[1]
DEFAULT_VAR_DIR = Path(os.environ.get("BACKOFFICE_VAR", ROOT / "var"))
PASSWORD_BYTES = 18


def new_password() -> str:
    """Safe inside a URL."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


@dataclass(kw_only=True)
class EnginesState:
    """What `engines.json` remembers between runs; what it does not know yet is made anew."""

    postgres_port: int | None = None
    valkey_port: int | None = None
    superuser_password: str = field(default_factory=new_password)
    owner_password: str = field(default_factory=new_password)
    app_password: str = field(default_factory=new_password)
    backup_password: str = field(default_factory=new_password)
    valkey_password: str = field(default_factory=new_password)

    @classmethod
    def load(cls, path: Path) -> "EnginesState":
        """Read the file, or make new passwords when there is none."""
        if not path.exists():
            if (path.parent / "postgres" / "PG_VERSION").exists():
                raise SetupError(
                    f"{path}, which holds the passwords of the database beside it, is gone. "
                    "Start over with `make reset`."
                )
            return cls()
        try:
            return cls(**json.loads(path.read_text()))
        except (ValueError, TypeError):
            raise SetupError(f"{path} can't be read. Start over with `make reset`.") from None

    def save(self, path: Path) -> None:
        write_private(path, json.dumps(asdict(self), indent=1))


@dataclass(kw_only=True)
class Engines:
    """Addresses of running engines. Stop them with `stop()` or by leaving the `with` block.

    database_url connects as the runtime role, owner_url as the role that owns the schema,
    backup_url as the role that pg_dump and the restore drill use.
    """

    database_url: str
    owner_url: str
    backup_url: str
    superuser_url: str
    redis_url: str
    programs: Path
    _var_dir: Path
    _users: IO[str]

    def environment(self) -> dict[str, str]:
        """The variables that the settings read, and psql, pg_dump and pgbench on the PATH."""
        return {
            "DATABASE_URL": self.database_url,
            "DATABASE_OWNER_URL": self.owner_url,
            "DATABASE_BACKUP_URL": self.backup_url,
            "REDIS_URL": self.redis_url,
            "PATH": f"{self.programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        }

    def stop(self) -> None:
        """Leave the engines; they stop when nobody else uses them. A second call does nothing."""
        if self._users.closed:
            return
        with exclusive_lock(self._var_dir / "engines.lock"), self._users:
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            _stop_both(self._var_dir)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def ensure_engines(var_dir: Path, *, durable: bool = True) -> Engines:
    """Start both engines in `var_dir`, or join those that run there.

    `durable=False` is for databases that are thrown away: a power cut may lose them.
    Raises SetupError with a sentence for a person.
    """
    var_dir = own_folder(var_dir)
    state_path = var_dir / "engines.json"
    with exclusive_lock(var_dir / "engines.lock"):
        users = (var_dir / "users.lock").open("a")
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            state = EnginesState.load(state_path)
            state.save(state_path)
            postgres = _postgres(var_dir, state, durable=durable)
            valkey = _valkey(var_dir, state, durable=durable)
            state.postgres_port = _start_postgres(postgres, state.postgres_port)
            state.valkey_port = _start_valkey(valkey, state.valkey_port)
            state.save(state_path)
            postgres.create_roles(state.postgres_port)
        except BaseException:
            users.close()
            raise
    return Engines(
        database_url=postgres.url("backoffice_app", state.app_password, state.postgres_port),
        owner_url=postgres.url("backoffice_owner", state.owner_password, state.postgres_port),
        backup_url=postgres.url("backoffice_backup", state.backup_password, state.postgres_port),
        superuser_url=postgres.url("postgres", state.superuser_password, state.postgres_port),
        redis_url=valkey.url(state.valkey_port),
        programs=postgres_programs(),
        _var_dir=var_dir,
        _users=users,
    )


def stop_engines(var_dir: Path) -> None:
    """Stop the engines of a folder, whoever uses them."""
    if var_dir.exists():
        with exclusive_lock(var_dir / "engines.lock"):
            _stop_both(var_dir.resolve())


def _stop_both(var_dir: Path) -> None:
    unknown = EnginesState()
    _valkey(var_dir, unknown, durable=True).stop()
    _postgres(var_dir, unknown, durable=True).stop()


def _postgres(var_dir: Path, state: EnginesState, *, durable: bool) -> PostgresCluster:
    return PostgresCluster(
        data_dir=var_dir / "postgres",
        socket_dir=var_dir / "sockets",
        log=var_dir / "log" / "postgres.log",
        passwords=PostgresPasswords(
            superuser=state.superuser_password,
            owner=state.owner_password,
            app=state.app_password,
            backup=state.backup_password,
        ),
        durable=durable,
    )


def _valkey(var_dir: Path, state: EnginesState, *, durable: bool) -> ValkeyServer:
    return ValkeyServer(
        data_dir=var_dir / "valkey",
        log=var_dir / "log" / "valkey.log",
        password=state.valkey_password,
        durable=durable,
    )


def _start_postgres(postgres: PostgresCluster, remembered_port: int | None) -> int:
    running = postgres.running()
    if running is not None:
        return running[1]
    port = free_port(remembered_port)
    postgres.create()
    postgres.start(port)
    return port


def _start_valkey(valkey: ValkeyServer, remembered_port: int | None) -> int:
    running = valkey.running()
    if running is not None:
        return running[1]
    port = free_port(remembered_port)
    valkey.start(port)
    return port


def product_key(var_dir: Path) -> dict[str, str]:
    """The key of the product that lives there: without it a command can't read what is sealed, and
    takes the signatures in the audit trail for a stranger's."""
    path = var_dir / "secret_key"
    return {"SECRET_KEY": path.read_text()} if path.exists() else {}


def main(arguments: list[str]) -> int:
    match arguments:
        case ["exec", "--", *command] if command:
            with ensure_engines(DEFAULT_VAR_DIR) as engines:
                environment = product_key(DEFAULT_VAR_DIR) | os.environ | engines.environment()
                return subprocess.run(command, env=environment, check=False).returncode
        case ["stop"]:
            stop_engines(DEFAULT_VAR_DIR)
            return 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        try:
            sys.exit(main(sys.argv[1:]))
        except SetupError as error:
            sys.exit(str(error))
