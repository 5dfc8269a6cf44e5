"""BTCPay's Greenfield API over HTTP, on loopback only.

``/api/v1/stores/<store>`` with ``Authorization: token <key>``: the store, ``invoices`` (create,
list by orderId, read, payment-methods, status), ``pull-payments`` (create, list), ``payouts``.
``/api/v1/pull-payments/<id>`` and its ``payouts``, open to whoever knows the id.
``GET /i/<invoice>`` the page where the client pays, ``POST`` its buttons; ``/payouts`` what the
server's people do with payouts.
Controls of the sandbox, unsigned: ``POST /control/stores|faults|release|redeliver|collect|clock|
invoices|payouts``, ``GET /control/messages``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from sandbox.btcpay import page
from sandbox.btcpay.box import Box, amount_of, shown_coins
from sandbox.btcpay.records import Invoice, Object, Payout, Problem, PullPayment, Store
from sandbox.common.serving import GatewayHandler, GatewayServer, NotAnObject, TooLong, json_object


class BTCPayServer(GatewayServer):
    """Serves one box. ``pumps`` sends webhooks by itself; without it the owner calls
    ``box.post.pump()``."""

    def __init__(self, box: Box, port: int = 0, *, pumps: bool = True) -> None:
        self.box = box
        super().__init__(port, _Handler, box.post.pump if pumps else None)


class _Handler(GatewayHandler):
    server: BTCPayServer

    def refused(self, error: Exception) -> bool:
        if isinstance(error, TooLong):
            error = Problem(413, "too-long", str(error))
        elif isinstance(error, NotAnObject):
            error = Problem(400, "json", str(error))
        if not isinstance(error, Problem):
            return False
        if self.path.startswith(("/i/", "/payouts")):
            self.html(error.status, page.refusal_page(error.message))
        else:
            self.json(error.status, error.body, closes=True)
        return True

    def get(self) -> None:
        url, box = urlsplit(self.path), self.server.box
        match [unquote(part) for part in url.path.strip("/").split("/")]:
            case ["i", name]:
                self.html(200, page.shown(box.invoice(None, name)))
            case ["payouts"]:
                self.html(200, page.payouts(box))
            case ["api", "v1", "health"]:
                self.json(200, {"synchronized": True})
            case ["api", "v1", "stores", store_id, *way]:
                store = self._store(store_id)
                params = {name: values[0] for name, values in parse_qs(url.query).items()}
                with box.lock:
                    found = self._read(store, way, params)
                self.json(200, found)
            case ["api", "v1", "pull-payments", name]:
                self.json(200, _pull(box.pull(name)))
            case ["api", "v1", "pull-payments", name, "payouts"]:
                every = parse_qs(url.query).get("includeCancelled") == ["true"]
                rows = box.payouts_under(box.pull(name))
                shown = [_payout(row) for row in rows if every or row.state != "Cancelled"]
                self.json(200, shown)
            case ["control", "messages"]:
                self.json(200, {"messages": [vars(row) for row in box.post.messages]})
            case _:
                raise Problem(404, "not-found", "There is nothing at this address.")

    def post(self) -> None:
        body, box = self.body(), self.server.box
        match [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]:
            case ["i", name]:
                self._press(box.invoice(None, name), dict(parse_qsl(body.decode())))
            case ["payouts"]:
                data = dict(parse_qsl(body.decode()))
                box.payout_decide(box.payout_of(data.get("reference", "")), data.get("state", ""))
                self.html(200, page.payouts(box))
            case ["api", "v1", "stores", store_id, *way]:
                self._write(self._store(store_id), way, json_object(body))
            case ["control", what]:
                self.json(200, self._control(what, json_object(body)))
            case _:
                raise Problem(404, "not-found", "There is nothing at this address.")

    # The API

    def _store(self, store_id: str) -> Store:
        scheme, _, key = self.headers.get("Authorization", "").partition(" ")
        return self.server.box.store_of(store_id, key if scheme == "token" else "")

    def _read(self, store: Store, way: list[str], params: Mapping[str, str]) -> Any:
        box = self.server.box
        match way:
            case []:
                return {"id": store.id, "name": store.id, "defaultCurrency": "EUR"}
            case ["invoices"]:
                rows = box.invoices_of(store, params.get("orderId", ""))
                return [_invoice(row, self.server.address) for row in rows]
            case ["invoices", name]:
                return _invoice(box.invoice(store, name), self.server.address)
            case ["invoices", name, "payment-methods"]:
                return [_method(box.invoice(store, name))]
            case ["pull-payments"]:
                return [_pull(row) for row in box.pulls.values() if row.store == store.id]
            case _:
                raise Problem(404, "not-found", "There is nothing at this address.")

    def _write(self, store: Store, way: list[str], data: Object) -> None:
        reference = self._reference(way, data)
        faults = self.server.box.faults
        self.strike(faults, reference, before=True)
        if faults.take("error_500", reference):
            raise Problem(500, "error", "An error occurred.")
        if faults.take("rate_limited", reference):
            raise Problem(429, "rate-limited", "Too many requests.")
        if faults.take("refused", reference):
            raise Problem(422, "amount", "The server does not take this.")
        answer = self._made(store, way, data)
        self.strike(faults, reference, before=False)
        if faults.take("error_500_after", reference):
            raise Problem(500, "error", "An error occurred.")
        self.json(200, answer)

    def _made(self, store: Store, way: list[str], data: Object) -> Object:
        box = self.server.box
        match way:
            case ["invoices"]:
                return _invoice(box.invoice_create(store, data), self.server.address)
            case ["invoices", name, "status"]:
                invoice = box.invoice(store, name)
                box.mark(invoice, str(data.get("status")))
                return _invoice(invoice, self.server.address)
            case ["pull-payments"]:
                return _pull(box.pull_create(store, data))
            case ["payouts"]:
                return _payout(box.payout_create(store, data))
            case _:
                raise Problem(404, "not-found", "There is nothing at this address.")

    def _reference(self, way: list[str], data: Object) -> str:
        """The merchant's own name of what a call is about, which faults are armed for."""
        metadata = data.get("metadata")
        named = metadata if isinstance(metadata, dict) else {}
        invoice = self.server.box.invoices.get(way[1]) if len(way) > 1 else None
        found = named.get("orderId") or named.get("reference") or data.get("name")
        return str(found or (invoice.order if invoice else ""))

    # Pages and controls

    def _press(self, invoice: Invoice, form: Mapping[str, str]) -> None:
        box = self.server.box
        match form.get("do"):
            case "pay":
                box.pay(invoice)
            case "later":
                box.pay(invoice, settles=False)
            case "confirm":
                box.confirm(invoice)
            case "other":
                box.pay(invoice, amount_of(form.get("coins"), "coins"))
            case "expire":
                box.expire(invoice)
            case _:
                raise Problem(422, "do", "There is no such button.")
        self.html(200, page.shown(invoice))

    def _control(self, what: str, data: Object) -> Object:
        box = self.server.box
        match what:
            case "stores":
                box.store_add(*[str(data[name]) for name in ("id", "key", "secret", "url")])
            case "faults":
                named = str(data["kind"]), str(data.get("reference", ""))
                try:
                    box.faults.arm(*named, int(data.get("times", 1)))
                except ValueError as error:
                    raise Problem(400, "fault", str(error)) from None
            case "release":
                box.post.release()
            case "redeliver":
                if not box.post.redeliver(str(data["id"])):
                    raise Problem(404, "not-found", "There is no such message.")
            case "collect":
                return {"messages": box.post.collect(str(data["store"]), box.now())}
            case "clock":
                box.shift_s = float(data["shift_s"])
            case "invoices":
                self._invoice_control(data)
            case "payouts":
                box.payout_decide(box.payout_of(str(data["reference"])), str(data["state"]))
            case _:
                raise Problem(404, "not-found", "There is no such control.")
        return {"status": "ok"}

    def _invoice_control(self, data: Object) -> None:
        box = self.server.box
        invoice = box.invoice_of(str(data["reference"]))
        coins = amount_of(data["coins"], "coins") if data.get("coins") else None
        match data.get("do"):
            case "pay":
                box.pay(invoice, coins)
            case "later":
                box.pay(invoice, coins, settles=False)
            case "confirm":
                box.confirm(invoice)
            case "drop":
                box.drop(invoice)
            case "expire":
                box.expire(invoice)
            case "settle" | "invalidate" as how:
                box.mark(invoice, "Settled" if how == "settle" else "Invalid")
            case _:
                raise Problem(400, "do", "An invoice can't do that.")


