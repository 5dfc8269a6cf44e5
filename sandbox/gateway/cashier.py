"""The cashier itself: payments, payouts, refunds, and the messages that report them.

Thread-safe; kept in one JSON file when a path is given. Messages leave by ``deliver``, which a
test may replace; ``pump`` sends what is due.
"""

from __future__ import annotations

import hmac
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from uuid import uuid4

from sandbox.common.faults import Faults
from sandbox.common.outgoing import Deliver, Message, Outgoing
from sandbox.gateway.faults import KNOWN
from sandbox.gateway.records import Merchant, Payment, Payout, Refund, Refused
from sandbox.gateway.settlement import Movement, Movements
from sandbox.gateway.signing import sign_message, sign_parameters

PAYOUT_DELAY_S = 3.0  # until a payout is paid, unless someone decides before
CARDS = ("4242", "9010", "7788", "0032")
AMOUNT_MAX = Decimal(10) ** 12

DISPUTES = ("dispute_inquiry", "disputed", "dispute_won", "dispute_lost", "dispute_closed")


class Cashier:
    """``deliver(url, headers, body)`` answers the HTTP status, 0 when nobody answered."""

    def __init__(self, deliver: Deliver, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._outgoing = Outgoing(deliver, self._headers, self._lock, self._save)
        self.faults = Faults(KNOWN)
        self.merchants: dict[str, Merchant] = {}
        self.payments: dict[str, Payment] = {}
        self.payouts: dict[str, Payout] = {}
        self.refunds: dict[str, Refund] = {}
        self.movements = Movements()
        self.payout_delay_s: float | None = PAYOUT_DELAY_S
        #: How far the cashier's clock is ahead of the machine's, for a demo that makes a past.
        self.shift_s = 0.0
        self._payouts_due: dict[str, float] = {}
        if path is not None and path.exists():
            self._load(path)

    @property
    def messages(self) -> list[Message]:
        return self._outgoing.messages

    def _now(self) -> float:
        return time.time() + self.shift_s

    # Merchants

    def merchant_add(self, merchant_id: str, secret: str) -> None:
        with self._lock:
            self.merchants[merchant_id] = Merchant(merchant_id, secret)
            self._save()

    def merchant(self, merchant_id: str) -> Merchant:
        found = self.merchants.get(merchant_id)
        if found is None:
            raise Refused(401, "unknown_merchant", "The cashier does not know this merchant.")
        return found

    # Payments

    def payment_open(self, parameters: Mapping[str, str]) -> Payment:
        """The payment of a signed address: made at the first visit, the same at the next."""
        merchant = self.merchant(parameters.get("merchant", ""))
        expected = sign_parameters(merchant.secret, parameters)
        if not _same(expected, parameters.get("signature", "")):
            raise Refused(401, "bad_signature", "This payment link was not signed by the merchant.")
        if float(parameters.get("expires", "0")) < self._now():
            raise Refused(410, "expired", "This payment link is past its time.")
        key = f"{merchant.id}/{parameters['reference']}"
        with self._lock:
            if key not in self.payments:
                self.payments[key] = Payment(
                    id=f"pay_{uuid4().hex[:20]}",
                    merchant=merchant.id,
                    reference=parameters["reference"],
                    amount=_amount(parameters["amount"]),
                    currency=parameters["currency"],
                    customer=parameters.get("customer", ""),
                    return_url=parameters.get("return_url", ""),
                    notify_url=parameters["notify_url"],
                )
                self._save()
            return self.payments[key]

    def payment(self, merchant_id: str, reference: str) -> Payment:
        found = self.payments.get(f"{merchant_id}/{reference}")
        if found is None:
            raise Refused(404, "unknown_payment", "The cashier has no such payment.")
        return found

    def payment_decide(
        self,
        payment: Payment,
        status: str,
        *,
        amount: str = "",
        currency: str = "",
        holder: str = "",
        card: str = "",
    ) -> None:
        """What the person at the cashier, or their bank, decides."""
        with self._lock:
            if payment.status in ("paid", "declined", "cancelled"):
                return
            payment.status = status
            if status == "paid":
                payment.paid = _amount(amount) if amount else payment.amount
                payment.paid_currency = currency or payment.currency
                payment.instrument = _card(payment, holder, card)
                self._booked(payment, "payment", payment.paid_currency, payment.paid, payment.id)
            self._report_payment(payment)
            self._save()

    def payment_dispute(self, payment: Payment, status: str = "disputed", **facts: str) -> None:
        """The cardholder's bank asks for the money back; the payment stays paid meanwhile.

        ``status``: ``dispute_inquiry`` (it only asks), ``disputed`` (it took the money),
        ``dispute_won``, ``dispute_lost`` or ``dispute_closed`` (of an inquiry). ``facts``:
        ``amount`` where it is not all, ``reason``, ``due`` (ISO 8601), ``fee``.
        """
        with self._lock:
            if payment.status != "paid":
                raise Refused(409, "not_paid", "Only a paid payment can be disputed.")
            if status not in DISPUTES:
                raise Refused(400, "bad_field", f"A dispute is one of {', '.join(DISPUTES)}.")
            more: dict[str, Any] = {
                "dispute": {
                    "id": f"dsp_{payment.id[-20:]}",
                    **{name: facts[name] for name in ("reason", "due", "fee") if facts.get(name)},
                }
            }
            if facts.get("amount"):
                more["amount"] = format(_amount(facts["amount"]), "f")
            self._report_payment(payment, status, more)
            self._save()

    def refund(self, merchant_id: str, data: Mapping[str, Any]) -> Refund:
        """Give (part of) a payment back. The same reference again is the same refund."""
        reference = str(data.get("reference", ""))
        with self._lock:
            known = self.refunds.get(f"{merchant_id}/{reference}")
            payment = self.payment(merchant_id, str(data.get("payment_reference", "")))
            amount = _amount(str(data.get("amount", "")))
            if known is not None:
                if (known.payment, known.amount) != (payment.id, amount):
                    raise Refused(409, "reference_used", "Another refund has this reference.")
                return known
            if payment.paid is None or payment.refunded + amount > payment.paid:
                raise Refused(422, "too_much", "More than was paid can't be given back.")
            payment.refunded += amount
            refund = Refund(
                f"ref_{uuid4().hex[:20]}",
                merchant_id,
                reference,
                payment.id,
                amount,
                payment.paid_currency,
            )
            self.refunds[f"{merchant_id}/{reference}"] = refund
            self._booked(refund, "refund", refund.currency, -amount, payment.id)
            self._save()
            return refund

    # Payouts

    def payout_create(self, merchant_id: str, data: Mapping[str, Any]) -> tuple[Payout, bool]:
        """A payout, and whether it is new: the merchant's reference makes it idempotent."""
        reference = str(data.get("reference", ""))
        destination = data.get("destination") or {}
        if not reference or not isinstance(destination, dict) or not destination.get("number"):
            raise Refused(400, "bad_field", "A payout has a reference and a destination.")
        wanted: dict[str, Any] = {
            "amount": _amount(str(data.get("amount", ""))),
            "currency": str(data.get("currency", "")),
            "kind": str(destination.get("kind", "")),
            "number": str(destination["number"]),
            "holder": str(destination.get("holder", "")),
        }
        key = f"{merchant_id}/{reference}"
        with self._lock:
            known = self.payouts.get(key)
            if known is not None:
                if {name: getattr(known, name) for name in wanted} != wanted:
                    raise Refused(409, "reference_used", "Another payout has this reference.")
                return known, False
            payout = Payout(
                id=f"out_{uuid4().hex[:20]}",
                merchant=merchant_id,
                reference=reference,
                notify_url=str(data.get("notify_url", "")),
                **wanted,
            )
            self.payouts[key] = payout
            if self.payout_delay_s is not None:
                self._payouts_due[key] = time.time() + self.payout_delay_s
            self._save()
            return payout, True

    def payout(self, merchant_id: str, reference: str) -> Payout:
        found = self.payouts.get(f"{merchant_id}/{reference}")
        if found is None:
            raise Refused(404, "unknown_payout", "The cashier has no such payout.")
        return found

    def payout_decide(self, payout: Payout, status: str, reason: str = "") -> None:
        with self._lock:
            self._payouts_due.pop(f"{payout.merchant}/{payout.reference}", None)
            if status == "paid" and payout.status != "paid":
                self._booked(payout, "payout", payout.currency, -payout.amount)
            payout.status, payout.reason = status, reason
            self._report_payout(payout)
            self._save()

    # What is held for merchants

    def _booked(
        self,
        row: Payment | Payout | Refund,
        kind: str,
        currency: str,
        amount: Decimal,
        payment: str = "",
    ) -> None:
        self.movements.booked(
            row.merchant, kind, self._now(), row.reference, currency, amount, payment
        )

    def settle(self, merchant_id: str) -> list[Movement]:
        """Pay what is held for a merchant to its bank, one settlement for each currency."""
        with self._lock:
            self.merchant(merchant_id)
            found = self.movements.settle(merchant_id, self._now())
            self._save()
            return found

    # Messages

    def _report_payment(
        self, payment: Payment, status: str = "", more: Mapping[str, Any] | None = None
    ) -> None:
        payment.sequence += 1
        status = status or payment.status
        body: dict[str, Any] = {
            "event": f"payment.{status}",
            "reference": payment.reference,
            "payment_id": payment.id,
            "status": status,
            "amount": format(payment.paid if payment.paid is not None else payment.amount, "f"),
            "currency": payment.paid_currency or payment.currency,
            "instrument": payment.instrument,
            "sequence": payment.sequence,
            **(more or {}),
        }
        take = self.faults.take
        if take("wrong_amount", payment.reference):
            body["amount"] = format(Decimal(body["amount"]) * 10, "f")
        if take("wrong_currency", payment.reference):
            body["currency"] = "USD" if body["currency"] != "USD" else "EUR"
        self._put(payment.merchant, payment.notify_url, payment.reference, body)

    def _report_payout(self, payout: Payout) -> None:
        payout.sequence += 1
        body = {
            "event": f"payout.{payout.status}",
            "reference": payout.reference,
            "payout_id": payout.id,
            "status": payout.status,
            "amount": format(payout.amount, "f"),
            "currency": payout.currency,
            "reason": payout.reason,
            "sequence": payout.sequence,
        }
        self._put(payout.merchant, payout.notify_url, payout.reference, body)

    def _put(self, merchant: str, url: str, reference: str, body: dict[str, Any]) -> None:
        take = self.faults.take
        moment = datetime.fromtimestamp(self._now(), UTC)
        if take("lost", reference):
            return
        message = self._message(merchant, url, body, moment)
        message.bad_signature = take("bad_signature", reference)
        late, twice = take("late", reference), take("twice", reference)
        self._outgoing.put(message, is_late=late, is_twice=twice)
        if take("out_of_order", reference):
            older = {**body, "event": "payment.pending", "status": "pending", "sequence": 0}
            before = datetime.fromtimestamp(moment.timestamp() - 60, UTC)
            self.messages.append(self._message(merchant, url, older, before))

    def _message(self, merchant: str, url: str, body: dict[str, Any], moment: datetime) -> Message:
        message_id = f"evt_{uuid4().hex}"
        text = json.dumps({"id": message_id, "at": moment.isoformat(), **body})
        return Message(message_id, merchant, url, text, time.time())

    def release(self) -> None:
        """Let go of the messages that were held back."""
        self._outgoing.release()

    def redeliver(self, message_id: str) -> None:
        """Send a message once more, whatever came of it."""
        if not self._outgoing.redeliver(message_id):
            raise Refused(404, "unknown_message", "The cashier sent no such message.")

    def pump(self) -> int:
        """Send the messages that are due and settle the payouts that are; how many were sent."""
        moment = time.time()
        with self._lock:
            due = [key for key, at in self._payouts_due.items() if at <= moment]
            for key in due:
                self.payout_decide(self.payouts[key], "paid")
        return self._outgoing.pump()

    def send(self, message: Message) -> None:
        """Send one message now, whether it is due or not."""
        self._outgoing.send(message)

    def _headers(self, message: Message) -> dict[str, str]:
        secret = self.merchants[message.merchant].secret
        return {
            "Content-Type": "application/json",
            "X-Cashier-Delivery": message.id,
            "X-Cashier-Signature": sign_message(
                f"not {secret}" if message.bad_signature else secret, message.body.encode()
            ),
        }

    def collect(self, merchant: str) -> list[tuple[dict[str, str], str]]:
        """Hand over a merchant's waiting messages, headers and body, to one who fetches them."""
        return self._outgoing.collect(merchant, self._now())

    # The file

    def _save(self) -> None:
        if self._path is None:
            return
        state = {
            "merchants": [asdict(row) for row in self.merchants.values()],
            "payments": [asdict(row) for row in self.payments.values()],
            "payouts": [asdict(row) for row in self.payouts.values()],
            "refunds": [asdict(row) for row in self.refunds.values()],
            "messages": self._outgoing.waiting(),
            "movements": [asdict(row) for row in self.movements.rows],
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        written = self._path.with_suffix(".new")
        written.write_text(json.dumps(state, default=str), encoding="utf-8")
        written.replace(self._path)

    def _load(self, path: Path) -> None:
        state = json.loads(path.read_text(encoding="utf-8"))
        money = {"amount", "paid", "refunded"}

        def read(row: dict[str, Any]) -> dict[str, Any]:
            return {
                name: Decimal(value) if name in money and value is not None else value
                for name, value in row.items()
            }

        self.merchants = {row["id"]: Merchant(**row) for row in state["merchants"]}
        for row in map(read, state["payments"]):
            self.payments[f"{row['merchant']}/{row['reference']}"] = Payment(**row)
        for row in map(read, state["payouts"]):
            self.payouts[f"{row['merchant']}/{row['reference']}"] = Payout(**row)
        for row in map(read, state["refunds"]):
            self.refunds[f"{row['merchant']}/{row['reference']}"] = Refund(**row)
        self.messages.extend(Message(**row) for row in state["messages"])
        self.movements.load(state.get("movements", []))
        for key, payout in self.payouts.items():
            if payout.status == "pending" and self.payout_delay_s is not None:
                self._payouts_due[key] = time.time() + self.payout_delay_s


def _card(payment: Payment, holder: str, card: str) -> dict[str, str]:
    digits = card or CARDS[sum(payment.customer.encode()) % len(CARDS)]
    return {
        "kind": "card",
        "label": f"•• {digits}",
        "fingerprint": f"fp_{payment.customer}_{digits}",
        "country": "CY",
        "holder": holder,
    }


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise Refused(400, "bad_amount", "That is not an amount.") from None
    if not amount.is_finite() or not 0 < amount < AMOUNT_MAX:
        raise Refused(400, "bad_amount", "An amount is above zero.")
    return amount
