"""Faults on demand, in process and over the control surface."""

import http.client
import json
from typing import Any

import pytest

from sandbox.mt5 import FaultKind, Mt5Server
from tests.sandbox.clients import RestClient

BALANCE = "/api/trade/balance"


def deposit(client: RestClient, login: int) -> tuple[int, str]:
    return client.send(BALANCE, method="POST", login=login, type=2, balance="10", comment="T-1")


def has_money(server: Mt5Server, login: int) -> bool:
    return server.account(login)["Balance"] == "10.00"


@pytest.mark.parametrize(
    ("kind", "is_applied"),
    [
        (FaultKind.TIMEOUT_BEFORE, False), (FaultKind.TIMEOUT_AFTER, True),
        (FaultKind.DROP_BEFORE, False), (FaultKind.DROP_AFTER, True),
    ],
)  # fmt: skip
def test_no_answer_leaves_the_operation_done_or_not(
    server: Mt5Server, login: int, kind: FaultKind, is_applied: bool
) -> None:
    server.fail_next("trade/balance", kind)
    with RestClient(server, timeout_s=0.2) as client:
        client.authenticate()
        with pytest.raises((TimeoutError, ConnectionError, http.client.HTTPException)):
            deposit(client, login)
    assert has_money(server, login) is is_applied
    assert server.calls("trade/balance")[0]["comment"] == "T-1"


def test_a_silent_connection_does_not_stop_the_others(
    server: Mt5Server, client: RestClient, login: int
) -> None:
    server.fail_next("user/total", FaultKind.TIMEOUT_BEFORE)
    with RestClient(server, timeout_s=0.05) as stuck:
        stuck.authenticate()
        with pytest.raises(TimeoutError):
            stuck.send("/api/user/total")
        assert client.retcode("/api/user/total") == 0


def test_a_slow_command_is_applied_after_the_client_has_given_up(
    server: Mt5Server, client: RestClient, login: int
) -> None:
    server.fail_next("trade/balance", FaultKind.SLOW, seconds=0.3)
    with RestClient(server, timeout_s=0.05) as impatient:
        impatient.authenticate()
        with pytest.raises(TimeoutError):
            deposit(impatient, login)
        assert not has_money(server, login)
    server.fail_next("user/total", FaultKind.SLOW_ANSWER, seconds=0.5)
    client.answer("/api/user/total")
    assert has_money(server, login)


def test_403_ends_the_session_and_a_new_handshake_heals(
    server: Mt5Server, client: RestClient, login: int
) -> None:
    server.fail_next("user/get", FaultKind.FORBIDDEN)
    assert client.send("/api/user/get", login=login)[0] == 403
    assert client.send("/api/user/get", login=login)[0] == 403
    assert client.authenticate().retcode("/api/user/get", login=login) == 0


def test_a_retcode_is_answered_with_or_without_the_operation(
    server: Mt5Server, client: RestClient, login: int
) -> None:
    server.fail_next("trade/balance", FaultKind.RETCODE, retcode=12)
    assert json.loads(deposit(client, login)[1]) == {"retcode": "12 Too frequent requests"}
    assert not has_money(server, login)
    server.fail_next("trade/balance", FaultKind.RETCODE_AFTER, retcode=9)
    assert json.loads(deposit(client, login)[1]) == {"retcode": "9 Operation timeout"}
    assert has_money(server, login)


def test_a_page_can_repeat_a_row(server: Mt5Server, client: RestClient, login: int) -> None:
    for number in range(3):
        server.balance(login, 1, comment=f"n{number}")
    server.fail_next("deal/get_page", FaultKind.DUPLICATE_ROWS)
    period: dict[str, Any] = {"from": 0, "to": 2**32}
    page = client.answer("/api/deal/get_page", login=login, **period)
    assert [one["Comment"] for one in page] == ["n0", "n0", "n1"]
    page = client.answer("/api/deal/get_page", login=login, **period)
    assert [one["Comment"] for one in page] == ["n0", "n1", "n2"]


def test_backslashes_can_come_unescaped_and_json_can_be_garbage(
    server: Mt5Server, client: RestClient, login: int
) -> None:
    server.fail_next("user/group", FaultKind.UNESCAPED)
    assert client.send("/api/user/group", login=login)[1] == (
        '{"retcode":"0 Done","answer":{"group":"real\\std-usd"}}'
    )
    server.fail_next("user/group", FaultKind.GARBAGE)
    with pytest.raises(json.JSONDecodeError):
        json.loads(client.send("/api/user/group", login=login)[1])
    assert client.answer("/api/user/group", login=login) == {"group": "real\\std-usd"}


