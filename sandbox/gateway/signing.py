"""How the cashier signs: HMAC-SHA256 over sorted parameters, and over ``time.body`` of messages."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from urllib.parse import urlencode

TOLERANCE_S = 300


def sign_parameters(secret: str, parameters: Mapping[str, str]) -> str:
    """Hex signature of all parameters but ``signature``, sorted by name, URL-encoded."""
    kept = sorted((name, value) for name, value in parameters.items() if name != "signature")
    return _hex(secret, urlencode(kept).encode())


def sign_message(secret: str, body: bytes, *, at: int | None = None) -> str:
    """The ``X-Cashier-Signature`` of a body: ``t=<unix seconds>,v1=<hex>``."""
    moment = int(time.time()) if at is None else at
    return f"t={moment},v1={_hex(secret, f'{moment}.'.encode() + body)}"


def message_is_genuine(secret: str, body: bytes, header: str) -> bool:
    """Whether ``header`` signs ``body`` with ``secret``, not longer ago than the tolerance."""
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    stamp = parts.get("t", "")
    if not stamp.isdigit() or abs(time.time() - int(stamp)) > TOLERANCE_S:
        return False
    expected = _hex(secret, f"{stamp}.".encode() + body)
    return hmac.compare_digest(expected, parts.get("v1", ""))


def _hex(secret: str, data: bytes) -> str:
    return hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()
