"""A running server: both listeners, in this thread's loop or in a thread of its own."""

import asyncio
import contextlib
import shutil
import ssl
import tempfile
import threading
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from sandbox.mt5.certificate import Certificate, load_or_create_certificate
from sandbox.mt5.controls import Controls, Record
from sandbox.mt5.core import Settings, TradeServer
from sandbox.mt5.faults import FaultKind
from sandbox.mt5.preload import preload
from sandbox.mt5.wire_rest import HEADER_BYTES_MAX, RestConnection
from sandbox.mt5.wire_tcp import RawConnection

HOST, HOST_V6 = "127.0.0.1", "::1"
CALL_TIMEOUT_S = 120.0
START_TIMEOUT_S = 20.0
TICK_S = 1.0

ResultT = TypeVar("ResultT")


class Listeners:
    """The two listening sockets of a trade server and their open connections."""

    def __init__(
        self, server: TradeServer, *, port: int, tcp_port: int, certificate: Certificate | None
    ) -> None:
        self.server = server
        self.port = port
        self.tcp_port = tcp_port
        self._certificate = certificate
        self._listeners: list[asyncio.Server] = []
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def open(self) -> None:
        context = self._certificate.server_context() if self._certificate else None
        rest, raw = await self._listen(HOST, context)
        self._listeners = [rest, raw]
        self.port = rest.sockets[0].getsockname()[1]
        self.tcp_port = raw.sockets[0].getsockname()[1]
        # "localhost" is ::1 to some clients. Without IPv6, or where the port is taken there, the
        # server does without.
        with contextlib.suppress(OSError):
            self._listeners += await self._listen(HOST_V6, context)

    async def _listen(self, host: str, context: ssl.SSLContext | None) -> list[asyncio.Server]:
        """Both listeners on an address, or none."""
        rest = await asyncio.start_server(
            self._accept_rest, host, self.port, ssl=context, limit=HEADER_BYTES_MAX
        )
        try:
            return [rest, await asyncio.start_server(self._accept_raw, host, self.tcp_port)]
        except OSError:
            rest.close()
            raise

    async def close(self) -> None:
        for listener in self._listeners:
            listener.close()
        self.drop_connections()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def drop_connections(self) -> None:
        """End every connection at once, as a restart or a broken line does."""
        for task, writer in list(self._connections.items()):
            writer.transport.abort()
            task.cancel()

    async def _accept_rest(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await self._run(RestConnection(self.server, reader, writer), writer)

    async def _accept_raw(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._run(RawConnection(self.server, reader, writer), writer)

    async def _run(
        self, connection: RestConnection | RawConnection, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        try:
            await connection.serve()
        except asyncio.CancelledError:
            # Only `drop_connections` cancels; the task is over with the connection.
            pass
        finally:
            del self._connections[task]
            writer.close()


class Mt5Server:
    """An MT5 server on loopback ports, for tests and for the demo.

    `with Mt5Server() as server:` runs it in a thread of its own; `await server.start()` and
    `await server.stop()` run it in the current loop. Ports of 0 are chosen by the system and
    can be read from `port` and `tcp_port` afterwards. With `trading`, prices and clients move
    by themselves, `speed` seconds of market time a second; without, only `run_market` moves them.
    """

    def __init__(
        self, settings: Settings | None = None, *, port: int = 0, tcp_port: int = 0,
        plain: bool = False, certificate_directory: Path | None = None, trading: bool = False,
        speed: float = 1.0,
    ) -> None:  # fmt: skip
        self.settings = settings or Settings()
        self.plain = plain
        self._ports = (port, tcp_port)
        self._certificate_directory = certificate_directory
        self._own_directory: Path | None = None
        self.certificate: Certificate | None = None
        self.trading = trading
        self.speed = speed
        self.core = TradeServer(self.settings)
        self._controls = Controls(self.core)
        self._moving: asyncio.Task[None] | None = None
        self._listeners: Listeners | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    # Where it is

    @property
    def port(self) -> int:
        return self._listening.port

    @property
    def tcp_port(self) -> int:
        return self._listening.tcp_port

    @property
    def url(self) -> str:
        return f"{'http' if self.plain else 'https'}://{HOST}:{self.port}"

    @property
    def certificate_path(self) -> Path:
        assert self.certificate is not None
        return self.certificate.path

    @property
    def fingerprint_sha256(self) -> str:
        assert self.certificate is not None
        return self.certificate.fingerprint_sha256

    @property
    def _listening(self) -> Listeners:
        assert self._listeners is not None
        return self._listeners

    # Life

    async def start(self) -> None:
        if not self.plain:
            self.certificate = load_or_create_certificate(self._directory())
        port, tcp_port = self._ports
        self._listeners = Listeners(
            self.core, port=port, tcp_port=tcp_port, certificate=self.certificate
        )
        self._loop = asyncio.get_running_loop()
        await self._listeners.open()
        if self.trading:
            self._moving = asyncio.create_task(self._move())
            self._moving.add_done_callback(_report)

    async def _move(self) -> None:
        """Prices and clients, once a second."""
        while True:
            await asyncio.sleep(TICK_S)
            self.core.step(TICK_S * self.speed, is_trading=True)
            self.core.save()

    def _directory(self) -> Path:
        if self._certificate_directory is not None:
            return self._certificate_directory
        self._own_directory = Path(tempfile.mkdtemp(prefix="sandbox-mt5-"))
        return self._own_directory

    async def stop(self) -> None:
        if self._moving is not None:
            self._moving.cancel()
            await asyncio.gather(self._moving, return_exceptions=True)
        await self._listening.close()
        self.core.close()
        if self._own_directory is not None:
            shutil.rmtree(self._own_directory, ignore_errors=True)

    def __enter__(self) -> Self:
        started = threading.Event()
        failure: list[BaseException] = []

        def run() -> None:
            # The runner ends what is left at the end: a connection may come while we leave.
            with asyncio.Runner() as runner:
                try:
                    runner.run(self.start())
                except OSError as error:
                    failure.append(error)
                    return
                finally:
                    started.set()
                runner.get_loop().run_forever()
                runner.run(self.stop())

        self._thread = threading.Thread(target=run, name="sandbox-mt5", daemon=True)
        self._thread.start()
        started.wait(START_TIMEOUT_S)
        if failure:
            raise failure[0]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._loop is not None
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_TIMEOUT_S)
        self._thread = None

    def run(self, function: Callable[..., ResultT], *args: Any, **kwargs: Any) -> ResultT:
        """Call a function in the server's thread and wait for its result."""
        if self._thread is None or threading.current_thread() is self._thread:
            return function(*args, **kwargs)
        assert self._loop is not None

        async def call() -> ResultT:
            return function(*args, **kwargs)

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(CALL_TIMEOUT_S)

    # By hand

    def drop_connections(self) -> None:
        """End every open connection at once."""
        self.run(self._listening.drop_connections)

    def preload(self, *, accounts: int, deals: int) -> list[int]:
        """Add accounts with a made-up past of so many deals; their logins."""
        return self.run(preload, self.core, accounts=accounts, deals=deals, seed=self.settings.seed)

    def fail_next(self, command: str, kind: FaultKind | str, **details: Any) -> None:
        """Let the next calls of a command fail; `details` are fields of `Fault`."""
        self.run(self._controls.fail_next, command, kind, **details)

    def clear_faults(self) -> None:
        self.run(self._controls.clear_faults)

    def calls(self, command: str = "*") -> list[dict[str, str]]:
        """Parameters of the calls of a command so far."""
        return self.run(self._controls.calls, command)

    def set_price(self, symbol: str, bid: float, ask: float | None = None) -> None:
        """Quote a symbol, and hold it there."""
        self.run(self._controls.set_price, symbol, bid, ask)

    def run_market(self, seconds: float, **options: Any) -> None:
        """Let market time pass at once: prices, stops, swaps, clients."""
        self.run(self._controls.run_market, seconds, **options)

    def shift_clock(self, seconds: float) -> None:
        """Set the server's clock wrong by so many seconds."""
        self.run(self._controls.shift_clock, seconds)

    def set_time(self, instant: datetime) -> None:
        """Stop the clock at an instant (aware UTC)."""
        self.run(self._controls.set_time, instant)

    def add_account(self, group: str, **values: Any) -> int:
        """Add an account behind the protocol; its login."""
        return self.run(self._controls.add_account, group, **values)

    def balance(self, login: int, amount: Decimal | int | str, **options: Any) -> Record:
        """Book a balance operation unchecked; the deal."""
        return self.run(self._controls.balance, login, amount, **options)

    def open_position(
        self, login: int, symbol: str, side: str, lots: Decimal | str, **options: Any
    ) -> Record:
        """Buy or sell for an account; the deal."""
        return self.run(self._controls.open_position, login, symbol, side, lots, **options)

    def close_position(self, position: int, lots: Decimal | str | None = None) -> Record:
        """Close a position or a part of it; the deal."""
        return self.run(self._controls.close_position, position, lots)

    def insert_deal(self, login: int, time: datetime, **values: Any) -> Record:
        """Insert a deal dated `time`; the deal."""
        return self.run(self._controls.insert_deal, login, time, **values)

    def edit_deal(self, ticket: int, **values: Any) -> Record:
        return self.run(self._controls.edit_deal, ticket, **values)

    def delete_deal(self, ticket: int, **options: Any) -> None:
        self.run(self._controls.delete_deal, ticket, **options)

    def account(self, login: int) -> Record:
        """The trade state of an account."""
        return self.run(self._controls.account, login)

    def positions(self, login: int) -> list[Record]:
        return self.run(self._controls.positions, login)

    def deals(self, login: int) -> list[Record]:
        """All deals of an account, by time."""
        return self.run(self._controls.deals, login)


def _report(task: asyncio.Task[None]) -> None:
    """A market that stopped moving has to be seen."""
    if not task.cancelled() and task.exception() is not None:
        context = {"message": "the market stopped", "exception": task.exception()}
        task.get_loop().call_exception_handler(context)
