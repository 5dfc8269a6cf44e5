"""One connection per process and server, kept between tasks and requests.

A trading server counts the sessions of its managers, and a sign-in costs three round trips; so
whoever needs a server asks here. Changed settings replace the connection.
"""

import atexit
import threading
from collections.abc import Hashable
from dataclasses import dataclass

from trading.bridge.mt5.platform import Mt5Platform
from trading.bridge.mt5.session import Mt5Session, Mt5Settings
from trading.bridge.port import TradingPlatform
from trading.bridge.server_time import DstRule, ServerClock


@dataclass(frozen=True, slots=True)
class Mt5Server:
    """Everything that identifies a connection. ``clock`` None measures the offset, with the rule
    of ``dst_rule``."""

    settings: Mt5Settings
    clock: ServerClock | None = None
    dst_rule: DstRule = DstRule.NONE


class Registry:
    """Thread-safe. Keys name a server of a tenant, such as ``(tenant_id, server_id)``."""

    def __init__(self) -> None:
        self._open: dict[Hashable, tuple[Mt5Server, TradingPlatform]] = {}
        self._lock = threading.Lock()

    def platform(self, key: Hashable, server: Mt5Server) -> TradingPlatform:
        """The platform of ``key``; connects at its first use, not here."""
        with self._lock:
            known = self._open.get(key)
            if known and known[0] == server:
                return known[1]
            session = Mt5Session(server.settings)
            platform = Mt5Platform(session, clock=server.clock, dst_rule=server.dst_rule)
            self._open[key] = (server, platform)
        if known:
            known[1].close()
        return platform

    def open_platforms(self) -> dict[Hashable, TradingPlatform]:
        """What is open now: for pings and health."""
        with self._lock:
            return {key: platform for key, (_, platform) in self._open.items()}

    def close(self) -> None:
        """Close every connection of this process."""
        with self._lock:
            platforms = [platform for _, platform in self._open.values()]
            self._open.clear()
        for platform in platforms:
            platform.close()


registry = Registry()
atexit.register(registry.close)
