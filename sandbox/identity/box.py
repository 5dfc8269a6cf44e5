"""The vendors' state: accounts, the people they look at, and the messages about them."""

from __future__ import annotations

import json
import threading
import time
import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.common.faults import Faults
from sandbox.common.outgoing import Deliver, Message, Outgoing
from sandbox.identity.signing import message_headers

VENDORS = ("sumsub", "onfido", "veriff", "persona")
FAULTS = ("timeout_before", "timeout_after", "dropped_after", "error_500", "late", "twice")
# What a person at the vendor may say, in each vendor's own words.
WORDS: dict[str, dict[str, str]] = {
    "sumsub": {
        "approved": "GREEN", "declined": "RED FINAL", "retry": "RED RETRY", "review": "onhold",
        "reset": "reset",
    },
    "onfido": {
        "approved": "approved", "declined": "declined", "review": "review",
        "expired": "abandoned",
    },
    "veriff": {
        "approved": "approved", "declined": "declined", "retry": "resubmission_requested",
        "review": "review", "expired": "expired",
    },
    "persona": {
        "approved": "approved", "declined": "declined", "review": "marked-for-review",
        "expired": "expired", "completed": "completed", "failed": "failed",
    },
}  # fmt: skip


class Refused(Exception):  # noqa: N818 - an answer, not an accident
    def __init__(self, status: int, message: str) -> None:
        self.status, self.message = status, message
        super().__init__(message)


@dataclass
class Account:
    """A customer of one vendor. ``secrets``: those of its webhooks, the newest last."""

    vendor: str
    key: str
    api_key: str
    secrets: list[str]
    url: str = ""


@dataclass
class Person:
    """Whom a vendor looks at: an applicant, a run, a session, an inquiry."""

    id: str
    account: str
    reference: str
    status: str = "created"
    reason: str = ""
    said_at: str = ""
    name: str = ""
    history: list[str] = field(default_factory=list)


