-- FX02: several deposits, each just below a threshold, together above it.
WITH rate AS (
    SELECT currency, to_base FROM payments_rate
    WHERE tenant_id = %(tenant)s AND currency <> %(base)s
    UNION ALL SELECT %(base)s, 1
), below AS (
    SELECT d.client_id, d.reference, round(d.paid_amount * rate.to_base, 2) AS base
    FROM payments_deposit d JOIN rate ON rate.currency = d.paid_currency
    WHERE d.tenant_id = %(tenant)s AND d.state IN ('credited', 'mt_pending', 'done')
      AND d.credited_at >= %(until)s - make_interval(days => %(days)s)
      AND d.credited_at < %(until)s
)
SELECT client_id, NULL::text, jsonb_build_object(
    'deposit_count', count(*), 'deposits', sum(base)::text,
    'smallest', min(base)::text, 'largest', max(base)::text,
    'references', jsonb_agg(reference ORDER BY reference))
FROM below
WHERE base >= %(band_from)s * %(threshold)s AND base < %(threshold)s
GROUP BY client_id
HAVING count(*) >= %(count_min)s AND sum(base) > %(threshold)s
ORDER BY client_id
