-- FX01: money in, money out, hardly a trade between. Window in days, amounts in base currency.
SELECT client_id, NULL::text AS subject, jsonb_build_object(
    'deposits', sum(deposits_base)::text, 'deposit_count', sum(deposit_count),
    'withdrawals', sum(withdrawals_base)::text, 'withdrawal_count', sum(withdrawal_count),
    'notional', sum(notional_base)::text, 'deal_count', sum(deal_count))
FROM compliance_clientday
WHERE tenant_id = %(tenant)s AND day > %(as_of)s::date - %(days)s AND day <= %(as_of)s
GROUP BY client_id
HAVING sum(deposits_base) >= %(deposits_min)s
   AND sum(withdrawals_base) >= %(out_ratio)s * sum(deposits_base)
   AND sum(notional_base) < %(turnover_times)s * sum(deposits_base)
ORDER BY client_id
