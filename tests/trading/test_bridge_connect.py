"""Who is on the other end: TLS, the handshake, sessions that end, managers that may not."""

import ssl
from datetime import UTC, datetime

import pytest

from sandbox.mt5.auth import Manager, Right
from sandbox.mt5.core import Settings
from sandbox.mt5.faults import Fault, FaultKind
from sandbox.mt5.server import Mt5Server
from tests.trading.mt5_brokerage import ANNA, Brokerage, brokerage, connect
from trading.bridge.errors import (
    AnswerLost,
    AuthenticationRefused,
    BadAnswer,
    CommandRefused,
    ServerIdentityError,
)
from trading.bridge.mt5.connection import BundleTrust, PinTrust, SystemTrust, Trust
from trading.bridge.mt5.platform import Mt5Platform
from trading.bridge.server_time import DstRule, ServerClock

PING = "/api/test/access"


def test_the_pinned_certificate_is_accepted_with_colons_and_capitals() -> None:
    with Mt5Server() as server:
        digits = server.fingerprint_sha256.upper()
        pin = ":".join(digits[place : place + 2] for place in range(0, 64, 2))
        session = connect(server, trust=PinTrust(pin))
        assert session.read(PING, {}).retcode == 0
        session.close()


@pytest.mark.parametrize("pin", ["", "abc", "z" * 64, "a" * 63])
def test_what_is_no_fingerprint_is_refused(pin: str) -> None:
    with pytest.raises(ValueError, match="64 hexadecimal"):
        PinTrust(pin)


@pytest.mark.parametrize("trust", [PinTrust("ab" * 32), SystemTrust()], ids=["pin", "system"])
def test_another_certificate_is_refused_before_a_word_is_said(trust: Trust) -> None:
    with Mt5Server() as server:
        session = connect(server, trust=trust)
        with pytest.raises(ServerIdentityError) as raised:
            session.read(PING, {})
        assert raised.value.permanent
        assert len(server.core.calls) == 0
        assert not session.health().connected


def test_a_bundle_with_the_servers_authority_is_accepted_and_another_is_not() -> None:
    with Mt5Server() as server, Mt5Server() as other:
        own = BundleTrust(server.certificate_path.read_text())
        session = connect(server, trust=own)
        assert session.read(PING, {}).retcode == 0
        session.close()
        with pytest.raises(ServerIdentityError):
            connect(other, trust=own).read(PING, {})


def test_a_bundle_that_is_none_is_an_error_of_ours() -> None:
    with Mt5Server() as server, pytest.raises((ssl.SSLError, ValueError)):
        connect(server, trust=BundleTrust("no certificate")).read(PING, {})


@pytest.mark.parametrize("status", [200, 403])
def test_a_wrong_api_password_is_refused_in_either_form(status: int) -> None:
    with Mt5Server(Settings(auth_failure_status=status)) as server:
        session = connect(server, password="Password2")
        with pytest.raises(AuthenticationRefused) as raised:
            session.read(PING, {})
        assert raised.value.permanent


@pytest.mark.parametrize(
    ("manager", "retcode"),
    [
        (Manager(1000, "Password1", networks=("10.0.0.0/8",)), 1012),
        (Manager(1000, "Password1", is_enabled=False), 1002),
        (Manager(1000, "Password1", api_enabled=False), 1034),
    ],
)
def test_a_manager_that_may_not_is_told_why(manager: Manager, retcode: int) -> None:
    with Mt5Server(Settings(managers=[manager], auth_failure_status=200)) as server:
        with pytest.raises(AuthenticationRefused) as raised:
            connect(server).read(PING, {})
        assert (raised.value.retcode, raised.value.permanent) == (retcode, True)


def test_a_server_that_wants_its_cookie_gets_it() -> None:
    with brokerage(Settings(requires_cookie=True)) as mt5:
        assert mt5.platform.account_get(ANNA).name == "Anna Adler"


def test_a_server_that_answers_in_the_documented_case_is_understood() -> None:
    with brokerage(Settings(documented_case=True)) as mt5:
        mt5.deposit("100.00")
        assert mt5.platform.deal_total(ANNA, mt5.window()) == 1
        assert mt5.platform.time().agrees


