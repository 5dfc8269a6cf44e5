"""The handshake, and what a connection may do without one."""

import socket
import ssl
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.mt5 import Manager, Mt5Server, Right, Settings
from sandbox.mt5.crypto import password_digest, random_answer
from tests.sandbox.clients import RawClient, RestClient
from tests.sandbox.conftest import add_user


def start(client: RestClient, **changes: object) -> dict[str, str]:
    params = {"version": 3661, "agent": "Web", "login": 1000, "type": "manager", **changes}
    return client.call("/api/auth/start", **params)


def test_the_hashes_are_those_of_the_documented_example() -> None:
    digest = password_digest("Password1")
    assert digest.hex() == "904ba8ecb16273d2f0ae9c3b8a023752"
    answer = random_answer(digest, "73007dc7184747ce0f7c98516ef1c851")
    assert answer == "77fe51827f7fa69dd80fbec9aa33f1bb"
    answer = random_answer(digest, "4db98fec17aab4dc5a240bdc659e8395")
    assert answer == "1732021b1b332f51660b2b315eed3a35"


def test_a_client_that_proves_its_password_gets_a_session_over_tls() -> None:
    with Mt5Server() as server, RestClient(server) as client:
        assert client.authenticate().retcode("/api/test/access") == 0


def test_the_certificate_names_127_0_0_1_and_localhost_and_has_the_stated_fingerprint() -> None:
    with Mt5Server() as server:
        text = ssl.get_server_certificate(("127.0.0.1", server.port))
        assert text.strip() == server.certificate_path.read_text().strip()
        context = ssl.create_default_context(cafile=str(server.certificate_path))
        for host in ("127.0.0.1", "localhost"):
            client = RestClient(server)
            client.http = type(client.http)(host, server.port, context=context)  # type: ignore[call-arg]
            assert start(client)["retcode"] == "0 Done"
            client.http.close()


def test_upper_case_hex_is_as_good(server: Mt5Server) -> None:
    with RestClient(server) as client:
        begun = start(client)
        proof = random_answer(password_digest("Password1"), begun["srv_rand"]).upper()
        answer = client.call("/api/auth/answer", srv_rand_answer=proof, cli_rand="AB" * 16)
        assert answer["retcode"] == "0 Done"
        assert answer["cli_rand_answer"] == random_answer(password_digest("Password1"), "ab" * 16)


@pytest.mark.parametrize(
    ("changes", "retcode"),
    [
        ({"version": 483}, "1010 Old version"),
        ({"type": "client"}, "1000 Invalid terminal type"),
        ({"agent": "two words"}, "3 Invalid parameters"),
        ({"agent": ""}, "3 Invalid parameters"),
        ({"login": "abc"}, "3 Invalid parameters"),
    ],
)
def test_a_wrong_start_is_refused(
    server: Mt5Server, changes: dict[str, object], retcode: str
) -> None:
    with RestClient(server) as client:
        assert start(client, **changes)["retcode"] == retcode


def test_a_wrong_password_ends_in_403_and_no_session(server: Mt5Server) -> None:
    with RestClient(server) as client:
        start(client)
        status, text = client.send(
            "/api/auth/answer", srv_rand_answer="00" * 16, cli_rand="ab" * 16
        )
        assert status == 403
        assert '"1001 Invalid account"' in text
        assert client.send("/api/test/access")[0] == 403


def test_an_unknown_manager_learns_it_only_at_the_answer(server: Mt5Server) -> None:
    with RestClient(server) as client:
        assert start(client, login=4711)["retcode"] == "0 Done"
        status, _ = client.send("/api/auth/answer", srv_rand_answer="00" * 16, cli_rand="ab" * 16)
        assert status == 403


def test_a_challenge_is_good_for_one_answer(server: Mt5Server) -> None:
    with RestClient(server) as client:
        begun = start(client)
        proof = random_answer(password_digest("Password1"), begun["srv_rand"])
        params: dict[str, Any] = {"srv_rand_answer": proof, "cli_rand": "ab" * 16}
        assert client.send("/api/auth/answer", **params)[0] == 200
        assert client.send("/api/auth/answer", **params)[0] == 403


def test_without_a_session_every_command_is_403(server: Mt5Server) -> None:
    with RestClient(server) as client:
        for path in ("/api/test/access", "/api/user/get", "/api/trade/balance", "/api/nonsense"):
            assert client.send(path)[0] == 403


