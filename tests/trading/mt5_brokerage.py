"""A sandbox MT5 server with a few accounts, and the bridge connected to it over TLS."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from backoffice.core.clock import now
from sandbox.mt5.core import Settings
from sandbox.mt5.faults import Fault, FaultKind
from sandbox.mt5.records import Action, Deal, User
from sandbox.mt5.server import Mt5Server
from trading.bridge import port
from trading.bridge.mt5.connection import PinTrust, Trust
from trading.bridge.mt5.platform import Mt5Platform
from trading.bridge.mt5.session import Mt5Session, Mt5Settings
from trading.bridge.server_time import DstRule, ServerClock

CLOCK = ServerClock(7200, DstRule.EU)
READ_TIMEOUT_S = 10.0
IMPATIENT_S = 0.6  # for tests in which the server goes silent
ANNA, BEN, CARLA = 100_101, 100_102, 100_103
GROUP = "real\\std-usd"
TOKEN = "D-2026-000123"
PASSWORD = "Password1"
WAIT_S = 15.0


@dataclass
class Brokerage:
    server: Mt5Server
    platform: Mt5Platform
    session: Mt5Session

    def fail(
        self,
        command: str,
        kind: FaultKind,
        *,
        times: int = 1,
        seconds: float = 3600.0,
        retcode: int = 2,
    ) -> None:
        """The next ``times`` calls of ``command`` (such as ``trade/balance``) go wrong."""
        fault = Fault(command, kind, times=times, seconds=seconds, retcode=retcode)
        self.server.run(self.server.core.faults.add, fault)

    def user(self, login: int) -> User:
        return self.server.core.book.users[login]

    def calls(self, command: str) -> int:
        """How many times ``command`` reached the server."""
        return sum(call.command == command for call in self.server.core.calls)

    def deals(self, login: int) -> list[Deal]:
        return list(self.server.core.book.deals_of(login))

    def book(self, login: int, minor: int, comment: str = "", msc: int | None = None) -> Deal:
        """A balance deal that the platform's own dealers book, with a time of their choice."""
        engine = self.server.core.engine
        user = self.user(login)
        return self.server.run(
            engine.apply_balance, user, Action.BALANCE, minor, comment=comment, time_msc=msc
        )

    def deposit(
        self, amount: str = "100.00", *, login: int = ANNA, token: str = TOKEN
    ) -> port.BalanceOutcome:
        return self.platform.balance_operation(
            login=login,
            kind=port.BalanceKind.BALANCE,
            amount=Decimal(amount),
            currency_digits=2,
            token=token,
        )

    def find(
        self, amount: str = "100.00", *, login: int = ANNA, token: str = TOKEN
    ) -> port.Deal | None:
        moment = now()
        return self.platform.find_balance_deal(
            login=login,
            token=token,
            amount=Decimal(amount),
            start=moment - timedelta(minutes=5),
            end=moment,
        )

    def until(self, condition: Callable[[], bool]) -> bool:
        """Talk to the server until ``condition`` holds; False if it does not in time."""
        deadline = time.monotonic() + WAIT_S
        while not condition() and time.monotonic() < deadline:
            self.platform.time()
        return condition()

    def window(self, hours: int = 1) -> port.DealWindow:
        return self.platform.deal_window(now() - timedelta(hours=hours))


@contextmanager
def brokerage(
    settings: Settings | None = None, *, read_timeout_s: float = READ_TIMEOUT_S
) -> Iterator[Brokerage]:
    """A running server with three accounts that hold nothing."""
    with Mt5Server(settings) as server:
        session = connect(server, read_timeout_s=read_timeout_s)
        try:
            yield _opened(server, session)
        finally:
            session.close()


def connect(
    server: Mt5Server,
    *,
    trust: Trust | None = None,
    password: str = PASSWORD,
    login: int = 1000,
    read_timeout_s: float = READ_TIMEOUT_S,
) -> Mt5Session:
    return Mt5Session(
        Mt5Settings(
            host="127.0.0.1",
            port=server.port,
            login=login,
            password=password,
            trust=trust or PinTrust(server.fingerprint_sha256),
            read_timeout_s=read_timeout_s,
        )
    )


def _opened(server: Mt5Server, session: Mt5Session) -> Brokerage:
    for login, name in ((ANNA, "Anna Adler"), (BEN, "Ben Brandt"), (CARLA, "Carla Conti")):
        server.run(server.core.book.add_user, User(login, GROUP, name=name))
    return Brokerage(server, Mt5Platform(session, clock=CLOCK), session)


def frozen(moment: datetime) -> Settings:
    """A server whose clock stands at ``moment`` (aware UTC)."""
    return Settings(frozen_at=moment)
