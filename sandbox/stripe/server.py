"""Stripe over HTTP, on loopback only.

``/v1/...`` with ``Authorization: Bearer <key>``: checkout/sessions (create, retrieve, list,
expire), payment_intents, charges, refunds, disputes (retrieve, list, update, close), files,
events, balance_transactions, balance, account.
``GET /c/pay/<session>`` the hosted page, ``POST`` its buttons; ``/disputes`` what cardholders'
banks do, by hand.
Controls of the sandbox, unsigned: ``POST /control/accounts|faults|release|redeliver|collect|clock|
sessions|refunds|disputes``, ``GET /control/events``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.common.multipart import parts
from sandbox.common.serving import (
    BODY_BYTES_MAX,
    GatewayHandler,
    GatewayServer,
    NotAnObject,
    TooLong,
    json_object,
)
from sandbox.stripe import api, page
from sandbox.stripe.box import Box
from sandbox.stripe.controls import control
from sandbox.stripe.forms import BadForm, decode
from sandbox.stripe.records import ApiError, Kept, Object, Owner, missing

FILE_BYTES_MAX = 6 * 1024 * 1024


class StripeServer(GatewayServer):
    """Serves one box. ``pumps`` sends events by itself; without it the owner calls
    ``box.post.pump()``."""

    def __init__(self, box: Box, port: int = 0, *, pumps: bool = True) -> None:
        self.box = box
        super().__init__(port, _Handler, box.post.pump if pumps else None)
        box.address = self.address


class _Handler(GatewayHandler):
    server: StripeServer

    def refused(self, error: Exception) -> bool:
        if isinstance(error, TooLong):
            error = ApiError(413, str(error))
        elif isinstance(error, NotAnObject):
            error = ApiError(400, str(error))
        if not isinstance(error, ApiError):
            return False
        if self.path.startswith(("/c/", "/disputes")):
            self.html(error.status, page.refusal_page(error.message))
        else:
            self.json(error.status, error.body, closes=True)
        return True

    def get(self) -> None:
        url = urlsplit(self.path)
        match [unquote(part) for part in url.path.strip("/").split("/")]:
            case ["health"]:
                self.json(200, {"status": "ok"})
            case ["c", "pay", name]:
                self.html(200, page.shown(self._session(name), self.server.address))
            case ["disputes"]:
                self.html(200, page.disputes(self.server.box))
            case ["v1", *way]:
                owner = self._owner()
                params = _form(url.query)
                with self.server.box.lock:
                    found = api.read(self.server.box, owner, way, params)
                self.json(200, found)
            case ["control", "events"]:
                sent = [vars(message) for message in self.server.box.post.messages]
                self.json(200, {"events": sent})
            case _:
                raise _no_such(self.command, url.path)

    def post(self) -> None:
        body = self.body(FILE_BYTES_MAX if self.path == "/v1/files" else BODY_BYTES_MAX)
        url = urlsplit(self.path)
        match [unquote(part) for part in url.path.strip("/").split("/")]:
            case ["c", "pay", name]:
                self._press(name, dict(parse_qsl(body.decode())))
            case ["disputes"]:
                data = {name: value for name, value in parse_qsl(body.decode()) if value}
                self._bank_acts(data)
            case ["v1", *way]:
                self._write(way, body)
            case ["control", what]:
                self.json(200, control(self.server.box, what, json_object(body)))
            case _:
                raise _no_such(self.command, url.path)

    # The API

    def _owner(self) -> Owner:
        scheme, _, key = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not key:
            raise ApiError(401, "You did not provide an API key.")
        return self.server.box.owner_of_key(key)

    def _write(self, way: list[str], body: bytes) -> None:
        owner, box = self._owner(), self.server.box
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("multipart/form-data") and way == ["files"]:
            form, text = parts(kind, body), hashlib.sha256(body).hexdigest()
        elif kind.split(";")[0] == api.FORM:
            text = body.decode("utf-8", "replace")
            form = _form(text)
        else:
            raise ApiError(400, f"The body of a POST is {api.FORM}.")
        reference = api.reference(box, way, form)
        self._faulty(reference, before=True)
        with box.lock:
            status, answer, replayed = self._once(owner, way, text, form, reference)
        self._faulty(reference, before=False)
        self.json(status, answer, headers={"Idempotent-Replayed": "true"} if replayed else {})

    def _once(
        self, owner: Owner, way: list[str], text: str, form: Object, reference: str
    ) -> tuple[int, Object, bool]:
        """The answer, kept under the call's idempotency key. What fails validation is not kept."""
        box, key = self.server.box, self.headers.get("Idempotency-Key", "")
        asked = hashlib.sha256(f"{'/'.join(way)}\n{text}".encode()).hexdigest()
        known = box.kept.get(f"{owner.id}/{key}") if key else None
        if known is not None:
            if known.request != asked:
                raise ApiError(
                    400,
                    "Keys for idempotent requests can only be used with the same parameters they "
                    "were first used with.",
                    kind="idempotency_error",
                )
            return known.status, known.answer, True
        status, answer = 200, json.loads(json.dumps(api.write(box, owner, way, form)))
        if box.faults.take("error_500_after", reference):
            status = 500
            answer = ApiError(500, "An unknown error occurred.", kind="api_error").body
        if key:
            box.kept[f"{owner.id}/{key}"] = Kept(asked, status, answer)
        box.save()
        return status, answer, False

    def _faulty(self, reference: str, *, before: bool) -> None:
        faults = self.server.box.faults
        self.strike(faults, reference, before=before)
        if before and faults.take("error_500", reference):
            raise ApiError(500, "An unknown error occurred.", kind="api_error")
        if before and faults.take("rate_limited", reference):
            raise ApiError(429, "Too many requests.", code="rate_limit")

    # The page

    def _session(self, name: str) -> Object:
        found = self.server.box.objects.get(name)
        if found is None or found["object"] != "checkout.session":
            raise missing("checkout session", name)
        return found

    def _press(self, name: str, form: Mapping[str, str]) -> None:
        session = self._session(name)
        facts = {word: form[word][:140] for word in ("holder", "card") if form.get(word)}
        if form.get("do") == "expire":
            with self.server.box.lock:
                self.server.box.session_expire(session)
        else:
            self.server.box.session_decide(session, form.get("do", ""), **facts)
        self.html(200, page.shown(session, self.server.address))

    def _bank_acts(self, data: Mapping[str, str]) -> None:
        """A fault is armed before what it strikes is done."""
        if fault := data.get("fault"):
            control(self.server.box, "faults", {"kind": fault, "reference": data["reference"]})
        control(self.server.box, "disputes", data)
        self.html(200, page.disputes(self.server.box))


def _no_such(method: str, path: str) -> ApiError:
    return ApiError(404, f"Unrecognized request URL ({method}: {path}).")


def _form(text: str) -> Object:
    try:
        return decode(text)
    except BadForm as error:
        raise ApiError(400, str(error)) from None
