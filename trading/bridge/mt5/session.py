"""An authenticated session: one connection, one lock, and the rule of what may be sent twice.

Only reads named in ``READS`` are ever replayed, once. A balance operation leaves here at most once;
whatever happens after its first byte is a value, ``Unknown``, never a retry.
"""

import logging
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from backoffice.core.clock import now
from trading.bridge.errors import (
    AnswerLost,
    AuthenticationRefused,
    BadAnswer,
    BridgeError,
    CommandRefused,
    ConnectionFailed,
    NotFound,
    NotNow,
    ServerIdentityError,
)
from trading.bridge.mt5 import handshake, retcodes
from trading.bridge.mt5.connection import (
    CONNECT_TIMEOUT_S,
    READ_TIMEOUT_S,
    HttpAnswer,
    PinnedConnection,
    Trust,
)
from trading.bridge.mt5.retcodes import Meaning
from trading.bridge.mt5.wire import Answer, Parameters, find, query_string
from trading.bridge.port import Unknown
from trading.bridge.resilience import Backoff, CircuitBreaker, Health

log = logging.getLogger(__name__)

PING = "/api/test/access"
PING_EVERY_S = 20.0
PROVEN_S = 1.0
# Getting ready (waiting for other requests, signing in) may take this long before money is sent.
# Whoever looks for an unknown operation relies on it: after this, it is not sent any more.
SEND_WITHIN_S = 30.0
API_VERSION = 3661
AGENT = "BackOffice"

# The only commands that may be sent a second time. All of them change nothing.
READS = frozenset(
    {
        "/api/test/access",
        "/api/time/server",
        "/api/time/get",
        "/api/common/get",
        "/api/user/get",
        "/api/user/get_batch",
        "/api/user/logins",
        "/api/user/check_password",
        "/api/user/check_balance",
        "/api/user/account/get",
        "/api/user/account/get_batch",
        "/api/group/total",
        "/api/group/next",
        "/api/group/get",
        "/api/symbol/total",
        "/api/symbol/next",
        "/api/symbol/get",
        "/api/deal/get",
        "/api/deal/get_total",
        "/api/deal/get_page",
        "/api/deal/get_batch",
        "/api/position/get_total",
        "/api/position/get_page",
        "/api/position/get_batch",
        "/api/tick/last",
    }
)


@dataclass(frozen=True, slots=True)
class Mt5Settings:
    """How to reach one MT5 server. ``password`` is the manager's API password."""

    host: str
    login: int
    password: str = field(repr=False)
    trust: Trust
    port: int = 443
    connect_timeout_s: float = CONNECT_TIMEOUT_S
    read_timeout_s: float = READ_TIMEOUT_S


@dataclass(slots=True)
class _Counters:
    last_ok: datetime | None = None
    last_error: datetime | None = None
    last_error_text: str = ""
    latency_ms: float | None = None
    requests: int = 0
    sign_ins: int = 0


class SessionLost(BridgeError):
    """The server no longer knows us (403 or 401), or this manager may not use the command."""

    def __init__(self, status: int) -> None:
        super().__init__(f"The server answered HTTP {status}.", permanent=False)


