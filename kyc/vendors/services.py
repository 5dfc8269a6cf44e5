"""Services around identity checks at vendors: start one, keep what a vendor posts, apply it.

A vendor's word answers one check of the case and decides nothing: a pass lets the case go on to the
people who approve it, anything else stands in their way.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import InvalidInput, NotPermitted, StateConflict
from backoffice.workflow import moves, outbox
from kyc import actions, services
from kyc.locks import approval_locked, case_locked
from kyc.models import CheckOutcome, KycCase, VendorAccount, VendorCheck, VendorMessage
from kyc.states import FINAL, VENDOR_CHECK, CaseState, VendorState
from kyc.vendors.accounts import adapter_for, body_of, sealed_body
from kyc.vendors.port import (
    HEADERS_KEPT,
    SEVERITY,
    AskFirst,
    MessageUnreadable,
    Person,
    Result,
    Started,
    Verdict,
)

CHECK = "identity"
START_TOPIC, MESSAGE_TOPIC = "kyc.vendor_start", "kyc.vendor_message"
STARTABLE = {
    CaseState.DRAFT, CaseState.INFO_REQUESTED, CaseState.SCREENING, CaseState.IN_REVIEW,
    CaseState.ESCALATED,
}  # fmt: skip
STATE_OF = {
    Verdict.PENDING: VendorState.OPEN, Verdict.RETRY: VendorState.OPEN,
    Verdict.PASSED: VendorState.PASSED, Verdict.FAILED: VendorState.FAILED,
    Verdict.REVIEW: VendorState.REVIEW, Verdict.EXPIRED: VendorState.EXPIRED,
}  # fmt: skip
_OUTCOME_OF = {
    VendorState.STARTING: CheckOutcome.WAITING, VendorState.OPEN: CheckOutcome.WAITING,
    VendorState.PASSED: CheckOutcome.CLEAR, VendorState.FAILED: CheckOutcome.HIT,
    VendorState.REVIEW: CheckOutcome.HIT, VendorState.EXPIRED: CheckOutcome.ERROR,
    VendorState.LOST: CheckOutcome.ERROR,
}  # fmt: skip
_S = VendorMessage.State
NO_CHECK = "No check of ours has this name at the vendor."


def why_not_start(actor: Actor, case: KycCase, newest: VendorCheck | None) -> str:
    """Why no check can be started now; empty when one can."""
    if not (actor.can("kyc.prepare_case") or actor.can("kyc.review_case")):
        return "You don't have the right to start checks."
    if case.state not in STARTABLE:
        return f"The case is {case.get_state_display().lower()}."
    if newest is not None and newest.state == VendorState.STARTING:
        return "One is being started."
    return ""


def checks_of(case: KycCase) -> list[VendorCheck]:
    """The newest first."""
    rows = VendorCheck.objects.filter(tenant_id=current_tenant_id(), case=case)
    return list(rows.select_related("account").order_by("-id"))


@transaction.atomic
def identity_start(*, actor: Actor, case: KycCase, account: VendorAccount) -> VendorCheck:
    """Ask a vendor to look at the client; its link comes seconds later. An older check of the case
    is superseded: the newest one answers."""
    approval_locked(actor, case.pk)
    row = case_locked(actor, case.pk)
    if not (actor.can("kyc.prepare_case") or actor.can("kyc.review_case")):
        raise NotPermitted
    why = why_not_start(actor, row, next(iter(checks_of(row)), None))
    if why:
        raise StateConflict(f"{why} Nothing was started.")
    if not account.active:
        raise InvalidInput(f"{account.name} is switched off.")
    check = VendorCheck.objects.create(
        tenant_id=actor.tenant_id, case=row, account=account, started_by=actor.name
    )
    moves.begin(check, VENDOR_CHECK, actor=actor)
    _answer(actor, check)
    audit(
        actor=actor,
        action=actions.IDENTITY_STARTED,
        subject=row,
        data={"vendor": account.name},
    )
    outbox.put(START_TOPIC, subject_id=check.pk)
    return check


def person_of(check: VendorCheck) -> Person:
    client = check.case.client
    first = client.first_name or client.name
    return Person(str(check.pk), first, client.last_name, client.email)


@transaction.atomic
def identity_started(*, actor: Actor, check_id: UUID, started: Started) -> VendorCheck:
    """The vendor knows the client now. A repeat changes nothing."""
    check = _locked(actor, check_id)
    if check.state != VendorState.STARTING:
        return check
    check.vendor_ref, check.url = started.vendor_ref, started.url
    moves.move(
        check, VENDOR_CHECK, VendorState.OPEN, actor=actor, update_fields=["vendor_ref", "url"]
    )
    _answer(actor, check)
    _hear_again(check)
    return check


def _hear_again(check: VendorCheck) -> None:
    """Read once more what came before its check had a name: the vendor is faster than its answer
    to our call where that had to be repeated."""
    rows = VendorMessage.objects.filter(
        tenant_id=current_tenant_id(),
        account=check.account,
        state=_S.REFUSED,
        note=NO_CHECK,
        received_at__gte=check.started_at,
    )
    for row in rows.select_for_update(of=("self",)):
        row.state, row.note, row.done_at = _S.RECEIVED, "", None
        row.save(update_fields=["state", "note", "done_at"])
        outbox.put(MESSAGE_TOPIC, subject_id=row.pk)


@transaction.atomic
def identity_lost(*, actor: Actor, check_id: UUID, reason: str) -> VendorCheck:
    """The vendor could not be asked: the case says so, and another start is possible."""
    check = _locked(actor, check_id)
    if check.state != VendorState.STARTING:
        return check
    check.reason = reason[:300]
    moves.move(
        check, VENDOR_CHECK, VendorState.LOST, actor=actor, reason=reason, update_fields=["reason"]
    )
    _answer(actor, check)
    return check


def _locked(actor: Actor, check_id: UUID) -> VendorCheck:
    """Approval, case and check, in the order in which every service of this app locks them."""
    mine = VendorCheck.objects.filter(tenant_id=actor.tenant_id)
    case_id = mine.values_list("case_id", flat=True).get(pk=check_id)
    approval_locked(actor, case_id)
    case = case_locked(actor, case_id)
    check = mine.select_for_update(of=("self",)).select_related("account").get(pk=check_id)
    check.case = case
    return check


@transaction.atomic
def message_store(
    *, actor: Actor, account: VendorAccount, headers: Mapping[str, str], body: bytes
) -> bool:
    """Keep a genuine message as it came; False when the event came before. A worker reads it.
    Raises ``MessageUnreadable`` for what names no event."""
    kept = {name: value[:300] for name, value in headers.items() if name.lower() in HEADERS_KEPT}
    message = VendorMessage(
        tenant_id=actor.tenant_id,
        account=account,
        delivery=adapter_for(account).delivery(body),
        headers=kept,
    )
    message.body = sealed_body(message, body)
    VendorMessage.objects.bulk_create([message], ignore_conflicts=True)
    stored = VendorMessage.objects.filter(tenant_id=actor.tenant_id, pk=message.pk).exists()
    if stored:
        outbox.put(MESSAGE_TOPIC, subject_id=message.pk)
    return stored


def signature_refused(*, account: VendorAccount) -> None:
    """Count a message that the vendor did not sign. Nothing else of it is kept."""
    VendorAccount.objects.filter(tenant_id=current_tenant_id(), pk=account.pk).update(
        bad_signatures=F("bad_signatures") + 1
    )


def message_question(message: VendorMessage) -> str:
    """The vendor's name of the check that it is to be asked about first; empty when it isn't."""
    if message.state != _S.RECEIVED:
        return ""
    try:
        read = adapter_for(message.account).read(body_of(message))
    except MessageUnreadable:
        return ""
    return read.vendor_ref if isinstance(read, AskFirst) else ""


@transaction.atomic
def message_process(
    *, actor: Actor, message_id: UUID, told: Result | str | None = None
) -> VendorMessage:
    """Apply a stored message once. ``told`` is what the vendor said when it was asked, or why it
    can't be understood."""
    row = (
        VendorMessage.objects.select_for_update(of=("self",))
        .select_related("account")
        .get(tenant_id=actor.tenant_id, pk=message_id)
    )
    if row.state != _S.RECEIVED:
        return row
    try:
        said = told or adapter_for(row.account).read(body_of(row))
    except MessageUnreadable as error:
        said = str(error)
    if isinstance(said, Result):
        row.state, row.note, row.check_id = _applied(actor, row.account, said)
    elif isinstance(said, str):
        row.state, row.note = _S.REFUSED, said
    else:
        row.state, row.note = _S.STALE, "It says nothing of a check."
    row.note, row.done_at = row.note[:300], now()
    row.save(update_fields=["state", "note", "check_id", "done_at"])
    return row


