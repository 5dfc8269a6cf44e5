"""Stripe itself: sessions, payment intents, charges, refunds, disputes, and the money between.

Objects are the JSON that Stripe answers. Thread-safe; kept in one file when a path is given.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

from sandbox.common.faults import Faults
from sandbox.common.outgoing import Deliver, Message
from sandbox.stripe.disputes import Disputes
from sandbox.stripe.events import Post
from sandbox.stripe.faults import KNOWN
from sandbox.stripe.records import ApiError, Kept, Object, Owner, missing

SESSION_S_MIN, SESSION_S_MAX = 30 * 60, 24 * 3600
UNITS_MAX = 99_999_999
THREE_DECIMAL = ("bhd", "jod", "kwd", "omr", "tnd")
CARDS = ("4242", "9010", "7788", "0032")


class Box:
    """``deliver(url, headers, body)`` answers the HTTP status, 0 when nobody answered."""

    def __init__(self, deliver: Deliver, path: Path | None = None) -> None:
        self._path = path
        self.lock = threading.RLock()
        self.faults = Faults(KNOWN)
        self.owners: dict[str, Owner] = {}
        self.objects: dict[str, Object] = {}
        self.owned: dict[str, str] = {}
        self.kept: dict[str, Kept] = {}
        #: How far its clock is ahead of the machine's, for a demo that makes a past.
        self.shift_s = 0.0
        #: Where it is served, as its pages' addresses begin.
        self.address = ""
        self.post = Post(self, deliver)
        self.disputes = Disputes(self)
        if path is not None and path.exists():
            self._load(path)

    def now(self) -> int:
        return int(time.time() + self.shift_s)

    # Accounts

    def owner_add(self, owner_id: str, key: str, secret: str, url: str) -> None:
        with self.lock:
            self.owners[owner_id] = Owner(owner_id, key, secret, url)
            self.save()

    def owner_of_key(self, key: str) -> Owner:
        for owner in self.owners.values():
            if key and owner.key == key:
                return owner
        raise ApiError(401, f"Invalid API Key provided: {key[:8]}***")

    # Objects

    def add(self, owner: Owner, kind: str, prefix: str, **facts: Any) -> Object:
        made: Object = {
            "id": f"{prefix}_{uuid4().hex[:24]}",
            "object": kind,
            "created": self.now(),
            "livemode": False,
            "metadata": {},
            **facts,
        }
        self.objects[made["id"]], self.owned[made["id"]] = made, owner.id
        return made

    def get(self, owner: Owner, kind: str, name: str) -> Object:
        found = self.objects.get(name)
        if found is None or found["object"] != kind or self.owned[name] != owner.id:
            raise missing(kind.replace(".", " "), name)
        return found

    def all(self, owner: Owner, kind: str, **equal: Any) -> list[Object]:
        """Newest first."""
        rows = [
            row
            for row in self.objects.values()
            if row["object"] == kind
            and self.owned[row["id"]] == owner.id
            and all(row.get(name) == value for name, value in equal.items())
        ]
        return rows[::-1]

    def owner_of(self, row: Object) -> Owner:
        return self.owners[self.owned[row["id"]]]

    # Checkout

    def session_create(self, owner: Owner, form: Mapping[str, Any]) -> Object:
        item = _item(form)
        amount, currency = _charged(item)
        moment = self.now()
        ends = _number(form.get("expires_at", str(moment + SESSION_S_MAX)), "expires_at")
        if not moment + SESSION_S_MIN <= ends <= moment + SESSION_S_MAX:
            raise ApiError(400, "expires_at is between 30 minutes and 24 hours from now.")
        if form.get("mode") != "payment" or not form.get("success_url"):
            raise ApiError(400, "A session has mode=payment and a success_url.")
        intent = form.get("payment_intent_data") or {}
        session = self.add(
            owner,
            "checkout.session",
            "cs_test",
            amount_subtotal=amount,
            amount_total=amount,
            currency=currency,
            client_reference_id=form.get("client_reference_id"),
            cancel_url=form.get("cancel_url"),
            success_url=form["success_url"],
            customer_details=None,
            expires_at=ends,
            metadata=dict(form.get("metadata") or {}),
            mode="payment",
            payment_intent=None,
            payment_method_types=list(form.get("payment_method_types") or ["card"]),
            payment_status="unpaid",
            status="open",
        )
        session["_intent"] = {
            "metadata": dict(intent.get("metadata") or {}),
            "description": intent.get("description"),
        }
        return session

    def session_expire(self, session: Object) -> Object:
        if session["status"] != "open":
            raise ApiError(400, f"Only an open session expires; it is {session['status']}.")
        session["status"] = "expired"
        self.report(session, [("checkout.session.expired", session)])
        return session

    def session_decide(self, session: Object, how: str, **facts: Any) -> None:
        """What the person on the page, or their bank, decides: paid, declined, processing; then,
        of one that is processing, succeeded or failed."""
        with self.lock:
            if session["status"] == "open" and session["expires_at"] <= self.now():
                self.session_expire(session)
            if session["status"] == "open" and how in ("paid", "declined", "processing"):
                getattr(self, f"_{how}")(session, **facts)
            elif session["payment_status"] == "unpaid" and how in ("succeeded", "failed"):
                self._ended(session, how)
            self.save()

    def _paid(self, session: Object, **facts: Any) -> None:
        self._arrived(session, **facts)
        intent = self._complete(session, "paid", facts.get("holder", ""))
        charge = self._charged(intent, facts.get("holder", ""), facts.get("card", ""))
        named = [("payment_intent.succeeded", intent), ("charge.succeeded", charge)]
        self.report(session, [*named, ("checkout.session.completed", session)])

    def _arrived(self, session: Object, *, amount: str = "", currency: str = "", **_: Any) -> None:
        """Another amount than was asked for, where a test wants that."""
        take, reference = self.faults.take, session["client_reference_id"]
        if amount:
            session["amount_total"] = int(amount)
        if currency:
            session["currency"] = currency
        if take("wrong_amount", reference):
            session["amount_total"] *= 10
        if take("wrong_currency", reference):
            session["currency"] = "usd" if session["currency"] != "usd" else "eur"

    def _declined(self, session: Object, **facts: Any) -> None:
        intent = self._intent(session)
        intent["status"] = "requires_payment_method"
        intent["last_payment_error"] = {
            "type": "card_error",
            "code": "card_declined",
            "message": "Your card was declined.",
        }
        self.report(session, [("payment_intent.payment_failed", intent)])

    def _processing(self, session: Object, **facts: Any) -> None:
        intent = self._complete(session, "unpaid", facts.get("holder", ""))
        intent["status"] = "processing"
        named = [("payment_intent.processing", intent)]
        self.report(session, [*named, ("checkout.session.completed", session)])

    def _ended(self, session: Object, how: str) -> None:
        intent = self.objects[session["payment_intent"]]
        if how == "failed":
            intent["status"] = "requires_payment_method"
            self.report(session, [("checkout.session.async_payment_failed", session)])
            return
        session["payment_status"] = "paid"
        self._charged(intent, (session["customer_details"] or {}).get("name", ""), "")
        named = [("payment_intent.succeeded", intent)]
        self.report(session, [*named, ("checkout.session.async_payment_succeeded", session)])

    def _complete(self, session: Object, payment_status: str, holder: str) -> Object:
        intent = self._intent(session)
        session["status"], session["payment_status"] = "complete", payment_status
        session["payment_intent"] = intent["id"]
        session["customer_details"] = {"name": holder or None, "email": None}
        return intent

    def _intent(self, session: Object) -> Object:
        for intent in self.all(self.owner_of(session), "payment_intent", _session=session["id"]):
            intent["amount"], intent["currency"] = session["amount_total"], session["currency"]
            return intent
        return self.add(
            self.owner_of(session),
            "payment_intent",
            "pi",
            amount=session["amount_total"],
            amount_received=0,
            currency=session["currency"],
            latest_charge=None,
            last_payment_error=None,
            cancellation_reason=None,
            status="requires_payment_method",
            _session=session["id"],
            **session["_intent"],
        )

    def _charged(self, intent: Object, holder: str, card: str) -> Object:
        digits = card or CARDS[sum(holder.encode()) % len(CARDS)]
        charge = self.add(
            self.owner_of(intent),
            "charge",
            "ch",
            amount=intent["amount"],
            amount_captured=intent["amount"],
            amount_refunded=0,
            currency=intent["currency"],
            payment_intent=intent["id"],
            billing_details={"name": holder or None},
            metadata=dict(intent["metadata"]),
            paid=True,
            refunded=False,
            status="succeeded",
            payment_method_details={
                "type": "card",
                "card": {
                    "brand": "visa",
                    "country": "CY",
                    "last4": digits,
                    "fingerprint": f"Fp{digits}{''.join(holder.split())}"[:16],
                },
            },
        )
        intent["status"], intent["amount_received"] = "succeeded", intent["amount"]
        intent["latest_charge"], intent["last_payment_error"] = charge["id"], None
        self._booked(charge, "charge", charge["amount"])
        return charge

    def _booked(self, about: Object, kind: str, amount: int) -> None:
        owner = self.owner_of(about)
        fee = round(amount * owner.fee_percent / 100) + owner.fee_fixed if kind == "charge" else 0
        row = self.add(
            owner,
            "balance_transaction",
            "txn",
            amount=amount,
            currency=about["currency"],
            fee=fee,
            net=amount - fee,
            source=about["id"],
            status="pending",
            type=kind,
        )
        about["balance_transaction"] = row["id"]

    # Money back

    def refund_create(self, owner: Owner, form: Mapping[str, Any]) -> Object:
        intent = self.get(owner, "payment_intent", str(form.get("payment_intent", "")))
        if intent["status"] != "succeeded":
            raise ApiError(400, "This PaymentIntent does not have a successful charge to refund.")
        charge = self.objects[intent["latest_charge"]]
        left = charge["amount"] - charge["amount_refunded"]
        amount = _number(form.get("amount", str(left)), "amount")
        if not left:
            raise ApiError(
                400, "The charge has already been refunded.", code="charge_already_refunded"
            )
        if not 0 < amount <= left:
            raise ApiError(400, f"Refund amount ({amount}) is greater than what is left ({left}).")
        metadata = dict(form.get("metadata") or {})
        reference = metadata.get("reference", "")
        if self.faults.take("refused", reference):
            raise ApiError(402, "The card is closed.", kind="card_error", code="expired_card")
        refund = self.add(
            owner,
            "refund",
            "re",
            amount=amount,
            currency=charge["currency"],
            charge=charge["id"],
            payment_intent=intent["id"],
            metadata=metadata,
            reason=None,
            status="pending" if self.faults.take("refund_pends", reference) else "succeeded",
        )
        self._refunded(charge, amount)
        self._booked(refund, "refund", -amount)
        self.report(refund, [("refund.created", refund), ("charge.refunded", charge)])
        if self.faults.take("refund_fails", reference):
            self.refund_decide(refund, "failed")
        return refund

    def refund_decide(self, refund: Object, status: str) -> None:
        """What the card's bank does with a refund, even after it seemed to have succeeded."""
        with self.lock:
            refund["status"] = status
            if status == "failed":
                refund["failure_reason"] = "expired_or_canceled_card"
                self._refunded(self.objects[refund["charge"]], -refund["amount"])
            kind = "refund.failed" if status == "failed" else "refund.updated"
            self.report(refund, [(kind, refund)])
            self.save()

    @staticmethod
    def _refunded(charge: Object, amount: int) -> None:
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]

    # Events, and what is kept

    def report(self, about: Object, named: list[tuple[str, Object]]) -> None:
        reference = about.get("client_reference_id") or about["metadata"].get("reference", "")
        self.post.put(self.owner_of(about), str(reference), named)

    def save(self) -> None:
        if self._path is None:
            return
        state = {
            "owners": [asdict(row) for row in self.owners.values()],
            "objects": self.objects,
            "owned": self.owned,
            "kept": {key: asdict(row) for key, row in self.kept.items()},
            "messages": self.post.waiting(),
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        written = self._path.with_suffix(".new")
        written.write_text(json.dumps(state), encoding="utf-8")
        written.replace(self._path)

    def _load(self, path: Path) -> None:
        state = json.loads(path.read_text(encoding="utf-8"))
        self.owners = {row["id"]: Owner(**row) for row in state["owners"]}
        self.objects, self.owned = state["objects"], state["owned"]
        self.kept = {key: Kept(**row) for key, row in state["kept"].items()}
        self.post.messages.extend(Message(**row) for row in state["messages"])


def _item(form: Mapping[str, Any]) -> Mapping[str, Any]:
    items = form.get("line_items")
    if not isinstance(items, list) or len(items) != 1 or items[0].get("quantity") != "1":
        raise ApiError(400, "The box takes one line item of quantity 1.")
    price = items[0].get("price_data")
    if not isinstance(price, dict) or not (price.get("product_data") or {}).get("name"):
        raise ApiError(400, "A line item has price_data with a product's name.")
    return price


def _charged(price: Mapping[str, Any]) -> tuple[int, str]:
    amount, currency = _number(price.get("unit_amount", ""), "unit_amount"), price.get("currency")
    if not isinstance(currency, str) or len(currency) != 3 or currency != currency.lower():
        raise ApiError(400, f"Invalid currency: {currency}.")
    if not 0 < amount <= UNITS_MAX:
        raise ApiError(400, "The amount is out of range.", code="amount_too_large")
    if currency in THREE_DECIMAL and amount % 10:
        raise ApiError(400, f"Amounts in {currency} end in 0.", code="parameter_invalid_integer")
    return amount, currency


def _number(text: Any, name: str) -> int:
    if not isinstance(text, str) or not text.isascii() or not text.isdigit():
        raise ApiError(400, f"Invalid integer: {name}.", code="parameter_invalid_integer")
    return int(text)
