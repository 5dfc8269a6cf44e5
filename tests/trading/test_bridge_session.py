"""The session under faults: what is sent again, what never is, and what each failure is called."""

import os
import random
import threading
from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.trading.scripted import (
    DROP,
    FORBIDDEN,
    GARBAGE,
    HALF_AN_ANSWER,
    HTML,
    OUTAGE,
    PASSWORD,
    SILENCE,
    ScriptedServer,
    Step,
    coded,
    done,
    http,
)
from trading.bridge import port
from trading.bridge.errors import (
    AnswerLost,
    AuthenticationRefused,
    BadAnswer,
    BridgeError,
    CommandRefused,
    ConnectionFailed,
    NotNow,
    ServerIdentityError,
)
from trading.bridge.mt5.connection import PlainLoopback
from trading.bridge.mt5.platform import Mt5Platform
from trading.bridge.mt5.session import Mt5Session, Mt5Settings
from trading.bridge.resilience import BreakerState
from trading.bridge.server_time import ServerClock

BALANCE = "/api/trade/balance"
TOTAL = "/api/deal/get_total"


class Clock:
    """A monotonic clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        running.good[BALANCE] = lambda _: done({"ticket": "136623"})
        running.good[TOTAL] = lambda _: done({"total": "3"})
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def session(server: ScriptedServer, clock: Clock) -> Iterator[Mt5Session]:
    opened = connect(server.port, clock)
    yield opened
    opened.close()


@pytest.fixture
def platform(session: Mt5Session) -> Mt5Platform:
    return Mt5Platform(session, clock=ServerClock(10800))


def connect(number: int, clock: Clock, *, password: str = PASSWORD) -> Mt5Session:
    settings = Mt5Settings(
        host="127.0.0.1",
        port=number,
        login=1000,
        password=password,
        trust=PlainLoopback(),
        read_timeout_s=1.0,
    )
    return Mt5Session(settings, monotonic=clock, chance=random.Random(1))


def deposit(platform: Mt5Platform) -> port.BalanceOutcome:
    return platform.balance_operation(
        login=7001,
        kind=port.BalanceKind.BALANCE,
        amount=Decimal("100.00"),
        currency_digits=2,
        token="D-2026-000123",
    )


def test_a_session_is_one_connection_and_one_sign_in(
    server: ScriptedServer, session: Mt5Session
) -> None:
    for _ in range(5):
        session.read(TOTAL, {"login": 7001})
    assert {request.connection for request in server.seen} == {1}
    assert server.count("/api/auth/start") == 1
    assert session.health().sign_ins == 1
    assert session.health().connected


def test_the_servers_cookie_is_given_back(clock: Clock) -> None:
    with ScriptedServer(issue_cookie=True) as server:
        session = connect(server.port, clock)
        session.read("/api/test/access", {})
        assert server.seen[-1].headers["cookie"] == "session=abc"
        session.close()


def test_reads_are_get_and_money_is_post(server: ScriptedServer, platform: Mt5Platform) -> None:
    assert deposit(platform) == port.Applied(136623)
    methods = {request.path: request.method for request in server.seen}
    assert methods["/api/time/server"] == "GET"
    assert methods[BALANCE] == "POST"
    sent = next(request for request in server.seen if request.path == BALANCE)
    assert sent.query == {
        "login": "7001",
        "type": "2",
        "balance": "100.00",
        "comment": "D-2026-000123",
        "check_margin": "1",
    }


def test_passwords_travel_in_the_body_only(server: ScriptedServer, platform: Mt5Platform) -> None:
    platform.account_password_set(7001, port.PasswordKind.MAIN, "S3cret=|\\pass")
    sent = server.seen[-1]
    assert (sent.method, sent.query) == ("POST", {})
    assert b"S3cret=|\\\\pass" in sent.body


MONEY_FAULTS = {
    "no answer": SILENCE,
    "dropped": DROP,
    "half an answer": HALF_AN_ANSWER,
    "not HTTP": GARBAGE,
    "a page of HTML": HTML,
    "bad gateway": OUTAGE,
    "forbidden": FORBIDDEN,
    "common error": coded("2 Common error"),
    "server time-out": coded("9 Operation timeout"),
    "no ticket": Step(done()),
}


@pytest.mark.parametrize("fault", MONEY_FAULTS.values(), ids=MONEY_FAULTS.keys())
def test_money_in_doubt_is_unknown_and_was_sent_once(
    server: ScriptedServer, platform: Mt5Platform, fault: Step
) -> None:
    server.play(BALANCE, fault)
    assert isinstance(deposit(platform), port.Unknown)
    assert server.count(BALANCE) == 1


@pytest.mark.parametrize("fault", MONEY_FAULTS.values(), ids=MONEY_FAULTS.keys())
def test_after_money_in_doubt_the_next_answer_is_its_own(
    server: ScriptedServer, platform: Mt5Platform, fault: Step
) -> None:
    server.play(BALANCE, fault)
    deposit(platform)
    assert platform.deal_total(7001, port.DealWindow(0, 1)) == 3
    assert server.count(BALANCE) == 1


def test_a_refusal_is_a_value_and_was_sent_once(
    server: ScriptedServer, platform: Mt5Platform
) -> None:
    server.play(BALANCE, coded("10019 No money"))
    assert deposit(platform) == port.Refused(10019, "No money", permanent=True)
    assert server.count(BALANCE) == 1


def test_money_is_not_sent_when_no_connection_can_be_made(clock: Clock) -> None:
    with ScriptedServer() as gone:
        number = gone.port
    session = connect(number, clock)
    with pytest.raises(ConnectionFailed):
        deposit(Mt5Platform(session, clock=ServerClock(10800)))
    assert not session.health().connected


def test_money_is_not_sent_when_the_session_can_not_be_proved(
    server: ScriptedServer, platform: Mt5Platform, clock: Clock
) -> None:
    server.play("/api/time/server", SILENCE)
    with pytest.raises(AnswerLost):
        deposit(platform)
    assert server.count(BALANCE) == 0


def test_a_stale_session_is_noticed_before_money_is_sent(
    server: ScriptedServer, platform: Mt5Platform, clock: Clock
) -> None:
    platform.deal_total(7001, port.DealWindow(0, 1))
    clock.now += 600
    server.play("/api/time/server", FORBIDDEN)
    assert deposit(platform) == port.Applied(136623)
    assert (server.count(BALANCE), server.count("/api/auth/start")) == (1, 2)


def test_money_is_refused_by_us_when_the_server_closes_after_each_answer(
    server: ScriptedServer, platform: Mt5Platform
) -> None:
    server.good["/api/time/server"] = lambda _: http(
        b'{"retcode":"0 Done","answer":{"time":"1751371200 x"}}', "200 OK", "Connection: close"
    )
    with pytest.raises(ConnectionFailed, match="closes the connection"):
        deposit(platform)
    assert server.count(BALANCE) == 0


def test_an_interrupted_operation_is_not_answered_by_its_late_answer(
    server: ScriptedServer, platform: Mt5Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker's time limit strikes between send and answer."""

    class TimeLimit(Exception):
        pass

    def strike(*_: object) -> None:
        raise TimeLimit

    platform.time()
    with monkeypatch.context() as patch:
        patch.setattr("http.client.HTTPConnection.getresponse", strike)
        with pytest.raises(TimeLimit):
            deposit(platform)
    assert platform.deal_total(7001, port.DealWindow(0, 1)) == 3
    assert server.count("/api/auth/start") == 2
    assert server.arrived(BALANCE, 1)
    assert server.count(BALANCE) == 1