class Box:
    """``deliver(url, headers, body)`` posts a message and answers the status."""

    def __init__(self, deliver: Deliver, state: Path | None = None) -> None:
        self._state = state
        self.lock = threading.RLock()
        self.faults = Faults(FAULTS)
        self.accounts: dict[str, Account] = {}
        self.people: dict[str, Person] = {}
        self.outgoing = Outgoing(deliver, self._headers, self.lock, self._save)
        self._load()

    @property
    def messages(self) -> list[Message]:
        return self.outgoing.messages

    def pump(self) -> int:
        return self.outgoing.pump()

    def account_add(self, name: str, account: Account) -> None:
        if account.vendor not in VENDORS:
            raise Refused(400, f"There is no vendor {account.vendor}.")
        with self.lock:
            self.accounts[name] = account
            self._save()

    def account_of(self, vendor: str, key: str) -> tuple[str, Account]:
        """By what names the caller: the key, or of vendors that have none the API key."""
        for name, account in self.accounts.items():
            if account.vendor == vendor and key in (account.key or account.api_key,):
                return name, account
        raise Refused(401, "This key is not known.")

    def person_make(self, account: str, reference: str, name: str = "") -> Person:
        with self.lock:
            person = Person(uuid.uuid4().hex[:24], account, reference, name=name[:80])
            self.people[person.id] = person
            self._save()
            return person

    def person_of(self, account: str, reference: str) -> Person | None:
        found = (
            p for p in self.people.values() if (p.account, p.reference) == (account, reference)
        )
        return next(found, None)

    def person(self, person_id: str) -> Person:
        try:
            return self.people[person_id]
        except KeyError:
            raise Refused(404, "There is no such person.") from None

    def decide(
        self, person: Person, word: str, *, reason: str = "", minutes_ago: float = 0
    ) -> Message:
        """Someone at the vendor decides; its message goes out. ``minutes_ago`` dates it back."""
        vendor = self.accounts[person.account].vendor
        if word not in WORDS[vendor]:
            raise Refused(400, f"{vendor} does not say {word}.")
        with self.lock:
            at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
            person.status, person.reason = word, reason[:200]
            person.said_at = at.isoformat(timespec="milliseconds")
            person.history.append(word)
            message = Message(
                id=uuid.uuid4().hex,
                merchant=person.account,
                url=self.accounts[person.account].url,
                body=json.dumps(self._event(vendor, person, word, at)),
                due_at=time.time(),
            )
            self.outgoing.put(
                message,
                is_late=self.faults.take("late", person.reference),
                is_twice=self.faults.take("twice", person.reference),
            )
            self._save()
            return message

    def _event(self, vendor: str, person: Person, word: str, at: datetime) -> dict[str, Any]:
        said = WORDS[vendor][word]
        if vendor == "sumsub":
            return _sumsub(person, said, at)
        if vendor == "onfido":
            about = {
                "id": person.id,
                "status": said,
                "completed_at_iso8601": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "href": f"https://api.onfido.invalid/v3.6/workflow_runs/{person.id}",
            }
            action = {"resource_type": "workflow_run", "action": "workflow_run.completed"}
            return {"payload": {**action, "object": about}}
        if vendor == "veriff":
            return {"status": "success", "verification": veriff_decision(person, said)}
        inquiry = {
            "type": "inquiry",
            "id": person.id,
            "attributes": {"status": said, "reference-id": person.reference},
        }
        attributes = {
            "name": f"inquiry.{said}",
            "created-at": person.said_at,
            "payload": {"data": inquiry},
        }
        event = {"type": "event", "id": f"evt_{uuid.uuid4().hex}", "attributes": attributes}
        return {"data": event}

    def _headers(self, message: Message) -> dict[str, str]:
        account = self.accounts[message.merchant]
        return message_headers(account.vendor, account.key, account.secrets, message.body.encode())

    def _save(self) -> None:
        if self._state is None:
            return
        kept = {
            "accounts": {name: asdict(each) for name, each in self.accounts.items()},
            "people": [asdict(each) for each in self.people.values()],
            "messages": self.outgoing.waiting(),
        }
        self._state.parent.mkdir(parents=True, exist_ok=True)
        draft = self._state.with_suffix(".new")
        draft.write_text(json.dumps(kept))
        draft.replace(self._state)

    def _load(self) -> None:
        if self._state is None or not self._state.is_file():
            return
        kept = json.loads(self._state.read_text())
        self.accounts = {name: Account(**each) for name, each in kept["accounts"].items()}
        self.people = {each["id"]: Person(**each) for each in kept["people"]}
        self.outgoing.messages = [Message(**each) for each in kept["messages"]]


def _sumsub(person: Person, said: str, at: datetime) -> dict[str, Any]:
    event: dict[str, Any] = {
        "applicantId": person.id,
        "inspectionId": person.id[::-1],
        "correlationId": f"req-{uuid.uuid4()}",
        "externalUserId": person.reference,
        "levelName": "basic-kyc-level",
        "type": "applicantReviewed",
        "reviewStatus": "completed",
        "createdAtMs": at.strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03d}",
        "sandboxMode": True,
    }
    if said == "onhold":
        return event | {"type": "applicantOnHold", "reviewStatus": "onHold"}
    if said == "reset":
        return event | {"type": "applicantReset", "reviewStatus": "init"}
    return event | {"reviewResult": sumsub_result(said, person.reason)}


def sumsub_result(said: str, reason: str) -> dict[str, Any]:
    answer, _, kind = said.partition(" ")
    result: dict[str, Any] = {"reviewAnswer": answer}
    if kind:
        labels = [reason.upper().replace(" ", "_")] if reason else []
        result |= {"reviewRejectType": kind, "rejectLabels": labels}
    return result


def veriff_decision(person: Person, said: str) -> dict[str, Any]:
    codes = {
        "approved": 9001, "declined": 9102, "resubmission_requested": 9103, "expired": 9104,
        "review": 9121,
    }  # fmt: skip
    first, _, last = person.name.partition(" ")
    return {
        "id": person.id,
        "code": codes.get(said, 0),
        "status": said,
        "reason": person.reason or None,
        "person": {"firstName": first, "lastName": last, "dateOfBirth": None},
        "document": {"type": "PASSPORT", "number": "X0000000", "validUntil": "2032-04-15"},
        "vendorData": person.reference,
        "decisionTime": person.said_at,
        "acceptanceTime": person.said_at,
    }
