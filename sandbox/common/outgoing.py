"""Messages to merchants: kept, sent until they are taken, held back, sent again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

RETRIES_S = (2, 5, 15, 60, 300, 900, 3600)
HELD_BACK = float("inf")
NOTIFY_TIMEOUT_S = 10
Deliver = Callable[[str, Mapping[str, str], bytes], int]


@dataclass
class Message:
    """A webhook: sent until the merchant answers 2xx, or ``attempts`` run out."""

    id: str
    merchant: str
    url: str
    body: str
    due_at: float
    attempts: int = 0
    bad_signature: bool = False
    delivered_at: float | None = None
    last_status: int = 0


def deliver_by_http(url: str, headers: Mapping[str, str], body: bytes) -> int:
    """Post to the merchant; its status, or 0 when nobody answered."""
    if not url.startswith("http://127.0.0.1:"):
        return 0  # the sandbox speaks to this machine only
    try:
        request = Request(url, data=body, headers=dict(headers), method="POST")  # noqa: S310
        with urlopen(request, timeout=NOTIFY_TIMEOUT_S) as answer:  # noqa: S310
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code
    except (URLError, OSError):
        return 0


class Outgoing:
    """``deliver(url, headers, body)`` answers the HTTP status, 0 when nobody answered;
    ``headers_of`` signs a message; ``save`` is called, under ``lock``, after any was sent."""

    def __init__(
        self,
        deliver: Deliver,
        headers_of: Callable[[Message], dict[str, str]],
        lock: threading.RLock,
        save: Callable[[], None],
    ) -> None:
        self._deliver, self._headers_of = deliver, headers_of
        self._lock, self._save = lock, save
        self.messages: list[Message] = []

    def put(self, message: Message, *, is_late: bool = False, is_twice: bool = False) -> None:
        if is_late:
            message.due_at = HELD_BACK
        self.messages.append(message)
        if is_twice:
            self.messages.append(Message(**asdict(message)))

    def release(self) -> None:
        """Let go of the messages that were held back."""
        with self._lock:
            for message in self.messages:
                if message.due_at == HELD_BACK:
                    message.due_at = time.time()

    def redeliver(self, message_id: str) -> bool:
        """Send a message once more, whatever came of it; False when there is none."""
        with self._lock:
            for message in self.messages:
                if message.id == message_id:
                    message.delivered_at, message.due_at = None, time.time()
                    return True
        return False

    def collect(self, merchant: str, at: float) -> list[tuple[dict[str, str], str]]:
        """Hand over a merchant's waiting messages, headers and body, to one who fetches them."""
        with self._lock:
            waiting = [
                message
                for message in self.messages
                if message.merchant == merchant and message.delivered_at is None
            ]
            for message in waiting:
                message.delivered_at, message.last_status = at, 200
            return [(self._headers_of(message), message.body) for message in waiting]

    def pump(self) -> int:
        """Send the messages that are due; how many."""
        moment = time.time()
        with self._lock:
            due = [m for m in self.messages if m.delivered_at is None and m.due_at <= moment]
        for message in due:
            self.send(message)
        if due:
            with self._lock:
                self._save()
        return len(due)

    def waiting(self) -> list[dict[str, object]]:
        """What was not delivered, to be kept in a file."""
        return [asdict(message) for message in self.messages if message.delivered_at is None]

    def send(self, message: Message) -> None:
        """Send one message now, and note what came of it."""
        body = message.body.encode()
        message.last_status = self._deliver(message.url, self._headers_of(message), body)
        message.attempts += 1
        if 200 <= message.last_status < 300:
            message.delivered_at = time.time()
        elif message.attempts > len(RETRIES_S):
            message.due_at = HELD_BACK
        else:
            message.due_at = time.time() + RETRIES_S[message.attempts - 1]
