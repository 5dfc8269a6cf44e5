"""What follows a credit: on to the account that the client chose, or done."""

from uuid import UUID

from django.db import transaction

from backoffice.core.context import Actor
from backoffice.workflow import moves
from payments.locks import deposit_locked
from payments.models import Deposit
from payments.states import DEPOSIT, DepositState


@transaction.atomic
def deposit_forward(*, actor: Actor, deposit_id: UUID) -> Deposit:
    row = deposit_locked(actor, deposit_id)
    if row.state == DepositState.CREDITED:
        moves.move(row, DEPOSIT, DepositState.DONE, actor=actor)
    return row
