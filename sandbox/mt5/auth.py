"""Managers, what they may do, and the handshake both transports share."""

import ipaddress
import secrets
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sandbox.mt5.crypto import CRYPT_RAND_BYTES, password_digest, random_answer
from sandbox.mt5.masks import mask_matcher
from sandbox.mt5.retcodes import Retcode
from sandbox.mt5.wire_values import parse_integer

VERSION_MIN = 484
ANSWER_WITHIN_S = 10.0


class Right(StrEnum):
    """Rights of a manager account, one per thing the platform's administrator can tick."""

    ADMINISTRATOR = "administrator"
    ACCOUNTS = "accounts"
    ACCOUNTS_EDIT = "accounts_edit"
    ACCOUNTS_DELETE = "accounts_delete"
    ACCOUNTANT = "accountant"
    TRADES = "trades"
    TRADES_EDIT = "trades_edit"
    DEALER = "dealer"
    PERSONAL_DATA = "personal_data"
    REPORTS = "reports"
    MESSAGES = "messages"


ALL_RIGHTS = frozenset(Right)


@dataclass(slots=True)
class Manager:
    """A manager account; `password` is its API password, `groups` a mask list."""

    login: int
    password: str = field(repr=False)
    rights: frozenset[Right] = ALL_RIGHTS
    groups: str = "*"
    networks: tuple[str, ...] = ()
    is_enabled: bool = True
    api_enabled: bool = True

    def may(self, right: Right | None) -> bool:
        return right is None or right in self.rights

    def sees_group(self, group: str) -> bool:
        return mask_matcher(self.groups)(group)

    def may_connect_from(self, address: str) -> bool:
        if not self.networks:
            return True
        peer = ipaddress.ip_address(address)
        return any(peer in ipaddress.ip_network(network) for network in self.networks)


class HandshakeRefused(Exception):
    """Authentication ends here with a return code."""

    def __init__(self, retcode: Retcode) -> None:
        super().__init__(retcode.name)
        self.retcode = retcode


@dataclass(slots=True)
class Session:
    """Authentication state of one connection; it lives and dies with the connection."""

    address: str = "127.0.0.1"
    manager: Manager | None = None
    pending: Manager | None = None
    srv_rand: str = ""
    started: float = 0.0
    wants_cipher: bool = False
    crypt_rand: bytes = b""
    cookie: str = field(default_factory=lambda: secrets.token_hex(16))
    # Results of dealer requests are delivered to the connection that sent them, and die with it.
    requests: dict[int, Any] = field(default_factory=dict)

    def forget(self) -> None:
        """Back to an unauthenticated connection."""
        self.manager = self.pending = None
        self.srv_rand = ""
        self.requests.clear()


class Authenticator:
    """The two steps of the handshake for the managers of one server."""

    def __init__(self, managers: list[Manager], *, build: int = 4755) -> None:
        self.managers = {manager.login: manager for manager in managers}
        self.build = build

    def start(self, session: Session, params: dict[str, str]) -> dict[str, str]:
        """`auth/start`: checks who asks and hands out the server's random number."""
        session.forget()
        self._check_client(params)
        manager = self.managers.get(_number(params.get("login", "")))
        if manager and not manager.may_connect_from(session.address):
            raise HandshakeRefused(Retcode.ADDRESS_BLOCKED)
        # An unknown login gets a challenge too: only the answer tells it is wrong.
        session.pending = manager
        session.srv_rand = secrets.token_hex(16)
        session.started = time.monotonic()
        session.wants_cipher = params.get("crypt_method", "NONE").upper() == "AES256OFB"
        return {"version_access": str(self.build), "srv_rand": session.srv_rand}

    @staticmethod
    def _check_client(params: dict[str, str]) -> None:
        if params.get("type", "").lower() != "manager":
            raise HandshakeRefused(Retcode.TERMINAL_TYPE)
        agent = params.get("agent", "")
        if not agent or " " in agent or not _number(params.get("login", "")):
            raise HandshakeRefused(Retcode.PARAMETERS)
        if params.get("crypt_method", "NONE").upper() not in {"NONE", "AES256OFB"}:
            raise HandshakeRefused(Retcode.PARAMETERS)
        if _number(params.get("version", "")) < VERSION_MIN:
            raise HandshakeRefused(Retcode.OLD_VERSION)

    def answer(self, session: Session, params: dict[str, str]) -> dict[str, str]:
        """`auth/answer`: checks the client's proof and gives the server's own."""
        challenge, manager = session.srv_rand, session.pending
        session.srv_rand, session.pending = "", None
        if not challenge or time.monotonic() - session.started > ANSWER_WITHIN_S:
            raise HandshakeRefused(Retcode.PERMISSIONS)
        cli_rand = params.get("cli_rand", "")
        if not _is_random(cli_rand):
            raise HandshakeRefused(Retcode.PARAMETERS)
        if manager is None:
            raise HandshakeRefused(Retcode.ACCOUNT_INVALID)
        digest = password_digest(manager.password)
        proof = params.get("srv_rand_answer", "").lower()
        if not secrets.compare_digest(proof.encode(), random_answer(digest, challenge).encode()):
            raise HandshakeRefused(Retcode.ACCOUNT_INVALID)
        if not manager.is_enabled:
            raise HandshakeRefused(Retcode.ACCOUNT_DISABLED)
        if not manager.api_enabled:
            raise HandshakeRefused(Retcode.API_DISABLED)
        session.manager = manager
        session.crypt_rand = secrets.token_bytes(CRYPT_RAND_BYTES)
        build = str(self.build)
        return {
            "version_access": build,
            "version_trade": build,
            "cli_rand_answer": random_answer(digest, cli_rand),
        }


def _number(text: str) -> int:
    """The number a text says, 0 when it says none."""
    return parse_integer(text) or 0


def _is_random(text: str) -> bool:
    """16 bytes in hex of either case."""
    return len(text) == 32 and all(char in "0123456789abcdefABCDEF" for char in text)
