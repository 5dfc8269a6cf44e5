"""Proof beside ``ledger_verify``: every payment has exactly its journals, holds and amounts."""

import json
from collections.abc import Iterator

from django.db import connection

from backoffice.core.money import EXPONENTS
from ledger.selectors import Fault, register_check

_JOURNALS = """
WITH booked AS (
    SELECT j.business_ref, array_agg(j.kind::text ORDER BY j.kind) AS kinds
    FROM ledger_journal j WHERE j.tenant_id = %(tenant)s AND j.business_ref <> ''
      AND j.reverses_id IS NULL
      AND NOT EXISTS (SELECT FROM ledger_journal r
                      WHERE r.tenant_id = %(tenant)s AND r.reverses_id = j.id)
    GROUP BY j.business_ref
), expected AS (
    SELECT 'deposit' AS what, d.reference, d.state, CASE
        WHEN d.state IN ('credited', 'mt_pending', 'done') THEN
            CASE WHEN 'deposit_aside' = ANY (coalesce(b.kinds, '{}'))
                 THEN ARRAY['deposit', 'deposit_aside'] ELSE ARRAY['deposit'] END
        WHEN d.state IN ('review', 'amount_mismatch', 'held', 'returning')
            THEN ARRAY['deposit_aside']
        WHEN d.state = 'returned' THEN ARRAY['deposit_aside', 'deposit_return']
        ELSE '{}' END AS kinds, coalesce(b.kinds, '{}') AS found
    FROM payments_deposit d LEFT JOIN booked b ON b.business_ref = d.reference
    WHERE d.tenant_id = %(tenant)s
    UNION ALL
    SELECT 'withdrawal', w.reference, w.state, CASE
        WHEN w.state IN ('paid', 'returned_after_paid') THEN
            CASE WHEN EXISTS (SELECT FROM payments_withdrawalpart p
                WHERE p.tenant_id = %(tenant)s AND p.withdrawal_id = w.id
                  AND p.paid_amount IS NOT NULL)
                THEN '{}'::text[] ELSE ARRAY['withdrawal'] END
            || CASE WHEN w.fee_amount + w.fee_borne_amount > 0
                THEN ARRAY['withdrawal_fee'] ELSE '{}' END
            || CASE WHEN w.state = 'returned_after_paid' AND NOT EXISTS (
                        SELECT FROM payments_withdrawalpart p
                        WHERE p.tenant_id = %(tenant)s AND p.withdrawal_id = w.id
                          AND p.paid_amount IS NOT NULL)
                    THEN ARRAY['withdrawal_return'] ELSE '{}' END
        ELSE '{}' END, coalesce(b.kinds, '{}')
    FROM payments_withdrawal w LEFT JOIN booked b ON b.business_ref = w.reference
    WHERE w.tenant_id = %(tenant)s
    UNION ALL
    SELECT 'part', p.reference, p.state,
        CASE p.state WHEN 'paid' THEN ARRAY['withdrawal']
            WHEN 'returned' THEN ARRAY['withdrawal', 'withdrawal_return']
            ELSE '{}' END, coalesce(b.kinds, '{}')
    FROM payments_withdrawalpart p LEFT JOIN booked b ON b.business_ref = p.reference
    WHERE p.tenant_id = %(tenant)s
    UNION ALL
    SELECT 'transfer', t.reference, t.state, CASE
        WHEN t.state = 'done' THEN ARRAY['transfer_in', 'transfer_out']
        WHEN t.state = 'returned' THEN ARRAY['transfer_back', 'transfer_out']
        WHEN t.state IN ('bridged', 'crediting', 'returning', 'stranded') THEN ARRAY['transfer_out']
        ELSE '{}' END, coalesce(b.kinds, '{}')
    FROM payments_transfer t LEFT JOIN booked b ON b.business_ref = t.reference
    WHERE t.tenant_id = %(tenant)s
    UNION ALL
    SELECT 'chargeback', c.reference, c.state,
        CASE WHEN c.taken_at IS NOT NULL THEN ARRAY['chargeback'] ELSE '{}' END
        || CASE WHEN c.fee_amount > 0 THEN ARRAY['chargeback_fee'] ELSE '{}' END
        || CASE WHEN c.fee_back_amount > 0 THEN ARRAY['chargeback_fee_back'] ELSE '{}' END
        || CASE WHEN c.state = 'won' THEN ARRAY['chargeback_won'] ELSE '{}' END,
        -- How often something was repaid or written off, its amounts say.
        array_remove(array_remove(coalesce(b.kinds, '{}'), 'chargeback_repaid'),
                     'chargeback_write_off')
    FROM payments_chargeback c LEFT JOIN booked b ON b.business_ref = c.reference
    WHERE c.tenant_id = %(tenant)s
    UNION ALL
    SELECT 'wallet adjustment', a.reference, a.state,
        CASE a.state WHEN 'booked' THEN ARRAY['wallet_adjustment'] ELSE '{}' END,
        coalesce(b.kinds, '{}')
    FROM payments_walletadjustment a LEFT JOIN booked b ON b.business_ref = a.reference
    WHERE a.tenant_id = %(tenant)s
    UNION ALL
    SELECT 'conversion', c.reference, c.state,
        CASE c.state WHEN 'booked' THEN ARRAY['conversion'] ELSE '{}' END, coalesce(b.kinds, '{}')
    FROM payments_conversion c LEFT JOIN booked b ON b.business_ref = c.reference
    WHERE c.tenant_id = %(tenant)s
    UNION ALL
    SELECT 'bonus', o.reference, o.state,
        CASE o.state WHEN 'released' THEN ARRAY['bonus'] ELSE '{}' END, coalesce(b.kinds, '{}')
    FROM payments_bonus o LEFT JOIN booked b ON b.business_ref = o.reference
    WHERE o.tenant_id = %(tenant)s
)
SELECT what, reference, state, kinds, found FROM expected WHERE kinds <> found
ORDER BY what, reference
"""

