"""A sandbox MT5 server with a few accounts, and the bridge connected to it over TLS."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from backoffice.core.clock import now
from sandbox.mt5.core import Settings
from sandbox.mt5.faults import Fault, FaultKind
from sandbox.mt5.records import Action, Deal, User
from sandbox.mt5.server import Mt5Server
from trading.bridge import port
from trading.bridge.errors import BridgeError
from trading.bridge.mt5.connection import PinTrust, Trust
from trading.bridge.mt5.platform import Mt5Platform
from trading.bridge.mt5.session import Mt5Session, Mt5Settings
from trading.bridge.server_time import DstRule, ServerClock

CLOCK = ServerClock(7200, DstRule.EU)
READ_TIMEOUT_S = 20.0
HURRIED_TIMEOUT_S = 0.6
ANNA, BEN, CARLA = 100_101, 100_102, 100_103
GROUP = "real\\std-usd"
TOKEN = "D-2026-000123"
PASSWORD = "Password1"
WAIT_S = 15.0


SILENT = (FaultKind.TIMEOUT_BEFORE, FaultKind.TIMEOUT_AFTER, FaultKind.SLOW, FaultKind.SLOW_ANSWER)


@dataclass
class Brokerage:
    """``platform`` waits long, so that a busy machine is no fault; ``hurried`` soon gives up, for
    the calls in which the server is to go silent."""

    server: Mt5Server
    platform: Mt5Platform
    session: Mt5Session
    hurried: Mt5Platform

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
        self,
        amount: str = "100.00",
        *,
        login: int = ANNA,
        token: str = TOKEN,
        platform: Mt5Platform | None = None,
    ) -> port.BalanceOutcome:
        return (platform or self.platform).balance_operation(
            login=login,
            kind=port.BalanceKind.BALANCE,
            amount=Decimal(amount),
            currency_digits=2,
            token=token,
        )

    def deposit_in_silence(self, amount: str = "100.00") -> port.BalanceOutcome:
        """A deposit whose answer is not to come. A busy machine may fail to prove the session in
        time; nothing was sent then, so it is asked again."""
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                return self.deposit(amount, platform=self.hurried)
            except BridgeError:
                if time.monotonic() > deadline:
                    raise

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
            time.sleep(0.01)  # the server remembers its last 10,000 calls
        return condition()

    def window(self, hours: int = 1) -> port.DealWindow:
        return self.platform.deal_window(now() - timedelta(hours=hours))


@contextmanager
def brokerage(settings: Settings | None = None) -> Iterator[Brokerage]:
    """A running server with three accounts that hold nothing."""
    with Mt5Server(settings) as server:
        open_all_week(server)
        session = connect(server)
        hurried = connect(server, read_timeout_s=HURRIED_TIMEOUT_S)
        try:
            yield _opened(server, session, hurried)
        finally:
            session.close()
            hurried.close()


def open_all_week(server: Mt5Server) -> None:
    """EURUSD trades at weekends too: tests run on any day."""
    server.core.book.symbols["EURUSD"].is_weekend_traded = True


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


def _opened(server: Mt5Server, session: Mt5Session, hurried: Mt5Session) -> Brokerage:
    for login, name in ((ANNA, "Anna Adler"), (BEN, "Ben Brandt"), (CARLA, "Carla Conti")):
        server.run(server.core.book.add_user, User(login, GROUP, name=name))
    platforms = (Mt5Platform(one, clock=CLOCK) for one in (session, hurried))
    return Brokerage(server, next(platforms), session, next(platforms))
