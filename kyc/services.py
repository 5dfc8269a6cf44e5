"""Writing cases: open, submit, checks, ask, reject, freeze. Reviews and approvals stand apart."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.tenancy.references import next_reference
from backoffice.workflow import approvals, moves, outbox
from clients.locks import client_locked
from clients.models import Client, ClientAction
from clients.services import client_move, restriction_place
from clients.states import ClientState
from kyc import actions, checks, guards, selectors
from kyc.errors import NotReady
from kyc.locks import approval_locked, case_locked
from kyc.models import CaseCheck, CheckOutcome, KycCase, Level, ReasonUse
from kyc.moving import case_move
from kyc.states import CASE, FINAL, CaseState

CHECK_TOPIC = "kyc.check"
ANSWER_CHARS_MAX = 500
FROZEN_REASON = "frozen"


def require(why: str) -> None:
    """Raise the guard's sentence."""
    if why:
        raise NotReady(why)


@transaction.atomic
def case_open(*, actor: Actor, client: Client, level: int) -> KycCase:
    """A draft for ``level``. Raises ``StateConflict`` while another case is worked on, or when
    the client was rejected for good."""
    row = client_locked(actor, client.pk)
    if row.state == ClientState.CLOSED:
        raise StateConflict("The client is closed. No case was opened.")
    wanted = Level.objects.filter(tenant_id=actor.tenant_id, number=level).first()
    if wanted is None or level == 0:
        raise InvalidInput(fields={"level": "There is no such level."})
    working = selectors.working_case(row)
    if working is not None:
        raise StateConflict(
            f"{working.reference} is {working.get_state_display().lower()}: finish it first."
        )
    last = selectors.cases_of(row).first()
    if last is not None and last.state == CaseState.REJECTED and not last.resubmittable:
        raise StateConflict(f"{last.reference} was rejected for good. No case was opened.")
    if level <= row.level:
        raise StateConflict(f"The client is approved at level {row.level} already.")
    case = KycCase.objects.create(
        tenant_id=actor.tenant_id,
        reference=next_reference("K"),
        client=row,
        level=wanted,
        opened_by=actor.name,
    )
    moves.begin(case, CASE, actor=actor)
    audit(
        actor=actor,
        action=actions.OPENED,
        subject=case,
        data={"level": level, "client": row.reference},
    )
    return case


@transaction.atomic
def case_answer(*, actor: Actor, case: KycCase, answers: Mapping[str, str]) -> KycCase:
    """Write down answers of the questionnaires; unknown questions are refused."""
    row = case_locked(actor, case.pk)
    if row.state not in (CaseState.DRAFT, CaseState.INFO_REQUESTED):
        raise StateConflict(f"It is {row.get_state_display().lower()}. Nothing was changed.")
    known = {
        str(question["code"])
        for requirement in selectors.requirements_of(row)
        for question in requirement.questions
    }
    if set(answers) - known:
        raise InvalidInput("There is no such question.")
    row.answers = {
        **row.answers,
        **{code: text.strip()[:ANSWER_CHARS_MAX] for code, text in answers.items()},
    }
    row.save(update_fields=["answers"])
    audit(actor=actor, action=actions.ANSWERED, subject=row, data={"answers": dict(answers)})
    return row


@transaction.atomic
def case_submit(*, actor: Actor, case: KycCase) -> KycCase:
    """Everything asked for is handed in: screening begins. A repeat is no error."""
    row = case_locked(actor, case.pk)
    if row.state == CaseState.SCREENING:
        return row
    require(guards.why_not_submit(row))
    row.submitted_at = now()
    case_move(row, CaseState.SUBMITTED, actor=actor, update_fields=("submitted_at",))
    if row.client.state == ClientState.LEAD:
        row.client = client_move(
            actor=actor, client=row.client, state=ClientState.APPLICANT, reason=row.reference
        )
    case_move(row, CaseState.SCREENING, actor=actor)
    for check in checks.registered():
        _ask(row, check.name)
    _screened(actor, row)
    return row


def _ask(case: KycCase, name: str) -> None:
    _wait(case, name)
    outbox.put(CHECK_TOPIC, subject_id=case.pk, payload={"check": name})


def _wait(case: KycCase, name: str, summary: str = "") -> None:
    CaseCheck.objects.update_or_create(
        tenant_id=case.tenant_id,
        case=case,
        name=name,
        defaults={
            "outcome": CheckOutcome.WAITING,
            "summary": summary[:200],
            "lines": [],
            "url": "",
            "asked_at": now(),
            "answered_at": None,
            "answered_by": "",
        },
    )


def check_waits(*, case: KycCase, name: str, summary: str) -> None:
    """A check of a locked case has not answered yet: ``summary`` says how far it is."""
    _wait(case, name, summary)