def test_a_requote_ends_the_dealer_request_not_the_call(
    server: Mt5Server, client: RestClient, login: int
) -> None:
    server.balance(login, 1000)
    server.fail_next("dealer/send_request", FaultKind.REQUOTE)
    body = {
        "Action": "200", "Login": str(login), "Symbol": "EURUSD", "Volume": "100", "Type": "0",
    }  # fmt: skip
    codes = []
    for _ in range(2):
        number = client.answer("/api/dealer/send_request", method="POST", body=body)["id"]
        result = client.answer("/api/dealer/get_request_result", id=number)
        codes.append(result[number][0]["result"]["Retcode"])
    assert codes == ["10004 Requote", "10009 Request executed"]


def test_faults_wait_for_their_command_and_their_turn(
    server: Mt5Server, client: RestClient, login: int
) -> None:
    server.fail_next("deal/*", FaultKind.RETCODE, retcode=7, times=2, after=1)
    codes = []
    for _ in range(4):
        codes.append(client.retcode("/api/deal/get", ticket=1))
        assert client.retcode("/api/user/get", login=login) == 0
    assert codes == [13, 7, 7, 13]
    server.fail_next("*", FaultKind.DROP_BEFORE)
    server.clear_faults()
    assert client.retcode("/api/user/get", login=login) == 0


def test_a_shifted_clock_shows_in_the_time(server: Mt5Server, client: RestClient) -> None:
    before = int(client.answer("/api/time/server")["time"].split(" ")[0])
    server.shift_clock(-90)
    assert int(client.answer("/api/time/server")["time"].split(" ")[0]) == before - 90


def test_dropped_connections_have_to_authenticate_again(
    server: Mt5Server, client: RestClient
) -> None:
    server.drop_connections()
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        client.send("/api/test/access")
    client.http.close()
    assert client.send("/api/test/access")[0] == 403
    assert client.authenticate().retcode("/api/test/access") == 0


def control(
    client: RestClient, method: str, what: str, body: object = None
) -> tuple[int, dict[str, Any]]:
    status, text = client.send(
        f"/sandbox/{what}", method=method, body=body, headers={"X-Sandbox-Control": "yes"}
    )
    return status, json.loads(text)


def test_the_control_surface_needs_its_header_and_no_session(server: Mt5Server) -> None:
    with RestClient(server) as client:
        assert client.send("/sandbox/faults")[0] == 404
        assert control(client, "GET", "faults") == (200, {"faults": []})
        assert control(client, "GET", "nothing")[0] == 404


def test_the_control_surface_sets_and_clears_faults(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    fault = {"command": "user/get", "kind": "retcode", "retcode": 10, "times": 2}
    status, answer = control(client, "POST", "faults", fault)
    assert (status, answer["faults"][0]["times"]) == (200, 2)
    assert client.retcode("/api/user/get", login=login) == 10
    assert control(client, "DELETE", "faults")[0] == 200
    assert client.retcode("/api/user/get", login=login) == 0
    for wrong in ({"command": "x"}, {"command": "x", "kind": "no"}, {"kind": "slow"}, [1]):
        assert control(client, "POST", "faults", wrong)[0] == 400


def test_the_control_surface_trades_and_writes_deals(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    assert control(client, "POST", "balance", {"login": login, "amount": "1000"})[0] == 200
    assert control(client, "POST", "prices", {"symbol": "EURUSD", "bid": 1.1, "ask": 1.1})[0] == 200
    order = {"login": login, "symbol": "EURUSD", "side": "buy", "lots": "0.10"}
    status, opened = control(client, "POST", "positions", order)
    assert status == 200
    position = int(opened["deal"]["PositionID"])
    assert control(client, "POST", "positions/close", {"position": position})[0] == 200
    late = {"login": login, "time": "2026-01-02T10:00:00+00:00", "profit": "3", "action": 5}
    status, inserted = control(client, "POST", "deals", late)
    ticket = int(inserted["deal"]["Deal"])
    assert inserted["deal"]["Time"] == str(1767348000 + 7200)
    assert control(client, "PUT", "deals", {"ticket": ticket, "profit": "4"})[0] == 200
    assert server.account(login)["Balance"] == "1003.60"
    assert control(client, "DELETE", "deals", {"ticket": ticket})[0] == 200
    assert server.account(login)["Balance"] == "999.60"
    too_much = {**order, "lots": "90"}
    assert control(client, "POST", "positions", too_much) == (409, {"error": "NO_MONEY"})
    naive = {**late, "time": "2026-01-02T10:00:00"}
    assert control(client, "POST", "deals", naive)[0] == 400


def test_secrets_are_not_in_the_list_of_calls(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    client.retcode("/api/user/check_password", login=login, type="main", password="Hidden-77")
    status, answer = control(client, "GET", "calls")
    assert status == 200
    assert "Hidden-77" not in json.dumps(answer)
    assert answer["calls"][-1]["command"] == "user/check_password"