_HOLDS = """
SELECT w.reference, w.state, coalesce(h.state, 'none'), coalesce(h.amount, 0),
       coalesce(h.settled, 0)
FROM payments_withdrawal w
LEFT JOIN ledger_hold h ON h.tenant_id = %(tenant)s AND h.id = w.hold_id
CROSS JOIN LATERAL (SELECT power(10::numeric, (%(places)s::jsonb ->> w.currency)::int) AS unit) u
CROSS JOIN LATERAL (SELECT EXISTS (
    SELECT FROM payments_withdrawalpart p WHERE p.tenant_id = %(tenant)s
      AND p.withdrawal_id = w.id AND (p.hold_id IS NOT NULL OR p.state = 'replaced')) AS parted) x
WHERE w.tenant_id = %(tenant)s AND NOT CASE
    -- In parts: this hold was the whole's, and is the fee's where there is one.
    WHEN x.parted AND w.fee_amount = 0 THEN h.state = 'voided'
    WHEN x.parted AND w.state IN ('paid', 'returned_after_paid') THEN h.state = 'settled'
    WHEN x.parted AND w.state = 'failed' THEN h.state = 'voided'
    WHEN x.parted THEN h.state = 'held' AND h.amount = w.fee_amount * u.unit
    WHEN w.state IN ('paid', 'returned_after_paid')
        THEN h.state = 'settled' AND h.settled = w.paid_amount * u.unit
    WHEN w.state IN ('failed', 'rejected', 'cancelled') THEN coalesce(h.state, 'voided') = 'voided'
    WHEN w.state = 'requested' THEN h.id IS NULL
    ELSE coalesce(h.state = 'held' AND h.amount = w.amount * u.unit, false) END
ORDER BY w.reference
"""

