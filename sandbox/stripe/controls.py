"""The sandbox's own controls: what people and banks decide, and what is to go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.stripe.box import Box
from sandbox.stripe.disputes import ANSWERABLE
from sandbox.stripe.records import ApiError, Object

DONE: Object = {"status": "ok"}


def control(box: Box, what: str, data: Mapping[str, Any]) -> Object:
    match what:
        case "accounts":
            facts = [str(data[name]) for name in ("id", "key", "secret", "url")]
            box.owner_add(*facts)
        case "faults":
            named = str(data["kind"]), str(data.get("reference", "")), int(data.get("times", 1))
            try:
                box.faults.arm(*named)
            except ValueError as error:
                raise ApiError(400, str(error)) from None
        case "release":
            box.post.release()
        case "redeliver":
            box.post.redeliver(str(data["id"]))
        case "collect":
            with box.lock:
                found = box.post.collect(str(data["account"]))
                box.save()
            return {"messages": found}
        case "clock":
            box.shift_s = float(data["shift_s"])
        case "sessions":
            words = ("amount", "currency", "holder", "card")
            chosen = {name: str(data[name]) for name in words if name in data}
            box.session_decide(session_of(box, data), str(data["status"]), **chosen)
        case "refunds":
            box.refund_decide(refund_of(box, data), str(data["status"]))
        case "disputes":
            return _dispute(box, data)
        case _:
            raise ApiError(404, "There is no such control.")
    return DONE


def session_of(box: Box, data: Mapping[str, Any]) -> Object:
    return _newest(box, "checkout.session", str(data["reference"]))


def refund_of(box: Box, data: Mapping[str, Any]) -> Object:
    return _newest(box, "refund", str(data["reference"]))


def _newest(box: Box, kind: str, reference: str) -> Object:
    for row in reversed(box.objects.values()):
        if row["object"] == kind and row["metadata"].get("reference") == reference:
            return row
    raise ApiError(404, f"There is no {kind} of {reference}.")


def dispute_of(box: Box, data: Mapping[str, Any]) -> Object:
    """The newest dispute of the payment of that reference."""
    intent = box.objects[session_of(box, data)["payment_intent"]]
    for dispute in box.all(box.owner_of(intent), "dispute", payment_intent=intent["id"]):
        return dispute
    raise ApiError(404, f"There is no dispute of {data['reference']}.")


def _dispute(box: Box, data: Mapping[str, Any]) -> Object:
    """Open one (``needs_response``, or ``warning_needs_response``, which moves no money), make an
    inquiry a chargeback (``escalated``), or close it (``won``, ``lost``, ``warning_closed``)."""
    status = str(data.get("status", "needs_response"))
    if status in ANSWERABLE:
        intent = box.objects[session_of(box, data)["payment_intent"]]
        amount = int(data["amount"]) if data.get("amount") else None
        reason = str(data.get("reason") or "fraudulent")
        return {"id": box.disputes.open(intent, reason, status=status, amount=amount)["id"]}
    dispute = dispute_of(box, data)
    if status == "escalated":
        box.disputes.escalate(dispute)
    else:
        box.disputes.close(dispute, status)
    return {"id": dispute["id"]}