@pytest.mark.parametrize("fault", [FORBIDDEN, DROP, HALF_AN_ANSWER], ids=["403", "drop", "half"])
def test_a_read_is_replayed_once_after_signing_in_again(
    server: ScriptedServer, session: Mt5Session, fault: Step
) -> None:
    server.play(TOTAL, fault)
    assert session.read(TOTAL, {"login": 7001}).payload == {"total": "3"}
    assert (server.count(TOTAL), server.count("/api/auth/start")) == (2, 2)


@pytest.mark.parametrize("fault", [DROP, HALF_AN_ANSWER], ids=["drop", "half"])
def test_a_read_is_not_replayed_twice(
    server: ScriptedServer, session: Mt5Session, fault: Step
) -> None:
    server.play(TOTAL, fault, fault, fault)
    with pytest.raises(AnswerLost):
        session.read(TOTAL, {"login": 7001})
    assert server.count(TOTAL) == 2


def test_a_read_that_timed_out_is_not_replayed_and_poisons_nothing(
    server: ScriptedServer, session: Mt5Session
) -> None:
    server.play(TOTAL, SILENCE)
    with pytest.raises(AnswerLost) as raised:
        session.read(TOTAL, {"login": 7001})
    assert raised.value.timed_out
    assert server.count(TOTAL) == 1
    assert session.read("/api/test/access", {}).payload is None
    assert server.seen[-1].connection == 2


