"""What the product asks of an identity vendor, and what it can be told by one.

``start``, ``fetch`` and ``ping`` speak to the outside and are never called inside a transaction.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from backoffice.core.errors import OutsideError


class VendorError(OutsideError):
    """A vendor can't be used as asked: a bad address, a refused key, an answer out of form."""


class MessageUnreadable(Exception):  # noqa: N818 - says what the bytes are
    """A genuine message that says nothing that we understand; the text says what is wrong."""


class Verdict(StrEnum):
    """What a vendor says of a check. A pass approves nobody: it answers one check of the case."""

    PENDING = "pending"
    # The client is asked to do it again; the vendor waits for them.
    RETRY = "retry"
    PASSED = "passed"
    FAILED = "failed"
    REVIEW = "review"
    EXPIRED = "expired"


# Of two words of the same moment the worse one holds.
SEVERITY = {
    Verdict.PENDING: 0, Verdict.PASSED: 1, Verdict.EXPIRED: 2, Verdict.RETRY: 3, Verdict.REVIEW: 4,
    Verdict.FAILED: 5,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Account:
    """``secrets`` sign webhooks: one, or during a rotation two. ``api_key`` signs our calls."""

    base_url: str
    key_id: str
    template: str
    api_key: str
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the vendor is to look at. ``reference`` is ours, the same when a start is repeated."""

    reference: str
    first_name: str
    last_name: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    vendor_ref: str
    url: str


@dataclass(frozen=True, slots=True)
class Result:
    """One statement about one check; ``at`` is the vendor's time of it, ``facts`` what it read."""

    vendor_ref: str
    verdict: Verdict
    at: datetime
    reason: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AskFirst:
    """A message that names a check and does not say what became of it: the vendor is asked."""

    vendor_ref: str


@dataclass(frozen=True, slots=True)
class Fields:
    """What the vendor calls our credentials; an empty word says that it has no such thing."""

    key_id: str
    template: str
    api_key: str
    secret: str


class Vendor(Protocol):
    kind: str
    label: str
    base_url: str
    fields: Fields

    def is_genuine(self, account: Account, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the vendor signed these very bytes."""

    def delivery(self, body: bytes) -> str:
        """Names the event: the same when it is sent again."""

    def read(self, body: bytes) -> Result | AskFirst | None:
        """None for an event that says nothing of a check. Raises ``MessageUnreadable``."""

    def start(self, account: Account, person: Person) -> Started:
        """Make the vendor's record of the person and a link for them. Raises ``VendorError``."""

    def fetch(self, account: Account, vendor_ref: str) -> Result:
        """What the vendor says now. Raises ``VendorError``."""

    def ping(self, account: Account) -> None:
        """Returns when address and key are right. Raises ``VendorError``."""


HEADERS_KEPT = (
    *("content-type", "user-agent", "x-payload-digest", "x-payload-digest-alg"),
    *("x-sha2-signature", "x-hmac-signature", "x-auth-client", "persona-signature"),
)


def signed(secret: str, data: bytes, algorithm: str = "sha256") -> str:
    """Hex HMAC of the bytes."""
    return hmac.new(secret.encode(), data, algorithm).hexdigest()


def matches(account: Account, data: bytes, given: str, algorithm: str = "sha256") -> bool:
    """Whether any accepted secret gives this signature; every one is tried in equal time."""
    expected = [signed(secret, data, algorithm) for secret in account.secrets]
    found = [hmac.compare_digest(each.encode(), given.lower().encode()) for each in expected]
    return any(found)


def header(headers: Mapping[str, str], name: str) -> str:
    """A header by any spelling of its name."""
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")


def json_of(body: bytes) -> dict[str, Any]:
    """Raises ``MessageUnreadable`` for what is no JSON object."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise MessageUnreadable("It is no JSON.") from None
    if not isinstance(data, dict):
        raise MessageUnreadable("It is no JSON object.")
    return data


def part(data: Any, *path: str) -> Any:
    """What stands at the path, or None."""
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def text(data: Any, *path: str, most: int = 120) -> str:
    """The text at the path; empty for anything else, cut where it is longer than is kept."""
    found = part(data, *path)
    return found[:most] if isinstance(found, str) else ""


def moment(written: str) -> datetime:
    """ISO 8601, with a blank or T, in UTC where no zone is given. Raises ``MessageUnreadable``."""
    try:
        at = datetime.fromisoformat(written.strip().replace(" ", "T", 1))
    except ValueError:
        raise MessageUnreadable(f"Its time {written[:40]!r} can't be read.") from None
    try:
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except OverflowError:
        raise MessageUnreadable(f"Its time {written[:40]!r} can't be read.") from None


def named(*parts: str) -> str:
    """One name for an event from what makes it one."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]
