"""What bonuses say of accounts, for other domains."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Q

from backoffice.core.clock import now
from backoffice.core.context import Actor
from payments.bonus_states import BonusState
from payments.models import Bonus

# Accounts are read every half minute: what ended before this is long in their credit.
LATELY = timedelta(days=7)
MOVING = (BonusState.GRANTING, BonusState.REMOVING, BonusState.RELEASING)


@dataclass(frozen=True, slots=True)
class Standing:
    """``left``: the credit that should be on an account; ``moving``: a change of it is under way;
    ``changed_at``: when the server last booked one."""

    left: Decimal
    changed_at: datetime | None
    moving: bool


def on_accounts(actor: Actor) -> dict[UUID, Standing]:
    """By account, the bonuses that are on one, and those that left it lately."""
    lately = Q(ended_at__isnull=True) | Q(ended_at__gte=now() - LATELY)
    rows = Bonus.objects.filter(lately, tenant_id=actor.tenant_id, operation__isnull=False)
    found: dict[UUID, Standing] = {}
    facts = rows.order_by("id").values_list(
        "account_id", "left_amount", "state", "operation__done_at"
    )
    for account_id, left, state, done_at in facts.iterator(chunk_size=2_000):
        before = found.get(account_id, Standing(Decimal(0), None, moving=False))
        changed = max(filter(None, (before.changed_at, done_at)), default=None)
        moving = before.moving or state in MOVING
        found[account_id] = Standing(before.left + left, changed, moving)
    return found
