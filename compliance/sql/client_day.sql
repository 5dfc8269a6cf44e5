-- The days given, computed anew for one tenant: what was credited, paid out and traded.
-- Amounts turn into base currency at the tenant's present rates; what has no rate is counted only.
WITH rate AS (
    SELECT currency, to_base FROM payments_rate
    WHERE tenant_id = %(tenant)s AND currency <> %(base)s
    UNION ALL SELECT %(base)s, 1
), moved AS (
    SELECT d.client_id, (d.credited_at AT TIME ZONE 'UTC')::date AS day, 'D' AS kind,
           d.paid_amount AS amount, d.paid_currency AS currency, 0 AS profit
    FROM payments_deposit d
    WHERE d.tenant_id = %(tenant)s AND d.paid_amount IS NOT NULL
      AND d.state IN ('credited', 'mt_pending', 'done')
      AND (d.credited_at AT TIME ZONE 'UTC')::date = ANY (%(days)s)
    UNION ALL
    SELECT w.client_id, (w.paid_at AT TIME ZONE 'UTC')::date, 'W',
           coalesce(w.paid_amount, w.amount), w.currency, 0
    FROM payments_withdrawal w
    WHERE w.tenant_id = %(tenant)s AND w.state = 'paid'
      AND (w.paid_at AT TIME ZONE 'UTC')::date = ANY (%(days)s)
    UNION ALL
    -- Opening volume alone is turnover; profit comes with the closing deals.
    SELECT a.client_id, (t.at AT TIME ZONE 'UTC')::date, 'T',
           CASE WHEN t.entry IN (0, 2) THEN t.lots * t.contract_size * t.price ELSE 0 END,
           coalesce(nullif(s.currency_profit, ''), a.currency),
           (t.profit + t.swap + t.commission + t.fee) * coalesce(own.to_base, 0)
    FROM trading_deal t
    JOIN trading_account a ON a.tenant_id = t.tenant_id AND a.id = t.account_id
    LEFT JOIN trading_symbol s
        ON s.tenant_id = t.tenant_id AND s.server_id = t.server_id AND s.name = t.symbol
    LEFT JOIN rate own ON own.currency = a.currency
    WHERE t.tenant_id = %(tenant)s AND t.action IN (0, 1) AND t.deleted_at IS NULL
      AND a.client_id IS NOT NULL
      AND t.at >= %(first)s::date AND t.at < %(last)s::date + 1
      AND (t.at AT TIME ZONE 'UTC')::date = ANY (%(days)s)
), valued AS (
    SELECT m.*, m.amount * coalesce(rate.to_base, 0) AS base, rate.to_base IS NULL AS unrated
    FROM moved m LEFT JOIN rate ON rate.currency = m.currency
)
INSERT INTO compliance_clientday (
    id, tenant_id, client_id, day, deposit_count, deposits_base, withdrawal_count,
    withdrawals_base, deal_count, notional_base, profit_base, unrated_count
)
SELECT gen_random_uuid(), %(tenant)s, client_id, day,
       count(*) FILTER (WHERE kind = 'D'), coalesce(round(sum(base) FILTER (WHERE kind = 'D'), 2), 0),
       count(*) FILTER (WHERE kind = 'W'), coalesce(round(sum(base) FILTER (WHERE kind = 'W'), 2), 0),
       count(*) FILTER (WHERE kind = 'T'), coalesce(round(sum(base) FILTER (WHERE kind = 'T'), 2), 0),
       round(sum(profit), 2), count(*) FILTER (WHERE unrated)
FROM valued GROUP BY client_id, day
