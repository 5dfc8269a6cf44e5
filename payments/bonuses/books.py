"""What a bonus puts into the ledger: nothing while it is credit, then money of the house."""

from backoffice.core.context import Actor
from backoffice.core.money import Money
from ledger import chart
from ledger.entries import Line, Posting
from ledger.services import account_for, post
from payments.books import wallet
from payments.models import Bonus

KIND = "bonus"


def paid(*, actor: Actor, row: Bonus, money: Money) -> Posting:
    """The house pays the client: the credit is off the account for certain."""
    cost = account_for(actor=actor, spec=chart.bonus_expense(), currency=money.currency)
    return post(
        actor=actor,
        key=f"{row.reference}:paid",
        kind=KIND,
        lines=[Line(cost, wallet(actor, row.client_id, money.currency), money)],
        business_ref=row.reference,
        meta={"asked_by": row.asked_by_ref, "approved_by": row.decided_by_ref},
    )