class Mt5Session:
    """Thread-safe; use one per process and server. Nothing here sleeps or runs in the background:
    the owner calls ``keep_alive`` every few seconds."""

    def __init__(
        self,
        settings: Mt5Settings,
        *,
        breaker: CircuitBreaker | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        chance: random.Random | None = None,
    ) -> None:
        self._settings = settings
        self._monotonic = monotonic
        self._digest = handshake.password_digest(settings.password)
        self._breaker = breaker or CircuitBreaker(monotonic)
        self._backoff = Backoff(monotonic, chance or random.SystemRandom())
        self._connection = PinnedConnection(
            settings.host,
            settings.port,
            settings.trust,
            connect_timeout_s=settings.connect_timeout_s,
            read_timeout_s=settings.read_timeout_s,
        )
        self._lock = threading.RLock()
        self._authenticated = False
        self._process = os.getpid()
        self._proven_at = 0.0
        self._forbidden: set[str] = set()
        self._counters = _Counters()

    # -- what callers use -------------------------------------------------------------------

    def read(self, command: str, parameters: Parameters, body: bytes | None = None) -> Answer:
        """A command of ``READS``; replayed once after a lost session or connection.

        Raises ``BridgeError``; answers that are neither success nor partial raise
        ``CommandRefused`` or ``NotFound``.
        """
        if command not in READS or parameters.get("fixflag"):
            raise ValueError(f"{command} is not a read.")
        with self._lock:
            return _checked(command, self._read(command, parameters, body))

    def change(self, command: str, parameters: Parameters, body: bytes | None = None) -> Answer:
        """A change other than money, by POST, sent once. Raises as ``read``, and ``AnswerLost``
        when it may have happened."""
        with self._lock:
            self._prove()
            try:
                answer = self._exchange("POST", command, parameters, body)
            except SessionLost as error:
                if self._session_lives():
                    raise _not_for_us(command, error) from None
                self._drop()
                raise AnswerLost(f"{command}: {error}") from None
            except BadAnswer as error:
                self._drop()
                raise AnswerLost(f"{command}: {error}") from None
            return _checked(command, answer)

    def money(self, command: str, parameters: Parameters) -> Answer | Unknown:
        """A balance operation, by POST, sent at most once. Any return code is handed back.

        Raises ``BridgeError`` only when nothing was sent: ``NotNow`` too, when getting ready took
        so long that the caller may have begun to look for it.
        """
        called = self._monotonic()
        with self._lock:
            self._prove()
            if self._monotonic() - called > SEND_WITHIN_S:
                raise NotNow("Getting ready took too long; nothing was sent.", retry_in_s=1.0)
            try:
                return self._exchange("POST", command, parameters, None)
            except ConnectionFailed:  # known before the first byte
                raise
            except BridgeError as error:
                self._drop()
                return Unknown(str(error))

    def keep_alive(self) -> bool:
        """Ping if 20 s passed since the last answer; returns whether a ping went out."""
        with self._lock:
            if self._authenticated and self._idle_s() < PING_EVERY_S:
                return False
            self._read(PING, {}, None)
            return True

    def health(self) -> Health:
        counters = self._counters
        return Health(
            connected=self._authenticated and self._connection.is_open,
            breaker=self._breaker.state,
            last_ok=counters.last_ok,
            last_error=counters.last_error,
            last_error_text=counters.last_error_text,
            latency_ms=counters.latency_ms,
            requests=counters.requests,
            sign_ins=counters.sign_ins,
            retry_in_s=self._backoff.remaining_s(),
        )

    def close(self) -> None:
        """Say good-bye if there is anyone to say it to, and drop the connection."""
        with self._lock:
            if self._ready():
                try:
                    self._connection.exchange("GET", "/api/quit", None)
                except BridgeError:
                    log.debug("The server was gone before the good-bye.")
            self._drop()

    # -- sending ----------------------------------------------------------------------------

    def _read(self, command: str, parameters: Parameters, body: bytes | None) -> Answer:
        self._ensure()
        method = "GET" if body is None else "POST"
        try:
            return self._exchange(method, command, parameters, body)
        except AnswerLost as error:
            self._drop()
            if error.timed_out:
                raise
        except SessionLost as error:
            if command in self._forbidden and self._session_lives():
                raise _not_for_us(command, error) from None
            self._drop()
        self._ensure()
        return self._replay(method, command, parameters, body)

    def _replay(
        self, method: str, command: str, parameters: Parameters, body: bytes | None
    ) -> Answer:
        try:
            answer = self._exchange(method, command, parameters, body)
        except SessionLost as error:
            if self._session_lives():
                self._forbidden.add(command)
                raise _not_for_us(command, error) from None
            self._drop()
            self._backoff.failed()
            raise
        except AnswerLost:
            self._drop()
            raise
        self._forbidden.discard(command)
        return answer

    def _session_lives(self) -> bool:
        """After a 403: is it the session, or only this command that is not for us?"""
        if not self._connection.is_open:
            return False
        try:
            return self._exchange("GET", PING, {}, None).retcode in retcodes.SUCCESS
        except BridgeError:
            return False

    def _prove(self) -> None:
        """Make sure that the session is alive before a change: a stale one is found by a read,
        so that what follows is rarely lost on the way."""
        fresh = self._ready() and self._idle_s() <= PROVEN_S
        if not fresh:
            self._read("/api/time/server", {}, None)
        if not self._ready():
            raise ConnectionFailed("The server closes the connection after every answer.")

    def _ready(self) -> bool:
        same_process = self._process == os.getpid()
        return same_process and self._authenticated and self._connection.is_open

    def _exchange(
        self, method: str, command: str, parameters: Parameters, body: bytes | None
    ) -> Answer:
        query = query_string(parameters)
        target = f"{command}?{query}" if query else command
        started = self._monotonic()
        self._counters.requests += 1
        try:
            answer = _parsed(self._connection.exchange(method, target, body))
        except BridgeError as error:
            self._note_failure(command, error)
            raise
        finished = self._monotonic()
        self._counters.latency_ms = (finished - started) * 1000
        self._counters.last_ok = now()
        self._proven_at = finished
        self._breaker.succeeded()
        self._backoff.succeeded()
        log.debug("%s: %s in %.1f ms", command, answer.retcode, self._counters.latency_ms)
        return answer

    def _note_failure(self, command: str, error: BridgeError) -> None:
        self._counters.last_error = now()
        self._counters.last_error_text = f"{command}: {error}"
        if isinstance(error, SessionLost):
            self._breaker.succeeded()  # the server answers; that it forgot us is not an outage
        else:
            self._breaker.failed()
        log.warning("%s: %s", command, error)

    def _idle_s(self) -> float:
        return self._monotonic() - self._proven_at

    def _drop(self) -> None:
        self._connection.close()
        self._authenticated = False

    # -- signing in -------------------------------------------------------------------------

    def _ensure(self) -> None:
        """A live, authenticated connection, or an error that says that nothing was sent."""
        if self._process != os.getpid():  # a forked child must not speak on the parent's session
            self._drop()
            self._process = os.getpid()
        ready = self._ready()
        wait = 0.0 if ready else self._backoff.remaining_s()
        if wait:
            raise NotNow("Waiting before the next sign-in.", retry_in_s=wait)
        wait = self._breaker.wait_s()
        if wait:
            raise NotNow("The server failed too often; leaving it alone.", retry_in_s=wait)
        if ready:
            return
        self._authenticated = False
        try:
            self._sign_in()
        except BridgeError as error:
            self._drop()
            self._backoff.failed()
            self._note_failure("sign-in", error)
            raise
        self._authenticated = True
        self._counters.sign_ins += 1

    def _sign_in(self) -> None:
        self._connection.open()
        try:
            start = self._handshake_step(
                "/api/auth/start",
                {
                    "version": API_VERSION,
                    "agent": AGENT,
                    "login": self._settings.login,
                    "type": "manager",
                },
            )
            challenge = handshake.new_challenge()
            proof = self._handshake_step(
                "/api/auth/answer",
                {
                    "srv_rand_answer": _answer_to(self._digest, start),
                    "cli_rand": challenge,
                },
            )
        except AnswerLost as error:  # a sign-in changes nothing: as good as never connected
            raise ConnectionFailed(f"Sign-in: {error}") from None
        answer = str(find(proof.top, "cli_rand_answer") or "")
        if not handshake.answer_is_right(self._digest, challenge, answer):
            raise ServerIdentityError(
                f"{self._settings.host} does not know our password: it is not the server that was "
                "set up, or the password is wrong on one side."
            )

    def _handshake_step(self, command: str, parameters: Parameters) -> Answer:
        answer = self._connection.exchange("GET", f"{command}?{query_string(parameters)}", None)
        if answer.status in (401, 403):
            raise AuthenticationRefused(
                f"The server refused manager {self._settings.login} with HTTP {answer.status}: "
                "check the API password, its rights and its list of addresses."
            )
        parsed = _parsed(answer)
        if parsed.retcode not in retcodes.SUCCESS:
            raise AuthenticationRefused(
                f"The server refused manager {self._settings.login}: "
                f"{parsed.retcode} {parsed.text}".rstrip(),
                permanent=retcodes.meaning(parsed.retcode) is not Meaning.TRANSIENT,
                retcode=parsed.retcode,
            )
        return parsed


def _not_for_us(command: str, error: SessionLost) -> CommandRefused:
    return CommandRefused(command, retcodes.PERMISSIONS, str(error), permanent=True)


def _answer_to(digest: bytes, start: Answer) -> str:
    challenge = str(find(start.top, "srv_rand") or "")
    try:
        if len(challenge) != 2 * handshake.RANDOM_BYTES:
            raise ValueError
        return handshake.challenge_answer(digest, challenge)
    except ValueError:
        raise BadAnswer("The server's challenge is not 16 bytes of hexadecimal.") from None


def _parsed(answer: HttpAnswer) -> Answer:
    if answer.status in (401, 403):
        raise SessionLost(answer.status)
    if answer.status != 200:
        raise BadAnswer(f"The server answered HTTP {answer.status}.")
    return Answer.parse(answer.body)


def _checked(command: str, answer: Answer) -> Answer:
    meaning = retcodes.meaning(answer.retcode)
    if meaning in (Meaning.SUCCESS, Meaning.PARTIAL):
        return answer
    kind = NotFound if meaning is Meaning.NOT_FOUND else CommandRefused
    raise kind(command, answer.retcode, answer.text, permanent=meaning is not Meaning.TRANSIENT)
