"""Calls to vendors: bounded in time and size, never followed elsewhere, never repeated here."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import urllib3

from kyc.vendors.port import VendorError

CALL_TIMEOUT_S = 15.0
ANSWER_BYTES_MAX = 512 * 1024
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_pool = urllib3.PoolManager(num_pools=8, maxsize=4, retries=False, timeout=CALL_TIMEOUT_S)


def check_url(url: str) -> None:
    """Raises ``VendorError`` for what is not https, or plain http to this very machine."""
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not (parts.scheme == "https" or local) or not parts.hostname:
        raise VendorError("A vendor's address begins with https://.", permanent=True)


def path_of(url: str) -> str:
    """The path with its query, as vendors have it signed."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def call(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes = b"",
    missing_ok: bool = False,
) -> dict[str, Any]:
    """One call, its answer in JSON. With ``missing_ok`` a 404 is an empty answer: the key was
    taken and there is no such thing. Raises ``VendorError``; retrying may heal what is not
    permanent."""
    check_url(url)
    try:
        answer = _pool.request(
            method,
            url,
            headers={"Content-Type": "application/json", **headers},
            body=body or None,
            redirect=False,
            preload_content=False,
        )
        with answer:
            raw = answer.read(ANSWER_BYTES_MAX + 1)
    except urllib3.exceptions.HTTPError as error:
        raise VendorError("It did not answer in time.", permanent=False) from error
    if answer.status == 404 and missing_ok:  # noqa: PLR2004
        return {}
    if answer.status in (401, 403):
        raise VendorError("It refused our key.", permanent=True)
    if not 200 <= answer.status < 300:  # noqa: PLR2004
        heals = answer.status >= 500 or answer.status in (408, 425, 429)  # noqa: PLR2004
        raise VendorError(f"It answered {answer.status}.", permanent=not heals)
    return _object(raw)


def _object(raw: bytes) -> dict[str, Any]:
    try:
        data = json.loads(raw) if len(raw) <= ANSWER_BYTES_MAX else None
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise VendorError("Its answer can't be read.", permanent=False)
    return data
