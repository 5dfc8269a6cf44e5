"""Calls to a BTCPay Server, and what its answers mean."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from payments.gateways import http
from payments.gateways.port import Account, GatewayError, NotFound

Data = Mapping[str, Any]
LIST_BYTES_MAX = 8 * 1024 * 1024
REFUSALS = frozenset({400, 401, 403, 404, 409, 422})


@dataclass(frozen=True, slots=True)
class Reply:
    """``data`` is the JSON of the body: an object, a list, or None when it is none."""

    status: int
    data: Any

    @property
    def done(self) -> bool:
        return self.status in (200, 201)

    @property
    def refusal(self) -> str:
        """Why it was surely not done, in the server's own words; empty when that is not sure: a
        proxy's error and any 5xx say nothing."""
        if self.status not in REFUSALS:
            return ""
        if isinstance(self.data, dict) and self.data.get("code"):
            return str(self.data.get("message") or self.data["code"])[:200]
        if isinstance(self.data, list) and self.data:
            return " ".join(
                str(each.get("message", "")) for each in self.data if isinstance(each, dict)
            )[:200].strip()
        return ""

    @property
    def code(self) -> str:
        return str(self.data.get("code", "")) if isinstance(self.data, dict) else ""


def call(
    account: Account,
    method: str,
    path: str,
    body: Data | None = None,
    *,
    params: Sequence[tuple[str, str]] = (),
    timeout_s: float = 15.0,
) -> Reply:
    """One call of the API below ``/api/v1``. Raises ``http.NoAnswer``, ``GatewayError``."""
    query = f"?{urlencode(params)}" if params else ""
    answer = http.call_raw(
        method,
        f"{account.base_url}/api/v1/{path}{query}",
        headers={
            "Authorization": f"token {account.api_key}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        },
        body=json.dumps(body).encode() if body is not None else b"",
        timeout_s=timeout_s,
        bytes_max=LIST_BYTES_MAX,
    )
    try:
        data = json.loads(answer.body)
    except (ValueError, RecursionError):
        data = None
    return Reply(answer.status, data)


def store(account: Account, path: str = "") -> str:
    """The path of something of our store."""
    return f"stores/{quote(account.merchant_id, safe='')}{path}"


def read(account: Account, path: str, *, params: Sequence[tuple[str, str]] = ()) -> Any:
    """What the server has there. Raises ``NotFound``, ``GatewayError``."""
    try:
        reply = call(account, "GET", path, params=params)
    except http.NoAnswer as error:
        raise GatewayError(f"{account.name}: {error}", permanent=False) from error
    if reply.status == 404 and reply.refusal:
        raise NotFound(path)
    if not reply.done or reply.data is None:
        said = reply.refusal or f"status {reply.status}"
        raise GatewayError(f"{account.name}: {said}", permanent=False)
    return reply.data


def listed(account: Account, path: str, *, params: Sequence[tuple[str, str]] = ()) -> list[Data]:
    found = read(account, path, params=params)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise GatewayError(f"{account.name}: the answer is no list.", permanent=False)
    return found


def known(account: Account, path: str) -> Data:
    found = read(account, path)
    if not isinstance(found, dict):
        raise GatewayError(f"{account.name}: the answer is no object.", permanent=False)
    return found
