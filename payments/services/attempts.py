"""Leave for a client's attempt to pay, where the gateway asks for it before it takes money."""

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.context import Actor
from backoffice.core.money import Money
from clients.models import ClientAction
from clients.selectors import allowed
from payments import actions
from payments.gateways.port import Attempt
from payments.locks import deposit_locked
from payments.models import Deposit, GatewayAccount
from payments.states import DepositState

# In none of these was it paid, and in each it still can be.
PAYABLE = (DepositState.CREATED, DepositState.REDIRECTED, DepositState.PENDING)
UNKNOWN = "There is no payment of this reference."
OVER = "This payment is over."
# Whoever reads this may be the client, and the reason may not be the client's to know.
NOT_NOW = "No deposits can be made at present."


@transaction.atomic
def attempt_refusal(*, actor: Actor, gateway: GatewayAccount, attempt: Attempt) -> str:
    """Why the client must not pay, in a sentence for the client; empty lets the gateway go on."""
    found = Deposit.objects.filter(
        tenant_id=actor.tenant_id, gateway=gateway, reference=attempt.reference
    ).first()
    if found is None:
        return UNKNOWN
    row = deposit_locked(actor, found.pk)
    refusal = _refusal(row, attempt)
    if refusal:
        audit(
            actor=actor,
            action=actions.ATTEMPT_REFUSED,
            subject=row,
            data={"gateway": gateway.name, "reason": refusal},
        )
    return refusal


def _refusal(row: Deposit, attempt: Attempt) -> str:
    asked = Money(row.asked_amount, row.asked_currency)
    if row.paid_amount is not None or row.state not in PAYABLE:
        return OVER
    if attempt.money != asked:
        return f"Pay {asked}, as was asked."
    return "" if allowed(row.client)[ClientAction.DEPOSIT].ok else NOT_NOW
