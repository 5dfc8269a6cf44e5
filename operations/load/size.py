"""How much of everything, from when to when, and the draws and ids that all loaders share."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from backoffice.core.context import Actor

CLIENTS = 1_000_000
DEALS = 5_000_000
PERIOD = timedelta(days=365)
QUEUE_OPEN = 10_000
STAFF = ("Olivia Marsh", "Pavel Novak", "Petra Lindqvist", "Carla Reyes", "Sam Carter")

Whole = NDArray[np.int64]
ValueT = TypeVar("ValueT")


@dataclass
class Size:
    """One brokerage to be loaded. Loaders leave in it what later ones refer to, as COPY writes it.

    ``scale`` 1 is a million clients, five million ledger transfers and five million deals in the
    year before ``until``.
    """

    scale: float
    actor: Actor
    tenant_id: int
    until: datetime
    seed: int = 1
    client_ids: list[str] = field(default_factory=list)
    client_names: list[str] = field(default_factory=list)
    client_references: list[str] = field(default_factory=list)
    client_desks: list[str] = field(default_factory=list)
    account_ids: list[str] = field(default_factory=list)
    account_logins: range = range(0)
    server_id: str = ""
    used: dict[str, dict[int, int]] = field(default_factory=dict)  # references by prefix and year

    @property
    def clients(self) -> int:
        return max(20, round(CLIENTS * self.scale))

    @property
    def deals(self) -> int:
        return max(100, round(DEALS * self.scale))

    @property
    def queued(self) -> int:
        """Open items of each queue: they do not grow with the books, people work them off."""
        return min(QUEUE_OPEN, self.clients // 10)

    def draw(self, what: str) -> np.random.Generator:
        """The same draws for the same brokerage, whatever else is drawn."""
        return np.random.default_rng([self.seed, crc32(what.encode())])

    def moments(self, what: str, count: int, *, since: float = 0.0, until: float = 1.0) -> Whole:
        """``count`` moments in rising order (milliseconds), between two parts of the period."""
        end = int(self.until.timestamp() * 1000)
        length = int(PERIOD.total_seconds() * 1000)
        start = end - length
        drawn = self.draw(f"moments of {what}").integers(
            start + int(length * since), start + int(length * until), count
        )
        return np.sort(drawn)

    def ids(self, what: str, moments: Whole, first: int = 0) -> list[str]:
        """UUIDv7 of rows made at ``moments``: in their order, different for each tenant."""
        salt = crc32(f"{self.tenant_id}:{what}".encode())
        tail = f"7{salt & 0xFFF:03x}-8{salt >> 12 & 0xFFF:03x}-"
        return [
            f"{ms >> 16:08x}-{ms & 0xFFFF:04x}-{tail}{number:012x}"
            for number, ms in enumerate(moments.tolist(), first)
        ]

    def references(self, prefix: str, moments: Whole) -> list[str]:
        """``D-2026-000123``, counted per year as the product counts them, and on from there."""
        used = self.used.setdefault(prefix, {})
        made = []
        for year in _years(moments):
            used[year] = used.get(year, 0) + 1
            made.append(f"{prefix}-{year}-{used[year]:06d}")
        return made


def _years(moments: Whole) -> list[int]:
    years = moments.astype("datetime64[ms]").astype("datetime64[Y]").astype(np.int64) + 1970
    return list(years.tolist())


def texts(moments: Whole) -> list[str]:
    """Moments as COPY takes them (the connection's time zone is UTC)."""
    return list(np.datetime_as_string(moments.astype("datetime64[ms]"), unit="ms").tolist())


def chosen(
    size: Size, what: str, values: Sequence[ValueT], shares: Sequence[float], n: int
) -> list[ValueT]:
    """``n`` of ``values``, each as often as its share."""
    total = sum(shares)
    drawn = size.draw(what).choice(len(values), n, p=[share / total for share in shares])
    return [values[place] for place in drawn.tolist()]


def money(minor: Whole) -> list[str]:
    """Minor units of a currency with two digits, as decimals."""
    return [f"{value // 100}.{value % 100:02d}" for value in minor.tolist()]
