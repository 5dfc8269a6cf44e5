"""The REST form: HTTP/1.1 on one connection, which is the session."""

import asyncio
import contextlib
import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from sandbox.mt5.auth import HandshakeRefused, Session
from sandbox.mt5.commands.registry import Answer, find_rest
from sandbox.mt5.core import Dropped, Forbidden, Silence, TradeServer, mangle, to_json
from sandbox.mt5.escaping import unescape
from sandbox.mt5.faults import Fault
from sandbox.mt5.retcodes import Retcode, wire_text
from sandbox.mt5.wire_control import CONTROL_PREFIX, control_answer
from sandbox.mt5.wire_values import parse_integer

HEADER_BYTES_MAX = 65_536
BODY_BYTES_MAX = 32 * 1024 * 1024
COOKIE_NAME = "mt5session"
_ORIGIN = re.compile(r"https?://[^/]*", re.IGNORECASE)


class BadRequest(Exception):
    """The bytes are not an HTTP request this server reads; the connection ends."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(slots=True)
class Request:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    version: str

    @property
    def keeps_alive(self) -> bool:
        connection = self.headers.get("connection", "").lower()
        if self.version == "HTTP/1.0":
            return "keep-alive" in connection
        return "close" not in connection

    def params(self) -> dict[str, str]:
        """Query parameters, names in lower case, values unescaped; UTF-8."""
        pairs = parse_qsl(self.query, keep_blank_values=True, encoding="utf-8", errors="replace")
        return {name.lower(): unescape(value) for name, value in pairs}

    def json_body(self, *, takes_text: bool) -> Any:
        """The body as JSON whatever the content type says; None when empty.

        Raises ValueError when it is something else and the command takes no text.
        """
        return parse_body(self.body.decode("utf-8"), takes_text=takes_text)


@dataclass(slots=True)
class Response:
    status: HTTPStatus
    text: str = ""
    cookie: str = ""
    closes: bool = False

    def encode(self, *, keeps_alive: bool) -> bytes:
        body = self.text.encode("utf-8")
        lines = [
            f"HTTP/1.1 {self.status.value} {self.status.phrase}",
            "Server: MT5 sandbox",
            "Content-Type: application/json; charset=utf-8",
            f"Content-Length: {len(body)}",
            f"Connection: {'keep-alive' if keeps_alive else 'close'}",
        ]
        if self.cookie:
            lines.append(f"Set-Cookie: {COOKIE_NAME}={self.cookie}; Path=/; HttpOnly")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class RestConnection:
    """One client connection: reads requests one after the other, and answers in order."""

    def __init__(
        self, server: TradeServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        peer = writer.get_extra_info("peername")
        self._session = Session(address=peer[0] if peer else "127.0.0.1")

    async def serve(self) -> None:
        """Answer until the client leaves, is idle too long, or a fault ends the connection."""
        try:
            await self._serve()
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            # The client is gone or idle: the session ends with its connection.
            return
        except Dropped:
            self._writer.transport.abort()
        except Silence as silence:
            await stay_silent(self._reader, silence.seconds)
            self._writer.transport.abort()

    async def _serve(self) -> None:
        is_open = True
        while is_open:
            try:
                request = await asyncio.wait_for(self._read_request(), self._server.settings.idle_s)
            except BadRequest as bad:
                self._writer.write(Response(bad.status).encode(keeps_alive=False))
                await self._writer.drain()
                return
            response = await self._respond(request)
            is_open = request.keeps_alive and not response.closes
            self._writer.write(response.encode(keeps_alive=is_open))
            await self._writer.drain()

    # Reading

    async def _read_request(self) -> Request:
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            raise BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from None
        lines = head.decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            raise BadRequest(HTTPStatus.BAD_REQUEST)
        headers = {}
        for line in lines[1:-2]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        path, _, query = parts[1].partition("?")
        # A client that thinks it speaks to a proxy sends the whole address.
        path = _ORIGIN.sub("", path)
        body = await self._read_body(headers)
        return Request(parts[0], path, query, headers, body, parts[2])

    async def _read_body(self, headers: dict[str, str]) -> bytes:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return await self._read_chunks()
        length = headers.get("content-length", "0")
        size = parse_integer(length)
        if size is None or size < 0:
            raise BadRequest(HTTPStatus.BAD_REQUEST)
        if size > BODY_BYTES_MAX:
            raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return await self._reader.readexactly(size)

    async def _read_chunks(self) -> bytes:
        chunks: list[bytes] = []
        total = 0
        while True:
            line = (await self._reader.readline()).split(b";")[0].strip()
            try:
                size = int(line, 16)
            except ValueError:
                raise BadRequest(HTTPStatus.BAD_REQUEST) from None
            total += size
            if size < 0 or total > BODY_BYTES_MAX:
                raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            if size == 0:
                while await self._reader.readline() not in {b"\r\n", b"\n", b""}:
                    pass
                return b"".join(chunks)
            chunks.append(await self._reader.readexactly(size))
            await self._reader.readline()

    # Answering

    async def _respond(self, request: Request) -> Response:
        if request.path.startswith(CONTROL_PREFIX):
            status, text = control_answer(
                self._server, request.method, request.path, request.headers, request.body
            )
            return Response(status, text)
        if request.method not in {"GET", "POST"}:
            return Response(HTTPStatus.METHOD_NOT_ALLOWED)
        name = request.path.strip("/").lower().removeprefix("api/")
        if name in {"auth/start", "auth_start", "auth/answer", "auth_answer"}:
            return self._authenticate(name, request)
        return await self._command(request)

    def _authenticate(self, name: str, request: Request) -> Response:
        authenticator, session = self._server.authenticator, self._session
        params = request.params()
        is_start = name.endswith("start")
        try:
            if is_start:
                fields = authenticator.start(session, params)
                return Response(HTTPStatus.OK, _top_level(Retcode.DONE, fields), session.cookie)
            fields = authenticator.answer(session, params)
            return Response(HTTPStatus.OK, _top_level(Retcode.DONE, fields))
        except HandshakeRefused as refusal:
            failed = HTTPStatus(self._server.settings.auth_failure_status)
            status = HTTPStatus.OK if is_start else failed
            return Response(status, _top_level(refusal.retcode, {}))

    async def _command(self, request: Request) -> Response:
        if not self._has_session(request):
            return Response(HTTPStatus.FORBIDDEN)
        command = find_rest(request.path)
        if command is None:
            if not request.path.startswith("/api/"):
                return Response(HTTPStatus.NOT_FOUND)
            return self._render(Answer(retcode=Retcode.NOT_SUPPORTED), None)
        try:
            body = request.json_body(takes_text=command.takes_text)
        except ValueError:
            return self._render(Answer(retcode=Retcode.PARAMETERS), None)
        try:
            answer, fault = await self._server.call(self._session, command, request.params(), body)
        except Forbidden:
            return Response(HTTPStatus.FORBIDDEN)
        return self._render(answer, fault)

    def _has_session(self, request: Request) -> bool:
        if self._session.manager is None:
            return False
        cookie = f"{COOKIE_NAME}={self._session.cookie}"
        return not self._server.settings.requires_cookie or cookie in request.headers.get(
            "cookie", ""
        )

    def _render(self, answer: Answer, fault: Fault | None) -> Response:
        is_documented = self._server.settings.documented_case
        message: dict[str, Any] = {"retcode": wire_text(answer.retcode), **answer.top}
        if answer.scalars is not None:
            message["answer"] = {
                name if is_documented else name.lower(): value
                for name, value in answer.scalars.items()
            }
        elif answer.payload is not None:
            message["answer"] = answer.payload
        message.update(answer.extra)
        text = mangle(to_json(message), fault)
        return Response(HTTPStatus.OK, text, closes=answer.closes)


def parse_body(text: str, *, takes_text: bool) -> Any:
    """What comes after the parameters: JSON, None when empty, or (if it may be one) a text.

    Raises ValueError.
    """
    text = text.strip("\ufeff \r\n\t\0")
    if not text:
        return None
    try:
        body = parse_json(text)
    except ValueError:
        if takes_text:
            return text
        raise
    return text if takes_text and not isinstance(body, dict) else body


def parse_json(text: str) -> Any:
    """JSON as Python. Raises ValueError, also for what could not be written or is too deep."""
    try:
        value = json.loads(text)
        if "\\ud" in text.lower():
            # Half a surrogate pair is no character: a record with one could never be sent.
            to_json(value).encode("utf-8")
        return value
    except RecursionError:
        raise ValueError("nested too deep") from None


async def stay_silent(reader: asyncio.StreamReader, seconds: float) -> None:
    """Say nothing until the client gives up or the time is over."""
    with contextlib.suppress(TimeoutError, ConnectionError):
        await asyncio.wait_for(reader.read(), seconds)


def _top_level(retcode: int, fields: dict[str, str]) -> str:
    return to_json({"retcode": wire_text(retcode), **fields})
