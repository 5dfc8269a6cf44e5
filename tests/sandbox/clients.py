"""Clients written from the protocol's description alone, for both wires."""

import hashlib
import http.client
import json
import secrets
import socket
import ssl
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import quote

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

TIMEOUT_S = 10.0
PASSWORD = "Password1"


class Listening(Protocol):
    """Where a server listens: one in this process, or one of its own."""

    @property
    def port(self) -> int: ...
    @property
    def tcp_port(self) -> int: ...
    @property
    def certificate_path(self) -> Path: ...
    @property
    def plain(self) -> bool: ...


def md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def password_hash(password: str) -> bytes:
    return md5(md5(password.encode("utf-16-le")) + b"WebAPI")


class RestClient:
    """One pinned connection, as the official samples keep it."""

    def __init__(self, server: Listening, *, timeout_s: float = TIMEOUT_S) -> None:
        if server.plain:
            self.http = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout_s)
        else:
            context = ssl.create_default_context(cafile=str(server.certificate_path))
            self.http = http.client.HTTPSConnection(
                "127.0.0.1", server.port, timeout=timeout_s, context=context
            )
        self.cookie = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def send(
        self, path: str, *, method: str = "GET", body: object = None,
        headers: dict[str, str] | None = None, raw_body: bytes | None = None, **params: object,
    ) -> tuple[int, str]:  # fmt: skip
        query = "&".join(f"{name}={quote(str(value))}" for name, value in params.items())
        data = json.dumps(body).encode() if body is not None else raw_body
        self.http.request(
            method, f"{path}?{query}" if query else path, body=data,
            headers={"Content-Type": "application/x-www-form-urlencoded", **(headers or {})},
        )  # fmt: skip
        response = self.http.getresponse()
        self.cookie = response.getheader("Set-Cookie", self.cookie) or ""
        return response.status, response.read().decode()

    def call(self, path: str, **arguments: Any) -> dict[str, Any]:
        status, text = self.send(path, **arguments)
        assert status == 200, (path, status, text)
        answer: dict[str, Any] = json.loads(text)
        return answer

    def retcode(self, path: str, **arguments: Any) -> int:
        return int(self.call(path, **arguments)["retcode"].split(" ")[0])

    def answer(self, path: str, **arguments: Any) -> Any:
        answer = self.call(path, **arguments)
        assert answer["retcode"] == "0 Done", (path, answer)
        return answer.get("answer")

    def authenticate(self, login: int = 1000, password: str = PASSWORD) -> Self:
        start = self.call(
            "/api/auth/start", version=3661, agent="WebManager", login=login, type="manager"
        )
        digest, cli_rand = password_hash(password), secrets.token_bytes(16)
        proof = md5(digest + bytes.fromhex(start["srv_rand"])).hex()
        answer = self.call("/api/auth/answer", srv_rand_answer=proof, cli_rand=cli_rand.hex())
        assert answer["retcode"] == "0 Done"
        assert answer["cli_rand_answer"] == md5(digest + cli_rand).hex()
        return self


class OfbStream:
    """The cipher as the samples do it: block by block, the tail of a packet thrown away."""

    def __init__(self, key: bytes, seed: bytes) -> None:
        # The protocol's key stream is made of single blocks.
        self._block = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305
        self._state = seed

    def apply(self, body: bytes) -> bytes:
        out = bytearray()
        for start in range(0, len(body), 16):
            self._state = self._block.update(self._state)
            part = body[start : start + 16]
            out += bytes(a ^ b for a, b in zip(part, self._state, strict=False))
        return bytes(out)


class RawClient:
    """The raw TCP form, plain or AES256OFB."""

    def __init__(self, server: Listening) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.tcp_port), TIMEOUT_S)
        self.stream = self.socket.makefile("rb")
        self.serial = 0
        self.pings: list[int] = []
        self.packets = 0
        self.outgoing: OfbStream | None = None
        self.incoming: OfbStream | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()
        self.socket.close()

    def send_packet(self, body: bytes, *, flag: int = 0, first: bool = False) -> None:
        if self.outgoing is not None and body:
            body = self.outgoing.apply(body)
        header = f"{len(body):04x}{self.serial:04x}{flag}".encode()
        self.socket.sendall((b"MT5WEBAPI" if first else b"") + header + body)

    def read_packet(self) -> tuple[int, int, bytes]:
        header = self.stream.read(9)
        if len(header) < 9:
            raise ConnectionError("the server closed the connection")
        body = self.stream.read(int(header[:4], 16))
        if self.incoming is not None and body:
            body = self.incoming.apply(body)
        return int(header[4:8], 16), int(header[8:9]), body

    def read(self) -> str:
        """The answer to the last command; pings and other numbers are skipped."""
        body = b""
        while True:
            serial, flag, part = self.read_packet()
            if serial != self.serial:
                self.pings.append(serial)
                continue
            self.packets += 1
            body += part
            if flag == 0:
                return body.decode("utf-16-le")

    def command(
        self, name: str, body: str = "", *, first: bool = False, **params: object
    ) -> tuple[dict[str, str], str]:
        """Parameters and JSON text of an answer."""
        self.serial += 1
        line = name + "|" + "".join(f"{key}={value}|" for key, value in params.items()) + "\r\n"
        self.send_packet((line + body).encode("utf-16-le"), first=first)
        head, _, text = self.read().partition("\r\n")
        real_name, *parts = head.split("|")
        assert real_name == name
        return dict(part.split("=", 1) for part in parts if part), text

    def authenticate(
        self, login: int = 1000, password: str = PASSWORD, crypt: str = "NONE"
    ) -> Self:
        start, _ = self.command(
            "AUTH_START", first=True, VERSION=3661, AGENT="WebAPI", LOGIN=login, TYPE="MANAGER",
            CRYPT_METHOD=crypt,
        )  # fmt: skip
        assert start["RETCODE"] == "0 Done"
        digest, cli_rand = password_hash(password), secrets.token_bytes(16)
        proof = md5(digest + bytes.fromhex(start["SRV_RAND"])).hex()
        answer, _ = self.command("AUTH_ANSWER", SRV_RAND_ANSWER=proof, CLI_RAND=cli_rand.hex())
        assert answer["RETCODE"] == "0 Done"
        assert answer["CLI_RAND_ANSWER"] == md5(digest + cli_rand).hex()
        if crypt == "AES256OFB":
            self._derive(digest, bytes.fromhex(answer["CRYPT_RAND"]))
        return self

    def _derive(self, digest: bytes, crypt_rand: bytes) -> None:
        out, material = digest, []
        for index in range(16):
            out = md5(crypt_rand[index * 16 : index * 16 + 16] + out)
            material.append(out)
        key = material[0] + material[1]
        self.outgoing, self.incoming = OfbStream(key, material[2]), OfbStream(key, material[3])
