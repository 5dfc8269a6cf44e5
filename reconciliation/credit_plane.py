"""Credit on trading accounts, held against the bonuses that put it there.

Credit is in no ledger: it is nobody's money. What says how much of it there should be is the open
bonus of the account, and nothing else gives any.
"""

from decimal import Decimal

from django.db import transaction

from backoffice.core.context import Actor
from payments.bonuses.selectors import Standing, on_accounts
from reconciliation.breaks import break_open, break_resolve
from reconciliation.models import Break
from reconciliation.states import BreakKind
from trading import results
from trading.results import AccountCredit

KIND = BreakKind.MT_CREDIT_VS_BALANCE
NONE = Standing(Decimal(0), None, moving=False)


def differences(actor: Actor) -> list[tuple[AccountCredit, Decimal]]:
    """Accounts whose credit is not what their bonus says, each with what it says. One that changes
    now, or that was read before its bonus last changed, tells nothing yet."""
    bonuses = on_accounts(actor)
    found = []
    for account in results.credits(actor, list(bonuses)):
        standing = bonuses.get(account.account_id, NONE)
        stale = standing.changed_at is not None and account.at <= standing.changed_at
        if not standing.moving and not stale and account.credit != standing.left:
            found.append((account, standing.left))
    return found


@transaction.atomic
def credits_check(*, actor: Actor) -> tuple[int, int]:
    """Open a break for each difference and close those that are gone: (standing, closed)."""
    wrong = differences(actor)
    for account, left in wrong:
        break_open(
            actor=actor,
            kind=KIND,
            amount=account.credit - left,
            currency=account.currency,
            explanation=(
                f"{account.server} has {account.credit:,.2f} {account.currency} of credit on "
                f"{account.login}; its bonus says {left:,.2f}."
            ),
            subject_type="trading.account",
            subject_id=account.account_id,
            subject_label=f"{account.server} {account.login}",
        )
    standing = Break.objects.filter(tenant_id=actor.tenant_id, kind=KIND, closed_at=None)
    gone = list(standing.exclude(subject_id__in=[account.account_id for account, _ in wrong]))
    for settled in gone:
        break_resolve(actor=actor, row=settled, outcome="Credit and bonus agree again.")
    return len(wrong), len(gone)
