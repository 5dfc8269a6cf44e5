-- Back to one set for all currencies: the widest limits and the lowest fee that stood.
ALTER TABLE payments_method NO FORCE ROW LEVEL SECURITY;
ALTER TABLE payments_methodterms NO FORCE ROW LEVEL SECURITY;

UPDATE payments_method m
SET currencies = t.currencies, amount_min = t.amount_min, amount_max = t.amount_max,
    deposit_threshold = t.credit_max, fee_fixed = t.fee_fixed, fee_percent = t.fee_percent
FROM (
    SELECT tenant_id, method_id, array_agg(DISTINCT currency) AS currencies,
        min(amount_min) AS amount_min,
        CASE WHEN bool_and(amount_max IS NOT NULL) THEN max(amount_max) END AS amount_max,
        min(credit_max) AS credit_max, min(fee_fixed) AS fee_fixed,
        min(fee_percent) AS fee_percent
    FROM payments_methodterms GROUP BY tenant_id, method_id
) t
WHERE t.tenant_id = m.tenant_id AND t.method_id = m.id;

ALTER TABLE payments_method FORCE ROW LEVEL SECURITY;
ALTER TABLE payments_methodterms FORCE ROW LEVEL SECURITY;
