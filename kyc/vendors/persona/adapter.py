"""Persona: inquiries of a template. ``Persona-Signature`` holds ``t=,v1=`` over ``t.body``, and two
such pairs while its secret is being changed."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from kyc.vendors.http import call
from kyc.vendors.port import (
    Account,
    AskFirst,
    Fields,
    MessageUnreadable,
    Person,
    Result,
    Started,
    VendorError,
    Verdict,
    header,
    json_of,
    matches,
    moment,
    named,
    part,
    text,
)

VERSION = "2023-01-05"
PAIRS_MAX = 4
_VERDICTS = {
    "approved": Verdict.PASSED, "declined": Verdict.FAILED, "failed": Verdict.FAILED,
    "marked-for-review": Verdict.REVIEW, "needs_review": Verdict.REVIEW,
    "expired": Verdict.EXPIRED, "completed": Verdict.PENDING, "created": Verdict.PENDING,
    "pending": Verdict.PENDING, "started": Verdict.PENDING,
}  # fmt: skip


class Persona:
    kind = "persona"
    label = "Persona"
    base_url = "https://api.withpersona.com"
    fields = Fields("", "Inquiry template id", "API key", "Webhook secret")

    def is_genuine(self, account: Account, headers: Mapping[str, str], body: bytes) -> bool:
        pairs = list(_pairs(header(headers, "Persona-Signature")))[:PAIRS_MAX]
        found = [matches(account, f"{at}.".encode() + body, given) for at, given in pairs]
        return any(found)

    def delivery(self, body: bytes) -> str:
        event = text(json_of(body), "data", "id")
        if not event:
            raise MessageUnreadable("It names no event.")
        return named(event)

    def read(self, body: bytes) -> Result | AskFirst | None:
        event = part(json_of(body), "data", "attributes")
        inquiry = part(event, "payload", "data")
        kind, _, happened = text(event, "name").partition(".")
        if kind != "inquiry" or text(inquiry, "type") != "inquiry":
            return None
        return _result(inquiry, happened, text(event, "created-at"))

    def start(self, account: Account, person: Person) -> Started:
        attributes = {
            "inquiry-template-id": account.template,
            "reference-id": person.reference,
            "fields": {"name-first": person.first_name, "name-last": person.last_name},
        }
        made = self._call(
            account,
            "POST",
            "/api/v1/inquiries",
            {"data": {"attributes": attributes}},
            idempotency=person.reference,
        )
        inquiry = text(made, "data", "id")
        if not inquiry:
            raise VendorError("Its answer names no inquiry.", permanent=True)
        path = f"/api/v1/inquiries/{quote(inquiry, safe='')}/generate-one-time-link"
        link = text(self._call(account, "POST", path), "meta", "one-time-link", most=1000)
        if not link:
            raise VendorError("Its answer holds no link.", permanent=True)
        return Started(inquiry, link)

    def fetch(self, account: Account, vendor_ref: str) -> Result:
        path = f"/api/v1/inquiries/{quote(vendor_ref, safe='')}"
        inquiry = part(self._call(account, "GET", path), "data")
        attributes = part(inquiry, "attributes")
        return _result(
            inquiry, "", text(attributes, "updated-at") or text(attributes, "created-at")
        )

    def ping(self, account: Account) -> None:
        self._call(account, "GET", "/api/v1/inquiries?page%5Bsize%5D=1")

    def _call(
        self,
        account: Account,
        method: str,
        path: str,
        data: Mapping[str, Any] | None = None,
        *,
        idempotency: str = "",
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {account.api_key}", "Persona-Version": VERSION}
        if idempotency:
            headers["Idempotency-Key"] = idempotency
        body = json.dumps(data).encode() if data else b""
        return call(method, account.base_url + path, headers=headers, body=body)


def _pairs(signature: str) -> Iterator[tuple[str, str]]:
    """(t, v1) of each pair."""
    for pair in signature.split():
        values = dict(each.partition("=")[::2] for each in pair.split(","))
        if values.get("t") and values.get("v1"):
            yield values["t"], values["v1"]


def _result(inquiry: Any, happened: str, at: str) -> Result:
    """The event says what happened at its time; the inquiry's own status may be of a later one."""
    status, vendor_ref = text(inquiry, "attributes", "status"), text(inquiry, "id")
    verdict = _VERDICTS.get(happened) or _VERDICTS.get(status)
    if verdict is None or not vendor_ref:
        raise MessageUnreadable(f"Its status {status!r} is not known, or it names no inquiry.")
    return Result(vendor_ref, verdict, moment(at))
