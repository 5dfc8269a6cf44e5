"""The vendors over HTTP, on loopback only: the parts of their APIs that a back office calls.

Sumsub under ``/sumsub``, Onfido under ``/onfido``, Veriff under ``/veriff``, Persona under
``/persona``, each with its own way of signing; ``GET/POST /verify/<id>`` is the page that a client
is sent to. Controls of the sandbox, unsigned: ``POST /control/accounts|decide|faults|release|
redeliver|collect``.
"""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.common.serving import GatewayHandler, GatewayServer, NotAnObject, TooLong, json_object
from sandbox.identity.box import VENDORS, WORDS, Account, Box, Person, Refused, sumsub_result
from sandbox.identity.box import veriff_decision as decision
from sandbox.identity.signing import call_is_genuine, digest


class IdentityServer(GatewayServer):
    """Serves one box. ``pumps`` sends messages by itself; without it the owner does."""

    def __init__(self, box: Box, port: int = 0, *, pumps: bool = True) -> None:
        self.box = box
        super().__init__(port, _Handler, box.pump if pumps else None)


class _Handler(GatewayHandler):
    server: IdentityServer

    def refused(self, error: Exception) -> bool:
        if isinstance(error, (TooLong, NotAnObject)):
            error = Refused(400, str(error))
        if not isinstance(error, Refused):
            return False
        self.json(error.status, {"error": error.message}, closes=True)
        return True

    def get(self) -> None:
        match [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]:
            case ["health"]:
                self.json(200, {"status": "ok"})
            case ["verify", person_id]:
                self.html(200, self._page(self.server.box.person(person_id)))
            case [vendor, *path] if vendor in VENDORS:
                self._vendor(vendor, path, b"")
            case _:
                raise Refused(404, "There is nothing at this address.")

    def post(self) -> None:
        body = self.body()
        match [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]:
            case ["verify", person_id]:
                person = self.server.box.person(person_id)
                form = dict(parse_qsl(body.decode()))
                self.server.box.decide(person, form.get("do", ""), reason=form.get("reason", ""))
                self.html(200, self._page(person))
            case ["control", what]:
                self._control(what, json_object(body))
            case [vendor, *path] if vendor in VENDORS:
                self._vendor(vendor, path, body)
            case _:
                raise Refused(404, "There is nothing at this address.")

    def _page(self, person: Person) -> str:
        vendor = self.server.box.accounts[person.account].vendor
        buttons = "".join(
            f'<button name="do" value="{escape(word)}">{escape(said)}</button> '
            for word, said in WORDS[vendor].items()
        )
        return (
            f"<!doctype html><meta charset=utf-8><title>{vendor}</title><h1>{vendor}</h1>"
            f"<p>{escape(person.name)}, {escape(person.reference)}: {escape(person.status)}</p>"
            f'<form method="post"><input name="reason" placeholder="reason"> {buttons}</form>'
        )

    # The vendors' APIs

    def _vendor(self, vendor: str, path: list[str], body: bytes) -> None:
        name, account = self._caller(vendor, body)
        data = json_object(body) if body else {}
        reference = str(
            data.get("externalUserId")
            or data.get("customer_user_id")
            or (data.get("verification") or {}).get("vendorData")
            or _attributes(data).get("reference-id")
            or ""
        )
        faults = self.server.box.faults
        self.strike(faults, reference, before=True)
        if faults.take("error_500", reference):
            raise Refused(500, "Something broke.")
        answer = getattr(self, f"_{vendor}")(name, account, path, data, reference)
        self.strike(faults, reference, before=False)
        self.json(200 if self.command == "GET" else 201, answer)

    def _caller(self, vendor: str, body: bytes) -> tuple[str, Account]:
        said = self.headers.get("Authorization", "")
        key = self.headers.get("X-App-Token") or self.headers.get("X-AUTH-CLIENT") or ""
        key = key or said.removeprefix("Bearer ").removeprefix("Token token=")
        name, account = self.server.box.account_of(vendor, key)
        stamp = self.headers.get("X-App-Access-Ts", "")
        signed = f"{stamp}{self.command}{self.path}".encode() + body
        if not call_is_genuine(vendor, account.key, account.api_key, dict(self.headers), signed):
            raise Refused(401, "The call was not signed by the customer.")
        return name, account

    def _sumsub(
        self, name: str, account: Account, path: list[str], data: dict[str, Any], reference: str
    ) -> dict[str, Any]:
        box = self.server.box
        match [self.command, *path]:
            case ["POST", "resources", "applicants"]:
                if box.person_of(name, reference):
                    raise Refused(409, "There is an applicant of this externalUserId.")
                info = data.get("fixedInfo") or {}
                full = f"{info.get('firstName', '')} {info.get('lastName', '')}".strip()
                return {"id": box.person_make(name, reference, full).id}
            case ["POST", "resources", "sdkIntegrations", "levels", "-", "websdkLink"]:
                person = box.person_of(name, str(data.get("userId", "")))
                if person is None:
                    raise Refused(404, "There is no such applicant.")
                return {"url": self._link(person)}
            case ["GET", "resources", "applicants", which, "one"]:
                person = box.person_of(name, which.partition("externalUserId=")[2])
                if person is None:
                    raise Refused(404, "There is no such applicant.")
                return {"id": person.id}
            case ["GET", "resources", "applicants", person_id, "status"]:
                person = box.person(person_id)
                said = WORDS["sumsub"].get(person.status, "")
                done = said.startswith(("GREEN", "RED"))
                return {
                    "reviewStatus": "completed" if done else "pending",
                    "reviewResult": sumsub_result(said, person.reason) if done else {},
                    "reviewDate": person.said_at,
                    "createDate": person.said_at or "2026-01-01 00:00:00",
                }
        raise Refused(404, "There is nothing at this address.")

    def _onfido(
        self, name: str, account: Account, path: list[str], data: dict[str, Any], reference: str
    ) -> dict[str, Any]:
        box = self.server.box
        match [self.command, *path]:
            case ["POST", "v3.6", "applicants"]:
                full = f"{data.get('first_name', '')} {data.get('last_name', '')}".strip()
                return {"id": f"applicant-{full}"}
            case ["POST", "v3.6", "workflow_runs"]:
                full = str(data.get("applicant_id", "")).removeprefix("applicant-")
                person = box.person_make(name, reference, full)
                return {
                    "id": person.id,
                    "status": "awaiting_input",
                    "link": {"url": self._link(person)},
                }
            case ["GET", "v3.6", "workflow_runs"]:
                return {"workflow_runs": []}
            case ["GET", "v3.6", "workflow_runs", person_id]:
                person = box.person(person_id)
                return {
                    "id": person.id,
                    "status": WORDS["onfido"].get(person.status, "awaiting_input"),
                    "reasons": [person.reason] if person.reason else [],
                    "updated_at": person.said_at or "2026-01-01T00:00:00Z",
                }
        raise Refused(404, "There is nothing at this address.")

    def _veriff(
        self, name: str, account: Account, path: list[str], data: dict[str, Any], reference: str
    ) -> dict[str, Any]:
        match [self.command, *path]:
            case ["POST", "v1", "sessions"]:
                asked = (data.get("verification") or {}).get("person") or {}
                full = f"{asked.get('firstName', '')} {asked.get('lastName', '')}".strip()
                person = self.server.box.person_make(name, reference, full)
                session = {"id": person.id, "url": self._link(person), "status": "created"}
                return {"status": "success", "verification": session}
            case ["GET", "v1", "sessions", person_id, "decision"]:
                expected = digest(account.secrets[-1], person_id.encode())
                if self.headers.get("X-HMAC-SIGNATURE") != expected:
                    raise Refused(401, "The call was not signed by the customer.")
                person = self.server.box.person(person_id)
                said = WORDS["veriff"].get(person.status)
                found = decision(person, said) if said else None
                return {"status": "success", "verification": found}
        raise Refused(404, "There is nothing at this address.")

    def _persona(
        self, name: str, account: Account, path: list[str], data: dict[str, Any], reference: str
    ) -> dict[str, Any]:
        box = self.server.box
        match [self.command, *path]:
            case ["POST", "api", "v1", "inquiries"]:
                fields = _attributes(data).get("fields") or {}
                full = f"{fields.get('name-first', '')} {fields.get('name-last', '')}".strip()
                person = box.person_of(name, reference) or box.person_make(name, reference, full)
                return {"data": _inquiry(person)}
            case ["POST", "api", "v1", "inquiries", person_id, "generate-one-time-link"]:
                person = box.person(person_id)
                return {"data": _inquiry(person), "meta": {"one-time-link": self._link(person)}}
            case ["GET", "api", "v1", "inquiries"]:
                return {"data": []}
            case ["GET", "api", "v1", "inquiries", person_id]:
                return {"data": _inquiry(box.person(person_id))}
        raise Refused(404, "There is nothing at this address.")

    def _link(self, person: Person) -> str:
        return f"{self.server.address}/verify/{person.id}"

    # The sandbox's own

    def _control(self, what: str, data: dict[str, Any]) -> None:
        box = self.server.box
        match what:
            case "accounts":
                given = ("vendor", "key", "api_key", "secrets", "url")
                box.account_add(str(data["id"]), Account(**{word: data[word] for word in given}))
            case "decide":
                person = box.person(str(data["person"]))
                reason, ago = str(data.get("reason", "")), float(data.get("minutes_ago", 0))
                box.decide(person, str(data["status"]), reason=reason, minutes_ago=ago)
            case "faults":
                named = str(data["kind"]), str(data.get("reference", "")), int(data.get("times", 1))
                try:
                    box.faults.arm(*named)
                except ValueError as error:
                    raise Refused(400, str(error)) from None
            case "release":
                box.outgoing.release()
            case "redeliver":
                if not box.outgoing.redeliver(str(data["id"])):
                    raise Refused(404, "There is no such message.")
            case "collect":
                found = box.outgoing.collect(str(data["account"]), 0.0)
                self.json(200, {"messages": found})
                return
            case _:
                raise Refused(404, "There is no such control.")
        self.json(200, {"status": "ok"})


def _attributes(data: dict[str, Any]) -> dict[str, Any]:
    inner = data.get("data")
    found = inner.get("attributes") if isinstance(inner, dict) else None
    return found if isinstance(found, dict) else {}


def _inquiry(person: Person) -> dict[str, Any]:
    said = WORDS["persona"].get(person.status, "created")
    at = person.said_at or "2026-01-01T00:00:00.000Z"
    attributes = {"status": said, "reference-id": person.reference, "updated-at": at}
    return {"type": "inquiry", "id": person.id, "attributes": attributes}