def _applied(actor: Actor, account: VendorAccount, said: Result) -> tuple[str, str, UUID | None]:
    """(state of the message, note, check)."""
    known = VendorCheck.objects.filter(
        tenant_id=actor.tenant_id, account=account, vendor_ref=said.vendor_ref
    ).first()
    if known is None:
        return _S.REFUSED, NO_CHECK, None
    check = _locked(actor, known.pk)
    if _is_older(check, said):
        return _S.STALE, "Something later was said before.", check.pk
    target = STATE_OF[said.verdict]
    check.said_at = said.at
    check.reason = _reason(said)[:300]
    fields = ["said_at", "reason"]
    if not moves.move(
        check, VENDOR_CHECK, target, actor=actor, reason=check.reason, update_fields=fields
    ):
        check.save(update_fields=fields)
    audit(
        actor=actor,
        action=actions.IDENTITY_SAID,
        subject=check.case,
        data={"vendor": account.name, "verdict": target.label.lower(), "because": check.reason},
    )
    _answer(actor, check, said.facts)
    return _S.APPLIED, target.label, check.pk


def _is_older(check: VendorCheck, said: Result) -> bool:
    """The vendor's clock decides; of two words of one moment the worse one holds."""
    if check.said_at is None or said.at > check.said_at:
        return False
    now_said = next(
        (each for each, state in STATE_OF.items() if state == check.state), Verdict.PENDING
    )
    return said.at < check.said_at or SEVERITY[said.verdict] <= SEVERITY[now_said]