def test_a_command_that_is_not_for_this_manager_is_told_from_a_lost_session(
    server: ScriptedServer, session: Mt5Session
) -> None:
    server.play(TOTAL, *[FORBIDDEN] * 5)
    for _ in range(3):
        with pytest.raises(CommandRefused) as raised:
            session.read(TOTAL, {"login": 7001})
        assert raised.value.permanent
    assert server.count("/api/auth/start") == 2
    assert session.read("/api/user/get", {"login": 1}).retcode == 0


def test_a_change_is_never_replayed(server: ScriptedServer, platform: Mt5Platform) -> None:
    for fault in (DROP, OUTAGE, HTML, HALF_AN_ANSWER):
        server.play("/api/user/change_password", fault)
        with pytest.raises(AnswerLost):
            platform.account_password_set(7001, port.PasswordKind.MAIN, "Secret-1")
    assert server.count("/api/user/change_password") == 4


def test_a_change_that_lost_its_session_is_in_doubt_and_one_not_for_us_is_refused(
    server: ScriptedServer, platform: Mt5Platform
) -> None:
    platform.time()
    server.play("/api/user/change_password", FORBIDDEN, FORBIDDEN)
    server.play("/api/test/access", FORBIDDEN)
    with pytest.raises(AnswerLost):
        platform.account_password_set(7001, port.PasswordKind.MAIN, "Secret-1")
    with pytest.raises(CommandRefused) as raised:
        platform.account_password_set(7001, port.PasswordKind.MAIN, "Secret-1")
    assert raised.value.permanent
    assert server.count("/api/user/change_password") == 2


def test_nothing_but_reads_can_be_asked_as_a_read(session: Mt5Session) -> None:
    for command in (BALANCE, "/api/user/add", "/api/user/update", "/api/position/get"):
        with pytest.raises(ValueError, match="is not a read"):
            session.read(command, {})
    with pytest.raises(ValueError, match="is not a read"):
        session.read("/api/user/check_balance", {"login": 1, "fixflag": 1})


def test_a_server_that_does_not_know_our_password_is_not_believed(clock: Clock) -> None:
    with ScriptedServer() as server:
        server.good["/api/auth/answer"] = lambda _: http(
            b'{"retcode":"0 Done","cli_rand_answer":"00112233445566778899aabbccddeeff"}'
        )
        session = connect(server.port, clock)
        with pytest.raises(ServerIdentityError) as raised:
            deposit(Mt5Platform(session, clock=ServerClock(10800)))
        assert raised.value.permanent
        assert server.count(BALANCE) == 0


@pytest.mark.parametrize("challenge", ["", "zz", "00", None])
def test_a_challenge_that_is_none_is_a_bad_answer(clock: Clock, challenge: str | None) -> None:
    with ScriptedServer() as server:
        server.good["/api/auth/start"] = lambda _: done(srv_rand=challenge)
        with pytest.raises(BadAnswer, match="challenge"):
            connect(server.port, clock).read("/api/test/access", {})


