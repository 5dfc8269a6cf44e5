"""The raw TCP form: numbered packets of UTF-16LE text, plain or AES256OFB."""

import asyncio
import contextlib
import re
from dataclasses import dataclass

from sandbox.mt5.auth import HandshakeRefused, Session
from sandbox.mt5.commands.registry import RAW_COMMANDS, Answer
from sandbox.mt5.core import Dropped, Forbidden, Silence, TradeServer, mangle, to_json
from sandbox.mt5.crypto import StreamCipher, password_digest, server_ciphers
from sandbox.mt5.escaping import escape, unescape
from sandbox.mt5.faults import Fault
from sandbox.mt5.retcodes import Retcode, wire_text
from sandbox.mt5.wire_rest import parse_body, stay_silent

GREETING = b"MT5WEBAPI"
HEADER_BYTES = 9
# An even number, so that no UTF-16 unit and (being a multiple of 16) no cipher block is cut.
PACKET_BYTES = 65_520
COMMAND_BYTES_MAX = 32 * 1024 * 1024
FIRST_SERVER_SERIAL, LAST_SERVER_SERIAL = 0x4000, 0x7FFF
_SPLIT = re.compile(r"(?<!\\)((?:\\\\)*)\|")
_ASSIGNMENT = re.compile(r"(?<!\\)((?:\\\\)*)=")


class BadPacket(Exception):
    """The bytes are not a packet of the protocol; the connection ends."""


@dataclass(frozen=True, slots=True)
class Packet:
    serial: int
    is_last: bool
    body: bytes


@dataclass(frozen=True, slots=True)
class RawCommand:
    """`NAME|PARAM=VALUE|..|\\r\\n` and the JSON text after it."""

    name: str
    params: dict[str, str]
    text: str


def encode_packet(serial: int, body: bytes, *, is_last: bool = True) -> bytes:
    flag = 0 if is_last else 1
    return f"{len(body):04x}{serial:04x}{flag}".encode("ascii") + body


def parse_command(text: str) -> RawCommand:
    """Take a command apart. The JSON may hold anything, the line before it is escaped."""
    line, _, rest = text.partition("\r\n")
    name, *parts = _split(line, _SPLIT)
    params = {}
    for part in parts:
        pair = _split(part, _ASSIGNMENT, limit=1)
        if len(pair) == 2:
            params[pair[0].strip().lower()] = unescape(pair[1])
    return RawCommand(name.strip().upper(), params, rest.strip("\r\n\t \0"))


def _split(text: str, pattern: re.Pattern[str], limit: int = 0) -> list[str]:
    """Split at an unescaped separator; escapes stay for `unescape`."""
    pieces, start = [], 0
    for match in pattern.finditer(text):
        pieces.append(text[start : match.end() - 1])
        start = match.end()
        if limit and len(pieces) == limit:
            break
    return [*pieces, text[start:]]


def render_answer(name: str, answer: Answer, fault: Fault | None = None) -> str:
    """`NAME|RETCODE=0 Done|TOTAL=5|` and the JSON part, if there is one."""
    params = {"RETCODE": wire_text(answer.retcode)}
    for fields in (answer.top, answer.tcp, answer.scalars or {}):
        params.update({key.upper(): value for key, value in fields.items()})
    line = name + "|" + "".join(f"{key}={escape(value)}|" for key, value in params.items())
    payload = answer.payload if not answer.extra else {"answer": answer.payload, **answer.extra}
    return f"{line}\r\n" + ("" if payload is None else mangle(to_json(payload), fault))


