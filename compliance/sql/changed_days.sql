-- Days on which something moved, or was found to have moved, since the cursor.
SELECT DISTINCT day FROM (
    SELECT (credited_at AT TIME ZONE 'UTC')::date AS day FROM payments_deposit
    WHERE tenant_id = %(tenant)s AND credited_at >= %(since)s
    UNION ALL
    SELECT (paid_at AT TIME ZONE 'UTC')::date FROM payments_withdrawal
    WHERE tenant_id = %(tenant)s AND paid_at >= %(since)s
    UNION ALL
    -- A payment that came back is taken out of the day on which it was paid.
    SELECT (w.paid_at AT TIME ZONE 'UTC')::date FROM workflow_transition t
    JOIN payments_withdrawal w ON w.tenant_id = t.tenant_id AND w.id = t.subject_id
    WHERE t.tenant_id = %(tenant)s AND t.subject_type = 'payments.withdrawal'
      AND t.target IN ('returned_after_paid', 'paid') AND t.at >= %(since)s
    UNION ALL
    SELECT (t.subject_at AT TIME ZONE 'UTC')::date FROM (
        SELECT d.credited_at AS subject_at FROM workflow_transition t
        JOIN payments_deposit d ON d.tenant_id = t.tenant_id AND d.id = t.subject_id
        WHERE t.tenant_id = %(tenant)s AND t.subject_type = 'payments.deposit'
          AND t.target IN ('credited', 'done', 'returned') AND t.at >= %(since)s
    ) t
    UNION ALL
    SELECT (at AT TIME ZONE 'UTC')::date FROM trading_deal
    WHERE tenant_id = %(tenant)s AND synced_at >= %(since)s
) moved WHERE day IS NOT NULL ORDER BY day
