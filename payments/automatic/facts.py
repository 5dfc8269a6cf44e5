"""The facts that rules look at, gathered in one statement beside the checks of the grid."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection

from backoffice.core.clock import now
from backoffice.core.context import current_tenant_id
from backoffice.workflow.approvals import steps_for
from payments.automatic import rules
from payments.automatic.rules import Facts
from payments.models import Withdrawal
from payments.rules import Check
from payments.services.bands import DECIDES, ONE, WHO
from payments.sources import CREDITED, GONE
from payments.states import WithdrawalState

DAY = timedelta(hours=24)

# The client's flows in base currency (null as soon as one has no rate), what was paid to the same
# destination, and what rules approved in 24 hours.
_FACTS = """
WITH base AS (SELECT base_currency AS code FROM tenancy_tenant WHERE id = %(tenant)s),
worth AS (
    SELECT currency, to_base FROM payments_rate, base
    WHERE tenant_id = %(tenant)s AND currency <> base.code
    UNION ALL SELECT code, 1 FROM base
),
flow AS (
    SELECT paid_currency AS currency, paid_amount AS amount FROM payments_deposit
    WHERE tenant_id = %(tenant)s AND client_id = %(client)s AND state = ANY (%(credited)s)
    UNION ALL
    SELECT currency, -coalesce(paid_amount, amount) FROM payments_withdrawal
    WHERE tenant_id = %(tenant)s AND client_id = %(client)s AND state <> ALL (%(gone)s)
      AND id <> %(this)s
    UNION ALL SELECT %(currency)s, -%(amount)s::numeric
)
SELECT base.code, net.total, used.count, lately.*
FROM base
CROSS JOIN (
    SELECT CASE WHEN bool_and(worth.to_base IS NOT NULL)
        THEN sum(flow.amount * worth.to_base) END AS total
    FROM flow LEFT JOIN worth USING (currency)
) net
CROSS JOIN (
    SELECT count(*) AS count FROM payments_withdrawal
    WHERE tenant_id = %(tenant)s AND destination_id = %(destination)s AND state = %(paid)s
) used
CROSS JOIN (
    SELECT count(*) FILTER (WHERE client_id = %(client)s),
        coalesce(sum(amount_base) FILTER (WHERE client_id = %(client)s), 0),
        count(*), coalesce(sum(amount_base), 0)
    FROM payments_ruledecision
    WHERE tenant_id = %(tenant)s AND approves AND at > %(day)s
) lately
"""


def facts_of(row: Withdrawal, found: Sequence[Check], steps: Sequence[str] | None = None) -> Facts:
    """As things stand now. ``found``: the checks of the grid, which the caller has run; ``steps``:
    what its band asks for, where the caller has read it."""
    with connection.cursor() as cursor:
        cursor.execute(
            _FACTS,
            {
                "tenant": current_tenant_id(),
                "client": row.client_id,
                "this": row.pk,
                "destination": row.destination_id,
                "currency": row.currency,
                "amount": row.amount,
                "credited": [str(state) for state in CREDITED],
                "gone": [str(state) for state in GONE],
                "paid": str(WithdrawalState.PAID),
                "day": now() - DAY,
            },
        )
        base, net, used, *lately = cursor.fetchone()
    client_count, client_sum, tenant_count, tenant_sum = lately
    return Facts(
        base=base,
        amount=row.amount_base,
        method=row.method.code,
        category=row.client.category,
        risk_band=row.client.risk_band,
        level=row.client.level,
        account_days=days_since(row.client.created_at),
        destination_days=days_since(row.destination.added_at),
        paid_before=used,
        net=None if net is None else Decimal(net),
        client_count=client_count,
        client_sum=client_sum,
        tenant_count=tenant_count,
        tenant_sum=tenant_sum,
        approver=approver_of(row.amount_base, steps),
        checks=rules.open_checks(found),
    )


def days_since(moment: datetime, at: datetime | None = None) -> int:
    return max(((at or now()) - moment).days, 0)


def approver_of(amount_base: Decimal | None, steps: Sequence[str] | None = None) -> str:
    """Who decides it by its band; empty where one who approves withdrawals does, whose work rules
    may do. Of an amount without a rate nobody can say."""
    if amount_base is None:
        return ""
    if steps is None:
        steps = steps_for(current_tenant_id(), DECIDES, amount_base)
    return approver_words(steps)


def approver_words(steps: Sequence[str]) -> str:
    if list(steps) == [ONE]:
        return ""
    words = (said for known, said in WHO.values() if known == list(steps))
    return next(words, f"{len(steps)} people")