@transaction.atomic
def check_ask_again(*, actor: Actor, case: KycCase, name: str) -> KycCase:
    """Ask one check once more: it failed, or what it looked at has changed."""
    row = case_locked(actor, case.pk)
    require(
        guards.why_not_move(
            actor, row, CaseState.SCREENING, CaseState.IN_REVIEW, CaseState.ESCALATED
        )
    )
    if checks.find(name) is None:
        raise InvalidInput("There is no such check.")
    _ask(row, name)
    audit(
        actor=actor,
        action=actions.CHECK_ASKED,
        subject=row,
        data={"check": checks.label_of(name).lower()},
    )
    return row


@transaction.atomic
def check_answer(
    *,
    actor: Actor,
    case: KycCase,
    name: str,
    outcome: str,
    summary: str = "",
    lines: Sequence[Mapping[str, Any]] = (),
    url: str = "",
) -> KycCase:
    """A check has answered, for the first time or anew (a hit was decided, a list changed).

    With the last answer a case leaves screening; a new hit takes a case that is under way back to
    enhanced due diligence, and an approval that waits on it is taken back. Nothing is approved by
    an answer.
    """
    approval_locked(actor, case.pk)
    row = case_locked(actor, case.pk)
    verdict = CheckOutcome(outcome)
    CaseCheck.objects.update_or_create(
        tenant_id=actor.tenant_id,
        case=row,
        name=name,
        defaults={
            "outcome": verdict,
            "summary": summary[:200],
            "lines": list(lines),
            "url": url[:300],
            "answered_at": None if verdict is CheckOutcome.WAITING else now(),
            "answered_by": actor.name,
        },
    )
    audit(
        actor=actor,
        action=actions.CHECK_ANSWERED,
        subject=row,
        data={"check": checks.label_of(name).lower(), "outcome": verdict.label.lower()},
    )
    if row.state == CaseState.SCREENING:
        _screened(actor, row)
    elif verdict is CheckOutcome.HIT:
        _hit_later(actor, row, summary or checks.label_of(name))
    return row


def _screened(actor: Actor, case: KycCase) -> None:
    """Leave screening when every registered check has answered."""
    answers = {row.name: row.outcome for row in selectors.checks_of(case)}
    asked = {check.name for check in checks.registered()} | set(answers)
    if any(answers.get(name, CheckOutcome.WAITING) == CheckOutcome.WAITING for name in asked):
        return
    why = []
    if CheckOutcome.HIT in answers.values():
        why.append("a check has a hit")
    if case.client.politically_exposed:
        why.append("politically exposed")
    elif selectors.exposed_behind(case.client):
        why.append("someone behind the company is politically exposed")
    if case.client.risk_band in selectors.HIGH:
        why.append(f"risk is {case.client.get_risk_band_display().lower()}")
    case.escalation = ", ".join(why)
    target = CaseState.ESCALATED if why else CaseState.IN_REVIEW
    case_move(case, target, actor=actor, reason=case.escalation, update_fields=("escalation",))


def _hit_later(actor: Actor, case: KycCase, what: str) -> None:
    reason = f"a new hit: {what}"
    if case.state == CaseState.PENDING_APPROVAL:
        approval = approvals.pending_for(actor, case.pk)
        if approval is not None:
            approvals.approval_cancel(actor=actor, approval=approval, reason=reason)
        case_move(case, CaseState.IN_REVIEW, actor=actor, reason=reason)
    if case.state == CaseState.IN_REVIEW:
        case.escalation = reason[:300]
        case_move(
            case, CaseState.ESCALATED, actor=actor, reason=reason, update_fields=("escalation",)
        )


@transaction.atomic
def case_escalate(*, actor: Actor, case: KycCase, reason: str) -> KycCase:
    """Enhanced due diligence is needed."""
    row = case_locked(actor, case.pk)
    require(guards.why_not_move(actor, row, CaseState.IN_REVIEW, CaseState.ESCALATED))
    row.escalation = _said(reason)
    case_move(row, CaseState.ESCALATED, actor=actor, reason=reason, update_fields=("escalation",))
    return row


@transaction.atomic
def case_return(*, actor: Actor, case: KycCase, reason: str) -> KycCase:
    """Enhanced due diligence is done: ``reason`` says with what outcome."""
    row = case_locked(actor, case.pk)
    require(guards.why_not_return(actor, row))
    case_move(row, CaseState.IN_REVIEW, actor=actor, reason=_said(reason))
    return row


def _said(reason: str) -> str:
    if not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": "Say why."})
    return reason.strip()[:300]


@transaction.atomic
def case_ask_client(
    *, actor: Actor, case: KycCase, reason: str, text: str = "", note: str = ""
) -> KycCase:
    """Ask the client for more, in the words of the catalogue and ``text`` beside them."""
    row = case_locked(actor, case.pk)
    require(
        guards.why_not_move(
            actor, row, CaseState.IN_REVIEW, CaseState.ESCALATED, CaseState.INFO_REQUESTED
        )
    )
    _give_reason(row, ReasonUse.INFO, reason, text, note)
    case_move(
        row,
        CaseState.INFO_REQUESTED,
        actor=actor,
        reason=row.reason,
        update_fields=("reason", "client_text", "note"),
    )
    return row


