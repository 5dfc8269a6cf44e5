"""The control surface over HTTP: faults, prices, time, trades. No part of the MT5 protocol.

`/sandbox/...` on the REST port, with the header `X-Sandbox-Control: yes`, which no browser form
and no MT5 client sends. The port listens on loopback.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus
from typing import Any

from sandbox.mt5.controls import Controls
from sandbox.mt5.core import TradeServer, to_json
from sandbox.mt5.records import Action
from sandbox.mt5.retcodes import Rejected

CONTROL_PREFIX = "/sandbox/"
CONTROL_HEADER = "x-sandbox-control"
Data = dict[str, Any]


def control_answer(
    server: TradeServer, method: str, path: str, headers: dict[str, str], body: bytes
) -> tuple[HTTPStatus, str]:
    """Status and JSON text for a request below `/sandbox/`."""
    if CONTROL_HEADER not in headers:
        return HTTPStatus.NOT_FOUND, ""
    handler = _HANDLERS.get((method, path.removeprefix(CONTROL_PREFIX).strip("/")))
    if handler is None:
        return HTTPStatus.NOT_FOUND, to_json({"error": "no such control"})
    try:
        data = json.loads(body) if body.strip() else {}
        if not isinstance(data, dict):
            raise ValueError("the body has to be a JSON object")
        return HTTPStatus.OK, to_json(handler(server, Controls(server), data))
    except Rejected as refusal:
        return HTTPStatus.CONFLICT, to_json({"error": refusal.retcode.name})
    except (ValueError, TypeError, KeyError) as error:
        return HTTPStatus.BAD_REQUEST, to_json({"error": str(error)})


def _with_time(data: Data) -> Data:
    """ISO 8601 times as aware datetimes."""
    if "time" not in data:
        return data
    time = datetime.fromisoformat(data["time"])
    if time.tzinfo is None:
        raise ValueError("a time needs an offset, such as 2026-01-14T12:00:00+00:00")
    return {**data, "time": time}


def _get_faults(server: TradeServer, _controls: Controls, _data: Data) -> Data:
    return {"faults": server.faults.waiting()}


def _post_faults(server: TradeServer, controls: Controls, data: Data) -> Data:
    controls.fail_next(**data)
    return {"faults": server.faults.waiting()}


def _delete_faults(_server: TradeServer, controls: Controls, _data: Data) -> Data:
    controls.clear_faults()
    return {"faults": []}


def _get_calls(server: TradeServer, _controls: Controls, _data: Data) -> Data:
    return {"calls": [asdict(record) for record in server.calls]}


def _post_prices(server: TradeServer, controls: Controls, data: Data) -> Data:
    controls.set_price(**data)
    return {"tick": server.market.ticks[data["symbol"]].wire()}


def _post_clock(server: TradeServer, controls: Controls, data: Data) -> Data:
    controls.shift_clock(float(data["shift_s"]))
    return {"time": server.clock.now_s()}


def _post_market(server: TradeServer, controls: Controls, data: Data) -> Data:
    controls.run_market(**data)
    return {"time": server.clock.now_s(), "deals": len(server.book.deals)}


def _post_positions(_server: TradeServer, controls: Controls, data: Data) -> Data:
    return {"deal": controls.open_position(**data)}


def _post_close(_server: TradeServer, controls: Controls, data: Data) -> Data:
    return {"deal": controls.close_position(**data)}


def _post_balance(_server: TradeServer, controls: Controls, data: Data) -> Data:
    if "action" in data:
        data = {**data, "action": Action(data["action"])}
    return {"deal": controls.balance(**_with_time(data))}


def _post_deals(_server: TradeServer, controls: Controls, data: Data) -> Data:
    return {"deal": controls.insert_deal(**_with_time(data))}


def _put_deals(_server: TradeServer, controls: Controls, data: Data) -> Data:
    return {"deal": controls.edit_deal(**_with_time(data))}


def _delete_deals(_server: TradeServer, controls: Controls, data: Data) -> Data:
    controls.delete_deal(**data)
    return {}


_HANDLERS: dict[tuple[str, str], Callable[[TradeServer, Controls, Data], Data]] = {
    ("GET", "faults"): _get_faults,
    ("POST", "faults"): _post_faults,
    ("DELETE", "faults"): _delete_faults,
    ("GET", "calls"): _get_calls,
    ("POST", "prices"): _post_prices,
    ("POST", "clock"): _post_clock,
    ("POST", "market"): _post_market,
    ("POST", "positions"): _post_positions,
    ("POST", "positions/close"): _post_close,
    ("POST", "balance"): _post_balance,
    ("POST", "deals"): _post_deals,
    ("PUT", "deals"): _put_deals,
    ("DELETE", "deals"): _delete_deals,
}
