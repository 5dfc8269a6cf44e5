"""When to leave a server alone: back-off of sign-ins, and a circuit breaker per server.

Both only answer "may I, and if not, when?"; they never sleep. Times are monotonic seconds.
"""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

BACKOFF_FIRST_S = 5.0
BACKOFF_MAX_S = 120.0
BREAKER_FAILURES = 5
BREAKER_OPEN_S = 30.0


class Backoff:
    """Waits 5 s to 2 min with jitter after failed sign-ins.

    Hammering a server that refuses us can keep its lock-out alive for hours.
    """

    def __init__(self, monotonic: Callable[[], float], chance: random.Random) -> None:
        self._monotonic = monotonic
        self._chance = chance
        self._failures = 0
        self._until = 0.0

    def failed(self) -> float:
        """Count one failed sign-in; returns the wait in seconds."""
        base = min(BACKOFF_MAX_S / 2, BACKOFF_FIRST_S * 2.0**self._failures)
        self._failures += 1
        wait = base + self._chance.uniform(0, base)
        self._until = self._monotonic() + wait
        return wait

    def succeeded(self) -> None:
        self._failures = 0
        self._until = 0.0

    def remaining_s(self) -> float:
        """Seconds still to wait; 0 when a sign-in may be tried."""
        return max(0.0, self._until - self._monotonic()) if self._failures else 0.0


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half open"


class CircuitBreaker:
    """Opens after five transport failures in a row; after 30 s lets one request try.

    Share one between all clients of a server in a process.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        *,
        failures_max: int = BREAKER_FAILURES,
        open_s: float = BREAKER_OPEN_S,
    ) -> None:
        self._monotonic = monotonic
        self._failures_max = failures_max
        self._open_s = open_s
        self._failures = 0
        self._opened_at: float | None = None
        self._trial_at: float | None = None
        self._lock = threading.Lock()

    @property
    def state(self) -> BreakerState:
        if self._opened_at is None:
            return BreakerState.CLOSED
        waited = self._monotonic() - self._opened_at >= self._open_s
        return BreakerState.HALF_OPEN if waited else BreakerState.OPEN

    def wait_s(self) -> float:
        """0 when a request may go; else seconds to wait. In half-open only the first may go."""
        with self._lock:
            if self._opened_at is None:
                return 0.0
            left = self._opened_at + self._open_s - self._monotonic()
            if left > 0:
                return left
            if self._trial_at is not None:  # a trial that never reported frees its place again
                left = self._trial_at + self._open_s - self._monotonic()
                if left > 0:
                    return left
            self._trial_at = self._monotonic()
            return 0.0

    def succeeded(self) -> None:
        with self._lock:
            self._failures = 0
            self._opened_at = None
            self._trial_at = None

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._trial_at is not None or self._failures >= self._failures_max:
                self._opened_at = self._monotonic()
                self._trial_at = None


@dataclass(frozen=True, slots=True)
class Health:
    """How a connection to a server does. Times are aware UTC; latency is the last answer's, ms."""

    connected: bool
    breaker: BreakerState
    last_ok: datetime | None
    last_error: datetime | None
    last_error_text: str
    latency_ms: float | None
    requests: int
    sign_ins: int
    retry_in_s: float
