"""What kyc does after commits: ask checks, follow clients and their documents."""

import logging
from uuid import UUID

from backoffice.core.context import Actor
from backoffice.core.errors import OutsideError
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox, queues
from backoffice.workflow.models import OutboxItem, WorkItem
from clients.models import Client
from kyc import checks, guards, selectors, services
from kyc.checks import CheckAnswer
from kyc.models import CaseCheck, CheckOutcome, KycCase
from kyc.moving import QUEUE
from kyc.parties.standing import ownership_of
from kyc.states import CaseState

log = logging.getLogger(__name__)
CHECK_ATTEMPTS_MAX = 8
UPLOADED, ASSIGNED, CHANGED = "kyc.document_uploaded", "kyc.client_assigned", "kyc.client_changed"
PARTY_CHANGED = "kyc.party_changed"


@outbox.handles(services.CHECK_TOPIC, attempts_max=CHECK_ATTEMPTS_MAX)
def check_ask(actor: Actor, item: OutboxItem) -> None:
    """Ask one check, outside any transaction; a check that can't answer says so on the case."""
    name = str(item.payload["check"])
    case = _waiting_case(actor, item, name)
    check = checks.find(name)
    if case is None:
        return
    try:
        answer = check.ask(actor, case) if check else _gone()
    except OutsideError as error:
        if not error.permanent and item.attempts < CHECK_ATTEMPTS_MAX:
            raise
        log.warning("check failed", extra={"check": name, "case": str(case.pk)})
        answer = CheckAnswer(CheckOutcome.ERROR, f"It did not answer: {error}")
    if answer is None:
        return
    with tenant_scope(actor.tenant_id, actor):
        services.check_answer(
            actor=actor,
            case=case,
            name=name,
            outcome=answer.outcome,
            summary=answer.summary,
            lines=answer.lines,
            url=answer.url,
        )


def _subject(item: OutboxItem) -> UUID:
    assert item.subject_id is not None
    return item.subject_id


def _gone() -> CheckAnswer:
    return CheckAnswer(CheckOutcome.ERROR, "This check is not installed any more.")


def _waiting_case(actor: Actor, item: OutboxItem, name: str) -> KycCase | None:
    """The case, while the check still waits for its answer."""
    with tenant_scope(actor.tenant_id, actor):
        row = (
            CaseCheck.objects.filter(tenant_id=actor.tenant_id, case_id=_subject(item), name=name)
            .select_related("case__client", "case__level")
            .first()
        )
    return row.case if row is not None and row.outcome == CheckOutcome.WAITING else None


@outbox.handles(UPLOADED)
def document_uploaded(actor: Actor, item: OutboxItem) -> None:
    """A client who was asked has handed in the last missing paper, or certified their taxes: on
    with the case."""
    with tenant_scope(actor.tenant_id, actor):
        case = (
            KycCase.objects.filter(
                tenant_id=actor.tenant_id,
                client_id=_subject(item),
                state=CaseState.INFO_REQUESTED,
            )
            .select_related("client", "level")
            .first()
        )
        if case is not None and not guards.why_not_submit(case):
            services.case_submit(actor=actor, case=case)


@outbox.handles(ASSIGNED)
def client_assigned(actor: Actor, item: OutboxItem) -> None:
    """Open items follow the client to the new desk."""
    with tenant_scope(actor.tenant_id, actor):
        client = Client.objects.get(tenant_id=actor.tenant_id, pk=_subject(item))
        cases = KycCase.objects.filter(tenant_id=actor.tenant_id, client=client)
        WorkItem.objects.filter(
            tenant_id=actor.tenant_id,
            queue=QUEUE,
            subject_id__in=cases.values("pk"),
            closed_at=None,
        ).update(desk_id=client.desk_id)


@outbox.handles(CHANGED)
def client_changed(actor: Actor, item: OutboxItem) -> None:
    """A new residence or nationality of an approved client is looked at before its time."""
    fields = sorted({"residence", "nationality"} & set(item.payload.get("fields", [])))
    if not fields:
        return
    with tenant_scope(actor.tenant_id, actor):
        client = Client.objects.get(tenant_id=actor.tenant_id, pk=_subject(item))
        case = selectors.standing_case(client)
        if case is not None:
            services.case_trigger(actor=actor, case=case, reason=f"new {' and '.join(fields)}")


@outbox.handles(PARTY_CHANGED)
def party_changed(actor: Actor, item: OutboxItem) -> None:
    """Someone new behind an approved company, or another share: it is looked at before its time
    when someone is not cleared or the names no longer suffice."""
    with tenant_scope(actor.tenant_id, actor):
        client = Client.objects.get(tenant_id=actor.tenant_id, pk=_subject(item))
        case = selectors.standing_case(client)
        if case is None:
            return
        unmet = [line for line in ownership_of(client, case.level).verdicts() if not line.met]
        if unmet:
            reason = f"who is behind the company has changed: {unmet[0].title}, {unmet[0].note}"
            services.case_trigger(actor=actor, case=case, reason=reason)


def register_queue() -> None:
    from django.urls import reverse

    queues.register(
        queues.Queue(
            code=QUEUE,
            label="KYC review",
            permission="kyc.view_case",
            icon="id",
            list_url="kyc:queue",
            url=lambda pk: reverse("kyc:case", args=[pk]),
            due_minutes=240,
            due_minutes_urgent=60,
            order=10,
        )
    )
