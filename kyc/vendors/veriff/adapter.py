"""Veriff: sessions. Webhooks are signed in ``X-HMAC-SIGNATURE``, ``X-AUTH-CLIENT`` names the key;
one shared secret signs both ways. The ``status`` says what became of a session, not the code."""

import json
from collections.abc import Mapping
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
    signed,
    text,
)

_VERDICTS = {
    "approved": Verdict.PASSED, "declined": Verdict.FAILED, "review": Verdict.REVIEW,
    "resubmission_requested": Verdict.RETRY, "expired": Verdict.EXPIRED,
    "abandoned": Verdict.EXPIRED,
}  # fmt: skip


class Veriff:
    kind = "veriff"
    label = "Veriff"
    base_url = "https://stationapi.veriff.com"
    fields = Fields("API key", "", "", "Shared secret key")

    def is_genuine(self, account: Account, headers: Mapping[str, str], body: bytes) -> bool:
        if header(headers, "X-AUTH-CLIENT") != account.key_id:
            return False
        return matches(account, body, header(headers, "X-HMAC-SIGNATURE"))

    def delivery(self, body: bytes) -> str:
        data = json_of(body)
        session = part(data, "verification")
        if session is None:  # an event of a session, such as started or submitted
            said = [text(data, name) for name in ("id", "attemptId", "action")]
            return named("event", *said)
        said = [text(session, name) for name in ("id", "attemptId", "status", "decisionTime")]
        return named("decision", *said)

    def read(self, body: bytes) -> Result | AskFirst | None:
        session = part(json_of(body), "verification")
        return None if session is None else _decision(session)

    def start(self, account: Account, person: Person) -> Started:
        body = json.dumps(
            {
                "verification": {
                    "vendorData": person.reference,
                    "person": {"firstName": person.first_name, "lastName": person.last_name},
                }
            }
        ).encode()
        headers = {"X-AUTH-CLIENT": account.key_id}
        answer = call("POST", f"{account.base_url}/v1/sessions", headers=headers, body=body)
        session = part(answer, "verification")
        found = Started(text(session, "id"), text(session, "url", most=1000))
        if not found.vendor_ref or not found.url:
            raise VendorError("Its answer names no session or link.", permanent=True)
        return found

    def fetch(self, account: Account, vendor_ref: str) -> Result:
        session = part(self._decision_of(account, vendor_ref), "verification")
        if session is None:
            raise VendorError("It has not decided yet.", permanent=False)
        return _decision(session)

    def ping(self, account: Account) -> None:
        self._decision_of(account, "00000000-0000-0000-0000-000000000000")

    def _decision_of(self, account: Account, vendor_ref: str) -> dict[str, Any]:
        headers = {
            "X-AUTH-CLIENT": account.key_id,
            "X-HMAC-SIGNATURE": signed(account.secrets[0], vendor_ref.encode()),
        }
        url = f"{account.base_url}/v1/sessions/{quote(vendor_ref, safe='')}/decision"
        return call("GET", url, headers=headers, missing_ok=True)


def _decision(session: Any) -> Result:
    status, session_id = text(session, "status"), text(session, "id")
    if status not in _VERDICTS or not session_id:
        raise MessageUnreadable(f"Its status {status!r} is not known, or it names no session.")
    at = moment(text(session, "decisionTime") or text(session, "acceptanceTime"))
    # The person's own particulars stay in the sealed message.
    facts = {
        "document": text(session, "document", "type").replace("_", " ").lower(),
        "valid until": text(session, "document", "validUntil"),
    }
    kept = {name: value for name, value in facts.items() if value}
    return Result(session_id, _VERDICTS[status], at, text(session, "reason", most=300), kept)
