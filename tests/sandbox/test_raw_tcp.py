"""The raw TCP form: packets, pings, cipher."""

import json

import pytest

from sandbox.mt5 import FaultKind, Mt5Server, Settings
from sandbox.mt5.crypto import StreamCipher, key_material, password_digest
from tests.sandbox.clients import OfbStream, RawClient, md5, password_hash

MODES = pytest.mark.parametrize("crypt", ["NONE", "AES256OFB"])


def test_the_cipher_carries_its_state_and_drops_the_tail_of_a_packet() -> None:
    material = key_material(password_digest("Password1"), bytes(range(256)))
    key = material[0] + material[1]
    ours, theirs = StreamCipher(key, material[2]), OfbStream(key, material[2])
    for length in (1, 16, 5, 0, 33, 64, 2):
        body = bytes(length)
        assert ours.apply(body) == theirs.apply(body)


@MODES
def test_a_session_serves_commands(server: Mt5Server, crypt: str) -> None:
    with RawClient(server) as raw:
        raw.authenticate(crypt=crypt)
        assert raw.command("TEST_ACCESS")[0] == {"RETCODE": "0 Done"}
        params, text = raw.command("TIME_SERVER")
        assert (params["TIME"].split(" ", 1)[1], text) == ("2026.01.14 14:00:00", "")
        assert raw.command("GROUP_TOTAL")[0]["TOTAL"] == "10"
        group = json.loads(raw.command("GROUP_GET", GROUP="real\\\\std-eur")[1])
        assert group["Currency"] == "EUR"


@MODES
def test_an_account_is_opened_and_funded_as_the_php_sample_does(
    server: Mt5Server, crypt: str
) -> None:
    with RawClient(server) as raw:
        raw.authenticate(crypt=crypt)
        body = json.dumps({"Login": 0, "MainPassword": "x", "LeadSource": "fair", "ID": None})
        params, text = raw.command(
            "USER_ADD", body, LOGIN=0, PASS_MAIN="Secret-1x", PASS_INVESTOR="Secret-2x",
            RIGHTS=483, GROUP="real\\std-usd", NAME="Ada \\| Byron", LEVERAGE=100, BALANCE=0,
        )  # fmt: skip
        user = json.loads(text)
        assert (params["RETCODE"], params["LOGIN"]) == ("0 Done", user["Login"])
        assert (user["Name"], user["LeadSource"]) == ("Ada | Byron", "fair")
        params, _ = raw.command(
            "TRADE_BALANCE", LOGIN=user["Login"], TYPE=2, BALANCE="99.5", COMMENT="a\\=b",
            CHECK_MARGIN=1,
        )  # fmt: skip
        assert params["RETCODE"] == "0 Done"
        deal = json.loads(raw.command("DEAL_GET", TICKET=params["TICKET"])[1])
        assert (deal["Profit"], deal["Comment"]) == ("99.50", "a=b")
        old = {"LOGIN": user["Login"], "TYPE": 2, "BALANCE": "-200", "COMMENT": ""}
        assert raw.command("USER_DEPOSIT_CHANGE", **old)[0]["RETCODE"] == "10019 No money"
        assert json.loads(raw.command("USER_LOGINS", GROUP="real\\*")[1]) == [user["Login"]]
        right = {"LOGIN": user["Login"], "TYPE": "MAIN", "PASSWORD": "Secret-1x"}
        assert raw.command("USER_PASS_CHECK", **right)[0]["RETCODE"] == "0 Done"


def test_the_answers_of_ticks_carry_the_transaction_as_a_parameter(server: Mt5Server) -> None:
    with RawClient(server) as raw:
        raw.authenticate()
        params, text = raw.command("TICK_LAST", SYMBOL="EURUSD")
        assert int(params["TRANS_ID"]) > 0
        assert json.loads(text)[0]["Symbol"] == "EURUSD"
        (stat,) = json.loads(raw.command("TICK_STAT", SYMBOL="EURUSD")[1])
        assert (stat["VolumeReal"], stat["TradeSellVolumeReal"]) == ("0.00", "0.00")


def test_the_answer_to_a_handshake_has_the_seed_of_the_cipher_also_without_one(
    server: Mt5Server,
) -> None:
    """As documented: ports of the official sample read the parameter unconditionally."""
    with RawClient(server) as raw:
        raw.command(
            "AUTH_START", first=True, VERSION=1881, AGENT="WebAPI", LOGIN=1000, TYPE="MANAGER",
            CRYPT_METHOD="NONE",
        )  # fmt: skip
        refused, _ = raw.command("AUTH_ANSWER", SRV_RAND_ANSWER="0" * 32, CLI_RAND="0" * 32)
        assert "CRYPT_RAND" not in refused
        start, _ = raw.command(
            "AUTH_START", VERSION=1881, AGENT="WebAPI", LOGIN=1000, TYPE="MANAGER"
        )
        proof = md5(password_hash("Password1") + bytes.fromhex(start["SRV_RAND"])).hex()
        answer, _ = raw.command("AUTH_ANSWER", SRV_RAND_ANSWER=proof, CLI_RAND="0" * 32)
        assert len(bytes.fromhex(answer["CRYPT_RAND"])) == 256
        assert raw.command("TEST_ACCESS")[0] == {"RETCODE": "0 Done"}


