-- Readings of house accounts by value date. A statement over every month's partition takes the
-- planner longer than the reading itself: here it is planned once for each connection, and the
-- months that it does not need are left out when it runs.

-- Lines valued in [since, until), one row for each side. Each side by the index of its own: of both
-- together the planner reads every month. Lines are booked within an hour of their value date, but
-- for the few that have indexes too.
CREATE FUNCTION ledger_sides(t bigint, accounts uuid[], since timestamptz, until timestamptz)
RETURNS TABLE (account uuid, created_at timestamptz, effective_at timestamptz, journal_id uuid, line int, change bigint)
LANGUAGE sql STABLE AS $$
    WITH far AS (
        SELECT x.* FROM ledger_transfer x
        WHERE x.tenant_id = t AND x.effective_at >= since AND x.effective_at < until
          AND x.created_at >= until + interval '1 hour' AND x.created_at - x.effective_at > interval '1 hour'
        UNION ALL
        SELECT x.* FROM ledger_transfer x
        WHERE x.tenant_id = t AND x.effective_at >= since AND x.effective_at < until
          AND x.created_at < since - interval '1 hour' AND x.ahead
    )
    SELECT x.debit_account_id, x.created_at, x.effective_at, x.journal_id, x.line, x.amount FROM ledger_transfer x
    WHERE x.tenant_id = t AND x.debit_account_id = ANY (accounts) AND x.effective_at >= since AND x.effective_at < until
      AND x.created_at >= since - interval '1 hour' AND x.created_at < until + interval '1 hour'
    UNION ALL
    SELECT x.credit_account_id, x.created_at, x.effective_at, x.journal_id, x.line, -x.amount FROM ledger_transfer x
    WHERE x.tenant_id = t AND x.credit_account_id = ANY (accounts) AND x.effective_at >= since AND x.effective_at < until
      AND x.created_at >= since - interval '1 hour' AND x.created_at < until + interval '1 hour'
    UNION ALL
    SELECT side.account, far.created_at, far.effective_at, far.journal_id, far.line, side.change
    FROM far CROSS JOIN LATERAL (VALUES (far.debit_account_id, far.amount),
                                        (far.credit_account_id, -far.amount)) AS side (account, change)
    WHERE side.account = ANY (accounts)
$$;

-- What moved accounts in [since, until): how many sides, and their sums.
CREATE FUNCTION ledger_moved(t bigint, accounts uuid[], since timestamptz, until timestamptz)
RETURNS TABLE (account uuid, sides bigint, debits bigint, credits bigint) LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.account, count(*), sum(greatest(s.change, 0))::bigint, sum(greatest(-s.change, 0))::bigint
    FROM ledger_sides(t, accounts, since, until) s GROUP BY s.account;
END $$;

-- What moved one account (its shards), and the newest ``most`` of the lines: one reading for both.
-- A row for each line; a single one without a line when nothing moved.
CREATE FUNCTION ledger_booked(t bigint, accounts uuid[], since timestamptz, until timestamptz, most int)
RETURNS TABLE (sides bigint, debits bigint, credits bigint,
               effective_at timestamptz, journal_id uuid, kind text, business_ref text, change bigint)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH side AS MATERIALIZED (
        SELECT * FROM ledger_sides(t, accounts, since, until)
    ), sums AS (
        SELECT count(*) AS sides, coalesce(sum(greatest(s.change, 0)), 0)::bigint AS debits,
               coalesce(sum(greatest(-s.change, 0)), 0)::bigint AS credits FROM side s
    ), newest AS (
        SELECT * FROM side s ORDER BY s.created_at DESC, s.journal_id DESC, s.line DESC LIMIT most
    )
    SELECT a.sides, a.debits, a.credits, n.effective_at, n.journal_id, j.kind::text, j.business_ref::text, n.change
    FROM sums a LEFT JOIN newest n ON true
    LEFT JOIN ledger_journal j ON j.tenant_id = t AND j.id = n.journal_id
    ORDER BY n.created_at DESC, n.journal_id DESC, n.line DESC;
END $$;

-- Balances by value date, in each account's own sense. Where days are closed up to the moment it is
-- their snapshot's; else what the books showed then, and what was booked later and valued before,
-- less what was booked before and valued later. Within an hour of the moment each line is looked
-- at; those further away that are valued on its other side are few and have indexes.
CREATE FUNCTION ledger_balances_at(t bigint, accounts uuid[], until timestamptz)
RETURNS TABLE (account uuid, balance bigint) LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT FROM ledger_dayclose d
               WHERE d.tenant_id = t AND d.ends_at >= until AND d.snapshot_at IS NOT NULL) THEN
        RETURN QUERY
        SELECT v.account, a.normal * (v.debits - v.credits) FROM ledger_valued_at(t, accounts, until) v
        JOIN ledger_account a ON a.tenant_id = t AND a.id = v.account;
        RETURN;
    END IF;
    RETURN QUERY
    WITH far AS (
        SELECT x.* FROM ledger_transfer x
        WHERE x.tenant_id = t AND x.created_at - x.effective_at > interval '1 hour'
          AND x.created_at >= until + interval '1 hour' AND x.effective_at < until
        UNION ALL
        SELECT x.* FROM ledger_transfer x
        WHERE x.tenant_id = t AND x.ahead AND x.effective_at >= until AND x.created_at < until - interval '1 hour'
    ), side AS (
        SELECT x.debit_account_id AS account, x.amount AS change, x.created_at, x.effective_at FROM ledger_transfer x
        WHERE x.tenant_id = t AND x.debit_account_id = ANY (accounts)
          AND x.created_at >= until - interval '1 hour' AND x.created_at < until + interval '1 hour'
        UNION ALL
        SELECT x.credit_account_id, -x.amount, x.created_at, x.effective_at FROM ledger_transfer x
        WHERE x.tenant_id = t AND x.credit_account_id = ANY (accounts)
          AND x.created_at >= until - interval '1 hour' AND x.created_at < until + interval '1 hour'
        UNION ALL
        SELECT s.account, s.change, far.created_at, far.effective_at FROM far
        CROSS JOIN LATERAL (VALUES (far.debit_account_id, far.amount),
                                   (far.credit_account_id, -far.amount)) AS s (account, change)
        WHERE s.account = ANY (accounts)
    ), otherwise AS (
        SELECT s.account, sum(CASE WHEN s.created_at >= until THEN s.change ELSE -s.change END) AS change
        FROM side s WHERE (s.created_at >= until) = (s.effective_at < until) GROUP BY s.account
    )
    SELECT k.account, (k.balance + a.normal * coalesce(o.change, 0))::bigint
    FROM ledger_known_at(t, accounts, until) k
    JOIN ledger_account a ON a.tenant_id = t AND a.id = k.account
    LEFT JOIN otherwise o ON o.account = k.account;
END $$;
