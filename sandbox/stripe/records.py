"""What the box keeps beside Stripe's objects, and how it says no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]


class ApiError(Exception):  # noqa: N818 - an answer, not an accident
    """An answer in Stripe's shape of an error."""

    def __init__(
        self, status: int, message: str, *, kind: str = "invalid_request_error", code: str = ""
    ) -> None:
        self.status, self.message = status, message
        self.body: Object = {"error": {"type": kind, "message": message}}
        if code:
            self.body["error"]["code"] = code
        super().__init__(message)


def missing(what: str, name: str) -> ApiError:
    return ApiError(404, f"No such {what}: '{name}'", code="resource_missing")


@dataclass
class Owner:
    """An account: its API key, and the one endpoint that its events are posted to."""

    id: str
    key: str
    secret: str
    url: str
    fee_percent: float = 1.5
    fee_fixed: int = 25


@dataclass
class Kept:
    """The answer to a call that carried an idempotency key."""

    request: str
    status: int
    answer: Object