_PART_HOLDS = """
SELECT p.reference, p.state, coalesce(h.state, 'none'), coalesce(h.amount, 0),
       coalesce(h.settled, 0)
FROM payments_withdrawalpart p
LEFT JOIN ledger_hold h ON h.tenant_id = %(tenant)s AND h.id = p.hold_id
CROSS JOIN LATERAL (SELECT power(10::numeric, (%(places)s::jsonb ->> p.currency)::int) AS unit) u
WHERE p.tenant_id = %(tenant)s AND NOT CASE
    WHEN p.state IN ('paid', 'returned')
        THEN h.state = 'settled' AND h.settled = p.paid_amount * u.unit
    WHEN p.state IN ('cancelled', 'replaced') THEN h.id IS NULL
    WHEN p.state = 'given_up' THEN h.state = 'voided'
    WHEN p.state = 'planned' THEN h.id IS NULL OR h.state = 'held'
    ELSE coalesce(h.state = 'held' AND h.amount = p.amount * u.unit, false) END
ORDER BY p.reference
"""

_AMOUNTS = """
SELECT p.reference, p.amount, x.amount, x.currency
FROM (
    SELECT reference, paid_amount AS amount, paid_currency AS currency FROM payments_deposit
    WHERE tenant_id = %(tenant)s AND paid_amount IS NOT NULL
    UNION ALL
    SELECT reference, amount, currency FROM payments_transfer WHERE tenant_id = %(tenant)s
) p
JOIN ledger_journal j ON j.tenant_id = %(tenant)s AND j.business_ref = p.reference
JOIN ledger_transfer x ON x.tenant_id = %(tenant)s AND x.journal_id = j.id
    AND x.created_at = j.created_at AND x.code = 'principal'
WHERE x.currency <> p.currency
   OR x.amount <> p.amount * power(10::numeric, (%(places)s::jsonb ->> p.currency)::int)
ORDER BY p.reference
"""

# By payment that took place: what its journals charged the client and what we bore ourselves.
_FEES = """
WITH booked AS (
    SELECT j.business_ref, x.currency,
        coalesce(sum(x.amount) FILTER (WHERE x.code = 'fee'), 0) AS charged,
        coalesce(sum(x.amount) FILTER (WHERE x.code = 'fee_borne'), 0) AS borne
    FROM ledger_journal j
    JOIN ledger_transfer x ON x.tenant_id = %(tenant)s AND x.journal_id = j.id
        AND x.created_at = j.created_at
    WHERE j.tenant_id = %(tenant)s AND j.kind IN ('deposit', 'withdrawal_fee')
      AND x.code IN ('fee', 'fee_borne') AND j.reverses_id IS NULL
      AND NOT EXISTS (SELECT FROM ledger_journal r
                      WHERE r.tenant_id = %(tenant)s AND r.reverses_id = j.id)
    GROUP BY j.business_ref, x.currency
), said AS (
    SELECT reference, paid_currency AS currency, fee_amount, fee_borne_amount
    FROM payments_deposit
    WHERE tenant_id = %(tenant)s AND state IN ('credited', 'mt_pending', 'done')
    UNION ALL
    SELECT reference, currency, fee_amount, fee_borne_amount FROM payments_withdrawal
    WHERE tenant_id = %(tenant)s AND state IN ('paid', 'returned_after_paid')
)
SELECT s.reference, s.fee_amount, s.fee_borne_amount, s.currency,
    coalesce(b.charged, 0), coalesce(b.borne, 0)
FROM said s
CROSS JOIN LATERAL (SELECT power(10::numeric, (%(places)s::jsonb ->> s.currency)::int) AS unit) u
LEFT JOIN booked b ON b.business_ref = s.reference AND b.currency = s.currency
WHERE s.fee_amount * u.unit <> coalesce(b.charged, 0)
   OR s.fee_borne_amount * u.unit <> coalesce(b.borne, 0)
ORDER BY s.reference
"""