def _invoice(row: Invoice, address: str) -> Object:
    return {
        "id": row.id,
        "storeId": row.store,
        "amount": format(row.amount, "f"),
        "currency": row.currency,
        "type": "Standard",
        "checkoutLink": f"{address}/i/{row.id}",
        "createdTime": int(row.created_at),
        "expirationTime": int(row.expires_at),
        "monitoringExpiration": int(row.expires_at) + 86_400,
        "status": row.status,
        "additionalStatus": row.additional,
        "archived": False,
        "metadata": {"orderId": row.order},
    }


def _method(row: Invoice) -> Object:
    paid = row.paid_coins
    return {
        "paymentMethodId": "BTC-CHAIN",
        "currency": "BTC",
        "destination": "bcrt1qsandbox0000000000000000000000000000",
        "rate": format(row.rate, "f"),
        "paymentMethodPaid": format(paid, "f"),
        "totalPaid": format(paid, "f"),
        "due": format(row.coins - paid, "f"),
        "amount": format(row.coins, "f"),
        "paymentMethodFee": "0.0",
        "payments": [shown_coins(coin) for coin in row.payments],
        "activated": True,
    }


def _pull(row: PullPayment) -> Object:
    return {
        "id": row.id,
        "name": row.name,
        "amount": format(row.amount, "f"),
        "currency": row.currency,
        "archived": False,
        "autoApproveClaims": True,
    }


def _payout(row: Payout) -> Object:
    return {
        "id": row.id,
        "revision": 0,
        "pullPaymentId": row.pull,
        "date": str(int(row.created_at)),
        "destination": row.destination,
        "originalCurrency": row.currency,
        "originalAmount": format(row.amount, "f"),
        "payoutCurrency": "BTC",
        "payoutMethodId": "BTC-CHAIN",
        "state": row.state,
        "metadata": row.metadata,
    }
