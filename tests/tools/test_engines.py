"""The embedded engines, started for real in a folder of their own."""

import contextlib
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from psycopg import sql
from redis.backoff import NoBackoff
from redis.retry import Retry

from tools.engines import Engines, ensure_engines, product_key, stop_engines
from tools.errors import SetupError
from tools.processes import is_alive
from tools.run import secret_key

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def var_dir() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that the engines' own account can reach.

    Not pytest's: each start of pytest closes the folder above all of its temporary ones.
    """
    with tempfile.TemporaryDirectory(prefix="backoffice-engines-") as name:
        yield Path(name)


@pytest.fixture
def engines(var_dir: Path) -> Iterator[Engines]:
    with ensure_engines(var_dir, durable=False) as running:
        yield running


def server_process(var_dir: Path) -> psutil.Process:
    return psutil.Process(int((var_dir / "postgres/postmaster.pid").read_text().splitlines()[0]))


def valkey_process(var_dir: Path) -> psutil.Process:
    return psutil.Process(int((var_dir / "valkey/server.pid").read_text().split()[0]))


def test_the_runtime_role_has_no_power_of_its_own(engines: Engines) -> None:
    with psycopg.connect(engines.database_url) as connection:
        row = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        owned = connection.execute(
            "SELECT count(*) FROM pg_shdepend WHERE deptype = 'o' AND refobjid = 'backoffice_app'"
            "::regrole"
        ).fetchone()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE loot (id int)")
    assert row == ("backoffice_app", False, False, False, False)
    assert owned == (0,)


def test_the_owner_owns_the_database_and_may_make_others(engines: Engines) -> None:
    with psycopg.connect(engines.owner_url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolbypassrls, pg_get_userbyid(datdba) FROM pg_roles, pg_database"
            " WHERE rolname = current_user AND datname = 'backoffice'"
        ).fetchone()
        connection.execute("CREATE DATABASE scratch")
        connection.execute("DROP DATABASE scratch")
        connection.execute("SET ROLE backoffice_app")
    assert row == (False, False, "backoffice_owner")


def test_the_backup_role_reads_what_row_security_hides_and_changes_nothing(
    engines: Engines, tmp_path: Path
) -> None:
    with psycopg.connect(engines.owner_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE hidden AS SELECT 'kept' AS word")
        owner.execute("ALTER TABLE hidden ENABLE ROW LEVEL SECURITY")
        owner.execute("ALTER TABLE hidden FORCE ROW LEVEL SECURITY")
        owner.execute("CREATE POLICY nobody ON hidden USING (false)")
        assert owner.execute("SELECT count(*) FROM hidden").fetchone() == (0,)
        with psycopg.connect(engines.backup_url, autocommit=True) as backup:
            for attack in (
                "DELETE FROM hidden",
                "UPDATE hidden SET word = ''",
                "DROP TABLE hidden",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    backup.execute(attack)
            backup.execute("CREATE DATABASE drill")
        dump = tmp_path / "dump"
        drill = engines.backup_url.removesuffix("backoffice") + "drill"
        programs = engines.programs
        subprocess.run([programs / "pg_dump", "-Fc", "-f", dump, engines.backup_url], check=True)
        subprocess.run([programs / "pg_restore", "-xO", "-d", drill, dump], check=True)
        with psycopg.connect(drill) as restored:
            assert restored.execute("SELECT word FROM hidden").fetchone() == ("kept",)
        owner.execute("DROP TABLE hidden")
    with psycopg.connect(engines.backup_url, autocommit=True) as backup:
        backup.execute("DROP DATABASE drill")


def test_passwords_that_an_older_version_did_not_know_are_made(var_dir: Path) -> None:
    with ensure_engines(var_dir, durable=False):
        pass
    state = json.loads((var_dir / "engines.json").read_text())
    del state["backup_password"]
    (var_dir / "engines.json").write_text(json.dumps(state))
    with (
        ensure_engines(var_dir, durable=False) as engines,
        psycopg.connect(engines.backup_url) as connection,
    ):
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_extensions_stand(engines: Engines) -> None:
    with psycopg.connect(engines.database_url) as connection:
        rows = connection.execute("SELECT extname FROM pg_extension ORDER BY 1").fetchall()
    assert [name for (name,) in rows] == ["btree_gist", "pg_trgm", "plpgsql"]


def test_nobody_gets_in_without_the_password(engines: Engines) -> None:
    without = psycopg.conninfo.conninfo_to_dict(engines.superuser_url) | {"password": "guess"}
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(**without)  # type: ignore[arg-type]  # values are str, as libpq takes them
    port = int(engines.redis_url.rsplit(":", 1)[1].split("/")[0])
    with (
        redis.Redis(host="127.0.0.1", port=port, retry=Retry(NoBackoff(), 0)) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_secrets_are_readable_by_their_owner_only(engines: Engines, var_dir: Path) -> None:
    assert (var_dir / "engines.json").stat().st_mode & 0o777 == 0o600
    assert (var_dir / "postgres").stat().st_mode & 0o777 == 0o700
    assert (var_dir / "valkey/valkey.conf").stat().st_mode & 0o777 == 0o600


def test_a_second_user_joins_and_the_last_one_stops_them(var_dir: Path) -> None:
    first = ensure_engines(var_dir, durable=False)
    server = server_process(var_dir)
    second = ensure_engines(var_dir, durable=False)
    assert second.database_url == first.database_url
    first.stop()
    first.stop()
    with psycopg.connect(second.database_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    second.stop()
    assert not is_alive(server)
    assert not (var_dir / "postgres/postmaster.pid").exists()


def test_data_and_ports_outlive_a_run(var_dir: Path) -> None:
    with ensure_engines(var_dir, durable=False) as engines:
        before = engines.database_url, engines.redis_url
        with psycopg.connect(engines.owner_url) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS answer")
    with ensure_engines(var_dir, durable=False) as engines:
        assert (engines.database_url, engines.redis_url) == before
        with psycopg.connect(engines.owner_url) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
            connection.execute("DROP TABLE kept")


def test_killed_engines_start_again(var_dir: Path) -> None:
    with ensure_engines(var_dir, durable=False):
        for process in (server_process(var_dir), valkey_process(var_dir)):
            process.kill()
            process.wait(10)
    assert (var_dir / "postgres/postmaster.pid").exists()
    with (
        ensure_engines(var_dir, durable=False) as engines,
        psycopg.connect(engines.database_url) as connection,
        redis.Redis.from_url(engines.redis_url) as broker,
    ):
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert broker.ping()


def test_a_pid_file_whose_number_another_program_wears_is_forgotten(var_dir: Path) -> None:
    with ensure_engines(var_dir, durable=False):
        lines = (var_dir / "postgres/postmaster.pid").read_text().splitlines()
    lines[0] = str(os.getpid())
    (var_dir / "postgres/postmaster.pid").write_text("\n".join(lines) + "\n")
    with ensure_engines(var_dir, durable=False):
        assert server_process(var_dir).pid != os.getpid()


def test_a_sockets_lock_whose_number_another_program_wears_is_forgotten(var_dir: Path) -> None:
    with ensure_engines(var_dir, durable=False):
        server = server_process(var_dir)
        [lock] = (var_dir / "sockets").glob(".s.PGSQL.*.lock")
        server.kill()
        server.wait(10)
    lock.write_text(lock.read_text().replace(str(server.pid), str(os.getpid())))
    with ensure_engines(var_dir, durable=False):
        assert server_process(var_dir).pid != os.getpid()


def test_a_taken_port_makes_room(var_dir: Path) -> None:
    with ensure_engines(var_dir, durable=False):
        pass
    port = json.loads((var_dir / "engines.json").read_text())["postgres_port"]
    with (
        socket.create_server(("127.0.0.1", port)),
        ensure_engines(var_dir, durable=False) as engines,
        psycopg.connect(engines.database_url) as connection,
    ):
        assert f":{port}/" not in engines.database_url
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_engines_of_a_killed_user_are_found_and_stopped(var_dir: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from tools.engines import ensure_engines;"
        f"e = ensure_engines(Path({str(var_dir)!r}), durable=False);"
        "print('up', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as user:
        assert user.stdout
        assert b"up\n" in iter(user.stdout.readline, b"")
        server = server_process(var_dir)
        user.send_signal(signal.SIGKILL)
    assert is_alive(server)
    with ensure_engines(var_dir, durable=False):
        assert server_process(var_dir).pid == server.pid
    assert not is_alive(server)


def test_stop_does_not_need_what_was_remembered(var_dir: Path) -> None:
    engines = ensure_engines(var_dir, durable=False)
    processes = server_process(var_dir), valkey_process(var_dir)
    remembered = (var_dir / "engines.json").read_text()
    (var_dir / "engines.json").unlink()
    stop_engines(var_dir)
    assert not any(is_alive(process) for process in processes)
    with pytest.raises(SetupError, match="make reset"):
        ensure_engines(var_dir, durable=False)
    (var_dir / "engines.json").write_text(remembered)
    engines.stop()


def test_another_user_s_data_is_left_alone(var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = pwd.getpwuid(os.geteuid()).pw_name
    before = sorted(path.name for path in var_dir.iterdir())
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(SetupError, match=f"belongs to the user {owner}"):
        ensure_engines(var_dir, durable=False)
    assert sorted(path.name for path in var_dir.iterdir()) == before


def test_a_cluster_of_another_version_is_refused(var_dir: Path) -> None:
    with ensure_engines(var_dir, durable=False):
        pass
    version_file = var_dir / "postgres/PG_VERSION"
    found = version_file.read_text()
    version_file.write_text("12\n")
    with pytest.raises(SetupError, match="was made by PostgreSQL 12"):
        ensure_engines(var_dir, durable=False)
    version_file.write_text(found)


@pytest.mark.parametrize("durable", [True, False])
def test_only_throwaway_engines_skip_safety(durable: bool) -> None:
    with (
        open_folder() as folder,
        ensure_engines(folder, durable=durable) as engines,
        psycopg.connect(engines.database_url) as connection,
        redis.Redis.from_url(engines.redis_url) as broker,
    ):
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            row = connection.execute(sql.SQL("SHOW {}").format(sql.Identifier(name))).fetchone()
            assert row == ("on" if durable else "off",)
        assert broker.config_get("appendonly") == {"appendonly": "yes" if durable else "no"}


def test_a_command_has_the_key_of_the_product_that_lives_there(tmp_path: Path) -> None:
    assert product_key(tmp_path) == {}
    made = secret_key(tmp_path)
    assert product_key(tmp_path) == {"SECRET_KEY": made}
