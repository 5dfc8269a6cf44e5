"""Calls to Praxis, and what its answers mean."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from payments.gateways import http
from payments.gateways.port import Account, GatewayError, NotFound
from payments.gateways.praxis import signing

VERSION = "1.3"
SAID_CHARS_MAX = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """``data`` is the JSON object of the answer; empty when there is none."""

    status: int
    data: dict[str, Any]

    @property
    def code(self) -> int | None:
        """Zero when it was done, above zero when it was refused, below zero when something broke
        at Praxis; None when the answer says nothing."""
        found = self.data.get("status")
        return found if isinstance(found, int) and not isinstance(found, bool) else None

    @property
    def done(self) -> bool:
        return self.status == 200 and self.code == 0

    @property
    def refusal(self) -> str:
        """Why it was surely not done; empty when that is not sure."""
        if self.code is None or self.code <= 0 or self.status >= 500:
            return ""
        return self.said or f"code {self.code}"

    @property
    def said(self) -> str:
        return str(self.data.get("description") or "")[:SAID_CHARS_MAX]


def call(
    account: Account,
    path: str,
    values: dict[str, Any],
    signed: Sequence[str],
    *,
    timeout_s: float = 15.0,
) -> Reply:
    """One call. Raises ``http.NoAnswer``, ``GatewayError``."""
    body = {
        "merchant_id": account.merchant_id,
        "application_key": account.api_key,
        "version": VERSION,
        "timestamp": int(time.time()),
        **values,
    }
    answer = http.call(
        "POST",
        f"{account.base_url}{path}",
        headers={
            "Content-Type": "application/json; charset=utf-8",
            signing.HEADER: signing.signature(account.secrets[0], body, signed),
        },
        body=json.dumps(body).encode(),
        timeout_s=timeout_s,
    )
    return Reply(answer.status, answer.data)


def found(
    account: Account, path: str, values: dict[str, Any], signed: Sequence[str]
) -> dict[str, Any]:
    """What Praxis knows under a name. Raises ``NotFound``, ``GatewayError``."""
    try:
        reply = call(account, path, values, signed)
    except http.NoAnswer as error:
        raise GatewayError(f"{account.name}: {error}", permanent=False) from error
    if reply.done:
        return reply.data
    # A refusal for any other reason must not be taken for "there is none": it would be paid again.
    if reply.refusal and "not found" in reply.said.lower():
        raise NotFound(str(values))
    said = reply.said or f"status {reply.status}"
    raise GatewayError(f"{account.name}: {said}", permanent=False)


def order(account: Account, reference: str) -> dict[str, Any]:
    return found(account, "/agent/find-order", {"order_id": reference}, signing.FIND_ORDER)


def transaction(account: Account, tid: int) -> dict[str, Any]:
    return found(account, "/agent/find-transaction", {"tid": tid}, signing.FIND_TRANSACTION)
