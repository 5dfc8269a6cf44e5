"""An access server that breaks at the byte: for what a whole, well-behaved server can't do.

It speaks HTTP on a real socket, authenticates truly, notes every request that reached it, and plays
a script of misbehaviour per command.
"""

import json
import socket
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import parse_qsl, urlsplit

from trading.bridge.mt5.handshake import challenge_answer, password_digest

PASSWORD = "Password1"
SERVER_CHALLENGE = "73007dc7184747ce0f7c98516ef1c851"
IDLE_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that arrived; ``connection`` counts the TCP connections from 1."""

    connection: int
    method: str
    path: str
    query: dict[str, str]
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """What to do with one request: bytes to send, then keep the connection, drop it, or wait."""

    send: bytes
    then: str = "keep"
    """"keep" the connection, "drop" it, or "hold" it silently until the other side leaves."""


def http(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def done(answer: object = None, **top: object) -> bytes:
    return http(json.dumps({"retcode": "0 Done", **top, "answer": answer}).encode())


def coded(code: str) -> Step:
    return Step(http(json.dumps({"retcode": code}).encode()))


SILENCE = Step(b"", "hold")
DROP = Step(b"", "drop")
FORBIDDEN = Step(http(b"", "403 Forbidden"))
OUTAGE = Step(http(b"<html>upstream</html>", "502 Bad Gateway"))
HALF_AN_ANSWER = Step(done({"ticket": "1"})[:-5], "drop")
GARBAGE = Step(b"\x16\x03\x01 this is not HTTP\r\n\r\n", "drop")
HTML = Step(http(b"<html>Maintenance</html>"))


@dataclass
class ScriptedServer:
    """Use as a context manager; ``script["/api/..."]`` holds the steps of a command in order,
    after which it answers well."""

    password: str = PASSWORD
    issue_cookie: bool = False
    script: dict[str, deque[Step]] = field(default_factory=lambda: defaultdict(deque))
    seen: list[Seen] = field(default_factory=list)
    good: dict[str, Callable[[Seen], bytes]] = field(default_factory=dict)

    def __enter__(self) -> "ScriptedServer":
        self._news = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(IDLE_TIMEOUT_S)
        for peer in self._sockets:
            try:
                peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads:
            thread.join(IDLE_TIMEOUT_S)

    def play(self, path: str, *steps: Step) -> None:
        self.script[path].extend(steps)

    def arrived(self, path: str, times: int) -> bool:
        """Wait until ``path`` was asked for ``times`` times; False if it never was."""
        with self._news:
            return self._news.wait_for(lambda: self.count(path) >= times, IDLE_TIMEOUT_S)

    def count(self, path: str) -> int:
        """How many requests for ``path`` arrived."""
        return sum(request.path == path for request in self.seen)

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            peer.settimeout(IDLE_TIMEOUT_S)
            self._sockets.append(peer)
            thread = threading.Thread(
                target=self._serve, args=(peer, len(self._sockets)), daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _serve(self, peer: socket.socket, number: int) -> None:
        with peer, peer.makefile("rb") as stream:
            try:
                while request := _read_request(stream, number):
                    with self._news:
                        self.seen.append(request)
                        self._news.notify_all()
                    step = self._step(request)
                    peer.sendall(step.send)
                    if step.then == "hold":
                        stream.read(1)
                    if step.then != "keep":
                        return
            except OSError:
                return

    def _step(self, request: Seen) -> Step:
        steps = self.script[request.path]
        if steps:
            return steps.popleft()
        good = self.good.get(request.path)
        return Step(good(request) if good else self._default(request))

    def _default(self, request: Seen) -> bytes:
        digest = password_digest(self.password)
        if request.path == "/api/auth/start":
            return done(version_access="3661", srv_rand=SERVER_CHALLENGE)
        if request.path == "/api/auth/answer":
            if request.query["srv_rand_answer"] != challenge_answer(digest, SERVER_CHALLENGE):
                return http(b'{"retcode":"1001 Invalid account"}')
            proof = challenge_answer(digest, request.query["cli_rand"])
            body = json.dumps({"retcode": "0 Done", "cli_rand_answer": proof}).encode()
            cookie = ["Set-Cookie: session=abc; Path=/; HttpOnly"] if self.issue_cookie else []
            return http(body, "200 OK", *cookie)
        if request.path == "/api/time/server":
            return done({"time": "1751371200 2025.07.01 12:00:00"})
        return done()


def _read_request(stream: BinaryIO, number: int) -> Seen | None:
    line = stream.readline()
    if not line.strip():
        return None
    method, target, _ = line.decode().split(" ", 2)
    headers = {}
    while header := stream.readline().decode().strip():
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0)))
    parts = urlsplit(target)
    return Seen(number, method, parts.path, dict(parse_qsl(parts.query)), body, headers)
