"""Events: written when something happens, posted signed until the merchant answers 2xx."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from sandbox.gateway.records import Message
from sandbox.stripe.records import Object, Owner, missing

if TYPE_CHECKING:
    from sandbox.stripe.box import Box

API_VERSION = "2025-03-31.basil"
RETRIES_S = (2, 5, 15, 60, 300, 900, 3600)
HELD_BACK = float("inf")


def signature(secret: str, body: bytes, *, at: int | None = None) -> str:
    """A ``Stripe-Signature``: HMAC-SHA256 over ``t.body``."""
    moment = int(time.time()) if at is None else at
    signed = f"{moment}.".encode() + body
    return f"t={moment},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def shown(row: Object) -> Object:
    """An object as it is answered: without what the box keeps beside it."""
    return {name: value for name, value in row.items() if not name.startswith("_")}


class Post:
    def __init__(self, box: Box, deliver: Callable[[str, Mapping[str, str], bytes], int]) -> None:
        self._box, self._deliver = box, deliver
        self.messages: list[Message] = []

    def put(self, owner: Owner, reference: str, named: list[tuple[str, Object]]) -> None:
        """Report what happened; each fault that is armed for it strikes all of its events."""
        take = self._box.faults.take
        if take("lost", reference):
            return
        found = [self._event(owner, kind, about) for kind, about in named]
        late, twice = take("late", reference), take("twice", reference)
        bad = take("bad_signature", reference)
        intent = next((about for _, about in named if about["object"] == "payment_intent"), None)
        if intent is not None and take("out_of_order", reference):
            older = {**intent, "status": "processing", "amount_received": 0}
            found.append(self._event(owner, "payment_intent.processing", older, before_s=60))
        for message in found:
            message.bad_signature = bad
            message.due_at = HELD_BACK if late else message.due_at
            self.messages.append(message)
            if twice:
                self.messages.append(Message(**asdict(message)))

    def _event(self, owner: Owner, kind: str, about: Object, *, before_s: int = 0) -> Message:
        event = self._box.add(
            owner,
            "event",
            "evt",
            api_version=API_VERSION,
            data={"object": json.loads(json.dumps(shown(about)))},
            pending_webhooks=1,
            request={"id": None, "idempotency_key": None},
            type=kind,
        )
        event["created"] -= before_s
        return Message(event["id"], owner.id, owner.url, json.dumps(event), time.time())

    def headers(self, message: Message) -> dict[str, str]:
        secret = self._box.owners[message.merchant].secret
        signed = signature(
            f"not {secret}" if message.bad_signature else secret, message.body.encode()
        )
        return {"Content-Type": "application/json", "Stripe-Signature": signed}

    def release(self) -> None:
        """Let go of the events that were held back."""
        for message in self.messages:
            if message.due_at == HELD_BACK:
                message.due_at = time.time()

    def redeliver(self, event_id: str) -> None:
        """Send an event once more, whatever came of it."""
        for message in self.messages:
            if message.id == event_id:
                message.delivered_at, message.due_at = None, time.time()
                return
        raise missing("event", event_id)

    def collect(self, owner_id: str) -> list[tuple[dict[str, str], str]]:
        """Hand over an account's waiting events, headers and body, to one who fetches them."""
        waiting = [m for m in self.messages if m.merchant == owner_id and m.delivered_at is None]
        for message in waiting:
            message.delivered_at, message.last_status = time.time(), 200
        return [(self.headers(message), message.body) for message in waiting]

    def pump(self) -> int:
        """Send the events that are due; how many."""
        with self._box.lock:
            due = [m for m in self.messages if m.delivered_at is None and m.due_at <= time.time()]
        for message in due:
            self._send(message)
        if due:
            with self._box.lock:
                self._box.save()
        return len(due)

    def _send(self, message: Message) -> None:
        body = message.body.encode()
        message.last_status = self._deliver(message.url, self.headers(message), body)
        message.attempts += 1
        if 200 <= message.last_status < 300:
            message.delivered_at = time.time()
        elif message.attempts > len(RETRIES_S):
            message.due_at = HELD_BACK
        else:
            message.due_at = time.time() + RETRIES_S[message.attempts - 1]
