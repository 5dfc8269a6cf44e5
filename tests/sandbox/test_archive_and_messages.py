"""The archive, backups of accounts, messages, and odd HTTP."""

import socket
from datetime import timedelta

import pytest

from sandbox.mt5 import Mt5Server
from tests.sandbox.clients import RestClient
from tests.sandbox.conftest import NOON, add_user, deposit


def test_an_archived_account_is_out_of_reach_until_restored(client: RestClient, login: int) -> None:
    deposit(client, login, "5")
    assert client.retcode("/api/user/archive/get", login=login) == 13
    assert client.retcode("/api/user/archive/add", login=login) == 0
    assert client.retcode("/api/user/get", login=login) == 13
    assert client.answer("/api/user/logins", group="real\\*") == []
    assert client.answer("/api/user/archive/get", login=login)["Balance"] == "5.00"
    for params in ({"login": f"{login},5"}, {"group": "real\\*"}):
        found = client.answer("/api/user/archive/get_batch", **params)
        assert [one["Login"] for one in found] == [str(login)]
    assert client.answer("/api/user/restore", login=login)["Login"] == str(login)
    assert client.answer("/api/user/get", login=login)["Balance"] == "5.00"
    assert client.retcode("/api/user/restore", login=login) == 13


def test_a_deleted_account_comes_back_from_a_backup(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    deposit(client, login, "5")
    moment = int(client.answer("/api/time/server")["time"].split(" ")[0])
    server.set_time(NOON + timedelta(hours=1))
    assert client.retcode("/api/user/delete", login=login) == 0
    path = "/api/user/backup/get"
    assert client.answer(path, login=login, backup=moment)["Balance"] == "5.00"
    assert client.retcode(path, login=login, backup=moment - 1) == 13
    assert client.retcode(path, login=login, backup=moment + 7200) == 13
    assert client.retcode("/api/user/backup/restore", login=login) == 0
    assert client.answer("/api/user/get", login=login)["Balance"] == "5.00"
    assert client.retcode("/api/user/backup/restore", login=login) == 3004


def test_an_account_comes_back_only_to_a_group_that_is_there(
    client: RestClient, server: Mt5Server
) -> None:
    body = {"Group": "real\\gone-usd", "Currency": "USD"}
    assert client.retcode("/api/group/add", method="POST", body=body) == 0
    shelved, deleted = (add_user(client, "real\\gone-usd") for _ in range(2))
    assert client.retcode("/api/user/archive/add", login=shelved) == 0
    assert client.retcode("/api/user/delete", login=deleted) == 0
    assert client.retcode("/api/group/delete", group="real\\gone-usd") == 0
    assert client.retcode("/api/user/restore", login=shelved) == 8
    assert client.retcode("/api/user/backup/restore", login=deleted) == 8
    server.run_market(1)
    assert client.retcode("/api/user/get_batch", group="*") == 0


def test_a_position_of_a_deleted_account_does_not_come_back(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    deposit(client, login, "1000")
    position = str(server.open_position(login, "EURUSD", "buy", "0.01")["PositionID"])
    assert client.retcode("/api/position/delete", ticket=position) == 0
    assert client.retcode("/api/user/delete", login=login) == 0
    body = {"Position": position}
    assert client.retcode("/api/position/backup/restore", method="POST", body=body) == 13
    server.run_market(1)
    assert client.retcode("/api/user/backup/restore", login=login) == 0
    assert client.retcode("/api/position/backup/restore", method="POST", body=body) == 0
    assert client.answer("/api/position/get_total", login=login) == {"total": "1"}


def test_notifications_reach_known_logins_and_mq_ids(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    other = add_user(client, "real\\std-eur", MQID="F5986B14")
    path = "/api/notification/send"
    assert client.answer(path, login=f"{login},5", text="hello") == [str(login)]
    assert client.answer(path, mq_id="F5986B14,00000000", text="hello") == [str(other)]
    assert client.retcode(path, login=login, text="x" * 1025) == 3
    assert client.retcode(path, login=login, text="") == 3
    assert client.retcode(path, text="hello") == 3
    assert client.retcode(path, login=5, text="hello") == 13
    assert [message.logins for message in server.core.messages] == [(login,), (other,)]


def test_mail_goes_to_logins_or_groups(client: RestClient, server: Mt5Server, login: int) -> None:
    assert client.retcode("/api/mail/send", to=str(login), subject="Hi", text="there") == 0
    assert client.retcode("/api/mail/send", to="real\\*", subject="All", text="of you") == 0
    assert client.retcode("/api/mail/send", to="5", subject="Nobody", text="x") == 13
    assert client.retcode("/api/mail/send", to=str(login), text="no subject") == 3
    assert [message.subject for message in server.core.messages] == ["Hi", "All"]


def test_the_text_of_a_mail_is_the_body_as_it_is(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    text = "<html><body>Grüße | 5 = 5\r\nbye</body></html>"
    for body in (text, "12345", "{ not JSON }", '{"Text": "from JSON"}'):
        sent = client.retcode(
            "/api/mail/send", method="POST", raw_body=body.encode(), to=login, subject="Hi",
            from_name="Ada B",
        )  # fmt: skip
        assert sent == 0
    sent = client.retcode(
        "/api/news/send", method="POST", raw_body=text.encode(), subject="Alert", category="A",
        language=0, priority=0,
    )  # fmt: skip
    assert sent == 0
    assert [message.text for message in server.core.messages] == [
        text, "12345", "{ not JSON }", "from JSON", text,
    ]  # fmt: skip


def test_mail_goes_to_ranges_of_logins_and_masks(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    euro = add_user(client, "real\\std-eur")
    for to in (f"1001-{login}", "real\\*,!real\\std-usd", f"{login},real\\std-eur", "*"):
        assert client.retcode("/api/mail/send", to=to, subject="s", text="t") == 0
    assert client.retcode("/api/mail/send", to="1-5", subject="s", text="t") == 13
    assert [message.logins for message in server.core.messages] == [
        (login,), (euro,), (login, euro), (1000, login, euro),
    ]  # fmt: skip


def test_half_a_character_is_refused_before_it_poisons_a_record(
    client: RestClient, login: int
) -> None:
    path = "/api/user/update"
    for name in (b'"\\ud800x"', b'"\\uDC00"'):
        body = b'{"Name": %s}' % name
        answer = client.send(path, method="POST", raw_body=body, login=login)
        assert answer == (200, '{"retcode":"3 Invalid parameters"}')
    whole = client.call(path, method="POST", raw_body=b'{"Name": "\\ud83d\\ude00"}', login=login)
    assert whole["answer"]["Name"] == "\U0001f600"
    assert client.answer("/api/user/get", login=login)["Name"] == "\U0001f600"


def test_a_request_may_name_its_whole_address(client: RestClient) -> None:
    answer = client.call("http://127.0.0.1/api/user/total")
    assert answer == {"retcode": "0 Done", "answer": {"total": "1"}}


def test_an_external_account_and_an_otp_secret_are_found(client: RestClient, login: int) -> None:
    client.answer("/api/user/update", login=login, account="EX-1")
    assert client.answer("/api/user/get_external", account="EX-1")["Login"] == str(login)
    assert client.retcode("/api/user/get_external", account="EX-2") == 13
    assert client.retcode("/api/user/otp_secret/set", login=login, otp_secret="1230987") == 0
    assert client.answer("/api/user/otp_secret/get", login=login) == {"OTP_SECRET": "1230987"}


def test_an_unknown_command_is_12002_and_an_unknown_page_404(client: RestClient) -> None:
    assert client.retcode("/api/no/such/thing") == 12002
    assert client.send("/index.html")[0] == 404
    assert client.send("/api/user/total", method="DELETE")[0] == 405


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"NONSENSE\r\n\r\n", b"400"),
        (b"GET / HTTP/3\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", b"431"),
    ],
)
def test_broken_http_is_refused(server: Mt5Server, request_bytes: bytes, status: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(request_bytes)
        assert connection.recv(12) == b"HTTP/1.1 " + status


def test_chunked_bodies_and_expect_continue_are_understood(client: RestClient, login: int) -> None:
    sock = client.http.sock
    body = b'{"City":"Wien"}'
    head = f"POST /api/user/update?login={login} HTTP/1.1\r\nHost: x\r\n"
    sock.sendall(
        head.encode() + b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
        b"5\r\n" + body[:5] + b"\r\n" + f"{len(body) - 5:x};ext=1\r\n".encode() + body[5:]
        + b"\r\n0\r\nTrailer: x\r\n\r\n"
    )  # fmt: skip
    received = b""
    while b'"City":"Wien"' not in received:
        received += sock.recv(65_536)
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


HUGE = ("9" * 18, "9" * 29, "9" * 40, "9" * 6_000, "-1", "1e400", "0x10", "\u0661", "")


@pytest.mark.parametrize("number", HUGE)
def test_absurd_numbers_are_refused_and_the_server_goes_on(
    client: RestClient, server: Mt5Server, login: int, number: str
) -> None:
    deposit(client, login, "5")
    calls: list[tuple[str, dict[str, object]]] = [
        ("/api/user/get", {"login": number}),
        ("/api/deal/get", {"ticket": number}),
        ("/api/deal/get_batch", {"ticket": number}),
        ("/api/deal/get_page", {"login": login, "from": number, "to": number, "offset": number}),
        ("/api/trade/balance", {"login": login, "type": 2, "balance": number}),
        ("/api/user/update", {"login": login, "agent": number, "rights": number}),
        ("/api/group/next", {"index": number}),
        ("/api/trade/calc_profit", {"group": "real\\std-usd", "symbol": "EURUSD", "type": 0,
                                    "volume": number, "price_open": number}),
    ]  # fmt: skip
    for path, params in calls:
        assert client.call(path, **params)["retcode"]
    deal = str(server.deals(login)[0]["Deal"])
    bodies: list[tuple[str, dict[str, object]]] = [
        ("/api/deal/update", {"Deal": deal, "TimeMsc": number, "Profit": number, "Price": number}),
        ("/api/dealer/send_request", {"Login": login, "Action": 200, "Volume": number}),
        ("/api/dealer/send_request", {"Login": number, "Action": number}),
        ("/api/group/add", {"Group": "real\\x-usd", "Currency": "USD", "MarginMode": number}),
    ]
    for path, body in bodies:
        assert client.call(path, method="POST", body=body)["retcode"]
    # Only -1 is an amount that can be taken from five.
    balance = "4.00" if number == "-1" else "5.00"
    assert client.answer("/api/user/get", login=login)["Balance"] == balance


@pytest.mark.parametrize("digits", [-1, 10**6, 10**18])
def test_a_dealer_request_of_no_symbol_may_say_any_digits(
    client: RestClient, login: int, digits: int
) -> None:
    body = {"Action": 200, "Login": login, "Digits": digits}
    number = client.answer("/api/dealer/send_request", method="POST", body=body)["id"]
    answer = client.answer("/api/dealer/get_request_result", id=number)[number][1]["answer"]
    assert answer["ResultRetcode"].startswith("10013 ")
    assert len(answer["PriceOrder"]) <= 10


def test_json_nested_too_deep_is_refused(client: RestClient, login: int) -> None:
    body = b"[" * 200_000
    assert client.retcode("/api/user/update", method="POST", login=login, raw_body=body) == 3
