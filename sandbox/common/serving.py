"""A gateway of the sandbox over HTTP, on loopback only: its server, and what its handlers share."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType
from typing import Any

from sandbox.common.faults import Faults

BODY_BYTES_MAX = 64 * 1024
READ_TIMEOUT_S = 10
PUMP_EVERY_S = 0.2
HANG_S = 60  # longer than any caller waits


class Cut(Exception):  # noqa: N818 - the connection is to be dropped without an answer
    pass


class TooLong(Exception):  # noqa: N818 - an answer, not an accident
    """A body of more bytes than are taken."""


class NotAnObject(Exception):  # noqa: N818 - an answer, not an accident
    """A body that is no JSON object."""


class GatewayServer(ThreadingHTTPServer):
    """Serves on 127.0.0.1; port 0 takes a free one. ``pump``, where given, is called again and
    again to send what is due; without it the owner does."""

    daemon_threads = True

    def __init__(
        self, port: int, handler: type[GatewayHandler], pump: Callable[[], int] | None
    ) -> None:
        self.closing = threading.Event()
        super().__init__(("127.0.0.1", port), handler)
        if pump is not None:
            threading.Thread(target=self._pump, args=(pump,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def _pump(self, pump: Callable[[], int]) -> None:
        while not self.closing.wait(PUMP_EVERY_S):
            pump()

    def stop(self) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()

    def run(self, name: str) -> None:
        """Serve until the process is told to end."""

        def stop(number: int, frame: FrameType | None) -> None:
            # shutdown() waits for the loop that this handler interrupted, so it needs a thread.
            threading.Thread(target=self.shutdown).start()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        print(f"{name} ready on {self.address}", flush=True)
        self.serve_forever(poll_interval=0.1)
        self.closing.set()
        self.server_close()


class GatewayHandler(BaseHTTPRequestHandler):
    """Subclasses answer in ``get`` and ``post``; ``refused`` writes what they raise as an answer
    and says whether it was theirs."""

    server: GatewayServer
    protocol_version = "HTTP/1.1"
    timeout = READ_TIMEOUT_S

    def do_GET(self) -> None:
        self._answer(self.get)

    def do_POST(self) -> None:
        self._answer(self.post)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the demo's output belongs to the product."""

    def get(self) -> None:
        raise NotImplementedError

    def post(self) -> None:
        raise NotImplementedError

    def refused(self, error: Exception) -> bool:
        raise NotImplementedError

    def _answer(self, answer: Callable[[], None]) -> None:
        try:
            answer()
        except Cut:
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
        except Exception as error:
            if not self.refused(error):
                raise

    # Faults of calls: before anything was done, and after

    def strike(self, faults: Faults, reference: str, *, before: bool) -> None:
        """No answer at all, whether it was done or not."""
        if before and faults.take("timeout_before", reference):
            self._hang()
        if not before and faults.take("timeout_after", reference):
            self._hang()
        if not before and faults.take("dropped_after", reference):
            raise Cut

    def _hang(self) -> None:
        until = time.monotonic() + HANG_S
        while time.monotonic() < until and not self.server.closing.wait(0.2):
            pass
        raise Cut

    # In and out

    def body(self, most: int = BODY_BYTES_MAX) -> bytes:
        """Raises ``TooLong``."""
        length = self.headers.get("Content-Length") or "0"
        if not length.isdigit() or int(length) > most:
            raise TooLong(f"A body has at most {most} bytes.")
        return self.rfile.read(int(length))

    def json(
        self,
        status: int,
        body: Any,
        *,
        closes: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        data = json.dumps(body, default=str).encode()
        self.send(status, "application/json", data, closes=closes, headers=headers)

    def html(self, status: int, text: str) -> None:
        self.send(status, "text/html; charset=utf-8", text.encode(), closes=True)

    def send(
        self,
        status: int,
        kind: str,
        data: bytes,
        *,
        closes: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Type": kind}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        if closes:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)


def json_object(body: bytes) -> dict[str, Any]:
    """Raises ``NotAnObject``."""
    try:
        data = json.loads(body)
    except ValueError:
        raise NotAnObject("The body is not JSON.") from None
    if not isinstance(data, dict):
        raise NotAnObject("The body is not a JSON object.")
    return data