def _give_reason(case: KycCase, use: str, code: str, text: str, note: str) -> None:
    reason = selectors.reason_named(use, code)
    if reason is None:
        raise InvalidInput(fields={"reason": "Choose a reason from the list."})
    words = [reason.text_for(case.client.language), text.strip()]
    case.reason = reason.code
    case.client_text = "\n".join(word for word in words if word)[:1000]
    case.note = note.strip()[:1000]


@transaction.atomic
def case_reject(
    *, actor: Actor, case: KycCase, reason: str, note: str = "", final: bool = False
) -> KycCase:
    """Refuse the case; unless ``final`` the client may open another one."""
    row = case_locked(actor, case.pk)
    require(
        guards.why_not_move(
            actor, row, CaseState.IN_REVIEW, CaseState.ESCALATED, CaseState.REJECTED
        )
    )
    if row.state == CaseState.REJECTED:
        return row
    _give_reason(row, ReasonUse.REJECTION, reason, "", note)
    row.resubmittable = not final
    row.decided_at, row.decided_by = now(), actor.name
    case_move(
        row,
        CaseState.REJECTED,
        actor=actor,
        reason=row.reason,
        update_fields=(
            "reason",
            "client_text",
            "note",
            "resubmittable",
            "decided_at",
            "decided_by",
        ),
    )
    return row


@transaction.atomic
def case_freeze(*, actor: Actor, case: KycCase, reason: str) -> KycCase:
    """A confirmed sanctions hit: everything stops at once. Only two officers undo it."""
    approval = approval_locked(actor, case.pk)
    row = case_locked(actor, case.pk)
    if row.state in FINAL:
        raise StateConflict(
            f"It is {row.get_state_display().lower()}. Restrict the client instead."
        )
    said = _said(reason)
    if approval is not None:
        approvals.approval_cancel(actor=actor, approval=approval, reason="frozen")
    case_move(row, CaseState.FROZEN, actor=actor, reason=said)
    for action in ClientAction:
        restriction_place(
            actor=actor,
            client=row.client,
            action=action,
            reason=FROZEN_REASON,
            text="Frozen by compliance",
            origin="kyc.freeze",
        )
    return row


@transaction.atomic
def case_begin_review(*, actor: Actor, case: KycCase, reason: str = "") -> KycCase:
    """Take up a periodic review, or one that a restriction asked for; the checks are asked anew."""
    row = case_locked(actor, case.pk)
    require(guards.why_not_move(actor, row, CaseState.PERIODIC_REVIEW_DUE, CaseState.RESTRICTED))
    working = selectors.working_case(row.client)
    if working is not None:
        raise StateConflict(f"{working.reference} is worked on: finish it first.")
    case_move(row, CaseState.IN_REVIEW, actor=actor, reason=reason)
    for check in checks.registered():
        _ask(row, check.name)
    return row


@transaction.atomic
def case_trigger(*, actor: Actor, case: KycCase, reason: str) -> KycCase:
    """Something happened to an approved client (list hit, confirmed alert, new residence): look
    at them again before their time."""
    row = case_locked(actor, case.pk)
    if row.state == CaseState.APPROVED:
        case_move(row, CaseState.PERIODIC_REVIEW_DUE, actor=actor, reason=_said(reason))
    return row


@transaction.atomic
def case_suspend(*, actor: Actor, case: KycCase, reason: str) -> KycCase:
    row = case_locked(actor, case.pk)
    require(guards.why_not_move(actor, row, CaseState.PERIODIC_REVIEW_DUE, CaseState.RESTRICTED))
    case_move(row, CaseState.SUSPENDED, actor=actor, reason=_said(reason))
    if row.client.state == ClientState.ACTIVE:
        client_move(actor=actor, client=row.client, state=ClientState.SUSPENDED, reason=reason)
    return row


@transaction.atomic
def case_offboard(*, actor: Actor, case: KycCase, reason: str) -> KycCase:
    row = case_locked(actor, case.pk)
    require(guards.why_not_move(actor, row, CaseState.SUSPENDED))
    case_move(row, CaseState.OFFBOARDING, actor=actor, reason=_said(reason))
    return row


@transaction.atomic
def case_close(*, actor: Actor, case: KycCase, reason: str) -> KycCase:
    """The relationship has ended: the client is closed with its case."""
    row = case_locked(actor, case.pk)
    require(guards.why_not_move(actor, row, CaseState.OFFBOARDING))
    case_move(row, CaseState.CLOSED, actor=actor, reason=_said(reason))
    client_move(actor=actor, client=row.client, state=ClientState.CLOSED, reason=reason)
    return row
