-- What the days say beside what the books say, by kind: a difference is a fault of ours.
WITH days AS (
    SELECT 'deposit' AS kind, sum(deposit_count) AS count FROM compliance_clientday
    WHERE tenant_id = %(tenant)s AND day BETWEEN %(first)s AND %(last)s
    UNION ALL
    SELECT 'withdrawal', sum(withdrawal_count) FROM compliance_clientday
    WHERE tenant_id = %(tenant)s AND day BETWEEN %(first)s AND %(last)s
), books AS (
    SELECT 'deposit' AS kind, count(*) AS count
    FROM ledger_journal j
    JOIN payments_deposit d ON d.tenant_id = j.tenant_id AND d.reference = j.business_ref
    WHERE j.tenant_id = %(tenant)s AND j.kind = 'deposit'
      AND (d.credited_at AT TIME ZONE 'UTC')::date BETWEEN %(first)s AND %(last)s
    UNION ALL
    -- In parts, each part has a hold of its own.
    SELECT 'withdrawal', count(DISTINCT w.id) FROM payments_withdrawal w
    LEFT JOIN payments_withdrawalpart p ON p.tenant_id = w.tenant_id AND p.withdrawal_id = w.id
    JOIN ledger_hold h ON h.tenant_id = w.tenant_id AND h.id = coalesce(p.hold_id, w.hold_id)
    WHERE h.tenant_id = %(tenant)s AND h.settled > 0 AND w.state = 'paid'
      AND (w.paid_at AT TIME ZONE 'UTC')::date BETWEEN %(first)s AND %(last)s
)
SELECT days.kind, coalesce(days.count, 0), books.count FROM days JOIN books USING (kind)
WHERE coalesce(days.count, 0) <> books.count ORDER BY days.kind
