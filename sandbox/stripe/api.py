"""The paths of the API: what each reads or makes, written as Stripe writes it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sandbox.stripe.box import Box
from sandbox.stripe.events import shown
from sandbox.stripe.records import ApiError, Object, Owner

FORM = "application/x-www-form-urlencoded"
LISTED_MAX, LISTED = 100, 10
# Path -> the kind of object behind it, and by which of its fields a list may be narrowed.
KINDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "payment_intents": ("payment_intent", ()),
    "charges": ("charge", ("payment_intent",)),
    "refunds": ("refund", ("payment_intent", "charge")),
    "disputes": ("dispute", ("payment_intent", "charge")),
    "files": ("file", ("purpose",)),
    "events": ("event", ("type",)),
    "balance_transactions": ("balance_transaction", ("source", "type", "currency")),
}
SESSION_FILTERS = ("payment_intent", "status")


def reference(box: Box, way: list[str], form: Mapping[str, Any]) -> str:
    """The merchant's own name of what a call is about, which faults are armed for: of a dispute,
    that of its payment."""
    dispute = box.objects.get(way[1]) if way[0] == "disputes" and len(way) > 1 else None
    if dispute is not None:
        return str(box.objects[dispute["payment_intent"]]["metadata"].get("reference", ""))
    metadata = form.get("metadata")
    named = metadata.get("reference", "") if isinstance(metadata, dict) else ""
    return str(form.get("client_reference_id") or named)


def read(box: Box, owner: Owner, way: list[str], params: Mapping[str, Any]) -> Object:
    match way:
        case ["account"]:
            return {"id": owner.id, "object": "account", "charges_enabled": True}
        case ["balance"]:
            return _balance(box, owner)
        case ["checkout", "sessions"]:
            return _list(box, owner, "checkout.session", SESSION_FILTERS, way, params)
        case ["checkout", "sessions", name]:
            return _written(box, box.get(owner, "checkout.session", name), params)
        case [plural] if plural in KINDS:
            return _list(box, owner, *KINDS[plural], way, params)
        case [plural, name] if plural in KINDS:
            return _written(box, box.get(owner, KINDS[plural][0], name), params)
        case _:
            raise ApiError(404, f"Unrecognized request URL (GET: /v1/{'/'.join(way)}).")


def write(box: Box, owner: Owner, way: list[str], form: Mapping[str, Any]) -> Object:
    match way:
        case ["checkout", "sessions"]:
            return _written(box, box.session_create(owner, form), form)
        case ["checkout", "sessions", name, "expire"]:
            session = box.get(owner, "checkout.session", name)
            return _written(box, box.session_expire(session), form)
        case ["refunds"]:
            return _written(box, box.refund_create(owner, form), form)
        case ["files"]:
            return _written(box, _file(box, owner, form), {})
        case ["disputes", name]:
            dispute = box.get(owner, "dispute", name)
            return _written(box, box.disputes.update(dispute, form), form)
        case ["disputes", name, "close"]:
            dispute = box.get(owner, "dispute", name)
            return _written(box, box.disputes.accept(dispute), form)
        case _:
            raise ApiError(404, f"Unrecognized request URL (POST: /v1/{'/'.join(way)}).")


def _file(box: Box, owner: Owner, form: Mapping[str, Any]) -> Object:
    found = form.get("file")
    if not isinstance(found, tuple) or form.get("purpose") != "dispute_evidence":
        raise ApiError(400, "A file has a purpose, and is sent as multipart/form-data.")
    name, content = found
    return box.add(
        owner,
        "file",
        "file",
        filename=name,
        purpose="dispute_evidence",
        size=len(content),
        _sha256=hashlib.sha256(content).hexdigest(),
    )


def _list(
    box: Box,
    owner: Owner,
    kind: str,
    filters: tuple[str, ...],
    way: list[str],
    params: Mapping[str, Any],
) -> Object:
    rows = box.all(owner, kind, **{name: params[name] for name in filters if name in params})
    after = params.get("starting_after")
    if after is not None:
        names = [row["id"] for row in rows]
        rows = rows[names.index(after) + 1 :] if after in names else []
    text = str(params.get("limit", LISTED))
    most = int(text) if text.isdigit() else 0
    if not 1 <= most <= LISTED_MAX:
        raise ApiError(400, f"limit is between 1 and {LISTED_MAX}.")
    return {
        "object": "list",
        "url": f"/v1/{'/'.join(way)}",
        "has_more": len(rows) > most,
        "data": [_written(box, row, {}) for row in rows[:most]],
    }


def _written(box: Box, row: Object, params: Mapping[str, Any]) -> Object:
    """An object with what ``expand`` asks for written out, as deep as it asks."""
    found = shown(row)
    if row["object"] == "checkout.session":
        found["url"] = page_address(box, row) if row["status"] == "open" else None
    wanted = params.get("expand") or []
    for path in wanted if isinstance(wanted, list) else []:
        first, _, rest = str(path).partition(".")
        if first not in found:
            raise ApiError(400, f"This property cannot be expanded ({first}).")
        inner = found[first]["id"] if isinstance(found[first], dict) else found[first]
        if inner is not None:
            deeper = {"expand": [rest]} if rest else {}
            found[first] = _written(box, box.objects[inner], deeper)
    return found


def page_address(box: Box, session: Object) -> str:
    return f"{box.address}/c/pay/{session['id']}"


def _balance(box: Box, owner: Owner) -> Object:
    total: dict[str, int] = {}
    for row in box.all(owner, "balance_transaction"):
        total[row["currency"]] = total.get(row["currency"], 0) + row["net"]
    pending = [{"amount": amount, "currency": currency} for currency, amount in total.items()]
    return {"object": "balance", "available": [], "pending": pending, "livemode": False}
