"""Onfido (Entrust): runs of a workflow. A webhook carries ids alone and is signed in
``X-SHA2-Signature``; what became of the run is asked for."""

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
    text,
)

_VERDICTS = {
    "approved": Verdict.PASSED, "declined": Verdict.FAILED, "review": Verdict.REVIEW,
    "abandoned": Verdict.EXPIRED, "error": Verdict.REVIEW,
    "awaiting_input": Verdict.PENDING, "processing": Verdict.PENDING,
}  # fmt: skip


class Onfido:
    kind = "onfido"
    label = "Onfido"
    base_url = "https://api.eu.onfido.com"
    fields = Fields("", "Workflow id", "API token", "Webhook token")

    def is_genuine(self, account: Account, headers: Mapping[str, str], body: bytes) -> bool:
        return matches(account, body, header(headers, "X-SHA2-Signature"))

    def delivery(self, body: bytes) -> str:
        payload = part(json_of(body), "payload")
        about = part(payload, "object")
        said = text(about, "id"), text(about, "status"), text(about, "completed_at_iso8601")
        return named(text(payload, "action"), *said)

    def read(self, body: bytes) -> Result | AskFirst | None:
        payload = part(json_of(body), "payload")
        if text(payload, "resource_type") != "workflow_run":
            return None
        run = text(payload, "object", "id")
        if not run:
            raise MessageUnreadable("It names no workflow run.")
        return AskFirst(run)

    def start(self, account: Account, person: Person) -> Started:
        applicant = self._call(
            account,
            "POST",
            "/v3.6/applicants",
            {"first_name": person.first_name, "last_name": person.last_name},
        )
        run = self._call(
            account,
            "POST",
            "/v3.6/workflow_runs",
            {
                "workflow_id": account.template,
                "applicant_id": text(applicant, "id"),
                "customer_user_id": person.reference,
            },
        )
        found = Started(text(run, "id"), text(run, "link", "url", most=1000))
        if not found.vendor_ref or not found.url:
            raise VendorError("Its answer names no run or link.", permanent=True)
        return found

    def fetch(self, account: Account, vendor_ref: str) -> Result:
        run = self._call(account, "GET", f"/v3.6/workflow_runs/{quote(vendor_ref, safe='')}")
        status = text(run, "status")
        if status not in _VERDICTS:
            raise MessageUnreadable(f"Its status {status!r} is not known.")
        reasons = part(run, "reasons")
        words = [each for each in reasons if isinstance(each, str)] if reasons else []
        at = moment(text(run, "updated_at") or text(run, "created_at"))
        return Result(vendor_ref, _VERDICTS[status], at, ", ".join(words)[:300])

    def ping(self, account: Account) -> None:
        self._call(account, "GET", "/v3.6/workflow_runs?page=1")

    def _call(
        self, account: Account, method: str, path: str, data: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Token token={account.api_key}"}
        body = json.dumps(data).encode() if data else b""
        return call(method, account.base_url + path, headers=headers, body=body)