@MODES
def test_a_command_without_a_name_is_a_ping_and_gets_no_answer(
    server: Mt5Server, crypt: str
) -> None:
    with RawClient(server) as raw:
        raw.authenticate(crypt=crypt)
        raw.serial += 1
        raw.send_packet("|\r\n".encode("utf-16-le"))
        assert raw.command("TEST_ACCESS")[0] == {"RETCODE": "0 Done"}
        assert raw.pings == []


@MODES
def test_the_text_of_a_mail_follows_the_command(server: Mt5Server, crypt: str) -> None:
    login = server.add_account("real\\std-usd")
    text = "<p>5 = 5 | ok</p>\r\nbye"
    with RawClient(server) as raw:
        raw.authenticate(crypt=crypt)
        assert raw.command("MAIL_SEND", text, TO=login, SUBJECT="Hi")[0] == {"RETCODE": "0 Done"}
        assert raw.command("NEWS_SEND", text, SUBJECT="Hi")[0] == {"RETCODE": "0 Done"}
        sent, _ = raw.command("NOTIFICATION_SEND", LOGIN=login, TEXT="hello")
        assert sent == {"RETCODE": "0 Done"}
        assert raw.command("TRADE_BALANCE", text, LOGIN=login, TYPE=2, BALANCE=1)[0] == {
            "RETCODE": "3 Invalid parameters"
        }
    assert [message.text for message in server.core.messages] == [text, text, "hello"]


@MODES
def test_long_answers_come_in_several_packets(server: Mt5Server, crypt: str) -> None:
    login = server.add_account("real\\std-usd")
    for number in range(120):
        server.balance(login, 1, comment=f"n{number}")
    with RawClient(server) as raw:
        raw.authenticate(crypt=crypt)
        before = raw.packets
        _, text = raw.command("DEAL_GET_BATCH", LOGIN=login, FROM=0, TO=2**32)
        assert [deal["Comment"] for deal in json.loads(text)] == [f"n{n}" for n in range(120)]
        length = len(text.encode("utf-16-le"))
        assert raw.packets - before == -(-(length + 48) // 65_520)
        assert raw.command("TEST_ACCESS")[0] == {"RETCODE": "0 Done"}


@MODES
def test_a_command_may_come_in_several_packets_with_pings_between(
    server: Mt5Server, crypt: str
) -> None:
    with RawClient(server) as raw:
        raw.authenticate(crypt=crypt)
        body = "USER_TOTAL|\r\n".encode("utf-16-le")
        raw.serial += 1
        raw.send_packet(body[:6], flag=1)
        raw.socket.sendall(b"0000" + b"3fff" + b"0")
        raw.send_packet(body[6:20], flag=1)
        raw.send_packet(body[20:])
        assert raw.read() == "USER_TOTAL|RETCODE=0 Done|TOTAL=1|\r\n"


def test_the_documented_packet_is_understood(server: Mt5Server) -> None:
    with RawClient(server) as raw:
        raw.authenticate()
        raw.serial = 1
        raw.socket.sendall(b"000800010" + "TEST".encode("utf-16-le"))
        assert raw.read() == "TEST|RETCODE=12002 Command doesn't supported|\r\n"


def test_the_server_pings_with_numbers_of_its_own() -> None:
    with Mt5Server(Settings(ping_s=0.01), plain=True) as server, RawClient(server) as raw:
        raw.authenticate()
        assert [raw.read_packet()[0] for _ in range(3)] != []
        serial, flag, body = raw.read_packet()
        assert 0x4000 <= serial <= 0x7FFF
        assert (flag, body) == (0, b"")
        assert raw.command("TEST_ACCESS")[0] == {"RETCODE": "0 Done"}


def test_no_command_without_authentication(server: Mt5Server) -> None:
    with RawClient(server) as raw:
        params, _ = raw.command("USER_TOTAL", first=True)
        assert params["RETCODE"] == "8 Not enough permissions"
        assert raw.socket.recv(1) == b""


def test_a_wrong_password_is_1001(server: Mt5Server) -> None:
    with RawClient(server) as raw:
        raw.command("AUTH_START", first=True, VERSION=3661, AGENT="x", LOGIN=1000, TYPE="MANAGER")
        params, _ = raw.command("AUTH_ANSWER", SRV_RAND_ANSWER="0" * 32, CLI_RAND="0" * 32)
        assert params["RETCODE"] == "1001 Invalid account"


@pytest.mark.parametrize("data", [b"HELLOWORLD", b"MT5WEBAPIzzzz00010", b"MT5WEBAPI000800019"])
def test_what_is_no_packet_ends_the_connection(server: Mt5Server, data: bytes) -> None:
    with RawClient(server) as raw:
        raw.socket.sendall(data)
        assert raw.socket.recv(1) == b""


def test_faults_reach_the_raw_form_too(server: Mt5Server) -> None:
    login = server.add_account("real\\std-usd")
    server.fail_next("trade/balance", FaultKind.DROP_AFTER)
    with RawClient(server) as raw:
        raw.authenticate()
        with pytest.raises(ConnectionError):
            raw.command("TRADE_BALANCE", LOGIN=login, TYPE=2, BALANCE=5, COMMENT="x")
    assert server.account(login)["Balance"] == "5.00"
