"""One pinned connection: the session of the MT5 Web API lives on it, so there is never a pool.

It knows whether anything was sent: before that a failure is harmless, after it nothing is certain.
"""

import hashlib
import hmac
import http.client
import socket
import ssl
import time
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address

from trading.bridge.errors import AnswerLost, ConnectionFailed, ServerIdentityError

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 30.0
ANSWER_BYTES_MAX = 256 * 1024 * 1024
CHUNK_BYTES = 1 << 16
COOKIES_MAX = 20


@dataclass(frozen=True, slots=True)
class SystemTrust:
    """The certificate is signed by an authority that this machine trusts."""


@dataclass(frozen=True, slots=True)
class BundleTrust:
    """The certificate is signed by an authority in ``pem`` (the text of a CA bundle)."""

    pem: str


@dataclass(frozen=True, slots=True)
class PinTrust:
    """The certificate is exactly the one with this SHA-256 (hex, colons allowed)."""

    sha256: str

    def __post_init__(self) -> None:
        digest = self.sha256.replace(":", "").replace(" ", "").lower()
        if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
            raise ValueError("A SHA-256 fingerprint has 64 hexadecimal digits.")
        object.__setattr__(self, "sha256", digest)


@dataclass(frozen=True, slots=True)
class PlainLoopback:
    """No TLS; refused for any address but this machine's own."""


Trust = SystemTrust | BundleTrust | PinTrust | PlainLoopback


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    body: bytes


class PinnedConnection:
    """Opens, speaks and closes one TCP or TLS connection; keeps its cookies. Not thread-safe."""

    def __init__(
        self,
        host: str,
        port: int,
        trust: Trust,
        *,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        if isinstance(trust, PlainLoopback) and not is_loopback(host):
            raise ValueError("Plain HTTP is allowed to this machine only; use TLS.")
        self._host = host
        self._port = port
        self._trust = trust
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._http: http.client.HTTPConnection | None = None
        self._cookies: dict[str, str] = {}

    @property
    def is_open(self) -> bool:
        return self._http is not None and self._http.sock is not None

    def open(self) -> None:
        """Connect and prove the server's certificate. Raises ``ConnectionFailed`` (nothing was
        sent) or ``ServerIdentityError``."""
        self.close()
        try:
            plain = socket.create_connection((self._host, self._port), self._connect_timeout_s)
        except OSError as error:
            raise ConnectionFailed(f"{self._host}:{self._port} can't be reached: {error}") from None
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            secured = self._secured(plain)
        except BaseException:
            plain.close()
            raise
        secured.settimeout(self._read_timeout_s)
        connection = http.client.HTTPConnection(self._host, self._port)
        connection.auto_open = 0  # a lost connection is a lost session: never reopened in secret
        connection.sock = secured
        self._http = connection

    def exchange(self, method: str, target: str, body: bytes | None) -> HttpAnswer:
        """Send one request, read its answer. Raises ``AnswerLost`` for any failure: the
        connection is closed then, since a late answer would be taken for the next one's."""
        if self._http is None or self._http.sock is None:
            raise ConnectionFailed("There is no connection.")
        deadline = time.monotonic() + self._read_timeout_s
        try:
            self._send(self._http, method, target, body)
            with self._http.getresponse() as response:
                answer = HttpAnswer(response.status, _read(response, deadline))
                self._keep_cookies(response)
                if response.will_close:
                    self.close()
        except TimeoutError:
            self.close()
            raise AnswerLost(
                f"No answer within {self._read_timeout_s:g} s.", timed_out=True
            ) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise AnswerLost(f"The connection broke: {type(error).__name__} {error}") from None
        except BaseException:  # a task's time limit, Ctrl-C: the answer may still come
            self.close()
            raise
        return answer

    def close(self) -> None:
        """Drop the connection and its cookies."""
        if self._http is not None:
            self._http.close()
        self._http = None
        self._cookies.clear()

    def _send(
        self, connection: http.client.HTTPConnection, method: str, target: str, body: bytes | None
    ) -> None:
        connection.putrequest(method, target, skip_accept_encoding=True)
        connection.putheader("Connection", "keep-alive")
        connection.putheader("Accept", "application/json")
        if method == "POST":
            connection.putheader("Content-Type", "application/x-www-form-urlencoded")
            connection.putheader("Content-Length", str(len(body or b"")))
        if self._cookies:
            pairs = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
            connection.putheader("Cookie", pairs)
        connection.endheaders(body)

    def _keep_cookies(self, response: http.client.HTTPResponse) -> None:
        for header in response.headers.get_all("Set-Cookie") or []:
            try:
                morsels = SimpleCookie(header)
            except CookieError:
                continue
            for name, morsel in morsels.items():
                if morsel["max-age"] == "0" or not morsel.value:
                    self._cookies.pop(name, None)
                elif len(self._cookies) < COOKIES_MAX:
                    self._cookies[name] = morsel.coded_value

    def _secured(self, plain: socket.socket) -> socket.socket:
        if isinstance(self._trust, PlainLoopback):
            return plain
        context = _tls_context(self._trust)
        try:
            secured = context.wrap_socket(plain, server_hostname=self._host)
        except ssl.SSLCertVerificationError as error:
            raise ServerIdentityError(
                f"{self._host}: the certificate is not trusted ({error.verify_message})."
            ) from None
        except TimeoutError:
            raise ConnectionFailed(f"{self._host}: no answer while securing the line") from None
        except OSError as error:
            raise ConnectionFailed(f"{self._host}: no TLS connection: {error}") from None
        if isinstance(self._trust, PinTrust):
            _check_pin(secured, self._trust, self._host)
        return secured


def is_loopback(host: str) -> bool:
    """Whether ``host`` names this machine without asking a name server."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _tls_context(trust: Trust) -> ssl.SSLContext:
    bundle = trust.pem if isinstance(trust, BundleTrust) else None
    context = ssl.create_default_context(cadata=bundle)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if isinstance(trust, PinTrust):  # the fingerprint says more than any authority
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _check_pin(secured: ssl.SSLSocket, trust: PinTrust, host: str) -> None:
    certificate = secured.getpeercert(binary_form=True) or b""
    shown = hashlib.sha256(certificate).hexdigest()
    if not hmac.compare_digest(shown, trust.sha256):
        secured.close()
        raise ServerIdentityError(
            f"{host} showed a certificate with fingerprint {shown}, not the pinned {trust.sha256}."
        )


def _read(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """The whole body, within the deadline even if it comes in drops."""
    chunks: list[bytes] = []
    size = 0
    while chunk := response.read1(CHUNK_BYTES):
        chunks.append(chunk)
        size += len(chunk)
        if size > ANSWER_BYTES_MAX:
            raise http.client.HTTPException("The answer is too large.")
        if time.monotonic() > deadline:
            raise TimeoutError
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return b"".join(chunks)
