"""Praxis' API 1.3 over HTTP, on loopback only.

``POST /cashier/cashier``, ``/agent/find-order``, ``/agent/find-transaction``, ``/direct/refund``
with ``GT-Authentication``. ``GET /pay/<token>`` the page where the client pays, ``POST`` its
buttons. Controls of the sandbox, unsigned: ``POST /control/merchants|faults|release|redeliver|
collect|clock|orders``, ``GET /control/messages``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.common.serving import GatewayHandler, GatewayServer, NotAnObject, TooLong, json_object
from sandbox.praxis import page, signing
from sandbox.praxis.box import HEADER, VERSION, Box
from sandbox.praxis.records import Merchant, Object, Problem, Session


class PraxisServer(GatewayServer):
    """Serves one box. ``pumps`` sends notifications by itself; without it the owner calls
    ``box.post.pump()``."""

    def __init__(self, box: Box, port: int = 0, *, pumps: bool = True) -> None:
        self.box = box
        super().__init__(port, _Handler, box.post.pump if pumps else None)


class _Handler(GatewayHandler):
    server: PraxisServer

    def refused(self, error: Exception) -> bool:
        if isinstance(error, TooLong | NotAnObject):
            error = Problem(400, 1000, str(error))
        if not isinstance(error, Problem):
            return False
        if self.path.startswith("/pay/"):
            self.html(max(error.status, 400), page.refusal_page(error.message))
        else:
            said = {"status": error.code, "description": error.message}
            self.json(error.status, {**said, **_stamp()}, closes=True)
        return True

    def get(self) -> None:
        box = self.server.box
        match [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]:
            case ["pay", token]:
                session = box.session(token)
                self.html(200, page.shown(session, box.transactions_of(session)))
            case ["control", "messages"]:
                self.json(200, {"messages": [vars(row) for row in box.post.messages]})
            case _:
                raise Problem(404, 1404, "There is nothing at this address.")

    def post(self) -> None:
        path, body, box = urlsplit(self.path).path.strip("/"), self.body(), self.server.box
        match path.split("/"):
            case ["pay", token]:
                self._press(box.session(unquote(token)), dict(parse_qsl(body.decode())))
            case ["control", what]:
                self.json(200, self._control(what, json_object(body)))
            case _ if path in signing.CALLS:
                data = json_object(body)
                merchant = box.merchant_of(path, data, self.headers.get(HEADER, ""))
                self._call(path, merchant, data)
            case _:
                raise Problem(404, 1404, "There is nothing at this address.")

    def _call(self, path: str, merchant: Merchant, data: Object) -> None:
        writes = path in ("cashier/cashier", "direct/refund")
        reference = str(data.get("order_id") or "") if writes else "-"
        faults = self.server.box.faults
        self.strike(faults, reference, before=True)
        if faults.take("broken", reference):
            raise Problem(500, -1, "Internal error.")
        if faults.take("refused", reference):
            raise Problem(200, 1300, "The provider does not take this.")
        answer = self._made(path, merchant, data)
        self.strike(faults, reference, before=False)
        if faults.take("broken_after", reference):
            raise Problem(500, -1, "Internal error.")
        answer = {"status": 0, "description": "Success", **answer, **_stamp()}
        signed = signing.signed(merchant.secret, answer, signing.ANSWER)
        self.json(200, answer, headers={HEADER: signed})

    def _made(self, path: str, merchant: Merchant, data: Object) -> Object:
        box = self.server.box
        match path:
            case "cashier/cashier":
                session = box.session_open(merchant, data)
                url = f"{self.server.address}/pay/{session.token}"
                return {**box.view(session, None), "redirect_url": url}
            case "direct/refund":
                session = box.refund(merchant, data)
            case "agent/find-order":
                session = box.session_of(str(data.get("order_id")), merchant.id)
            case _:
                row = box.transactions.get(int(data.get("tid") or 0))
                if row is None or box.sessions[row.session].merchant != merchant.id:
                    raise Problem(200, 1404, "Transaction not found.")
                return box.view(box.sessions[row.session], row)
        return box.view(session, box.shown_of(session))

    # Pages and controls

    def _press(self, session: Session, form: Mapping[str, str]) -> None:
        box, said = self.server.box, ""
        match form.get("do"):
            case "expire":
                box.expire(session)
            case "approved" | "pending" | "rejected" as how:
                said = box.pay(session, how)
            case _:
                raise Problem(422, 1000, "There is no such button.")
        self.html(200, page.shown(session, box.transactions_of(session), said))

    def _control(self, what: str, data: Object) -> Object:
        box = self.server.box
        match what:
            case "merchants":
                box.merchant_add(*[str(data[name]) for name in ("id", "key", "secret")])
            case "faults":
                named = str(data["kind"]), str(data.get("reference", ""))
                try:
                    box.faults.arm(*named, int(data.get("times", 1)))
                except ValueError as error:
                    raise Problem(400, 1000, str(error)) from None
            case "release":
                box.post.release()
            case "redeliver":
                if not box.post.redeliver(str(data["id"])):
                    raise Problem(404, 1404, "There is no such message.")
            case "collect":
                return {"messages": box.post.collect(str(data["merchant"]), box.now())}
            case "clock":
                box.shift_s = float(data["shift_s"])
            case "orders":
                self._order_control(data)
            case _:
                raise Problem(404, 1404, "There is no such control.")
        return {"status": "ok"}

    def _order_control(self, data: Object) -> None:
        box, do = self.server.box, str(data.get("do"))
        session = box.session_of(str(data["reference"]))
        if do == "expire":
            box.expire(session)
        elif do.startswith("pay_"):
            box.pay(session, do.removeprefix("pay_"))
        else:
            rows = box.transactions_of(session)
            if not rows:
                raise Problem(404, 1404, "The order has no transaction.")
            box.decide(rows[0], do)


def _stamp() -> Object:
    return {"version": VERSION, "timestamp": int(time.time())}
