-- What a method said once for all its currencies becomes one row of terms for each currency and
-- direction, its past versions too. The owner of the tables is bound by their policies, so it
-- steps outside them for the length of this transaction.
ALTER TABLE payments_method NO FORCE ROW LEVEL SECURITY;
ALTER TABLE payments_historicalmethod NO FORCE ROW LEVEL SECURITY;

INSERT INTO payments_methodterms (
    id, tenant_id, method_id, direction, currency, amount_min, amount_max, credit_max,
    fee_fixed, fee_percent, fee_payer
)
SELECT uuidv7(), m.tenant_id, m.id, d.direction, c.currency, m.amount_min, m.amount_max,
    CASE d.direction WHEN 'deposit' THEN m.deposit_threshold END,
    m.fee_fixed, m.fee_percent, 'client'
FROM payments_method m
CROSS JOIN LATERAL (SELECT DISTINCT unnest(m.currencies) AS currency) c
CROSS JOIN (VALUES ('deposit'), ('withdrawal')) AS d (direction)
WHERE CASE d.direction WHEN 'deposit' THEN m.takes_deposits ELSE m.makes_withdrawals END;

WITH said AS (
    SELECT h.*, d.direction, c.currency AS one_currency
    FROM payments_historicalmethod h
    CROSS JOIN LATERAL (SELECT DISTINCT unnest(h.currencies) AS currency) c
    CROSS JOIN (VALUES ('deposit'), ('withdrawal')) AS d (direction)
    WHERE h.history_type <> '-'
      AND CASE d.direction WHEN 'deposit' THEN h.takes_deposits ELSE h.makes_withdrawals END
), named AS (
    SELECT s.tenant_id, s.id, s.direction, s.one_currency, coalesce(t.id, uuidv7()) AS terms_id
    FROM (SELECT DISTINCT tenant_id, id, direction, one_currency FROM said) s
    LEFT JOIN payments_methodterms t ON t.tenant_id = s.tenant_id AND t.method_id = s.id
        AND t.direction = s.direction AND t.currency = s.one_currency
)
INSERT INTO payments_historicalmethodterms (
    history_id, history_date, history_change_reason, history_type, history_user_id,
    id, tenant_id, method_id, direction, currency, amount_min, amount_max, credit_max,
    fee_fixed, fee_percent, fee_payer
)
SELECT uuidv7(), s.history_date, s.history_change_reason,
    CASE row_number() OVER (PARTITION BY n.tenant_id, n.terms_id ORDER BY s.history_date)
        WHEN 1 THEN '+' ELSE '~' END,
    s.history_user_id, n.terms_id, s.tenant_id, s.id, s.direction, s.one_currency,
    s.amount_min, s.amount_max, CASE s.direction WHEN 'deposit' THEN s.deposit_threshold END,
    s.fee_fixed, s.fee_percent, 'client'
FROM said s
JOIN named n USING (tenant_id, id, direction, one_currency)
ORDER BY s.history_date;

ALTER TABLE payments_method FORCE ROW LEVEL SECURITY;
ALTER TABLE payments_historicalmethod FORCE ROW LEVEL SECURITY;
