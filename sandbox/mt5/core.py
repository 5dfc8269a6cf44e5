"""The trade server behind both wires: state, engine, market, and how a call is answered."""

import asyncio
import json
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sandbox.mt5.commands  # noqa: F401 - registers the commands
from sandbox.mt5.auth import Authenticator, Manager, Session
from sandbox.mt5.book import Book, Version
from sandbox.mt5.clock import DaylightRule, ServerClock
from sandbox.mt5.commands.registry import Answer, Call, Command
from sandbox.mt5.configs import MANAGER_GROUP, Group, Symbol
from sandbox.mt5.core_types import Message
from sandbox.mt5.crypto import password_digest
from sandbox.mt5.faults import Fault, FaultKind, FaultPlan
from sandbox.mt5.market import Market
from sandbox.mt5.masks import mask_matcher
from sandbox.mt5.pending import PendingOrders
from sandbox.mt5.records import Deal, Order, Position, User
from sandbox.mt5.retcodes import Rejected, Retcode, wire_text
from sandbox.mt5.rollover import Rollover
from sandbox.mt5.state import StateFile
from sandbox.mt5.traders import Traders
from sandbox.mt5.trading import Engine

CALLS_KEPT = 10_000
FIRST_LOGIN = 100_001
LAST_LOGIN = 2_000_000_000
_SECRETS = frozenset({"password", "pass_main", "pass_investor", "pass_phone", "otp_secret"})


@dataclass(slots=True)
class Settings:
    """How a server is set up. Times zones: winter offset in minutes and a daylight rule."""

    managers: list[Manager] = field(default_factory=lambda: [Manager(1000, "Password1")])
    groups: list[Group] | None = None
    symbols: list[Symbol] | None = None
    name: str = "Sandbox-MT5"
    seed: int = 1
    offset_minutes: int = 120
    daylight: DaylightRule = DaylightRule.EU
    frozen_at: datetime | None = None
    documented_case: bool = False
    requires_cookie: bool = False
    auth_failure_status: int = 403
    idle_s: float = 180.0
    ping_s: float = 20.0
    login_first: int = FIRST_LOGIN
    login_last: int = LAST_LOGIN
    dealer_delay_s: float = 0.0
    idle_accounts_have_state: bool = False
    state_path: Path | None = None


@dataclass(slots=True)
class CallRecord:
    """One call that reached the server, without its secrets."""

    command: str
    params: dict[str, str]
    retcode: int | None = None
    fault: str = ""

    def line(self) -> str:
        result = "no answer" if self.retcode is None else wire_text(self.retcode)
        return f"{self.command}: {result}"


class Forbidden(Exception):
    """HTTP 403: no session, or a fault that plays one that ended."""