class RawConnection:
    """One client connection of the raw form."""

    def __init__(
        self, server: TradeServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        peer = writer.get_extra_info("peername")
        self._session = Session(address=peer[0] if peer else "127.0.0.1")
        self._incoming: StreamCipher | None = None
        self._outgoing: StreamCipher | None = None
        self._serial = FIRST_SERVER_SERIAL
        self._parts: dict[int, list[bytes]] = {}

    async def serve(self) -> None:
        """Answer until the client leaves, is idle too long, or a fault ends the connection."""
        pings = asyncio.create_task(self._ping())
        try:
            await self._serve()
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError, BadPacket):
            return
        except (Dropped, Forbidden):
            self._writer.transport.abort()
        except Silence as silence:
            await stay_silent(self._reader, silence.seconds)
            self._writer.transport.abort()
        finally:
            pings.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pings

    async def _serve(self) -> None:
        greeting = await asyncio.wait_for(
            self._reader.readexactly(len(GREETING)), self._server.settings.idle_s
        )
        if greeting != GREETING:
            raise BadPacket
        while True:
            packet = await asyncio.wait_for(self._read_packet(), self._server.settings.idle_s)
            command = self._join(packet)
            if command is not None and not await self._answer(packet.serial, command):
                return

    async def _ping(self) -> None:
        """Empty packets of the server's own number, mixed into the stream."""
        with contextlib.suppress(ConnectionError):
            while True:
                await asyncio.sleep(self._server.settings.ping_s)
                self._writer.write(encode_packet(self._serial, b""))
                self._serial += 1
                if self._serial > LAST_SERVER_SERIAL:
                    self._serial = FIRST_SERVER_SERIAL
                await self._writer.drain()

    # Reading

    async def _read_packet(self) -> Packet:
        header = await self._reader.readexactly(HEADER_BYTES)
        try:
            length, serial = int(header[:4], 16), int(header[4:8], 16)
        except ValueError:
            raise BadPacket from None
        flag = header[8:9]
        if flag not in {b"0", b"1"}:
            raise BadPacket
        body = await self._reader.readexactly(length)
        if self._incoming is not None and body:
            body = self._incoming.apply(body)
        return Packet(serial, flag == b"0", body)

    def _join(self, packet: Packet) -> RawCommand | None:
        """The whole command once its last packet is there; pings are nothing."""
        if not packet.body and packet.serial not in self._parts:
            return None
        parts = self._parts.setdefault(packet.serial, [])
        parts.append(packet.body)
        if sum(len(part) for part in parts) > COMMAND_BYTES_MAX:
            raise BadPacket
        if not packet.is_last:
            return None
        body = b"".join(self._parts.pop(packet.serial))
        try:
            return parse_command(body.decode("utf-16-le"))
        except UnicodeDecodeError:
            raise BadPacket from None

    # Answering

    async def _answer(self, serial: int, command: RawCommand) -> bool:
        """Answer one command; False when the connection is to end."""
        if not command.name and not command.params:
            # "|" alone: the official samples ping with it, and await no answer.
            return True
        if command.name in {"AUTH_START", "AUTH_ANSWER"}:
            await self._authenticate(serial, command)
            return True
        entry = RAW_COMMANDS.get(command.name)
        if self._session.manager is None:
            await self._send(serial, render_answer(command.name, _refused()))
            return False
        if entry is None:
            answer = Answer(retcode=Retcode.NOT_SUPPORTED)
            await self._send(serial, render_answer(command.name, answer))
            return True
        try:
            body = parse_body(command.text, takes_text=entry.takes_text)
        except ValueError:
            answer = Answer(retcode=Retcode.PARAMETERS)
            await self._send(serial, render_answer(command.name, answer))
            return True
        try:
            answer, fault = await self._server.call(self._session, entry, command.params, body)
        except Forbidden:
            await self._send(serial, render_answer(command.name, _refused()))
            return False
        await self._send(serial, render_answer(command.name, answer, fault))
        return not answer.closes

    async def _authenticate(self, serial: int, command: RawCommand) -> None:
        authenticator, session = self._server.authenticator, self._session
        # Handshakes are never encrypted, a second one on the connection included.
        self._incoming = self._outgoing = None
        ciphers = None
        try:
            if command.name == "AUTH_START":
                answer = Answer(tcp=authenticator.start(session, command.params))
            else:
                fields = authenticator.answer(session, command.params)
                answer = Answer(tcp=fields)
                answer.tcp["crypt_rand"] = session.crypt_rand.hex()
                if session.wants_cipher and session.manager is not None:
                    digest = password_digest(session.manager.password)
                    ciphers = server_ciphers(digest, session.crypt_rand)
        except HandshakeRefused as refusal:
            answer = Answer(retcode=refusal.retcode)
        await self._send(serial, render_answer(command.name, answer))
        if ciphers is not None:
            self._incoming, self._outgoing = ciphers

    async def _send(self, serial: int, text: str) -> None:
        body = text.encode("utf-16-le")
        for start in range(0, max(len(body), 1), PACKET_BYTES):
            part = body[start : start + PACKET_BYTES]
            if self._outgoing is not None:
                part = self._outgoing.apply(part)
            is_last = start + PACKET_BYTES >= len(body)
            self._writer.write(encode_packet(serial, part, is_last=is_last))
        await self._writer.drain()


def _refused() -> Answer:
    return Answer(retcode=Retcode.PERMISSIONS)
