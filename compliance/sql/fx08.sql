-- FX08: money asked for to a place from which none ever came.
WITH rate AS (
    SELECT currency, to_base FROM payments_rate
    WHERE tenant_id = %(tenant)s AND currency <> %(base)s
    UNION ALL SELECT %(base)s, 1
)
SELECT w.client_id, w.id::text, jsonb_build_object(
    'withdrawal', w.reference, 'amount', round(w.amount * rate.to_base, 2)::text,
    'destination', p.label, 'holder', p.holder)
FROM payments_withdrawal w
JOIN payments_destination p ON p.tenant_id = w.tenant_id AND p.id = w.destination_id
JOIN rate ON rate.currency = w.currency
WHERE w.tenant_id = %(tenant)s
  AND w.created_at >= %(until)s - make_interval(days => %(days)s) AND w.created_at < %(until)s
  AND w.state NOT IN ('rejected', 'cancelled', 'failed')
  AND w.amount * rate.to_base >= %(amount_min)s
  AND NOT EXISTS (
      SELECT FROM payments_deposit d
      WHERE d.tenant_id = w.tenant_id AND d.client_id = w.client_id
        AND d.instrument_hash = p.number_hash AND d.instrument_hash <> ''
        AND d.credited_at < w.created_at AND d.state IN ('credited', 'mt_pending', 'done')
  )
ORDER BY w.id
