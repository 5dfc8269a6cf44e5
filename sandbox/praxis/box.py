"""The cashier itself: sessions, what clients do in them, refunds, and what the merchant is told.

Thread-safe; kept in one file when a path is given. Notifications leave by ``post``; leave for an
attempt is asked at once.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen
from uuid import uuid4

from sandbox.common.faults import Faults
from sandbox.common.outgoing import NOTIFY_TIMEOUT_S, Message, Outgoing
from sandbox.praxis import signing
from sandbox.praxis.faults import KNOWN
from sandbox.praxis.records import Merchant, Object, Problem, Session, Transaction

VERSION = "1.3"
SESSION_S = 15 * 60
FIRST_TID = 7_100_001
HEADER = "GT-Authentication"
CARD = {
    "card_type": "Visa",
    "card_number": "4242********4242",
    "card_exp": "12/2028",
    "card_issuer_country": "SE",
}


class Answered:
    """What a merchant answered; status 0 when nobody did."""

    def __init__(self, status: int, signature: str = "", body: bytes = b"") -> None:
        self.status, self.signature, self.body = status, signature, body


Ask = Callable[[str, Mapping[str, str], bytes], Answered]


def ask_by_http(url: str, headers: Mapping[str, str], body: bytes) -> Answered:
    if not url.startswith("http://127.0.0.1:"):
        return Answered(0)  # the sandbox speaks to this machine only
    try:
        request = Request(url, data=body, headers=dict(headers), method="POST")  # noqa: S310
        with urlopen(request, timeout=NOTIFY_TIMEOUT_S) as answer:  # noqa: S310
            return Answered(int(answer.status), answer.headers.get(HEADER, ""), answer.read())
    except HTTPError as error:
        with error:
            return Answered(error.code)
    except (URLError, OSError):
        return Answered(0)


class Box:
    """``ask(url, headers, body)`` posts to the merchant."""

    def __init__(self, ask: Ask, path: Path | None = None) -> None:
        self._ask, self._path = ask, path
        self.lock = threading.RLock()
        self.faults = Faults(KNOWN)
        self.merchants: dict[str, Merchant] = {}
        self.sessions: dict[str, Session] = {}
        self.transactions: dict[int, Transaction] = {}
        self.post = Outgoing(self._deliver, self.headers, self.lock, self.save)
        #: Whether refunds are approved at once; otherwise they wait as pending.
        self.refunds_at_once = True
        #: How far its clock is ahead of the machine's, for a demo that makes a past.
        self.shift_s = 0.0
        if path is not None and path.exists():
            self._load(path)

    def now(self) -> float:
        return time.time() + self.shift_s

    def merchant_add(self, merchant_id: str, key: str, secret: str) -> None:
        with self.lock:
            self.merchants[merchant_id] = Merchant(merchant_id, key, secret)
            self.save()

    def merchant_of(self, call: str, data: Object, given: str) -> Merchant:
        """Who called. Raises ``Problem`` for a signature that does not fit."""
        found = self.merchants.get(str(data.get("merchant_id")))
        if found is None or data.get("application_key") != found.key:
            raise Problem(200, 1001, "Merchant or application not known.")
        if not given:
            raise Problem(400, 1002, "Missing signature.")
        if signing.signed(found.secret, data, signing.CALLS[call]) != given:
            raise Problem(200, 1003, "Signature does not match.")
        if abs(time.time() - int(data.get("timestamp") or 0)) > 300:
            raise Problem(200, 1004, "The timestamp is too far off.")
        return found

    # Sessions

    def session_open(self, merchant: Merchant, data: Object) -> Session:
        amount, order = data.get("amount"), str(data.get("order_id") or "")
        if not isinstance(amount, int) or amount <= 0:
            raise Problem(200, 1101, "The amount is above zero.")
        if not order or not data.get("cid") or not data.get("notification_url"):
            raise Problem(200, 1102, "A required parameter is missing.")
        moment = self.now()
        session = Session(
            token=uuid4().hex,
            merchant=merchant.id,
            order=order,
            cid=str(data["cid"]),
            intent=str(data.get("intent") or "payment"),
            currency=str(data.get("currency") or ""),
            amount=amount,
            notification_url=str(data["notification_url"]),
            validation_url=str(data.get("validation_url") or ""),
            return_url=str(data.get("return_url") or ""),
            created_at=moment,
            expires_at=moment + SESSION_S,
        )
        with self.lock:
            self.sessions[session.token] = session
            self.save()
        return session

    def session(self, token: str) -> Session:
        found = self.sessions.get(token)
        if found is None:
            raise Problem(404, 1404, "Session not found.")
        return found

    def session_of(self, order: str, merchant: str = "") -> Session:
        """The newest of a merchant's order."""
        for row in reversed(self.sessions.values()):
            if row.order == order and merchant in ("", row.merchant):
                return row
        raise Problem(200, 1404, "Order not found.")

    def transactions_of(self, session: Session) -> list[Transaction]:
        """Newest first."""
        rows = [row for row in self.transactions.values() if row.session == session.token]
        return rows[::-1]

    def shown_of(self, session: Session) -> Transaction | None:
        """As find-order picks: what was not rejected, else after the session the last attempt."""
        rows = self.transactions_of(session)
        standing = [row for row in rows if row.status != "rejected"]
        if standing:
            return standing[0]
        return rows[0] if rows and session.status != "open" else None

    # What clients do

    def pay(self, session: Session, status: str = "approved", card: str = "4242") -> str:
        """An attempt in the session, which ends as ``status``; why the merchant did not let it,
        or an empty string."""
        if self._is_over(session):
            raise Problem(200, 1105, "The session has expired.")
        units, currency = session.amount, session.currency
        if self.faults.take("wrong_amount", session.order):
            units *= 10
        elif self.faults.take("wrong_currency", session.order):
            currency = "USD" if currency != "USD" else "EUR"
        elif refusal := self._leave(session, units, currency):
            with self.lock:
                self._made(session, "rejected", units, currency, card, details=refusal)
                self.save()
            return refusal
        with self.lock:
            row = self._made(session, "pending", units, currency, card)
            self._report(session, row)
            if status != "pending":
                self.decide(row, status)
            self.save()
        return ""

    def _made(
        self, session: Session, status: str, units: int, currency: str, card: str, details: str = ""
    ) -> Transaction:
        token = {"card_token": f"card_{card}", "card_number": f"4{card[1:]}********{card}"}
        row = Transaction(
            tid=FIRST_TID + len(self.transactions),
            session=session.token,
            type="sale",
            status=status,
            currency=currency,
            amount=units,
            card={**CARD, **token},
            details=details,
        )
        self.transactions[row.tid] = row
        return row

    def decide(self, row: Transaction, status: str, details: str = "") -> None:
        """The provider behind Praxis says how it ended, or a card holder's bank does later."""
        session = self.sessions[row.session]
        with self.lock:
            before = row.status
            row.status, row.details = status, details
            if status == "approved":
                session.status = "successful"
            elif session.intent == "refund":
                session.status = "failed"
            self._report(session, row, before=before)
            self.save()

    def expire(self, session: Session) -> None:
        with self.lock:
            session.expires_at = self.now()
            if session.status == "open":
                session.status = "expired"
                self._report(session, None)
            self.save()

    def _is_over(self, session: Session) -> bool:
        if session.status == "open" and session.expires_at <= self.now():
            self.expire(session)
        return session.status != "open"

    def _leave(self, session: Session, units: int, currency: str) -> str:
        """Ask the merchant whether the client may pay."""
        if not session.validation_url:
            return ""
        attempt = {"currency": currency, "amount": units, "payment_method": "Credit Card"}
        body = {
            **self._about(session),
            "transaction_attempt": {**attempt, "conversion_rate": None},
        }
        secret = self.merchants[session.merchant].secret
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            HEADER: signing.signed(secret, body, signing.VALIDATION),
        }
        answered = self._ask(session.validation_url, headers, json.dumps(body).encode())
        said = self._believed(secret, answered)
        if said is None:
            return "The merchant did not answer."
        return "" if said.get("status") == 0 else str(said.get("description") or "Refused.")

    # Money back

    def refund(self, merchant: Merchant, data: Object) -> Session:
        """Nothing is looked up by order id: the same order twice is two refunds."""
        paid = self.transactions.get(int(data.get("reference_id") or 0))
        if paid is None or paid.type != "sale" or paid.status != "approved":
            raise Problem(200, 1201, "The referenced transaction is no approved deposit.")
        units = int(data.get("amount") or 0)
        back = [
            row
            for row in self.transactions.values()
            if row.reference_id == paid.tid and row.status not in ("rejected", "error")
        ]
        if not 0 < units <= paid.amount - sum(row.amount for row in back):
            raise Problem(200, 1202, "The amount is more than is left of the deposit.")
        if data.get("currency") != paid.currency:
            raise Problem(200, 1203, "The currency is not that of the deposit.")
        origin, moment = self.sessions[paid.session], self.now()
        session = Session(
            token=uuid4().hex,
            merchant=merchant.id,
            order=str(data.get("order_id") or ""),
            cid=str(data.get("cid") or ""),
            intent="refund",
            currency=paid.currency,
            amount=units,
            notification_url=origin.notification_url,
            validation_url="",
            return_url="",
            created_at=moment,
            expires_at=moment,
            status="action required",
        )
        with self.lock:
            self.sessions[session.token] = session
            row = Transaction(
                tid=FIRST_TID + len(self.transactions),
                session=session.token,
                type="refund",
                status="pending",
                currency=paid.currency,
                amount=units,
                card=dict(paid.card),
                reference_id=paid.tid,
            )
            self.transactions[row.tid] = row
            if self.refunds_at_once:
                self.decide(row, "approved")
            self.save()
        return session

    # What the merchant is told

    def view(self, session: Session, row: Transaction | None) -> Object:
        """Customer, session and transaction, as answers and notifications have them."""
        return {
            "customer": {"customer_token": f"customer_{session.cid}", "verification_status": None},
            "session": {
                "auth_token": session.token,
                "intent": session.intent,
                "session_status": session.status,
                "order_id": session.order,
                "currency": session.currency,
                "amount": session.amount,
                "cid": session.cid,
            },
            "transaction": None if row is None else _transaction(row),
        }

    def _about(self, session: Session) -> Object:
        return {
            "merchant_id": session.merchant,
            "application_key": self.merchants[session.merchant].key,
            **self.view(session, None),
            "version": VERSION,
            "timestamp": int(self.now()),
        }

    def _report(self, session: Session, row: Transaction | None, *, before: str = "") -> None:
        take = self.faults.take
        if take("lost", session.order):
            return
        older = before and take("out_of_order", session.order)
        body = {**self._about(session), **self.view(session, row)}
        bad = take("bad_signature", session.order)
        late, twice = take("late", session.order), take("twice", session.order)
        self._put(session, body, late=late, bad=bad)
        if twice:
            self._put(session, {**body, "timestamp": body["timestamp"] + 300})
        if older:
            transaction = {**body["transaction"], "transaction_status": before}
            self._put(session, {**body, "transaction": transaction})

    def _put(
        self, session: Session, body: Object, *, late: bool = False, bad: bool = False
    ) -> None:
        message = Message(
            uuid4().hex, session.merchant, session.notification_url, json.dumps(body), time.time()
        )
        message.bad_signature = bad
        self.post.put(message, is_late=late)

    def headers(self, message: Message) -> dict[str, str]:
        secret = self.merchants[message.merchant].secret
        key = f"not {secret}" if message.bad_signature else secret
        data = json.loads(message.body)
        return {
            "Content-Type": "application/json; charset=utf-8",
            HEADER: signing.signed(key, data, signing.NOTIFICATION),
        }

    def _deliver(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """A notification counts as heard when the answer is signed and says status 0."""
        secret = self.merchants[str(json.loads(body)["merchant_id"])].secret
        answered = self._ask(url, headers, body)
        said = self._believed(secret, answered)
        return 200 if said is not None and said.get("status") == 0 else min(answered.status, 199)

    def _believed(self, secret: str, answered: Answered) -> Object | None:
        try:
            said = json.loads(answered.body)
        except ValueError:
            return None
        if answered.status != 200 or not isinstance(said, dict):
            return None
        fits = signing.signed(secret, said, signing.ANSWER) == answered.signature
        return said if fits else None

    # The file

    def save(self) -> None:
        if self._path is None:
            return
        state = {
            "merchants": [asdict(row) for row in self.merchants.values()],
            "sessions": [asdict(row) for row in self.sessions.values()],
            "transactions": [asdict(row) for row in self.transactions.values()],
            "messages": self.post.waiting(),
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        written = self._path.with_suffix(".new")
        written.write_text(json.dumps(state), encoding="utf-8")
        written.replace(self._path)

    def _load(self, path: Path) -> None:
        state = json.loads(path.read_text(encoding="utf-8"))
        self.merchants = {row["id"]: Merchant(**row) for row in state["merchants"]}
        self.sessions = {row["token"]: Session(**row) for row in state["sessions"]}
        self.transactions = {row["tid"]: Transaction(**row) for row in state["transactions"]}
        self.post.messages.extend(Message(**row) for row in state["messages"])


def _transaction(row: Transaction) -> Object:
    return {
        "transaction_type": row.type,
        "transaction_status": row.status,
        "tid": row.tid,
        "transaction_id": f"psp_{row.tid}",
        "currency": row.currency,
        "amount": row.amount,
        "conversion_rate": 1.000000,
        "processed_currency": row.currency,
        "processed_amount": row.amount,
        "fee": 0,
        "payment_method": "Credit Card",
        "gateway": "sandbox",
        "card": row.card,
        "wallet": None,
        "reference_id": row.reference_id,
        "status_details": row.details or None,
    }
