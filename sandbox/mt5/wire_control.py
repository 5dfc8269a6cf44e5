"""The control surface: faults, prices and clock over HTTP. No part of the MT5 protocol.

`/sandbox/...` on the REST port, with the header `X-Sandbox-Control: yes`, which no browser form
and no MT5 client sends. The port listens on loopback.
"""

import json
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from sandbox.mt5.core import TradeServer, to_json
from sandbox.mt5.faults import Fault, FaultKind

CONTROL_PREFIX = "/sandbox/"
CONTROL_HEADER = "x-sandbox-control"


class ControlError(Exception):
    """The control request makes no sense; the text says why."""


def control_answer(
    server: TradeServer, method: str, path: str, headers: dict[str, str], body: bytes
) -> tuple[HTTPStatus, str]:
    """Status and JSON text for a request below `/sandbox/`."""
    if CONTROL_HEADER not in headers:
        return HTTPStatus.NOT_FOUND, ""
    try:
        data = json.loads(body) if body.strip() else {}
        if not isinstance(data, dict):
            raise ControlError("the body has to be a JSON object")
        result = _handle(server, method, path.removeprefix(CONTROL_PREFIX).strip("/"), data)
    except (ControlError, ValueError, TypeError, KeyError) as error:
        return HTTPStatus.BAD_REQUEST, to_json({"error": str(error)})
    if result is None:
        return HTTPStatus.NOT_FOUND, to_json({"error": "no such control"})
    return HTTPStatus.OK, to_json(result)


def _handle(server: TradeServer, method: str, what: str, data: dict[str, Any]) -> Any:
    match method, what:
        case "GET", "faults":
            return {"faults": server.faults.waiting()}
        case "POST", "faults":
            fault = Fault(**{**data, "kind": FaultKind(data["kind"])})
            server.faults.add(fault)
            return {"added": asdict(fault)}
        case "DELETE", "faults":
            server.faults.clear()
            return {"faults": []}
        case "GET", "calls":
            return {"calls": [asdict(record) for record in server.calls]}
        case "POST", "prices":
            tick = server.market.set_price(data["symbol"], float(data["bid"]), data.get("ask"))
            return {"tick": tick.wire()}
        case "POST", "clock":
            server.clock.shift_s = float(data["shift_s"])
            return {"time": server.clock.now_s()}
        case _:
            return None
