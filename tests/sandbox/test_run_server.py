"""The server as a process: `python -m sandbox.mt5`."""

import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pytest

from sandbox.mt5.__main__ import build_parser, make_server
from tests.sandbox.clients import RawClient, RestClient
from tests.sandbox.conftest import add_user, deposit

ROOT = Path(__file__).parents[2]


@dataclass
class Running:
    """Enough of a server for the clients: where it listens, and its certificate."""

    process: subprocess.Popen[str]
    port: int
    tcp_port: int
    plain: bool
    certificate_path: Path


@contextmanager
def running(*arguments: str) -> Iterator[Running]:
    command = [sys.executable, "-m", "sandbox.mt5", "--port", "0", "--tcp-port", "0", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        pattern = (
            r"ready: rest=(\w+)://127\.0\.0\.1:(\d+) tcp=127\.0\.0\.1:(\d+)(?: certificate=(.*))?"
        )
        match = re.fullmatch(pattern, line.strip())
        assert match is not None, line
        scheme, port, tcp_port, certificate = match.groups()
        yield Running(process, int(port), int(tcp_port), scheme == "http", Path(certificate or ""))
    finally:
        process.kill()
        process.communicate(timeout=10)


def stop(server: Running, number: signal.Signals) -> int:
    server.process.send_signal(number)
    return server.process.wait(10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_both_forms_and_leaves_cleanly(number: signal.Signals) -> None:
    with running() as server:
        with RestClient(server) as client, RawClient(server) as raw:
            login = add_user(client.authenticate(), "real\\std-eur")
            raw.authenticate(crypt="AES256OFB")
            assert raw.command("USER_GROUP", LOGIN=login)[0]["GROUP"] == "real\\\\std-eur"
            assert stop(server, number) == 0
        assert not server.certificate_path.exists()


def test_managers_groups_and_the_plain_port_can_be_chosen() -> None:
    arguments = (
        "--plain",
        "--manager",
        "77:S3cret:x",
        "--groups",
        "real\\a-eur,demo\\b-gbp",
        "--clients",
        "0",
    )
    with running(*arguments) as server, RestClient(server) as client:
        client.authenticate(77, "S3cret:x")
        groups = client.answer("/api/group/get", mask="*,!managers\\*")
        assert [(one["Group"], one["Currency"]) for one in groups] == [
            ("real\\a-eur", "EUR"), ("demo\\b-gbp", "GBP"),
        ]  # fmt: skip


def test_a_manager_is_kept_to_rights_and_groups() -> None:
    arguments = (
        "--plain", "--clients", "0", "--manager", "1000:Password1", "--manager", "1001:Password2",
        "--manager-rights", "1001:accounts,accounts_edit", "--manager-groups", "1001:real\\*-eur",
    )  # fmt: skip
    with running(*arguments) as server, RestClient(server) as chief, RestClient(server) as clerk:
        euro = add_user(chief.authenticate(), "real\\std-eur")
        dollar = add_user(chief, "real\\std-usd")
        clerk.authenticate(1001, "Password2")
        assert clerk.answer("/api/user/get", login=euro)["Login"] == str(euro)
        assert clerk.retcode("/api/user/get", login=dollar) == 8
        assert clerk.answer("/api/user/logins", group="*") == [str(euro)]
        assert clerk.retcode("/api/trade/balance", login=euro, type=2, balance=1) == 8
        assert clerk.retcode("/api/deal/get_page", login=euro) == 8


def test_wrong_limits_of_a_manager_are_refused_at_the_start() -> None:
    parser = build_parser()
    for arguments in (("--manager-rights", "1000:everything"), ("--manager-groups", "1000")):
        with pytest.raises(SystemExit):
            parser.parse_args(arguments)
    with pytest.raises(ValueError, match="no manager 1001"):
        make_server(parser.parse_args(["--manager-groups", "1001:*"]))


def test_killed_at_once_it_still_has_what_it_answered(tmp_path: Path) -> None:
    state = ("--plain", "--no-trading", "--state", str(tmp_path / "mt5.sqlite"))
    with running(*state) as server, RestClient(server) as client:
        login = add_user(client.authenticate(), "real\\std-usd")
        deposit(client, login, "12.34")
        stop(server, signal.SIGKILL)
    with running(*state) as server, RestClient(server) as client:
        client.authenticate()
        assert client.answer("/api/user/get", login=login)["Balance"] == "12.34"


def test_with_a_state_file_the_certificate_stays(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        with running("--state", str(tmp_path / "mt5.sqlite")) as server:
            seen.append(ssl.get_server_certificate(("127.0.0.1", server.port)))
    assert seen[0] == seen[1]


def test_accounts_and_deals_can_be_made_up_at_the_start() -> None:
    arguments = ("--plain", "--no-trading", "--accounts", "5", "--deals", "200")
    with running(*arguments) as server, RestClient(server) as client:
        counts = client.authenticate().answer("/api/common/get")
        assert (counts["TotalUsers"], counts["TotalDeals"]) == ("6", "200")


def test_clients_of_its_own_trade_all_day() -> None:
    with running("--plain", "--speed", "60") as server, RestClient(server) as client:
        client.authenticate()
        logins = client.answer("/api/user/logins", group="demo\\house-*")
        assert len(logins) == 12
        before = int(client.answer("/api/common/get")["TotalDeals"])
        deadline = monotonic() + 20
        while int(client.answer("/api/common/get")["TotalDeals"]) == before:
            assert monotonic() < deadline


def test_a_port_in_use_is_said_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "-m", "sandbox.mt5", "--port", str(taken.getsockname()[1])]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
        )
    assert done.returncode == 1
    assert done.stderr.startswith("cannot start: ")
    assert "Traceback" not in done.stderr
