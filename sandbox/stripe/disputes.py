"""Disputes: what the cardholder's bank does, and what the merchant answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox.stripe.records import ApiError, Object

if TYPE_CHECKING:
    from sandbox.stripe.box import Box

EVIDENCE_DAYS = 7
FEE = 1500
TEXT_CHARS_MAX = 20_000
FILE_FIELDS = (
    *("cancellation_policy", "customer_communication", "customer_signature"),
    *("duplicate_charge_documentation", "receipt", "refund_policy", "service_documentation"),
    *("shipping_documentation", "uncategorized_file"),
)
TEXT_FIELDS = (
    *("access_activity_log", "billing_address", "cancellation_policy_disclosure"),
    *("cancellation_rebuttal", "customer_email_address", "customer_name"),
    *("customer_purchase_ip", "duplicate_charge_explanation", "duplicate_charge_id"),
    *("product_description", "refund_policy_disclosure", "refund_refusal_explanation"),
    *("service_date", "shipping_address", "shipping_carrier", "shipping_date"),
    *("shipping_tracking_number", "uncategorized_text"),
)
ANSWERABLE = ("needs_response", "warning_needs_response")
LIVE = (*ANSWERABLE, "under_review", "warning_under_review")
CLOSED = ("won", "lost", "warning_closed")


class Disputes:
    """The box's disputes. An inquiry (``warning_...``) moves no money until it is escalated."""

    def __init__(self, box: Box) -> None:
        self._box = box

    # What the bank does

    def open(
        self,
        intent: Object,
        reason: str = "fraudulent",
        *,
        status: str = "needs_response",
        amount: int | None = None,
    ) -> Object:
        box = self._box
        with box.lock:
            charge = box.objects[intent["latest_charge"]]
            dispute = box.add(
                box.owner_of(charge),
                "dispute",
                "dp",
                amount=amount or charge["amount"],
                balance_transactions=[],
                currency=charge["currency"],
                charge=charge["id"],
                evidence=dict.fromkeys((*FILE_FIELDS, *TEXT_FIELDS)),
                is_charge_refundable=False,
                payment_intent=intent["id"],
                reason=reason,
                status=status,
                evidence_details={
                    "due_by": box.now() + EVIDENCE_DAYS * 24 * 3600,
                    "has_evidence": False,
                    "past_due": False,
                    "submission_count": 0,
                },
            )
            named = [("charge.dispute.created", dispute)]
            if status in ANSWERABLE and not status.startswith("warning_"):
                named.append(("charge.dispute.funds_withdrawn", dispute))
                # What was created says nothing of the money yet, as its event is older.
                box.report(intent, named[:1])
                self._taken(dispute)
                named = named[1:]
            box.report(intent, named)
            box.save()
            return dispute

    def escalate(self, dispute: Object) -> None:
        """The bank was not satisfied by the answer to its inquiry: it takes the money."""
        with self._box.lock:
            if not dispute["status"].startswith("warning_"):
                raise ApiError(400, "Only an inquiry becomes a chargeback.")
            dispute["status"] = "needs_response"
            self._taken(dispute)
            self._report(dispute, "updated", "funds_withdrawn")

    def close(self, dispute: Object, status: str) -> None:
        with self._box.lock:
            if status not in CLOSED:
                raise ApiError(400, f"A dispute ends as one of {', '.join(CLOSED)}.")
            dispute["status"] = status
            if status == "won":
                self._booked(dispute, dispute["amount"], 0)
                self._report(dispute, "funds_reinstated", "closed")
            else:
                self._report(dispute, "closed")

    def _taken(self, dispute: Object) -> None:
        self._booked(dispute, -dispute["amount"], FEE)

    def _booked(self, dispute: Object, amount: int, fee: int) -> None:
        box = self._box
        row = box.add(
            box.owner_of(dispute),
            "balance_transaction",
            "txn",
            amount=amount,
            currency=dispute["currency"],
            fee=fee,
            net=amount - fee,
            source=dispute["id"],
            status="available",
            type="adjustment",
        )
        dispute["balance_transaction"] = row["id"]
        dispute["balance_transactions"].append(dict(row))

    def _report(self, dispute: Object, *events: str) -> None:
        named = [(f"charge.dispute.{event}", dispute) for event in events]
        self._box.report(self._box.objects[dispute["payment_intent"]], named)
        self._box.save()

    # What the merchant answers

    def update(self, dispute: Object, form: Mapping[str, Any]) -> Object:
        given = form.get("evidence") or {}
        if not isinstance(given, dict):
            raise ApiError(400, "Invalid object: evidence.")
        if given and dispute["status"] not in ANSWERABLE:
            raise ApiError(400, "This dispute's evidence can no longer be changed.")
        self._check(dispute, given)
        self._refuse(dispute)
        dispute["evidence"].update(given)
        dispute["metadata"].update(form.get("metadata") or {})
        details = dispute["evidence_details"]
        details["has_evidence"] = any(dispute["evidence"].values())
        # Unless it says otherwise, what is handed in goes to the bank at once, and only once.
        if given and form.get("submit", "true") == "true":
            details["submission_count"] += 1
            inquiry = dispute["status"].startswith("warning_")
            dispute["status"] = "warning_under_review" if inquiry else "under_review"
            self._report(dispute, "updated")
        return dispute

    def _check(self, dispute: Object, given: Mapping[str, Any]) -> None:
        owner = self._box.owner_of(dispute)
        for name, value in given.items():
            if name in FILE_FIELDS:
                found = self._box.get(owner, "file", str(value))
                if found["purpose"] != "dispute_evidence":
                    raise ApiError(400, f"The file {value} is not dispute evidence.")
            elif name not in TEXT_FIELDS:
                raise ApiError(
                    400, f"Received unknown parameter: evidence[{name}]", code="parameter_unknown"
                )
            elif len(str(value)) > TEXT_CHARS_MAX:
                raise ApiError(400, f"evidence[{name}] is too long.")

    def _refuse(self, dispute: Object) -> None:
        payment = self._box.objects[dispute["payment_intent"]]
        if self._box.faults.take("refused", str(payment["metadata"].get("reference"))):
            raise ApiError(400, "Evidence is not taken for this dispute.")

    def accept(self, dispute: Object) -> Object:
        if dispute["status"] not in LIVE:
            raise ApiError(400, "This dispute is already closed.")
        inquiry = dispute["status"].startswith("warning_")
        self.close(dispute, "warning_closed" if inquiry else "lost")
        return dispute
