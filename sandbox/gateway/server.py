"""The cashier over HTTP, on loopback only.

``GET /pay?..&signature=`` the hosted page; ``POST /pay/<id>`` its buttons.
Signed calls of the merchant (headers X-Cashier-Merchant, X-Cashier-Signature over
``METHOD path`` + body): ``GET /api/payments/<reference>``, ``POST /api/payouts``,
``GET /api/payouts/<reference>``, ``POST /api/refunds``.
Controls of the sandbox, unsigned: ``POST /control/merchants|faults|release|redeliver|payments|
disputes|payouts``, ``GET /control/messages``.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.common.serving import GatewayHandler, GatewayServer, NotAnObject, TooLong, json_object
from sandbox.gateway import page
from sandbox.gateway.cashier import Cashier
from sandbox.gateway.records import Payment, Payout, Refused
from sandbox.gateway.settlement import Movement
from sandbox.gateway.signing import message_is_genuine


class CashierServer(GatewayServer):
    """Serves one cashier. ``pumps`` sends messages by itself; without it the owner calls
    ``cashier.pump()``."""

    def __init__(self, cashier: Cashier, port: int = 0, *, pumps: bool = True) -> None:
        self.cashier = cashier
        super().__init__(port, _Handler, cashier.pump if pumps else None)


class _Handler(GatewayHandler):
    server: CashierServer

    def refused(self, error: Exception) -> bool:
        if isinstance(error, TooLong):
            error = Refused(413, "bad_length", str(error))
        elif isinstance(error, NotAnObject):
            error = Refused(400, "bad_json", str(error))
        if not isinstance(error, Refused):
            return False
        if self.path.startswith("/pay"):
            self.html(error.status, page.refusal_page(error.message))
        else:
            body = {"error": error.code, "message": error.message}
            self.json(error.status, body, closes=True)
        return True

    def get(self) -> None:
        url = urlsplit(self.path)
        cashier = self.server.cashier
        match [unquote(part) for part in url.path.strip("/").split("/")]:
            case ["health"]:
                self.json(200, {"status": "ok"})
            case ["pay"]:
                payment = cashier.payment_open(dict(parse_qsl(url.query)))
                done = payment.status not in ("created", "pending")
                shown = page.outcome_page if done else page.cashier_page
                self.html(200, shown(payment))
            case ["api", "payments", reference]:
                merchant = self._merchant(b"")
                self._faulty(reference, before=True)
                self.json(200, _payment(cashier.payment(merchant, reference)))
            case ["api", "payouts", reference]:
                merchant = self._merchant(b"")
                self.json(200, _payout(cashier.payout(merchant, reference)))
            case ["merchants"]:
                self.html(200, page.merchants_page(cashier))
            case ["merchants", merchant, "report.csv"]:
                cashier.merchant(merchant)
                asked = dict(parse_qsl(url.query))
                report = cashier.movements.report(merchant, asked.get("until", "")).encode()
                self.send(200, "text/csv; charset=utf-8", report)
            case ["control", "messages"]:
                self.json(200, {"messages": [vars(message) for message in cashier.messages]})
            case _:
                raise Refused(404, "unknown_path", "There is nothing at this address.")

    def post(self) -> None:
        body = self.body()
        match [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]:
            case ["pay", payment_id]:
                self._press(payment_id, dict(parse_qsl(body.decode())))
            case ["merchants", merchant, "settle"]:
                cashier = self.server.cashier
                cashier.settle(merchant)
                self.html(200, page.merchants_page(cashier))
            case ["api", "payouts"]:
                self._payout(self._merchant(body), json_object(body))
            case ["api", "refunds"]:
                self._refund(self._merchant(body), json_object(body))
            case ["control", what]:
                self._control(what, json_object(body))
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
        self.html(200, page.outcome_page(payment))

    def _refund(self, merchant: str, data: dict[str, Any]) -> None:
        reference = str(data.get("reference", ""))
        self._faulty(reference, before=True)
        if self.server.cashier.faults.take("refused", reference):
            raise Refused(422, "refused", "The card is closed.")
        refund = self.server.cashier.refund(merchant, data)
        self._faulty(reference, before=False)
        self.json(200, {"refund_id": refund.id, "status": "paid"})

    def _payout(self, merchant: str, data: dict[str, Any]) -> None:
        reference = str(data.get("reference", ""))
        self._faulty(reference, before=True)
        if self.server.cashier.faults.take("refused", reference):
            raise Refused(422, "refused", "The destination does not take payouts.")
        payout, is_new = self.server.cashier.payout_create(merchant, data)
        self._faulty(reference, before=False)
        self.json(201 if is_new else 200, _payout(payout))

    def _faulty(self, reference: str, *, before: bool) -> None:
        faults = self.server.cashier.faults
        self.strike(faults, reference, before=before)
        if faults.take("error_500" if before else "error_500_after", reference):
            raise Refused(500, "oops", "Something broke.")

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
                self.json(200, {"messages": found})
                return
            case "settle":
                paid = cashier.settle(str(data["merchant"]))
                self.json(200, {"settlements": [_settled(row) for row in paid]})
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
        self.json(200, {"status": "ok"})

    def _merchant(self, body: bytes) -> str:
        merchant = self.server.cashier.merchant(self.headers.get("X-Cashier-Merchant", ""))
        signed = f"{self.command} {self.path}\n".encode() + body
        header = self.headers.get("X-Cashier-Signature", "")
        if not message_is_genuine(merchant.secret, signed, header):
            raise Refused(401, "bad_signature", "The call was not signed by the merchant.")
        return merchant.id


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
