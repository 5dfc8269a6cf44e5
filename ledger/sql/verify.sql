-- Every fault of a tenant's books, at most ``most`` of each kind. No rows means sound. Nothing that
-- the posting functions wrote down is believed: it is derived again from the lines.
CREATE FUNCTION ledger_faults(t bigint, most int) RETURNS TABLE (rule text, subject text, detail text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
        SELECT 'debits equal credits', a.currency::text, format('debits %s, credits %s', sum(a.debits), sum(a.credits))
        FROM ledger_account a WHERE a.tenant_id = t
        GROUP BY a.currency HAVING sum(a.debits) <> sum(a.credits);

    RETURN QUERY
        WITH side AS (
            SELECT x.debit_account_id AS account, x.amount AS debit, 0 AS credit, x.debit_version AS version,
                   x.debit_balance AS balance, x.currency, x.created_at
            FROM ledger_transfer x WHERE x.tenant_id = t
            UNION ALL
            SELECT x.credit_account_id, 0, x.amount, x.credit_version, x.credit_balance, x.currency, x.created_at
            FROM ledger_transfer x WHERE x.tenant_id = t
        ), walked AS (
            SELECT s.*, sum(s.debit - s.credit) OVER w AS change, row_number() OVER w AS place,
                   lag(s.created_at) OVER w AS before
            FROM side s WINDOW w AS (PARTITION BY s.account ORDER BY s.version ROWS UNBOUNDED PRECEDING)
        ), derived AS (
            SELECT a.id, a.code, a.no_overdraft, a.normal, a.debits, a.credits, a.version, a.currency,
                   a.pending_debits, a.pending_credits,
                   coalesce(sum(w.debit), 0) AS d, coalesce(sum(w.credit), 0) AS c, count(w.account) AS lines,
                   count(*) FILTER (WHERE w.version <> w.place) AS gaps,
                   count(*) FILTER (WHERE w.balance <> a.normal * w.change) AS slips,
                   count(*) FILTER (WHERE w.created_at < w.before) AS backwards,
                   count(*) FILTER (WHERE w.currency <> a.currency) AS foreigners
            FROM ledger_account a LEFT JOIN walked w ON w.account = a.id
            WHERE a.tenant_id = t GROUP BY a.tenant_id, a.id
        ), held AS (
            SELECT account, sum(debit) AS d, sum(credit) AS c FROM (
                SELECT h.debit_account_id AS account, h.amount AS debit, 0 AS credit FROM ledger_hold h
                WHERE h.tenant_id = t AND h.state = 'held'
                UNION ALL
                SELECT h.credit_account_id, 0, h.amount FROM ledger_hold h
                WHERE h.tenant_id = t AND h.state = 'held') open_hold
            GROUP BY account
        ), fault AS (
            SELECT f.rule, d.code, f.detail, row_number() OVER (PARTITION BY f.rule ORDER BY d.code, d.id) AS place
            FROM derived d LEFT JOIN held ON held.account = d.id
            CROSS JOIN LATERAL (VALUES
                ('stored sums are the sums of the lines', d.debits <> d.d OR d.credits <> d.c,
                    format('stored %s / %s, derived %s / %s', d.debits, d.credits, d.d, d.c)),
                ('versions are contiguous', d.version <> d.lines OR d.gaps > 0,
                    format('version %s, %s lines, %s out of place', d.version, d.lines, d.gaps)),
                ('each line carries the balance after it', d.slips > 0, format('%s lines differ', d.slips)),
                ('time runs forward along an account', d.backwards > 0, format('%s lines differ', d.backwards)),
                ('lines are in the currency of their account', d.foreigners > 0, format('%s lines differ', d.foreigners)),
                ('pending sums are the open holds',
                    d.pending_debits <> coalesce(held.d, 0) OR d.pending_credits <> coalesce(held.c, 0),
                    format('stored %s / %s, derived %s / %s', d.pending_debits, d.pending_credits,
                           coalesce(held.d, 0), coalesce(held.c, 0))),
                ('no overdraft, open holds included',
                    d.no_overdraft AND d.normal * (d.d - d.c)
                        < CASE d.normal WHEN 1 THEN coalesce(held.c, 0) ELSE coalesce(held.d, 0) END,
                    format('balance %s', d.normal * (d.d - d.c)))
            ) AS f (rule, found, detail)
            WHERE f.found
        )
        SELECT fault.rule, fault.code::text, fault.detail FROM fault WHERE place <= most ORDER BY 1, 2;

    RETURN QUERY
        SELECT 'a journal has lines, numbered from 1, of its own moment', j.id::text,
               format('%s lines, last number %s', count(x.line), max(x.line))
        FROM ledger_journal j
        LEFT JOIN ledger_transfer x ON x.tenant_id = t AND x.journal_id = j.id
        WHERE j.tenant_id = t
        GROUP BY j.id, j.created_at, j.effective_at
        HAVING count(x.line) = 0 OR max(x.line) <> count(DISTINCT x.line) OR min(x.line) <> 1
            OR bool_or(x.created_at <> j.created_at OR x.effective_at <> j.effective_at)
        LIMIT most;

    RETURN QUERY
        SELECT 'a reversal mirrors its journal', r.id::text, format('of %s', o.id)
        FROM ledger_journal r JOIN ledger_journal o ON o.tenant_id = t AND o.id = r.reverses_id
        WHERE r.tenant_id = t AND EXISTS (
            SELECT FROM (SELECT * FROM ledger_transfer WHERE tenant_id = t AND journal_id = r.id) b
            FULL JOIN (SELECT * FROM ledger_transfer WHERE tenant_id = t AND journal_id = o.id) a ON a.line = b.line
            WHERE (a.debit_account_id, a.credit_account_id, a.amount, a.currency)
                  IS DISTINCT FROM (b.credit_account_id, b.debit_account_id, b.amount, b.currency))
        LIMIT most;

    RETURN QUERY
        SELECT 'a settled hold moved what it says, once', h.id::text,
               format('settled %s, %s lines of %s', h.settled, count(x.line), coalesce(sum(x.amount), 0))
        FROM ledger_hold h
        LEFT JOIN ledger_transfer x ON x.tenant_id = t AND x.journal_id = h.journal_id AND x.hold_id = h.id
        WHERE h.tenant_id = t
        GROUP BY h.id, h.settled, h.state
        HAVING count(x.line) <> (h.state = 'settled')::int OR coalesce(sum(x.amount), 0) <> h.settled
        LIMIT most;

    RETURN QUERY
        SELECT 'nothing is valued inside a day after its close', x.journal_id::text,
               format('valued %s, booked %s', x.effective_at, x.created_at)
        FROM ledger_transfer x
        CROSS JOIN LATERAL (SELECT d.closed_at FROM ledger_dayclose d
                            WHERE d.tenant_id = t AND d.ends_at > x.effective_at ORDER BY d.ends_at LIMIT 1) shut
        WHERE x.tenant_id = t AND x.created_at > shut.closed_at AND x.created_at - x.effective_at
              > (SELECT min(d.closed_at - d.ends_at) FROM ledger_dayclose d WHERE d.tenant_id = t)
        LIMIT most;

    RETURN QUERY
        WITH last_day AS (
            SELECT max(d.ends_at) AS ends_at FROM ledger_dayclose d WHERE d.tenant_id = t AND d.snapshot_at IS NOT NULL
        ), derived AS (
            SELECT account, sum(debit) AS d, sum(credit) AS c FROM (
                SELECT x.debit_account_id AS account, x.amount AS debit, 0 AS credit FROM ledger_transfer x, last_day
                WHERE x.tenant_id = t AND x.effective_at < last_day.ends_at
                UNION ALL
                SELECT x.credit_account_id, 0, x.amount FROM ledger_transfer x, last_day
                WHERE x.tenant_id = t AND x.effective_at < last_day.ends_at) side
            GROUP BY account
        ), taken AS (
            SELECT DISTINCT ON (b.account_id) b.account_id, b.debits, b.credits FROM ledger_balancesnapshot b
            WHERE b.tenant_id = t ORDER BY b.account_id, b.ends_at DESC
        )
        SELECT 'the snapshot is the sum of the lines', coalesce(taken.account_id, derived.account)::text,
               format('taken %s / %s, derived %s / %s', taken.debits, taken.credits, derived.d, derived.c)
        FROM derived FULL JOIN taken ON taken.account_id = derived.account
        WHERE (SELECT ends_at FROM last_day) IS NOT NULL
          AND (taken.debits, taken.credits) IS DISTINCT FROM (derived.d::bigint, derived.c::bigint)
        LIMIT most;

    RETURN QUERY
        SELECT 'a seal stands in the audit chain and fits its journals', 'L-' || s.seq,
               format('%s journals sealed, %s found', s.journals, now_.journals)
        FROM (SELECT z.*, lag(z.ends_at, 1, '-infinity') OVER (ORDER BY z.seq) AS before,
                     lag(z.seq, 1, 0::bigint) OVER (ORDER BY z.seq) AS seq_before
              FROM ledger_seal z WHERE z.tenant_id = t) s
        CROSS JOIN LATERAL ledger_digest(t, s.starts_at, s.ends_at) now_
        LEFT JOIN audit_auditpayload p ON p.tenant_id = t AND p.entry_id = s.audit_entry_id
        WHERE s.starts_at <> s.before OR s.seq <> s.seq_before + 1 OR s.digest <> now_.digest
           OR s.journals <> now_.journals OR p.data ->> 'digest' IS DISTINCT FROM encode(s.digest, 'hex')
        LIMIT most;
END $$;
