"""The official library, held to one address, one try and our own limits of time and size."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import stripe

from payments.gateways import http
from payments.gateways.port import CALL_TIMEOUT_S, Account

# It would keep an identifier in the home folder and send along how long earlier calls took.
stripe.enable_telemetry = False
# Two lines about every call; what came of it is on the payment and on the gateway's light.
logging.getLogger("stripe").setLevel(logging.WARNING)


class _Http(stripe.HTTPClient):
    """Follows no redirect and uses no proxy, so a call never leaves for another host."""

    name = "urllib3"

    def __init__(self, timeout_s: float) -> None:
        super().__init__()
        self._timeout_s = timeout_s

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        # A form is text; what carries a file is bytes already.
        body = post_data if isinstance(post_data, bytes) else str(post_data or "").encode()
        try:
            answer = http.call_raw(
                method.upper(), url, headers=headers or {}, body=body, timeout_s=self._timeout_s
            )
        except http.NoAnswer as error:
            no_answer: Exception = stripe.APIConnectionError(str(error))  # type: ignore[no-untyped-call]  # the library's
            raise no_answer from error
        return answer.body.decode("utf-8", "replace"), answer.status, answer.headers

    def close(self) -> None:
        """Its connections are the pool's."""


def client_of(account: Account, *, timeout_s: float = CALL_TIMEOUT_S) -> stripe.StripeClient:
    """Speaks to the account's address alone. It repeats nothing by itself: who asks again does so
    under the same idempotency key, and may have died in between."""
    base = account.base_url
    # Stripe's own takes files at a host beside it.
    files = "https://files.stripe.com" if base == "https://api.stripe.com" else base
    return stripe.StripeClient(
        account.api_key,
        base_addresses={"api": base, "connect": base, "files": files, "meter_events": base},
        max_network_retries=0,
        http_client=_Http(timeout_s),
    )


def plain(found: Any) -> dict[str, Any]:
    """An object of the library's as the JSON that it was."""
    read: dict[str, Any] = json.loads(str(found))
    return read