def _reason(said: Result) -> str:
    if said.verdict is Verdict.RETRY:
        return f"the client is asked to do it again{': ' if said.reason else ''}{said.reason}"
    return said.reason


def _answer(actor: Actor, check: VendorCheck, facts: Mapping[str, str] | None = None) -> None:
    """Say it on the case, if this is its newest check; an approved case is looked at anew."""
    case, state = check.case, VendorState(check.state)
    newest = checks_of(case)[0]
    if newest.pk != check.pk or case.state in FINAL or case.state == CaseState.FROZEN:
        return
    words = f"{check.account.name}: {state.label.lower()}"
    summary = f"{words}, {check.reason}" if check.reason else words
    if _OUTCOME_OF[state] is CheckOutcome.WAITING:
        services.check_waits(case=case, name=CHECK, summary=summary)
        return
    services.check_answer(
        actor=actor,
        case=case,
        name=CHECK,
        outcome=_OUTCOME_OF[state],
        summary=summary,
        lines=_lines(check, facts or {}),
    )
    if case.state == CaseState.APPROVED and state in (VendorState.FAILED, VendorState.REVIEW):
        services.case_trigger(actor=actor, case=case, reason=summary)


def _lines(check: VendorCheck, facts: Mapping[str, str]) -> list[dict[str, Any]]:
    if not facts:
        return []
    return [
        {
            "title": check.account.name,
            "score": "",
            "detail": check.reason or VendorState(check.state).label,
            "features": [[name, value, ""] for name, value in facts.items()],
        }
    ]
