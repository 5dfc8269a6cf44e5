"""Signatures of the hosted cashier: HMAC-SHA256 over sorted parameters, or over ``time.body``."""

import hashlib
import hmac
import time
from collections.abc import Mapping
from urllib.parse import urlencode

TOLERANCE_S = 300


def parameters_signature(secret: str, parameters: Mapping[str, str]) -> str:
    return _hex(secret, urlencode(sorted(parameters.items())).encode())


def message_signature(secret: str, body: bytes) -> str:
    """The signature header of a message sent now."""
    moment = int(time.time())
    return f"t={moment},v1={_hex(secret, f'{moment}.'.encode() + body)}"


def is_signed(secrets: tuple[str, ...], body: bytes, header: str) -> bool:
    """Whether one of ``secrets`` signed ``body`` within the tolerance."""
    parts = dict(part.strip().split("=", 1) for part in header.split(",") if "=" in part)
    stamp, given = parts.get("t", ""), parts.get("v1", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
        return False
    if abs(time.time() - int(stamp)) > TOLERANCE_S:
        return False
    signed = f"{stamp}.".encode() + body
    # All are compared, so that the time taken tells nothing of which one fits.
    fits = [hmac.compare_digest(_hex(s, signed).encode(), given.encode()) for s in secrets]
    return any(fits)


def _hex(secret: str, data: bytes) -> str:
    return hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()
