"""Events: written when something happens, posted signed until the merchant answers 2xx."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING

from sandbox.common.outgoing import Deliver, Message, Outgoing
from sandbox.stripe.records import Object, Owner, missing

if TYPE_CHECKING:
    from sandbox.stripe.box import Box

API_VERSION = "2025-03-31.basil"


def signature(secret: str, body: bytes, *, at: int | None = None) -> str:
    """A ``Stripe-Signature``: HMAC-SHA256 over ``t.body``."""
    moment = int(time.time()) if at is None else at
    signed = f"{moment}.".encode() + body
    return f"t={moment},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def shown(row: Object) -> Object:
    """An object as it is answered: without what the box keeps beside it."""
    return {name: value for name, value in row.items() if not name.startswith("_")}


class Post:
    def __init__(self, box: Box, deliver: Deliver) -> None:
        self._box = box
        self._outgoing = Outgoing(deliver, self.headers, box.lock, box.save)
        self.release, self.pump = self._outgoing.release, self._outgoing.pump

    @property
    def messages(self) -> list[Message]:
        return self._outgoing.messages

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
            self._outgoing.put(message, is_late=late, is_twice=twice)

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

    def redeliver(self, event_id: str) -> None:
        """Send an event once more, whatever came of it."""
        if not self._outgoing.redeliver(event_id):
            raise missing("event", event_id)

    def collect(self, owner_id: str) -> list[tuple[dict[str, str], str]]:
        """Hand over an account's waiting events, headers and body, to one who fetches them."""
        return self._outgoing.collect(owner_id, time.time())

    def waiting(self) -> list[dict[str, object]]:
        return self._outgoing.waiting()
