"""The server itself: stores, invoices and what is paid into them, pull payments and payouts.

Thread-safe; kept in one file when a path is given. Webhooks leave by ``post``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from uuid import uuid4

from sandbox.btcpay.faults import KNOWN
from sandbox.btcpay.records import Coins, Invoice, Object, Payout, Problem, PullPayment, Store
from sandbox.common.faults import Faults
from sandbox.common.outgoing import Deliver, Message, Outgoing

RATES = {
    "BTC": Decimal(1),
    "EUR": Decimal("58013.37"),
    "USD": Decimal("63100.11"),
    "GBP": Decimal("49871.5"),
    "JPY": Decimal("9512345"),
    "USDT": Decimal("63100.11"),
}
OTHER_RATE = Decimal("60000")
MINUTES = 15


class Box:
    """``deliver(url, headers, body)`` answers the HTTP status, 0 when nobody answered."""

    def __init__(self, deliver: Deliver, path: Path | None = None) -> None:
        self._path = path
        self.lock = threading.RLock()
        self.faults = Faults(KNOWN)
        self.stores: dict[str, Store] = {}
        self.invoices: dict[str, Invoice] = {}
        self.pulls: dict[str, PullPayment] = {}
        self.payouts: dict[str, Payout] = {}
        self.post = Outgoing(deliver, self.headers, self.lock, self.save)
        #: How far its clock is ahead of the machine's, for a demo that makes a past.
        self.shift_s = 0.0
        if path is not None and path.exists():
            self._load(path)

    def now(self) -> float:
        return time.time() + self.shift_s

    # Stores

    def store_add(self, store_id: str, key: str, secret: str, url: str) -> None:
        with self.lock:
            self.stores[store_id] = Store(store_id, key, secret, url)
            self.save()

    def store_of(self, store_id: str, key: str) -> Store:
        """Raises ``Problem`` for a store that the key does not open."""
        found = self.stores.get(store_id)
        if not any(store.key == key for store in self.stores.values()):
            raise Problem(401, "unauthenticated", "Authentication is required.")
        if found is None or found.key != key:
            raise Problem(403, "missing-permission", "Insufficient API Permissions.")
        return found

    # Invoices

    def invoice_create(self, store: Store, data: Mapping[str, Any]) -> Invoice:
        metadata, checkout = _part(data, "metadata"), _part(data, "checkout")
        currency = str(data.get("currency") or "")
        if not 3 <= len(currency) <= 5:
            raise Problem(422, "currency", "Currency is invalid.")
        minutes = float(checkout.get("expirationMinutes") or MINUTES)
        order = str(metadata.get("orderId") or "")
        if self.faults.take("wrong_currency", order):
            currency = "USD" if currency != "USD" else "EUR"
        moment = self.now()
        invoice = Invoice(
            id=uuid4().hex[:22],
            store=store.id,
            amount=amount_of(data.get("amount"), "amount"),
            currency=currency,
            order=order,
            redirect_url=str(checkout.get("redirectURL") or ""),
            created_at=moment,
            expires_at=moment + minutes * 60,
            rate=RATES.get(currency, OTHER_RATE),
        )
        with self.lock:
            self.invoices[invoice.id] = invoice
            self._report(invoice, "InvoiceCreated")
            self.save()
        return invoice

    def invoice(self, store: Store | None, name: str) -> Invoice:
        found = self.invoices.get(name)
        if found is None or (store is not None and found.store != store.id):
            raise Problem(404, "invoice-not-found", "The invoice was not found.")
        return found

    def invoices_of(self, store: Store, order: str = "") -> list[Invoice]:
        """Newest first."""
        rows = [row for row in self.invoices.values() if row.store == store.id]
        return [row for row in rows if not order or row.order == order][::-1]

    def invoice_of(self, reference: str) -> Invoice:
        """The newest of a merchant's reference."""
        for row in reversed(self.invoices.values()):
            if row.order == reference:
                return row
        raise Problem(404, "invoice-not-found", f"There is no invoice of {reference}.")

    def pay(self, invoice: Invoice, coins: Decimal | None = None, *, settles: bool = True) -> None:
        """Coins come in, all that is asked unless ``coins`` says how many; then the chain
        confirms them, or not yet."""
        with self.lock:
            value = coins if coins is not None else invoice.coins - invoice.paid_coins
            if self.faults.take("wrong_amount", invoice.order):
                value *= 10
            late = self._is_over(invoice)
            coin = Coins(uuid4().hex, value, self.now())
            invoice.payments.append(coin)
            extra = {"afterExpiration": late, "paymentMethodId": "BTC-CHAIN"}
            self._report(invoice, "InvoiceReceivedPayment", payment=shown_coins(coin), **extra)
            over = invoice.paid_coins > invoice.coins
            if late:
                is_all = invoice.paid_coins >= invoice.coins
                invoice.additional = "PaidLate" if is_all else "PaidPartial"
            elif invoice.paid_coins >= invoice.coins:
                invoice.status = "Processing"
                invoice.additional = "PaidOver" if over else "None"
                self._report(invoice, "InvoiceProcessing", overPaid=over)
            else:
                invoice.additional = "PaidPartial"
            if settles:
                self.confirm(invoice)
            self.save()

    def confirm(self, invoice: Invoice) -> None:
        """The chain confirms what came in."""
        with self.lock:
            for coin in invoice.payments:
                if coin.status == "Processing":
                    coin.status = "Settled"
                    self._report(
                        invoice,
                        "InvoicePaymentSettled",
                        payment=shown_coins(coin),
                        afterExpiration=invoice.status == "Expired",
                        paymentMethodId="BTC-CHAIN",
                    )
            if invoice.status == "Processing":
                invoice.status = "Settled"
                over = invoice.additional == "PaidOver"
                self._report(invoice, "InvoiceSettled", manuallyMarked=False, overPaid=over)
            self.save()

    def drop(self, invoice: Invoice) -> None:
        """What came in is never confirmed: someone spent it twice."""
        with self.lock:
            for coin in invoice.payments:
                coin.status = "Invalid"
            invoice.status = "Invalid"
            self._report(invoice, "InvoiceInvalid", manuallyMarked=False)
            self.save()

    def expire(self, invoice: Invoice) -> None:
        with self.lock:
            invoice.expires_at = self.now()
            if invoice.status == "New":
                invoice.status = "Expired"
                partly = bool(invoice.payments)
                invoice.additional = "PaidPartial" if partly else "None"
                self._report(invoice, "InvoiceExpired", partiallyPaid=partly)
            self.save()

    def mark(self, invoice: Invoice, status: str) -> None:
        """Someone at the server calls it settled or invalid."""
        if status not in ("Settled", "Invalid") or invoice.status == status:
            raise Problem(422, "status", "Status can only be marked to invalid or settled.")
        with self.lock:
            invoice.status, invoice.additional = status, "Marked"
            self._report(invoice, f"Invoice{status}", manuallyMarked=True, overPaid=False)
            self.save()

    def _is_over(self, invoice: Invoice) -> bool:
        if invoice.status == "New" and invoice.expires_at <= self.now():
            self.expire(invoice)
        return invoice.status == "Expired"

    # Money out

    def pull_create(self, store: Store, data: Mapping[str, Any]) -> PullPayment:
        pull = PullPayment(
            id=uuid4().hex[:22],
            store=store.id,
            name=str(data.get("name") or ""),
            amount=amount_of(data.get("amount"), "amount"),
            currency=str(data.get("currency") or ""),
        )
        with self.lock:
            self.pulls[pull.id] = pull
            self.save()
        return pull

    def pull(self, name: str) -> PullPayment:
        found = self.pulls.get(name)
        if found is None:
            raise Problem(404, "pullpayment-not-found", "The pull payment was not found.")
        return found

    def payouts_under(self, pull: PullPayment) -> list[Payout]:
        return [row for row in self.payouts.values() if row.pull == pull.id]

    def payout_create(self, store: Store, data: Mapping[str, Any]) -> Payout:
        pull = self.pull(str(data.get("pullPaymentId") or ""))
        destination = str(data.get("destination") or "")
        if len(destination) < 14 or not destination.isalnum():
            raise Problem(422, "destination", "Invalid destination for this payout method.")
        amount = amount_of(data.get("amount"), "amount")
        with self.lock:
            standing = [row for row in self.payouts_under(pull) if row.state != "Cancelled"]
            if sum((row.amount for row in standing), amount) > pull.amount:
                raise Problem(400, "overdraft", "The payout's amount overdraws the pull payment.")
            payout = Payout(
                id=uuid4().hex[:22],
                store=store.id,
                pull=pull.id,
                destination=destination,
                amount=amount,
                currency=pull.currency,
                created_at=self.now(),
                metadata=dict(_part(data, "metadata")),
            )
            self.payouts[payout.id] = payout
            self._report_payout(payout, "PayoutCreated")
            self.save()
        return payout

    def payout_of(self, reference: str) -> Payout:
        for payout in reversed(self.payouts.values()):
            if self.pulls[payout.pull].name == reference:
                return payout
        raise Problem(404, "payout-not-found", f"There is no payout of {reference}.")

    def payout_decide(self, payout: Payout, state: str) -> None:
        with self.lock:
            payout.state = state
            self._report_payout(payout, "PayoutUpdated")
            self.save()

    # Webhooks

    def _report(self, invoice: Invoice, kind: str, **more: Any) -> None:
        about = {"invoiceId": invoice.id, "metadata": {"orderId": invoice.order}}
        self._put(invoice.store, invoice.order, kind, {**about, **more})

    def _report_payout(self, payout: Payout, kind: str) -> None:
        about = {
            "payoutId": payout.id,
            "pullPaymentId": payout.pull,
            "payoutState": payout.state,
        }
        self._put(payout.store, self.pulls[payout.pull].name, kind, about)

    def _put(self, store_id: str, reference: str, kind: str, about: Object) -> None:
        take, store = self.faults.take, self.stores[store_id]
        if take("lost", reference):
            return
        if kind == "InvoiceSettled" and take("out_of_order", reference):
            self.post.put(self._message(store, kind, about))
            kind, about = "InvoiceProcessing", {**about, "overPaid": False}
        message = self._message(store, kind, about)
        message.bad_signature = take("bad_signature", reference)
        late, twice = take("late", reference), take("twice", reference)
        self.post.put(message, is_late=late)
        if twice:
            again = {"isRedelivery": True, "originalDeliveryId": message.id}
            self.post.put(self._message(store, kind, about, **again))

    def _message(self, store: Store, kind: str, about: Object, **more: Any) -> Message:
        name = uuid4().hex[:22]
        body = {
            "deliveryId": name,
            "webhookId": f"wh{store.id[:18]}",
            "originalDeliveryId": name,
            "isRedelivery": False,
            "type": kind,
            "timestamp": int(self.now()),
            "storeId": store.id,
            **about,
            **more,
        }
        return Message(name, store.id, store.url, json.dumps(body), time.time())

    def headers(self, message: Message) -> dict[str, str]:
        secret = self.stores[message.merchant].secret
        key = f"not {secret}" if message.bad_signature else secret
        signed = hmac.new(key.encode(), message.body.encode(), hashlib.sha256).hexdigest()
        return {"Content-Type": "application/json", "BTCPay-Sig": f"sha256={signed}"}

    # The file

    def save(self) -> None:
        if self._path is None:
            return
        kept: dict[str, dict[str, Any]] = {
            "stores": self.stores,
            "invoices": self.invoices,
            "pulls": self.pulls,
            "payouts": self.payouts,
        }
        state = {name: [asdict(row) for row in rows.values()] for name, rows in kept.items()}
        state["messages"] = self.post.waiting()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        written = self._path.with_suffix(".new")
        written.write_text(json.dumps(state, default=str), encoding="utf-8")
        written.replace(self._path)

    def _load(self, path: Path) -> None:
        state = json.loads(path.read_text(encoding="utf-8"))
        self.stores = {row["id"]: Store(**row) for row in state["stores"]}
        for row in state["invoices"]:
            coins = [Coins(**_exact(coin)) for coin in row.pop("payments")]
            self.invoices[row["id"]] = Invoice(**_exact(row), payments=coins)
        self.pulls = {row["id"]: PullPayment(**_exact(row)) for row in state["pulls"]}
        self.payouts = {row["id"]: Payout(**_exact(row)) for row in state["payouts"]}
        self.post.messages.extend(Message(**row) for row in state["messages"])


def _exact(row: Object) -> Object:
    money = {"amount", "rate", "value"}
    return {name: Decimal(value) if name in money else value for name, value in row.items()}


def _part(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def amount_of(value: Any, path: str) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise Problem(422, path, "The amount is not a number.") from None
    if not amount.is_finite() or not 0 < amount < 10**12:
        raise Problem(422, path, "The amount is above zero.")
    return amount


def shown_coins(coin: Coins) -> Object:
    return {
        "id": coin.id,
        "receivedDate": int(coin.at),
        "value": format(coin.value, "f"),
        "fee": "0.0",
        "status": coin.status,
        "destination": "bcrt1qsandbox0000000000000000000000000000",
    }