def test_a_manager_without_the_right_is_refused_for_good() -> None:
    manager = Manager(1000, "Password1", rights=frozenset({Right.ACCOUNTS}))
    with brokerage(Settings(managers=[manager])) as mt5:
        assert mt5.platform.account_get(ANNA).name == ""
        with pytest.raises(CommandRefused) as raised:
            mt5.platform.deal_total(ANNA, mt5.window())
        assert (raised.value.retcode, raised.value.permanent) == (8, True)


def test_a_session_that_the_server_forgot_is_renewed_for_a_read() -> None:
    with brokerage() as mt5:
        mt5.platform.time()
        for _ in range(3):
            mt5.fail("user/get", FaultKind.FORBIDDEN)
            assert mt5.platform.account_get(ANNA).login == ANNA
        assert mt5.session.health().sign_ins == 4


def test_a_server_restart_is_survived_by_a_read() -> None:
    with brokerage() as mt5:
        mt5.platform.time()
        mt5.server.drop_connections()
        assert mt5.platform.account_get(ANNA).login == ANNA


def test_garbage_is_called_so_and_the_next_read_is_right() -> None:
    with brokerage() as mt5:
        mt5.fail("user/get", FaultKind.GARBAGE)
        with pytest.raises(BadAnswer):
            mt5.platform.account_get(ANNA)
        assert mt5.platform.account_get(ANNA).login == ANNA


def test_bare_backslashes_of_an_old_build_are_read() -> None:
    with brokerage() as mt5:
        mt5.fail("user/get", FaultKind.UNESCAPED)
        assert mt5.platform.account_get(ANNA).group == "real\\std-usd"


def test_a_slow_read_is_an_error_that_can_heal_and_poisons_nothing() -> None:
    with Mt5Server() as server:
        session = connect(server, read_timeout_s=2.0)
        session.read(PING, {})
        server.run(server.core.faults.add, Fault("test/access", FaultKind.SLOW_ANSWER, seconds=60))
        with pytest.raises(AnswerLost) as raised:
            session.read(PING, {})
        assert not raised.value.permanent
        assert session.read("/api/time/server", {}).payload is not None
        assert [call.command for call in server.core.calls].count("test/access") == 2
        session.close()


@pytest.mark.parametrize(
    ("moment", "offset_s"),
    [
        (datetime(2025, 3, 30, 0, 59, 59, tzinfo=UTC), 7200),
        (datetime(2025, 3, 30, 1, 0, 1, tzinfo=UTC), 10800),
    ],
)
def test_a_clock_that_is_not_the_declared_one_is_noticed(moment: datetime, offset_s: int) -> None:
    """The server's clock stands on another day than ours, so it can't agree."""
    with brokerage(Settings(frozen_at=moment)) as mt5:
        time = mt5.platform.time()
        assert time.utc == moment
        assert time.server_s == int(moment.timestamp()) + offset_s
        assert not time.agrees


@pytest.mark.parametrize(
    ("clock", "agrees"),
    [
        (ServerClock(7200, DstRule.EU), True),
        (ServerClock(10800, DstRule.EU), False),
        (None, True),
    ],
)
def test_the_declared_zone_is_compared_with_the_servers_clock(
    clock: ServerClock | None, agrees: bool
) -> None:
    with brokerage() as mt5:
        platform = Mt5Platform(mt5.session, clock=clock, dst_rule=DstRule.EU)
        assert platform.time().agrees is agrees
        if clock is None:
            assert platform.clock == ServerClock(7200, DstRule.EU)


def test_health_tells_what_happened() -> None:
    with brokerage() as mt5:
        _check_health(mt5)


def _check_health(mt5: Brokerage) -> None:
    before = mt5.platform.health()
    assert (before.connected, before.last_ok, before.requests) == (False, None, 0)
    mt5.platform.time()
    mt5.fail("user/get", FaultKind.GARBAGE)
    with pytest.raises(BadAnswer):
        mt5.platform.account_get(ANNA)
    after = mt5.platform.health()
    assert (after.connected, after.requests, after.sign_ins) == (True, 2, 1)
    assert after.last_ok is not None
    assert after.last_error is not None
    assert after.last_error_text.startswith("/api/user/get: The server's answer is not JSON")
    assert after.latency_ms is not None
