-- Closing days, the snapshots of closed days, and balances as of a moment.

-- Waits for the posts in flight and keeps new ones out until it commits, so that nothing can be
-- valued inside a day that is closed. Days close in order.
CREATE FUNCTION ledger_day_close(t bigint, close_id uuid, closed_day date, until timestamptz, who text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET lock_timeout = '10s' AS $$
BEGIN
    PERFORM audit_check_tenant(t);
    PERFORM pg_advisory_xact_lock(ledger_lock_key(t));
    IF EXISTS (SELECT FROM ledger_dayclose WHERE tenant_id = t AND (day >= closed_day OR ends_at >= until)) THEN
        RETURN false;
    END IF;
    INSERT INTO ledger_dayclose (tenant_id, id, day, ends_at, closed_at, closed_by)
    VALUES (t, close_id, closed_day, until, clock_timestamp(), who);
    RETURN true;
END $$;

-- What moved each account by value date in [since, until). ``booked_until`` bounds the search: for a
-- closed moment, everything valued before it was booked before the close. Lines are valued at most
-- an hour after their booking, but for the few that say so (``ahead``).
CREATE FUNCTION ledger_valued(t bigint, accounts uuid[], since timestamptz, until timestamptz, booked_until timestamptz)
RETURNS TABLE (account uuid, debits bigint, credits bigint) LANGUAGE sql STABLE AS $$
    WITH line AS (
        SELECT x.debit_account_id AS account, x.amount AS debit, 0 AS credit FROM ledger_transfer x
        WHERE x.tenant_id = t AND x.debit_account_id = ANY (accounts) AND x.effective_at >= since
          AND x.effective_at < until AND x.created_at <= booked_until
          AND x.created_at >= since - interval '1 hour'
        UNION ALL
        SELECT x.credit_account_id, 0, x.amount FROM ledger_transfer x
        WHERE x.tenant_id = t AND x.credit_account_id = ANY (accounts) AND x.effective_at >= since
          AND x.effective_at < until AND x.created_at <= booked_until
          AND x.created_at >= since - interval '1 hour'
        UNION ALL
        SELECT side.account, side.debit, side.credit FROM ledger_transfer x
        CROSS JOIN LATERAL (VALUES (x.debit_account_id, x.amount, 0), (x.credit_account_id, 0, x.amount))
            AS side (account, debit, credit)
        WHERE x.tenant_id = t AND x.ahead AND x.effective_at >= since AND x.effective_at < until
          AND x.created_at <= booked_until AND x.created_at < since - interval '1 hour'
          AND side.account = ANY (accounts)
    )
    SELECT account, sum(debit)::bigint, sum(credit)::bigint FROM line GROUP BY account
$$;

-- Value-dated sums of accounts before ``until``: the newest snapshot not after it, plus the gap.
CREATE FUNCTION ledger_valued_at(t bigint, accounts uuid[], until timestamptz)
RETURNS TABLE (account uuid, debits bigint, credits bigint) LANGUAGE sql STABLE AS $$
    WITH last_day AS (
        SELECT ends_at FROM ledger_dayclose
        WHERE tenant_id = t AND snapshot_at IS NOT NULL AND ends_at <= until ORDER BY ends_at DESC LIMIT 1
    ), since AS (
        SELECT coalesce((SELECT ends_at FROM last_day), '-infinity'::timestamptz) AS at
    ), booked AS (
        SELECT coalesce((SELECT closed_at FROM ledger_dayclose WHERE tenant_id = t AND ends_at >= until
                         ORDER BY ends_at LIMIT 1), 'infinity'::timestamptz) AS until
    )
    SELECT a.account, coalesce(s.debits, 0) + coalesce(g.debits, 0), coalesce(s.credits, 0) + coalesce(g.credits, 0)
    FROM unnest(accounts) AS a (account)
    LEFT JOIN LATERAL (
        SELECT b.debits, b.credits FROM ledger_balancesnapshot b
        WHERE b.tenant_id = t AND b.account_id = a.account AND b.ends_at <= (SELECT at FROM since)
        ORDER BY b.ends_at DESC LIMIT 1) s ON true
    LEFT JOIN (SELECT * FROM ledger_valued(t, accounts, (SELECT at FROM since), until, (SELECT until FROM booked))) g
        ON g.account = a.account
$$;

-- What the books said at a moment: the balance that the last line before it left behind.
CREATE FUNCTION ledger_known_at(t bigint, accounts uuid[], until timestamptz)
RETURNS TABLE (account uuid, balance bigint) LANGUAGE sql STABLE AS $$
    SELECT a.account, coalesce(CASE WHEN d.version > coalesce(c.version, 0) THEN d.balance ELSE c.balance END, 0)
    FROM unnest(accounts) AS a (account)
    LEFT JOIN LATERAL (
        SELECT x.debit_version AS version, x.debit_balance AS balance FROM ledger_transfer x
        WHERE x.tenant_id = t AND x.debit_account_id = a.account AND x.created_at < until
        ORDER BY x.created_at DESC, x.debit_version DESC LIMIT 1) d ON true
    LEFT JOIN LATERAL (
        SELECT x.credit_version AS version, x.credit_balance AS balance FROM ledger_transfer x
        WHERE x.tenant_id = t AND x.credit_account_id = a.account AND x.created_at < until
        ORDER BY x.created_at DESC, x.credit_version DESC LIMIT 1) c ON true
$$;

-- Takes the snapshots of every closed day that has none yet, oldest first; returns how many rows.
CREATE FUNCTION ledger_snapshots_take(t bigint) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    shut ledger_dayclose;
    since timestamptz;
    made int;
    total int := 0;
BEGIN
    PERFORM audit_check_tenant(t);
    FOR shut IN SELECT * FROM ledger_dayclose WHERE tenant_id = t AND snapshot_at IS NULL
                ORDER BY ends_at FOR UPDATE LOOP
        SELECT coalesce(max(ends_at), '-infinity') INTO since FROM ledger_dayclose
        WHERE tenant_id = t AND ends_at < shut.ends_at;
        WITH line AS (
            SELECT x.debit_account_id, x.credit_account_id, x.amount FROM ledger_transfer x
            WHERE x.tenant_id = t AND x.effective_at >= since AND x.effective_at < shut.ends_at
              AND x.created_at >= since - interval '1 hour' AND x.created_at <= shut.closed_at
            UNION ALL
            SELECT x.debit_account_id, x.credit_account_id, x.amount FROM ledger_transfer x
            WHERE x.tenant_id = t AND x.ahead AND x.effective_at >= since AND x.effective_at < shut.ends_at
              AND x.created_at < since - interval '1 hour'
        ), moved AS (
            SELECT account, sum(debit)::bigint AS debits, sum(credit)::bigint AS credits FROM (
                SELECT debit_account_id AS account, amount AS debit, 0 AS credit FROM line
                UNION ALL SELECT credit_account_id, 0, amount FROM line) side
            GROUP BY account
        )
        INSERT INTO ledger_balancesnapshot (tenant_id, id, account_id, ends_at, debits, credits)
        SELECT t, uuidv7(), m.account, shut.ends_at, m.debits + coalesce(p.debits, 0), m.credits + coalesce(p.credits, 0)
        FROM moved m LEFT JOIN LATERAL (
            SELECT b.debits, b.credits FROM ledger_balancesnapshot b
            WHERE b.tenant_id = t AND b.account_id = m.account AND b.ends_at < shut.ends_at
            ORDER BY b.ends_at DESC LIMIT 1) p ON true;
        GET DIAGNOSTICS made = ROW_COUNT;
        total := total + made;
        UPDATE ledger_dayclose SET snapshot_at = clock_timestamp() WHERE tenant_id = t AND id = shut.id;
    END LOOP;
    RETURN total;
END $$;

REVOKE ALL ON FUNCTION ledger_day_close, ledger_snapshots_take FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_day_close, ledger_snapshots_take TO backoffice_app;
