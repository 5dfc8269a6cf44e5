"""The outbox's work of chargebacks: what is asked of gateways and told to them, between
transactions."""

from datetime import timedelta
from uuid import UUID

from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem
from backoffice.workflow.outbox import TryLater
from payments.accounts import adapter_for, opened
from payments.chargeback_states import CHARGEBACK, ChargebackState
from payments.chargebacks import answers, debts, events
from payments.gateways.port import GatewayError, NotFound, Notice, Unknown
from payments.handlers import note_contact
from payments.models import Chargeback
from payments.services import notices

ASKED_AGAIN = timedelta(minutes=5)
OVER = [*CHARGEBACK.final, ChargebackState.INQUIRY_CLOSED]


def _subject(item: OutboxItem) -> UUID:
    assert item.subject_id is not None
    return item.subject_id


@outbox.handles(debts.REPAY)
def receivable_repay(actor: Actor, item: OutboxItem) -> None:
    """Money came free in the wallet of a client who owes some."""
    with tenant_scope(actor.tenant_id, actor):
        debts.receivable_repay(actor=actor, client_id=_subject(item))


@outbox.handles(answers.SEND)
def chargeback_answer(actor: Actor, item: OutboxItem) -> None:
    """Tell the gateway our answer. Our name is in it: asked again, it is found there and is not
    given a second time, so a worker that died is simply followed by the next."""
    with tenant_scope(actor.tenant_id, actor):
        found = answers.answer_take(actor=actor, answer_id=_subject(item))
        if found is None:
            return
        account = opened(found.gateway)
    result = adapter_for(found.gateway).answer_dispute(account, found.answer)
    with tenant_scope(actor.tenant_id, actor):
        note_contact(actor, found.gateway, result.reason if isinstance(result, Unknown) else "")
        ended = answers.answer_ended(actor=actor, answer_id=found.answer_id, result=result)
    if not ended:
        raise TryLater(ASKED_AGAIN)


@outbox.handles(events.LOOK)
def chargeback_look(actor: Actor, item: OutboxItem) -> None:
    """Ask the gateway how a dispute stands: a message of it may have been lost."""
    with tenant_scope(actor.tenant_id, actor):
        row = Chargeback.objects.select_related("gateway").get(
            tenant_id=actor.tenant_id, pk=_subject(item)
        )
        if row.state in OVER or not row.provider_ref:
            return
        account = opened(row.gateway)
    notice: Notice | None = None
    error = ""
    try:
        notice = adapter_for(row.gateway).poll_dispute(account, row.provider_ref)
    except NotFound:
        error = f"{row.gateway.name} knows of no dispute {row.provider_ref}."
    except GatewayError as failure:
        error = str(failure)
    with tenant_scope(actor.tenant_id, actor):
        note_contact(actor, row.gateway, error)
        if notice is not None:
            notices.notice_apply(actor=actor, gateway=row.gateway, notice=notice)
        over = Chargeback.objects.filter(
            tenant_id=actor.tenant_id, pk=row.pk, state__in=OVER
        ).exists()
    if not over and not item.payload.get("once"):
        raise TryLater(events.LOOK_AFTER)
