"""The outbox's work of parts: each is sent, looked for and repeated under its own reference."""

from uuid import UUID

from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem
from payments.accounts import adapter_for, opened
from payments.gateways.port import Account, GatewayError, NotFound, Notice, Outcome, Result, Unknown
from payments.handlers import note_contact
from payments.services import notices, parts
from payments.services.parts import PartToSend
from payments.states import PartState

_WAITING = (Outcome.PENDING, Outcome.AUTHORIZED, Outcome.IN_PROGRESS)
NOT_YET = "The gateway has not paid it yet."
_ASKS_AGAIN = (PartState.SUBMITTING, PartState.UNKNOWN)


def _subject(item: OutboxItem) -> UUID:
    assert item.subject_id is not None
    return item.subject_id


def _send(account: Account, part: PartToSend) -> Result:
    """Pay it or give it back. Both are harmless to repeat under one reference."""
    adapter = adapter_for(part.gateway)
    if part.payment:
        return adapter.refund(account, part.order.reference, part.payment, part.order.money)
    return adapter.payout(account, part.order)


@outbox.handles(parts.SUBMIT)
def part_submit(actor: Actor, item: OutboxItem) -> None:
    """Send a part. What a worker left in ``submitting`` is looked for first."""
    with tenant_scope(actor.tenant_id, actor):
        part = parts.part_take(actor=actor, part_id=_subject(item))
        if part is None:
            return
        account = opened(part.gateway)
    if part.fresh:
        _answered(actor, part, _send(account, part))
    else:
        _look(actor, part, account)


@outbox.handles(parts.LOOK)
def part_look(actor: Actor, item: OutboxItem) -> None:
    with tenant_scope(actor.tenant_id, actor):
        part = parts.part_order(actor=actor, part_id=_subject(item))
        if part is None:
            return
        account = opened(part.gateway)
    _look(actor, part, account)


def _look(actor: Actor, part: PartToSend, account: Account) -> None:
    """A refund is asked for again; of a payout the gateway is asked, and it gets it again when it
    never had it."""
    if part.payment:
        _answered(actor, part, _send(account, part))
        return
    adapter = adapter_for(part.gateway)
    notice: Notice | None = None
    error = ""
    try:
        notice = adapter.poll_payout(account, part.name)
        absent = notice is None
    except NotFound:
        absent = True
    except GatewayError as failure:
        absent, error = False, str(failure)
    if absent and part.state in _ASKS_AGAIN:
        _answered(actor, part, _send(account, part))
    elif error and part.state == PartState.SUBMITTING:
        _answered(actor, part, Unknown(error))
    else:
        _looked(actor, part, notice, error)


def _answered(actor: Actor, part: PartToSend, result: Result) -> None:
    failure = result.reason if isinstance(result, Unknown) else ""
    with tenant_scope(actor.tenant_id, actor):
        note_contact(actor, part.gateway, failure)
        parts.part_answered(actor=actor, part_id=part.part_id, result=result)
        if part.state in parts.GOING or (failure and part.state == PartState.UNKNOWN):
            why = failure or NOT_YET
            parts.part_looked(actor=actor, part_id=part.part_id, error=why)


def _looked(actor: Actor, part: PartToSend, notice: Notice | None, error: str) -> None:
    with tenant_scope(actor.tenant_id, actor):
        note_contact(actor, part.gateway, error)
        if notice is not None:
            notices.notice_apply(actor=actor, gateway=part.gateway, notice=notice)
        if notice is None or notice.outcome in _WAITING:
            parts.part_looked(actor=actor, part_id=part.part_id, error=error or NOT_YET)
