"""A request to erase a client's data: recorded by one person, decided by another, then carried out
(``work``). What becomes of each category is reckoned from the rules, never typed.

Locks: the approval, the client, the request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now, today
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, NotPermitted, StateConflict
from backoffice.tenancy.references import next_reference
from backoffice.workflow import moves, outbox
from backoffice.workflow.approvals import (
    ApprovalKind,
    approval_ask,
    approval_cancel,
    pending_for,
    register,
)
from backoffice.workflow.models import Approval
from clients.locks import client_locked
from clients.models import Client
from payments.selectors import balances
from privacy import actions, rules, steps, terms
from privacy.models import Channel, ErasureRequest, ErasureStep, LegalHold, Source
from privacy.retention import retention_install
from privacy.rules import Answer, Category, Outcome
from privacy.selectors import facts_of, open_request, version_in_force
from privacy.states import REQUEST, RequestState

KIND, WORK = "privacy.erasure", "privacy.work_erasure"
TOPIC = "privacy.erase"
REASON_MAX = 300
_R = RequestState


def preview(client: Client, longer_years: int = 0) -> list[Answer]:
    """What the answer would be today, by the rules in force or those that the product brings."""
    version = version_in_force()
    policy = rules.load(version.figures if version else rules.defaults())
    return rules.answers(policy, facts_of(client, longer_years), today())


@transaction.atomic
def erasure_ask(
    *,
    actor: Actor,
    client: Client,
    source: str,
    channel: str,
    received_on: date,
    reason: str = "",
    longer_years: int = 0,
) -> ErasureRequest:
    """Record a request and put its answers before a second person. Nothing goes yet.

    Raises ``StateConflict`` when one is open already or the client has money with us still.
    """
    if not actor.can(WORK):
        raise NotPermitted
    _check(source, channel, received_on, reason, longer_years)
    row = client_locked(actor, client.pk)
    if (standing := open_request(row)) is not None:
        raise StateConflict(f"{standing.reference} is open already. Nothing was recorded.")
    version = retention_install(actor=actor)
    found = preview(row, longer_years)
    _refuse_owed(actor, row, found)
    request = ErasureRequest(
        tenant_id=actor.tenant_id,
        reference=next_reference("ER"),
        client=row,
        source=source,
        channel=channel,
        received_on=received_on,
        longer_years=longer_years,
        reason=reason.strip(),
        version=version,
        answers=[_kept(answer) for answer in found],
        asked_by_ref=actor.ref,
        asked_by=actor.name,
    )
    request.save(force_insert=True)
    moves.begin(request, REQUEST, actor=actor)
    data = {"by": Source(source).label.lower(), "client": row.reference}
    audit(actor=actor, action=actions.ERASURE_ASKED, subject=request, data=data)
    approval_ask(
        actor=actor, kind=KIND, subject=request, label=request.reference, content=content(request)
    )
    return request


def _check(source: str, channel: str, received_on: date, reason: str, longer_years: int) -> None:
    wrong = {}
    if source not in Source.values:
        wrong["source"] = "Choose who asks."
    if channel not in Channel.values:
        wrong["channel"] = "Choose how it came."
    if received_on > today():
        wrong["received_on"] = "This day has not come yet."
    if len(reason.strip()) > REASON_MAX:
        wrong["reason"] = f"At most {REASON_MAX} characters fit."
    if not 0 <= longer_years <= rules.YEARS_MAX:
        wrong["longer_years"] = f"0 to {rules.YEARS_MAX} years."
    if longer_years and not reason.strip():
        wrong["reason"] = "Say why it has to be kept for longer."
    if wrong:
        raise InvalidInput(fields=wrong)


def _refuse_owed(actor: Actor, client: Client, found: Sequence[Answer]) -> None:
    """Whose money we hold must be found again."""
    if rules.nothing_goes(found):
        return
    owed = [row for row in balances(actor, client) if row.posted.amount]
    if owed:
        sums = ", ".join(str(row.posted) for row in owed)
        raise StateConflict(f"The client still has {sums} with us. Nothing was recorded.")


def _kept(answer: Answer) -> dict[str, Any]:
    until = answer.until.isoformat() if answer.until else None
    return {**asdict(answer), "category": str(answer.category), "until": until,
            "outcome": str(answer.outcome)}  # fmt: skip


def answers_of(row: ErasureRequest) -> list[Answer]:
    """As they were decided."""
    return [
        Answer(
            each["category"],
            each["outcome"],
            date.fromisoformat(each["until"]) if each["until"] else None,
            each["basis"],
        )
        for each in row.answers
    ]


def said(answer: Answer) -> str:
    """``Kept under lock until 3 May 2029: ...``"""
    until = f" until {answer.until:%-d %b %Y}" if answer.until else ""
    return f"{Outcome(answer.outcome).label}{until}: {answer.basis}"


def content(row: ErasureRequest) -> dict[str, Any]:
    """What is decided, reckoned anew: it is another once a hold was placed or the client acts.

    By reference alone: what was approved is kept for good."""
    policy = rules.load(row.version.figures)
    fresh = rules.answers(policy, facts_of(row.client, row.longer_years), row.asked_at.date())
    return {
        "Client": row.client.reference,
        "Asked by": row.get_source_display(),
        "How": row.get_channel_display(),
        "Received": f"{row.received_on:%-d %b %Y}",
        "Rules": str(row.version),
        **{str(Category(each.category).label): said(each) for each in fresh},
    }


def _row(actor: Actor, pk: UUID) -> ErasureRequest:
    rows = ErasureRequest.objects.filter(tenant_id=actor.tenant_id)
    client = client_locked(actor, rows.values_list("client_id", flat=True).get(pk=pk))
    row = rows.select_for_update(of=("self",)).select_related("version").get(pk=pk)
    row.client = client
    return row


def _content_now(actor: Actor, approval: Approval) -> Mapping[str, Any]:
    rows = ErasureRequest.objects.select_related("version", "client")
    return content(rows.get(tenant_id=actor.tenant_id, pk=approval.subject_id))


def shown(approval: Approval) -> Mapping[str, Any]:
    """In the order in which a person reads it; the database keeps another one."""
    first = ("Client", "Asked by", "How", "Received", "Rules")
    order = [*first, *(str(each.label) for each in Category)]
    return {name: approval.content[name] for name in order if name in approval.content}


def _decided(actor: Actor, approval: Approval) -> None:
    """The second person said yes (called in that transaction): the work begins after it."""
    row = _row(actor, approval.subject_id)
    _refuse_owed(actor, row.client, answers_of(row))
    row.decided_by_ref, row.decided_by, row.decided_at = actor.ref, actor.name, now()
    going = [answer.category for answer in answers_of(row) if answer.goes]
    if going:
        row.terms_sealed = terms.sealed(terms.gather(row.client), str(row.pk))
    fields = ["decided_by_ref", "decided_by", "decided_at", "terms_sealed"]
    moves.move(row, REQUEST, _R.RUNNING, actor=actor, update_fields=fields)
    for place, step in enumerate(steps.plan(going), start=1):
        ErasureStep.objects.create(
            tenant_id=actor.tenant_id, request=row, place=place,
            code=step.code, category=step.category, label=step.label,
        )  # fmt: skip
    outcome = f"{len(going)} of {len(Category)} categories go" if going else "nothing goes yet"
    data = {"outcome": outcome, "answers": row.answers}
    audit(actor=actor, action=actions.ERASURE_DECIDED, subject=row, data=data)
    outbox.put(TOPIC, subject_id=row.pk)


def _refused(actor: Actor, approval: Approval) -> None:
    row = _row(actor, approval.subject_id)
    row.note = (approval.reason or "Something changed since it was asked; record it anew.")[:300]
    row.decided_by_ref, row.decided_by, row.decided_at = actor.ref, actor.name, now()
    fields = ["note", "decided_by_ref", "decided_by", "decided_at"]
    moves.move(row, REQUEST, _R.REFUSED, actor=actor, update_fields=fields)
    data = {"reason": row.note}
    audit(actor=actor, action=actions.ERASURE_REFUSED, subject=row, data=data)


@transaction.atomic
def erasure_cancel(*, actor: Actor, request: ErasureRequest, reason: str) -> ErasureRequest:
    """Take it back before it is decided. Raises ``StateConflict`` once it is."""
    if not actor.can(WORK):
        raise NotPermitted
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say why."})
    approval = pending_for(actor, request.pk, KIND)
    if approval is not None:
        approval = approval_cancel(actor=actor, approval=approval, reason=reason.strip()[:300])
    if approval is None or approval.state != Approval.State.CANCELLED:
        raise StateConflict("It is decided already. Nothing was done.")
    row = _row(actor, request.pk)
    row.note = reason.strip()[:300]
    moves.move(row, REQUEST, _R.CANCELLED, actor=actor, update_fields=["note"])
    data = {"reason": row.note}
    audit(actor=actor, action=actions.ERASURE_CANCELLED, subject=row, data=data)
    return row


def go_on_after(actor: Actor, hold: LegalHold) -> None:
    """A hold is lifted: what it stopped goes on."""
    rows = ErasureRequest.objects.select_for_update().filter(
        tenant_id=actor.tenant_id, client_id=hold.client_id, state=_R.STOPPED
    )
    for row in rows:
        moves.move(row, REQUEST, _R.RUNNING, actor=actor)
        audit(actor=actor, action=actions.ERASURE_GOES_ON, subject=row)
        outbox.put(TOPIC, subject_id=row.pk)


def register_approval() -> None:
    register(
        ApprovalKind(
            code=KIND,
            label="Erasure of a client's data",
            permission=WORK,
            content=_content_now,
            execute=_decided,
            refused=_refused,
            url=lambda approval: f"/privacy/requests/{approval.subject_id}/",
            shown=shown,
            in_batches=True,
        )
    )