def test_a_session_belongs_to_its_connection(server: Mt5Server, client: RestClient) -> None:
    assert client.retcode("/api/test/access") == 0
    with RestClient(server) as other:
        cookie = client.cookie.split(";")[0]
        assert other.send("/api/test/access", headers={"Cookie": cookie})[0] == 403


def test_a_required_cookie_has_to_come_back() -> None:
    with (
        Mt5Server(Settings(requires_cookie=True), plain=True) as server,
        RestClient(server) as client,
    ):
        client.authenticate()
        assert client.send("/api/test/access")[0] == 403
        cookie = {"Cookie": client.cookie.split(";")[0]}
        assert client.send("/api/test/access", headers=cookie)[0] == 200


def test_an_idle_session_is_dropped() -> None:
    with Mt5Server(Settings(idle_s=0.05), plain=True) as server:
        with RestClient(server) as client:
            client.authenticate()
            sock = client.http.sock
            assert sock.recv(1) == b""
        with RawClient(server) as raw:
            raw.authenticate()
            assert raw.socket.recv(1) == b""


def test_a_manager_changes_its_own_api_password(server: Mt5Server, client: RestClient) -> None:
    check = {"login": 1000, "type": "api"}
    assert client.retcode("/api/user/check_password", password="Password1", **check) == 0
    assert client.retcode("/api/user/change_password", password="Chang3d#pass", **check) == 0
    assert client.retcode("/api/user/check_password", password="Password1", **check) == 3006
    assert client.retcode("/api/test/access") == 0
    with RestClient(server) as other:
        assert other.authenticate(password="Chang3d#pass").retcode("/api/test/access") == 0


def test_the_address_of_localhost_may_be_ipv6(server: Mt5Server) -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    for port in (server.port, server.tcp_port):
        socket.create_connection(("::1", port), 5).close()


def test_quit_closes_the_connection(server: Mt5Server, client: RestClient) -> None:
    assert client.retcode("/api/quit") == 0
    assert client.http.sock is None


def test_a_manager_from_an_unknown_address_is_refused() -> None:
    manager = Manager(2000, "Password1", networks=("10.0.0.0/8",))
    with (
        Mt5Server(Settings(managers=[manager]), plain=True) as server,
        RestClient(server) as client,
    ):
        assert start(client, login=2000)["retcode"].startswith("1012 ")


def test_a_manager_does_only_what_its_rights_allow() -> None:
    chief = Manager(1000, "Password1")
    reader = Manager(1001, "Password2", rights=frozenset({Right.ACCOUNTS}))
    with (
        Mt5Server(Settings(managers=[chief, reader]), plain=True) as server,
        RestClient(server) as client,
        RestClient(server) as limited,
    ):
        login = add_user(client.authenticate(), "real\\std-usd", Phone="+1 555 0100")
        limited.authenticate(1001, "Password2")
        refused = {"login": login, "type": 2, "balance": "10.00", "comment": "x"}
        assert limited.retcode("/api/trade/balance", **refused) == 8
        record = limited.answer("/api/user/get", login=login)
        assert (record["Name"], record["Phone"]) == ("", "")
        assert record["Group"] == "real\\std-usd"
        assert client.answer("/api/user/get", login=login)["Balance"] == "0.00"


def test_a_manager_sees_only_its_groups() -> None:
    chief = Manager(1000, "Password1")
    desk = Manager(1001, "Password2", groups="demo\\*,!demo\\vip*")
    with (
        Mt5Server(Settings(managers=[chief, desk]), plain=True) as server,
        RestClient(server) as client,
        RestClient(server) as limited,
    ):
        real = add_user(client.authenticate(), "real\\std-usd")
        demo = add_user(client, "demo\\forex-usd")
        limited.authenticate(1001, "Password2")
        assert limited.retcode("/api/user/get", login=real) == 8
        assert limited.answer("/api/user/logins", group="*") == [str(demo)]
        groups = limited.answer("/api/group/list")
        assert all(name.startswith("demo\\") for name in groups)


def test_the_clock_of_the_tests_is_frozen(server: Mt5Server, client: RestClient) -> None:
    wall = int(datetime(2026, 1, 14, 14, 0, tzinfo=UTC).timestamp())
    assert client.answer("/api/time/server") == {"time": f"{wall} 2026.01.14 14:00:00"}
