"""How each vendor signs its messages, and how it wants our calls signed."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping


def digest(secret: str, data: bytes, algorithm: str = "sha256") -> str:
    return hmac.new(secret.encode(), data, algorithm).hexdigest()


def message_headers(vendor: str, key: str, secrets: list[str], body: bytes) -> dict[str, str]:
    """The newest secret is the last. Persona signs with each of them while one is replaced."""
    headers = {"Content-Type": "application/json"}
    if vendor == "sumsub":
        headers["X-Payload-Digest"] = digest(secrets[-1], body, hashlib.sha512().name)
        headers["X-Payload-Digest-Alg"] = "HMAC_SHA512_HEX"
    elif vendor == "onfido":
        headers["X-SHA2-Signature"] = digest(secrets[-1], body)
    elif vendor == "veriff":
        headers["X-HMAC-SIGNATURE"] = digest(secrets[-1], body)
        headers["X-AUTH-CLIENT"] = key
    else:
        stamp = str(int(time.time()))
        said = f"{stamp}.".encode() + body
        pairs = [f"t={stamp},v1={digest(secret, said)}" for secret in secrets[-2:]]
        headers["Persona-Signature"] = " ".join(pairs)
    return headers


def call_is_genuine(
    vendor: str, key: str, api_key: str, headers: Mapping[str, str], signed: bytes
) -> bool:
    """``signed`` is what Sumsub has signed: time, method, path and body."""
    if vendor == "sumsub":
        return headers.get("X-App-Token") == key and hmac.compare_digest(
            headers.get("X-App-Access-Sig", ""), digest(api_key, signed)
        )
    if vendor == "onfido":
        return headers.get("Authorization") == f"Token token={api_key}"
    if vendor == "veriff":
        return headers.get("X-AUTH-CLIENT") == key
    return headers.get("Authorization") == f"Bearer {api_key}"