@pytest.mark.parametrize(
    ("step", "retcode", "permanent"),
    [
        (FORBIDDEN, None, True),
        (coded("1001 Invalid account"), 1001, True),
        (coded("1012 IP address unallowed for manager"), 1012, True),
        (coded("1018 Server is busy"), 1018, False),
    ],
)
def test_a_refused_sign_in_says_whether_waiting_helps(
    server: ScriptedServer, session: Mt5Session, step: Step, retcode: int | None, permanent: bool
) -> None:
    server.play("/api/auth/answer", step)
    with pytest.raises(AuthenticationRefused) as raised:
        session.read("/api/test/access", {})
    assert (raised.value.retcode, raised.value.permanent) == (retcode, permanent)


def test_a_wrong_password_is_refused_and_not_hammered(server: ScriptedServer, clock: Clock) -> None:
    session = connect(server.port, clock, password="Wrong-1")
    with pytest.raises(AuthenticationRefused):
        session.read("/api/test/access", {})
    with pytest.raises(NotNow) as raised:
        session.read("/api/test/access", {})
    assert 5 <= raised.value.retry_in_s <= 120
    assert server.count("/api/auth/start") == 1
    clock.now += raised.value.retry_in_s
    with pytest.raises(AuthenticationRefused):
        session.read("/api/test/access", {})
    assert server.count("/api/auth/start") == 2


def test_the_breaker_opens_for_a_server_that_only_fails(
    server: ScriptedServer, session: Mt5Session, clock: Clock
) -> None:
    server.play(TOTAL, *[OUTAGE] * 5)
    for _ in range(5):
        with pytest.raises(BadAnswer):
            session.read(TOTAL, {"login": 7001})
    with pytest.raises(NotNow):
        session.read(TOTAL, {"login": 7001})
    assert server.count(TOTAL) == 5
    assert session.health().breaker is BreakerState.OPEN
    assert "502" in session.health().last_error_text
    clock.now += 30
    assert session.read(TOTAL, {"login": 7001}).payload == {"total": "3"}
    assert session.health().breaker is BreakerState.CLOSED


def test_pings_go_out_every_twenty_seconds_and_never_more_often(
    server: ScriptedServer, session: Mt5Session, clock: Clock
) -> None:
    session.read(TOTAL, {"login": 7001})
    pings = 0
    for _ in range(120):
        clock.now += 1
        pings += session.keep_alive()
    assert pings == 6
    assert server.count("/api/test/access") == 6


def test_a_forked_process_does_not_speak_on_its_parents_session(
    server: ScriptedServer, session: Mt5Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.read("/api/test/access", {})
    child = os.getpid() + 1
    monkeypatch.setattr(os, "getpid", lambda: child)
    session.read("/api/test/access", {})
    assert server.seen[-1].connection == 2
    assert server.count("/api/auth/start") == 2


def test_threads_take_turns_on_the_one_connection(
    server: ScriptedServer, session: Mt5Session
) -> None:
    server.good[TOTAL] = lambda request: done({"total": request.query["login"]})
    wrong: list[object] = []

    def ask(login: int) -> None:
        for _ in range(20):
            answer = session.read(TOTAL, {"login": login})
            if answer.payload != {"total": str(login)}:
                wrong.append(answer.payload)

    threads = [threading.Thread(target=ask, args=(login,)) for login in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert server.count(TOTAL) == 160
    assert {request.connection for request in server.seen} == {1}


def test_closing_says_good_bye(server: ScriptedServer, session: Mt5Session) -> None:
    session.read("/api/test/access", {})
    session.close()
    assert server.seen[-1].path == "/api/quit"
    assert not session.health().connected


def test_an_answer_in_drops_ends_at_the_deadline(
    server: ScriptedServer, session: Mt5Session
) -> None:
    server.play(TOTAL, Step(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{", "hold"))
    with pytest.raises(AnswerLost):
        session.read(TOTAL, {"login": 7001})


def test_every_error_says_whether_it_can_heal() -> None:
    assert issubclass(NotNow, BridgeError)
    assert not NotNow("later", retry_in_s=1).permanent
    assert ServerIdentityError("no").permanent


def test_plain_http_is_for_this_machine_only() -> None:
    settings = Mt5Settings(
        host="mt5.example.com", login=1000, password=PASSWORD, trust=PlainLoopback()
    )
    with pytest.raises(ValueError, match="use TLS"):
        Mt5Session(settings)
    assert PASSWORD not in repr(settings)
