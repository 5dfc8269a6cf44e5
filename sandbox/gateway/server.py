"""The cashier over HTTP, on loopback only.

``GET /pay?..&signature=`` the hosted page; ``POST /pay/<id>`` its buttons.
Signed calls of the merchant (headers X-Cashier-Merchant, X-Cashier-Signature over
``METHOD path`` + body): ``GET /api/payments/<reference>``, ``POST /api/payouts``,
``GET /api/payouts/<reference>``, ``POST /api/refunds``.
Controls of the sandbox, unsigned: ``POST /control/merchants|faults|release|redeliver|payments|
disputes|payouts``, ``GET /control/messages``.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qsl, unquote, urlsplit
from urllib.request import Request, urlopen

from sandbox.gateway import page
from sandbox.gateway.cashier import Cashier
from sandbox.gateway.records import Payment, Payout, Refused
from sandbox.gateway.settlement import Movement
from sandbox.gateway.signing import message_is_genuine

BODY_BYTES_MAX = 64 * 1024
READ_TIMEOUT_S = 10
PUMP_EVERY_S = 0.2
NOTIFY_TIMEOUT_S = 10
HANG_S = 60  # longer than any caller waits


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


class CashierServer(ThreadingHTTPServer):
    """Serves one cashier on 127.0.0.1; port 0 takes a free one. ``pumps`` sends messages by
    itself; without it the owner calls ``cashier.pump()``."""

    daemon_threads = True

    def __init__(self, cashier: Cashier, port: int = 0, *, pumps: bool = True) -> None:
        self.cashier = cashier
        self.closing = threading.Event()
        super().__init__(("127.0.0.1", port), _Handler)
        if pumps:
            threading.Thread(target=self._pump, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def _pump(self) -> None:
        while not self.closing.wait(PUMP_EVERY_S):
            self.cashier.pump()

    def stop(self) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()


class _Cut(Exception):  # noqa: N818 - the connection is to be dropped without an answer
    pass


class _Handler(BaseHTTPRequestHandler):
    server: CashierServer
    protocol_version = "HTTP/1.1"
    timeout = READ_TIMEOUT_S

    def do_GET(self) -> None:
        self._answer_or_refuse(self._get)

    def do_POST(self) -> None:
        self._answer_or_refuse(self._post)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the demo's output belongs to the product."""

    def _answer_or_refuse(self, answer: Any) -> None:
        try:
            answer()
        except _Cut:
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
        except Refused as refused:
            if self.path.startswith("/pay"):
                self._html(refused.status, page.refusal_page(refused.message))
                return
            body = {"error": refused.code, "message": refused.message}
            self._send(refused.status, "application/json", json.dumps(body).encode(), closes=True)

    def _get(self) -> None:
        url = urlsplit(self.path)
        cashier = self.server.cashier
        match [unquote(part) for part in url.path.strip("/").split("/")]:
            case ["health"]:
                self._json(200, {"status": "ok"})
            case ["pay"]:
                payment = cashier.payment_open(dict(parse_qsl(url.query)))
                done = payment.status not in ("created", "pending")
                shown = page.outcome_page if done else page.cashier_page
                self._html(200, shown(payment))
            case ["api", "payments", reference]:
                merchant = self._merchant(b"")
                self._faulty(reference, before=True)
                self._json(200, _payment(cashier.payment(merchant, reference)))
            case ["api", "payouts", reference]:
                merchant = self._merchant(b"")
                self._json(200, _payout(cashier.payout(merchant, reference)))
            case ["merchants"]:
                self._html(200, page.merchants_page(cashier))
            case ["merchants", merchant, "report.csv"]:
                cashier.merchant(merchant)
                asked = dict(parse_qsl(url.query))
                report = cashier.movements.report(merchant, asked.get("until", "")).encode()
                self._send(200, "text/csv; charset=utf-8", report)
            case ["control", "messages"]:
                self._json(200, {"messages": [vars(message) for message in cashier.messages]})
            case _:
                raise Refused(404, "unknown_path", "There is nothing at this address.")

    def _post(self) -> None:
        body = self._body()
        match [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]:
            case ["pay", payment_id]:
                self._press(payment_id, dict(parse_qsl(body.decode())))
            case ["merchants", merchant, "settle"]:
                cashier = self.server.cashier
                cashier.settle(merchant)
                self._html(200, page.merchants_page(cashier))
            case ["api", "payouts"]:
                self._payout(self._merchant(body), _object(body))
            case ["api", "refunds"]:
                self._refund(self._merchant(body), _object(body))
            case ["control", what]:
                self._control(what, _object(body))
            case _:
                raise Refused(404, "unknown_path", "There is nothing at this address.")

    def _press(self, payment_id: str, form: dict[str, str]) -> None:
        cashier = self.server.cashier
        payment = next((p for p in cashier.payments.values() if p.id == payment_id), None)
        if payment is None:
            raise Refused(404, "unknown_payment", "The cashier has no such payment.")
        holder = form.get("holder", "")[:140]
        match form.get("do"):
            case "pay":
                cashier.payment_decide(payment, "paid", holder=holder)
            case "other":
                amount = form.get("amount", "")
                cashier.payment_decide(payment, "paid", amount=amount or "0", holder=holder)
            case "later":
                cashier.payment_decide(payment, "pending")
            case _:
                cashier.payment_decide(payment, "declined")
        self._html(200, page.outcome_page(payment))

    def _refund(self, merchant: str, data: dict[str, Any]) -> None:
        reference = str(data.get("reference", ""))
        self._faulty(reference, before=True)
        if self.server.cashier.faults.take("refused", reference):
            raise Refused(422, "refused", "The card is closed.")
        refund = self.server.cashier.refund(merchant, data)
        self._faulty(reference, before=False)
        self._json(200, {"refund_id": refund.id, "status": "paid"})

    def _payout(self, merchant: str, data: dict[str, Any]) -> None:
        reference = str(data.get("reference", ""))
        self._faulty(reference, before=True)
        if self.server.cashier.faults.take("refused", reference):
            raise Refused(422, "refused", "The destination does not take payouts.")
        payout, is_new = self.server.cashier.payout_create(merchant, data)
        self._faulty(reference, before=False)
        self._json(201 if is_new else 200, _payout(payout))

    def _faulty(self, reference: str, *, before: bool) -> None:
        take = self.server.cashier.faults.take
        if before:
            if take("timeout_before", reference):
                self._hang()
            if take("error_500", reference):
                raise Refused(500, "oops", "Something broke.")
            return
        if take("timeout_after", reference):
            self._hang()
        if take("dropped_after", reference):
            raise _Cut
        if take("error_500_after", reference):
            raise Refused(500, "oops", "Something broke.")

    def _hang(self) -> None:
        until = time.monotonic() + HANG_S
        while time.monotonic() < until and not self.server.closing.wait(0.2):
            pass
        raise _Cut

    def _control(self, what: str, data: dict[str, Any]) -> None:
        cashier = self.server.cashier
        match what:
            case "merchants":
                cashier.merchant_add(str(data["id"]), str(data["secret"]))
            case "faults":
                named = str(data["kind"]), str(data.get("reference", "")), int(data.get("times", 1))
                try:
                    cashier.faults.arm(*named)
                except ValueError as error:
                    raise Refused(400, "unknown_fault", str(error)) from None
            case "collect":
                found = cashier.collect(str(data["merchant"]))
                self._json(200, {"messages": found})
                return
            case "settle":
                paid = cashier.settle(str(data["merchant"]))
                self._json(200, {"settlements": [_settled(row) for row in paid]})
                return
            case "clock":
                cashier.shift_s = float(data["shift_s"])
            case "release":
                cashier.release()
            case "redeliver":
                cashier.redeliver(str(data["id"]))
            case "payments":
                payment = cashier.payment(str(data["merchant"]), str(data["reference"]))
                words = ("amount", "currency", "holder", "card")
                chosen = {name: str(data[name]) for name in words if name in data}
                cashier.payment_decide(payment, str(data["status"]), **chosen)
            case "disputes":
                disputed = cashier.payment(str(data["merchant"]), str(data["reference"]))
                words = ("amount", "reason", "due", "fee")
                chosen = {name: str(data[name]) for name in words if name in data}
                cashier.payment_dispute(disputed, str(data.get("status", "disputed")), **chosen)
            case "payouts":
                payout = cashier.payout(str(data["merchant"]), str(data["reference"]))
                cashier.payout_decide(payout, str(data["status"]), str(data.get("reason", "")))
            case _:
                raise Refused(404, "unknown_path", "There is no such control.")
        self._json(200, {"status": "ok"})

    def _merchant(self, body: bytes) -> str:
        merchant = self.server.cashier.merchant(self.headers.get("X-Cashier-Merchant", ""))
        signed = f"{self.command} {self.path}\n".encode() + body
        header = self.headers.get("X-Cashier-Signature", "")
        if not message_is_genuine(merchant.secret, signed, header):
            raise Refused(401, "bad_signature", "The call was not signed by the merchant.")
        return merchant.id

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > BODY_BYTES_MAX:
            raise Refused(413, "bad_length", f"A body has at most {BODY_BYTES_MAX} bytes.")
        return self.rfile.read(int(length))

    def _json(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(body, default=str).encode())

    def _html(self, status: int, text: str) -> None:
        self._send(status, "text/html; charset=utf-8", text.encode(), closes=True)

    def _send(self, status: int, kind: str, data: bytes, *, closes: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if closes:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)


def _object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except ValueError:
        raise Refused(400, "bad_json", "The body is not JSON.") from None
    if not isinstance(data, dict):
        raise Refused(400, "bad_json", "The body is not a JSON object.")
    return data


def _payment(payment: Payment) -> dict[str, Any]:
    paid = payment.paid if payment.paid is not None else payment.amount
    return {
        "reference": payment.reference,
        "payment_id": payment.id,
        "status": payment.status,
        "amount": format(paid, "f"),
        "currency": payment.paid_currency or payment.currency,
        "instrument": payment.instrument,
    }


def _payout(payout: Payout) -> dict[str, Any]:
    return {
        "reference": payout.reference,
        "payout_id": payout.id,
        "status": payout.status,
        "amount": format(payout.amount, "f"),
        "currency": payout.currency,
        "reason": payout.reason,
    }


def _settled(row: Movement) -> dict[str, Any]:
    return {
        "settlement": row.settlement,
        "currency": row.currency,
        "amount": format(-row.gross, "f"),
    }
