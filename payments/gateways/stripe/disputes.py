"""Disputes at Stripe: evidence handed in, or given up, once; and how one stands.

Stripe takes evidence a single time. Our name is in what we send (``metadata.reference``), so it is
looked for there first: what arrived although no answer came back is found, and not sent again.
"""

import hashlib
import io
from collections.abc import Mapping
from typing import Any

import stripe

from payments.gateways.port import Account, DisputeAnswer, EvidenceFile, Refused, Result, Sent
from payments.gateways.stripe.client import client_of, plain
from payments.gateways.stripe.failures import failure

ENDED = ("won", "lost", "warning_closed", "prevented")
# Our kinds of evidence (payments/chargebacks/evidence.py) and Stripe's fields for them.
FILES = {
    "receipt": "receipt",
    "delivery": "service_documentation",
    "agreement": "customer_signature",
    "identity": "uncategorized_file",
    "conversation": "customer_communication",
    "refund_policy": "refund_policy",
    "duplicate": "duplicate_charge_documentation",
}
TEXTS = {
    "activity": "access_activity_log",
    "service": "product_description",
    "words": "uncategorized_text",
}


def answered(account: Account, answer: DisputeAnswer) -> Result:
    api = client_of(account)
    try:
        before = _look(api, answer)
        if before is not None:
            return before
        if answer.accepts:
            api.v1.disputes.close(
                answer.provider_ref, options={"idempotency_key": answer.reference}
            )
            return Sent(answer.provider_ref)
        return _hand_in(api, account, answer)
    except stripe.StripeError as error:
        return failure(account, error)


def _hand_in(api: stripe.StripeClient, account: Account, answer: DisputeAnswer) -> Result:
    evidence: dict[str, str] = {TEXTS[kind]: text for kind, text in answer.texts.items()}
    for file in answer.files:
        evidence[FILES[file.kind]] = _uploaded(api, file)
    # Files have new names at each try, and a key stands for one content.
    content = "\n".join(f"{name}={value}" for name, value in sorted(evidence.items()))
    key = f"{answer.reference}-{hashlib.sha256(content.encode()).hexdigest()[:16]}"
    params: Any = {
        "evidence": evidence,
        "metadata": {"reference": answer.reference},
        "submit": True,
    }
    try:
        api.v1.disputes.update(answer.provider_ref, params=params, options={"idempotency_key": key})
    except stripe.InvalidRequestError as error:
        # Refused because an earlier try was taken after all?
        return _look(api, answer) or failure(account, error)
    return Sent(answer.provider_ref)


def _uploaded(api: stripe.StripeClient, file: EvidenceFile) -> str:
    content: Any = io.BytesIO(file.content)
    content.name = file.name
    made = api.v1.files.create(params={"purpose": "dispute_evidence", "file": content})
    return str(made.id)


def _look(api: stripe.StripeClient, answer: DisputeAnswer) -> Result | None:
    """What became of our answer, when it is there already or comes too late; otherwise None."""
    found = plain(api.v1.disputes.retrieve(answer.provider_ref))
    status, metadata = str(found.get("status")), found.get("metadata")
    ours = isinstance(metadata, Mapping) and metadata.get("reference") == answer.reference
    if ours or (answer.accepts and status in ("lost", "warning_closed")):
        return Sent(answer.provider_ref)
    if status in ENDED:
        return Refused(f"It is {status.replace('_', ' ')} there already.")
    if not answer.accepts and status in ("under_review", "warning_under_review"):
        return Refused("The bank has evidence already, which was not sent from here.")
    return None