# A booked adjustment names its journal: one line, of its amount, between the wallet and the account
# that was approved, in the direction that was approved.
_ADJUSTMENTS = """
SELECT a.reference, a.amount, a.currency, coalesce(string_agg(
    format('%%s to %%s: %%s minor %%s', d.code, c.code, x.amount, x.currency), '; '), 'nothing')
FROM payments_walletadjustment a
CROSS JOIN LATERAL (SELECT format('client:%%s:wallet', a.client_id) AS wallet) w
LEFT JOIN ledger_journal j ON j.tenant_id = %(tenant)s AND j.id = a.journal_id
    AND j.business_ref = a.reference
LEFT JOIN ledger_transfer x ON x.tenant_id = %(tenant)s AND x.journal_id = j.id
    AND x.created_at = j.created_at
LEFT JOIN ledger_account d ON d.tenant_id = %(tenant)s AND d.id = x.debit_account_id
LEFT JOIN ledger_account c ON c.tenant_id = %(tenant)s AND c.id = x.credit_account_id
WHERE a.tenant_id = %(tenant)s AND a.state = 'booked'
GROUP BY a.id, a.reference, a.amount, a.currency, a.direction, a.counter, w.wallet
HAVING count(x.*) <> 1 OR NOT bool_and(
    x.currency = a.currency
    AND x.amount = a.amount * power(10::numeric, (%(places)s::jsonb ->> a.currency)::int)
    AND CASE a.direction WHEN 'to_client' THEN d.code = a.counter AND c.code = w.wallet
        ELSE d.code = w.wallet AND c.code = a.counter END)
ORDER BY a.reference
"""

# A booked conversion names its journal: two lines, out of one wallet of the client and into
# another, met by the house's position, of its amounts; what was got is what was given at its rate.
_CONVERSIONS = """
SELECT k.reference, k.give_amount, k.give_currency, k.get_amount, k.get_currency,
    coalesce(string_agg(format('%%s to %%s: %%s minor %%s', d.code, c.code, x.amount, x.currency),
        '; '), 'nothing')
FROM payments_conversion k
CROSS JOIN LATERAL (SELECT format('client:%%s:wallet', k.client_id) AS wallet,
    k.give_amount * power(10::numeric, (%(places)s::jsonb ->> k.give_currency)::int) AS give,
    k.get_amount * power(10::numeric, (%(places)s::jsonb ->> k.get_currency)::int) AS get) w
LEFT JOIN ledger_journal j ON j.tenant_id = %(tenant)s AND j.id = k.journal_id
    AND j.business_ref = k.reference
LEFT JOIN ledger_transfer x ON x.tenant_id = %(tenant)s AND x.journal_id = j.id
    AND x.created_at = j.created_at
LEFT JOIN ledger_account d ON d.tenant_id = %(tenant)s AND d.id = x.debit_account_id
LEFT JOIN ledger_account c ON c.tenant_id = %(tenant)s AND c.id = x.credit_account_id
WHERE k.tenant_id = %(tenant)s AND k.state = 'booked'
GROUP BY k.id, k.reference, k.give_amount, k.give_currency, k.get_amount, k.get_currency,
    k.client_rate, w.wallet, w.give, w.get
HAVING count(x.*) <> 2
    OR count(*) FILTER (WHERE d.code = w.wallet AND c.code = 'fx:position'
        AND x.currency = k.give_currency AND x.amount = w.give) <> 1
    OR count(*) FILTER (WHERE d.code = 'fx:position' AND c.code = w.wallet
        AND x.currency = k.get_currency AND x.amount = w.get) <> 1
    OR k.get_amount <> trunc(k.give_amount * k.client_rate,
        (%(places)s::jsonb ->> k.get_currency)::int)
ORDER BY k.reference
"""

