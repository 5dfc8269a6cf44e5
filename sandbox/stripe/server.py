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
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.stripe import api, page
from sandbox.stripe.box import Box
from sandbox.stripe.controls import control
from sandbox.stripe.forms import BadForm, decode, parts
from sandbox.stripe.records import ApiError, Kept, Object, Owner, missing

BODY_BYTES_MAX, FILE_BYTES_MAX = 64 * 1024, 6 * 1024 * 1024
READ_TIMEOUT_S = 10
PUMP_EVERY_S = 0.2
HANG_S = 60  # longer than any caller waits


class StripeServer(ThreadingHTTPServer):
    """Serves one box on 127.0.0.1; port 0 takes a free one. ``pumps`` sends events by itself;
    without it the owner calls ``box.post.pump()``."""

    daemon_threads = True

    def __init__(self, box: Box, port: int = 0, *, pumps: bool = True) -> None:
        self.box = box
        self.closing = threading.Event()
        super().__init__(("127.0.0.1", port), _Handler)
        box.address = self.address
        if pumps:
            threading.Thread(target=self._pump, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def _pump(self) -> None:
        while not self.closing.wait(PUMP_EVERY_S):
            self.box.post.pump()

    def stop(self) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()


class _Cut(Exception):  # noqa: N818 - the connection is to be dropped without an answer
    pass


class _Handler(BaseHTTPRequestHandler):
    server: StripeServer
    protocol_version = "HTTP/1.1"
    timeout = READ_TIMEOUT_S

    def do_GET(self) -> None:
        self._answer_or_refuse(self._get)

    def do_POST(self) -> None:
        self._answer_or_refuse(self._post)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the demo's output belongs to the product."""

    def _answer_or_refuse(self, answer: Callable[[], None]) -> None:
        try:
            answer()
        except _Cut:
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
        except ApiError as error:
            if self.path.startswith(("/c/", "/disputes")):
                self._html(error.status, page.refusal_page(error.message))
            else:
                self._json(error.status, error.body, closes=True)

    def _get(self) -> None:
        url = urlsplit(self.path)
        match [unquote(part) for part in url.path.strip("/").split("/")]:
            case ["health"]:
                self._json(200, {"status": "ok"})
            case ["c", "pay", name]:
                self._html(200, page.shown(self._session(name), self.server.address))
            case ["disputes"]:
                self._html(200, page.disputes(self.server.box))
            case ["v1", *way]:
                owner = self._owner()
                params = _form(url.query)
                with self.server.box.lock:
                    found = api.read(self.server.box, owner, way, params)
                self._json(200, found)
            case ["control", "events"]:
                sent = [vars(message) for message in self.server.box.post.messages]
                self._json(200, {"events": sent})
            case _:
                raise _no_such(self.command, url.path)

    def _post(self) -> None:
        body = self._body()
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
                self._json(200, control(self.server.box, what, _object(body)))
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
        self._json(status, answer, headers={"Idempotent-Replayed": "true"} if replayed else {})

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
        take = self.server.box.faults.take
        if before:
            if take("timeout_before", reference):
                self._hang()
            if take("error_500", reference):
                raise ApiError(500, "An unknown error occurred.", kind="api_error")
            if take("rate_limited", reference):
                raise ApiError(429, "Too many requests.", code="rate_limit")
            return
        if take("timeout_after", reference):
            self._hang()
        if take("dropped_after", reference):
            raise _Cut

    def _hang(self) -> None:
        until = time.monotonic() + HANG_S
        while time.monotonic() < until and not self.server.closing.wait(0.2):
            pass
        raise _Cut

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
        self._html(200, page.shown(session, self.server.address))

    def _bank_acts(self, data: Mapping[str, str]) -> None:
        """A fault is armed before what it strikes is done."""
        if fault := data.get("fault"):
            control(self.server.box, "faults", {"kind": fault, "reference": data["reference"]})
        control(self.server.box, "disputes", data)
        self._html(200, page.disputes(self.server.box))

    # HTTP

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        most = FILE_BYTES_MAX if self.path == "/v1/files" else BODY_BYTES_MAX
        if not length.isdigit() or int(length) > most:
            raise ApiError(413, f"A body has at most {most} bytes.")
        return self.rfile.read(int(length))

    def _json(
        self,
        status: int,
        body: Object,
        *,
        closes: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        data = json.dumps(body, default=str).encode()
        self._send(status, "application/json", data, closes=closes, headers=headers or {})

    def _html(self, status: int, text: str) -> None:
        self._send(status, "text/html; charset=utf-8", text.encode(), closes=True, headers={})

    def _send(
        self, status: int, kind: str, data: bytes, *, closes: bool, headers: Mapping[str, str]
    ) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Type": kind}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        if closes:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)


def _no_such(method: str, path: str) -> ApiError:
    return ApiError(404, f"Unrecognized request URL ({method}: {path}).")


def _form(text: str) -> Object:
    try:
        return decode(text)
    except BadForm as error:
        raise ApiError(400, str(error)) from None


def _object(body: bytes) -> Object:
    try:
        data = json.loads(body)
    except ValueError:
        raise ApiError(400, "The body is not JSON.") from None
    if not isinstance(data, dict):
        raise ApiError(400, "The body is not a JSON object.")
    return data
