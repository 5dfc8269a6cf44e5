"""Calls to gateways: bounded in time and size, never followed elsewhere, never repeated."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import urllib3

from payments.gateways.port import ANSWER_BYTES_MAX, CALL_TIMEOUT_S, GatewayError

_pool = urllib3.PoolManager(num_pools=20, maxsize=4, retries=False, timeout=CALL_TIMEOUT_S)
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class NoAnswer(Exception):  # noqa: N818 - whether it was done is not known
    """The call left, or may have left, and nothing came back."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RawAnswer:
    status: int
    body: bytes
    headers: Mapping[str, str]


def check_url(url: str) -> None:
    """Raises ``GatewayError`` for what is not https, or plain http to this very machine."""
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not (parts.scheme == "https" or local) or not parts.hostname:
        raise GatewayError("A gateway's address begins with https://.", permanent=True)


def call(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes = b"",
    timeout_s: float = CALL_TIMEOUT_S,
) -> Answer:
    """One call, one answer in JSON. Raises ``NoAnswer`` when none came."""
    headers = {"Content-Type": "application/json", **headers}
    answer = call_raw(method, url, headers=headers, body=body, timeout_s=timeout_s)
    return Answer(answer.status, _object(answer.body))


def call_raw(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes = b"",
    timeout_s: float = CALL_TIMEOUT_S,
    bytes_max: int = ANSWER_BYTES_MAX,
) -> RawAnswer:
    """One call, one answer. Raises ``NoAnswer`` when none came, ``GatewayError`` for an address
    that is not to be called."""
    check_url(url)
    try:
        answer = _pool.request(
            method,
            url,
            headers=headers,
            body=body or None,
            timeout=timeout_s,
            redirect=False,
            preload_content=False,
        )
        with answer:
            raw = answer.read(bytes_max + 1)
    except urllib3.exceptions.HTTPError as error:
        raise NoAnswer(_said(error)) from error
    if len(raw) > bytes_max:
        raise NoAnswer("the answer is too large")
    return RawAnswer(answer.status, raw, answer.headers)


def _said(error: urllib3.exceptions.HTTPError) -> str:
    """What happened, in words for whoever reads the payment's page."""
    if isinstance(error, urllib3.exceptions.ReadTimeoutError):
        return "its answer did not come in time"
    if isinstance(error, urllib3.exceptions.ConnectTimeoutError):
        return "no connection came about in time"
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return "it took no connection"
    if isinstance(error, urllib3.exceptions.SSLError):
        return "its certificate was not accepted"
    return "the connection broke"


def _object(raw: bytes) -> dict[str, Any]:
    try:
        data = json.loads(raw)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