# A released bonus: what was on the account at its release, from the house to the client's wallet.
_BONUSES = """
SELECT o.reference, o.amount, o.currency, coalesce(string_agg(
    format('%%s to %%s: %%s minor %%s', d.code, c.code, x.amount, x.currency), '; '), 'nothing')
FROM payments_bonus o
LEFT JOIN trading_balanceoperation p ON p.tenant_id = %(tenant)s AND p.id = o.operation_id
LEFT JOIN ledger_journal j ON j.tenant_id = %(tenant)s AND j.id = o.journal_id
    AND j.business_ref = o.reference
LEFT JOIN ledger_transfer x ON x.tenant_id = %(tenant)s AND x.journal_id = j.id
    AND x.created_at = j.created_at
LEFT JOIN ledger_account d ON d.tenant_id = %(tenant)s AND d.id = x.debit_account_id
LEFT JOIN ledger_account c ON c.tenant_id = %(tenant)s AND c.id = x.credit_account_id
WHERE o.tenant_id = %(tenant)s AND o.state = 'released'
GROUP BY o.id, o.reference, o.client_id, o.amount, o.currency, p.amount, p.kind, p.state
HAVING count(x.*) <> 1 OR coalesce(p.kind <> 'credit' OR p.state <> 'applied', true)
    OR NOT bool_and(x.currency = o.currency AND d.code = 'bonus:expense'
        AND c.code = format('client:%%s:wallet', o.client_id)
        AND x.amount = -p.amount * power(10::numeric, (%(places)s::jsonb ->> o.currency)::int))
ORDER BY o.reference
"""

# By chargeback: what each kind of its journals moved, against what it says itself.
_CHARGEBACKS = """
WITH moved AS (
    SELECT j.business_ref, j.kind, x.code, sum(x.amount) AS units
    FROM ledger_journal j
    JOIN ledger_transfer x ON x.tenant_id = %(tenant)s AND x.journal_id = j.id
        AND x.created_at = j.created_at
    WHERE j.tenant_id = %(tenant)s AND j.kind IN ('chargeback', 'chargeback_won', 'chargeback_fee',
        'chargeback_fee_back', 'chargeback_repaid', 'chargeback_write_off')
    GROUP BY j.business_ref, j.kind, x.code
), said AS (
    SELECT c.reference, c.currency, say.what, say.amount, say.units
    FROM payments_chargeback c
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(units) FILTER (WHERE kind = 'chargeback'), 0) AS taken,
            coalesce(sum(units) FILTER (WHERE kind = 'chargeback' AND code = 'receivable'), 0)
                AS owed,
            coalesce(sum(units) FILTER (WHERE kind = 'chargeback_won'), 0) AS won,
            coalesce(sum(units) FILTER (WHERE kind = 'chargeback_repaid'
                OR kind = 'chargeback_won' AND code = 'receivable'), 0) AS repaid,
            coalesce(sum(units) FILTER (WHERE kind = 'chargeback_write_off'), 0) AS written_off,
            coalesce(sum(units) FILTER (WHERE kind = 'chargeback_fee'), 0) AS fee,
            coalesce(sum(units) FILTER (WHERE kind = 'chargeback_fee_back'), 0) AS fee_back
        FROM moved m WHERE m.business_ref = c.reference
    ) b
    CROSS JOIN LATERAL (VALUES
        ('taken', CASE WHEN c.taken_at IS NULL THEN 0 ELSE c.amount END, b.taken),
        ('owed', c.owed_amount, b.owed),
        ('won', CASE WHEN c.state = 'won' THEN c.amount ELSE 0 END, b.won),
        ('repaid', c.repaid_amount, b.repaid),
        ('written off', c.written_off_amount, b.written_off),
        ('fee', c.fee_amount, b.fee),
        ('fee back', c.fee_back_amount, b.fee_back)
    ) AS say (what, amount, units)
    WHERE c.tenant_id = %(tenant)s
)
SELECT reference, what, amount, units, currency FROM said
WHERE units <> amount * power(10::numeric, (%(places)s::jsonb ->> currency)::int)
ORDER BY reference, what
"""

