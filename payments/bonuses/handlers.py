"""The outbox's work of bonuses, and what the clock makes due."""

import logging
from datetime import timedelta

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem
from backoffice.workflow.outbox import TryLater
from payments.bonus_states import BONUS_OPEN, BonusState
from payments.bonuses.services import bonus_for_deposit, bonus_look, bonus_withdrawal
from payments.models import Bonus, Withdrawal
from payments.services.transfers import DEPOSIT_ON_ACCOUNT

log = logging.getLogger(__name__)
WITHDRAWAL = "payments.bonus_withdrawal"
BUSY_AGAIN = timedelta(seconds=30)


@outbox.handles(WITHDRAWAL)
def withdrawal_approved(actor: Actor, item: OutboxItem) -> None:
    """Money leaves: an open bonus of the client goes with it, as its terms say."""
    assert item.subject_id is not None
    with tenant_scope(actor.tenant_id, actor):
        row = Withdrawal.objects.get(tenant_id=actor.tenant_id, pk=item.subject_id)
        mine = Bonus.objects.filter(
            tenant_id=actor.tenant_id, client_id=row.client_id, state__in=BONUS_OPEN
        )
        for pk in mine.values_list("pk", flat=True):
            if not bonus_withdrawal(actor=actor, bonus_id=pk, withdrawal=row):
                raise TryLater(BUSY_AGAIN)


@outbox.handles(DEPOSIT_ON_ACCOUNT)
def deposit_done(actor: Actor, item: OutboxItem) -> None:
    """A deposit has come to its end: what the rules give for it, if anything."""
    assert item.subject_id is not None
    with tenant_scope(actor.tenant_id, actor):
        bonus_for_deposit(actor=actor, deposit_id=item.subject_id)


def look(actor: Actor) -> int:
    """Every bonus of the tenant that is on an account: released, expired, or as it is. How many
    were looked at."""
    with tenant_scope(actor.tenant_id, actor):
        mine = Bonus.objects.filter(tenant_id=actor.tenant_id, state=BonusState.ACTIVE)
        found = list(mine.order_by("id").values_list("pk", flat=True))
    for pk in found:
        try:
            with tenant_scope(actor.tenant_id, actor):
                bonus_look(actor=actor, bonus_id=pk)
        except DomainError as error:  # such as an account that is closed: people see it there
            log.warning("bonus left", extra={"bonus": str(pk), "why": error.sentence})
    return len(found)