class Silence(Exception):
    """No answer for so many seconds, then the connection goes."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Dropped(Exception):
    """The connection goes at once."""


class TradeServer:
    """All state of one simulated server. Everything runs in the thread of its event loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.name = settings.name
        self.clock = ServerClock(
            settings.offset_minutes, settings.daylight, frozen=settings.frozen_at
        )
        self.book = Book(settings.groups, settings.symbols)
        self.market = Market(self.book.symbols, self.clock, seed=settings.seed)
        self.engine = Engine(self.book, self.market, self.clock)
        self.pending = PendingOrders(self.engine)
        self.rollover = Rollover(self.engine)
        self.traders = Traders(self.engine, self.pending, seed=settings.seed)
        self.authenticator = Authenticator(settings.managers)
        self.faults = FaultPlan()
        self.calls: deque[CallRecord] = deque(maxlen=CALLS_KEPT)
        self.messages: deque[Message] = deque(maxlen=CALLS_KEPT)
        self.book.reserve_tickets("login", settings.login_first - 1)
        self._request_id = 0
        self._state: StateFile | None = None
        if settings.state_path is not None:
            self._state = StateFile(settings.state_path)
            self._state.load(self.book, self.market, self.rollover)
        self._add_managers(settings.managers)

    def _add_managers(self, managers: Iterable[Manager]) -> None:
        """Managers are accounts too, in the group of managers."""
        self.book.groups.setdefault(MANAGER_GROUP, Group(MANAGER_GROUP, "USD"))
        for manager in managers:
            user = self.book.users.get(manager.login)
            if user is None:
                user = User(manager.login, MANAGER_GROUP, name=f"Manager {manager.login}")
                user.registration = self.clock.now_s()
                self.book.add_user(user)
            user.passwords["api"] = password_digest(manager.password).hex()

    # Accounts and configuration

    def allocate_login(self, wanted: int) -> int:
        """The wanted login if it is free and ours, or the next one. Raises Rejected.

        The server gives no login twice: the deals of a deleted account stay with its login.
        """
        settings, book = self.settings, self.book
        if wanted:
            if book.has_known(wanted):
                raise Rejected(Retcode.LOGIN_EXISTS)
            if not settings.login_first <= wanted <= settings.login_last:
                raise Rejected(Retcode.LOGIN_ELSEWHERE)
            return wanted
        login = book.new_ticket("login")
        while book.has_known(login):
            login = book.new_ticket("login")
        if login > settings.login_last:
            raise Rejected(Retcode.LOGINS_EXHAUSTED)
        return login

    def has_trade_state(self, user: User) -> bool:
        """Idle accounts without a trade have no trade state until something happens to them."""
        login = user.login
        return (
            self.settings.idle_accounts_have_state
            or login in self.book.active
            or self.book.has_trades(login)
        )

    def is_in(self, group: str, masks: str) -> bool:
        return mask_matcher(masks)(group)

    def add_group(self, group: Group) -> None:
        self.book.groups[group.name] = group
        self.save_configs()

    def delete_group(self, name: str) -> None:
        del self.book.groups[name]
        self.save_configs()

    def next_request_id(self) -> int:
        self._request_id += 1
        return self._request_id

    def remember(self, kind: str, record: Deal | Order | Position | User) -> None:
        """Keep what a record was before a deletion, for the backups."""
        version = Version(self.clock.now_s(), replace(record))
        self.book.versions[kind].append(version)

    # Calls

    async def call(
        self, session: Session, command: Command, params: dict[str, str], body: Any
    ) -> tuple[Answer, Fault | None]:
        """Answer one call of an authenticated session, faults included.

        Raises Forbidden, Silence or Dropped when there is to be no answer.
        """
        if session.manager is None:
            raise Forbidden
        record = CallRecord(command.name, _without_secrets(params))
        self.calls.append(record)
        fault = self.faults.take(command.name)
        if fault is not None:
            record.fault = fault.kind.value
            await self._fail_before(session, fault)
        answer = self._execute(Call(self, session, session.manager, params, body), command, fault)
        if fault is not None:
            await self._fail_after(fault, answer)
        record.retcode = int(answer.retcode)
        return answer, fault

    async def _fail_before(self, session: Session, fault: Fault) -> None:
        if fault.kind is FaultKind.FORBIDDEN:
            session.forget()
            raise Forbidden
        if fault.kind is FaultKind.DROP_BEFORE:
            raise Dropped
        if fault.kind is FaultKind.TIMEOUT_BEFORE:
            raise Silence(fault.seconds)
        if fault.kind is FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)

    def _execute(self, call: Call, command: Command, fault: Fault | None) -> Answer:
        if fault is not None and fault.kind is FaultKind.RETCODE:
            return Answer(retcode=fault.retcode)
        if not call.manager.may(command.right):
            return Answer(retcode=Retcode.PERMISSIONS)
        try:
            answer = command.handler(call)
        except Rejected as refusal:
            answer = Answer(retcode=refusal.retcode)
        self.save()
        if fault is not None and fault.kind is FaultKind.RETCODE_AFTER:
            return Answer(retcode=fault.retcode)
        return answer

    @staticmethod
    async def _fail_after(fault: Fault, answer: Answer) -> None:
        if fault.kind is FaultKind.DROP_AFTER:
            raise Dropped
        if fault.kind is FaultKind.TIMEOUT_AFTER:
            raise Silence(fault.seconds)
        if fault.kind is FaultKind.SLOW_ANSWER:
            await asyncio.sleep(fault.seconds)
        if fault.kind is FaultKind.DUPLICATE_ROWS and isinstance(answer.payload, list):
            # The page keeps its length: the last row is pushed out by the repeated one.
            rows = answer.payload
            answer.payload = [*rows[:1], *rows[:-1]] if len(rows) > 1 else [*rows, *rows]

    # The market

    def step(self, seconds: float, *, is_trading: bool) -> None:
        """Let so many seconds of market time pass: prices, what they set off, clients."""
        self.clock.advance(seconds)
        self.market.step(seconds)
        self.rollover.check()
        self.pending.check()
        if is_trading:
            self.traders.step(seconds)

    def after_prices(self) -> None:
        """Prices were set by hand: trigger what they trigger."""
        self.pending.check()
        self.save()

    # The state file

    def save(self) -> None:
        """Write what changed to the state file, when there is one."""
        if self._state is not None:
            self._state.save(self.book, self.market, self.rollover)

    def save_configs(self) -> None:
        if self._state is not None:
            self._state.save_groups(self.book)

    def close(self) -> None:
        if self._state is not None:
            self.save()
            self._state.close()


def mangle(text: str, fault: Fault | None) -> str:
    """A JSON text as a faulty server sends it."""
    if fault is None:
        return text
    if fault.kind is FaultKind.UNESCAPED:
        return text.replace("\\\\", "\\")
    if fault.kind is FaultKind.GARBAGE:
        return text[: max(len(text) * 2 // 3, 1)] + "\x00<garbage>"
    return text


def to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _without_secrets(params: dict[str, str]) -> dict[str, str]:
    return {name: "***" if name in _SECRETS else value for name, value in params.items()}
