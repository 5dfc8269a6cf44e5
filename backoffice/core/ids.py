"""Identifiers: UUIDv7, made in Python, so that a row knows its key before it is written."""

import os
import threading
import uuid

from backoffice.core.clock import unix_ms

_lock = threading.Lock()
_last_ms = 0
_counter = 0
_COUNTER_MAX = 0xFFF
# A clock set back further than this is believed: ids bound searches by time, so they must not
# stay in a future that never was.
BACKWARDS_MS_MAX = 10_000


def uuid7() -> uuid.UUID:
    """A UUIDv7 (RFC 9562): 48 bits of milliseconds, a 12-bit counter, 62 random bits.

    Increases strictly within one process, so rows made together sort in the order of making.
    """
    global _last_ms, _counter
    with _lock:
        ms = unix_ms()
        if ms > _last_ms or ms < _last_ms - BACKWARDS_MS_MAX:
            _last_ms, _counter = ms, 0
        elif _counter == _COUNTER_MAX:
            _last_ms, _counter = _last_ms + 1, 0
        else:
            _counter += 1
        ms, counter = _last_ms, _counter
    random = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    return uuid.UUID(int=ms << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | random)
