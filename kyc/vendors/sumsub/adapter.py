"""Sumsub: applicants at a level. Webhooks are signed in ``X-Payload-Digest`` over the raw body;
our calls in ``X-App-Access-Sig`` over time, method, path and body."""

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from kyc.vendors.http import call, path_of
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

# SHA-1 is offered too and refused: a signature that can be forged is none.
ALGORITHMS = {"HMAC_SHA256_HEX": "sha256", "HMAC_SHA512_HEX": "sha512"}
LINK_TTL_S = 7 * 24 * 3600
_PENDING = {
    "applicantCreated", "applicantPending", "applicantPrechecked", "applicantOnHold",
    "applicantReset", "applicantAwaitingUser",
}  # fmt: skip


class Sumsub:
    kind = "sumsub"
    label = "Sumsub"
    base_url = "https://api.sumsub.com"
    fields = Fields("App token", "Level name", "Secret key", "Webhook secret")

    def is_genuine(self, account: Account, headers: Mapping[str, str], body: bytes) -> bool:
        algorithm = ALGORITHMS.get(header(headers, "X-Payload-Digest-Alg"))
        if algorithm is None:
            return False
        return matches(account, body, header(headers, "X-Payload-Digest"), algorithm)

    def delivery(self, body: bytes) -> str:
        data = json_of(body)
        said = [text(data, name) for name in ("applicantId", "type", "createdAtMs")]
        return named(text(data, "correlationId"), *said)

    def read(self, body: bytes) -> Result | AskFirst | None:
        data = json_of(body)
        kind, applicant = text(data, "type"), text(data, "applicantId")
        if not applicant:
            raise MessageUnreadable("It names no applicant.")
        at = moment(text(data, "createdAtMs") or text(data, "createdAt"))
        if kind == "applicantReviewed":
            verdict, reason = _reviewed(part(data, "reviewResult"))
            return Result(applicant, verdict, at, reason)
        if kind == "applicantOnHold":
            return Result(applicant, Verdict.REVIEW, at, "on hold at the vendor")
        if kind in _PENDING:
            return Result(applicant, Verdict.PENDING, at)
        return None

    def start(self, account: Account, person: Person) -> Started:
        level = quote(account.template, safe="")
        applicant = self._call(
            account,
            "POST",
            f"/resources/applicants?levelName={level}",
            {
                "externalUserId": person.reference,
                "email": person.email,
                "fixedInfo": {"firstName": person.first_name, "lastName": person.last_name},
            },
            known=f"/resources/applicants/-;externalUserId={quote(person.reference, safe='')}/one",
        )
        link = self._call(
            account,
            "POST",
            "/resources/sdkIntegrations/levels/-/websdkLink",
            {
                "levelName": account.template,
                "userId": person.reference,
                "ttlInSecs": LINK_TTL_S,
            },
        )
        found = Started(text(applicant, "id"), text(link, "url", most=1000))
        if not found.vendor_ref or not found.url:
            raise VendorError("Its answer names no applicant or link.", permanent=True)
        return found

    def fetch(self, account: Account, vendor_ref: str) -> Result:
        data = self._call(
            account, "GET", f"/resources/applicants/{quote(vendor_ref, safe='')}/status"
        )
        if text(data, "reviewStatus") != "completed":
            return Result(vendor_ref, Verdict.PENDING, moment(text(data, "createDate")))
        verdict, reason = _reviewed(part(data, "reviewResult"))
        return Result(vendor_ref, verdict, moment(text(data, "reviewDate")), reason)

    def ping(self, account: Account) -> None:
        self._call(account, "GET", "/resources/applicants/-;externalUserId=none/one", missing=True)

    def _call(
        self,
        account: Account,
        method: str,
        path: str,
        data: Mapping[str, Any] | None = None,
        *,
        known: str = "",
        missing: bool = False,
    ) -> dict[str, Any]:
        url, body = account.base_url + path, json.dumps(data).encode() if data else b""
        stamp = str(int(time.time()))
        said = f"{stamp}{method}{path_of(url)}".encode() + body
        headers = {
            "X-App-Token": account.key_id,
            "X-App-Access-Ts": stamp,
            "X-App-Access-Sig": signed(account.api_key, said),
        }
        try:
            return call(method, url, headers=headers, body=body, missing_ok=missing)
        except VendorError as error:
            # The applicant was made by a start whose answer we never saw.
            if known and "409" in str(error):
                return self._call(account, "GET", known)
            raise


def _reviewed(result: Any) -> tuple[Verdict, str]:
    answer, kind = text(result, "reviewAnswer"), text(result, "reviewRejectType")
    labels = part(result, "rejectLabels")
    words = [each for each in labels if isinstance(each, str)] if isinstance(labels, list) else []
    reason = ", ".join(words).replace("_", " ").lower()[:300]
    if answer == "GREEN":
        return Verdict.PASSED, ""
    if answer == "RED":
        return (Verdict.RETRY if kind == "RETRY" else Verdict.FAILED), reason
    raise MessageUnreadable(f"Its answer {answer!r} is not known.")