# By client: what their chargebacks leave open, against what stands on the receivable.
_OWED = """
SELECT coalesce(c.code, a.code), coalesce(c.currency, a.currency),
    coalesce(c.units, 0), coalesce(a.units, 0)
FROM (
    SELECT format('client:%%s:receivable', client_id) AS code, currency,
        sum(owed_amount - repaid_amount - written_off_amount)
            * power(10::numeric, (%(places)s::jsonb ->> currency)::int) AS units
    FROM payments_chargeback WHERE tenant_id = %(tenant)s GROUP BY client_id, currency
) c
FULL JOIN (
    SELECT code, currency, sum(debits - credits) AS units FROM ledger_account
    WHERE tenant_id = %(tenant)s AND code LIKE 'client:%%:receivable' GROUP BY code, currency
) a ON a.code = c.code AND a.currency = c.currency
WHERE coalesce(c.units, 0) <> coalesce(a.units, 0)
ORDER BY 1, 2
"""


def payments_faults(tenant_id: int) -> Iterator[Fault]:
    """What of payments and the books does not fit; the tenant must be in scope."""
    values: dict[str, str | int] = {"tenant": tenant_id, "places": json.dumps(EXPONENTS)}
    with connection.cursor() as cursor:
        cursor.execute(_JOURNALS, values)
        for what, reference, state, kinds, found in cursor.fetchall():
            detail = f"{state}: expected {_list(kinds)}, found {_list(found)}"
            yield Fault(f"a {what} has exactly its journals", reference, detail)
        for what, query in (("withdrawal", _HOLDS), ("part", _PART_HOLDS)):
            cursor.execute(query, values)
            for reference, state, hold, amount, settled in cursor.fetchall():
                detail = f"{state}: hold {hold} of {amount}, settled {settled}"
                yield Fault(f"a {what} has exactly its hold", reference, detail)
        cursor.execute(_AMOUNTS, values)
        for reference, amount, booked, currency in cursor.fetchall():
            detail = f"{amount} on the payment, {booked} minor {currency} in the books"
            yield Fault("a payment is booked with its amount", reference, detail)
        cursor.execute(_FEES, values)
        for reference, fee, borne, currency, charged, cost in cursor.fetchall():
            detail = (
                f"{fee} charged and {borne} borne on the payment, {charged} and {cost} minor "
                f"{currency} in the books"
            )
            yield Fault("a fee is booked to who pays it", reference, detail)
        cursor.execute(_ADJUSTMENTS, values)
        for reference, amount, currency, booked in cursor.fetchall():
            detail = f"{amount} {currency} on the adjustment, {booked} in the books"
            yield Fault("a wallet adjustment is booked as it was approved", reference, detail)
        cursor.execute(_CONVERSIONS, values)
        for reference, give, source, get, target, booked in cursor.fetchall():
            detail = f"{give} {source} into {get} {target} on the conversion, {booked} in the books"
            yield Fault("a conversion is booked as it was accepted", reference, detail)
        cursor.execute(_BONUSES, values)
        for reference, amount, currency, booked in cursor.fetchall():
            detail = f"{amount} {currency} given, {booked} in the books"
            yield Fault("a bonus is paid once its credit is off the account", reference, detail)
        cursor.execute(_CHARGEBACKS, values)
        for reference, what, amount, booked, currency in cursor.fetchall():
            detail = f"{what}: {amount} on the chargeback, {booked} minor {currency} in the books"
            yield Fault("a chargeback is booked with its amounts", reference, detail)
        cursor.execute(_OWED, values)
        for code, currency, owed, booked in cursor.fetchall():
            detail = f"{owed} minor {currency} by its chargebacks, {booked} in the books"
            yield Fault("a client owes what chargebacks left", code, detail)


def _list(kinds: list[str]) -> str:
    return ", ".join(kinds) or "none"


register_check("payments", payments_faults)
