"""What `make run` decides before it starts anything."""

import http.server
import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import run
from tools.errors import SetupError
from tools.processes import exclusive_lock
from tools.services import PRODUCT, SANDBOXES, Service

ROOT = Path(__file__).parents[2]


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_taken_port_that_was_asked_for_is_told(taken_port: int) -> None:
    with pytest.raises(SetupError, match=f"Port {taken_port} is taken"):
        run.web_port({"PORT": str(taken_port)})


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_what_is_not_a_port_is_told(port: str) -> None:
    with pytest.raises(SetupError, match="must be a number from 1 to 65535"):
        run.web_port({"PORT": port})


def test_the_next_free_port_is_taken_when_nothing_was_asked_for(
    taken_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "WEB_PORT", taken_port)
    assert run.web_port({}) != taken_port


def test_ports_are_remembered_and_move_when_taken(tmp_path: Path) -> None:
    first = run.Ports(tmp_path / "ports.json").claim("bank")
    assert run.Ports(tmp_path / "ports.json").claim("bank") == first
    with socket.create_server(("127.0.0.1", first)):
        moved = run.Ports(tmp_path / "ports.json").claim("bank")
    assert moved != first
    assert run.Ports(tmp_path / "ports.json").claim("bank") == moved


def test_the_secret_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    key = run.secret_key(tmp_path)
    assert len(key) >= 50
    assert run.secret_key(tmp_path) == key
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_half_an_environment_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1/0")
    with (
        pytest.raises(SetupError, match="REDIS_URL is set and the other"),
        run.engine_environment(tmp_path),
    ):
        pass


def test_engines_that_are_given_are_used_and_none_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://backoffice_app@127.0.0.1/backoffice")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1/0")
    with run.engine_environment(tmp_path) as environment:
        assert environment == {}
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_is_refused_with_the_address_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"pid": 1, "address": "http://127.0.0.1:8003"}))
    with (
        exclusive_lock(tmp_path / "run.lock"),
        pytest.raises(SetupError, match=r"It already runs at http://127.0.0.1:8003\. Stop"),
    ):
        run.run(tmp_path)


def test_a_service_whose_module_is_absent_is_passed_over() -> None:
    here = Service(name="here", module="json", command=())
    absent = Service(name="absent", module="sandbox.no_such_thing.__main__", command=())
    assert run.present((here, absent)) == [here]


def test_each_place_in_a_command_is_a_port_of_its_row_or_the_host() -> None:
    for service in (*SANDBOXES, *PRODUCT):
        places = dict.fromkeys((*service.ports, "host", "var"), "x")
        assert all(part.format(**places) for part in service.command)


@pytest.mark.parametrize(("status", "answer"), [(200, "200"), (503, "503 database: no answer")])
def test_readiness_tells_the_status_and_the_reason(status: int, answer: str) -> None:
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"database: no answer")

        def log_message(self, *_: object) -> None:
            """Silence."""

    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert run.readiness(f"http://127.0.0.1:{server.server_port}/") == answer
        thread.join(10)


def test_readiness_tells_why_there_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "refused" in run.readiness(f"http://127.0.0.1:{port}/")


def test_of_migrations_only_their_number_is_told() -> None:
    said = "Running migrations:\n  Applying core.0001_initial... OK\n  Applying core.0002_x... OK"
    assert run.migrations_told(said) == "2 migrations applied"
    assert run.migrations_told("  No migrations to apply.") == "nothing to apply"


@pytest.mark.parametrize(
    ("line", "shown"),
    [("aurora: money (14.2 s)", True), ("lists loaded", False), ("457 figures", False)],
)
def test_of_the_seed_only_its_parts_with_their_time_are_shown(line: str, shown: bool) -> None:
    assert (re.search(run.SEED_ROUTINE, line) is None) is shown
